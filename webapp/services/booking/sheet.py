"""Hold what a family sees of the teachers that it chose: times, what is chosen, and what still keeps it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from webapp import i18n
from webapp.errors import N_, DomainError, Invalid
from webapp.models.event.slot import CALL, EITHER, IN_PERSON, VIRTUAL
from webapp.services.booking.choices import Wish
from webapp.services.booking.confirm import stamp
from webapp.services.booking.errors import TimeClash, TooClose, WrongKind
from webapp.services.booking.timetable import DAY_FULL, TOO_CLOSE, YOURS, Time


class NotFreeAnyMore(DomainError):
    message = N_("The time that you chose with %(teacher)s is not free any more. Choose another time.")


class NextBest(NotFreeAnyMore):
    """The family is offered another one."""

    message = N_("The time that you chose with %(teacher)s is not free any more. The next best is %(time)s.")


class NoTimeChosen(Invalid):
    message = N_("Choose a time with %(teacher)s.")


class Option(NamedTuple):
    """One time to choose; `clash` says why it cannot be. `is_hurried` where there is little time to walk there."""

    time: Time
    clash: str | None
    is_hurried: bool = False


@dataclass(frozen=True)
class Options:
    """The times of one teacher to choose from."""

    zone: str
    options: list[Option]

    @property
    def days(self) -> list[tuple[date, list[Option]]]:
        by_day = groupby(self.options, key=lambda option: option.time.day)
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


class Hold(NamedTuple):
    """By which act the family holds something, and until when."""

    act: str
    until: datetime


@dataclass(frozen=True)
class Row(Options):
    """One teacher for one child. `chosen` is a time that is free as the page is made, also where it stands for one that
    `is_lost`. The family `has_some` appointment with the teacher, or `is_booked`: has all it may,
    though it `is_unseen`, since the office made it and has not confirmed it; `limit` is a rule of
    the event by which it can have no more; `hold` stands while it is theirs."""

    wish: Wish
    chosen: Time | None
    is_lost: bool
    is_booked: bool
    is_unseen: bool = False
    has_some: bool = False
    limit: DomainError | None = None
    hold: Hold | None = None

    @property
    def can_choose(self) -> bool:
        return self.is_any_free and not self.is_booked and self.limit is None

    @property
    def is_gone(self) -> bool:
        """What was chosen is lost, and not for anything that is shown of it."""
        return self.is_lost and all(option.time.token != self.wish.pick.slot for option in self.options)

    @property
    def has_full_days(self) -> bool:
        return any(option.clash == DAY_FULL for option in self.options)

    @property
    def is_hurried(self) -> bool:
        """Though little time is left to walk there, or from there, it can be had."""
        taken = self.chosen.token if self.chosen else None
        return any(option.is_hurried for option in self.options if option.time.token == taken)

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
    def moment(self) -> str:
        """Of the chosen time, in words."""
        return i18n.moment(self.chosen.starts_at, self.zone) if self.chosen else ""

    @property
    def stamp(self) -> str:
        """The chosen time as the family sees it now."""
        return stamp(self.chosen.token, self.chosen.starts_at, self.chosen.kind) if self.chosen else ""


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


def hold_of(rows: Sequence[Row]) -> Hold | None:
    """Of all that is chosen, where all of it is held by one act: until the first of it is not."""
    holds = [row.hold for row in rows if row.hold]
    if len(holds) < len(rows) or len({hold.act for hold in holds}) != 1:
        return None
    return min(holds, key=lambda hold: hold.until)


def rows_by_day(rows: Sequence[Row]) -> list[tuple[date, list[Row]]]:
    """Of rows in order of time."""
    timed = groupby((row for row in rows if row.chosen), key=_day)
    return [(day, list(of_day)) for day, of_day in timed]


def options_of(
    times: Sequence[Time], chosen: Time | None = None, others: Sequence[Time] = (), had: Sequence[Time] = ()
) -> list[Option]:
    """`others` are chosen too; from what the family has (`had`) there is a way to walk."""
    if not (walked := [*others, *had]):
        return [Option(time, time.clash) for time in times]
    first = min(time.starts_at - time.farthest for time in walked)
    last = max(time.ends_at + time.farthest for time in walked)
    is_near = [first < time.ends_at and time.starts_at < last for time in times]
    return [
        _option(time, chosen, others, walked) if near else Option(time, time.clash)
        for time, near in zip(times, is_near, strict=True)
    ]


def refuse_other_kind(time: Time, kind: str, *, teacher: str, zone: str) -> None:
    """Raises WrongKind where the family has to say how to meet, Invalid where a time is not of the kind they want."""
    words = {"time": i18n.moment(time.starts_at, zone), "teacher": teacher}
    if time.kind == EITHER and not kind:
        raise WrongKind(teacher=teacher)
    if time.kind == IN_PERSON and kind == VIRTUAL:
        raise Invalid(N_("%(time)s with %(teacher)s is in person only. Choose another time, or in person."), **words)
    if time.kind == VIRTUAL and kind == IN_PERSON:
        raise Invalid(N_("%(time)s with %(teacher)s is online only. Choose another time, or online."), **words)


def _option(time: Time, chosen: Time | None, others: Sequence[Time], walked: Sequence[Time]) -> Option:
    clash = None if chosen and time.token == chosen.token else _clash(time, others)
    return Option(time, clash, clash is None and any(time.is_hurried(other) for other in walked))


def _clash(time: Time, others: Sequence[Time]) -> str | None:
    if time.clash or not _meets_any(time, others):
        return time.clash
    return YOURS if any(time.is_with(other) for other in others) else TOO_CLOSE


def _day(row: Row) -> date:
    assert row.chosen is not None
    return row.chosen.day


def _complaint(row: Row, others: Sequence[Row]) -> DomainError | None:
    teacher = row.wish.resource.name
    if row.is_lost and row.can_choose:
        return NextBest(teacher=teacher, time=row.moment) if row.chosen else NotFreeAnyMore(teacher=teacher)
    if not row.can_choose:
        return None
    if row.chosen is None:
        return NoTimeChosen(teacher=teacher)
    if _meets_any(row.chosen, [other.chosen for other in others if other.chosen]):
        words = {"time": row.moment, "teacher": teacher}
        is_at_once = any(row.chosen.is_with(other.chosen) for other in others if other.chosen)
        return TimeClash(**words) if is_at_once else TooClose(gap=row.chosen.gap, **words)
    try:
        refuse_other_kind(row.chosen, row.wish.pick.kind, teacher=teacher, zone=row.zone)
    except DomainError as error:
        return error
    return None


def _meets_any(time: Time, others: Iterable[Time]) -> bool:
    return any(time.overlaps(other) for other in others)
