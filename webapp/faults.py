"""Name the moments at which a crash must do no harm: tests end the process there with SIGKILL (RELIABILITY 2.8).

`CONFAB_FAULT_FILE` names a file, and the first process that passes the point whose name is written in it takes the
file away and kills its process group. Without the variable a point is a call of an empty function.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path


def _nothing(_name: str) -> None:
    """In production."""


def _killer(armed: Path) -> Callable[[str], None]:
    def point(name: str) -> None:
        try:
            if armed.read_text() != name:
                return
            armed.unlink()  # one of several that pass at once dies
        except FileNotFoundError:
            return
        os.killpg(0, signal.SIGKILL)

    return point


point: Callable[[str], None] = (
    _killer(Path(os.environ["CONFAB_FAULT_FILE"])) if "CONFAB_FAULT_FILE" in os.environ else _nothing
)
