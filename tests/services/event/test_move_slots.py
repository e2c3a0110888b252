"""Move Slots: what is booked goes along or stays whole, each family is told once, links keep their meetings."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from evening import Evening
from factories import EVENING, make_class, make_resource, make_slot, make_teacher
from sqlmodel import Session, col, select

from webapp.errors import Invalid
from webapp.models import Appointment, Audit, Occupancy, Slot
from webapp.services.booking.errors import SlotTaken
from webapp.services.booking.occupancy import ticks
from webapp.services.booking.shift import PeopleElsewhere
from webapp.services.event import move_plan
from webapp.services.event.move_plan import BEING_BOOKED, FAMILY_ELSEWHERE, OVERLAPS, TEACHER_ELSEWHERE, MoveInput
from webapp.services.event.move_slots import move_slots, preview_move
from webapp.services.event.slots import SlotCounts
from webapp.services.system.audit import SYSTEM

pytestmark = pytest.mark.both_databases

THURSDAY, FRIDAY = EVENING.date(), EVENING.date() + timedelta(days=1)
ONE_DAY = 24 * 60


def typed(**values: Any) -> MoveInput:
    return MoveInput.model_validate({"dates": [THURSDAY], "to": [FRIDAY]} | values)


def move(evening: Evening, **values: Any) -> SlotCounts:
    counts = move_slots(evening.session, evening.event, typed(**values), who=SYSTEM, now=evening.now)
    evening.session.expire_all()
    return counts


def minutes(session: Session, kind: str) -> set[int]:
    return set(session.exec(select(Occupancy.tick).where(col(Occupancy.kind) == kind)).all())


def test_slots_go_with_their_appointments_and_the_minutes_of_all_people(session: Session, now: datetime) -> None:
    """I6: the version is raised, so that no booking of the old time slips through."""
    evening = Evening(session, now)
    booked, free = evening.slot(), evening.slot()
    [appointment] = evening.book(booked)
    was, token = booked.starts_at, booked.token

    counts = move(evening)

    assert counts == SlotCounts(2, booked=1, appointments=1, resources=1, families=1)
    assert (booked.starts_at, booked.token, booked.version) == (was + timedelta(days=1), token, 2)
    assert [s.wall_start for s in (booked, free)] == [f"{FRIDAY}T16:00", f"{FRIDAY}T16:15"]
    assert appointment.slot_id == booked.id
    for kind in ("parent", "student", "teacher"):
        assert minutes(session, kind) == set(ticks(booked.starts_at, booked.ends_at))


def test_the_old_time_may_be_used_again_and_the_new_one_is_taken(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    slot = evening.slot()
    evening.book(slot)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)

    move(evening)

    with pytest.raises(SlotTaken):
        evening.book(slot, maker=bob, child=ben)
    assert evening.book(make_slot(session, evening.resource, at=EVENING), maker=bob, child=ben)


def test_links_stay_and_are_told_the_new_time_and_a_family_is_mailed_once(session: Session, now: datetime) -> None:
    """R100: re-timed, not made anew; one Confirmation of the move for both of the family's appointments."""
    evening = Evening(session, now, provider="zoom")
    other = make_teacher(session, evening.school, "Hugh")
    make_class(session, evening.school, other, evening.mia)
    resource = make_resource(session, evening.event, other)
    first, second = evening.slot(), evening.slot(resource)
    one, two = evening.book(first) + evening.book(second)
    meeting = evening.meeting(one)
    meeting.remote_id, meeting.ordered, meeting.due_at = "z1", "as it was", None
    session.flush()
    before = len(evening.messages())

    counts = move(evening)

    assert (counts.retimed, counts.families) == (2, 1)
    assert [it.id for it in evening.meetings(one)] == [meeting.id]
    assert evening.meeting(one).due_at == now
    assert one.act == two.act
    assert len(evening.messages()) == before + 1
    assert [it.act for it in evening.messages() if it.dropped_at is None] == [one.act]


def test_whoever_is_elsewhere_then_is_named_and_stays_as_before(session: Session, now: datetime) -> None:
    """The family's other appointment, and the teacher's in a team."""
    evening = Evening(session, now)
    slots = [evening.slot() for _ in range(3)]
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    cleo, kim = evening.family("Cleo", "Kim", evening.teacher)
    hugh = make_teacher(session, evening.school, "Hugh")
    make_class(session, evening.school, hugh, evening.mia)
    make_class(session, evening.school, hugh, kim)
    with_hugh, team = make_resource(session, evening.event, hugh), make_resource(session, evening.event, hugh)
    team_too = make_resource(session, evening.event, evening.teacher, hugh)
    [alices] = evening.book(slots[0])
    evening.book(slots[1], maker=bob, child=ben)
    [third] = evening.book(slots[2], maker=cleo, child=kim)
    evening.book(make_slot(session, with_hugh, at=EVENING + timedelta(days=1)))
    evening.book(
        make_slot(session, team_too, at=EVENING + timedelta(days=1, minutes=30)), maker=evening.alice, child=evening.mia
    )
    assert team.id

    counts = preview_move(session, evening.event, typed(resources=[evening.resource.id]), now=now)
    done = move(evening, resources=[evening.resource.id])

    assert [(kept.people, kept.reason) for kept in counts.kept] == [
        ("Mia Alvarez", FAMILY_ELSEWHERE),
        ("Kim Alvarez", TEACHER_ELSEWHERE),
    ]
    assert done == counts
    assert [s.wall_start[:10] for s in slots] == [str(THURSDAY), str(FRIDAY), str(THURSDAY)]
    assert {alices.slot_id, third.slot_id} == {slots[0].id, slots[2].id}
    assert set(ticks(slots[0].starts_at, slots[0].ends_at)) <= minutes(session, "parent")


def test_whoever_booked_elsewhere_at_this_moment_keeps_all_where_it_is_and_is_named(
    session: Session, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RELIABILITY I2: the key of minutes has the last word, and the office reads of which teacher and time."""
    evening = Evening(session, now)
    evening.book(evening.slot())
    jonas = make_teacher(session, evening.school, "Jonas", "Eriksen")
    make_class(session, evening.school, jonas, evening.mia, appointments_allowed=2)
    other = make_slot(session, make_resource(session, evening.event, jonas), at=EVENING + timedelta(days=1, minutes=5))
    evening.book(other)
    monkeypatch.setattr(move_plan, "in_the_way", lambda *_: {})

    with pytest.raises(PeopleElsewhere) as refused:
        move(evening)

    assert refused.value.values == {"time": "Thu, Dec 3, 4:00 PM", "teacher": "Folake Adeyemi"}


def test_what_would_overlap_stays_and_what_it_then_blocks_stays_too(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    thursday, friday = evening.slot(), make_slot(session, evening.resource, at=EVENING + timedelta(days=1))
    blocking = make_slot(session, evening.resource, at=EVENING + timedelta(days=2, minutes=5))
    evening.book(thursday)

    counts = move(evening, dates=[THURSDAY, FRIDAY])

    assert (counts.slots, counts.already_there) == (0, 2)
    assert [kept.reason for kept in counts.kept] == [OVERLAPS]
    assert {s.version for s in (thursday, friday, blocking)} == {1}


@pytest.mark.parametrize("by", [1, -1])
def test_days_that_follow_one_another_move_together(session: Session, now: datetime, by: int) -> None:
    """Thursday goes where Friday is leaving, also for the family that has something at both times."""
    evening = Evening(session, now)
    make_class(session, evening.school, evening.teacher, evening.mia, appointments_allowed=2)
    slots = [make_slot(session, evening.resource, at=EVENING + timedelta(days=n)) for n in (0, 1)]
    for slot in slots:
        evening.book(slot)
    was = minutes(session, "parent")

    counts = move(evening, dates=[THURSDAY, FRIDAY], to=[THURSDAY + timedelta(days=by)])

    assert (counts.slots, counts.kept) == (2, ())
    assert minutes(session, "parent") == {tick + by * ONE_DAY for tick in was}


def test_a_time_that_is_being_booked_stays_and_an_expired_hold_is_let_go(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    slots = [evening.slot(), evening.slot()]
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    [held] = evening.book(slots[0])
    [expired] = evening.book(slots[1], maker=bob, child=ben)
    held.held_until, expired.held_until = now + timedelta(minutes=5), now - timedelta(minutes=1)
    session.flush()

    counts = move(evening)

    assert [kept.reason for kept in counts.kept] == [BEING_BOOKED]
    assert (counts.slots, counts.appointments) == (1, 0)
    assert expired.cancelled_at == now
    assert minutes(session, "parent") == set(ticks(slots[0].starts_at, slots[0].ends_at))


def test_the_preview_changes_nothing_and_a_day_of_their_own_is_refused(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    slot = evening.slot()
    evening.book(slot)
    act = session.exec(select(Appointment.act)).one()

    preview_move(session, evening.event, typed(), now=now)
    with pytest.raises(Invalid):
        move(evening, to=[THURSDAY])

    assert session.exec(select(Slot)).one().version == 1
    assert session.exec(select(Appointment.act)).one() == act
    assert not session.exec(select(Audit).where(col(Audit.action) == "slots.move")).all()
