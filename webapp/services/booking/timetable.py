"""Say of each time of a teacher whether a family can choose it, from what is known of the family and the teacher.

What is shown here is a courtesy; when a time is booked the database decides.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

from webapp.i18n import local_day
from webapp.models.event.event_settings import Limits
from webapp.models.event.slot import CALL, IN_PERSON, UNAVAILABLE, VIRTUAL, VISIBLE

YOURS, TEACHER_BUSY, TOO_CLOSE, DAY_FULL = "yours", "teacher_busy", "too_close", "day_full"
CALENDAR_BUSY = "calendar_busy"


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
