"""Set a scene in which two deeds meet: three families, four times of one teacher, each deed a transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from evening import Evening
from factories import EVENING
from races.audit import wrongs
from sqlmodel import Session, col, select

from webapp.db import Database
from webapp.errors import DomainError
from webapp.models import Appointment, Contact, Event, Slot, Student
from webapp.models.base import new_token
from webapp.services.booking.book import Choice, book_in_turn
from webapp.services.booking.cancel import cancel_appointment
from webapp.services.booking.family import child_of
from webapp.services.booking.move import move_appointment
from webapp.services.booking.offers import Offer
from webapp.services.booking.turn import take_turn
from webapp.services.event.delete_slots import delete_slots
from webapp.services.event.slots import SlotSelection
from webapp.services.event.update_slots import UpdateInput, update_slots
from webapp.services.system.audit import SYSTEM

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
            turn = take_turn(session, self.event.id or 0, adult.id or 0, [child.id or 0])
            said = {"is_as_seen": self._as_seen(slot), "act": new_token(), "now": self.now}
            return book_in_turn(session, turn, [choice], **said)

        return self._alone(deed)

    def take(self, who: int, *slots: int, until: timedelta | None = None) -> Deed:
        """Book a plan, or hold it."""
        adult, child = self.families[who]

        def deed(session: Session) -> object:
            mine = child_of(session, adult, child.token)
            turn = take_turn(session, self.event.id or 0, adult.id or 0, [child.id or 0])
            choices = [Choice(self.slots[slot].token, mine) for slot in slots]
            end = None if until is None else self.now + until
            return book_in_turn(session, turn, choices, act=new_token(), until=end, now=self.now)

        return self._alone(deed)

    def cancel(self, who: int) -> Deed:
        return self._alone(
            lambda session: cancel_appointment(session, self._own(session, who), who=SYSTEM, now=self.now)
        )

    def move(self, who: int, slot: int) -> Deed:
        to = {"slot": self.slots[slot].token, "is_virtual": None, "is_as_seen": self._as_seen(slot)}
        to |= {"who": SYSTEM, "now": self.now}
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

    def _as_seen(self, slot: int) -> Callable[[Offer], bool]:
        """Families' forms say what they saw."""
        return lambda offer: offer.starts_at == self.slots[slot].starts_at

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


def set_scene(database: Database, now: datetime) -> Scene:
    """A new evening."""
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
