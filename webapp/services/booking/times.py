"""Show which times of a teacher a family can choose, and why the others cannot be chosen.

What is shown here is a courtesy; when a time is booked the database decides.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, and_, bindparam, func, literal, or_, select, union_all
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from webapp.i18n import local_day
from webapp.models import Appointment, Contact, Event, EventSettings, Resource, ResourceMember, Slot
from webapp.models.event.event_settings import Limits
from webapp.models.event.slot import CALL, IN_PERSON, UNAVAILABLE, VIRTUAL, VISIBLE
from webapp.prepared import Prepared
from webapp.services.booking.agenda import is_for_family
from webapp.services.booking.glance import Recall
from webapp.services.booking.holds import is_in_the_way
from webapp.services.booking.limits import booked_days
from webapp.services.booking.seating import is_held_by
from webapp.services.calendar.busy import busy_of, is_free_of

YOURS, TEACHER_BUSY, TOO_CLOSE, DAY_FULL = "yours", "teacher_busy", "too_close", "day_full"
CALENDAR_BUSY = "calendar_busy"

AnyRow = TypeVar("AnyRow", "Free", "Busy")


class Time(NamedTuple):
    """A slot as a family sees it. `clash` says why it cannot be chosen: a time of theirs or of the teacher's, whose own
    calendar counts too, a limit of the event, or the visibility that the office gave it, with its message as `note`.
    `gap` are the minutes that the event forces between two of a family's. In person it is in a `room`, and from one to
    another it is a `walk` of so many minutes; online there is neither."""

    token: str
    resource_id: int
    starts_at: datetime
    ends_at: datetime
    kind: str
    clash: str | None = None
    note: str = ""
    gap: int = 0
    visibility: str = VISIBLE
    day: date = date.min
    room: str = ""
    walk: int = 0

    @property
    def farthest(self) -> timedelta:
        """Whatever begins that long after it is in nobody's way."""
        return timedelta(minutes=max(self.gap, self.walk))

    @property
    def is_offered(self) -> bool:
        """Bookable by somebody, unlike what is shown with “Call” or with the reason why there is no such time."""
        return self.clash not in (CALL, UNAVAILABLE)

    @property
    def is_shut(self) -> bool:
        """For the office too, which may have what only the teacher's calendar is against."""
        return self.clash not in (None, CALENDAR_BUSY)

    def is_with(self, other: "Time") -> bool:
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at

    def overlaps(self, other: "Time") -> bool:
        """Whether nobody can have both."""
        return _overlaps(self, other, self.gap)

    def is_hurried(self, other: "Time") -> bool:
        """Whether there is too little time to walk from one room to the other."""
        is_far = self.room and other.room and self.room != other.room
        return bool(is_far and _overlaps(self, other, self.walk))

    def fits(self, other: "Time") -> bool:
        return not (self.overlaps(other) or self.is_hurried(other))


class Free(NamedTuple):
    """A slot with a seat left, of a resource with a room."""

    id: int
    token: str
    resource_id: int
    starts_at: datetime
    ends_at: datetime
    kind: str
    visibility: str
    message: str
    room: str


class Busy(NamedTuple):
    """What a teacher has at a slot, or at none (0) in a calendar of their own."""

    slot_id: int
    resource_id: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Timetable:
    """The coming times of some teachers that families see, in order, and what clashes with them: appointments, and what
    `teachers` have in calendars of their own.

    `family` are the appointments of the contact and of the students, in this event also those that are over;
    `held` what the contact holds; `booked_on` how many a teacher has on a day, where the event limits that.
    """

    contact_id: int
    event_id: int
    free: Mapping[int, Sequence[Free]]
    family: Sequence[Any]
    held: Sequence[Any]
    teachers: Mapping[int, Sequence[Busy]]
    zone: str
    limits: Limits
    walk: int
    booked_on: Mapping[tuple[int, str], int]
    at_desk: bool

    @property
    def own(self) -> list[Time]:
        """What the contact has in this event."""
        return [self._own_time(busy) for busy in self.family if self._is_own(busy) and busy.event_id == self.event_id]

    def left_on(self, resource: int, day: date) -> int | None:
        """How many more the teacher takes on that day; None is no limit."""
        most = self.limits.per_day
        return None if most is None else most - self.booked_on.get((resource, day.isoformat()), 0)

    def times(self, resource: int, students: Collection[int]) -> list[Time]:
        """As the contact sees them for these children: another child's with the co-parent are in nobody's way. What the
        co-parent has for the same child takes its times away as anybody's would, so that none learns of the other's;
        and so does what the office made for the contact and has not confirmed."""
        own = [busy for busy in self.family if self._is_own(busy) and busy.is_seen]
        others = [busy for busy in self.family if self._is_unseen(busy, students)]
        teacher, rows = _Whereabouts.of(self.teachers.get(resource, ())), self.free.get(resource, ())
        if self.at_desk:
            own += others
        elif others:
            rows = [row for row in rows if not any(_overlaps(busy, row, self._gap_to(busy)) for busy in others)]
        return [self._time(row, own, teacher) for row in rows]

    def booked(self, resource: int, child: str) -> int:
        """How many appointments the contact has with the teacher for the child (key)."""
        return sum(self._is_of(busy, resource, child) for busy in self.family)

    def is_all_unseen(self, resource: int, child: str) -> bool:
        """Whether the contact has something with the teacher for the child, and knows of none of it."""
        seen = [busy.is_seen for busy in self.family if self._is_of(busy, resource, child)]
        return bool(seen) and not any(seen)

    def _is_of(self, busy: Any, resource: int, child: str) -> bool:
        return self._is_own(busy) and (busy.resource_id, busy.child_key) == (resource, child)

    def _is_unseen(self, busy: Any, students: Collection[int]) -> bool:
        return not busy.is_seen if self._is_own(busy) else busy.student_id in students

    def _gap_to(self, busy: Any) -> int:
        """The event forces one between what the contact has in it."""
        return self.limits.gap if self._is_own(busy) and busy.event_id == self.event_id else 0

    def _time(self, row: Free, family: Sequence[Any], teacher: "_Whereabouts") -> Time:
        _, token, resource, starts_at, ends_at, kind, visibility, note, room = row
        day = local_day(starts_at, self.zone)
        room = "" if kind == VIRTUAL else _room(row)
        clash, gap = self._clash(row, day, family, teacher), self.limits.gap
        return Time(token, resource, starts_at, ends_at, kind, clash, note, gap, visibility, day, room, self.walk)

    def _own_time(self, busy: Any) -> Time:
        kind, room = (VIRTUAL, "") if busy.is_virtual else (IN_PERSON, _room(busy))
        day = local_day(busy.starts_at, self.zone)
        more: dict[str, Any] = {"gap": self.limits.gap, "day": day, "room": room, "walk": self.walk}
        return Time("", busy.resource_id, busy.starts_at, busy.ends_at, kind, **more)

    def _clash(self, row: Free, day: date, family: Sequence[Any], teacher: "_Whereabouts") -> str | None:
        if row.visibility != VISIBLE and not self.at_desk:
            return str(row.visibility)
        if family and any(_overlaps(busy, row) for busy in family):
            return YOURS
        if found := teacher.clash(row):
            return found
        if any((gap := self._gap_to(busy)) and _overlaps(busy, row, gap) for busy in family):
            return TOO_CLOSE
        left = self.left_on(row.resource_id, day)
        return DAY_FULL if left is not None and left <= 0 else None

    def _is_own(self, busy: Any) -> bool:
        return bool(busy.contact_id == self.contact_id)


def times_of(
    session: Session,
    event: Event,
    resources: Sequence[int],
    contact: Contact,
    students: Sequence[int],
    *,
    now: datetime,
    besides: int | None = None,
    settings: EventSettings | None = None,
    at_desk: bool = False,
) -> dict[int, list[Time]]:
    """Per resource, as `timetable_of`, with what is in the way of any of the students."""
    table = timetable_of(
        session, event, resources, contact, students, now=now, besides=besides, settings=settings, at_desk=at_desk
    )
    return {resource: table.times(resource, students) for resource in resources}


def timetable_of(
    session: Session,
    event: Event,
    resources: Sequence[int],
    contact: Contact | None,
    students: Sequence[int],
    *,
    now: datetime,
    besides: int | None = None,
    settings: EventSettings | None = None,
    at_desk: bool = False,
    only: Collection[str] | None = None,
    recall: Recall[Any] | None = None,
) -> Timetable:
    """Three queries at most, whatever the number of times, teachers and children.

    `besides` is an appointment (id) that is about to give its time back. With `settings`, as the rules of UI Setup let
    families see the times; a limit per day asks once more. `only` are slots (tokens), for who has chosen. `at_desk` are
    also times that families do not see. Without a contact only what is in the teachers' way is known. By `recall` what
    is the same for all who hold nothing may be a moment old (`glance`).
    """
    assert event.id is not None
    rules = settings or EventSettings()
    bookable = {"event": event.id, "now": rules.closing.closed_until(event.zone, now)}
    coming, booked = {"event": event.id, "now": now}, {"besides": besides or 0}
    maker = contact.id or 0 if contact else 0
    looking = {"contact": maker, "as_of": now}
    asked = {"resources": list(resources), **looking}
    query = _AT_DESK if at_desk else _CHOSEN if only else _SHOWN
    family = _FAMILY.all(session, {**coming, **booked, **looking, "students": list(students)})
    held = [row for row in family if is_held_by(row, maker)]

    def look() -> tuple[list[Free], list[Busy]]:
        free = query.all(session, {**bookable, **asked, "only": list(only or ())})
        return free, _busy_within(session, free, {**booked, **asked}, now=now)

    free, busy = recall(look) if recall and not held else look()
    return Timetable(
        maker,
        event.id,
        _by_resource(free),
        [row for row in family if not is_held_by(row, maker)],
        [row for row in held if row.held_until > now],
        _by_resource(busy),
        event.zone,
        rules.limits,
        rules.walk_minutes,
        booked_days(session, rules.limits, resources, maker, besides=besides, now=now),
        at_desk,
    )


def free_slots(*columns: Any) -> Any:
    """The slots of resources of an event, later than `now`, that families may book or call about, with a free seat for
    the `contact` `as_of` an instant, in no busy time of the teachers; to be filled with these, `event` and
    `resources`."""
    is_free = is_free_of(col(Slot.resource_id), col(Slot.starts_at), col(Slot.ends_at), among=bindparam("resources"))
    is_offered = (col(Slot.visibility).in_((VISIBLE, CALL)), col(Slot.starts_at) > bindparam("now"))
    return _with_free_seat(*columns).where(*is_offered, is_free)


def _is_shown() -> ColumnElement[bool]:
    """Also what can be had by a call only, and why a time cannot be had (PRODUCT 1.8)."""
    says_why = and_(col(Slot.visibility) == UNAVAILABLE, col(Slot.message) != "")
    return or_(col(Slot.visibility).in_((VISIBLE, CALL)), says_why)


def _with_free_seat(*columns: Any) -> Any:
    """What is taken is counted once for all the resources, not for each slot: PostgreSQL would read the whole table
    each time, where it was empty when it planned that, as in the first minute of a first event."""
    stands = (col(Appointment.cancelled_at).is_(None), col(Appointment.resource_id).in_(bindparam("resources")))
    taken = (
        select(col(Appointment.slot_id), func.count().label("seats"))
        .where(*stands, is_in_the_way())
        .group_by(col(Appointment.slot_id))
        .subquery("taken")
    )
    return (
        select(*(col(column) for column in columns))
        .join(Resource, col(Resource.id) == col(Slot.resource_id))
        .outerjoin(taken, taken.c.slot_id == col(Slot.id))
        .where(col(Resource.event_id) == bindparam("event"), col(Resource.id).in_(bindparam("resources")))
        .where(col(Slot.removed_at).is_(None))
        .where(func.coalesce(taken.c.seats, 0) < col(Slot.capacity))
    )


def _busy_within(session: Session, free: Sequence[Free], asked: Mapping[str, Any], *, now: datetime) -> list[Busy]:
    """Where teachers are from the first to the last of the free times: who has chosen a few is spared all others."""
    if not free:
        return []
    span = {"after": max(now, free[0].starts_at), "before": max(row.ends_at for row in free)}
    return _TEACHERS.all(session, {**asked, **span})


def _by_resource(rows: Iterable[AnyRow]) -> dict[int, list[AnyRow]]:
    found: dict[int, list[AnyRow]] = {}
    for row in rows:
        found.setdefault(row.resource_id, []).append(row)
    return found


@dataclass(frozen=True)
class _Whereabouts:
    """Where a teacher is, in the order in which it starts, and until when at least up to there, so that only the
    nearest need be looked at."""

    rows: Sequence[Busy]
    starts: Sequence[datetime]
    until: Sequence[datetime]

    @classmethod
    def of(cls, rows: Sequence[Busy]) -> "_Whereabouts":
        return cls(rows, [row.starts_at for row in rows], list(accumulate((row.ends_at for row in rows), max)))

    def clash(self, row: Free) -> str | None:
        """In another appointment, or else, by their calendar, at something that is nobody's business."""
        begins_at, started = row.starts_at, bisect_left(self.starts, row.ends_at)
        near = self.rows[bisect_right(self.until, begins_at) : started]
        found = [busy.slot_id for busy in near if busy.slot_id != row.id and busy.ends_at > begins_at]
        if any(found):
            return TEACHER_BUSY
        return CALENDAR_BUSY if found else None


def _room(row: Any) -> str:
    """One whose name is not known is the teacher's own."""
    return row.room.strip().casefold() or f"#{row.resource_id}"


def _overlaps(busy: Any, row: Any, gap: int = 0) -> bool:
    if not gap:
        return bool(busy.starts_at < row.ends_at and row.starts_at < busy.ends_at)
    apart = timedelta(minutes=gap)
    return bool(busy.starts_at < row.ends_at + apart and row.starts_at < busy.ends_at + apart)


def _family() -> Any:
    theirs = or_(
        col(Appointment.contact_id) == bindparam("contact"), col(Appointment.student_id).in_(bindparam("students"))
    )
    is_of_interest = or_(col(Slot.ends_at) > bindparam("now"), col(Slot.event_id) == bindparam("event"))
    appointment = "contact_id student_id event_id resource_id slot_id child_key is_virtual act held_until".split()
    is_mine_or_in_the_way = or_(is_in_the_way(), col(Appointment.contact_id) == bindparam("contact"))
    return (
        select(*(col(getattr(Appointment, name)) for name in appointment), col(Slot.starts_at), col(Slot.ends_at))
        .add_columns(col(Slot.token), col(Resource.room), is_for_family().label("is_seen"))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .join(Resource, col(Resource.id) == col(Appointment.resource_id))
        .where(theirs, col(Appointment.cancelled_at).is_(None), is_of_interest, is_mine_or_in_the_way)
        .where(col(Appointment.id) != bindparam("besides"))
    )


def _teachers() -> Any:
    """Where the members of these resources are already booked, in whichever event, and, without a slot, where they are
    by a calendar of their own; in order."""
    asked, booked = aliased(ResourceMember), aliased(ResourceMember)
    bookings: Any = (
        select(
            col(Slot.id).label("slot_id"),
            col(asked.resource_id).label("resource_id"),
            col(Slot.starts_at),
            col(Slot.ends_at),
        )
        .join(booked, col(booked.contact_id) == col(asked.contact_id))
        .join(Appointment, col(Appointment.resource_id) == col(booked.resource_id))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(col(asked.resource_id).in_(bindparam("resources")), col(Appointment.cancelled_at).is_(None))
        .where(col(Slot.ends_at) > bindparam("after"), col(Slot.starts_at) < bindparam("before"))
        .where(col(Appointment.id) != bindparam("besides"), is_in_the_way())
        .distinct()
    )
    calendars = busy_of(
        bindparam("resources"), after=bindparam("after"), before=bindparam("before"), slot_id=literal(0)
    )
    return union_all(bookings, calendars).order_by("starts_at")


_IN_ORDER = (col(Slot.starts_at), col(Slot.id))
_FREE = _with_free_seat(*(getattr(Slot, name) for name in Free._fields[:-1]), Resource.room).order_by(*_IN_ORDER)
_FOR_FAMILIES = _FREE.where(_is_shown(), col(Slot.starts_at) > bindparam("now"))
_FOR_OFFICE = _FREE.where(col(Slot.visibility) != UNAVAILABLE, col(Slot.ends_at) > bindparam("now"))
_OF_CHOSEN = _FOR_FAMILIES.where(col(Slot.token).in_(bindparam("only")))
_SHOWN, _CHOSEN, _AT_DESK = (Prepared(query, row=Free) for query in (_FOR_FAMILIES, _OF_CHOSEN, _FOR_OFFICE))
_FAMILY, _TEACHERS = Prepared(_family()), Prepared(_teachers(), row=Busy)
