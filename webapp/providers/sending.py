"""Tell whoever counts calls in which instant each of them is sent: a thread that has leave to call may be held up."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_teller: ContextVar[Callable[[], None] | None] = ContextVar("teller", default=None)


@contextmanager
def told_when_sent(tell: Callable[[], None]) -> Iterator[None]:
    """`tell` is called for each request that is sent meanwhile on behalf of this thread, maybe in another one."""
    former = _teller.set(tell)
    try:
        yield
    finally:
        _teller.reset(former)


def teller() -> Callable[[], None]:
    return _teller.get() or _nobody


def _nobody() -> None:
    """Most calls are counted by nobody."""
