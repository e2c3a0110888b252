"""Play rounds of racing attempts, and hold what the server answered against what it stored."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from races.audit import ask, wrongs
from races.crowd import Crowd
from races.families import BOOK, CANCEL, MOVE, Attempt, Families, Stored
from races.senders import Answer, Senders

Told = list[tuple[Attempt, Answer]]


@dataclass
class Storm:
    """`outcomes` counts the answers by deed and status."""

    crowd: Crowd
    senders: Senders
    luck: random.Random = field(default_factory=random.Random)
    outcomes: Counter[tuple[str, int]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._families = Families(self.crowd, self.luck)

    def play(self, attempts: int, *, each: int = 1000) -> None:
        """In rounds: a later one knows what the earlier ones booked, and cancels and moves it."""
        for begun in range(0, attempts, each):
            self.round(min(each, attempts - begun))

    def round(self, attempts: int) -> None:
        [[last]] = ask(self.crowd.running.url, "SELECT coalesce(max(id), 0) FROM appointment")
        before = self._families.appointments("cancelled_at IS NULL")
        planned = self._plan(attempts, list(before.values()))
        answers = self.senders.race(self.crowd.running.port, [attempt.request for attempt in planned])
        told = list(zip(planned, answers, strict=True))
        self.outcomes.update((attempt.deed, answer.status) for attempt, answer in told)

        assert wrongs(self.crowd.running.url) == {}
        assert not [_words(attempt, answer) for attempt, answer in told if not _is_orderly(attempt, answer)]
        touched = ",".join(map(str, before)) or "0"
        after = self._families.appointments(f"(id > {last} OR id IN ({touched}))")
        _compare_new([row for row in after.values() if row.id not in before], told)
        _compare_old(before, after, told)

    def _plan(self, attempts: int, standing: list[Stored]) -> list[Attempt]:
        planned: list[Attempt] = []
        while len(planned) < attempts:
            deed = self.luck.choices([BOOK, CANCEL, MOVE], [70, 15, 15])[0] if standing else BOOK
            if deed == BOOK:
                attempt = self._families.booking()
            else:
                attempt = self._families.change(deed, self.luck.choice(standing))
            # One form in ten is sent twice, as by an impatient thumb.
            planned += [attempt] * (2 if deed == BOOK and self.luck.random() < 0.1 else 1)
        return planned[:attempts]


def _is_orderly(attempt: Attempt, answer: Answer) -> bool:
    """Done, or refused by a rule. A second move to the same place is refused as a form."""
    return answer.status in {303, 409} | ({422} if attempt.deed == MOVE else set())


def _words(attempt: Attempt, answer: Answer) -> str:
    return f"{attempt.deed}: {answer.status}"


def _compare_new(made: Sequence[Stored], told: Told) -> None:
    """What was acknowledged is stored and stands, and nothing else is: a refusal leaves no trace."""
    booked = [(a, answer.location.rpartition("/")[2]) for a, answer in told if a.deed == BOOK and answer.status == 303]
    acts: dict[str, set[tuple[int, int, int]]] = {}
    for row in made:
        acts.setdefault(row.act, set()).add(row.what)

    assert acts == {act: attempt.makes for attempt, act in booked}
    assert all(row.is_standing for row in made)
    assert len({attempt.key for attempt, _ in booked}) == len(acts)


def _compare_old(before: dict[int, Stored], after: dict[int, Stored], told: Told) -> None:
    """Cancelled where a cancellation was acknowledged; moved to where a move was; else as it was."""
    done = [attempt for attempt, answer in told if answer.status == 303]
    cancelled = {attempt.about for attempt in done if attempt.deed == CANCEL}
    for number, was in before.items():
        moved_to = {attempt.to for attempt in done if attempt.deed == MOVE and attempt.about == number}
        assert bool(after[number].is_standing) == (number not in cancelled)
        assert after[number].slot_id in (moved_to or {was.slot_id})
