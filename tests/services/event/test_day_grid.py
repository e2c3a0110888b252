"""The day grid: what each slot shows, in a fixed number of queries."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from factories import (
    EVENING,
    make_appointment,
    make_contact,
    make_event,
    make_resource,
    make_school,
    make_slot,
    make_student,
    make_teacher,
    stored,
)
from sqlalchemy import event as sa_event
from sqlmodel import Session

from webapp.errors import NotFound
from webapp.models import Appointment, Event, Meeting, Resource, School, Slot
from webapp.services.event.day_grid import DayGrid, day_grid, first_day
from webapp.services.event.grid_slot import GridSlot

THURSDAY = EVENING.date()
QUARTER = timedelta(minutes=15)


def make_evening(session: Session, **settings: Any) -> tuple[Event, Resource]:
    school = make_school(session)
    event = make_event(session, school, settings=settings)
    teacher = make_teacher(session, school)
    return event, make_resource(session, event, teacher, group_name="Grade 4", position=0)


def book(session: Session, slot: Slot, **values: Any) -> Appointment:
    school = session.get_one(School, slot.school_id)
    return make_appointment(session, slot, make_contact(session, school), **values)


def slots_in(grid: DayGrid) -> list[GridSlot]:
    return [cell.slot for row in grid.rows for cell in row.cells if cell.slot]


def only_slot(session: Session, event: Event, now: datetime) -> GridSlot:
    [slot] = slots_in(day_grid(session, event, THURSDAY, now=now))
    return slot


def test_the_day_shows_teachers_slots_and_gaps(session: Session, now: datetime) -> None:
    event, resource = make_evening(session)
    make_slot(session, resource)
    make_slot(session, resource, at=EVENING + 2 * QUARTER, visibility="unavailable", message="Break")
    other = make_resource(session, event, name="Hugh Barlow", room="Gym", position=1)
    make_slot(session, other, at=EVENING, minutes=20, kind="PV")
    make_slot(session, resource, at=EVENING + timedelta(days=1))
    book(session, make_slot(session, resource, at=EVENING + QUARTER), child_name="Amir Haddad")

    grid = day_grid(session, event, THURSDAY, now=now)

    assert grid.title == "Thursday, December 3"
    assert [(tab.label, tab.slots, tab.is_current) for tab in grid.days] == [
        ("Thu, Dec 3", 4, True),
        ("Fri, Dec 4", 1, False),
    ]
    assert (grid.step, grid.columns) == (5, 9)
    assert [(tick.label, tick.colspan, tick.is_hour) for tick in grid.ticks] == [
        ("4 PM", 3, True),
        ("4:15", 3, False),
        ("4:30", 3, False),
    ]
    first, second = grid.rows
    assert (first.name, first.group_name, first.room, first.booked, first.total) == (
        "Folake Adeyemi",
        "Grade 4",
        "112",
        1,
        2,
    )
    assert [(cell.colspan, cell.slot and cell.slot.text) for cell in first.cells] == [
        (3, "P"),
        (3, "Amir H."),
        (3, "Break"),
    ]
    assert [(cell.colspan, cell.slot and cell.slot.text) for cell in second.cells] == [(4, "PV"), (5, None)]
    assert grid.stray == ()
    assert (grid.teachers, grid.first_row, grid.last_row, grid.pages) == (2, 1, 2, 1)


@pytest.mark.parametrize(("kind", "spoken"), [("P", "In-Person"), ("V", "Virtual"), ("PV", "In-Person or Virtual")])
def test_the_grid_marks_the_types(session: Session, now: datetime, kind: str, spoken: str) -> None:
    """R45: slots carry P, V or PV and the grid marks them; R46: the column is there with V or PV."""
    event, resource = make_evening(session)
    make_slot(session, resource, kind=kind)

    grid = day_grid(session, event, THURSDAY, now=now)

    [slot] = slots_in(grid)
    assert (slot.state, slot.kind, slot.text, slot.is_free) == ("free", kind, kind, True)
    assert slot.spoken == f"free, {spoken}, book it"
    assert slot.time == "4:00 PM"
    assert grid.has_virtual_room == (kind != "P")


@pytest.mark.parametrize(
    ("visibility", "message", "text"),
    [
        ("hidden", "", "Hidden"),
        ("call", "", "Call"),
        ("unavailable", "", "Not available"),
        ("unavailable", "Lunch", "Lunch"),
    ],
)
def test_what_customers_cannot_book_is_off(
    session: Session, now: datetime, visibility: str, message: str, text: str
) -> None:
    event, resource = make_evening(session)
    make_slot(session, resource, visibility=visibility, message=message)

    slot = only_slot(session, event, now)

    assert (slot.state, slot.text, slot.message, slot.is_free) == ("off", text, message, False)


def test_an_in_person_appointment_is_quiet(session: Session, now: datetime) -> None:
    event, resource = make_evening(session)
    appointment = book(session, make_slot(session, resource))

    slot = only_slot(session, event, now)

    assert (slot.state, slot.text, slot.spoken) == ("", "Mia A.", "in person")
    assert (slot.appointment_id, slot.is_free) == (appointment.id, False)


def test_an_online_appointment_waits_for_its_link(session: Session, now: datetime) -> None:
    event, resource = make_evening(session, provider="zoom")
    resource.virtual_room = "https://meet.example/adeyemi"
    appointment = book(session, make_slot(session, resource, kind="V"))
    meeting = Meeting(
        school_id=event.school_id, appointment_id=appointment.id, provider="zoom", marker="m", wished_at=now
    )
    stored(session, meeting)

    waiting = only_slot(session, event, now)
    meeting.join_url = "https://zoom.us/j/1"
    session.flush()
    linked = only_slot(session, event, now)

    assert (waiting.state, waiting.spoken) == ("wait", "online, link on the way")
    assert (linked.state, linked.spoken) == ("on", "online")


def test_without_a_provider_the_typed_link_counts(session: Session, now: datetime) -> None:
    """R47: the cell's link serves the teacher's virtual appointments."""
    event, resource = make_evening(session)
    book(session, make_slot(session, resource, kind="V"))

    without = only_slot(session, event, now)
    resource.virtual_room = "https://meet.example/adeyemi"
    session.flush()

    assert (without.state, without.spoken) == ("wait", "online, no link yet")
    assert only_slot(session, event, now).state == "on"


def test_a_hold_shows_while_it_runs(session: Session, now: datetime) -> None:
    """PRODUCT 2.4: orange, “Customer is creating this appointment”."""
    event, resource = make_evening(session)
    book(session, make_slot(session, resource), held_until=now + timedelta(minutes=5))

    held = only_slot(session, event, now)
    later = only_slot(session, event, now + timedelta(minutes=5))

    assert (held.state, held.text, held.spoken) == ("hold", "Booking", "customer is creating this appointment")
    assert later.state == "free"


def test_a_problem_is_flagged_whatever_else_holds(session: Session, now: datetime) -> None:
    event, resource = make_evening(session)
    book(session, make_slot(session, resource, kind="V"), problem="rule")

    slot = only_slot(session, event, now)

    assert (slot.state, slot.spoken) == ("flag", "breaks a booking rule")


def test_a_group_slot_shows_how_full_it_is_and_its_worst_state(session: Session, now: datetime) -> None:
    event, resource = make_evening(session)
    slot = make_slot(session, resource, kind="PV", capacity=5)
    book(session, slot, seat=1)
    book(session, slot, seat=2, is_virtual=True)
    book(session, slot, seat=3, cancelled_at=now)

    grid = day_grid(session, event, THURSDAY, now=now)

    [shown] = slots_in(grid)
    assert (shown.state, shown.text, shown.appointment_id, shown.is_free) == ("wait", "2 of 5", None, True)
    assert (grid.rows[0].booked, grid.rows[0].total) == (2, 5)


def test_of_several_states_the_one_that_needs_somebody_shows(session: Session, now: datetime) -> None:
    event, resource = make_evening(session)
    slot = make_slot(session, resource, kind="V", capacity=5)
    book(session, slot, seat=1)
    held = book(session, slot, seat=2, held_until=now + timedelta(minutes=5))
    book(session, slot, seat=3)

    with_hold = only_slot(session, event, now)
    held.held_until, held.problem = None, "rule"
    session.flush()

    assert (with_hold.state, with_hold.spoken) == ("hold", "customer is creating this appointment")
    assert only_slot(session, event, now).state == "flag"


@pytest.mark.parametrize(
    ("first", "last", "short"),
    [("Mia", "Alvarez", "Mia A."), ("Anna Maria", "de la Cruz", "Anna C."), ("\u5c0f\u660e", "", "\u5c0f\u660e")],
)
def test_children_are_named_shortly(session: Session, now: datetime, first: str, last: str, short: str) -> None:
    event, resource = make_evening(session)
    student = make_student(session, session.get_one(School, event.school_id), first, last)
    book(session, make_slot(session, resource), student_id=student.id, child_name="")

    assert only_slot(session, event, now).text == short


def test_appointments_of_removed_slots_stand_beneath_the_table(session: Session, now: datetime) -> None:
    event, resource = make_evening(session)
    removed = make_slot(session, resource, minutes=20, removed_at=now)
    red = book(session, removed, problem="slot_removed")
    book(session, make_slot(session, resource, at=EVENING + QUARTER, removed_at=now), cancelled_at=now)
    make_slot(session, resource, minutes=10)

    grid = day_grid(session, event, THURSDAY, now=now)

    assert [slot.state for slot in slots_in(grid)] == ["free"]
    assert grid.columns * grid.step == 10
    [stray] = grid.stray
    assert (stray.appointment_id, stray.slot_id, stray.state) == (red.id, removed.id, "flag")
    assert (stray.teacher, stray.time, stray.who) == ("Folake Adeyemi", "4:00 PM", "Mia A.")
    assert stray.spoken == "its slot was deleted: move, cancel or confirm it"


def test_appointments_of_removed_slots_are_seen_on_every_page_of_teachers(session: Session, now: datetime) -> None:
    event, _ = make_evening(session)
    other = make_resource(session, event, position=1)
    red = book(session, make_slot(session, other, removed_at=now), problem="slot_removed")

    grid = day_grid(session, event, THURSDAY, page=1, per_page=1, now=now)

    assert [row.id for row in grid.rows] != [other.id]
    assert [stray.appointment_id for stray in grid.stray] == [red.id]


def test_slots_that_overlap_do_not_break_the_table(session: Session, now: datetime) -> None:
    event, resource = make_evening(session)
    make_slot(session, resource, minutes=30)
    overlapping = make_slot(session, resource, at=EVENING + QUARTER, minutes=30)

    grid = day_grid(session, event, THURSDAY, now=now)

    assert sum(cell.colspan for cell in grid.rows[0].cells) == grid.columns
    assert [(stray.slot_id, stray.appointment_id) for stray in grid.stray] == [(overlapping.id, None)]


def test_pages_share_one_scale_and_a_page_too_far_is_the_last(session: Session, now: datetime) -> None:
    event, resource = make_evening(session)
    make_slot(session, resource)
    for position in range(1, 5):
        make_slot(session, make_resource(session, event, position=position), at=EVENING + position * QUARTER)

    pages = [day_grid(session, event, THURSDAY, page=number, per_page=2, now=now) for number in (-1, 2, 99)]

    assert [(grid.page, grid.pages, grid.first_row, grid.last_row) for grid in pages] == [
        (1, 3, 1, 2),
        (2, 3, 3, 4),
        (3, 3, 5, 5),
    ]
    assert {grid.columns for grid in pages} == {5}
    assert all(sum(cell.colspan for cell in row.cells) == 5 for grid in pages for row in grid.rows)


def test_an_event_without_slots_or_teachers_is_an_empty_table(session: Session, now: datetime) -> None:
    event = make_event(session, make_school(session))

    grid = day_grid(session, event, THURSDAY, month=date(2027, 1, 15), now=now)

    assert (grid.rows, grid.ticks, grid.columns, grid.days) == ((), (), 0, ())
    assert (grid.page, grid.pages, grid.first_row, grid.last_row) == (1, 1, 0, 0)
    assert grid.month.title == "January 2027"


@pytest.mark.parametrize("absurd", [date(1, 1, 1), date(9999, 12, 31)])
def test_absurd_dates_are_not_found(session: Session, now: datetime, absurd: date) -> None:
    event = make_event(session, make_school(session))

    with pytest.raises(NotFound):
        day_grid(session, event, absurd, now=now)
    with pytest.raises(NotFound):
        day_grid(session, event, THURSDAY, month=absurd, now=now)


def test_other_events_slots_and_appointments_are_not_seen(session: Session, now: datetime) -> None:
    event, _ = make_evening(session)
    _, foreign = make_evening(session)
    book(session, make_slot(session, foreign, removed_at=now), problem="slot_removed")
    make_slot(session, foreign, kind="V")

    grid = day_grid(session, event, THURSDAY, now=now)

    assert not slots_in(grid)
    assert grid.columns == 0
    assert not grid.stray
    assert not grid.has_virtual_room


def test_the_page_opens_with_the_next_day_that_has_slots(session: Session, now: datetime) -> None:
    event, resource = make_evening(session)
    without = first_day(session, event, now=now)
    make_slot(session, resource, at=EVENING - timedelta(days=20))
    after_the_last = first_day(session, event, now=now)
    make_slot(session, resource)
    make_slot(session, resource, at=EVENING + timedelta(days=1))

    assert without == date(2026, 11, 23)
    assert after_the_last == THURSDAY - timedelta(days=20)
    assert first_day(session, event, now=now) == THURSDAY


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    engine = session.get_bind()
    sa_event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa_event.remove(engine, "before_cursor_execute", note)


def test_the_number_of_queries_does_not_grow_with_the_list(session: Session, now: datetime) -> None:
    numbers = []
    for teachers in (1, 20):
        event, _ = make_evening(session, provider="zoom")
        for position in range(teachers):
            resource = make_resource(session, event, position=position)
            for n in range(3):
                book(session, make_slot(session, resource, at=EVENING + n * QUARTER, kind="V"))
        with counted(session) as statements:
            day_grid(session, event, THURSDAY, now=now)
        numbers.append(len(statements))

    assert numbers == [6, 6]
