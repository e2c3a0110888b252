"""A teacher's own schedule begins where they will look for it: the next time, in words that say how soon."""

from datetime import datetime, timedelta

import pytest
from factories import EVENING, make_event, make_resource, make_school, make_slot, make_teacher
from sqlmodel import Session

from webapp.services.event.own_schedule import coming_event, how_soon, own_events, own_schedule


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(minutes=-3), "Now"),
        (timedelta(), "Now"),
        (timedelta(seconds=20), "Next, in 1 minute"),
        (timedelta(minutes=5, seconds=1), "Next, in 6 minutes"),
        (timedelta(hours=5, minutes=59), "Next, in 5 hours"),
        (timedelta(days=10, hours=3), "Next, in 10 days"),
    ],
)
def test_it_says_how_soon(now: datetime, ahead: timedelta, words: str) -> None:
    assert how_soon(now + ahead, now=now) == words


def test_the_event_of_the_next_time_comes_first_and_without_one_the_newest(session: Session, now: datetime) -> None:
    school = make_school(session)
    teacher = make_teacher(session, school)
    past, coming, newest = (make_event(session, school, name=name) for name in ("Past", "Coming", "Newest"))
    make_event(session, school, name="Of others")
    resources = [make_resource(session, event, teacher) for event in (past, coming, newest)]
    make_slot(session, resources[0], at=EVENING - timedelta(days=60))
    events = own_events(session, teacher)

    before = coming_event(session, teacher, events, now=now)
    make_slot(session, resources[1])

    assert [event.name for event in events] == ["Newest", "Coming", "Past"]
    assert before == newest
    assert coming_event(session, teacher, events, now=now) == coming
    assert coming_event(session, make_teacher(session, school, "Ines"), [], now=now) is None


def test_after_the_last_day_that_one_is_shown(session: Session, now: datetime) -> None:
    school = make_school(session)
    teacher = make_teacher(session, school)
    event = make_event(session, school)
    for days in (60, 59):
        make_slot(session, make_resource(session, event, teacher), at=EVENING - timedelta(days=days))

    schedule = own_schedule(session, event, teacher, day=None, now=now)

    assert schedule.day == schedule.days[-1]
    assert schedule.following is None
