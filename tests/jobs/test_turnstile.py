"""Calls keep the account's rate however late a busy machine wakes who waits, or sends what was let through."""

import random
import threading
import time
from contextlib import ExitStack
from itertools import pairwise

import pytest
from conftest import KEY
from rush import Rush, ticking
from stages import ZoomStage

from jobs.turnstile import Turnstile
from webapp.db import Database
from webapp.providers.sending import teller
from webapp.sandbox.run import start_sandbox

SPACING = 1 / 28.2
BURST = 30


class Clock:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.at = 100.0

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


@pytest.fixture
def time_passes(monkeypatch: pytest.MonkeyPatch) -> Clock:
    passing = Clock()
    monkeypatch.setattr("jobs.turnstile.time", passing)
    return passing


def enter(turnstile: Turnstile, *, at: float = 0.0) -> ExitStack:
    """Under way until it is closed; what is said within, of who tells when it is sent, goes to this turn."""
    turn = ExitStack()
    turn.enter_context(turnstile.turn("LIGHT", at=at, spacing=SPACING, burst=BURST))
    return turn


def send(turnstile: Turnstile) -> None:
    with enter(turnstile):
        teller()()


def test_who_is_sent_late_counts_when_he_is_sent(time_passes: Clock) -> None:
    """F12: a call that was let through and then held up must not arrive with thirty others within one second."""
    turnstile = Turnstile()
    with enter(turnstile):
        time_passes.sleep(0.5)
        teller()()
    late = time_passes.at

    for _ in range(BURST):
        send(turnstile)

    assert time_passes.at >= late + BURST * SPACING
    assert time_passes.at < late + BURST * SPACING + 0.001


def test_who_is_under_way_may_be_sent_at_any_moment(time_passes: Clock) -> None:
    """F12"""
    turnstile = Turnstile()
    came: list[float] = []

    def others() -> None:
        for _ in range(BURST):
            send(turnstile)
            came.append(time_passes.at)

    with enter(turnstile):
        began = time_passes.at
        others()
        assert came[-1] - came[0] >= BURST * SPACING - 0.001  # the place of the first is kept
    assert came[-2] - began < BURST * SPACING


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_calls_of_a_link_count_as_they_are_sent(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """F12: those that make it, and those that change and then read it."""
    noted: list[object] = []
    monkeypatch.setattr("jobs.turnstile._Gate.note_sent", lambda _, one: noted.append(one))
    with start_sandbox() as sandbox:
        rush = Rush(database, ZoomStage(sandbox.zoom_url), teachers=2, times=1)
        rush.book(2)
        with ticking(rush, token_keys=(KEY,)) as committed:
            while len(rush.waits()) < 2:
                assert committed.wait(20)
                committed.clear()

        assert len(set(noted)) == len(noted) == len(rush.stage.calls("meetingCreate")) == 2


def test_what_never_came_to_a_call_takes_no_place(time_passes: Clock) -> None:
    turnstile = Turnstile()
    for _ in range(3 * BURST):
        with enter(turnstile):
            """A token could not be renewed."""

    began = time_passes.at
    for _ in range(BURST):
        send(turnstile)

    assert time_passes.at - began < BURST * SPACING


def test_what_a_stall_lost_is_caught_up_with_at_twice_the_rate(time_passes: Clock) -> None:
    """Else a busy machine never reaches the rate that it was given."""
    turnstile = Turnstile()
    began = time_passes.at
    due = iter(began + n * SPACING for n in range(200))
    sent = []
    for n in range(100):
        with enter(turnstile, at=next(due)):
            teller()()
        sent.append(time_passes.at)
        if n == 40:
            time_passes.sleep(0.4)

    assert sent[-1] - began == pytest.approx(99 * SPACING, abs=0.001)
    assert min(b - a for a, b in pairwise(sent)) == pytest.approx(SPACING / 2)


def test_whatever_is_held_up_and_wherever_the_rate_is_kept() -> None:
    """F12: by real threads and clocks: each waits for its turn, and is held up by chance before it is sent."""
    turnstile, spacing, burst = Turnstile(), 0.002, 10
    chance, sent, lock = random.Random(4), [], threading.Lock()
    pauses = [chance.choice([0.0, 0.0, 0.001, 0.03]) for _ in range(200)]

    def work(mine: list[float]) -> None:
        for pause in mine:
            with turnstile.turn("LIGHT", at=0.0, spacing=spacing, burst=burst):
                time.sleep(pause)
                with lock:
                    sent.append(time.monotonic())
                    teller()()

    workers = [threading.Thread(target=work, args=(pauses[n::8],)) for n in range(8)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()

    assert len(sent) == 200
    assert min(b - a for a, b in zip(sent, sent[burst:], strict=False)) >= burst * spacing - 0.001
