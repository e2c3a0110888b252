"""A passcode rule that changes in Zoom while a crowd waits for links."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from threading import Event

import pytest
from conftest import KEY
from rush import Rush, ticking
from sqlmodel import col, select
from stages import ZoomStage

from webapp.db import Database
from webapp.models import Host, Meeting
from webapp.providers.base import PasscodeRule
from webapp.sandbox.run import start_sandbox

LETTERS = PasscodeRule(length=8, have_letter=True)
DIGITS = PasscodeRule(length=8, have_number=True, only_allow_numeric=True)
HOSTS, HALF = 4, 20
TOO_LONG = 30


def wait(committed: Event, is_done: Callable[[], bool]) -> None:
    while not is_done():
        assert committed.wait(TOO_LONG), "no link came any more"
        committed.clear()


@pytest.mark.both_databases
def test_a_digits_only_rule_after_half_the_links_stops_no_other_and_nothing_is_hammered(database: Database) -> None:
    """R94: each host is refused once, its rule is read once, and all that follow are right at the first try."""
    with start_sandbox() as sandbox:
        stage = ZoomStage(sandbox.zoom_url)
        rush = Rush(database, stage, teachers=HOSTS, times=2 * HALF // HOSTS)
        stage.control("account", method="PATCH", rule=asdict(LETTERS))
        with database.transaction() as session:
            for host in session.exec(select(Host)):
                host.passcode_rule = json.dumps(asdict(LETTERS))
        rush.book(HALF)
        with ticking(rush, token_keys=(KEY,)) as committed:
            wait(committed, lambda: len(rush.links()) == HALF)
            before = rush.links()
            stage.control("account", method="PATCH", rule=asdict(DIGITS))
            rush.book(HALF)
            wait(committed, lambda: len(rush.links()) == 2 * HALF)
        state = stage.state()
        with database.reading() as session:
            problems = session.exec(select(Meeting.problem_code).where(col(Meeting.problem_code) != "")).all()
            numeric = [one.passcode.isdigit() for one in session.exec(select(Meeting).order_by(col(Meeting.id)))]

    calls = Counter((call["method"], call["path"], call["status"]) for call in state["calls"])
    refused = {path: times for (_, path, status), times in calls.items() if status == 400}
    rules = [times for (method, path, _), times in calls.items() if method == "GET" and path.endswith("/settings")]
    assert list(refused.values()) == rules == [1] * HOSTS
    assert sum(times for (*_, status), times in calls.items() if status == 201) == 2 * HALF
    assert list(state["markers_ever"].values()) == [1] * 2 * HALF
    assert before.items() <= rush.links().items()
    assert numeric == [False] * HALF + [True] * HALF
    assert problems == []
