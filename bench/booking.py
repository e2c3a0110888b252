"""Measure pages and bookings by real HTTP on both databases, beside a bare claim on the same machine.

    .venv/bin/python -m bench.booking [--seconds 5] [--clients 1 20 50] [--databases sqlite postgresql] [--minute]

Prints Markdown; bench/README.md says how to read it.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from races.crowd import Crowd, Setting
from races.server import Running, serving
from races.wire import Talk, arrive, converse

from bench.bare import Bare, by_driver
from bench.gauge import Cpu, Log, quantile
from bench.places import POSTGRESQL, SQLITE, Place, forget_bookings, place, settle
from bench.scenes import SCHOOL, Page, Post, Road, Scene, Steps

SCENES: dict[str, type[Scene]] = {"page": Page, "booking POST": Post, "4 steps": Steps, "complete": Road}
CROWD, ROUNDS = 200, 5
MINUTE_PARENTS, MINUTE = 2000, 60.0
WARM_UP = 5.0
HEADS = "database|what|clients|per s|p50 ms|p95 ms|p99 ms|max ms|server CPU ms|database CPU ms|others' cores|errors"


@dataclass(frozen=True)
class Row:
    """What one run came to; `seconds` are those of its units, `n` of them."""

    database: str
    what: str
    clients: int
    log: Log
    cpu: Cpu
    seconds: Sequence[float]

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.cpu.at

    def __str__(self) -> str:
        times = [f"{quantile(self.seconds, share):.0f}" for share in (0.5, 0.95, 0.99, 1)]
        each = [f"{spent * 1000 / max(1, len(self.seconds)):.1f}" for spent in (self.cpu.server, self.cpu.database)]
        wrong = ", ".join(f"{what} ×{n}" for what, n in self.log.errors.items()) or "0"
        clients = str(self.clients or "–")
        return _line(
            self.database, self.what, clients, f"{self.rate:.0f}", *times, *each, f"{self.cpu.others:.2f}", wrong
        )


@dataclass(frozen=True)
class Meter:
    """Runs on one database; `pid` is the first process of the server that is measured."""

    kind: str
    where: Place
    pid: int

    def run(self, what: str, clients: int, work: Callable[[Log], object], units: Sequence[str] = ("all",)) -> Row:
        log = Log()
        begun = Cpu.now(self.pid, self.where.pid)
        work(log)
        cpu = Cpu.now(self.pid, self.where.pid).since(begun)
        row = Row(self.kind, what, clients, log, cpu, [s for unit in units for s in log.seconds[unit]])
        print(row, file=sys.stderr, flush=True)
        return row


def main() -> None:
    asked = _arguments()
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {time.strftime('%F')}"
    print(f"{machine}; granian {asked.workers} workers × {asked.threads} threads, {asked.seconds:g} s a run.\n")
    results = []
    for kind in asked.databases:
        with place(kind) as where:
            results.append(_measure(kind, where, asked))
    print(_line(*HEADS.split("|")) + "\n" + _line(*("---" for _ in HEADS.split("|"))))
    for rows, _ in results:
        print("\n".join(map(str, rows)))
    print("\n" + "\n".join(f"- {note}" for _, notes in results for note in notes))


def _measure(kind: str, where: Place, asked: argparse.Namespace) -> tuple[list[Row], list[str]]:
    claims = list(_claims(kind, where, asked))
    rate, cpu = by_driver(where.url, asked.seconds)
    with serving(where.url, workers=asked.workers, threads=asked.threads) as running:
        meter = Meter(kind, where, running.pid)
        crowd = SCHOOL.crowd(running)
        settle(running.database)
        rows = list(_scenes(meter, crowd, asked))
        if asked.minute:
            rows += _opening_minute(meter, crowd)
        rows.append(_one_time(meter, running))
    notes = [f"{kind}: the driver alone claims {rate:.0f} per s over one connection, {cpu:.2f} ms of our CPU each."]
    return claims + rows, [*notes, *_ratios(kind, claims, rows), _sizes(kind, rows)]


def _claims(kind: str, where: Place, asked: argparse.Namespace) -> Iterator[Row]:
    bare = Bare(where.url)
    with bare.serving(asked.workers, asked.threads) as pid:
        for n in asked.clients:

            def claim(log: Log, n: int = n) -> None:
                converse(bare.port, bare.clients(n, asked.seconds, log))

            yield Meter(kind, where, pid).run("bare claim", n, claim)


def _scenes(meter: Meter, crowd: Crowd, asked: argparse.Namespace) -> Iterator[Row]:
    # Every connection to PostgreSQL prepares a statement when it has seen it some times.
    _scene(meter, crowd, "warm-up", Road, 8, WARM_UP)
    for what in asked.scenes:
        for n in asked.clients:
            yield _scene(meter, crowd, what, SCENES[what], n, asked.seconds)


def _scene(meter: Meter, crowd: Crowd, what: str, scene: type[Scene], clients: int, seconds: float) -> Row:
    playing = scene(crowd)

    def play(log: Log) -> None:
        converse(crowd.running.port, playing.clients(clients, seconds, log))

    row = meter.run(what, clients, play)
    forget_bookings(crowd.running.database)
    return row


def _opening_minute(meter: Meter, crowd: Crowd) -> Iterator[Row]:
    """RELIABILITY B13: parents arrive evenly, whatever the server does, and each walks the whole road."""

    def play(log: Log) -> None:
        arrive(crowd.running.port, Road(crowd).arrivals(MINUTE_PARENTS, MINUTE, log))

    row = meter.run(f"{MINUTE_PARENTS} parents in {MINUTE:.0f} s, each", 0, play)
    yield row
    single = [seconds for label, of in row.log.seconds.items() if label != "all" for seconds in of]
    yield Row(row.database, "the same, by request", 0, row.log, row.cpu, single)
    forget_bookings(crowd.running.database)


def _one_time(meter: Meter, running: Running) -> Row:
    """200 families post for one time in the same instant; five times, each for another time."""
    crowd = Setting(teachers=1, singles=CROWD, slots=ROUNDS + 7).crowd(running)
    [teacher] = crowd.teachers

    def post(log: Log, request: str) -> Talk:
        begun = time.perf_counter()
        reply = yield request.encode()
        log.add("all", time.perf_counter() - begun, len(reply.body))
        log.add(str(reply.status), 0)

    def play(log: Log) -> None:
        for slot in teacher.slots[:ROUNDS]:
            forms = [crowd.book(parent, [(parent.children[0], teacher, slot)]) for parent in crowd.parents]
            converse(running.port, [post(log, form) for form in forms])

    row = meter.run(f"{CROWD} for one time", CROWD, play)
    if (len(row.log.seconds["303"]), len(row.log.seconds["409"])) != (ROUNDS, ROUNDS * (CROWD - 1)):
        row.log.errors["not one winner each"] = 1
    return row


def _ratios(kind: str, claims: Sequence[Row], rows: Sequence[Row]) -> list[str]:
    bare = {row.clients: row.rate for row in claims}
    shares = [f"{row.rate / bare[row.clients]:.0%} at {row.clients}" for row in rows if row.what == "booking POST"]
    return [f"{kind}: the booking POST reaches of the bare claim's rate {', '.join(shares)} clients."]


def _sizes(kind: str, rows: Sequence[Row]) -> str:
    sizes = {label: n for row in rows for label, n in row.log.bytes.items() if n > 1000 and label != "all"}
    return f"{kind}: largest pages in bytes: " + ", ".join(f"{label} {n}" for label, n in sizes.items()) + "."


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="for each run")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 20, 50])
    parser.add_argument("--databases", nargs="+", choices=[SQLITE, POSTGRESQL], default=[SQLITE, POSTGRESQL])
    parser.add_argument("--scenes", nargs="+", choices=list(SCENES), default=list(SCENES))
    parser.add_argument("--workers", type=int, default=min(os.cpu_count() or 1, 4), help="as confab serve")
    parser.add_argument("--threads", type=int, default=4, help="as confab serve, for each worker")
    parser.add_argument("--minute", action="store_true", help="also the opening minute")
    return parser.parse_args()


if __name__ == "__main__":
    main()
