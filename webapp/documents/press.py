"""Print documents in a process of their own, with limits: one that never ends, or eats memory, harms no server."""

import multiprocessing
import threading
from concurrent.futures import Future, ProcessPoolExecutor

from webapp.documents.paper import LONGEST, Unprintable, pdf_of_html

AFTER = 500
"""So many documents a process prints before another takes its place."""
MEMORY = 500 * 1024 * 1024


class Press:
    """With `processes` of 0 it prints within the caller's own process, as tests do."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    def print(self, html: str) -> bytes:
        """Raises Unprintable, within LONGEST and a little."""
        if self._processes == 0:
            return pdf_of_html(html)
        pool = self._open()
        printing = pool.submit(pdf_of_html, html)
        error = self._error_of(printing)
        if error is None:
            return printing.result()
        if not isinstance(error, Unprintable):
            # Too slow, killed by its limits, or odd input: a fresh process prints what comes next.
            self._close(pool)
        reason = error.values["reason"] if isinstance(error, Unprintable) else type(error).__name__
        raise Unprintable(reason=reason) from error

    def close(self) -> None:
        if self._pool is not None:
            self._close(self._pool)

    def _error_of(self, printing: "Future[bytes]") -> BaseException | None:
        try:
            return printing.exception(timeout=LONGEST + 5)
        except TimeoutError as error:
            return error

    def _open(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    self._processes,
                    mp_context=multiprocessing.get_context("spawn"),
                    initializer=limit,
                    max_tasks_per_child=AFTER,
                )
            return self._pool

    def _close(self, pool: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is pool:
                self._pool = None
        workers = list((getattr(pool, "_processes", None) or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.kill()


def limit() -> None:
    """For the process that prints: bounded memory, where the system can bound it, and the lowest priority."""
    try:
        import resource
    except ImportError:  # Windows
        return
    import os

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    os.nice(10)
