"""Book what a family confirmed, once per form: the same form sent again gets the answer of the first."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from webapp import i18n
from webapp.errors import N_, Invalid, NotFound
from webapp.models import Appointment, Contact, Slot
from webapp.services.booking.book import Choice, book
from webapp.services.booking.choices import Wish
from webapp.services.booking.errors import SlotChanged
from webapp.services.booking.request_key import earlier_result, remember
from webapp.services.event.open_events import Round
from webapp.services.people.names import NameInput, keep_name

ACTION = "book"


def confirm(
    session: Session,
    found: Round,
    contact_id: int,
    wishes: Sequence[Wish],
    name: NameInput | None,
    *,
    seen: Collection[str],
    key: str,
    login_id: int,
    now: datetime,
) -> str:
    """The token of the act of booking. `seen` are the stamps of the times as the family saw them.

    Raises what `book` raises, SlotChanged where a time is not what they saw, and KeyUsed.
    """
    asked = _asked(found, contact_id, wishes)
    if earlier := earlier_result(session, key, ACTION, *asked):
        return str(earlier["act"])
    maker = session.get_one(Contact, contact_id)
    if name is not None:
        keep_name(maker, name)
    choices = [Choice(wish.pick.slot, wish.child, wish.pick.is_virtual) for wish in wishes]
    booked = book(session, found.event, found.settings, maker, choices, now=now)
    _refuse_unseen(session, found, wishes, seen)
    act: str = session.execute(select(col(Appointment.act)).where(col(Appointment.id) == booked[0])).scalar_one()
    remember(session, key, ACTION, *asked, result={"act": act}, login_id=login_id, now=now)
    return act


def stamp(slot: str, starts_at: datetime, kind: str) -> str:
    """A time as a family saw it: moved by the office or of another kind, it is not what they confirmed."""
    return f"{slot}.{int(starts_at.timestamp()) // 60}.{kind}"


def _refuse_unseen(session: Session, found: Round, wishes: Sequence[Wish], seen: Collection[str]) -> None:
    """Booking has locked the slots, so that this look at them is final."""
    query = select(Slot).where(col(Slot.token).in_([wish.pick.slot for wish in wishes]))
    slots = {slot.token: slot for slot in session.execute(query).scalars()}
    for wish in wishes:
        slot = slots[wish.pick.slot]
        if slot.resource_id != wish.resource.id:
            raise NotFound
        if stamp(slot.token, slot.starts_at, slot.kind) not in seen:
            raise SlotChanged(time=i18n.moment(slot.starts_at, found.event.zone), teacher=wish.resource.name)


def _asked(found: Round, contact_id: int, wishes: Sequence[Wish]) -> tuple[object, ...]:
    if not all(wish.pick.slot for wish in wishes):
        raise Invalid(N_("Choose a time for each teacher."))
    chosen = sorted((wish.pick.slot, wish.child.key, wish.pick.kind) for wish in wishes)
    return found.event.id, contact_id, chosen
