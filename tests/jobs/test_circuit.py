"""A provider in trouble is left in peace, and not a moment longer than a minute after it is well again."""

from datetime import datetime, timedelta

import pytest

from jobs.circuit import LONGEST, MOST, ONE_CALL, Circuit
from webapp.errors import ProviderError

DOWN = ProviderError("Down.", retry=True, arrived=True, code="503")
SECOND = timedelta(seconds=1)


def failing(times: int, now: datetime, *, error: ProviderError = DOWN) -> Circuit:
    circuit = Circuit()
    for _ in range(times):
        circuit.note(1, error, now=now)
    return circuit


def test_one_part_that_fails_for_ever_is_left_alone_and_stops_no_other(now: datetime) -> None:
    """One broken mailbox is not its provider's trouble, also while nobody else calls."""
    circuit = Circuit()
    for _ in range(3 * MOST):
        circuit.note("google", DOWN, part=1, now=now)

    assert circuit.spared_until("google", part=1, now=now)
    assert circuit.spared_until("google", part=2, now=now) is None


def test_where_many_parts_fail_the_whole_line_is_left_alone_until_one_is_answered(now: datetime) -> None:
    circuit = Circuit()
    for part in range(MOST):
        assert circuit.spared_until("google", part=99, now=now) is None
        circuit.note("google", DOWN, part=part, now=now)
    until = circuit.spared_until("google", part=99, now=now)
    assert until

    assert [circuit.spared_until("google", part=99, now=until) for _ in range(2)] == [None, until + ONE_CALL]
    circuit.note("google", None, part=99, now=until)
    assert circuit.spared_until("google", part=98, now=until) is None


def test_it_takes_some_failures_in_a_row_and_another_line_is_left_alone(now: datetime) -> None:
    assert failing(MOST - 1, now).spared_until(1, now=now) is None

    circuit = failing(MOST, now)
    until = circuit.spared_until(1, now=now)

    assert until
    assert 4 * SECOND <= until - now <= 6 * SECOND
    assert circuit.spared_until(2, now=now) is None


@pytest.mark.parametrize(
    "answer",
    [None, ProviderError("No.", retry=False, code="refused"), ProviderError("429", retry=True, code="rate")],
    ids=["success", "refusal", "429"],
)
def test_an_answer_begins_the_count_anew_even_a_refusal(now: datetime, answer: ProviderError | None) -> None:
    circuit = failing(MOST - 1, now)
    circuit.note(1, answer, now=now)
    circuit.note(1, DOWN, now=now)

    assert circuit.spared_until(1, now=now) is None


def test_after_the_pause_one_tries_and_its_failure_makes_the_next_pause_longer_up_to_a_minute(now: datetime) -> None:
    circuit, lengths = failing(MOST, now), []
    for _ in range(8):
        until = circuit.spared_until(1, now=now) or now
        circuit.note(1, DOWN, now=now)  # was under way already
        assert circuit.spared_until(1, now=now) == until
        lengths.append(until - now)
        now = until
        assert [circuit.spared_until(1, now=now) for _ in range(3)] == [None, now + ONE_CALL, now + ONE_CALL]
        circuit.note(1, DOWN, now=now)

    assert lengths == sorted(lengths)
    assert lengths[-1] == LONGEST


def test_one_that_tried_and_is_never_heard_of_makes_room_for_another(now: datetime) -> None:
    circuit = failing(MOST, now)
    assert circuit.spared_until(1, now=now + 10 * SECOND) is None

    assert circuit.spared_until(1, now=now + 10 * SECOND + ONE_CALL) is None


def test_the_first_success_closes_it(now: datetime) -> None:
    circuit = failing(MOST, now)

    circuit.note(1, None, now=now + 10 * SECOND)
    circuit.note(1, DOWN, now=now + 10 * SECOND)

    assert circuit.spared_until(1, now=now + 10 * SECOND) is None


def test_a_clock_that_is_set_back_prolongs_no_pause_beyond_the_longest(now: datetime) -> None:
    circuit = failing(MOST, now + timedelta(hours=1))

    assert circuit.spared_until(1, now=now) is None
    assert circuit.spared_until(1, now=now) == now + ONE_CALL, "the others wait for the one who tries"
