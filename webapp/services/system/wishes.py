"""Bring what stands at a provider in line with our wish for it: what meetings and calendar entries have in common."""

import enum
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlmodel import Session

from webapp.db import wake
from webapp.errors import ProviderError
from webapp.models.system.wished import ABSENT, Wished
from webapp.services.system.errand import ASK_AGAIN_AFTER, failed, no_problem

OPERATORS = frozenset({"invalid_client", "not_enabled"})
"""Refusals that only whoever runs the installation can mend, and nothing tells us when: they are asked again all the
same, so that what they held up comes by itself."""

Store = Callable[[Session, datetime], object]
"""What to do in the transaction after a call."""

StoreFailure = Callable[[Session, ProviderError, datetime], object]


class Step(enum.Enum):
    """What the job does with the outside."""

    MAKE = enum.auto()
    CHANGE = enum.auto()
    REMOVE = enum.auto()
    LOOK_UP = enum.auto()  # an earlier call may have arrived: ask for what carries our mark first
    WAIT = enum.auto()  # others have taken what may be called in these seconds: decide again
    NOTHING = enum.auto()

    @property
    def leaves_trace(self) -> bool:
        """Whether a call that comes late would undo what a later one told."""
        return self in {Step.MAKE, Step.CHANGE}


def make_due(session: Session, row: Wished, topic: str, *, now: datetime) -> None:
    """Whoever works on it now writes nothing any more."""
    if row.remote_id is None and row.due_at is None:
        row.wished_at = now  # a wait that begins once its cause is gone is not yet a long one (R27)
    for name, value in {"due_at": now, "claim": None, "attempts": 0, **no_problem()}.items():
        setattr(row, name, value)
    wake(session, topic)


def may_try(row: Wished, *, blocked: dict[str, str], reason: str | None, retry: bool) -> bool:
    """Whether it is neither being worked on, nor waiting for its next try, nor given up for a cause that stays.
    `blocked` are the causes that are known without a call, by code; `reason` is the one that holds now, if any."""
    is_idle = row.due_at is None and row.problem is None
    is_free = row.problem is not None and row.problem == blocked.get(row.problem_code)
    return row.claim is None and (retry or is_idle or (is_free and row.problem_code != reason))


def as_blocked(words: str, code: str, *, now: datetime) -> dict[str, Any]:
    """The columns of a row that waits for somebody to mend what `words` say."""
    return {**no_problem(), "problem": words, "problem_code": code, "problem_at": now}


def block(row: Wished, words: str, code: str, *, now: datetime) -> None:
    if row.problem == words:
        return
    for name, value in {"due_at": None, "claim": None, **as_blocked(words, code, now=now)}.items():
        setattr(row, name, value)


def retire(session: Session, row: Wished, topic: str, *, now: datetime) -> None:
    """A row is never wished back: a wish that returns is a new row, so that a late removal cannot hit it."""
    row.wish = ABSENT
    row.replaced_at = row.replaced_at or now
    if not row.is_under_way:
        for name, value in {"gone_at": now, "due_at": None, "claim": None, **no_problem()}.items():
            setattr(row, name, value)
        return
    make_due(session, row, topic, now=now)


def after_failure(row: Wished, step: Step, error: ProviderError, *, now: datetime) -> dict[str, Any]:
    """The columns of a row whose call failed. A clear refusal removes the stamp. An unknown outcome keeps it until the
    quarantine is over; so does a look-up that failed, which says nothing of the call that it was about."""
    columns = failed(error, attempts=row.attempts, now=now)
    if error.arrived:
        columns["due_at"] = columns["due_at"] or now
    elif step.leaves_trace:
        columns["attempt_at"] = None
    if row.wish == ABSENT or error.code in OPERATORS:
        columns["due_at"] = columns["due_at"] or now + ASK_AGAIN_AFTER
    return columns


def parked(row: Wished, problem: ProviderError, *, now: datetime) -> dict[str, Any]:
    """No call was made, so none is counted as a try."""
    return failed(problem, attempts=0, now=now) | {"due_at": problem.after, "attempts": max(0, row.attempts - 1)}


def given_up(row: Wished, error: ProviderError, *, now: datetime) -> dict[str, Any]:
    """Without a call. What is to be made goes on when its cause is gone; what is to be removed has to ask by itself."""
    due_at = now + ASK_AGAIN_AFTER if row.wish == ABSENT else None
    return failed(error, attempts=0, now=now) | {"due_at": due_at}
