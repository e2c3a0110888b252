"""Race requests from several processes at once, and bring the answers back in order."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

_TESTS = Path(__file__).parents[1]


@dataclass(frozen=True)
class Answer:
    """`seconds` from sending the request to the last byte of the answer."""

    status: int
    location: str
    seconds: float
    body: str


class Senders:
    """Processes that wait for work. Use it in a `with` block."""

    def __init__(self, processes: int = 8) -> None:
        self._number = processes
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        environment = {**os.environ, "PYTHONPATH": str(_TESTS)}
        command = [sys.executable, "-m", "races.sender"]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._processes = [subprocess.Popen(command, env=environment, **pipes) for _ in range(self._number)]
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            assert process.stdin
            process.stdin.close()
        for process in self._processes:
            process.wait(20)
            assert process.stdout
            process.stdout.close()

    def race(
        self, port: int, requests: Sequence[str], *, connections: int = 4, with_bodies: bool = False
    ) -> list[Answer]:
        """The requests are dealt out in turn; each process has so many connections, all open before any is used."""
        batch = {"port": port, "connections": connections, "with_bodies": with_bodies}
        for n, process in enumerate(self._processes):
            _write(process, json.dumps(batch | {"requests": requests[n :: self._number]}))
        for process in self._processes:
            assert _read(process) == "ready\n"
        for process in self._processes:
            _write(process, "go")
        answers: list[Answer | None] = [None] * len(requests)
        for n, process in enumerate(self._processes):
            answers[n :: self._number] = [Answer(*told) for told in json.loads(_read(process))]
        return [answer for answer in answers if answer is not None]


def _write(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _read(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    line = process.stdout.readline()
    assert line, "a sender died; its last words are on stderr"
    return line
