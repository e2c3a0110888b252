"""Call the outside with no transaction open, and store what came of it in one of its own."""

from collections.abc import Callable, Hashable
from typing import TypeVar

from flask import current_app

from jobs.circuit import Circuit
from webapp import clock, faults
from webapp.context import database
from webapp.errors import ProviderError
from webapp.services.system.wishes import Store, StoreFailure

Answer = TypeVar("Answer")


def call_through(
    call: Callable[[], Answer], store_failure: StoreFailure, *, line: Hashable, part: Hashable = None
) -> Answer | None:
    """What the call brought, or None where it failed, which is stored then. `line` is what is in trouble, or not, as
    one; `part` what may be so by itself."""
    try:
        answer = call()
    except ProviderError as error:
        circuit().note(line, error, part=part, now=clock.now())
        with database().transaction() as session:
            store_failure(session, error, clock.now())
        return None
    circuit().note(line, None, part=part, now=clock.now())
    return answer


def carry_through(
    call: Callable[[], Store], store_failure: StoreFailure, *, line: Hashable, part: Hashable = None, point: str
) -> bool:
    """Whether it succeeded. `point` names the moment before the commit (webapp/faults.py)."""
    store = call_through(call, store_failure, line=line, part=part)
    if store is None:
        return False
    with database().transaction() as session:
        store(session, clock.now())
        faults.point(point)
    return True


def circuit() -> Circuit:
    """Of this process."""
    known: Circuit = current_app.extensions.setdefault("jobs.circuit", Circuit())
    return known
