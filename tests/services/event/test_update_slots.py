"""Update Slots: what changes, what stays, and what becomes of the appointments."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from factories import (
    EVENING,
    make_appointment,
    make_connection,
    make_contact,
    make_event,
    make_host,
    make_resource,
    make_school,
    make_slot,
    make_teacher,
)
from pydantic import ValidationError
from sqlmodel import Session, select

from webapp.errors import Invalid, NotFound
from webapp.i18n import sentence
from webapp.models import Appointment, Audit, Event, Meeting, Resource, School, Slot
from webapp.models.system.wished import ABSENT, PRESENT
from webapp.services.event.slots import SlotCounts
from webapp.services.event.update_slots import UpdateInput, preview_update, update_slots
from webapp.services.system.audit import SYSTEM

DAY = EVENING.date().isoformat()
QUARTER = timedelta(minutes=15)


def typed(**values: Any) -> UpdateInput:
    return UpdateInput.model_validate({"dates": [DAY]} | values)


def update(session: Session, event: Event, now: datetime, **values: Any) -> SlotCounts:
    return update_slots(session, event, typed(**values), who=SYSTEM, now=now)


def make_evening(session: Session, **settings: Any) -> tuple[Event, Resource]:
    """An event that shows the Appointment type, with a teacher who is mapped to a user of the connected Zoom."""
    school = make_school(session)
    teacher = make_teacher(session, school)
    make_connection(session, school)
    make_host(session, teacher)
    event = make_event(session, school, settings={"shows_appointment_type": True} | settings)
    return event, make_resource(session, event, teacher)


def make_slots(session: Session, resource: Resource, number: int, at: datetime = EVENING, **values: Any) -> list[Slot]:
    return [make_slot(session, resource, at=at + n * QUARTER, **values) for n in range(number)]


def book(session: Session, slot: Slot, **values: Any) -> Appointment:
    school = session.get_one(School, slot.school_id)
    return make_appointment(session, slot, make_contact(session, school), **values)


def test_ten_slots_of_one_date_become_virtual_and_other_dates_stay(session: Session, now: datetime) -> None:
    """R75, R76: select the date, Update Slots, Appointment Type, Ok."""
    event, resource = make_evening(session)
    chosen = make_slots(session, resource, 10)
    other_date = make_slots(session, resource, 10, at=EVENING + timedelta(days=1))
    other_event, elsewhere = make_evening(session)
    foreign = make_slots(session, elsewhere, 2)

    counts = update(session, event, now, kind="V")

    assert counts == SlotCounts(10, resources=1)
    assert [(slot.kind, slot.version) for slot in chosen] == [("V", 2)] * 10
    assert [(slot.kind, slot.version) for slot in [*other_date, *foreign]] == [("P", 1)] * 12
    assert other_event.id != event.id


def test_the_type_is_ignored_until_the_checkbox_is_on(session: Session, now: datetime) -> None:
    """R44."""
    event, resource = make_evening(session, shows_appointment_type=False)
    [slot] = make_slots(session, resource, 1)

    update(session, event, now, kind="V", capacity=2)

    assert (slot.kind, slot.capacity) == ("P", 2)
    with pytest.raises(Invalid):
        update(session, event, now, kind="V")


def test_bookings_become_virtual_and_get_meetings(session: Session, now: datetime) -> None:
    """R78: from P to V with the provider on."""
    event, resource = make_evening(session, provider="zoom")
    booked, free = make_slots(session, resource, 2)
    appointment = book(session, booked)
    gone = book(session, free, cancelled_at=now)

    counts = update(session, event, now, kind="V")

    assert counts == SlotCounts(2, booked=1, appointments=1, resources=1, made=1)
    assert appointment.is_virtual
    assert not gone.is_virtual
    meeting = session.exec(select(Meeting)).one()
    assert (meeting.appointment_id, meeting.wish, meeting.due_at) == (appointment.id, PRESENT, now)


def test_bookings_back_in_person_lose_their_meetings(session: Session, now: datetime) -> None:
    """R78: from V to P, their meetings are deleted."""
    event, resource = make_evening(session, provider="zoom")
    [slot] = make_slots(session, resource, 1)
    appointment = book(session, slot)
    update(session, event, now, kind="V")

    counts = update(session, event, now, kind="P")

    assert counts == SlotCounts(1, booked=1, appointments=1, resources=1, removed=1)
    assert not appointment.is_virtual
    assert session.exec(select(Meeting)).one().wish == ABSENT
    assert slot.version == 3


@pytest.mark.parametrize("kind", ["P", "V"])
def test_a_type_left_open_keeps_what_each_was_booked_as(session: Session, now: datetime, kind: str) -> None:
    """R78, R77: to PV, nobody's appointment changes."""
    event, resource = make_evening(session, provider="zoom")
    [slot] = make_slots(session, resource, 1, kind=kind)
    appointment = book(session, slot)

    update(session, event, now, kind="PV")

    assert slot.kind == "PV"
    assert appointment.is_virtual == (kind == "V")


def test_an_in_person_slot_that_keeps_its_type_gets_no_meeting(session: Session, now: datetime) -> None:
    """R73: the type decides, whatever else is changed with a provider on."""
    event, resource = make_evening(session, provider="zoom")
    [slot] = make_slots(session, resource, 1)
    book(session, slot)

    update(session, event, now, capacity=3)

    assert slot.kind == "P"
    assert not session.exec(select(Meeting)).all()


def test_the_selection_is_by_date_teacher_and_start(session: Session, now: datetime) -> None:
    event, resource = make_evening(session)
    other = make_resource(session, event)
    slots = make_slots(session, resource, 5)
    others = make_slots(session, other, 5)

    update(session, event, now, resources=[resource.id], from_time="16:15", to_time="17:00", visibility="hidden")

    assert [slot.visibility for slot in slots] == ["visible", "hidden", "hidden", "hidden", "visible"]
    assert {slot.visibility for slot in others} == {"visible"}


def test_only_slots_that_differ_are_changed_and_counted(session: Session, now: datetime) -> None:
    event, resource = make_evening(session)
    already, different = make_slots(session, resource, 2)
    already.kind = "V"

    counts = update(session, event, now, kind="V")

    assert counts == SlotCounts(1, already_there=1, resources=1)
    assert (already.version, different.version) == (1, 2)


def test_the_preview_counts_and_changes_nothing(session: Session, now: datetime) -> None:
    event, resource = make_evening(session)
    slots = make_slots(session, resource, 3, capacity=2)
    book(session, slots[0], seat=1)
    book(session, slots[0], seat=2)
    book(session, slots[1], held_until=now + timedelta(minutes=5))
    book(session, slots[2], held_until=now)  # ran out

    counts = preview_update(session, event, typed(kind="V"), now=now)

    assert counts == SlotCounts(3, booked=2, appointments=3, resources=1)
    assert {slot.kind for slot in slots} == {"P"}


def test_a_message_goes_with_a_time_made_unavailable(session: Session, now: datetime) -> None:
    event, resource = make_evening(session)
    [slot] = make_slots(session, resource, 1)

    update(session, event, now, visibility="unavailable", message="Lunch")
    at_lunch = slot.message
    update(session, event, now, capacity=2, message="")
    still = slot.message
    update(session, event, now, visibility="visible")

    assert (at_lunch, still, slot.message) == ("Lunch", "Lunch", "")


def test_a_maximum_below_the_standing_appointments_is_refused(session: Session, now: datetime) -> None:
    event, resource = make_evening(session)
    full, other = make_slots(session, resource, 2, capacity=3)
    for seat in (1, 2, 3):
        book(session, full, seat=seat)

    for attempt in (update, lambda *a, **v: preview_update(*a[:2], typed(**v), now=now)):
        with pytest.raises(Invalid) as caught:
            attempt(session, event, now, capacity=2)
        assert caught.value.field == "capacity"
        assert f"4:00 PM with {resource.name} holds 3 appointments" in sentence(caught.value)
    assert (full.capacity, other.capacity) == (3, 3)


def test_seats_above_a_lower_maximum_move_down(session: Session, now: datetime) -> None:
    """Booking looks for a free seat within the maximum: one above it would let a second parent in."""
    event, resource = make_evening(session)
    [slot] = make_slots(session, resource, 1, capacity=4)
    ran_out = book(session, slot, seat=1, held_until=now - timedelta(minutes=1))
    book(session, slot, seat=2, cancelled_at=now)
    third, fourth = book(session, slot, seat=3), book(session, slot, seat=4)

    update(session, event, now, capacity=2)

    assert slot.capacity == 2
    assert sorted([third.seat, fourth.seat]) == [1, 2]
    assert ran_out.seat == 3


def test_removed_slots_are_left_alone(session: Session, now: datetime) -> None:
    event, resource = make_evening(session)
    [slot] = make_slots(session, resource, 1, removed_at=now)

    counts = update(session, event, now, kind="V")

    assert counts == SlotCounts(0)
    assert slot.kind == "P"


def test_blanks_mean_no_change_and_nothing_to_change_is_refused(session: Session, now: datetime) -> None:
    event, resource = make_evening(session)
    [slot] = make_slots(session, resource, 1)
    blanks = dict.fromkeys(("kind", "visibility", "message", "capacity", "from_time", "to_time"), "")

    with pytest.raises(Invalid):
        update(session, event, now, **blanks)

    assert slot.version == 1


def test_a_range_that_ends_before_it_starts_is_refused(session: Session, now: datetime) -> None:
    event, _ = make_evening(session)

    with pytest.raises(Invalid) as caught:
        update(session, event, now, from_time="17:00", to_time="16:00", kind="V")

    assert caught.value.field == "to_time"


def test_a_teacher_of_another_event_is_not_found(session: Session, now: datetime) -> None:
    event, _ = make_evening(session)
    _, foreign = make_evening(session)

    with pytest.raises(NotFound):
        update(session, event, now, resources=[foreign.id], kind="V")


@pytest.mark.parametrize("wrong", [{"kind": "X"}, {"capacity": 0}, {"message": "x" * 81}, {"dates": []}])
def test_values_out_of_range_are_refused_at_their_field(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        typed(**wrong)

    assert caught.value.errors()[0]["loc"][0] == next(iter(wrong))


def test_the_audit_holds_the_settings_and_the_count_but_no_message(session: Session, now: datetime) -> None:
    event, resource = make_evening(session)
    make_slots(session, resource, 2)

    update(session, event, now, visibility="unavailable", message="Seeing Mia's parents")

    row = session.exec(select(Audit)).one()
    assert (row.action, row.detail) == ("slots.update", '{"visibility": "unavailable", "slots": 2}')
