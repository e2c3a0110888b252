"""Lend kill tests an installation on each database, whose server they start, kill and start again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from installation import Installation, lent
from races import server
from races.databases import BOTH, empty_database
from races.server import Running

pytest.register_assert_rewrite("kills.rounds", "kills.stage")  # so that a failed round says what it found


@pytest.fixture(params=BOTH)
def own(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with empty_database(request, tmp_path_factory) as url, server.installation(url) as own:
        yield own


@pytest.fixture(params=BOTH)
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """Its jobs are run by workers of the test."""
    with lent(request, tmp_path, request.param) as installation:
        yield installation
