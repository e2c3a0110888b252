"""Wherever a worker dies, each appointment has exactly one entry on the calendar of each of its teachers in the end."""

import random
from collections import Counter

import pytest
from installation import Installation
from kills.calendar_storm import POINTS, storm
from kills.calendar_verdict import wrongs

pytestmark = pytest.mark.races


@pytest.mark.timeout(300)
def test_after_a_kill_at_each_point_every_appointment_has_exactly_one_entry(installation: Installation) -> None:
    """RELIABILITY I12, F17 to F19; by the stand-ins' own count."""
    kill(installation, 6)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_after_150_kills_either(installation: Installation) -> None:
    """On each database."""
    kill(installation, 150)


def kill(installation: Installation, number: int) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"kills seed {seed}")
    with storm(installation, seed=seed) as struck:
        points = list(POINTS.values()) * (number // len(POINTS))
        struck.luck.shuffle(points)

        struck.kill_at(points)
        struck.calm_down()

        assert wrongs(struck.school) == {}
        assert struck.kills == Counter(points)
        assert "an errand failed" not in struck.workers.log
        assert installation.run("check").exit_code == 0
        print(struck.figures())
