"""Kill the server under load, start it again, and hold it to what its clients were told: round by round."""

import random
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kills.load import Fuse, load
from kills.log import Effect, Entry
from kills.office import IMPORT
from kills.stage import Stage
from races.families import BOOK, CANCEL, MOVE
from races.server import PROGRAM, Running, started

BEFORE_COMMIT = {
    "booking.validated": BOOK,
    "booking.inserted": BOOK,
    "cancel.before_commit": CANCEL,
    "move.before_commit": MOVE,
    "import.mid_rows": IMPORT,
    "import.before_commit": IMPORT,
}
AFTER_COMMIT = {"booking.committed": BOOK, "cancel.committed": CANCEL}
POINTS = BEFORE_COMMIT | AFTER_COMMIT
"""F01 to F08, and what is asked of a server that passes them."""
STOCK = 60
"""Appointments that stand before a round, so that there is something to cancel and move."""
ROUNDS_OF_A_STAGE = 20


@dataclass(frozen=True)
class Kill:
    """At a point. Where it is met `alone`, one client sends what passes it, so that it is known whose request died."""

    point: str
    alone: bool

    @property
    def deed(self) -> str:
        return POINTS[self.point]


@dataclass(frozen=True)
class Death:
    """`at` is by the clock of time.monotonic; the log ends with those who got no answer."""

    kill: Kill
    at: float
    log: list[Entry]


class Rounds:
    """Each on the data of the ones before. `tally` counts requests by deed and what became of them; `restarts` are the
    seconds from each death until the next server was ready."""

    def __init__(self, own: Running, armed: Path, luck: random.Random, *, program: Sequence[str] = PROGRAM) -> None:
        self.tally: Counter[tuple[str, str]] = Counter()
        self.restarts: list[float] = []
        self._own, self._armed, self._luck, self._program = own, armed, luck, program
        self._stage = Stage(own, luck)
        self._death: Death | None = None

    def play(self, kills: Sequence[Kill]) -> None:
        """Each server first settles what the one before it left, and the last one lives."""
        for n, kill in enumerate(kills):
            with started(self._own, armed=self._armed, program=self._program) as server:
                self._settle()
                if n and n % ROUNDS_OF_A_STAGE == 0:
                    self._stage = Stage(self._own, self._luck)
                self._die(kill, server)
        with started(self._own):
            self._settle()

    def _die(self, kill: Kill, server: subprocess.Popen[bytes]) -> None:
        while len(self._stage.standing) < STOCK:
            self._stage.close(load(self._own.port, self._stage.bookings()))
        log = self._load_until(kill)
        assert server.wait(10) == -signal.SIGKILL
        _await_silence(self._own.port)
        self._death = Death(kill, time.monotonic(), log)

    def _load_until(self, kill: Kill) -> list[Entry]:
        """The point is armed in the middle of the load. Should none of the rest pass it, there is more."""
        for _ in range(5):
            plans = self._stage.everything(kill.deed, alone=kill.alone)
            self._stage.begin(load(self._own.port, [[form] for form in self._stage.first]))
            log = load(self._own.port, plans, Fuse(self._armed, kill.point, self._luck.randint(5, 30)))
            if any(entry.is_unknown for entry in log):
                assert not self._armed.exists()
                return log
            self._stage.close(log)
            self._armed.unlink(missing_ok=True)  # the holds that come first next time pass it too
        raise AssertionError(f"nobody passed {kill.point}")

    def _settle(self) -> None:
        if self._death is None:
            return
        stage, kill, log = self._stage, self._death.kill, self._death.log
        self.restarts.append(time.monotonic() - self._death.at)
        self._death = None
        change = stage.look()
        assert stage.complaints(log, change) == []
        effects = {id(entry): stage.effect(entry, change) for entry in log}
        self.tally.update((entry.attempt.deed, _outcome(entry, effects[id(entry)])) for entry in log)
        self.tally["hold", "booked"] += change.settled
        met = [entry for entry in log if entry.is_unknown and entry.attempt.deed == kill.deed]
        _judge(kill, [effects[id(entry)] for entry in met])

        again = self._ask_again(met, log)
        stage.close([*again, *(entry for entry in log if not entry.is_unknown)])
        if kill.alone and kill.point != "booking.validated":
            assert again[0].is_done  # nobody could take what it had before it died

    def _ask_again(self, first: list[Entry], log: list[Entry]) -> list[Entry]:
        """The same forms with the same keys: of those who got no answer, then of those who were told that it is done,
        who are told the same once more."""
        unknown = [*first, *(entry for entry in log if entry.is_unknown and entry not in first)]
        done = [entry for entry in log if entry.is_done][-8:]
        again = load(self._own.port, [[entry.attempt for entry in [*unknown, *done]]])
        told = again[len(unknown) :]
        assert [entry.location for entry in told] == [entry.location for entry in done]
        return again


def _judge(kill: Kill, effects: list[Effect]) -> None:
    """Of those who sent what passes the point and got no answer, one died there: before its commit, or after it."""
    assert effects
    assert len(effects) == 1 or not kill.alone
    due = Effect.WHOLE if kill.point in AFTER_COMMIT else Effect.NONE
    assert due in effects, f"{kill.point}: {effects}"


def _outcome(entry: Entry, effect: Effect) -> str:
    if entry.is_unknown:
        return "done, but not answered" if effect is Effect.WHOLE else "neither done nor answered"
    return "acknowledged" if entry.is_done else "refused"


def _await_silence(port: int) -> None:
    """Nobody can tell us that the last of a dead server's processes is gone, but its port is closed then."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.01)
    raise AssertionError("a process of the killed server still listens")
