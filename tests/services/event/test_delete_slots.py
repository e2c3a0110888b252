"""Delete Time Slots: free slots go, booked appointments are kept and turn red."""

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
    stored,
)
from sqlmodel import Session, select

from webapp.errors import Invalid
from webapp.models import Appointment, Audit, Event, Meeting, Occupancy, Resource, ResourceMember, School, Slot
from webapp.models.booking.occupancy import TEACHER
from webapp.models.system.wished import PRESENT
from webapp.services.booking.occupancy import Span, take, ticks
from webapp.services.event.create_slots import SlotsInput, create_slots
from webapp.services.event.delete_slots import delete_slots, preview_delete
from webapp.services.event.slots import SlotCounts, SlotSelection
from webapp.services.system.audit import SYSTEM

DAY = EVENING.date().isoformat()
QUARTER = timedelta(minutes=15)


def selection(**values: Any) -> SlotSelection:
    return SlotSelection.model_validate({"dates": [DAY]} | values)


def delete(session: Session, event: Event, now: datetime, **values: Any) -> SlotCounts:
    return delete_slots(session, event, selection(**values), who=SYSTEM, now=now)


def make_evening(session: Session, slots: int, **settings: Any) -> tuple[Event, Resource, list[Slot]]:
    school = make_school(session)
    teacher = make_teacher(session, school)
    event = make_event(session, school, settings=settings)
    resource = make_resource(session, event, teacher)
    make_connection(session, school)
    make_host(session, teacher)
    return event, resource, [make_slot(session, resource, at=EVENING + n * QUARTER, kind="V") for n in range(slots)]


def book(session: Session, slot: Slot, **values: Any) -> Appointment:
    school = session.get_one(School, slot.school_id)
    return make_appointment(session, slot, make_contact(session, school), **values)


def test_free_slots_are_deleted_and_booked_ones_turn_red(session: Session, now: datetime) -> None:
    """PRODUCT 3.4: booked appointments are not deleted; they turn red."""
    event, _, [booked, *free] = make_evening(session, slots=4)
    appointment = book(session, booked)

    counts = delete(session, event, now)

    assert counts == SlotCounts(4, booked=1, appointments=1, resources=1)
    assert session.exec(select(Slot)).all() == [booked]
    assert (booked.removed_at, booked.version) == (now, 2)
    assert (appointment.problem, appointment.is_standing) == ("slot_removed", True)
    assert free


def test_a_red_appointment_keeps_its_time_and_its_meeting_until_somebody_acts(session: Session, now: datetime) -> None:
    event, resource, [slot] = make_evening(session, slots=1, provider="zoom")
    appointment = book(session, slot)
    minutes = ticks(slot.starts_at, slot.ends_at)
    [teacher] = session.exec(select(ResourceMember.contact_id).where(ResourceMember.resource_id == resource.id)).all()
    assert take(session, [Span(TEACHER, teacher, minutes.start, minutes.stop, None, slot.id)]) is None

    delete(session, event, now)

    assert len(session.exec(select(Occupancy)).all()) == 15
    assert session.exec(select(Meeting)).one().wish == PRESENT
    assert appointment.is_virtual


def test_a_slot_with_only_cancelled_appointments_is_kept_for_their_sake(session: Session, now: datetime) -> None:
    """Its row carries the meeting that still has to be deleted at the provider, and the report of cancellations."""
    event, _, [slot] = make_evening(session, slots=1)
    cancelled = book(session, slot, cancelled_at=now)
    meeting = Meeting(
        school_id=slot.school_id, appointment_id=cancelled.id, provider="zoom", marker="m", wished_at=now, wish="absent"
    )
    stored(session, meeting)

    counts = delete(session, event, now)

    assert counts == SlotCounts(1, resources=1)
    assert slot.removed_at == now
    assert cancelled.problem is None
    assert session.exec(select(Meeting)).one() is meeting


def test_only_the_selected_range_is_deleted(session: Session, now: datetime) -> None:
    event, resource, slots = make_evening(session, slots=4)
    next_day = make_slot(session, resource, at=EVENING + timedelta(days=1))
    other_event, _, others = make_evening(session, slots=1)

    delete(session, event, now, from_time="16:15", to_time="16:45")

    assert session.exec(select(Slot).order_by(Slot.id)).all() == [slots[0], slots[3], next_day, *others]  # type: ignore[arg-type]
    assert other_event.id != event.id


def test_the_preview_counts_and_changes_nothing(session: Session, now: datetime) -> None:
    event, _, slots = make_evening(session, slots=3)
    book(session, slots[0])

    counts = preview_delete(session, event, selection(from_time="16:00", to_time="16:30"), now=now)

    assert counts == SlotCounts(2, booked=1, appointments=1, resources=1)
    assert len(session.exec(select(Slot)).all()) == 3


def test_the_time_can_be_made_anew_and_deleted_again(session: Session, now: datetime) -> None:
    event, _, [slot] = make_evening(session, slots=1)
    book(session, slot)
    delete(session, event, now)
    anew = SlotsInput.model_validate({"dates": [DAY], "from_time": "16:00", "to_time": "16:15", "duration": 15})

    made = create_slots(session, event, anew, who=SYSTEM, now=now)
    deleted = delete(session, event, now)

    assert (made.slots, deleted.slots) == (1, 1)
    assert session.exec(select(Slot)).all() == [slot]


def test_a_range_that_ends_before_it_starts_deletes_nothing(session: Session, now: datetime) -> None:
    event, _, _ = make_evening(session, slots=2)

    with pytest.raises(Invalid):
        delete(session, event, now, from_time="17:00", to_time="16:00")

    assert len(session.exec(select(Slot)).all()) == 2


def test_the_audit_holds_the_counts(session: Session, now: datetime) -> None:
    event, _, slots = make_evening(session, slots=2)
    book(session, slots[0])

    delete(session, event, now)

    row = session.exec(select(Audit)).one()
    assert (row.action, row.detail) == ("slots.delete", '{"slots": 2, "appointments": 1}')
