"""Measure how fast links come from the stand-in of Zoom, which enforces the plan's rates and answers after 400 ms.

    .venv/bin/python -m bench.links [--links 1000] [--plan pro] [--minute | --host-change] [--latency 0.4]

Without more all links are queued at once. In a minute 300 are booked, and 5 % of the calls fail. A change of host gives
the 24 links of a team of two to its second teacher.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rush import Rush, ticking
from stages import ZoomStage

from bench.gauge import quantile
from webapp import schema
from webapp.db import Database
from webapp.interpreter import settle_in
from webapp.sandbox.zoom.limits import RATES
from webapp.services.system.vault import Vault

_STAND_IN = """
import sys
from webapp.interpreter import settle_in
from webapp.sandbox.run import start_sandbox
with start_sandbox() as sandbox:
    settle_in()
    print(sandbox.zoom_url, sandbox.smtp_port, flush=True)
    sys.stdin.read()
"""
_FAULTS = ({"kind": "limit:second", "share": 0.025}, {"kind": "status", "status": 503, "share": 0.0256})
HOST_HOLDS = 50


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--links", type=int, default=1000)
    parser.add_argument("--plan", default="pro", choices=sorted(RATES))
    parser.add_argument("--latency", type=float, default=0.4)
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--minute", dest="measure", action="store_const", const=of_a_minute, default=at_once)
    kinds.add_argument("--host-change", dest="measure", action="store_const", const=of_a_new_host)
    asked = parser.parse_args()
    links = {of_a_minute: 300, of_a_new_host: 24}.get(asked.measure, asked.links)
    with stand_in() as (url, smtp), tempfile.TemporaryDirectory() as folder:
        stage = ZoomStage(url)
        database = Database(f"sqlite:///{Path(folder) / 'bench.db'}", vault=Vault(stage.settings.token_keys))
        schema.upgrade(database)
        teachers = 1 if asked.measure is of_a_new_host else max(25, links // HOST_HOLDS)
        rush = Rush(database, stage, teachers, times=-(-links // teachers))
        stage.control("account", method="PATCH", plan=asked.plan)
        stage.control("switches", latency=asked.latency, enforce_rates=True)
        values = {"mail_server": "127.0.0.1", "mail_port": smtp, "mail_encryption": "none", "zoom_plan": asked.plan}
        asked.measure(rush, links, **values)
        database.dispose()


def at_once(rush: Rush, links: int, **values: Any) -> None:
    """The rate is counted from the first call to the last."""
    rush.book(links)
    with working(rush, **values) as committed:
        await_links(rush, links, committed)
    made = [call["at"] for call in rush.stage.calls("meetingCreate")]
    took, allowed = made[-1] - made[0], RATES[values["zoom_plan"]]["LIGHT"]
    print(f"{links} links in {took:.1f} s: {links / took:.1f} of {allowed} per second, {links / took / allowed:.0%}")
    report(rush)


def of_a_minute(rush: Rush, links: int, **values: Any) -> None:
    for fault in _FAULTS:
        rush.stage.plan(operation="*", times=None, **fault)
    with working(rush, quarantine_seconds=8, **values) as committed:
        began = time.monotonic()
        for n in range(links):
            time.sleep(max(0.0, began + n * 60 / links - time.monotonic()))
            rush.book(1)
        await_links(rush, links, committed)
    report(rush)


def of_a_new_host(rush: Rush, links: int, **values: Any) -> None:
    """From the click until each family has another link."""
    rush.book(links)
    with working(rush, **values) as committed:
        await_links(rush, links, committed)
        old = rush.links()
        began = time.monotonic()
        rush.change_host()
        while (new := rush.links()).keys() != old.keys() or any(new[one] == old[one] for one in old):
            committed.clear()
            committed.wait(0.2)
        print(f"{links} links under another host in {time.monotonic() - began:.1f} s")
    report(rush)


@contextmanager
def working(rush: Rush, **values: Any) -> Iterator[threading.Event]:
    """The jobs in this process, as wsgi.py starts them."""
    with ticking(rush, **values) as committed:
        settle_in()
        yield committed


def await_links(rush: Rush, links: int, committed: threading.Event) -> None:
    give_up = time.monotonic() + 110
    while len(rush.waits()) < links and time.monotonic() < give_up:
        committed.clear()
        committed.wait(1)
        time.sleep(0.2)


def report(rush: Rush) -> None:
    waits, state = rush.waits(), rush.stage.state()
    doubles = sum(n > 1 for n in state["markers_ever"].values())
    p50, p95, most = (quantile(waits, share) / 1000 for share in (0.5, 0.95, 1))
    print(f"{len(waits)} linked, from commit to link p50 {p50:.1f} s, p95 {p95:.1f} s, at most {most:.1f} s")
    print(f"answers by status {dict(rush.statuses())}, meetings made twice: {doubles}")


@contextmanager
def stand_in() -> Iterator[tuple[str, int]]:
    """Its address and its SMTP port. It has a process of its own, and takes no turns with the jobs."""
    command = [sys.executable, "-c", _STAND_IN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603 - our own
        assert running.stdout is not None
        try:
            url, port = running.stdout.readline().split()
            yield url, int(port)
        finally:
            running.communicate("")


if __name__ == "__main__":
    main()
