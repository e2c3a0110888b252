"""Take in a new family: who proves an address tells its name once, and what the school asks for beside it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, DomainError, Invalid
from webapp.models import Contact, School
from webapp.services.people.contacts import Home, Phone
from webapp.services.people.names import Name, NameInput, keep_name, needs_name
from webapp.services.people.passwords import set_password
from webapp.services.people.sign_in import SignedIn
from webapp.services.system import audit


class NotWelcome(DomainError):
    """Told to whoever has proved the address, and to nobody else (RELIABILITY T4)."""

    message = N_("The school does not know this email, and takes no new families here. Ask the school office.")
    status = 403


class DetailsInput(BaseModel):
    """Of a family that the school knows already; `password` is empty where none is wished."""

    model_config = ConfigDict(str_strip_whitespace=True)

    phone: Phone = ""
    address: Home = ""
    password: Annotated[str, StringConstraints(strip_whitespace=False, max_length=2000)] = ""  # compared exactly


class SignUpInput(DetailsInput):
    first: Name
    last: Name


@dataclass(frozen=True)
class Asked:
    """What a page asks this contact for."""

    name: bool
    phone: bool
    address: bool


def refuse_unknown(session: Session, school: School, email: str) -> None:
    """Raises NotWelcome for an address of no contact where the school takes no new families."""
    known = select(col(Contact.id)).where(col(Contact.school_id) == school.id, col(Contact.email) == email)
    if not school.allows_sign_up and session.execute(known).first() is None:
        raise NotWelcome


def asked_of(school: School, contact: Contact) -> Asked:
    """What somebody once told can be changed, also where the school asks for it no more."""
    phone = school.asks_phone or bool(contact.phone)
    return Asked(needs_name(contact), phone, school.asks_address or bool(contact.address))


def refuse_gaps(asked: Asked, school: School, typed: DetailsInput) -> None:
    """Raises Invalid at the first field that the school wants filled."""
    for field in ("phone", "address"):
        if asked.name and getattr(school, f"asks_{field}") and not getattr(typed, field):
            raise Invalid(N_("Fill this in."), field=field)


def keep_details(
    session: Session, contact: Contact, typed: DetailsInput, hashed: str, *, person: SignedIn, now: datetime
) -> str:
    """The sign-in's new secret where a password was set, else empty. A contact with a name keeps it."""
    if isinstance(typed, SignUpInput):
        keep_name(contact, NameInput(first=typed.first, last=typed.last))
    contact.phone, contact.address = typed.phone, typed.address
    detail: dict[str, Any] = {"subject": f"contact {contact.id}", "school_id": contact.school_id}
    audit.record(session, "contact.details", who=person.who, now=now, **detail)
    session.flush()
    return set_password(session, person, hashed, now=now) if hashed else ""
