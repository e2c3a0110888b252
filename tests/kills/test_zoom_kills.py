"""Wherever a worker dies, each appointment has exactly one meeting at Zoom in the end, and no other meeting stands."""

import random
from collections import Counter

import pytest
from installation import Installation
from kills.zoom_storm import POINTS, STALL, storm
from kills.zoom_verdict import wrongs

pytestmark = pytest.mark.races


@pytest.mark.timeout(300)
def test_after_a_kill_at_each_point_every_appointment_has_exactly_one_meeting(installation: Installation) -> None:
    """RELIABILITY B3, F09 to F16."""
    kill(installation, 16)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_after_200_kills_either(installation: Installation) -> None:
    kill(installation, 200)


@pytest.mark.timeout(120)
def test_without_a_quarantine_one_kill_makes_a_second_meeting(installation: Installation) -> None:
    """The control (RELIABILITY D4): the call of the dead worker is stalled and the list lags, so that whoever looks
    for its meeting as soon as the lease has ended finds none."""
    with storm(installation, quarantine=0) as struck:
        struck.stage.control("switches", list_lag=60, latency=STALL)
        struck.workers.arm(POINTS["F11"])
        while not struck.school.under_way():
            struck.school.book()
        assert struck.workers.has_one_died(within=30)
        struck.stage.control("switches", latency=0)

        struck.await_quiet()

        found = wrongs(struck.school.database, struck.stage)
        [twice] = found["duplicate"]
        assert found["made twice"] == [twice]
        assert struck.stage.count(twice) > 1


def kill(installation: Installation, number: int) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"kills seed {seed}")
    with storm(installation, seed=seed) as struck:
        points = list(POINTS.values()) * (number // len(POINTS))
        struck.luck.shuffle(points)

        struck.kill_at(points)
        struck.calm_down()

        assert wrongs(struck.school.database, struck.stage) == {}
        assert struck.kills == Counter(points)
        assert "an errand failed" not in struck.workers.log
        assert installation.run("check").exit_code == 0
        print(struck.figures())
