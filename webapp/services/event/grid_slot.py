"""Say of one slot what the day grid shows and what a screen reader hears."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from webapp.errors import N_
from webapp.i18n import gettext as _
from webapp.models.event.slot import CALL, EITHER, HIDDEN, IN_PERSON, UNAVAILABLE, VIRTUAL, VISIBLE
from webapp.services.booking.agenda import Entry
from webapp.services.booking.red import problem_words
from webapp.services.booking.room import LINK

BOOKED, ONLINE, WAITING, HELD, FLAGGED, FREE, OFF = "", "on", "wait", "hold", "flag", "free", "off"
_WORST_LAST = (BOOKED, ONLINE, WAITING, HELD, FLAGGED)

KIND_WORDS = {IN_PERSON: N_("In-Person"), VIRTUAL: N_("Virtual"), EITHER: N_("In-Person or Virtual")}
_OFF_WORDS = {HIDDEN: N_("Hidden"), CALL: N_("Call"), UNAVAILABLE: N_("Not available")}


@dataclass(frozen=True)
class PlainSlot:
    """The columns of a slot that the grid needs; `is_busy` where a teacher is, by a calendar of their own."""

    id: int
    resource_id: int
    starts_at: datetime
    ends_at: datetime
    kind: str
    visibility: str
    message: str
    capacity: int
    is_busy: bool = False


@dataclass(frozen=True)
class GridSlot:
    """`state` is the design's class: empty, on, wait, hold, flag, free or off. `text` stands in the cell (“Mia A.”,
    “PV”), `spoken` after it for screen readers. `appointment_id` is there when there is exactly one. `places` is what
    the row's total counts; `is_free` says that one more appointment fits, `is_busy` that the teacher has something else
    in a calendar of their own then: families do not get it, the office may.
    """

    id: int
    starts_at: datetime
    ends_at: datetime
    time: str
    state: str
    kind: str
    text: str
    spoken: str
    message: str
    appointment_id: int | None
    booked: int
    places: int
    is_free: bool
    is_busy: bool = False


def grid_slot(slot: PlainSlot, entries: Sequence[Entry], *, time: str) -> GridSlot:
    """`entries` are the slot's standing appointments, holds that still run among them; `time` its start in words."""
    state = _state(slot, entries)
    return GridSlot(
        id=slot.id,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        time=time,
        state=state,
        kind=slot.kind,
        text=_text(slot, entries),
        spoken=_spoken(slot, entries, state),
        message=slot.message,
        appointment_id=entries[0].id if len(entries) == 1 else None,
        booked=len(entries),
        places=len(entries) if slot.visibility == UNAVAILABLE else slot.capacity,
        is_free=slot.visibility == VISIBLE and len(entries) < slot.capacity,
        is_busy=slot.is_busy,
    )


def state_of(entry: Entry) -> str:
    if entry.problem:
        return FLAGGED
    if entry.held_until:
        return HELD
    if not entry.is_virtual:
        return BOOKED
    return ONLINE if entry.room.state == LINK else WAITING


def short_name(entry: Entry) -> str:
    """`Mia A.` of Mia Alvarez; the parent where no child is named."""
    names = (entry.child or entry.parent).split()
    return f"{names[0]} {names[-1][0]}." if len(names) > 1 else "".join(names)


def spoken_state(entry: Entry) -> str:
    state = state_of(entry)
    if state == FLAGGED:
        return _(problem_words(entry.problem or ""))
    if state == WAITING:
        return _("online, link on the way") if entry.has_provider else _("online, no link yet")
    words = {
        BOOKED: N_("in person"),
        ONLINE: N_("online"),
        HELD: N_("customer is creating this appointment"),
    }
    return _(words[state])


def _state(slot: PlainSlot, entries: Sequence[Entry]) -> str:
    if entries:
        return max((state_of(entry) for entry in entries), key=_WORST_LAST.index)
    return FREE if slot.visibility == VISIBLE and not slot.is_busy else OFF


def _text(slot: PlainSlot, entries: Sequence[Entry]) -> str:
    if slot.capacity > 1 and entries:
        return _("%(booked)s of %(capacity)s", booked=len(entries), capacity=slot.capacity)
    if entries:
        return _("Booking") if state_of(entries[0]) == HELD else short_name(entries[0])
    if slot.visibility == VISIBLE:
        return _("Busy") if slot.is_busy else slot.kind
    return slot.message or _(_OFF_WORDS[slot.visibility])


def _spoken(slot: PlainSlot, entries: Sequence[Entry], state: str) -> str:
    if state == FREE:
        return _("free, %(kind)s, book it", kind=_(KIND_WORDS[slot.kind]))
    if state == OFF:
        return _("busy in their calendar") if slot.visibility == VISIBLE else _(_OFF_WORDS[slot.visibility])
    worst = next(entry for entry in entries if state_of(entry) == state)
    return spoken_state(worst)
