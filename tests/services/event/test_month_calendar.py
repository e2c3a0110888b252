"""The month calendar of the Appointments tab."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from webapp.services.event.month_calendar import month_calendar


def test_december_shows_its_slots_in_whole_weeks_from_sunday() -> None:
    third = date(2026, 12, 3)

    month = month_calendar(third, {third: 552, date(2026, 12, 4): 1}, current=third)

    days = [day for week in month.weeks for day in week]
    assert month.title == "December 2026"
    assert month.weekdays[0] == ("Sunday", "S")
    assert (month.before_title, month.after_title) == ("November 2026", "January 2027")
    assert days[0].day == date(2026, 11, 29)
    assert not days[0].is_in_month
    assert [day.spoken for day in days if day.slots] == [
        "Thursday, December 3, 552 slots",
        "Friday, December 4, 1 slot",
    ]
    assert [day.number for day in days if day.is_current] == [3]


@given(st.dates(date(1990, 1, 1), date(2200, 12, 31)))
def test_every_month_is_made_of_whole_weeks_and_meets_its_neighbours(shown: date) -> None:
    month = month_calendar(shown, {}, current=shown)

    days = [day for week in month.weeks for day in week]
    assert {len(week) for week in month.weeks} == {7}
    assert [day.day for day in days] == sorted({day.day for day in days})
    assert month_calendar(month.before, {}, current=shown).after == shown.replace(day=1)
    assert month_calendar(month.after, {}, current=shown).before == shown.replace(day=1)
