"""Turn a due message into a mail, from the rows as they stand when it leaves."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from webapp import i18n
from webapp.models import Contact, Message, School
from webapp.models.message.message import (
    CHANGED,
    CONFIRMATION,
    INVITES,
    LINKS_READY,
    NEW_LINKS,
    NEW_ROOMS,
    OFFICE_MAIL,
    SIGN_IN_CODE,
)
from webapp.models.message.message_text import CALENDAR, CANCELLATION, REMINDER, RESOURCE
from webapp.providers.base import Mail
from webapp.services.calendar.linked import gets_entries
from webapp.services.message.about import entries_of
from webapp.services.message.facts import facts_of, for_teacher
from webapp.services.message.invitations import invitations_of
from webapp.services.message.resource_told import MOVED, had_file
from webapp.services.message.system_mails import of_system
from webapp.services.message.written import addressed, written
from webapp.services.people.manners import speaking_as

_BY_OFFICE = {kind: kind for kind in (CONFIRMATION, CHANGED, LINKS_READY, REMINDER, CANCELLATION, RESOURCE)}
_BY_OFFICE |= {NEW_LINKS: CHANGED, NEW_ROOMS: CHANGED, INVITES: CALENDAR}
"""Which text of the office each mail about appointments is written by."""

_FOR_FAMILIES = (_BY_OFFICE.keys() - {RESOURCE}) | {SIGN_IN_CODE, OFFICE_MAIL}


@dataclass(frozen=True)
class Draft:
    """A mail, and the HTML of the Printable Schedule that is printed outside the transaction and goes with it; empty
    where none does."""

    mail: Mail
    schedule: str = ""
    language: str = "en"


def compose(session: Session, message: Message, *, base_url: str, sender: str = "", now: datetime) -> Draft | None:
    """As the school writes, and in its name. None where there is nothing left to tell: every appointment of the act
    was cancelled or moved, or the office has switched this mail off."""
    school = session.get_one(School, message.school_id)
    language = language_of(session, message)
    with speaking_as(school, language):
        draft = _draft(session, message, base_url=base_url, sender=sender, now=now)
    if draft is None:
        return None
    mail = replace(draft.mail, sender_name=school.sender_name, reply_to=school.reply_to)
    return replace(draft, mail=mail, language=language)


def language_of(session: Session, message: Message) -> str:
    """Of who asked for a code, and of the family that a mail is for; whoever works for a school reads English."""
    if message.kind not in _FOR_FAMILIES:
        return "en"
    contact = session.get(Contact, message.contact_id) if message.contact_id else None
    return message.language or (contact.language if contact else "")


def _draft(session: Session, message: Message, *, base_url: str, sender: str, now: datetime) -> Draft | None:
    if message.kind not in _BY_OFFICE:
        mail = of_system(session, message, base_url=base_url)
        return Draft(mail) if mail else None
    entries = entries_of(session, message, now=now)
    if not entries:
        return None
    facts = facts_of(session, entries, base_url=base_url)
    if message.kind == RESOURCE:
        teacher = session.get_one(Contact, message.contact_id)
        status = i18n.gettext("Moved") if message.act == MOVED else ""
        facts = for_teacher(facts, teacher, status=status, base_url=base_url)
    text = facts.texts[_BY_OFFICE[message.kind]]
    if not text.is_on and message.kind not in {NEW_LINKS, NEW_ROOMS}:
        return None
    draft = written(facts, message.kind, text)
    mail = addressed(message, draft.letter)
    is_entered = message.kind == RESOURCE and gets_entries(session, message.contact_id)
    if not is_entered or had_file(session, message):
        facts = replace(facts, is_withdrawn=is_entered)
        files = invitations_of(facts, message.recipient, base_url=base_url, sender=sender, now=now)
        mail = replace(mail, invitations=files)
    return Draft(mail, draft.schedule)
