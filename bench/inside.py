"""Count the statements of a booking, and its processor time without a server, in this process; or profile one request.

    .venv/bin/python -m bench.inside [--database sqlite] [--profile "POST book"] [--bookings 200]

Prints Markdown. Processor time is the median: it hardly changes when others use the machine.
"""

import argparse
import cProfile
import io
import pstats
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from races.crowd import Setting
from races.server import Running, installation
from races.wire import Reply, Talk
from sqlalchemy import event
from werkzeug.test import run_wsgi_app

from bench.gauge import Log, quantile
from bench.places import POSTGRESQL, SQLITE, place, settle
from bench.scenes import SIZE, Road

SCHOOL = Setting(grades=2, teachers=SIZE, singles=SIZE, slots=SIZE)
FIRST = 20
"""Bookings that do not count: in them, templates and statements are compiled."""


class Meter:
    """Calls the application as a server would; notes statements and seconds by request, such as `POST book`."""

    def __init__(self, running: Running, profiled: str) -> None:
        self.running, self.profiled, self.profile = running, profiled, cProfile.Profile()
        self.statements: dict[str, list[int]] = defaultdict(list)
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self._n = 0
        event.listen(running.database.engine, "before_cursor_execute", self._count)

    def play(self, talk: Talk) -> None:
        request = next(talk)
        while True:
            try:
                request = talk.send(self._answer(request))
            except StopIteration:
                return

    def forget(self) -> None:
        self.statements.clear()
        self.seconds.clear()

    def _answer(self, request: bytes) -> Reply:
        environ = _environ(request)
        label = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'].split('/')[3]}"
        if label == self.profiled:
            self.profile.enable()
        self._n, begun = 0, time.process_time()
        body, status, headers = run_wsgi_app(self.running.app, environ)
        content = b"".join(body)
        self.seconds[label].append(time.process_time() - begun)
        self.profile.disable()
        self.statements[label].append(self._n)
        head = "".join(f"\r\n{name}: {value}" for name, value in headers)
        return Reply(int(status[:3]), head.encode(), content)

    def _count(self, *_: object) -> None:
        self._n += 1


def main() -> None:
    asked = _arguments()
    with place(asked.database) as where, installation(where.url) as running:
        road = Road(SCHOOL.crowd(running))
        settle(running.database)
        meter = Meter(running, asked.profile)
        for n, (_, talk) in enumerate(road.arrivals(FIRST + asked.bookings, 0, log := Log())):
            if n == FIRST:
                meter.forget()
            meter.play(talk)
    _report(asked.database, meter, log)
    if asked.profile:
        pstats.Stats(meter.profile).sort_stats("cumulative").print_stats(asked.lines)


def _report(database: str, meter: Meter, log: Log) -> None:
    print("| database | request | statements | CPU ms |\n| --- | --- | --- | --- |")
    for label, counts in meter.statements.items():
        print(f"| {database} | {label} | {_median(counts):.0f} | {quantile(meter.seconds[label], 0.5):.2f} |")
    sums = sum(map(_median, meter.statements.values())), sum(quantile(s, 0.5) for s in meter.seconds.values())
    print(f"| {database} | all | {sums[0]:.0f} | {sums[1]:.2f} |\n")
    for what, n in log.errors.items():
        print(f"- {what} ×{n}", file=sys.stderr)


def _median(counts: Sequence[int]) -> float:
    return float(sorted(counts)[len(counts) // 2])


def _environ(request: bytes) -> dict[str, Any]:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, address, _ = first.split(" ")
    headers = {name.upper().replace("-", "_"): value for name, value in (line.split(": ", 1) for line in lines)}
    parts = urlsplit(address)
    plain = {name: headers.pop(name) for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if name in headers}
    return {
        **{f"HTTP_{name}": value for name, value in headers.items()},
        **plain,
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--database", choices=[SQLITE, POSTGRESQL], default=SQLITE)
    parser.add_argument("--bookings", type=int, default=200)
    parser.add_argument("--profile", default="", metavar="REQUEST", help='such as "POST book" or "GET times"')
    parser.add_argument("--lines", type=int, default=25, help="of the profile")
    return parser.parse_args()


if __name__ == "__main__":
    main()
