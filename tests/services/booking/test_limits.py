"""The limits of UI Setup hold for families, count anew when they change, and the office learns what it breaks."""

from datetime import UTC, datetime, timedelta

import pytest
from evening import Evening
from factories import make_class, make_event, make_guardian, make_resource, make_student, make_teacher, stored
from sqlmodel import Session, select

from webapp.errors import DomainError
from webapp.i18n import sentence
from webapp.models import Appointment, ClassTeacher, EventSettings, Occupancy, Resource, Slot
from webapp.models.booking.occupancy import GAP
from webapp.models.event.event_settings import DAYS_BEFORE, HOURS_BEFORE, Closing
from webapp.services.booking.errors import (
    AlreadyBooked,
    ChildIsFull,
    ClassIsBooked,
    ClosedForTime,
    DayIsFull,
    EventIsFull,
    TimeClash,
    TooClose,
)
from webapp.services.booking.family import child_of
from webapp.services.booking.rules import judge
from webapp.services.booking.times import times_of
from webapp.services.booking.timetable import YOURS
from webapp.services.event.settings import UiSetupInput, save_ui_setup
from webapp.services.system.audit import SYSTEM
from webapp.services.system.invariants import broken

pytestmark = pytest.mark.both_databases

OPENED = "2026-09-01T07:00"


def limit(evening: Evening, **typed: object) -> EventSettings:
    """As the office saves it, with nothing else changed."""
    asked = UiSetupInput.model_validate({"opens_at": OPENED} | typed)
    return save_ui_setup(evening.session, evening.event, asked, who=SYSTEM, now=evening.now)


def another_teacher(evening: Evening, name: str, *, teaches: bool = True) -> Resource:
    teacher = make_teacher(evening.session, evening.school, name)
    if teaches:
        make_class(evening.session, evening.school, teacher, evening.mia)
    return make_resource(evening.session, evening.event, teacher)


def refused(evening: Evening, kind: type[DomainError], *slots: Slot, **who: object) -> str:
    """The sentence of a booking that has to fail, and leaves nothing."""
    with pytest.raises(kind) as caught, evening.session.begin_nested():
        evening.book(*slots, **who)
    return sentence(caught.value)


def is_sound(evening: Evening) -> bool:
    evening.session.flush()
    return broken(evening.session, now=evening.now) == []


def test_a_family_has_so_many_appointments_in_the_event_and_no_more(session: Session, now: datetime) -> None:
    """Maximum Appointments per Event (PRODUCT 2.5, RELIABILITY I5)."""
    evening = Evening(session, now)
    second, third = another_teacher(evening, "Jonas"), another_teacher(evening, "Petra")
    limit(evening, max_per_event="2")

    evening.book(evening.slot(), evening.slot(second))

    assert refused(evening, EventIsFull, evening.slot(third)).startswith("In this event a family can have 2 at most.")
    assert is_sound(evening)


def test_two_at_once_beyond_the_limit_are_both_refused(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    other = another_teacher(evening, "Jonas")
    limit(evening, max_per_event="1")

    refused(evening, EventIsFull, evening.slot(), evening.slot(other))

    assert session.exec(select(Appointment)).all() == []


def test_a_cancelled_appointment_makes_room_within_the_limit(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    other = another_teacher(evening, "Jonas")
    limit(evening, max_per_event="1", max_per_child="1", max_per_day="1", one_per_class="1")
    [first] = evening.book(evening.slot())
    evening.cancel(first)

    [again] = evening.book(evening.slot(other))

    assert (again.event_nth, again.child_nth, again.day_nth) == (1, 1, 1)
    assert is_sound(evening)


def test_a_child_has_so_many_appointments_and_a_sibling_has_as_many(session: Session, now: datetime) -> None:
    """Maximum Appointments Per Child."""
    evening = Evening(session, now)
    leo = make_student(session, evening.school, "Leo")
    make_guardian(session, evening.alice, leo)
    make_class(session, evening.school, evening.teacher, leo)
    second = another_teacher(evening, "Jonas")
    limit(evening, max_per_child="1")
    evening.book(evening.slot())

    said = refused(evening, ChildIsFull, evening.slot(second))

    assert "can have 1 at most. Leave one out, or cancel one." in said
    assert evening.book(evening.slot(), child=leo)


def test_what_another_parent_of_the_child_booked_counts_in_no_limit_of_a_family(
    session: Session, now: datetime
) -> None:
    """Else the limit would tell one household of the other (issue 6)."""
    evening = Evening(session, now)
    bob, _ = evening.family("Bob", "Ben")
    make_guardian(session, bob, evening.mia)
    second = another_teacher(evening, "Jonas")
    limit(evening, max_per_child="1", max_per_event="1", one_per_class="1")
    evening.book(evening.slot())

    assert evening.book(evening.slot(second), maker=bob)


def test_a_teacher_takes_so_many_on_a_day_whoever_books(session: Session, now: datetime) -> None:
    """Maximum Appointments Per Resource per Day."""
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    limit(evening, max_per_day="1")
    evening.book(evening.slot())

    said = refused(evening, DayIsFull, evening.slot(), maker=bob, child=ben)
    next_day = evening.slot(after=24 * 60)

    assert "takes no more appointments on this day" in said
    assert [a.day for a in evening.book(next_day, maker=bob, child=ben)] == ["2026-12-04"]


def test_the_day_is_that_of_the_school_and_not_of_utc(session: Session, now: datetime) -> None:
    """6 PM in Chicago is the next day in UTC."""
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    limit(evening, max_per_day="1")
    evening.book(evening.slot(after=0))

    refused(evening, DayIsFull, evening.slot(after=180), maker=bob, child=ben)


def test_one_appointment_per_teacher_counts_even_where_the_class_allows_two(session: Session, now: datetime) -> None:
    """One appointment per teacher (per student)."""
    evening = Evening(session, now)
    make_class(session, evening.school, evening.teacher, evening.mia, appointments_allowed=2)
    evening.book(evening.slot())
    limit(evening, one_per_teacher="1")

    refused(evening, AlreadyBooked, evening.slot())
    limit(evening)

    assert [a.nth for a in evening.book(evening.slot())] == [2]


def test_one_appointment_per_class_counts_for_both_of_its_teachers_and_both_children(
    session: Session, now: datetime
) -> None:
    """One appointment per class (PRODUCT 2.5): a second teacher of the same class, and a sibling in it."""
    evening = Evening(session, now)
    leo = make_student(session, evening.school, "Leo")
    make_guardian(session, evening.alice, leo)
    ines = make_teacher(session, evening.school, "Ines")
    both = make_class(session, evening.school, evening.teacher, evening.mia, leo, appointments_allowed=2)
    stored(session, ClassTeacher(class_id=both.id, contact_id=ines.id, school_id=evening.school.id))
    theirs = make_resource(session, evening.event, ines)
    limit(evening, one_per_class="1")
    evening.book(evening.slot())

    assert "for the class that Mia" in refused(evening, ClassIsBooked, evening.slot(theirs))
    refused(evening, ClassIsBooked, evening.slot(), child=leo)
    limit(evening)
    assert evening.book(evening.slot(), child=leo)


def test_a_new_limit_keeps_what_is_booked_and_refuses_the_next(session: Session, now: datetime) -> None:
    """A change says what it does; nothing booked goes (PRODUCT 2.5)."""
    evening = Evening(session, now)
    second, third = another_teacher(evening, "Jonas"), another_teacher(evening, "Petra")
    booked = evening.book(evening.slot(), evening.slot(second))
    assert [a.event_nth for a in booked] == [None, None]

    limit(evening, max_per_event="1", max_per_day="2")

    assert [(a.event_nth, a.day_nth) for a in map(evening.again, booked)] == [(1, 1), (2, 1)]
    refused(evening, EventIsFull, evening.slot(third))
    evening.cancel(booked[0])
    refused(evening, EventIsFull, evening.slot(third))
    limit(evening)
    assert evening.again(booked[1]).event_nth is None
    assert is_sound(evening)


def test_a_change_of_one_event_numbers_nothing_in_another(session: Session, now: datetime) -> None:
    evening, other = Evening(session, now), Evening(session, now)
    [booked] = other.book(other.slot())

    limit(evening, max_per_event="1", allows_back_to_back=False)

    assert other.again(booked).event_nth is None
    assert other.settings.limits.gap == 0


def test_without_back_to_back_a_gap_is_forced_before_and_after(session: Session, now: datetime) -> None:
    """Allow back-to-back, Duration between appointments."""
    evening = Evening(session, now)
    others = [another_teacher(evening, name) for name in ("Jonas", "Petra", "Ravi")]
    limit(evening, allows_back_to_back=False, gap_minutes="10")
    evening.book(evening.slot(after=60))

    after, before = evening.slot(others[0], after=80), evening.slot(others[1], after=40)
    said = refused(evening, TooClose, after)
    refused(evening, TooClose, before)

    assert said.endswith("is less than 10 minutes from another of your appointments.")
    assert evening.book(evening.slot(others[0], after=85), evening.slot(others[1], after=35))
    assert is_sound(evening)


def test_an_event_s_gap_has_no_say_in_another_event(session: Session, now: datetime) -> None:
    """Duration between appointments is the event's own: what the page shows as free can be booked."""
    evening = Evening(session, now)
    limit(evening, allows_back_to_back=False, gap_minutes="30")
    evening.book(evening.slot(after=0))
    evening.event = make_event(session, evening.school)
    jonas, petra = another_teacher(evening, "Jonas"), another_teacher(evening, "Petra")
    settings = limit(evening, allows_back_to_back=False, gap_minutes="5")
    evening.settings = settings

    at_once, next_to_it = evening.slot(jonas, after=0), evening.slot(jonas, after=15)
    too_close, apart = evening.slot(petra, after=30), evening.slot(petra, after=35)
    about = (evening.event, [jonas.id or 0], evening.alice, [evening.mia.id or 0])
    shown = times_of(session, *about, settings=settings, now=now)[jonas.id or 0]

    assert [time.clash for time in shown] == [YOURS, None]
    refused(evening, TimeClash, at_once)
    assert evening.book(next_to_it)
    refused(evening, TooClose, too_close)
    assert evening.book(apart)
    assert is_sound(evening)


def test_two_chosen_at_once_need_the_gap_between_them(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    other = another_teacher(evening, "Jonas")
    limit(evening, allows_back_to_back=False, gap_minutes="5")

    refused(evening, TooClose, evening.slot(after=0), evening.slot(other, after=15))


def test_the_gap_is_a_familys_own_and_not_the_teachers(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    limit(evening, allows_back_to_back=False, gap_minutes="5")

    evening.book(evening.slot())

    assert evening.book(evening.slot(), maker=bob, child=ben)


def test_a_gap_that_comes_later_keeps_neighbours_and_refuses_the_next(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    others = [another_teacher(evening, name) for name in ("Jonas", "Petra")]
    evening.book(evening.slot(after=0), evening.slot(others[0], after=15))

    limit(evening, allows_back_to_back=False, gap_minutes="5")

    third = evening.slot(others[1], after=30)
    refused(evening, TooClose, third)
    assert is_sound(evening)
    limit(evening)
    assert session.exec(select(Occupancy).where(Occupancy.kind == GAP)).all() == []
    assert evening.book(third)


def test_a_move_counts_on_its_new_day_and_obeys_limits(session: Session, now: datetime) -> None:
    """RELIABILITY I8: refused, it stays where it was."""
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    limit(evening, max_per_day="1", max_per_event="1", allows_back_to_back=False)
    [mine] = evening.book(evening.slot(after=0))
    evening.book(evening.slot(after=24 * 60), maker=bob, child=ben)

    evening.move(mine, evening.slot(after=30))
    evening.move(mine, evening.slot(after=48 * 60))

    assert (evening.again(mine).day, evening.again(mine).day_nth, evening.again(mine).event_nth) == ("2026-12-05", 1, 1)
    with pytest.raises(DayIsFull), session.begin_nested():
        evening.move(mine, evening.slot(after=24 * 60 + 30))
    assert is_sound(evening)


@pytest.mark.parametrize(
    ("mode", "minutes", "is_open"),
    [
        ({}, 16 * 60, True),
        ({"booking_closes": HOURS_BEFORE, "closes_hours": "17"}, 16 * 60, False),
        ({"booking_closes": HOURS_BEFORE, "closes_hours": "16"}, 16 * 60 + 1, True),
        ({"booking_closes": HOURS_BEFORE, "closes_hours": "16"}, 16 * 60, False),
    ],
)
def test_booking_closes_so_many_hours_before_a_time(
    session: Session, now: datetime, mode: dict[str, object], minutes: int, is_open: bool
) -> None:
    """Close Appointment Booking."""
    evening = Evening(session, now)
    limit(evening, **mode)
    slot = evening.slot()
    slot.starts_at, slot.ends_at = now + timedelta(minutes=minutes), now + timedelta(minutes=minutes + 15)
    session.flush()

    if is_open:
        assert evening.book(slot)
    else:
        assert "booking for it has closed" in refused(evening, ClosedForTime, slot)


@pytest.mark.parametrize(
    ("days", "at", "now", "last"),
    [
        (2, "12:00", "2026-12-01T17:59", "2026-12-03T05:59:59"),  # noon in Chicago is 18:00: Dec 3 is still open
        (2, "12:00", "2026-12-01T18:00", "2026-12-04T05:59:59"),
        (0, "08:00", "2026-12-03T13:00", "2026-12-03T13:00"),  # on the day itself, until 8
        (0, "08:00", "2026-12-03T14:00", "2026-12-04T05:59:59"),
        (1, "12:00", "2026-11-01T05:30", "2026-11-02T05:59:59"),  # across the end of summer time
    ],
)
def test_booking_closes_at_a_time_of_the_zone_so_many_days_before_the_day(
    days: int, at: str, now: str, last: str
) -> None:
    """Close Appointment Booking: "at time T, N days before the appointment date"."""
    closing = Closing(DAYS_BEFORE, days=days, time=at)

    found = closing.closed_until("America/Chicago", datetime.fromisoformat(now).replace(tzinfo=UTC))

    assert found == datetime.fromisoformat(last).replace(tzinfo=UTC)


def test_the_office_learns_every_rule_that_its_booking_would_break(session: Session, now: datetime) -> None:
    """PRODUCT 3.7: it becomes red."""
    evening = Evening(session, now)
    other = another_teacher(evening, "Jonas")
    settings = limit(
        evening, max_per_event="1", max_per_child="1", max_per_day="1", allows_back_to_back=False, gap_minutes="10"
    )
    evening.book(evening.slot(after=0))
    mia = child_of(session, evening.alice, evening.mia.token)

    same, next_one = evening.slot(after=15), evening.slot(other, after=24 * 60)
    found = [type(rule) for rule in judge(session, evening.event, settings, evening.alice, mia, same).broken]
    judged = judge(session, evening.event, settings, evening.alice, mia, next_one)

    assert found == [AlreadyBooked, EventIsFull, ChildIsFull, DayIsFull, TooClose]
    assert [type(rule) for rule in judged.broken] == [EventIsFull, ChildIsFull]
    assert (judged.values["nth"], judged.values["event_nth"], judged.values["day_nth"]) == (1, 2, 1)


def test_the_office_breaks_no_rule_where_a_family_might_book(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    settings = limit(evening, max_per_event="1", one_per_class="1", one_per_teacher="1", max_per_day="3")
    [mine] = evening.book(evening.slot())
    mia = child_of(session, evening.alice, evening.mia.token)
    slot = evening.slot()

    assert len(judge(session, evening.event, settings, evening.alice, mia, slot).broken) == 3
    assert judge(session, evening.event, settings, evening.alice, mia, slot, besides=mine.id).broken == []
