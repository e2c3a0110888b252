"""Let 2,000 families book at once: with a generator of load of your own, against the server of `./confab serve`.

    .venv/bin/python -m bench.rush --generator PROGRAM [--python PYTHON] [--databases sqlite postgresql]

The generator is a program that drives bench/rush_families.py; PYTHON has what it needs. Both may also be named by
CONFAB_RUSH and CONFAB_RUSH_PYTHON. Prints what the generator prints, and what plain SQL finds in the database at last.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from races.audit import ask, wrongs
from races.crowd import Crowd, Setting, pick
from races.server import Running, serving

from bench.places import POSTGRESQL, SQLITE, Place, place, settle
from jobs.housekeeping import note_sizes
from jobs.scheduler import SCHEDULE

OF_GRADE, TEACHERS, TIMES = 50, 4, 48
"""Families, of whom each meets three of these teachers; so that four in five of all times are taken in the end."""
CHOSEN = 3
SCENARIO = Path(__file__).parent / "rush_families.py"
_BOOKED = "SELECT count(*), count(DISTINCT contact_id) FROM appointment WHERE cancelled_at IS NULL AND held_until"
_HELD = "SELECT count(*) FROM appointment WHERE cancelled_at IS NULL AND held_until"


def main() -> None:
    asked = _arguments()
    for kind in asked.databases:
        with place(kind) as where:
            print(f"\n## {kind}, {asked.families} families in {asked.seconds:g} s", flush=True)
            _rush(where, asked)


def _rush(where: Place, asked: argparse.Namespace) -> None:
    with serving(where.url, workers=asked.workers, threads=asked.threads) as running:
        grades = -(-asked.families // OF_GRADE)
        crowd = Setting(grades=grades, teachers=TEACHERS, singles=OF_GRADE, slots=TIMES).crowd(running)
        settle(running.database)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as families:
            json.dump(list(_families(crowd)), families)
            families.flush()
            watched = [running.pid, *([where.pid] if where.pid else [])]
            command = _command(asked, running.settings.base_url, families.name, watched)
            with _sizes_noted(running):
                subprocess.run([*command], check=True)  # noqa: S603 - of whoever measures
        _audit(where.url)


@contextmanager
def _sizes_noted(running: Running) -> Iterator[None]:
    """By the one job that the pages of a crowd need."""
    is_over = threading.Event()

    def note() -> None:
        while not is_over.wait(SCHEDULE["statistics"].seconds):
            note_sizes(running.app)

    noting = threading.Thread(target=note)
    noting.start()
    try:
        yield
    finally:
        is_over.set()
        noting.join()


def _command(asked: argparse.Namespace, address: str, families: str, watched: Sequence[int]) -> Iterator[str]:
    yield from (asked.python, asked.generator, address, str(SCENARIO), "--mode", "arrive")
    yield from ("--clients", str(asked.families), "--rate", str(asked.families / asked.seconds))
    yield from ("--seconds", str(asked.seconds), "--quiet", str(asked.quiet), "--option", f"families={families}")
    for pid in watched:
        yield from ("--watch", str(pid))


def _families(crowd: Crowd) -> Iterator[dict[str, object]]:
    """Neighbours are of different grades and choose different teachers, as people do who come by chance."""
    in_grades = [crowd.parents[n::OF_GRADE] for n in range(OF_GRADE)]
    for turn, parents in enumerate(in_grades):
        for grade, parent in enumerate(parents):
            theirs = crowd.teachers[grade * TEACHERS : (grade + 1) * TEACHERS]
            chosen = [theirs[(turn + n) % TEACHERS] for n in range(CHOSEN)]
            picks = [pick(parent.children[0], teacher) for teacher in chosen]
            yield {"base": crowd.base, "cookie": parent.cookie, "picks": picks}


def _audit(url: str) -> None:
    [(booked, families)], [(held,)] = ask(url, f"{_BOOKED} IS NULL"), ask(url, f"{_HELD} IS NOT NULL")
    print(f"- stored: {booked} appointments of {families} families, and {held} held; wrong: {wrongs(url) or 'nothing'}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--generator", default=os.environ.get("CONFAB_RUSH"), help="the program that makes the load")
    parser.add_argument("--python", default=os.environ.get("CONFAB_RUSH_PYTHON", sys.executable), help="that runs it")
    parser.add_argument("--databases", nargs="+", choices=[SQLITE, POSTGRESQL], default=[SQLITE, POSTGRESQL])
    parser.add_argument("--families", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=2, help="as confab serve")
    parser.add_argument("--threads", type=int, default=4, help="as confab serve, for each worker")
    parser.add_argument("--quiet", type=float, default=0.0, help="wait so long for others to leave the machine alone")
    asked = parser.parse_args()
    if not asked.generator:
        parser.error("name the generator, by --generator or by CONFAB_RUSH")
    return asked


if __name__ == "__main__":
    main()
