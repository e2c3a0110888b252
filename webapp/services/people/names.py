"""Take a family's name once, when they first book; whoever works for the school may change their own."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlmodel import Session

from webapp.errors import N_
from webapp.models import Contact
from webapp.services.event.renamed import renaming
from webapp.services.people.folding import is_visible
from webapp.services.system import audit
from webapp.services.system.audit import Who


def _a_name(text: str) -> str:
    if not is_visible(text) or not any(character.isalnum() for character in text):
        raise ValueError(N_("Type a name in letters."))
    return text


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_a_name)]


class NameInput(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)

    first: Name
    last: Name


def needs_name(contact: Contact) -> bool:
    return not (contact.first or contact.last)


def keep_name(contact: Contact, typed: NameInput) -> None:
    """A contact with a name keeps it, whatever an older form says."""
    if needs_name(contact):
        contact.first, contact.last = typed.first, typed.last


def change_name(session: Session, contact: Contact, typed: NameInput, *, who: Who, now: datetime) -> None:
    """As somebody who works for the school writes their own; their schedules are called so."""
    with renaming(session, contact.school_id, [contact.id], now=now):
        contact.first, contact.last = typed.first, typed.last
    subject = f"contact {contact.id}"
    audit.record(session, "contact.name", who=who, school_id=contact.school_id, subject=subject, now=now)
