"""Keep two workers running of whom one dies at the point that is armed (webapp/faults.py)."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from typing import Any, Self

_TESTS = Path(__file__).parents[1]
NUMBER = 2


class Workers:
    """Each is alone in its process group, and runs the job of this topic. Use it in a `with` block."""

    def __init__(self, environment: dict[str, str], folder: Path, *, job: str = "meeting") -> None:
        self._job = job
        self._armed = folder / "armed"
        self._log = folder / "workers.log"
        self._environment = environment | {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{_TESTS.parent}{os.pathsep}{_TESTS}",
            "CONFAB_FAULT_FILE": str(self._armed),
        }
        self._running: set[int] = set()
        self._begun: Queue[int] = Queue()
        self._ended: Queue[tuple[int, int]] = Queue()

    @property
    def log(self) -> str:
        return self._log.read_text()

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "kills.zoom_worker", self._job]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with self._log.open("w") as log:
            self._parent = subprocess.Popen(command, env=self._environment, stderr=log, **pipes)
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        self.restart()
        return self

    def __exit__(self, *_: object) -> None:
        self._parent.stdin.close()
        self._listener.join()
        self._parent.stdout.close()
        self._parent.wait(20)

    def restart(self) -> None:
        """So many as have died."""
        while len(self._running) < NUMBER:
            print(file=self._parent.stdin, flush=True)
            self._running.add(self._begun.get(timeout=60))

    def arm(self, point: str) -> None:
        fresh = self._armed.with_suffix(".new")
        fresh.write_text(point)
        fresh.replace(self._armed)

    def has_one_died(self, *, within: float) -> bool:
        """At the armed point: whoever ends in another way is a fault of the test or of the code."""
        try:
            pid, code = self._ended.get(timeout=within)
        except Empty:
            return False
        self._bury(pid, code)
        assert not self._armed.exists(), self.log[-3000:]
        return True

    def kill_all(self) -> None:
        """Wherever they are."""
        for pid in self._running:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while self._running:
            self._bury(*self._ended.get(timeout=20))

    def _listen(self) -> None:
        for line in self._parent.stdout:
            pid, *code = map(int, line.split())
            if code:
                self._ended.put((pid, code[0]))
            else:
                self._begun.put(pid)

    def _bury(self, pid: int, code: int) -> None:
        self._running.remove(pid)
        assert code == -signal.SIGKILL, self.log[-3000:]
