"""Let teachers block their own free times, and free them again: never new times, never fewer (PRODUCT 3.5)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field
from sqlalchemy import exists, select, update
from sqlmodel import Session, col

from webapp.errors import N_, DomainError, NotFound
from webapp.models import Appointment, Contact, ResourceMember, Slot
from webapp.models.event.slot import UNAVAILABLE, VISIBLE
from webapp.services.event.inputs import Line
from webapp.services.event.slots import stands
from webapp.services.system import audit
from webapp.services.system.audit import Who

BLOCK, FREE = "block", "free"


class NothingToChange(DomainError):
    message = N_("Nothing was changed: these times are booked, are over, or are so already.")


class OwnTimesInput(BaseModel):
    """`message` says to families why a time is not offered."""

    deed: Literal["block", "free"]
    slots: list[Annotated[int, Field(ge=1, le=2_147_483_647)]] = Field(min_length=1, max_length=500)
    message: Line = Field(default="", max_length=80)


@dataclass(frozen=True)
class Changed:
    """How many of the times chosen are changed, and how many are left: booked meanwhile, over, or not the teacher's to
    change."""

    times: int
    left: int


def change_own_times(
    session: Session,
    contact: Contact,
    typed: OwnTimesInput,
    *,
    within: Collection[int] | None = None,
    who: Who,
    now: datetime,
) -> Changed:
    """Raises NotFound for a slot of somebody else, or where given of an event that is not `within` (ids), and
    NothingToChange where no time is left to change."""
    chosen = sorted(set(typed.slots))
    _lock_own(session, contact, chosen, within)
    was, values = (VISIBLE, {"visibility": UNAVAILABLE, "message": typed.message})
    if typed.deed == FREE:
        was, values = (UNAVAILABLE, {"visibility": VISIBLE, "message": ""})
    is_booked = exists().where(col(Appointment.slot_id) == col(Slot.id), stands(now))
    mine = update(Slot).where(col(Slot.id).in_(chosen), col(Slot.visibility) == was, col(Slot.starts_at) > now)
    changed = mine.where(~is_booked).values(**values, version=col(Slot.version) + 1).returning(col(Slot.id))
    number = len(session.execute(changed.execution_options(synchronize_session=False)).all())
    if not number:
        raise NothingToChange
    session.expire_all()
    subject = f"contact {contact.id}"
    audit.record(
        session, f"slots.own.{typed.deed}", who=who, school_id=contact.school_id, subject=subject, now=now, slots=number
    )
    return Changed(number, len(chosen) - number)


def _lock_own(session: Session, contact: Contact, chosen: Sequence[int], within: Collection[int] | None) -> None:
    """In the order that booking keeps."""
    mine = select(col(ResourceMember.resource_id)).where(col(ResourceMember.contact_id) == contact.id)
    query = (
        select(col(Slot.id))
        .where(col(Slot.id).in_(chosen), col(Slot.school_id) == contact.school_id, col(Slot.removed_at).is_(None))
        .where(col(Slot.resource_id).in_(mine))
        .order_by(col(Slot.id))
    )
    if within is not None:
        query = query.where(col(Slot.event_id).in_(within))
    if len(session.execute(query.with_for_update()).all()) != len(chosen):
        raise NotFound
