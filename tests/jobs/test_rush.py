"""A crowd of bookings gets its links at the provider's own pace, each once."""

import pytest
from conftest import KEY
from rush import Rush, ticking
from stages import ZoomStage

from webapp.db import Database
from webapp.sandbox.run import start_sandbox

LINKS = 40
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
