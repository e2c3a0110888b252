"""Give every test of the operators' commands an installation of its own, on both databases unless it asks for one."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from conftest import BOTH
from installation import Installation, lent

from webapp import clock


@pytest.fixture(autouse=True)
def _the_day_stands_still(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: now)


@pytest.fixture(autouse=True)
def _as_it_is_installed(durable: None) -> None:
    """The doctor looks at it."""


@pytest.fixture(params=BOTH)
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    with lent(request, tmp_path, request.param) as installation:
        yield installation


@pytest.fixture
def on_sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    with lent(request, tmp_path, "sqlite") as installation:
        yield installation


@pytest.fixture(params=[pytest.param("postgresql", marks=pytest.mark.postgres)])
def on_postgres(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    with lent(request, tmp_path, request.param) as installation:
        yield installation
