"""Tell what happened to a contact and what they did: bookings, cancels, mails, and what the office changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from webapp.errors import N_
from webapp.models import Appointment, Audit, Contact, Message
from webapp.services.booking.agenda import agenda
from webapp.services.message.kinds import name_of
from webapp.services.message.undelivered import reason_of

MOST = 200

BOOKED, CANCELLED = N_("Appointment booked"), N_("Appointment cancelled")
MAILED, UNDELIVERED = N_("Mail sent"), N_("Mail not delivered")
_DEEDS = {
    "administrator.create": N_("Made Administrator"),
    "appointment.cancel": N_("Cancelled an appointment"),
    "appointment.move": N_("Moved an appointment"),
    "calendar.disconnected": N_("Calendar disconnected"),
    "calendar.linked": N_("Calendar linked"),
    "calendar.needs_reconnect": N_("Calendar link ended by the provider"),
    "calendar.saved": N_("Calendar Sync saved"),
    "contact.add": N_("Contact added"),
    "contact.change": N_("Contact Info changed"),
    "contact.address": N_("Address changed by themselves"),
    "contact.level": N_("Admin level changed"),
    "contact.name": N_("Name changed by themselves"),
    "contact.details": N_("Details told by themselves"),
    "contact.invite": N_("Sign-in link mailed"),
    "contact.password": N_("Password set"),
    "feed.make": N_("Calendar link made or renewed"),
    "feed.stop": N_("Calendar link stopped"),
    "grant.add": N_("Access given"),
    "grant.remove": N_("Access taken away"),
    "guardian.add": N_("Student linked"),
    "guardian.refused": N_("Asked for a child with a wrong ID or security value"),
    "guardian.remove": N_("Student unlinked"),
    "mail.retry": N_("Undelivered mail tried again"),
    "mail.dismiss": N_("Undelivered mail dismissed"),
    "log_in_as.start": N_("Logged in as teacher"),
    "log_in_as.end": N_("Returned from being logged in as teacher"),
    "sign_in.start": N_("Signed in"),
    "sign_in.end": N_("Logged out"),
    "sign_in.end_all": N_("Logged out everywhere"),
}


@dataclass(frozen=True)
class Happened:
    """`said` and `what` are message ids; `by` is who did it, where that was somebody else."""

    at: datetime
    said: str
    what: str = ""
    about: str = ""
    by: str = ""


def log_of(session: Session, contact: Contact) -> list[Happened]:
    """Newest first, the newest `MOST`, in three queries."""
    happened = [*_appointments(session, contact), *_mails(session, contact), *_deeds(session, contact)]
    return sorted(happened, key=lambda it: it.at, reverse=True)[:MOST]


def _appointments(session: Session, contact: Contact) -> Iterator[Happened]:
    for entry in agenda(session, col(Appointment.contact_id) == contact.id, col(Appointment.held_until).is_(None)):
        about = f"{entry.teacher}, {entry.event_name}"
        yield Happened(entry.booked_at, BOOKED, about=about)
        if entry.cancelled_at:
            yield Happened(entry.cancelled_at, CANCELLED, about=about)


def _mails(session: Session, contact: Contact) -> Iterator[Happened]:
    """What was sent, and what was given up with its reason."""
    at = func.coalesce(col(Message.sent_at), col(Message.problem_at))
    given_up = and_(col(Message.problem).is_not(None), col(Message.due_at).is_(None))
    columns = (at, *(col(getattr(Message, name)) for name in ("kind", "sent_at", "problem", "problem_values")))
    query = (
        select(*columns)
        .where(col(Message.contact_id) == contact.id, or_(col(Message.sent_at).is_not(None), given_up))
        .order_by(at.desc())
        .limit(MOST)
    )
    for when, kind, sent, problem, values in session.execute(query):
        if sent:
            yield Happened(when, MAILED, what=name_of(kind))
        else:
            yield Happened(when, UNDELIVERED, what=name_of(kind), about=reason_of(problem, values))


def _deeds(session: Session, contact: Contact) -> Iterator[Happened]:
    """What the office did to them, what they did, and what was done as them. Sign-ins are of no school: whose login
    opens another one too, of them nobody learns here when they were there."""
    editor: Any = aliased(Contact)
    about = [col(Audit.subject) == f"contact {contact.id}", col(Audit.acting_as_id) == contact.id]
    if contact.login_id is not None:
        about.append(col(Audit.login_id) == contact.login_id)
    elsewhere: Any = aliased(Contact)
    opens_another = exists().where(elsewhere.login_id == contact.login_id, elsewhere.school_id != contact.school_id)
    here = or_(col(Audit.school_id) == contact.school_id, and_(col(Audit.school_id).is_(None), ~opens_another))
    query = (
        select(Audit, editor)
        .outerjoin(editor, and_(editor.login_id == Audit.login_id, editor.school_id == contact.school_id))
        .where(here, or_(*about))
        .order_by(col(Audit.id).desc())
        .limit(MOST)
    )
    for row, by in session.execute(query):
        who = by.name if by is not None and by.id != contact.id else ""
        yield Happened(row.at, _DEEDS.get(row.action, row.action), by=who)
