"""Wall-clock times and instants, at the changes of the clock above all."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.errors import Invalid
from webapp.i18n import sentence
from webapp.services.event.wall_time import day_bounds, instants_of, typed_moment

CHICAGO = "America/Chicago"
ZONES = [CHICAGO, "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago", "Pacific/Apia", "UTC"]


def test_a_skipped_time_is_shown_never_and_a_repeated_one_twice() -> None:
    skipped = instants_of(datetime(2026, 3, 8, 2, 30), CHICAGO)
    repeated = instants_of(datetime(2026, 11, 1, 1, 30), CHICAGO)
    plain = instants_of(datetime(2026, 12, 3, 16, 0), CHICAGO)

    assert skipped == ()
    assert repeated == (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), datetime(2026, 11, 1, 7, 30, tzinfo=UTC))
    assert plain == (datetime(2026, 12, 3, 22, 0, tzinfo=UTC),)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2037, 1, 1)), st.sampled_from(ZONES))
def test_every_instant_is_found_again_by_the_wall_time_that_it_shows(instant: datetime, zone: str) -> None:
    known = instant.replace(second=0, microsecond=0, tzinfo=UTC)
    wall = known.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)

    found = instants_of(wall, zone)

    assert known in found
    assert len(found) <= 2


def test_a_typed_moment_is_read_on_the_events_clocks() -> None:
    opens = typed_moment(" 2026-12-03T16:30 ", CHICAGO, field="opens_at")

    assert opens == datetime(2026, 12, 3, 22, 30, tzinfo=UTC)
    assert typed_moment("", CHICAGO, field="opens_at") is None


def test_of_a_moment_that_comes_twice_the_earlier_is_meant() -> None:
    assert typed_moment("2026-11-01T01:30", CHICAGO, field="x") == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["2026-03-08T02:30", "tomorrow", "2026-13-01T10:00", "2026-12-03T16:30Z", "0001-01-01T00:00", "9999-12-31T23:59"],
)
def test_a_moment_that_does_not_exist_is_refused_at_its_field(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        typed_moment(text, CHICAGO, field="opens_at")

    assert caught.value.field == "opens_at"
    assert sentence(caught.value)


@given(st.dates(date(2020, 1, 1), date(2037, 1, 1)), st.sampled_from(ZONES))
def test_days_follow_each_other_without_a_gap(day: date, zone: str) -> None:
    start, end = day_bounds(day, zone)

    assert timedelta() <= end - start <= timedelta(hours=25)
    assert day_bounds(day + timedelta(days=1), zone)[0] == end
