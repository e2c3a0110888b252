"""The office and teachers book for families: whatever the rules, told to the family only when all is well."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from evening import Evening
from factories import LONG_AGO, make_class, make_contact, make_resource, make_teacher
from outside import Outside
from sqlmodel import Session, col, select

from webapp.db import Database
from webapp.errors import DomainError, NotFound
from webapp.models import Appointment, Audit, Class, Meeting, Message, Slot, Student
from webapp.services.booking.book_for import NothingToConfirm, book_for, confirm_appointment
from webapp.services.booking.desk import move_at_desk
from webapp.services.booking.errors import AlreadyBooked, AlreadyCancelled, FamilyBusy, SlotTaken, TeacherBusy
from webapp.services.booking.family import Child, child_of, named_child
from webapp.services.booking.over_limit import mark_over_limit
from webapp.services.booking.own import own_entries
from webapp.services.booking.red import problem_words
from webapp.services.event.delete_slots import delete_slots
from webapp.services.event.slots import SlotSelection
from webapp.services.system.audit import SYSTEM

pytestmark = pytest.mark.both_databases

ONE_PER_TEACHER, NOT_TAUGHT, NONE_ALLOWED = "rule:one_per_teacher", "rule:not_taught", "rule:no_appointments"


def made_for(evening: Evening, slot: Slot, child: Child | Student | None = None, **values: Any) -> Appointment:
    if not isinstance(child, Child):
        child = child_of(evening.session, evening.alice, (child or evening.mia).token)
    values = {"wants_virtual": False, "who": SYSTEM, "now": evening.now} | values
    return book_for(evening.session, evening.event, evening.alice, child, slot.token, **values)


def confirm(evening: Evening, appointment: Appointment) -> None:
    confirm_appointment(evening.session, appointment, who=SYSTEM, now=evening.now)


def shown(evening: Evening) -> list[int]:
    own = own_entries(evening.session, evening.alice, evening.event.id or 0, now=evening.now)
    return [entry.id for entry in own.standing]


def mails(evening: Evening) -> list[Message]:
    return list(evening.session.exec(select(Message).order_by(col(Message.id))))


def test_it_is_the_family_s_like_one_of_their_own_and_written_down(session: Session, now: datetime) -> None:
    """PRODUCT 3.7, R60: its meeting is wished and its maker mailed in the same transaction."""
    evening = Evening(session, now, "zoom")

    made = made_for(evening, evening.slot())

    assert (made.contact_id, made.student_id, made.problem, made.is_virtual) == (
        evening.alice.id,
        evening.mia.id,
        None,
        True,
    )
    assert shown(evening) == [made.id]
    assert [message.recipient for message in mails(evening)] == [evening.alice.email]
    assert session.exec(select(Meeting.appointment_id)).all() == [made.id]
    [row] = session.exec(select(Audit)).all()
    assert (row.action, row.subject) == ("appointment.make", f"appointment {made.id}")


@pytest.mark.parametrize("window", [{"opens_at": None}, {"closes_at": LONG_AGO + timedelta(days=1)}])
@pytest.mark.parametrize("visibility", ["visible", "hidden", "call"])
def test_times_that_families_cannot_book_can_be_booked_for_them(
    session: Session, now: datetime, window: dict[str, Any], visibility: str
) -> None:
    evening = Evening(session, now)
    for name, value in window.items():
        setattr(evening.settings, name, value)

    made = made_for(evening, evening.slot(visibility=visibility))

    assert made.problem is None
    assert shown(evening) == [made.id]


def test_a_blocked_removed_or_past_time_cannot(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    slots = [evening.slot(visibility="unavailable"), evening.slot(removed_at=now), evening.slot()]
    evening.now = slots[2].ends_at

    for slot in slots:
        with pytest.raises(NotFound):
            made_for(evening, slot)


def test_the_type_counts_where_the_slot_leaves_it_open(session: Session, now: datetime) -> None:
    """R77"""
    evening = Evening(session, now)
    make_class(session, evening.school, evening.teacher, evening.mia, appointments_allowed=9)
    kinds = [evening.slot(kind=kind) for kind in ("P", "V", "PV", "PV")]

    made = [
        made_for(evening, slot, wants_virtual=wanted)
        for slot, wanted in zip(kinds, [True, False, True, False], strict=True)
    ]

    assert [one.is_virtual for one in made] == [False, True, True, False]


@pytest.mark.parametrize("reason", [SlotTaken, FamilyBusy, TeacherBusy])
def test_nobody_is_put_in_two_places(session: Session, now: datetime, reason: type[DomainError]) -> None:
    """RELIABILITY I1, I2, I3: no rule of the school, and nothing to confirm."""
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    slot = evening.slot(after=0)
    if reason is SlotTaken:
        evening.book(slot, maker=bob, child=ben)
    else:
        other = make_teacher(session, evening.school, "Hugh") if reason is FamilyBusy else evening.teacher
        resource = make_resource(session, evening.event, other)
        busy = evening.slot(resource, after=5)
        maker, child = (evening.alice, evening.mia) if reason is FamilyBusy else (bob, ben)
        make_class(session, evening.school, other, child)
        evening.book(busy, maker=maker, child=child)

    with pytest.raises(reason):
        made_for(evening, slot)


@pytest.mark.parametrize(
    ("allowed", "booked", "problem"),
    [(1, 1, ONE_PER_TEACHER), (0, 0, NONE_ALLOWED), (None, 0, NOT_TAUGHT), (2, 1, None)],
)
def test_what_breaks_a_rule_is_red_and_the_family_neither_sees_it_nor_is_mailed(
    session: Session, now: datetime, outside: Outside, allowed: int | None, booked: int, problem: str | None
) -> None:
    """PRODUCT 3.7"""
    evening = Evening(session, now, "zoom")
    klass = session.exec(select(Class)).one()
    own = [booking.id for booking in evening.book(*(evening.slot() for _ in range(booked)))] if booked else []
    if allowed is None:
        session.delete(klass)
    else:
        klass.appointments_allowed = allowed
    session.flush()

    made = made_for(evening, evening.slot())

    assert made.problem == problem
    assert (made.id in shown(evening)) == (problem is None)
    assert len(mails(evening)) == len(own) + (problem is None)
    assert session.exec(select(Meeting).where(Meeting.appointment_id == made.id)).one().wish == "present"


def test_a_family_is_refused_what_turns_red_for_the_office(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    evening.book(evening.slot())
    slot = evening.slot()

    with pytest.raises(AlreadyBooked):
        evening.book(slot)


def test_confirmed_it_is_the_family_s_and_they_are_mailed_once(
    database: Database, now: datetime, outside: Outside
) -> None:
    """PRODUCT 3.7"""
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
        evening.book(evening.slot())
        red = made_for(evening, evening.slot())
    outside.knows(evening.host.remote_id or "")
    outside.tick(timedelta(minutes=3))
    before = [mail.recipient for mail in outside.mailer.sent]

    with evening.later(database, timedelta(days=4)) as session:
        red = session.get_one(Appointment, red.id)
        confirm(evening, red)
        with pytest.raises(NothingToConfirm):
            confirm(evening, red)
        assert (red.problem, red.confirmed_at) == (None, evening.now)
        assert len(shown(evening)) == 2
        assert "appointment.confirm" in session.exec(select(Audit.action)).all()
    outside.tick(timedelta(days=4))

    assert before == [evening.alice.email]
    assert [mail.recipient for mail in outside.mailer.sent] == [evening.alice.email] * 2


def test_confirmed_it_is_told_also_where_the_office_moved_it_together_with_what_they_knew(
    session: Session, now: datetime
) -> None:
    """PRODUCT 3.7: who moves a whole day writes one mail to each family, of one act."""
    evening = Evening(session, now)
    [known] = evening.book(evening.slot())
    red = made_for(evening, evening.slot())
    red.act = known.act
    session.flush()

    confirm(evening, red)

    assert red.act != known.act
    assert {message.act for message in mails(evening)} == {red.act, known.act}


def test_moved_to_where_it_breaks_no_rule_it_is_plain_and_counts_as_one_of_what_the_class_allows(
    session: Session, now: datetime
) -> None:
    evening = Evening(session, now)
    [first] = evening.book(evening.slot())
    red = made_for(evening, evening.slot())
    evening.cancel(first)

    slot = evening.slot()
    move_at_desk(session, evening.event, red, slot.token, wants_virtual=True, who=SYSTEM, now=now)

    assert (red.problem, red.nth) == (None, 1)


def test_what_is_cancelled_is_not_confirmed(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    evening.book(evening.slot())
    red = made_for(evening, evening.slot())
    evening.cancel(red)

    with pytest.raises(AlreadyCancelled):
        confirm(evening, red)


def test_red_by_a_rule_and_then_without_a_slot_it_needs_both_answers(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    evening.book(evening.slot())
    red = made_for(evening, evening.slot())
    day = SlotSelection(dates=[datetime(2026, 12, 3)])
    delete_slots(session, evening.event, day, who=SYSTEM, now=now)
    session.refresh(red)
    first = (red.problem, red.id in shown(evening))

    confirm(evening, red)
    second = (red.problem, red.id in shown(evening))
    confirm(evening, red)

    assert first == (ONE_PER_TEACHER, False)
    assert second == ("slot_removed", True)
    assert red.problem is None


def test_the_office_moves_to_a_hidden_time_and_what_breaks_a_rule_stays_red(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    evening.book(evening.slot())
    red, hidden = made_for(evening, evening.slot()), evening.slot(visibility="hidden")

    move_at_desk(session, evening.event, red, hidden.token, wants_virtual=False, who=SYSTEM, now=now)

    assert (red.slot_id, red.problem) == (hidden.id, ONE_PER_TEACHER)
    confirm(evening, red)
    move_at_desk(session, evening.event, red, evening.slot().token, wants_virtual=False, who=SYSTEM, now=now)
    assert red.problem is None


def test_what_a_family_had_and_the_office_moves_against_a_rule_stays_theirs_and_they_hear_what_becomes_of_it(
    database: Database, now: datetime, outside: Outside
) -> None:
    """It is red for the office alone, which learns the rule; moved by the family itself it is plain again."""
    with database.transaction() as session:
        evening = Evening(session, now)
        [own] = evening.book(evening.slot(kind="P"))
        session.exec(select(Class)).one().appointments_allowed = 0
    outside.tick()
    with evening.later(database) as session:
        later = evening.slot(after=60, kind="P")
        move_at_desk(session, evening.event, evening.again(own), later.token, wants_virtual=False, who=SYSTEM, now=now)
        red = evening.again(own).problem or ""
        assert (red, shown(evening)) == ("moved:no_appointments", [own.id])
    outside.tick()
    with evening.later(database) as session:
        session.exec(select(Class)).one().appointments_allowed = 1
        evening.move(own, evening.slot(after=90, kind="P"))
        plain = evening.again(own).problem
        evening.cancel(own)
    outside.tick()

    assert plain is None
    assert problem_words(red) == "breaks a rule: the class takes no appointments"
    assert [mail.subject.partition(",")[0] for mail in outside.mailer.sent] == [
        "Your appointment",
        "Changed: your appointment",
        "Cancelled: Folake Adeyemi",
    ]


@pytest.mark.parametrize(("problem", "by_now"), [("moved:gap", "slot_removed"), ("over_limit", "over_limit")])
def test_a_slot_that_is_deleted_is_withdrawn_from_whom_the_office_moved_there(
    session: Session, now: datetime, problem: str, by_now: str
) -> None:
    evening = Evening(session, now)
    [own] = evening.book(evening.slot())
    own.problem = problem

    delete_slots(session, evening.event, SlotSelection(dates=[datetime(2026, 12, 3)]), who=SYSTEM, now=now)

    session.refresh(own)
    assert own.problem == by_now


def test_a_typed_child_has_one_of_each_teacher_and_the_second_is_red(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    evening.event.type = "simple_pta"
    mia = named_child("Mia  Alvarez")

    first, second = (
        made_for(evening, evening.slot(), mia),
        made_for(evening, evening.slot(), named_child("mia alvarez")),
    )

    assert (first.child_name, first.problem) == ("Mia Alvarez", None)
    assert second.problem == ONE_PER_TEACHER


def test_somebody_of_another_school_cannot_be_booked_for(session: Session, now: datetime) -> None:
    """RELIABILITY T6"""
    evening, theirs = Evening(session, now), Evening(session, now)
    stranger = make_contact(session, theirs.school)
    slot = evening.slot()

    with pytest.raises(NotFound):
        book_for(
            session,
            evening.event,
            stranger,
            child_of(session, theirs.alice, theirs.mia.token),
            slot.token,
            wants_virtual=False,
            who=SYSTEM,
            now=now,
        )


@pytest.mark.parametrize("confirmed", [False, True])
def test_what_a_class_allows_no_more_turns_red_and_stays_the_family_s(
    session: Session, now: datetime, confirmed: bool
) -> None:
    """PRODUCT 1.9, 1.11: PTAN was lowered after the booking."""
    evening = Evening(session, now)
    klass = session.exec(select(Class)).one()
    klass.appointments_allowed = 2
    first, second = evening.book(evening.slot(), evening.slot())

    klass.appointments_allowed = 1
    mark_over_limit(session, evening.school.id or 0)
    red = (first.problem, second.problem, len(shown(evening)), len(mails(evening)))
    if confirmed:
        confirm(evening, second)
        mark_over_limit(session, evening.school.id or 0)
    still = second.problem
    klass.appointments_allowed = 2
    mark_over_limit(session, evening.school.id or 0)

    assert red == (None, "over_limit", 2, 1)
    assert still == (None if confirmed else "over_limit")
    assert (first.problem, second.problem) == (None, None)
