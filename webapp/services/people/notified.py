"""Know whom a school wants told when an integration needs somebody: its Notification Contacts."""

import re
from datetime import datetime

from pydantic import BaseModel, Field, field_validator
from sqlalchemy import delete, select
from sqlmodel import Session, col

from webapp.errors import N_
from webapp.models import Contact, Level, NotificationContact
from webapp.services.system import audit
from webapp.services.system.audit import Who

MOST = 10
_ADDRESS = re.compile(r"[^\s@<>,;\"'\x00-\x1f]{1,64}@[^\s@<>,;\"'\x00-\x1f.]+(\.[^\s@<>,;\"'\x00-\x1f.]+)+")


class Notified(BaseModel):
    """An address per line; commas do as well. Empty means the Administrators."""

    notified: str = Field(default="", max_length=2000)

    @field_validator("notified")
    @classmethod
    def _addresses(cls, typed: str) -> str:
        addresses = list(dict.fromkeys(re.sub(r"[,;\s]+", "\n", typed).strip().lower().splitlines()))
        if any(len(one) > 254 or not _ADDRESS.fullmatch(one) for one in addresses):
            raise ValueError(N_("Type email addresses, one per line."))
        if len(addresses) > MOST:
            raise ValueError(N_("Type at most ten addresses."))
        return "\n".join(addresses)


def notification_contacts(session: Session, school_id: int) -> list[str]:
    """The addresses chosen, or else the Administrators' own."""
    return chosen_addresses(session, school_id) or administrators_of(session, school_id)


def chosen_addresses(session: Session, school_id: int) -> list[str]:
    query = select(col(NotificationContact.email)).where(col(NotificationContact.school_id) == school_id)
    return list(session.execute(query.order_by(col(NotificationContact.id))).scalars())


def administrators_of(session: Session, school_id: int) -> list[str]:
    query = (
        select(col(Contact.email))
        .where(col(Contact.school_id) == school_id, col(Contact.level) == Level.ADMINISTRATOR)
        .where(col(Contact.email).is_not(None))
        .order_by(col(Contact.id))
    )
    return [address for address in session.execute(query).scalars() if address]


def choose_notified(session: Session, school_id: int, chosen: Notified, *, who: Who, now: datetime) -> None:
    """In place of those before."""
    session.execute(delete(NotificationContact).where(col(NotificationContact.school_id) == school_id))
    addresses = chosen.notified.splitlines()
    session.add_all(NotificationContact(school_id=school_id, email=address) for address in addresses)
    audit.record(session, "notified.changed", who=who, school_id=school_id, addresses=len(addresses), now=now)
