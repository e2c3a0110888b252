"""All chosen times are booked together or none, and the database has the last word."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from evening import Evening
from factories import LONG_AGO, make_class, make_contact, make_event, make_guardian, make_resource, make_slot
from sqlalchemy import text
from sqlmodel import Session, select
from threads import at_once

from webapp.db import Database
from webapp.errors import DomainError, Invalid, NotFound
from webapp.i18n import sentence
from webapp.models import Appointment, Contact, Event, EventSettings, Meeting, Slot, Student
from webapp.services.booking import book as booking
from webapp.services.booking.book import MOST_AT_ONCE, Choice, book
from webapp.services.booking.errors import (
    AlreadyBooked,
    BookedByOthers,
    BookingClosed,
    BookingNotOpenYet,
    NotYourTeacher,
    SlotChanged,
    SlotTaken,
    TakesNoAppointments,
    TeacherBusy,
    TimeClash,
    WrongKind,
)
from webapp.services.booking.family import Child, child_of, named_child

pytestmark = pytest.mark.both_databases


def count(session: Session) -> int:
    return len(session.exec(select(Appointment)).all())


def test_a_booked_time_stands_with_its_child_class_and_kind(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    slot = evening.slot(kind="V")

    [booked] = evening.book(slot)

    assert (booked.slot_id, booked.seat, booked.contact_id) == (slot.id, 1, evening.alice.id)
    assert (booked.student_id, booked.child_key, booked.nth) == (evening.mia.id, f"s{evening.mia.id}", 1)
    assert (booked.is_virtual, booked.booked_at, booked.cancelled_at) == (True, now, None)
    assert booked.class_id is not None


def test_several_times_are_one_act_and_come_back_in_the_order_of_the_choices(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    make_class(session, evening.school, evening.teacher, evening.mia, appointments_allowed=2)
    early, late = evening.slot(), evening.slot()

    booked = evening.book(late, early)

    assert [a.slot_id for a in booked] == [late.id, early.id]
    assert len({a.act for a in booked}) == 1


def test_one_refused_time_books_none_of_them(database: Database, now: datetime) -> None:
    """RELIABILITY I9: none without the others."""
    with database.transaction() as session:
        evening = Evening(session, now)
        bob, ben = evening.family("Bob", "Ben", evening.teacher)
        make_class(session, evening.school, evening.teacher, evening.mia, appointments_allowed=2)
        first, taken = evening.slot(), evening.slot()
        evening.book(taken, maker=bob, child=ben)

    def book_both() -> None:
        with database.transaction() as session:
            evening.session = session
            evening.book(first, taken)

    with pytest.raises(SlotTaken):
        book_both()

    with database.reading() as session:
        assert [a.contact_id for a in session.exec(select(Appointment)).all()] == [bob.id]
        assert len(session.exec(select(Meeting)).all()) == 0


def test_a_taken_slot_is_refused_with_time_and_teacher(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    slot = evening.slot()
    evening.book(slot)

    with pytest.raises(SlotTaken) as caught:
        evening.book(slot, maker=bob, child=ben)

    assert sentence(caught.value) == ("Thu, Dec 3, 4:00 PM with Folake Adeyemi was just taken. Choose another time.")
    assert caught.value.status == 409


def test_a_slot_for_two_takes_two_and_no_third(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    slot = evening.slot(capacity=2)
    families = [evening.family(name, name, evening.teacher) for name in ("Bob", "Carla", "Dan")]

    seats = [evening.book(slot, maker=adult, child=child)[0].seat for adult, child in families[:2]]

    assert seats == [1, 2]
    with pytest.raises(SlotTaken):
        evening.book(slot, maker=families[2][0], child=families[2][1])


def test_a_seat_given_back_in_the_middle_is_used_again(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    slot = evening.slot(capacity=3)
    families = [evening.family(name, name, evening.teacher) for name in ("Bob", "Carla", "Dan", "Eve")]
    booked = [evening.book(slot, maker=adult, child=child)[0] for adult, child in families[:3]]
    evening.cancel(booked[1])

    [fourth] = evening.book(slot, maker=families[3][0], child=families[3][1])

    assert fourth.seat == 2


@pytest.mark.parametrize(
    ("opens", "closes", "refusal"),
    [
        (None, None, BookingNotOpenYet),
        (timedelta(minutes=1), None, BookingNotOpenYet),
        (timedelta(days=-1), timedelta(seconds=-1), BookingClosed),
        (timedelta(days=-2), timedelta(days=-1), BookingClosed),
    ],
)
def test_outside_the_window_nothing_is_booked(
    session: Session,
    now: datetime,
    opens: timedelta | None,
    closes: timedelta | None,
    refusal: type[DomainError],
) -> None:
    evening = Evening(session, now)
    evening.settings.opens_at = None if opens is None else now + opens
    evening.settings.closes_at = None if closes is None else now + closes
    slot = evening.slot()

    with pytest.raises(refusal):
        evening.book(slot)

    assert count(session) == 0


def test_the_window_opens_to_the_second(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    evening.settings.opens_at = now

    assert evening.book(evening.slot())


@pytest.mark.parametrize("visibility", ["hidden", "call", "unavailable"])
def test_a_time_that_is_not_offered_cannot_be_booked_by_its_token(
    session: Session, now: datetime, visibility: str
) -> None:
    evening = Evening(session, now)
    slot = evening.slot(visibility=visibility)

    with pytest.raises(NotFound):
        evening.book(slot)


def test_a_removed_a_past_and_an_unknown_time_are_not_found(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    removed = evening.slot(removed_at=now)
    begun = evening.slot()

    with pytest.raises(NotFound):
        evening.book(removed)
    with pytest.raises(NotFound):
        evening.book(begun, now=begun.starts_at)
    with pytest.raises(NotFound):
        book(session, evening.event, evening.settings, evening.alice, [choice_of(evening, "nothing")], now=now)


def test_a_time_of_another_event_or_school_is_not_found(session: Session, now: datetime) -> None:
    evening, other = Evening(session, now), Evening(session, now)
    second = make_event(session, evening.school)
    elsewhere = make_slot(session, make_resource(session, second, evening.teacher), kind="V")

    for slot in (elsewhere, other.slot()):
        with pytest.raises(NotFound):
            evening.book(slot)


def test_no_choice_and_too_many_are_refused_before_anything_is_read(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    many = [choice_of(evening, f"slot-{n}") for n in range(MOST_AT_ONCE + 1)]

    for choices in ([], many):
        with pytest.raises(Invalid):
            book(session, evening.event, evening.settings, evening.alice, choices, now=now)


def test_the_same_time_for_two_children_is_refused_in_one_act(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    slot = evening.slot(capacity=2)

    with pytest.raises(Invalid):
        evening.book(slot, slot)


@pytest.mark.parametrize(
    ("kind", "wanted", "is_virtual"),
    [("V", None, True), ("P", None, False), ("PV", True, True), ("PV", False, False), ("V", True, True)],
)
def test_the_kind_follows_the_slot_and_where_it_is_open_the_parent(
    session: Session, now: datetime, kind: str, wanted: bool | None, is_virtual: bool
) -> None:
    """R77: on an In-Person or Virtual slot the parent chooses."""
    evening = Evening(session, now)

    [booked] = evening.book(evening.slot(kind=kind), is_virtual=wanted)

    assert booked.is_virtual is is_virtual


@pytest.mark.parametrize(("kind", "wanted"), [("PV", None), ("V", False), ("P", True)])
def test_an_open_kind_has_to_be_chosen_and_a_fixed_one_cannot_be_defied(
    session: Session, now: datetime, kind: str, wanted: bool | None
) -> None:
    evening = Evening(session, now)

    with pytest.raises(WrongKind) as caught:
        evening.book(evening.slot(kind=kind), is_virtual=wanted)

    assert caught.value.status == 422


def test_a_parent_is_never_in_two_places(session: Session, now: datetime) -> None:
    """Overlap by one minute, with another teacher and another child."""
    evening = Evening(session, now)
    other = make_teacher_of(evening, "Ines")
    ben = sibling(evening, "Ben", other)
    evening.book(evening.slot(after=0, minutes=15))

    with pytest.raises(TimeClash):
        evening.book(evening.slot(make_resource(session, evening.event, other), after=14), child=ben)


def test_one_appointment_may_begin_when_the_other_ends(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    other = make_teacher_of(evening, "Ines")
    ben = sibling(evening, "Ben", other)
    evening.book(evening.slot(after=0, minutes=15))

    assert evening.book(evening.slot(make_resource(session, evening.event, other), after=15), child=ben)


def test_a_child_is_never_in_two_places_though_two_parents_book(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    other = make_teacher_of(evening, "Ines")
    make_class(session, evening.school, other, evening.mia)
    bob = make_contact(session, evening.school, "Bob")
    make_guardian(session, bob, evening.mia)
    evening.book(evening.slot(after=0))

    with pytest.raises(TimeClash):
        evening.book(evening.slot(make_resource(session, evening.event, other), after=5), maker=bob)


def test_a_teacher_is_never_in_two_places_not_even_in_two_events(session: Session, now: datetime) -> None:
    """RELIABILITY I3: each member of a team counts."""
    evening = Evening(session, now)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    lead = make_teacher_of(evening, "Ines")
    second = make_event(session, evening.school)
    team = make_resource(session, second, lead, evening.teacher)
    evening.book(evening.slot(after=0))
    settings = session.get_one(EventSettings, second.id)
    slot = make_slot(session, team, kind="V")

    choice = Choice(slot.token, child_of(session, bob, ben.token))

    with pytest.raises(TeacherBusy):
        book(session, second, settings, bob, [choice], now=now)


def test_a_second_appointment_with_the_same_teacher_is_refused(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    evening.book(evening.slot())

    with pytest.raises(AlreadyBooked) as caught:
        evening.book(evening.slot())

    assert "Mia Alvarez" in sentence(caught.value)


def test_a_class_that_allows_two_gives_two_and_the_first_again_after_it_was_cancelled(
    session: Session, now: datetime
) -> None:
    evening = Evening(session, now)
    make_class(session, evening.school, evening.teacher, evening.mia, appointments_allowed=2)
    [first], [_second] = evening.book(evening.slot()), evening.book(evening.slot())
    evening.cancel(first)

    [third] = evening.book(evening.slot())

    assert third.nth == 1
    with pytest.raises(AlreadyBooked):
        evening.book(evening.slot())


def test_a_class_that_allows_none_gives_none_and_says_so(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    ines = make_teacher_of(evening, "Ines")
    make_class(session, evening.school, ines, evening.mia, appointments_allowed=0)

    with pytest.raises(TakesNoAppointments) as caught:
        evening.book(evening.slot(make_resource(session, evening.event, ines)))

    assert sentence(caught.value) == "The class that Mia Alvarez has with Ines Ito takes no appointments."


def test_what_a_class_allows_is_per_student_whoever_of_the_parents_books(session: Session, now: datetime) -> None:
    """PRODUCT 1.11: appointments allowed per student and class."""
    evening = Evening(session, now)
    bob = make_contact(session, evening.school, "Bob")
    make_guardian(session, bob, evening.mia)
    evening.book(evening.slot())

    with pytest.raises(BookedByOthers) as caught:
        evening.book(evening.slot(), maker=bob)

    assert "Folake Adeyemi takes no more appointments for Mia Alvarez here." in sentence(caught.value)
    assert caught.value.status == 409


def test_each_of_two_parents_has_one_of_the_two_that_a_class_allows(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    make_class(session, evening.school, evening.teacher, evening.mia, appointments_allowed=2)
    bob = make_contact(session, evening.school, "Bob")
    make_guardian(session, bob, evening.mia)

    [first], [second] = evening.book(evening.slot()), evening.book(evening.slot(), maker=bob)

    assert (first.nth, second.nth) == (1, 2)
    with pytest.raises(AlreadyBooked):
        evening.book(evening.slot())


def test_two_families_may_type_the_same_child_s_name(session: Session, now: datetime) -> None:
    """What is typed says nothing about who it is: it counts within a family only."""
    evening = Evening(session, now)
    event = make_event(session, evening.school, type="simple_pta")
    resource = make_resource(session, event, evening.teacher)
    settings = session.get_one(EventSettings, event.id)
    bob = make_contact(session, evening.school, "Bob")

    for maker in (evening.alice, bob):
        choice = Choice(evening.slot(resource).token, named_child("Mia"))
        assert book(session, event, settings, maker, [choice], now=now)


def test_a_pta_event_takes_no_typed_child_and_a_simple_one_none_of_the_roster(session: Session, now: datetime) -> None:
    """PRODUCT: PTA has students, classes and enrolments; in Simple PTA the parent types the child's name."""
    evening = Evening(session, now)
    simple = make_event(session, evening.school, type="simple_pta")
    simple_slot = evening.slot(make_resource(session, simple, evening.teacher))
    typed, of_roster = named_child("Mia Alvarez"), child_of(session, evening.alice, evening.mia.token)
    wrong = [(evening.event, evening.slot(), typed), (simple, simple_slot, of_roster)]

    for event, slot, child in wrong:
        settings = session.get_one(EventSettings, event.id)
        with pytest.raises(NotFound):
            book(session, event, settings, evening.alice, [Choice(slot.token, child)], now=now)

    assert count(session) == 0


def test_a_teacher_of_other_children_is_refused(session: Session, now: datetime) -> None:
    """BOOK-013"""
    evening = Evening(session, now)
    stranger = make_resource(session, evening.event, make_teacher_of(evening, "Ines"))

    with pytest.raises(NotYourTeacher) as caught:
        evening.book(evening.slot(stranger))

    assert caught.value.status == 422


def test_another_family_s_child_is_not_found(session: Session, now: datetime) -> None:
    """RELIABILITY T3: a stranger's child looks like one that does not exist."""
    evening = Evening(session, now)
    _bob, ben = evening.family("Bob", "Ben", evening.teacher)

    with pytest.raises(NotFound):
        evening.book(evening.slot(), child=ben)


def test_a_named_child_is_one_child_however_it_is_spelled(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    event = make_event(session, evening.school, type="simple_pta")
    resource = make_resource(session, event, evening.teacher)
    settings = session.get_one(EventSettings, event.id)
    first, second = make_slot(session, resource), evening.slot(resource, after=60, kind="P")
    [booked] = book(
        session, event, settings, evening.alice, [Choice(first.token, named_child(" Zoë  Ørsted"))], now=now
    )

    with pytest.raises(AlreadyBooked):
        book(session, event, settings, evening.alice, [Choice(second.token, named_child("zoË ØRSTED"))], now=now)

    assert session.get_one(Appointment, booked).child_name == "Zoë Ørsted"


@pytest.mark.parametrize("name", ["", "  ", "–", "🙂", "x" * 101, "Mia\0", "Mia\u202e", "Mi\na" * 30])
def test_what_is_no_name_is_refused_at_its_field(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        named_child(name)

    assert caught.value.field == "child"


def test_a_slot_changed_between_reading_and_booking_is_refused(
    session: Session, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RELIABILITY I6: a raised version means that it is not what was read, whoever got past its lock."""
    evening = Evening(session, now)
    slot = evening.slot()

    def change(*_: object, **__: object) -> list[object]:
        session.execute(text("UPDATE slot SET version = version + 1 WHERE id = :id"), {"id": slot.id})
        return []

    monkeypatch.setattr(booking, "standing_of", change)

    with pytest.raises(SlotChanged):
        evening.book(slot)


@dataclass
class Crowd:
    """Families who all want the same slot."""

    event: Event
    slot: Slot
    families: list[tuple[Contact, Student]]


def crowd_of(database: Database, now: datetime, size: int) -> Crowd:
    with database.transaction() as session:
        evening = Evening(session, now, provider="zoom")
        families = [evening.family(f"Parent {n}", f"Child {n}", evening.teacher) for n in range(size)]
        return Crowd(evening.event, evening.slot(), families)


def test_of_eight_who_book_one_slot_at_once_one_has_it_and_seven_are_told(database: Database, now: datetime) -> None:
    """RELIABILITY I1: one booking, one clear refusal each; nobody gets an error of the database."""
    crowd = crowd_of(database, now, 8)

    def work(family: tuple[Contact, Student]) -> Callable[[], object]:
        def booking() -> object:
            with database.transaction() as session:
                settings = session.get_one(EventSettings, crowd.event.id)
                choice = Choice(crowd.slot.token, child_of(session, family[0], family[1].token))
                return book(session, crowd.event, settings, family[0], [choice], now=now)

        return booking

    came = at_once(*(work(family) for family in crowd.families))

    assert sorted(type(one).__name__ for one in came) == ["SlotTaken"] * 7 + ["list"]
    with database.reading() as session:
        assert len(session.exec(select(Appointment)).all()) == 1
        assert len(session.exec(select(Meeting)).all()) == 1


def choice_of(evening: Evening, token: str) -> Choice:
    return Choice(token, Child(evening.mia.name, f"s{evening.mia.id}", evening.mia.id))


def make_teacher_of(evening: Evening, first: str) -> Contact:
    return make_contact(evening.session, evening.school, first, "Ito", teacher_ref=f"T-{first}", created_at=LONG_AGO)


def sibling(evening: Evening, name: str, teacher: Contact) -> Student:
    _, student = evening.family("Unused", name, teacher)
    make_guardian(evening.session, evening.alice, student)
    return student
