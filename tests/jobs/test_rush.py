"""A crowd of bookings gets its links at the provider's own pace, each once."""

import threading
from contextlib import ExitStack

import pytest
from conftest import KEY
from rush import Rush, ticking
from sqlalchemy import event
from stages import ZoomStage

from webapp.db import Database
from webapp.sandbox.run import start_sandbox

LINKS, MANY = 40, 10_000
TOO_LONG = 30


@pytest.mark.both_databases
def test_f12_a_rush_of_links_provokes_no_refusal_and_no_duplicate(database: Database) -> None:
    """B5: the stand-in enforces the account's rate by plan, and counts by the markers what it made. bench/links.py
    measures the speed of it."""
    with start_sandbox() as sandbox:
        stage = ZoomStage(sandbox.zoom_url)
        stage.control("account", method="PATCH", plan="pro")
        stage.control("switches", enforce_rates=True, latency=0.1)
        rush = Rush(database, stage, teachers=20, times=2)
        rush.book(LINKS)

        with ticking(rush, token_keys=(KEY,)) as committed:
            while len(rush.waits()) < LINKS:
                assert committed.wait(TOO_LONG), f"{len(rush.waits())} of {LINKS} are linked"
                committed.clear()
        statuses, markers = rush.statuses(), stage.state()["markers_ever"]

    assert (statuses[201], statuses[429]) == (LINKS, 0)
    assert list(markers.values()) == [1] * LINKS


@pytest.mark.both_databases
def test_four_schedulers_on_one_database_share_the_work_and_nothing_is_done_twice(database: Database) -> None:
    """OPS-015: four applications of one process, each with connections of its own, as workers have; the rows decide who
    does what. Workers that are processes, and die, are in tests/kills."""
    with start_sandbox() as sandbox, ExitStack() as schedulers:
        stage = ZoomStage(sandbox.zoom_url)
        stage.control("switches", latency=0.1)
        rush = Rush(database, stage, teachers=20, times=2)
        rush.book(LINKS)

        committed = threading.Event()
        for _ in range(4):
            schedulers.enter_context(ticking(rush, committed, token_keys=(KEY,)))
        while len(rush.waits()) < LINKS:
            assert committed.wait(TOO_LONG), f"{len(rush.waits())} of {LINKS} are linked"
            committed.clear()
        statuses, markers = rush.statuses(), stage.state()["markers_ever"]

    assert statuses[201] == LINKS
    assert list(markers.values()) == [1] * LINKS


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.both_databases
def test_ten_thousand_links_that_wait_after_an_outage_are_made_at_the_providers_pace(database: Database) -> None:
    """OPS-017: each once, nothing refused, and a booking asks the database no more than with nothing waiting."""
    with start_sandbox() as sandbox:
        stage = ZoomStage(sandbox.zoom_url)
        stage.control("account", method="PATCH", plan="business")
        stage.control("switches", enforce_rates=True, latency=0.1)
        rush = Rush(database, stage, teachers=MANY // 80, times=81)
        rush.book(1)
        first = _statements_of(rush)
        rush.book(MANY - 2)

        with ticking(rush, token_keys=(KEY,)) as committed:
            committed.wait(TOO_LONG)
            amid = _statements_of(rush)
            while len(rush.waits()) < MANY + 1:
                assert committed.wait(TOO_LONG), f"{len(rush.waits())} of {MANY + 1} are linked"
                committed.clear()
        statuses, markers = rush.statuses(), stage.state()["markers_ever"]

    assert amid == first
    assert (statuses[201], statuses[429]) == (MANY + 1, 0)
    assert list(markers.values()) == [1] * (MANY + 1)


def _statements_of(rush: Rush) -> int:
    """Of one more booking."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):  # which is asked for again while somebody else writes
            asked.append(statement)

    event.listen(rush.database.engine, "before_cursor_execute", note)
    rush.book(1)
    event.remove(rush.database.engine, "before_cursor_execute", note)
    return len(asked)
