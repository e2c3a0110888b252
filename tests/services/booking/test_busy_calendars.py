"""What a teacher has in a calendar of their own takes times away, turns what collides red, and is told to nobody."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from evening import Evening
from factories import EVENING, make_busy, make_resource, make_teacher
from sqlmodel import Session, delete, select

from webapp.models import Appointment, Audit, BusyTime, Message, Resource, Slot
from webapp.models.booking.appointment import CALENDAR_BUSY, SLOT_REMOVED
from webapp.services.booking.agenda import agenda
from webapp.services.booking.book_for import book_for, confirm_appointment
from webapp.services.booking.collisions import mark_collisions_of
from webapp.services.booking.errors import NotAvailable
from webapp.services.booking.family import child_of
from webapp.services.booking.move import move_appointment
from webapp.services.booking.own import may_still_change, own_entry
from webapp.services.booking.red import problem_words
from webapp.services.booking.teachers import teachers_by_child
from webapp.services.booking.times import times_of
from webapp.services.booking.timetable import CALENDAR_BUSY as NOT_AVAILABLE
from webapp.services.booking.timetable import TEACHER_BUSY
from webapp.services.event.day_grid import day_grid
from webapp.services.event.delete_slots import delete_slots
from webapp.services.event.own_schedule import FreeTime, own_schedule
from webapp.services.event.report_gaps import open_slots
from webapp.services.event.report_table import Ask
from webapp.services.event.slots import SlotSelection
from webapp.services.system.audit import SYSTEM

pytestmark = pytest.mark.both_databases


@pytest.fixture
def evening(session: Session, now: datetime) -> Evening:
    return Evening(session, now)


def busy(evening: Evening, slot: Slot, **values: Any) -> BusyTime:
    return make_busy(evening.session, evening.teacher, slot.starts_at, 15, **values)


def clashes(evening: Evening, resource: Resource | None = None, **values: Any) -> list[str | None]:
    number = (resource or evening.resource).id or 0
    asked = ([number], evening.alice, [evening.mia.id or 0])
    found = times_of(evening.session, evening.event, *asked, now=evening.now, **values)
    return [time.clash for time in found[number]]


def mark(evening: Evening) -> int:
    return mark_collisions_of(evening.session, evening.teacher.id or 0, now=evening.now)


def problem(evening: Evening, appointment: Appointment) -> str | None:
    evening.session.refresh(appointment)
    return appointment.problem


def test_a_slot_that_a_busy_time_meets_is_not_available_and_one_that_it_touches_is(evening: Evening) -> None:
    """R35"""
    slots = [evening.slot(after=minutes) for minutes in (0, 15, 30, 45)]
    make_busy(evening.session, evening.teacher, slots[1].starts_at + timedelta(minutes=5), 15)

    assert clashes(evening) == [None, NOT_AVAILABLE, NOT_AVAILABLE, None]


def test_an_appointment_elsewhere_is_named_before_a_busy_time(evening: Evening) -> None:
    other = make_resource(evening.session, evening.event, evening.teacher)
    slot = evening.slot(after=0)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    evening.book(evening.slot(other, after=0), maker=bob, child=ben)
    busy(evening, slot)

    assert clashes(evening) == [TEACHER_BUSY]


def test_any_member_of_a_team_who_is_busy_takes_the_time(evening: Evening) -> None:
    """F44"""
    colleague = make_teacher(evening.session, evening.school, "Hugh")
    team = make_resource(evening.session, evening.event, evening.teacher, colleague)
    alone, both = evening.slot(after=0), evening.slot(team, after=0)
    make_busy(evening.session, colleague, alone.starts_at)

    assert (clashes(evening), clashes(evening, team)) == ([None], [NOT_AVAILABLE])
    with pytest.raises(NotAvailable):
        evening.book(both)


def test_a_teacher_with_no_other_times_is_full_and_one_of_another_kind_still_has_that(evening: Evening) -> None:
    virtual, _ = evening.slot(after=0), evening.slot(after=15, kind="P")
    busy(evening, virtual)

    [group] = teachers_by_child(evening.session, evening.event, evening.alice, [], now=evening.now)

    assert [(teacher.online, teacher.in_person) for teacher in group.teachers] == [(False, True)]


def test_what_came_up_since_the_page_was_made_is_refused_without_saying_what_it_is(evening: Evening) -> None:
    slot, other = evening.slot(), evening.slot()
    busy(evening, slot)

    with pytest.raises(NotAvailable) as refused:
        evening.book(slot)

    assert refused.value.message == "%(time)s with %(teacher)s is not available any more. Choose another time."
    assert [made.problem for made in evening.book(other)] == [None]


def test_a_time_that_the_family_holds_is_looked_at_again_when_it_books(evening: Evening) -> None:
    slot = evening.slot()
    evening.hold(slot)
    busy(evening, slot)

    with pytest.raises(NotAvailable):
        evening.book(slot)


def test_a_family_cannot_move_to_a_busy_time_but_away_from_one(evening: Evening) -> None:
    slots = [evening.slot() for _ in range(3)]
    [made] = evening.book(slots[0])
    busy(evening, slots[0])
    busy(evening, slots[1])
    assert (mark(evening), problem(evening, made)) == (1, CALENDAR_BUSY)

    with pytest.raises(NotAvailable):
        evening.move(made, slots[1])
    evening.move(made, slots[2])

    assert problem(evening, made) is None


def test_a_collision_turns_red_for_the_office_alone_and_back_when_the_busy_time_goes(evening: Evening) -> None:
    """F43: never dropped, whatever the calendar says."""
    slot, beside = evening.slot(), evening.slot()
    [made] = evening.book(slot)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    evening.book(beside, maker=bob, child=ben)
    gone = busy(evening, slot)
    mails = len(evening.messages())

    assert (mark(evening), mark(evening), problem(evening, made)) == (1, 0, CALENDAR_BUSY)
    entry = own_entry(evening.session, evening.alice, evening.event.id or 0, made.token)
    assert (entry.is_withdrawn, entry.is_hidden, entry.cancelled_at) == (False, False, None)
    assert len(evening.messages()) == mails

    evening.session.delete(gone)
    assert (mark(evening), problem(evening, made)) == (1, None)
    deeds = [row.action for row in evening.session.exec(select(Audit)) if "collides" in row.action]
    assert deeds == ["appointment.collides", "appointment.collides_no_more"]


def test_that_it_collides_does_not_let_a_family_cancel_later_than_others(evening: Evening) -> None:
    evening.settings.cancel_limit, evening.settings.cancel_unit = 1000, "days"
    [made] = evening.book(slot := evening.slot())
    busy(evening, slot)
    mark(evening)

    entry = own_entry(evening.session, evening.alice, evening.event.id or 0, made.token)

    assert not may_still_change(entry, evening.settings, now=evening.now)


def test_what_the_office_confirmed_stays_until_another_busy_time_comes_up(evening: Evening) -> None:
    [made] = evening.book(slot := evening.slot())
    busy(evening, slot, seen_at=evening.now - timedelta(hours=1))
    mark(evening)

    confirm_appointment(evening.session, evening.again(made), who=SYSTEM, now=evening.now)
    assert (mark(evening), problem(evening, made)) == (0, None)

    busy(evening, slot, seen_at=evening.now + timedelta(hours=1))
    assert (mark(evening), problem(evening, made)) == (1, CALENDAR_BUSY)


def test_what_is_over_held_or_red_for_more_is_left_as_it_is(evening: Evening) -> None:
    over, held, red = (evening.slot() for _ in range(3))
    [past] = evening.book(over)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    carol, cleo = evening.family("Carol", "Cleo", evening.teacher)
    [mine] = evening.hold(held, maker=bob, child=ben)
    [gone] = evening.book(red, maker=carol, child=cleo)
    gone.problem = SLOT_REMOVED
    for slot in (over, held, red):
        busy(evening, slot)
    evening.now = held.starts_at

    assert mark(evening) == 0
    assert [problem(evening, one) for one in (past, mine, gone)] == [None, None, SLOT_REMOVED]


def test_a_slot_that_goes_is_more_than_a_busy_teacher(evening: Evening) -> None:
    [made] = evening.book(slot := evening.slot())
    gone = busy(evening, slot)
    mark(evening)

    selection = SlotSelection(dates=[EVENING.date()])
    delete_slots(evening.session, evening.event, selection, who=SYSTEM, now=evening.now)
    evening.session.expire_all()
    evening.session.delete(gone)
    mark(evening)

    assert problem(evening, made) == SLOT_REMOVED


def test_the_office_may_book_and_move_to_a_busy_time_in_red_and_the_family_is_told(evening: Evening) -> None:
    first, second = evening.slot(), evening.slot()
    busy(evening, first)
    busy(evening, second)
    mia = child_of(evening.session, evening.alice, evening.mia.token)
    told = {"who": SYSTEM, "now": evening.now}
    assert clashes(evening, at_desk=True) == [NOT_AVAILABLE] * 2

    made = book_for(evening.session, evening.event, evening.alice, mia, first.token, wants_virtual=True, **told)
    assert made.problem == CALENDAR_BUSY
    assert [mail.kind for mail in evening.session.exec(select(Message))] == ["confirmation"]

    evening.session.exec(delete(BusyTime).where(BusyTime.starts_at == second.starts_at))
    again = {"is_virtual": None, "by_office": True, **told}
    move_appointment(evening.session, evening.event, made, second.token, **again)
    assert problem(evening, made) is None
    move_appointment(evening.session, evening.event, made, first.token, **again)
    assert problem(evening, made) == CALENDAR_BUSY


def test_the_grid_the_teacher_and_the_report_say_busy_with_nothing_more(evening: Evening) -> None:
    free, taken = evening.slot(after=0), evening.slot(after=15, kind="PV")
    busy(evening, taken, calendar_name="Divorce lawyer")

    grid = day_grid(evening.session, evening.event, EVENING.date(), now=evening.now)
    day = own_schedule(evening.session, evening.event, evening.teacher, day=EVENING.date(), now=evening.now)
    report = open_slots(evening.session, Ask(evening.event, evening.now))

    cells = [cell.slot for cell in grid.rows[0].cells if cell.slot]
    assert [(slot.id, slot.state, slot.text) for slot in cells] == [(free.id, "free", "V"), (taken.id, "off", "Busy")]
    assert (cells[1].spoken, cells[1].is_busy, cells[1].is_free) == ("busy in their calendar", True, True)
    assert [time.words for time in day.times if isinstance(time, FreeTime)] == [
        "Free",
        "Busy in the calendar, not offered",
    ]
    assert [row["type"].text for row in report] == ["Virtual"]


def test_an_appointment_that_collides_is_in_the_appointments_list_with_its_reason(evening: Evening) -> None:
    evening.book(slot := evening.slot())
    busy(evening, slot)
    mark(evening)

    [entry] = agenda(evening.session)

    assert problem_words(entry.problem or "").startswith("the teacher is busy in their calendar at this time")
