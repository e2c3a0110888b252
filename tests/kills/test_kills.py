"""However often the server is killed, nothing that was acknowledged is lost and nothing is half-done."""

import random
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

import pytest
from kills.rounds import AFTER_COMMIT, POINTS, Kill, Rounds
from races.server import Running

from webapp.operations.verdict import damages

pytestmark = pytest.mark.races

ALONE = [Kill(point, alone=True) for point in POINTS]
CROWDED = [Kill(point, alone=False) for point in POINTS]


@pytest.mark.timeout(600)
def test_killed_at_any_point_nothing_acknowledged_is_lost_and_nothing_half_done(own: Running, tmp_path: Path) -> None:
    """RELIABILITY B2, F01 to F08, I7, I8, I9, OPS-002: all processes of the server at once. How long until it is ready
    again is said, and not asked for: others may use the machine."""
    play(own, tmp_path / "armed", [*ALONE, *(kill for kill in CROWDED if kill.point in AFTER_COMMIT)])


@pytest.mark.long
@pytest.mark.timeout(0)
def test_killed_two_hundred_times_either(own: Running, tmp_path: Path) -> None:
    play(own, tmp_path / "armed", list(islice(cycle([*ALONE, *CROWDED]), 200)))


def play(own: Running, armed: Path, kills: Sequence[Kill]) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"kills seed {seed}")
    luck = random.Random(seed)
    rounds = Rounds(own, armed, luck)

    rounds.play(luck.sample(kills, len(kills)))

    print(f"ready again after at most {max(rounds.restarts):.1f} s; {dict(sorted(rounds.tally.items()))}")
    assert len(rounds.restarts) == len(kills)
    assert rounds.tally["hold", "booked"] > 0
    assert damages(own.database) == ()
