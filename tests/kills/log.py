"""Keep what each client asked and was told, and hold it against what the database kept."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto

from races.families import BOOK, CANCEL, Attempt, Stored
from races.wire import Reply

Rows = dict[int, Stored]


class Effect(Enum):
    """What a request left in the database: nothing, all that it was to do, or something else."""

    NONE = auto()
    WHOLE = auto()
    TORN = auto()


@dataclass
class Entry:
    """One request. Without an answer nobody knows what became of it, and its client will send it again."""

    attempt: Attempt
    answer: Reply | None = None

    def __str__(self) -> str:
        return f"{self.attempt.deed} {sorted(self.attempt.makes) or self.attempt.about}:"

    @property
    def is_unknown(self) -> bool:
        return self.answer is None

    @property
    def is_done(self) -> bool:
        return self.answer is not None and self.answer.status == 303

    @property
    def location(self) -> str:
        return self.answer.header("location") if self.answer else ""

    @property
    def act(self) -> str:
        """Of an acknowledged booking."""
        return self.location.rpartition("/")[2]

    @property
    def is_orderly(self) -> bool:
        """Done, refused by a rule, asked to come back, or not answered."""
        if self.answer is None or self.answer.status in {303, 409}:
            return True
        return self.answer.status == 503 and bool(self.answer.header("retry-after"))


@dataclass(frozen=True)
class Change:
    """The appointments of a school before and after what a log tells of."""

    before: Rows
    after: Rows

    @property
    def settled(self) -> int:
        """How many holds have become bookings."""
        return sum(row.is_held and not self.after[row.id].is_held for row in self.before.values())

    def effect(self, entry: Entry) -> Effect:
        """Of a booking, a cancellation or a move."""
        if entry.attempt.deed == BOOK:
            return self._booked(entry)
        was, now = self.before[entry.attempt.about], self.after.get(entry.attempt.about)
        if now == was:
            return Effect.NONE
        return Effect.WHOLE if now and now == _changed(was, now, entry.attempt) else Effect.TORN

    def strange(self, log: Iterable[Entry]) -> Iterator[str]:
        """What nobody of this log asked for."""
        asked = [entry.attempt for entry in log]
        wanted = frozenset[tuple[int, int, int]]().union(*(attempt.makes for attempt in asked))
        touched = {attempt.about for attempt in asked}
        for row in self.after.values():
            if row.id not in self.before and row.what not in wanted:
                yield f"appointment {row.id}: nobody booked it"
        for row in self.before.values():
            now = self.after.get(row.id)
            if row.id not in touched and now != row and not (row.is_held and now and _has_ended(now, wanted)):
                yield f"appointment {row.id}: nobody asked to change it"

    def _booked(self, entry: Entry) -> Effect:
        """Each chosen time once, standing, in one act: the one that was told. It is new, or was held before."""
        rows = [row for row in self.after.values() if row.what in entry.attempt.makes and self._is_newly_booked(row)]
        if not rows:
            return Effect.NONE
        acts = {entry.act} if entry.is_done else {rows[0].act}
        is_whole = sorted(row.what for row in rows if row.is_standing) == sorted(entry.attempt.makes)
        return Effect.WHOLE if is_whole and {row.act for row in rows} == acts else Effect.TORN

    def _is_newly_booked(self, row: Stored) -> bool:
        return not row.is_held and (row.id not in self.before or self.before[row.id].is_held)


def _has_ended(hold: Stored, wanted: Collection[tuple[int, int, int]]) -> bool:
    """It was booked by whoever wanted it, or given up for another booking of its family."""
    return not hold.is_standing if hold.is_held else hold.what in wanted


def _changed(was: Stored, now: Stored, attempt: Attempt) -> Stored:
    """As it has to be; a move is a new act of booking."""
    if attempt.deed == CANCEL:
        return replace(was, is_standing=False)
    return replace(was, slot_id=attempt.to, act=now.act if now.act != was.act else "")


def complaint(entry: Entry, effect: Effect) -> str:
    """Empty where the database keeps what the client was told."""
    if not entry.is_orderly:
        return f"{entry} answered with {entry.answer and entry.answer.status}"
    if effect is Effect.TORN:
        return f"{entry} torn"
    if entry.is_done and effect is Effect.NONE:
        return f"{entry} acknowledged and lost"
    if not entry.is_done and not entry.is_unknown and effect is Effect.WHOLE:
        return f"{entry} refused and done"
    return ""
