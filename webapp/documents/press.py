"""Print documents in a process of their own, with limits: one that never ends, or eats memory, harms no server."""

import multiprocessing
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

from webapp.documents.paper import LONGEST, Unprintable, joined, pdf_of_html
from webapp.documents.slips import Slips, slips_pdf

AFTER = 500
"""So many documents a process prints before another takes its place."""
MEMORY = 500 * 1024 * 1024

Task = Callable[[Any], bytes]


class Press:
    """With `processes` of 0 it prints within the caller's own process, as tests do."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None
        self._given = 0
        self._lock = threading.Lock()

    def print(self, html: str) -> bytes:
        """Raises Unprintable, within LONGEST and a little."""
        return self._run(pdf_of_html, html)

    def print_slips(self, wanted: Slips) -> bytes:
        """Raises Unprintable. Thousands take some seconds."""
        return self._run(slips_pdf, wanted)

    def print_together(self, pages: Sequence[str]) -> bytes:
        """Documents as one file, each from a new page on. Raises Unprintable."""
        if len(pages) == 1:
            return self.print(pages[0])
        with ThreadPoolExecutor(max(1, self._processes)) as at_once:
            return self._run(joined, list(at_once.map(self.print, pages)))

    def _run(self, task: Task, about: Any) -> bytes:
        if self._processes == 0:
            return task(about)
        printed, error = self._result(*self._give(task, about))
        if isinstance(error, (BrokenExecutor, CancelledError)):
            # This document, or another one, ended the process: alone it will be seen which.
            alone = _pool(1)
            printed, error = self._result(alone, alone.submit(task, about))
            self._close(alone)
        if error is None:
            return printed
        reason = error.values["reason"] if isinstance(error, Unprintable) else type(error).__name__
        raise Unprintable(reason=reason) from error

    def _give(self, task: Task, about: Any) -> tuple[ProcessPoolExecutor, "Future[bytes]"]:
        """A pool that has printed its share makes way. By `max_tasks_per_child` it could end its last process and
        start none (CPython 115634)."""
        with self._lock:
            self._given += 1
            if self._pool is not None and self._given > AFTER * self._processes:
                self._pool.shutdown(wait=False)  # once it has printed what it was given
                self._pool = None
            if self._pool is None:
                self._pool, self._given = _pool(self._processes), 1
            try:
                return self._pool, self._pool.submit(task, about)
            except BrokenExecutor:
                self._pool, self._given = _pool(self._processes), 1
                return self._pool, self._pool.submit(task, about)

    def _result(self, pool: ProcessPoolExecutor, printing: "Future[bytes]") -> tuple[bytes, BaseException | None]:
        try:
            error = printing.exception(timeout=LONGEST + 5)
        except (TimeoutError, CancelledError) as trouble:
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

    def _close(self, pool: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is pool:
                self._pool = None
        workers = list((getattr(pool, "_processes", None) or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.kill()


def _pool(processes: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"), initializer=limit)


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
