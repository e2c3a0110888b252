"""Print documents in a process of their own, with limits: one that never ends, or eats memory, harms no server."""

import multiprocessing
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

from webapp.documents.paper import LONGEST, Unprintable, joined, pdf_of_html

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
        return self._run(pdf_of_html, html)

    def print_together(self, pages: Sequence[str]) -> bytes:
        """Documents as one file, each from a new page on. Raises Unprintable."""
        if len(pages) == 1:
            return self.print(pages[0])
        with ThreadPoolExecutor(max(1, self._processes)) as at_once:
            return self._run(joined, list(at_once.map(self.print, pages)))

    def _run(self, task: Callable[[Any], bytes], about: Any) -> bytes:
        if self._processes == 0:
            return task(about)
        printed, error = self._try(task, about)
        if isinstance(error, (BrokenExecutor, CancelledError)):
            # Another document ended the process in which this one was being printed, or waited for it.
            printed, error = self._try(task, about)
        if error is None:
            return printed
        reason = error.values["reason"] if isinstance(error, Unprintable) else type(error).__name__
        raise Unprintable(reason=reason) from error

    def _try(self, task: Callable[[Any], bytes], about: Any) -> tuple[bytes, BaseException | None]:
        pool = self._open()
        try:
            printing = pool.submit(task, about)
            error = printing.exception(timeout=LONGEST + 5)
        except (TimeoutError, BrokenExecutor, CancelledError) as trouble:
            error = trouble
        if error is None:
            return printing.result(), None
        if not isinstance(error, Unprintable):
            # Too slow, killed by its limits, or odd input: a fresh process prints what comes next.
            self._close(pool)
        return b"", error

    def close(self) -> None:
        if self._pool is not None:
            self._close(self._pool)

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
