"""Play rounds of racing attempts, and hold what the server answered against what it stored."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from races.audit import ask, wrongs
from races.crowd import Crowd
from races.families import BOOK, CANCEL, HOLD, LEAVE, MOVE, SETTLE, Attempt, Families, Stored
from races.plans import Plans
from races.senders import Answer, Senders
from sqlmodel import col, update

from webapp import clock
from webapp.models import Appointment

Told = list[tuple[Attempt, Answer]]
Rows = dict[int, Stored]
ORDERLY = {
    BOOK: {303, 409},
    SETTLE: {303, 409},
    CANCEL: {303, 409},
    MOVE: {303, 409, 422},  # a second move to the same place is refused as a form
    HOLD: {303, 409, 422},  # what cannot fit together is refused as a form
    LEAVE: {204, 404},  # what was booked or held anew meanwhile is there no more
}


@dataclass
class Storm:
    """`outcomes` counts the answers by deed and status, `fates` what became of holds that stood as a round began."""

    crowd: Crowd
    senders: Senders
    luck: random.Random = field(default_factory=random.Random)
    outcomes: Counter[tuple[str, int]] = field(default_factory=Counter)
    fates: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._families = Families(self.crowd, self.luck)
        self._plans = Plans(self._families)

    def play(self, attempts: int, *, each: int = 1000) -> None:
        """In rounds: a later one knows what the earlier ones booked and held, and cancels, moves and books it."""
        for begun in range(0, attempts, each):
            self.round(min(each, attempts - begun))

    def round(self, attempts: int) -> None:
        [[last]] = ask(self.crowd.running.url, "SELECT coalesce(max(id), 0) FROM appointment")
        before = self._families.appointments("cancelled_at IS NULL")
        plan = self._plans.plan(attempts, list(before.values()))
        self._run_out(plan.expired)
        answers = self.senders.race(self.crowd.running.port, [attempt.request for attempt in plan.attempts])
        told = list(zip(plan.attempts, answers, strict=True))
        self.outcomes.update((attempt.deed, answer.status) for attempt, answer in told)

        assert wrongs(self.crowd.running.url) == {}
        strange = Counter(_words(*one) for one in told if one[1].status not in ORDERLY[one[0].deed])
        assert not strange, strange
        touched = ",".join(map(str, before)) or "0"
        after = self._families.appointments(f"(id > {last} OR id IN ({touched}))")
        _compare_booked([row for row in after.values() if not row.is_held and not _was_booked(before, row)], told)
        _compare_old(before, after, told)
        self._compare_held(before, after, told)
        self.fates.update(_fate(after[row.id]) for row in before.values() if row.is_held)
        for contact in plan.silent:
            kept = [row for row in before.values() if row.is_held and row.contact_id == contact]
            assert [after[row.id] for row in kept] == kept  # whoever reads the form loses nothing

    def _run_out(self, held: Sequence[int]) -> None:
        """Their five minutes are over."""
        over = update(Appointment).where(col(Appointment.id).in_(held))
        with self.crowd.running.database.transaction() as db:
            db.execute(over.values(held_until=clock.now() - timedelta(seconds=1)))

    def _compare_held(self, before: Rows, after: Rows, told: Told) -> None:
        """Nobody holds what they did not ask for; a refused family may hold the next best time of the same teacher."""
        asked = {self._families.pair(what) for attempt, _ in told if attempt.deed == HOLD for what in attempt.makes}
        new = [row for row in after.values() if row.is_held and row.id not in before]
        assert {self._families.pair(row.what) for row in new} <= asked


def _words(attempt: Attempt, answer: Answer) -> str:
    return f"{attempt.deed}: {answer.status}"


def _was_booked(before: Rows, row: Stored) -> bool:
    return row.id in before and not before[row.id].is_held


def _fate(row: Stored) -> str:
    if row.is_held:
        return "still held" if row.is_standing else "let go"
    return "booked"


def _compare_booked(made: Iterable[Stored], told: Told) -> None:
    """What was acknowledged is stored and stands, and nothing else is: a refusal leaves no trace. Some of it is new,
    some was held before."""
    done = [(a, answer) for a, answer in told if a.deed in (BOOK, SETTLE) and answer.status == 303]
    booked = [(attempt, answer.location.rpartition("/")[2]) for attempt, answer in done]
    acts: dict[str, set[tuple[int, int, int]]] = {}
    for row in made:
        assert row.is_standing
        acts.setdefault(row.act, set()).add(row.what)

    assert acts == {act: attempt.makes for attempt, act in booked}
    assert len({attempt.key for attempt, _ in booked}) == len(acts)


def _compare_old(before: Rows, after: Rows, told: Told) -> None:
    """Cancelled where a cancellation was acknowledged; moved to where a move was; else as it was. What was held, and
    was let go or booked, was so where it is."""
    done = [attempt for attempt, answer in told if answer.status == 303]
    cancelled = {attempt.about for attempt in done if attempt.deed == CANCEL}
    for number, was in before.items():
        moved_to = {attempt.to for attempt in done if attempt.deed == MOVE and attempt.about == number}
        assert was.is_held or bool(after[number].is_standing) == (number not in cancelled)
        assert after[number].slot_id in (moved_to or {was.slot_id})
