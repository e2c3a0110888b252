"""PostgreSQL ends without a shutdown while everybody books: what was acknowledged is kept, and it goes on by itself."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pytest
from kills.load import load
from kills.log import Entry
from kills.rounds import ROUNDS_OF_A_STAGE, STOCK
from kills.stage import Stage
from postgres import Server
from races.families import BOOK
from races.server import Running, serving

pytestmark = [pytest.mark.races, pytest.mark.postgres]

FALLS = 3
_UNSURE = b'<p class="lede">We could not find out'


@pytest.fixture
def server(_postgres_server: Server) -> Server:
    if _postgres_server.fall is None:
        pytest.skip("a server that was named is not stopped")
    return _postgres_server


@pytest.fixture
def own(server: Server) -> Iterator[Running]:
    with server.fresh_database() as url, serving(url) as own:
        yield own


@dataclass
class Fall:
    """Comes with the answer of this number, while the others go on."""

    happen: Callable[[], None]
    left: int
    _beside: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _happening: Future[None] | None = None

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            self._happening = self._beside.submit(self.happen)

    def await_end(self) -> None:
        """Raises what went wrong with it."""
        assert self._happening, "everybody had been answered before it fell"
        self._beside.shutdown()
        self._happening.result()


@pytest.mark.timeout(300)
def test_a_database_that_falls_loses_nothing_acknowledged_and_is_used_again_as_soon_as_it_stands(
    own: Running, server: Server
) -> None:
    """OPS-003, RELIABILITY B7, B8: who was told that nothing was changed, or that nobody knows, sends the same form
    again and is told the truth by its key."""
    play(own, server, FALLS)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_a_database_that_falls_a_hundred_times_either(own: Running, server: Server) -> None:
    play(own, server, 100)


def play(own: Running, server: Server, falls: int) -> None:
    assert server.fall
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"falls seed {seed}")
    luck = random.Random(seed)
    troubled: Counter[str] = Counter()
    for n in range(falls):
        if n % ROUNDS_OF_A_STAGE == 0:
            stage = Stage(own, luck)
        while len(stage.standing) < STOCK:
            stage.close(load(own.port, stage.bookings()))
        plans = stage.everything(BOOK, alone=False)
        stage.begin(load(own.port, [[form] for form in stage.first]))

        fall = Fall(server.fall, luck.randint(5, 30))
        log = [_as_known(entry) for entry in load(own.port, plans, fall)]
        fall.await_end()

        assert stage.complaints(log, stage.look()) == []
        undone = [entry for entry in log if entry.answer is None or entry.answer.status == 503]
        troubled.update("not done" if entry.answer else "not known" for entry in undone)
        again = load(own.port, [[entry.attempt for entry in undone]])
        assert {entry.answer.status for entry in again if entry.answer} <= {303, 409}
        stage.close([*again, *(entry for entry in log if entry not in undone)])

    print(f"falls: {dict(troubled)}")
    assert troubled["not done"]


def _as_known(entry: Entry) -> Entry:
    """Whoever is told that it could not be found out knows as much as who got no answer."""
    is_unsure = entry.answer is not None and entry.answer.status == 503 and _UNSURE in entry.answer.body
    return replace(entry, answer=None) if is_unsure else entry
