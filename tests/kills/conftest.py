"""Lend kill tests an installation on each database, whose server they start, kill and start again."""

from collections.abc import Iterator

import pytest
from races.databases import BOTH, empty_database
from races.server import Running, installation

pytest.register_assert_rewrite("kills.rounds", "kills.stage")  # so that a failed round says what it found


@pytest.fixture(params=BOTH)
def own(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with empty_database(request, tmp_path_factory) as url, installation(url) as own:
        yield own
