"""Give each test of the families' pages an event of its own, with the clock at the tests' time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from households import Households, play

from webapp import clock
from webapp.db import Database


@pytest.fixture(autouse=True)
def _conference_time(now: datetime) -> Iterator[None]:
    clock.move(now - datetime.now(UTC))
    yield
    clock.move(timedelta())


@pytest.fixture
def homes(database: Database, now: datetime) -> Iterator[Households]:
    played = play(database, now=now)
    yield played
    played.close()
