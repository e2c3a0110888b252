"""Measure how long a plan takes in a full school, in this process and without a database.

    .venv/bin/python -m bench.plans [--families 300]

Prints Markdown. 60 teachers with 40 times each, on two days and in rooms of their own; some of the times are taken.
"""

import argparse
import random
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from bench.gauge import quantile
from webapp.services.booking.plan import propose
from webapp.services.booking.timetable import Time

TEACHERS, TIMES, MINUTES = 60, 20, 15
FIRST = date(2026, 12, 3)
WALK = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--families", type=int, default=300)
    families = parser.parse_args().families
    print("| teachers chosen | times taken | p50 ms | p95 ms | at most ms | teachers met |\n" + "| --- " * 6 + "|")
    for chosen in (3, 4, 8, 16, 40):
        for taken in (0.1, 0.5, 0.9):
            print(_row(chosen, taken, families))


def _row(chosen: int, taken: float, families: int) -> str:
    luck, seconds, met = random.Random(1), [], 0  # noqa: S311 - which times are taken is no secret
    for _ in range(families):
        evening = {n: list(_free(n, taken, luck)) for n in luck.sample(range(TEACHERS), chosen)}
        begun = time.process_time()
        plan = propose(evening)
        seconds.append(time.process_time() - begun)
        met += len(plan)
    times = (f"{quantile(seconds, share):.1f}" for share in (0.5, 0.95, 1))
    return f"| {chosen} | {taken:.0%} | {' | '.join(times)} | {met / families:.1f} |"


def _free(teacher: int, taken: float, luck: random.Random) -> Iterator[Time]:
    for n in range(2 * TIMES):
        day, turn = divmod(n, TIMES)
        start = datetime(2026, 12, 3 + day, 21, 0, tzinfo=UTC) + timedelta(minutes=MINUTES * turn)
        if luck.random() >= taken:
            kind, room = ("P", f"room {teacher}") if teacher % 2 else ("V", "")
            more = {"day": FIRST + timedelta(days=day), "room": room, "walk": WALK}
            yield Time(f"{teacher}.{n}", teacher, start, start + timedelta(minutes=MINUTES), kind, **more)


if __name__ == "__main__":
    main()
