"""Lay out the times of the teachers that a family chose: what fits, what is chosen, and what still keeps them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from sqlmodel import Session

from webapp import i18n
from webapp.errors import N_, DomainError, Invalid
from webapp.models import Contact, Event, EventSettings
from webapp.models.event.event_settings import Limits
from webapp.models.event.slot import CALL, EITHER, IN_PERSON, VIRTUAL
from webapp.services.booking.choices import Wish
from webapp.services.booking.confirm import stamp
from webapp.services.booking.errors import TimeClash, TooClose, WrongKind
from webapp.services.booking.family import Child
from webapp.services.booking.limits import Wanted, as_counted, broken_limits, counted_of_family, place
from webapp.services.booking.plan import propose
from webapp.services.booking.times import DAY_FULL, TOO_CLOSE, YOURS, Time, Timetable, timetable_of


class NotFreeAnyMore(DomainError):
    message = N_("The time that you chose with %(teacher)s is not free any more. Choose another time.")


class NoTimeChosen(Invalid):
    message = N_("Choose a time with %(teacher)s.")


class Option(NamedTuple):
    """One time to choose; `clash` says why it cannot be."""

    time: Time
    clash: str | None


@dataclass(frozen=True)
class Options:
    """The times of one teacher to choose from."""

    zone: str
    options: list[Option]

    @property
    def days(self) -> list[tuple[date, list[Option]]]:
        by_day = groupby(self.options, key=lambda option: i18n.local_day(option.time.starts_at, self.zone))
        return [(day, list(options)) for day, options in by_day]

    @cached_property
    def is_any_free(self) -> bool:
        return any(option.clash is None for option in self.options)

    @property
    def stamps(self) -> list[str]:
        """The free times as the family sees them now."""
        free = [option.time for option in self.options if option.clash is None]
        return [stamp(time.token, time.starts_at, time.kind) for time in free]

    @cached_property
    def asks_kind(self) -> bool:
        """Whether some time leaves it to the family how to meet (R77)."""
        return any(option.time.kind == EITHER for option in self.options if option.time.is_offered)

    @cached_property
    def has_mixed_kinds(self) -> bool:
        return len({option.time.kind for option in self.options if option.time.is_offered}) > 1

    @property
    def is_any_offered(self) -> bool:
        """Though none of them may fit the family's other times."""
        return any(option.time.is_offered for option in self.options)

    @property
    def is_any_by_call(self) -> bool:
        return any(option.clash == CALL for option in self.options)

    def time(self, slot: str) -> Time | None:
        """The time with this token, if it can be chosen."""
        return next((o.time for o in self.options if o.time.token == slot and o.clash is None), None)


@dataclass(frozen=True)
class Row(Options):
    """One teacher for one child. `chosen` is a time that is free as the page is made; `limit` a rule of the event by
    which the family can have no more."""

    wish: Wish
    chosen: Time | None
    is_lost: bool
    is_booked: bool
    limit: DomainError | None = None

    @property
    def can_choose(self) -> bool:
        return self.is_any_free and not self.is_booked and self.limit is None

    @property
    def has_full_days(self) -> bool:
        return any(option.clash == DAY_FULL for option in self.options)

    @property
    def kind(self) -> str:
        """In person or online, as far as it is settled: "P", "V" or empty."""
        if self.chosen is None or self.chosen.kind == EITHER:
            return self.wish.pick.kind
        return self.chosen.kind

    @property
    def needs_attention(self) -> bool:
        return self.can_choose and (self.chosen is None or not self.kind)

    @property
    def pick(self) -> str:
        """With the time, for the next step's address."""
        slot = self.chosen.token if self.chosen else ""
        return str(self.wish.pick.at(slot, self.wish.pick.kind if self.asks_kind else ""))

    @property
    def stamp(self) -> str:
        """The chosen time as the family sees it now."""
        return stamp(self.chosen.token, self.chosen.starts_at, self.chosen.kind) if self.chosen else ""


def lay_out(
    session: Session,
    event: Event,
    settings: EventSettings,
    contact: Contact,
    wishes: Sequence[Wish],
    *,
    proposing: bool,
    now: datetime,
) -> list[Row]:
    """With `proposing`, teachers without a chosen time get one that fits, and a lost time is left to the family."""
    table = _timetable(session, event, settings, contact, wishes, now=now)
    times = {i: table.times(wish.resource.id, _students(wish.child)) for i, wish in enumerate(wishes)}
    once = settings.one_per_teacher
    is_booked = [
        table.booked(wish.resource.id, wish.child.key) >= (min(wish.allowed, 1) if once else wish.allowed)
        for wish in wishes
    ]
    limits = _limits(session, event, settings.limits, contact, wishes, is_booked)
    is_settled = [is_booked[i] or i in limits for i in range(len(wishes))]
    chosen = {i: time for i, wish in enumerate(wishes) if (time := _kept(wish, times[i])) and not is_settled[i]}
    if proposing:
        open_ = {i: times[i] for i, wish in enumerate(wishes) if not wish.pick.slot and not is_settled[i]}
        chosen |= _proposed(open_, chosen)
    return [
        Row(
            zone=event.zone,
            options=options_of(times[i], chosen.get(i), [c for j, c in chosen.items() if j != i]),
            wish=wish,
            chosen=chosen.get(i),
            is_lost=bool(wish.pick.slot) and i not in chosen and not is_settled[i],
            is_booked=is_booked[i],
            limit=limits.get(i),
        )
        for i, wish in enumerate(wishes)
    ]


def complaints(rows: Sequence[Row]) -> dict[str, DomainError]:
    """What keeps the family from going on, by the name of the pick. A teacher without any fitting time does not."""
    found: dict[str, DomainError] = {}
    for row in rows:
        if error := _complaint(row, [other for other in rows if other is not row]):
            found[row.wish.pick.name] = error
    return found


def chosen_rows(rows: Sequence[Row]) -> list[Row]:
    """Those with a time, in order of time."""
    timed = [(row.chosen.starts_at, i, row) for i, row in enumerate(rows) if row.chosen]
    return [row for _, _, row in sorted(timed, key=lambda entry: entry[:2])]


def rows_by_day(rows: Sequence[Row]) -> list[tuple[date, list[Row]]]:
    """Of rows in order of time."""
    timed = groupby((row for row in rows if row.chosen), key=_day)
    return [(day, list(of_day)) for day, of_day in timed]


def options_of(times: Sequence[Time], chosen: Time | None = None, others: Sequence[Time] = ()) -> list[Option]:
    taken = chosen.token if chosen else None
    return [Option(time, None if time.token == taken else _clash(time, others)) for time in times]


def refuse_other_kind(time: Time, kind: str, *, teacher: str, zone: str) -> None:
    """Raises WrongKind where the family has to say how to meet, Invalid where a time is not of the kind they want."""
    words = {"time": i18n.moment(time.starts_at, zone), "teacher": teacher}
    if time.kind == EITHER and not kind:
        raise WrongKind(teacher=teacher)
    if time.kind == IN_PERSON and kind == VIRTUAL:
        raise Invalid(N_("%(time)s with %(teacher)s is in person only. Choose another time, or in person."), **words)
    if time.kind == VIRTUAL and kind == IN_PERSON:
        raise Invalid(N_("%(time)s with %(teacher)s is online only. Choose another time, or online."), **words)


def _limits(
    session: Session,
    event: Event,
    limits: Limits,
    contact: Contact,
    wishes: Sequence[Wish],
    is_booked: Sequence[bool],
) -> dict[int, DomainError]:
    """Which wishes (by place) are more than the family may have, those before them granted."""
    if not limits.are_counted:
        return {}
    assert event.id is not None
    assert contact.id is not None
    of_family = replace(limits, per_day=None)
    found: dict[int, DomainError] = {}
    counted = counted_of_family(session, of_family, event.id, contact.id)
    for i, wish in enumerate(wishes):
        teacher = wish.resource
        wanted = Wanted(contact.id, wish.child.key, wish.child.name, teacher.id, teacher.name, wish.class_id, "")
        if refusals := broken_limits(of_family, wanted, counted):
            found[i] = refusals[0]
        elif not is_booked[i]:
            counted.append(as_counted(wanted, place(of_family, wanted, counted)))
    return found


def _clash(time: Time, others: Sequence[Time]) -> str | None:
    if time.clash or not _meets_any(time, others):
        return time.clash
    return YOURS if any(time.is_with(other) for other in others) else TOO_CLOSE


def _day(row: Row) -> date:
    assert row.chosen is not None
    return i18n.local_day(row.chosen.starts_at, row.zone)


def _timetable(
    session: Session, event: Event, settings: EventSettings, contact: Contact, wishes: Sequence[Wish], *, now: datetime
) -> Timetable:
    resources = {wish.resource.id for wish in wishes}
    students = {student for wish in wishes for student in _students(wish.child)}
    return timetable_of(session, event, sorted(resources), contact, sorted(students), now=now, settings=settings)


def _students(child: Child) -> tuple[int, ...]:
    return (child.student_id,) if child.student_id else ()


def _kept(wish: Wish, times: Sequence[Time]) -> Time | None:
    return next((t for t in times if t.token == wish.pick.slot and t.clash is None), None)


def _proposed(open_: Mapping[int, Sequence[Time]], chosen: Mapping[int, Time]) -> dict[int, Time]:
    """What is chosen already stays, and the rest fits around it."""
    fitting = {i: [t for t in times if not _meets_any(t, chosen.values())] for i, times in open_.items()}
    return propose(fitting | {i: [time] for i, time in chosen.items()}, [*chosen, *fitting])


def _complaint(row: Row, others: Sequence[Row]) -> DomainError | None:
    teacher = row.wish.resource.name
    if row.is_lost and row.can_choose:
        return NotFreeAnyMore(teacher=teacher)
    if not row.can_choose:
        return None
    if row.chosen is None:
        return NoTimeChosen(teacher=teacher)
    if _meets_any(row.chosen, [other.chosen for other in others if other.chosen]):
        words = {"time": i18n.moment(row.chosen.starts_at, row.zone), "teacher": teacher}
        is_at_once = any(row.chosen.is_with(other.chosen) for other in others if other.chosen)
        return TimeClash(**words) if is_at_once else TooClose(gap=row.chosen.gap, **words)
    try:
        refuse_other_kind(row.chosen, row.wish.pick.kind, teacher=teacher, zone=row.zone)
    except DomainError as error:
        return error
    return None


def _meets_any(time: Time, others: Iterable[Time]) -> bool:
    return any(time.overlaps(other) for other in others)
