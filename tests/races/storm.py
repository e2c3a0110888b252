"""Play rounds of racing attempts, and hold what the server answered against what it stored."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from races.audit import ask, wrongs
from races.crowd import Crowd, Parent
from races.senders import Answer, Senders

BOOK, CANCEL, MOVE = "book", "cancel", "move"
_ROWS = """
SELECT id, token, act, slot_id, contact_id, student_id, cancelled_at IS NULL AS is_standing FROM appointment
WHERE school_id = :school AND {which}
"""


@dataclass(frozen=True)
class Stored:
    """An appointment as its row says."""

    id: int
    token: str
    act: str
    slot_id: int
    contact_id: int
    student_id: int
    is_standing: bool

    @property
    def what(self) -> tuple[int, int, int]:
        return self.contact_id, self.student_id, self.slot_id


@dataclass(frozen=True)
class Attempt:
    """One request: the appointments (contact, student, slot) that it is to make, or the one it is to cancel or move,
    and where to."""

    deed: str
    request: str
    makes: frozenset[tuple[int, int, int]] = frozenset()
    about: int = 0
    to: int = 0
    key: str = ""


Told = list[tuple[Attempt, Answer]]


@dataclass
class Storm:
    """`outcomes` counts the answers by deed and status."""

    crowd: Crowd
    senders: Senders
    luck: random.Random = field(default_factory=random.Random)
    outcomes: Counter[tuple[str, int]] = field(default_factory=Counter)

    def play(self, attempts: int, *, each: int = 1000) -> None:
        """In rounds: a later one knows what the earlier ones booked, and cancels and moves it."""
        for begun in range(0, attempts, each):
            self.round(min(each, attempts - begun))

    def round(self, attempts: int) -> None:
        [[last]] = ask(self.crowd.running.url, "SELECT coalesce(max(id), 0) FROM appointment")
        before = self._rows("cancelled_at IS NULL")
        planned = self._plan(attempts, list(before.values()))
        answers = self.senders.race(self.crowd.running.port, [attempt.request for attempt in planned])
        told = list(zip(planned, answers, strict=True))
        self.outcomes.update((attempt.deed, answer.status) for attempt, answer in told)

        assert wrongs(self.crowd.running.url) == {}
        assert not [_words(attempt, answer) for attempt, answer in told if not _is_orderly(attempt, answer)]
        touched = ",".join(map(str, before)) or "0"
        after = self._rows(f"(id > {last} OR id IN ({touched}))")
        _compare_new([row for row in after.values() if row.id not in before], told)
        _compare_old(before, after, told)

    def _rows(self, which: str) -> dict[int, Stored]:
        rows = ask(self.crowd.running.url, _ROWS.format(which=which), school=self.crowd.school_id)
        return {row.id: Stored(*row) for row in rows}

    def _plan(self, attempts: int, standing: list[Stored]) -> list[Attempt]:
        planned: list[Attempt] = []
        while len(planned) < attempts:
            deed = self.luck.choices([BOOK, CANCEL, MOVE], [70, 15, 15])[0] if standing else BOOK
            attempt = self._booking() if deed == BOOK else self._change(deed, self.luck.choice(standing))
            # One form in ten is sent twice, as by an impatient thumb.
            planned += [attempt] * (2 if deed == BOOK and self.luck.random() < 0.1 else 1)
        return planned[:attempts]

    def _booking(self) -> Attempt:
        parent = self.luck.choice(self.crowd.parents)
        teachers = self.luck.sample(self.crowd.teachers, self.luck.choices([1, 2], [80, 20])[0])
        wanted = [(self.luck.choice(parent.children), teacher, self.luck.choice(teacher.slots)) for teacher in teachers]
        makes = frozenset((parent.contact.id or 0, child.id or 0, slot.id or 0) for child, _, slot in wanted)
        key = self.crowd.key()
        return Attempt(BOOK, self.crowd.book(parent, wanted, key=key), makes=makes, key=key)

    def _change(self, deed: str, about: Stored) -> Attempt:
        parent = self._parent(about)
        if deed == CANCEL:
            return Attempt(CANCEL, self.crowd.cancel(parent, about.token), about=about.id)
        slots = next(t.slots for t in self.crowd.teachers if about.slot_id in {slot.id for slot in t.slots})
        to = self.luck.choice([slot for slot in slots if slot.id != about.slot_id])
        return Attempt(MOVE, self.crowd.move(parent, about.token, to), about=about.id, to=to.id or 0)

    def _parent(self, about: Stored) -> Parent:
        return next(parent for parent in self.crowd.parents if parent.contact.id == about.contact_id)


def _is_orderly(attempt: Attempt, answer: Answer) -> bool:
    """Done, refused by a rule, or asked to come back. A second move to the same place is refused as a form."""
    expected = {303, 409} | ({422} if attempt.deed == MOVE else set())
    return answer.status in expected or (answer.status == 503 and bool(answer.retry_after))


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
