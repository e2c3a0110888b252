"""Propose to a family a whole plan for all its children and the teachers whom it chose, within the event's limits."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import bindparam, select
from sqlmodel import Session

from webapp.errors import DomainError
from webapp.models import Contact, Event, EventSettings, Slot
from webapp.models.base import table_of
from webapp.models.event.event_settings import Limits
from webapp.models.event.slot import VIRTUAL
from webapp.prepared import Prepared
from webapp.services.booking.choices import Wish
from webapp.services.booking.family import Child
from webapp.services.booking.glance import Recall
from webapp.services.booking.limits import (
    Counted,
    Wanted,
    as_counted,
    broken_limits,
    counted_of_family,
    left,
    place,
)
from webapp.services.booking.plan import AtMost, propose
from webapp.services.booking.sheet import Hold, Row, options_of
from webapp.services.booking.times import timetable_of
from webapp.services.booking.timetable import Time, Timetable

Key = TypeVar("Key")
Times = Mapping[int, Sequence[Time]]
"""Of each wish, by its place."""


def lay_out(
    session: Session,
    event: Event,
    settings: EventSettings,
    contact: Contact,
    wishes: Sequence[Wish],
    *,
    proposing: bool,
    is_final: bool = False,
    recall: Recall[Any] | None = None,
    seen: Mapping[str, datetime] | None = None,
    now: datetime,
) -> list[Row]:
    """What is chosen stays, and the rest fits around it: for a time that was lost the next best, and with `proposing`
    a time for each teacher who has none yet. Where it `is_final`, other times are not looked for; by `recall` they may
    be a moment old (`timetable_of`). `seen` says of chosen slots (tokens) when they began on the family's form."""
    only = [wish.pick.slot for wish in wishes] if is_final else None
    table = _timetable(session, event, settings, contact, wishes, only, recall, now=now)
    times = {i: _times(table, wish) for i, wish in enumerate(wishes)}
    booked = {i for i, wish in enumerate(wishes) if _has_all(table, wish, once=settings.one_per_teacher)}
    granted = _Granted.so_far(session, settings.limits, event, contact)
    kept = {i: time for i, wish in enumerate(wishes) if i not in booked and (time := _kept(wish, times[i]))}
    limits = {i: refusal for i in kept if (refusal := granted.grant(wishes[i]))}
    chosen = {i: time for i, time in kept.items() if i not in limits}
    open_ = [i for i, wish in enumerate(wishes) if i not in booked and i not in kept and (proposing or wish.pick.slot)]
    near = _chosen_at(session, event, wishes[open_[0]], times[open_[0]], seen or {}) if len(open_) == 1 else None
    chosen |= _proposed(table, wishes, {i: times[i] for i in open_}, chosen, granted, near)
    for i in chosen.keys() - kept.keys():
        granted.grant(wishes[i])
    rest = [i for i in times if i not in booked and i not in kept and i not in chosen]
    limits |= {i: refusal for i in rest if (refusal := granted.refusal(wishes[i]))}
    plan = _Plan(event.zone, table, wishes, times, booked, kept, chosen, limits)
    return [plan.row(i) for i in times]


@dataclass(frozen=True)
class _Plan:
    """What came of each wish, by its place: `booked` it was before, `kept` is a time that the family chose and can
    have, `chosen` what the plan has of these and of those that were proposed, `limits` why it can have none."""

    zone: str
    table: Timetable
    wishes: Sequence[Wish]
    times: Times
    booked: Collection[int]
    kept: Mapping[int, Time]
    chosen: Mapping[int, Time]
    limits: Mapping[int, DomainError]

    def row(self, i: int) -> Row:
        wish, chosen, is_booked = self.wishes[i], self.chosen.get(i), i in self.booked
        others = [time for j, time in self.chosen.items() if j != i]
        return Row(
            zone=self.zone,
            options=options_of(self.times[i], chosen, others, self.table.own),
            wish=wish,
            chosen=chosen,
            is_lost=bool(wish.pick.slot) and i not in self.kept and not is_booked and i not in self.limits,
            is_booked=is_booked,
            is_unseen=is_booked and self.table.is_all_unseen(wish.resource.id, wish.child.key),
            has_some=self.table.booked(wish.resource.id, wish.child.key) > 0,
            limit=self.limits.get(i),
            hold=_hold(self.table, wish, chosen),
        )


@dataclass
class _Granted:
    """What the family has in the event and what it chose, as its limits count them; the teachers' days are told by the
    timetable."""

    contact_id: int
    limits: Limits
    counted: list[Counted]

    @classmethod
    def so_far(cls, session: Session, limits: Limits, event: Event, contact: Contact) -> "_Granted":
        assert event.id is not None
        assert contact.id is not None
        counted = counted_of_family(session, limits, event.id, contact.id)
        return cls(contact.id, replace(limits, per_day=None), counted)

    def refusal(self, wish: Wish) -> DomainError | None:
        return next(iter(broken_limits(self.limits, self._wanted(wish), self.counted)), None)

    def grant(self, wish: Wish) -> DomainError | None:
        """Why not, or None: then it counts."""
        if refusal := self.refusal(wish):
            return refusal
        if self.limits.are_counted:
            wanted = self._wanted(wish)
            self.counted.append(as_counted(wanted, place(self.limits, wanted, self.counted)))
        return None

    def most(self) -> int | None:
        return left(self.limits.per_event, self.counted)

    def per_child(self, child: Child) -> int | None:
        return left(self.limits.per_child, self.counted, child.key)

    def per_class(self, class_id: int | None) -> int | None:
        """A class of the family's own counts; a typed child has none."""
        if not self.limits.once_per_class or class_id is None:
            return None
        return 0 if any(row.class_id == class_id for row in self.counted) else 1

    def _wanted(self, wish: Wish) -> Wanted:
        child, teacher = wish.child, wish.resource
        return Wanted(self.contact_id, child.key, child.name, teacher.id, teacher.name, wish.class_id, "")


def _chosen_at(
    session: Session, event: Event, wish: Wish, times: Sequence[Time], seen: Mapping[str, datetime]
) -> datetime | None:
    """When the time begins that the family chose and cannot have; None where it chose none, or none of the event."""
    slot = wish.pick.slot
    shown = {**seen} | {time.token: time.starts_at for time in times}
    if not slot or slot in shown:
        return shown.get(slot)
    row = _STARTS.first(session, {"event": event.id, "slot": slot})
    return row.starts_at if row else None


def _proposed(
    table: Timetable,
    wishes: Sequence[Wish],
    open_: Times,
    chosen: Mapping[int, Time],
    granted: _Granted,
    near: datetime | None,
) -> dict[int, Time]:
    if not open_:
        return {}
    limits = [*_family_limits(wishes, open_, granted), *_teacher_limits(table, wishes, open_, chosen.values())]
    return propose(open_, around=[*table.own, *chosen.values()], limits=limits, most=granted.most(), near=near)


def _family_limits(wishes: Sequence[Wish], open_: Times, granted: _Granted) -> Iterator[AtMost]:
    for key, alike in _grouped({i: wishes[i].child.key for i in open_}).items():
        if (number := granted.per_child(wishes[alike[0]].child)) is not None and key:
            yield AtMost(number, alike)
    for class_id, alike in _grouped({i: wishes[i].class_id for i in open_}).items():
        if (number := granted.per_class(class_id)) is not None:
            yield AtMost(number, alike)


def _teacher_limits(
    table: Timetable, wishes: Sequence[Wish], open_: Times, chosen: Collection[Time]
) -> Iterator[AtMost]:
    """Of a teacher's day where several wishes of the family share what is left of it."""
    if table.limits.per_day is None:
        return
    for resource, alike in _grouped({i: wishes[i].resource.id for i in open_}).items():
        for day in {time.day for i in alike for time in open_[i]}:
            taken = sum(time.resource_id == resource and time.day == day for time in chosen)
            yield AtMost((table.left_on(resource, day) or 0) - taken, alike, day)


def _grouped(keys: Mapping[int, Key]) -> dict[Key, list[int]]:
    found: dict[Key, list[int]] = {}
    for i, key in keys.items():
        found.setdefault(key, []).append(i)
    return found


def _timetable(
    session: Session,
    event: Event,
    settings: EventSettings,
    contact: Contact,
    wishes: Sequence[Wish],
    only: Collection[str] | None,
    recall: Recall[Any] | None,
    *,
    now: datetime,
) -> Timetable:
    resources = {wish.resource.id for wish in wishes}
    students = {student for wish in wishes for student in _students(wish.child)}
    how: dict[str, Any] = {"settings": settings, "only": only, "recall": recall}
    return timetable_of(session, event, sorted(resources), contact, sorted(students), now=now, **how)


def _times(table: Timetable, wish: Wish) -> list[Time]:
    """Who chose to meet online walks nowhere."""
    times = table.times(wish.resource.id, _students(wish.child))
    return [time._replace(room="") for time in times] if wish.pick.kind == VIRTUAL else times


def _students(child: Child) -> tuple[int, ...]:
    return (child.student_id,) if child.student_id else ()


def _has_all(table: Timetable, wish: Wish, *, once: bool) -> bool:
    allowed = min(wish.allowed, 1) if once else wish.allowed
    return table.booked(wish.resource.id, wish.child.key) >= allowed


def _hold(table: Timetable, wish: Wish, chosen: Time | None) -> Hold | None:
    if chosen is None:
        return None
    mine = (row for row in table.held if row.child_key == wish.child.key and row.token == chosen.token)
    return next((Hold(row.act, row.held_until) for row in mine), None)


def _kept(wish: Wish, times: Sequence[Time]) -> Time | None:
    return next((t for t in times if t.token == wish.pick.slot and t.clash is None), None)


_SLOT = table_of(Slot).c
_STARTS = Prepared(
    select(_SLOT.starts_at).where(_SLOT.event_id == bindparam("event"), _SLOT.token == bindparam("slot"))
)
