"""Exchange names zones as Windows does, as the tz database does, or in ways of its own."""

from datetime import UTC, datetime
from typing import Any

import pytest

from webapp.providers.microsoft.answers import busy_spans, instant_of, made_entry, remote_calendar
from webapp.providers.microsoft.zones import is_utc, zone_named


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("w. europe standard time", "Europe/Berlin"),
        ("Pacific Standard Time", "America/Los_Angeles"),
        ("Nepal Standard Time", "Asia/Katmandu"),
        ("Lord Howe Standard Time", "Australia/Lord_Howe"),
        ("Europe/Kiev", "Europe/Kiev"),
        ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("UTC", "UTC"),
        ("tzone://Microsoft/Utc", "UTC"),
    ],
)
def test_a_zone_is_known_by_each_of_its_names(name: str, zone: str) -> None:
    assert str(zone_named(name)) == zone


@pytest.mark.parametrize(
    "name", ["tzone://Microsoft/Custom", "Customized Time Zone", "../../etc/passwd", "Europe", "\0"]
)
def test_a_zone_that_nobody_knows_is_none(name: str) -> None:
    assert zone_named(name) is None


def test_a_zone_that_is_not_said_is_utc() -> None:
    assert is_utc(None)
    assert str(zone_named(None)) == "UTC"


@pytest.mark.parametrize(
    ("said", "instant"),
    [
        ({"dateTime": "2026-12-03T16:00:00.0000000", "timeZone": "UTC"}, datetime(2026, 12, 3, 16, tzinfo=UTC)),
        (
            {"dateTime": "2026-07-03T16:00:00", "timeZone": "Eastern Standard Time"},
            datetime(2026, 7, 3, 20, tzinfo=UTC),
        ),
        ({"dateTime": "2026-12-03T16:00:00+02:00", "timeZone": "UTC"}, datetime(2026, 12, 3, 14, tzinfo=UTC)),
        ({"dateTime": "2026-12-03T16:00:00", "timeZone": "tzone://Microsoft/Custom"}, None),
        ({"dateTime": "yesterday", "timeZone": "UTC"}, None),
        ({"dateTime": "9999-12-31T23:59:59", "timeZone": "Hawaiian Standard Time"}, None),
        ({"timeZone": "UTC"}, None),
        ("2026-12-03T16:00:00Z", None),
        (None, None),
    ],
)
def test_an_instant_is_read_in_the_zone_that_is_said_with_it(said: object, instant: datetime | None) -> None:
    assert instant_of(said) == instant


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"id": 7, "start": {"dateTime": "2026-12-03T16:00:00"}, "end": {"dateTime": "2026-12-03T17:00:00"}},
        {"id": "x", "start": None, "end": None},
        {"id": "x", "start": [], "end": "never"},
    ],
)
def test_an_answer_that_is_no_entry_is_none(event: dict[str, Any]) -> None:
    assert made_entry(event) is None


def test_a_calendar_without_a_key_or_the_right_to_write_is_none() -> None:
    assert remote_calendar({"name": "x", "canEdit": True}) is None
    assert remote_calendar({"id": "x", "canEdit": "yes"}) is None


def test_an_event_of_a_zone_of_its_own_blocks_by_the_mailbox_s() -> None:
    """A whole day, and beside it one event from which the mailbox's zone is seen; nonsense is left out."""
    day = {
        "isAllDay": True,
        "showAs": "busy",
        "originalStartTimeZone": "tzone://Microsoft/Custom",
        "start": {"dateTime": "2026-12-03T00:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-12-04T00:00:00.0000000", "timeZone": "UTC"},
    }
    call = {
        "showAs": "busy",
        "originalStartTimeZone": "AUS Eastern Standard Time",
        "start": {"dateTime": "2026-12-05T01:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-12-05T02:00:00.0000000", "timeZone": "UTC"},
    }
    nonsense = {"showAs": "busy", "start": day["end"], "end": day["start"]}

    spans = busy_spans({"main": [day, call, nonsense]}, zone="UTC")

    assert [(span.starts_at, span.ends_at) for span in spans] == [
        (datetime(2026, 12, 2, 13, tzinfo=UTC), datetime(2026, 12, 3, 13, tzinfo=UTC)),
        (datetime(2026, 12, 5, 1, tzinfo=UTC), datetime(2026, 12, 5, 2, tzinfo=UTC)),
    ]
