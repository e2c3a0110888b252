"""Claim due rows, decide and store what becomes of several of them in one transaction, and call at each place for one
after the other."""

import math
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar

from flask import Flask

from jobs.batch import MOST_ROUNDS, Claiming, contained
from webapp import clock, faults
from webapp.context import database
from webapp.models.system.errand import Errand
from webapp.services.system.errand import Claim, is_any_due
from webapp.services.system.installation import hold_of

LOOK_AGAIN = 1.0
"""Seconds without an answer after which it is looked, by a read, whether more is due, while there is room for it: one
calendar that hangs keeps nobody else waiting."""


class Claimed(Protocol):
    @property
    def claim(self) -> Claim: ...


class Planned(Claimed, Protocol):
    """A step has to begin by a monotonic time; at one place one is taken after the other."""

    @property
    def place(self) -> Hashable: ...

    @property
    def by(self) -> float: ...


Step = TypeVar("Step", bound=Planned)
Answer = TypeVar("Answer", bound=Claimed)


@dataclass(frozen=True)
class Rounds(Generic[Step, Answer]):
    """What is done with rows of one kind. `claim` is told how many places; `decide` and `store` get a session, and
    all claims or answers of a round. `calling` gives, for the first step of a turn, how each of them is called, with no
    transaction open; None says that there is nothing to store.
    `put_back` answers for a step that was not begun because of one before it at its place. `gather` is for how many
    seconds an answer waits for others, to be stored with them, and `soon` for how many a place waits for its next turn.
    `storing_point` and `stored_point` name the moments before and after the commit (webapp/faults.py)."""

    table: type[Errand]
    claim: Claiming
    decide: Callable[..., Sequence[Step]]
    calling: Callable[[Step], Callable[[Step], Answer | None]]
    put_back: Callable[[Step], Answer]
    store: Callable[..., None]
    gather: float
    soon: float
    storing_point: str
    stored_point: str = ""


def drain_in_rounds(app: Flask, work: Rounds[Step, Answer], *, at_once: int) -> int:
    """As `batch.drain`: claim and run due rows, at `at_once` places side by side, until none is due or the installation
    is put on hold. Returns how many were run."""
    ran = running = 0
    answers: list[Answer] = []
    back: SimpleQueue[Answer | None] = SimpleQueue()
    with ThreadPoolExecutor(at_once) as pool:
        for _ in range(MOST_ROUNDS * at_once):
            with app.app_context():
                claims = _store_and_claim(work, answers, at_once - running)
                turns = _decided(work, claims)
            if not claims and not answers and not running:
                break
            for turn in turns:
                pool.submit(_take, app, work, turn, back)
            ran += len(claims)
            running += len(turns)
            patience = LOOK_AGAIN if running < at_once else None
            answers, ended = _gathered(work, back, running, patience)
            running -= ended
    return ran


def _store_and_claim(work: Rounds[Step, Answer], answers: Sequence[Answer], room: int) -> list[Claim]:
    """In one transaction, for what is stored makes room at its place. Looking takes no writer's turn."""
    with database().reading() as session:
        may_claim = room > 0 and is_any_due(session, work.table, now=clock.now()) and not hold_of(session)
    of_claim = {answer.claim: answer for answer in answers}

    def store_and_claim(claims: Sequence[Claim]) -> list[Claim]:
        with database().transaction() as session:
            if claims:
                work.store(session, [of_claim[claim] for claim in claims])
                faults.point(work.storing_point)
            is_whole = len(claims) == len(of_claim)
            return work.claim(session, work.table, now=clock.now(), limit=room) if may_claim and is_whole else []

    if not of_claim:
        return store_and_claim(()) if may_claim else []
    claimed = contained(work.table, list(of_claim), store_and_claim)
    faults.point(work.stored_point)
    return claimed


def _decided(work: Rounds[Step, Answer], claims: Sequence[Claim]) -> list[list[Step]]:
    """By place."""

    def decide(claims: Sequence[Claim]) -> list[Step]:
        faults.point("job.claimed")
        with database().transaction() as session:
            return list(work.decide(session, claims))

    steps = contained(work.table, claims, decide) if claims else []
    turns: dict[Hashable, list[Step]] = {}
    for step in steps:
        turns.setdefault(step.place, []).append(step)
    return list(turns.values())


def _take(app: Flask, work: Rounds[Step, Answer], turn: Sequence[Step], back: "SimpleQueue[Answer | None]") -> None:
    """After a failure, or too late, the rest is left for another turn. None is its end."""
    try:
        with app.app_context():
            goes_on, calling = True, cache(partial(work.calling, turn[0]))
            for nth, step in enumerate(turn):
                goes_on = goes_on and (nth == 0 or time.monotonic() < step.by)
                answer = _called(work.table, calling, step) if goes_on else work.put_back(step)
                goes_on = goes_on and answer is not None
                if answer is not None:
                    back.put(answer)
    finally:
        back.put(None)


def _called(table: type[Errand], calling: Callable[[], Callable[[Step], Answer | None]], step: Step) -> Answer | None:
    """What cannot even be prepared is a fault of its row, too."""
    answered = contained(table, [step.claim], lambda _: [calling()(step)])
    return answered[0] if answered else None


def _gathered(
    work: Rounds[Step, Answer], back: "SimpleQueue[Answer | None]", running: int, patience: float | None
) -> tuple[list[Answer], int]:
    """What has come back, and how many turns have ended; nothing where no answer came within the seconds of `patience`.
    Nobody waits where nothing more is under way."""
    answers: list[Answer] = []
    ended, until = 0, math.inf
    while ended < running:
        try:
            answer = back.get(timeout=patience if until == math.inf else max(0.0, until - time.monotonic()))
        except Empty:
            break
        if answer is None:
            ended += 1
        else:
            answers.append(answer)
        until = min(until, time.monotonic() + (work.soon if answer is None else work.gather))
    return answers, ended
