"""Two deeds at the same moment end as if one had come after the other, on both databases."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from evening import Evening
from factories import EVENING, make_class, make_guardian, make_host, make_resource, make_slot, make_teacher
from races.audit import wrongs
from sqlmodel import Session, col, select, update
from threads import at_once

from webapp.db import Database
from webapp.errors import DomainError, NotFound
from webapp.models import Appointment, Class, Contact, Event, EventSettings, School, Slot, Student
from webapp.services.booking.book import Choice, book
from webapp.services.booking.cancel import cancel_appointment
from webapp.services.booking.errors import AlreadyCancelled, AppointmentMoved, SlotChanged, SlotTaken, TimeClash
from webapp.services.booking.family import child_of
from webapp.services.booking.move import move_appointment
from webapp.services.event.delete_slots import delete_slots
from webapp.services.event.slots import SlotSelection
from webapp.services.event.update_slots import UpdateInput, update_slots
from webapp.services.system.audit import SYSTEM

pytestmark = [pytest.mark.races, pytest.mark.both_databases]

Deed = Callable[[], object]


@dataclass
class Scene:
    """Alice has the first slot, Bob the second of one teacher; the third is free. Each deed is a transaction."""

    database: Database
    now: datetime
    event: Event
    slots: list[Slot]
    families: list[tuple[Contact, Student]]
    booked: list[Appointment]

    def book(self, who: int, slot: int) -> Deed:
        adult, child = self.families[who]

        def deed(session: Session) -> object:
            choice = Choice(self.slots[slot].token, child_of(session, adult, child.token))
            settings = session.get_one(EventSettings, self.event.id)
            return book(session, self.event, settings, adult, [choice], now=self.now)

        return self._alone(deed)

    def cancel(self, who: int) -> Deed:
        return self._alone(
            lambda session: cancel_appointment(session, self._own(session, who), who=SYSTEM, now=self.now)
        )

    def move(self, who: int, slot: int) -> Deed:
        to = {"slot": self.slots[slot].token, "is_virtual": None, "who": SYSTEM, "now": self.now}
        return self._alone(lambda session: move_appointment(session, self.event, self._own(session, who), **to))

    def block(self, slot: int) -> Deed:
        typed = UpdateInput(**self._only(slot), visibility="unavailable")
        return self._alone(lambda session: update_slots(session, self.event, typed, who=SYSTEM, now=self.now))

    def delete(self, slot: int) -> Deed:
        typed = SlotSelection(**self._only(slot))
        return self._alone(lambda session: delete_slots(session, self.event, typed, who=SYSTEM, now=self.now))

    def holders(self) -> dict[int, int]:
        """Who stands where: the number of the family by the number of the slot."""
        places = {slot.id: n for n, slot in enumerate(self.slots)}
        people = {adult.id: n for n, (adult, _) in enumerate(self.families)}
        with self.database.reading() as session:
            standing = session.exec(select(Appointment).where(col(Appointment.cancelled_at).is_(None))).all()
            here = [a for a in standing if a.event_id == self.event.id]
        held = {places[a.slot_id]: people[a.contact_id] for a in here}
        assert len(held) == len(here)
        return held

    @property
    def is_sound(self) -> bool:
        return wrongs(self.database.engine.url.render_as_string(hide_password=False)) == {}

    def _own(self, session: Session, who: int) -> Appointment:
        return session.get_one(Appointment, self.booked[who].id)

    def _only(self, slot: int) -> dict[str, object]:
        wall = self.slots[slot].wall_start
        return {"dates": [EVENING.date()], "from_time": wall[11:], "to_time": self.slots[slot + 1].wall_start[11:]}

    def _alone(self, work: Callable[[Session], object]) -> Deed:
        def deed() -> object:
            with self.database.transaction() as session:
                return work(session)

        return deed


@pytest.fixture(params=range(8))
def playing(database: Database, now: datetime) -> Scene:
    """Each pair is raced so often, in a new evening every time."""
    with database.transaction() as session:
        evening = Evening(session, now, provider="zoom")
        slots = [evening.slot() for _ in range(4)]
        names = (("Bob", "Ben"), ("Charlie", "Zoe"))
        families = [(evening.alice, evening.mia), *(evening.family(*both, evening.teacher) for both in names)]
        booked = [evening.book(slots[n], maker=families[n][0], child=families[n][1])[0] for n in (0, 1)]
        return Scene(database, now, evening.event, slots, families, booked)


def came(*results: object) -> list[type | None]:
    """Which refusal each came to; None where it was done."""
    return [type(result) if isinstance(result, DomainError) else None for result in results]


def test_a_time_that_is_cancelled_and_booked_at_once_goes_to_the_next_or_is_free(playing: Scene) -> None:
    cancelled, booked = came(*at_once(playing.cancel(0), playing.book(2, 0)))

    assert (cancelled, booked) in {(None, None), (None, SlotTaken)}
    assert playing.holders() == {1: 1} | ({0: 2} if booked is None else {})
    assert playing.is_sound


def test_a_time_that_one_moves_to_and_another_books_goes_to_one_and_the_first_loses_nothing(playing: Scene) -> None:
    """RELIABILITY I8"""
    moved, booked = came(*at_once(playing.move(0, 2), playing.book(2, 2)))

    assert (moved, booked) in {(None, SlotTaken), (SlotTaken, None)}
    assert playing.holders() == ({1: 1, 2: 0} if moved is None else {0: 0, 1: 1, 2: 2})
    assert playing.is_sound


def test_a_time_that_is_left_and_booked_at_once_has_one_holder_at_most(playing: Scene) -> None:
    moved, booked = came(*at_once(playing.move(0, 2), playing.book(2, 0)))

    assert (moved, booked) in {(None, None), (None, SlotTaken)}
    assert playing.holders() == {1: 1, 2: 0} | ({0: 2} if booked is None else {})
    assert playing.is_sound


def test_two_who_swap_times_at_once_are_both_refused_and_keep_what_they_have(playing: Scene) -> None:
    refused = came(*at_once(playing.move(0, 1), playing.move(1, 0)))

    assert refused == [SlotTaken, SlotTaken]
    assert playing.holders() == {0: 0, 1: 1}
    assert playing.is_sound


def test_two_who_move_to_one_time_at_once_one_is_there_and_the_other_where_they_were(playing: Scene) -> None:
    refused = came(*at_once(playing.move(0, 2), playing.move(1, 2)))

    assert sorted(refused, key=str) == [SlotTaken, None]
    assert playing.holders() == ({1: 1, 2: 0} if refused[0] is None else {0: 0, 2: 1})
    assert playing.is_sound


def test_what_two_cancel_at_once_is_cancelled_once(playing: Scene) -> None:
    refused = came(*at_once(playing.cancel(0), playing.cancel(0)))

    assert sorted(refused, key=str) == [AlreadyCancelled, None]
    assert playing.holders() == {1: 1}
    assert playing.is_sound


def test_what_is_cancelled_and_moved_at_once_ends_cancelled_or_where_it_was_moved_to(playing: Scene) -> None:
    """Whoever comes second is told what happened, and nothing of the appointment stays behind anywhere."""
    cancelled, moved = came(*at_once(playing.cancel(0), playing.move(0, 2)))

    assert (cancelled, moved) in {(None, AlreadyCancelled), (None, None), (AppointmentMoved, None)}
    assert playing.holders() == {1: 1} | ({2: 0} if cancelled else {})
    assert playing.is_sound


def test_a_time_that_the_office_blocks_and_a_family_books_at_once_is_booked_before_or_not_at_all(
    playing: Scene,
) -> None:
    """RELIABILITY I6"""
    blocked, booked = came(*at_once(playing.block(2), playing.book(2, 2)))

    assert (blocked, booked) in {(None, None), (None, SlotChanged), (None, NotFound)}
    assert playing.holders() == {0: 0, 1: 1} | ({2: 2} if booked is None else {})
    assert playing.is_sound


def test_a_time_that_the_office_deletes_and_a_family_books_at_once_is_red_or_not_booked(playing: Scene) -> None:
    """RELIABILITY I6: an appointment that came first is kept and says that its time is gone."""
    deleted, booked = came(*at_once(playing.delete(2), playing.book(2, 2)))

    assert (deleted, booked) in {(None, None), (None, SlotChanged), (None, NotFound)}
    with playing.database.reading() as session:
        theirs = session.exec(select(Appointment).where(col(Appointment.slot_id) == playing.slots[2].id)).all()
        assert [a.problem for a in theirs] == (["slot_removed"] if booked is None else [])
    assert playing.is_sound


def test_of_two_parents_who_book_one_child_for_one_hour_at_once_one_is_refused(playing: Scene) -> None:
    """RELIABILITY I4: with different teachers, so that only the child's minutes collide."""
    with playing.database.transaction() as session:
        (_, child), _, (other, _) = playing.families
        make_guardian(session, other, child)
        session.execute(update(Class).values(appointments_allowed=2))
        playing.families[2] = (other, child)
        playing.slots.append(slot_of_another_teacher(session, playing, child))

    refused = came(*at_once(playing.book(0, 4), playing.book(2, 2)))

    assert sorted(refused, key=str) == [TimeClash, None]
    assert len(playing.holders()) == 3
    assert playing.is_sound


def slot_of_another_teacher(session: Session, playing: Scene, child: Student) -> Slot:
    """In the middle of the third one's time."""
    school = session.get_one(School, playing.event.school_id)
    teacher = make_teacher(session, school, "Jonas", "Eriksen")
    make_class(session, school, teacher, child)
    make_host(session, teacher)
    resource = make_resource(session, playing.event, teacher)
    return make_slot(session, resource, at=EVENING + timedelta(minutes=35), kind="V")
