"""Change admin levels: never above one's own, and never so that a school is left without an Administrator."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, DomainError, Invalid, NotAllowed
from webapp.models import Contact, Level
from webapp.services.calendar.link import part_from_all
from webapp.services.people.contacts import contact_of
from webapp.services.people.sign_in import end_months
from webapp.services.system import audit
from webapp.services.system.audit import Who


class LastAdministrator(DomainError):
    message = N_("A school needs an Administrator who can sign in. Make somebody else one first. Nothing was changed.")


def set_level(session: Session, editor: Contact, contact_id: int, level: Level, *, who: Who, now: datetime) -> Contact:
    """Raises NotAllowed above the editor's own level, LastAdministrator, Invalid or NotFound."""
    if level > editor.level:
        raise NotAllowed
    contact = contact_of(session, editor.school_id, contact_id, locked=True)
    if contact.level > editor.level:
        raise NotAllowed
    if level > Level.CUSTOMER and not contact.email:
        raise Invalid(N_("Whoever signs in needs an email. Type one in Contact Info first."), field="level")
    if contact.level == Level.ADMINISTRATOR > level:
        refuse_without_administrator(session, editor.school_id, but=[contact_id])
    was, contact.level = contact.level, int(level)
    if was == Level.CUSTOMER < level and contact.login_id is not None:
        end_months(session, [contact.login_id], now=now)
    if level == Level.CUSTOMER:
        part_from_all(session, [contact_id], who=who, now=now)
    session.flush()
    if was != level:
        subject = f"contact {contact_id}"
        values = {"was": was, "level": int(level)}
        audit.record(session, "contact.level", who=who, school_id=editor.school_id, subject=subject, now=now, **values)
    return contact


def refuse_without_administrator(session: Session, school_id: int, *, but: Collection[int]) -> None:
    """Of two who take each other's level, the second sees what the first did."""
    query = (
        select(col(Contact.id), col(Contact.email), col(Contact.level))
        .where(col(Contact.school_id) == school_id, col(Contact.level) == Level.ADMINISTRATOR)
        .order_by(col(Contact.id))
        .with_for_update()
    )
    if not any(email and number not in but for number, email, _level in session.execute(query)):
        raise LastAdministrator
