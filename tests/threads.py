"""Run work side by side, begun at the same moment."""

import threading
from collections.abc import Callable

from webapp.errors import DomainError


def at_once(*works: Callable[[], object]) -> list[object]:
    """What each came to, in their order: a result, or the DomainError with which it was refused."""
    came: list[object] = [None] * len(works)
    ready = threading.Barrier(len(works))

    def run(n: int) -> None:
        ready.wait(10)
        try:
            came[n] = works[n]()
        except DomainError as error:
            came[n] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return came
