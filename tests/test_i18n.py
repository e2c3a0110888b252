"""Dates and times read as an American school writes them, and change with the reader's language, not the server's."""

from datetime import UTC, date, datetime

import pytest
from babel import Locale

from webapp import i18n
from webapp.errors import Invalid, ProviderError

CHICAGO = "America/Chicago"
THURSDAY = date(2026, 12, 3)


def at(hour: int, minute: int = 0, *, month: int = 12) -> datetime:
    """An instant by Greenwich's clock."""
    return datetime(2026, month, 3, hour, minute, tzinfo=UTC)


def test_a_day_is_written_in_full_or_short() -> None:
    assert i18n.long_day(THURSDAY) == "Thursday, December 3"
    assert i18n.short_day(THURSDAY) == "Thu, Dec 3"
    assert i18n.full_date(THURSDAY) == "Dec 3, 2026"
    assert i18n.month(THURSDAY) == "December 2026"


@pytest.mark.parametrize(
    ("instant", "zone", "shown"),
    [
        (at(22, 30), CHICAGO, "4:30 PM"),
        (at(18), CHICAGO, "12:00 PM"),
        (at(6, 5), CHICAGO, "12:05 AM"),
        (at(14, 5), CHICAGO, "8:05 AM"),
        (at(22, 30, month=7), CHICAGO, "5:30 PM"),
        (at(22, 30), "Asia/Kolkata", "4:00 AM"),
        (at(22, 30), "UTC", "10:30 PM"),
    ],
)
def test_a_time_is_on_the_zone_s_wall_clock_of_twelve_hours(instant: datetime, zone: str, shown: str) -> None:
    assert i18n.clock_time(instant, zone) == shown


def test_no_space_in_a_time_is_an_odd_one() -> None:
    shown = i18n.clock_time(at(22, 30), CHICAGO) + i18n.moment(at(22, 30), CHICAGO)

    assert shown.isascii()


def test_a_moment_has_the_day_of_the_zone() -> None:
    late = at(3, 15)

    assert i18n.moment(late, CHICAGO) == "Wed, Dec 2, 9:15 PM"
    assert i18n.local_day(late, CHICAGO) == date(2026, 12, 2)
    assert i18n.local_day(late, "UTC") == THURSDAY


def test_the_grid_s_marks_name_the_hour_once() -> None:
    assert [i18n.hour_mark(at(22, minute), CHICAGO) for minute in (0, 15)] == ["4 PM", "4:15"]


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        (CHICAGO, "Central Time"),
        ("America/New_York", "Eastern Time"),
        ("America/Phoenix", "Mountain Time"),
        ("Europe/Berlin", "Central European Time"),
    ],
)
def test_a_zone_is_called_as_people_call_it(zone: str, name: str) -> None:
    assert i18n.zone_name(zone) == name


def test_the_week_begins_on_sunday() -> None:
    assert i18n.first_weekday() == 6
    assert i18n.weekdays()[0] == ("Sunday", "S")
    assert i18n.weekdays()[-1] == ("Saturday", "S")


def test_another_language_has_its_own_order_and_clock() -> None:
    with i18n.speaking("de"):
        german = i18n.long_day(THURSDAY), i18n.clock_time(at(22, 30), CHICAGO), i18n.hour_mark(at(22), CHICAGO)
        first = i18n.first_weekday()
    with i18n.speaking("ar"):
        direction = i18n.direction()

    assert german == ("Donnerstag, 3. Dezember", "16:30", "16:00")
    assert first == Locale.parse("de").first_week_day == 0
    assert direction == "rtl"
    assert (i18n.language(), i18n.direction()) == ("en", "ltr")


def test_spanish_is_that_of_the_united_states() -> None:
    with i18n.speaking("es"):
        day, shown = i18n.long_day(THURSDAY), i18n.clock_time(at(22, 30), CHICAGO)

    assert (day, shown) == ("jueves, 3 de diciembre", "4:30 p.m.")


def test_chinese_writes_the_date_before_its_weekday_and_a_moment_without_a_comma() -> None:
    with i18n.speaking("zh"):
        assert i18n.long_day(THURSDAY) == "12月3日星期四"
        assert i18n.moment(at(22, 30), CHICAGO) == "12月3日周四 16:30"


@pytest.mark.parametrize(
    ("language", "comma", "stop", "shown"),
    [
        ("en", ", ", ". ", "Thursday, December 3, 4:30 PM"),
        ("ar", "، ", ". ", "الخميس، 3 ديسمبر، 4:30 م"),
        ("zh", "，", "。", "12月3日星期四 16:30"),
    ],
)
def test_the_parts_of_a_line_are_joined_as_the_language_writes_them(
    language: str, comma: str, stop: str, shown: str
) -> None:
    with i18n.speaking(language):
        assert (i18n.comma(), i18n.stop()) == (comma, stop)
        assert i18n.long_moment(at(22, 30), CHICAGO) == shown


def test_what_a_school_wishes_of_its_clock_holds_in_each_language() -> None:
    i18n.write_as("", "12")
    try:
        with i18n.speaking("zh"):
            twelve = i18n.clock_time(at(22, 30), CHICAGO)
        i18n.write_as("", "24")
        with i18n.speaking("es"):
            twenty_four = i18n.clock_time(at(22, 30), CHICAGO)
            of_a_rule = i18n.wall_clock("12:00")
    finally:
        i18n.write_as("", "")

    assert (twelve, twenty_four, of_a_rule) == ("下午4:30", "16:30", "12:00")


def test_the_first_wanted_language_that_is_spoken_here_counts() -> None:
    assert i18n.first_known(["tlh", "es-MX", "fr"]) == "es"
    assert i18n.first_known(["zh_Hans_CN"]) == "zh"
    assert i18n.first_known(["", "*", "x" * 9000]) == ""


def test_nothing_is_translated_as_nothing() -> None:
    """A catalogue's head stands under the empty message."""
    with i18n.speaking("es"):
        assert i18n.gettext("") == ""


def test_an_unknown_language_is_spoken_as_english() -> None:
    with i18n.speaking("tlh"):
        assert i18n.language() == "en"


def test_the_reader_s_language_comes_back_after_a_fault() -> None:
    with pytest.raises(RuntimeError), i18n.speaking("en"):
        raise RuntimeError

    assert i18n.language() == "en"


def test_plurals_and_places_are_filled() -> None:
    assert i18n.ngettext("%(n)s teacher", "%(n)s teachers", 1) == "1 teacher"
    assert i18n.ngettext("%(n)s teacher", "%(n)s teachers", 0) == "0 teachers"
    assert i18n.gettext("%(name)s: 100%%", name="Mia %s") == "Mia %s: 100%"
    assert i18n.gettext("100%") == "100%"


def test_an_error_becomes_a_sentence() -> None:
    assert i18n.sentence(Invalid("Use at most %(n)s letters.", n=5)) == "Use at most 5 letters."
    assert i18n.sentence(ProviderError("Zoom asks us to go slower.", retry=True)) == "Zoom asks us to go slower."
