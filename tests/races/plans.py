"""Plan a round of a storm: who looks, books, cancels and moves, and what becomes of the times that are held."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from races.families import BOOK, CANCEL, HOLD, LEAVE, MOVE, SETTLE, Attempt, Families, Stored

PAUSE = 32
"""So many requests of others come between the forms of step 2 and 3: as many as there are connections, so that the
second is sent once the first was answered."""
AWAY = 0.2
"""How many families hold times and never book them."""
TWICE = 0.1
"""One form in ten is sent twice, as by an impatient thumb."""


@dataclass
class Plan:
    """`silent` are contacts who hold times and only read, `expired` the holds (ids) that are over as it begins."""

    attempts: list[Attempt] = field(default_factory=list)
    silent: set[int] = field(default_factory=set)
    expired: list[int] = field(default_factory=list)


class Plans:
    """The rounds of a crowd."""

    def __init__(self, families: Families) -> None:
        self._families, self._luck = families, families.luck
        self._expired: set[int] = set()

    def plan(self, attempts: int, standing: Sequence[Stored]) -> Plan:
        """What stands is booked, or held since an earlier round."""
        plan = Plan()
        coming = deque((0, attempt) for attempt in self._go_on_with([r for r in standing if r.is_held], plan))
        self._families.silent = plan.silent
        booked = [row for row in standing if not row.is_held and row.contact_id not in plan.silent]
        while len(plan.attempts) < attempts:
            due = coming.popleft()[1] if coming and coming[0][0] <= len(plan.attempts) else None
            attempt, after = (due, None) if due else self._something(booked)
            plan.attempts += [attempt] * self._times(attempt)
            if after and self._luck.random() >= AWAY:
                coming.append((len(plan.attempts) - 1 + PAUSE, after))
        del plan.attempts[attempts:]
        return plan

    def _go_on_with(self, held: Sequence[Stored], plan: Plan) -> Iterator[Attempt]:
        """Each family books what it holds or leaves it, reads on, or has read for too long."""
        for contact, rows in groupby(sorted(held, key=lambda row: row.contact_id), key=lambda row: row.contact_id):
            mine, fate = list(rows), self._luck.choice([SETTLE, LEAVE, "read on", "too late"])
            if self._expired & {row.id for row in mine}:
                fate = "too late"  # in an earlier round, and nobody has come for it since
            if fate == SETTLE:
                yield self._families.settle(mine)
            elif fate == LEAVE:
                yield self._families.leave(mine)
            elif fate == "read on":
                plan.silent.add(contact)
            else:
                plan.expired += [row.id for row in mine]
                self._expired.update(plan.expired)

    def _something(self, booked: Sequence[Stored]) -> tuple[Attempt, Attempt | None]:
        """Half of those who book send the form of step 2 first; with it comes the form that they send after it."""
        deed = self._luck.choices([HOLD, BOOK, CANCEL, MOVE], [30, 30, 20, 20] if booked else [1, 1, 0, 0])[0]
        if deed == HOLD:
            return self._families.visit()
        if deed == BOOK:
            return self._families.booking(), None
        return self._families.change(deed, self._luck.choice(booked)), None

    def _times(self, attempt: Attempt) -> int:
        return 2 if attempt.deed not in (CANCEL, MOVE) and self._luck.random() < TWICE else 1
