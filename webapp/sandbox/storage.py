"""Keep a file equal to the newest state: replaced whole or not at all, one write for all who wait for it."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any


def replace_bytes(path: Path, content: bytes) -> None:
    """Readers see the old content or the new one, also when the process dies in between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_bytes(content)
    fresh.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise TypeError(f"{path.name} does not hold a JSON object")
    return content


class StateFile:
    """A file behind a state that counts its versions; without a path it does nothing."""

    def __init__(self, path: Path | None, snapshot: Callable[[], tuple[int, str]]) -> None:
        self._path = path
        self._snapshot = snapshot
        self._writing = threading.Lock()
        self._saved = 0

    def read(self) -> dict[str, Any] | None:
        return None if self._path is None else read_json(self._path)

    def save(self, version: int) -> None:
        """Return once `version` or a later one is in the file."""
        if self._path is None:
            return
        with self._writing:
            if self._saved < version:
                newest, text = self._snapshot()
                replace_bytes(self._path, text.encode())
                self._saved = newest
