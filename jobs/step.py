"""Call the outside with no transaction open, and store what came of it in one of its own."""

from collections.abc import Callable, Hashable

from flask import current_app

from jobs.circuit import Circuit
from webapp import clock, faults
from webapp.context import database
from webapp.errors import ProviderError
from webapp.services.system.wishes import Store, StoreFailure


def carry_through(call: Callable[[], Store], store_failure: StoreFailure, *, line: Hashable, point: str) -> bool:
    """Whether it succeeded. `line` is what is in trouble, or not, as one; `point` names the moment before the commit
    (webapp/faults.py)."""
    try:
        store = call()
    except ProviderError as error:
        circuit().note(line, error, now=clock.now())
        with database().transaction() as session:
            store_failure(session, error, clock.now())
        return False
    circuit().note(line, None, now=clock.now())
    with database().transaction() as session:
        store(session, clock.now())
        faults.point(point)
    return True


def circuit() -> Circuit:
    """Of this process."""
    known: Circuit = current_app.extensions.setdefault("jobs.circuit", Circuit())
    return known
