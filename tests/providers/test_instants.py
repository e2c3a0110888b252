"""Waits are understood in every way in which services write them."""

from datetime import UTC, datetime, timedelta

import pytest

from webapp.providers.instants import retry_after

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30", 30),
        ("0.5", 0.5),
        ("Mon, 23 Nov 2026 15:01:00 GMT", 60),
        ("2026-11-24T00:00:00Z", 9 * 3600),
        ("2026-11-23T10:00:30-05:00", 30),
        ("2026-11-23T15:00:30", 30),
        ("1e99", 48 * 3600),
        ("9999-12-31T23:59:59Z", 48 * 3600),
    ],
)
def test_retry_after_is_read_in_every_way_it_is_written(written: str, seconds: float) -> None:
    assert retry_after(written, AT) == AT + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "written", ["", "soon", "-5", "0", "nan", "inf", "2026-11-23T14:00:00Z", "Mon, 23 Nov 1998 15:01:00 GMT"]
)
def test_a_wait_that_makes_no_sense_is_left_out(written: str) -> None:
    assert retry_after(written, AT) is None
