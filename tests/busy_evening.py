"""Do what families, the office and the provider's administrator do in one evening, each deed in its own transaction."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TypeVar

import postgres
from evening import Evening
from factories import make_class, make_contact, make_guardian, make_host, make_resource, make_teacher
from fakes import make_tokens
from outside import Outside
from sqlmodel import Session, col, select
from storm import Crash, StormyMeetings

from webapp.db import Database
from webapp.errors import DomainError
from webapp.models import Appointment, EventSettings, Meeting, ResourceMember, School, Task, metadata
from webapp.models.base import new_token
from webapp.providers.base import RemoteAccount, RemoteUser
from webapp.services.booking.book import Choice, book, book_in_turn
from webapp.services.booking.cancel import cancel_appointment
from webapp.services.booking.consequences import follow
from webapp.services.booking.family import child_of
from webapp.services.booking.holds import HOLD
from webapp.services.booking.move import move_appointment
from webapp.services.booking.turn import take_turn
from webapp.services.booking.wish_meetings import BLOCKED
from webapp.services.event.settings import UiSetupInput, save_ui_setup
from webapp.services.event.update_slots import UpdateInput, update_slots
from webapp.services.meeting.connection import connection_of, disconnect, remember_grant
from webapp.services.meeting.map_contacts import run_mapping, start_mapping
from webapp.services.system.audit import SYSTEM
from webapp.services.system.errand import claim_due
from webapp.services.system.tokens import close_tokens

KINDS = ("V", "PV", "V", "P")
"""Of the slots of each resource, ten minutes apart and fifteen long, so that neighbours overlap."""

AT_PROVIDER = {
    "here": ("active", True, "z"),
    "made anew": ("active", True, "y"),
    "invited": ("pending", True, ""),
    "deactivated": ("inactive", True, "z"),
    "without a licence": ("active", False, "z"),
}
"""What a teacher is there: status, whether they can host, and how their key begins. Whoever vanished is not listed."""

T = TypeVar("T")


class BusyEvening:
    """Two families, of which one is two households, two teachers and a team of both, a dozen slots, a provider in a
    storm."""

    def __init__(self, database: Database, outside: Outside, *, appointments_allowed: int) -> None:
        _empty(database)
        self.database, self.outside = database, outside
        self.limits: dict[str, int] = {}
        storm = self.storm = StormyMeetings(lambda: outside.now)
        outside.meetings = storm
        self.providers = outside.app.extensions["confab"].providers
        self.providers.meetings["zoom"] = storm.for_store
        with database.transaction() as session:
            evening = Evening(session, outside.now, "zoom")
            evening.settings.shows_appointment_type = True
            assert evening.connection
            close_tokens(session, evening.connection, make_tokens())
            self.event, self.school_id = evening.event, evening.school.id or 0
            ines = make_teacher(session, evening.school, "Ines", "Ito")
            make_host(session, ines)
            self.teachers = [evening.teacher, ines]
            self.families = [(evening.alice, evening.mia), evening.family("Bob", "Ben", evening.teacher)]
            carol = make_contact(session, evening.school, "Carol")
            make_guardian(session, carol, evening.mia)
            for teacher in self.teachers:
                for _, child in self.families:
                    make_class(session, evening.school, teacher, child, appointments_allowed=appointments_allowed)
            self.families.append((carol, evening.mia))
            team = make_resource(session, evening.event, *self.teachers)
            self.team_id = team.id
            resources = [evening.resource, make_resource(session, evening.event, ines), team]
            self.slots = [
                evening.slot(resource, after=n * 10, kind=kind, minutes=15)
                for resource in resources
                for n, kind in enumerate(KINDS)
            ]

    @property
    def now(self) -> datetime:
        return self.outside.now

    def book(self, family: int, slot: int, *, is_virtual: bool | None) -> list[int] | None:
        maker, child = self.families[family]

        def deed(session: Session) -> list[int]:
            choice = Choice(self.slots[slot].token, child_of(session, maker, child.token), is_virtual)
            opening = session.get_one(EventSettings, self.event.id)
            return book(session, self.event, opening, maker, [choice], now=self.now)

        return self._attempt(deed)

    def hold(self, family: int, slots: Sequence[int], kinds: Sequence[bool | None]) -> datetime | None:
        """Until when the whole plan is held."""
        maker, child = self.families[family]
        until = self.now + HOLD

        def deed(session: Session) -> datetime:
            mine = child_of(session, maker, child.token)
            turn = take_turn(session, self.event.id or 0, maker.id or 0, [child.id or 0])
            choices = [Choice(self.slots[n].token, mine, kind) for n, kind in zip(slots, kinds, strict=True)]
            book_in_turn(session, turn, choices, act=new_token(), until=until, now=self.now)
            return until

        return self._attempt(deed)

    def cancel(self, number: int) -> None:
        with self.database.transaction() as session:
            cancel_appointment(session, session.get_one(Appointment, number), who=SYSTEM, now=self.now)

    def move(self, number: int, slot: int, *, is_virtual: bool | None) -> bool:
        def deed(session: Session) -> bool:
            mine, token = session.get_one(Appointment, number), self.slots[slot].token
            move_appointment(session, self.event, mine, token, is_virtual=is_virtual, who=SYSTEM, now=self.now)
            return True

        return bool(self._attempt(deed))

    def update(self, slot: int, **changes: str) -> int:
        """By the Slots menu, this slot alone; gives how many changed."""
        row = self.slots[slot]
        day, time = row.wall_start.split("T")
        where = {"dates": [day], "resources": [row.resource_id], "from_time": time, "to_time": f"{time[:4]}9"}
        with self.database.transaction() as session:
            typed = UpdateInput.model_validate(where | changes)
            return update_slots(session, self.event, typed, who=SYSTEM, now=self.now).slots

    def set_provider(self, provider: str) -> bool:
        return self._save(provider=provider)

    def set_limits(self, limits: dict[str, int]) -> bool:
        """All others are lifted."""
        self.limits = limits
        with self.database.reading() as session:
            provider = session.get_one(EventSettings, self.event.id).provider
        return self._save(provider=provider or "")

    def _save(self, provider: str) -> bool:
        """UI Setup, whole, as its form sends it."""
        typed = UiSetupInput(opens_at="2026-09-01T07:00", provider=provider, **self.limits)
        return bool(self._attempt(lambda s: save_ui_setup(s, self.event, typed, who=SYSTEM, now=self.now)))

    def connect(self) -> None:
        with self.database.transaction() as session:
            school, dora = session.get_one(School, self.school_id), self.teachers[0]
            account = RemoteAccount("acc", school.name, "office@school.example")
            remember_grant(session, school, "zoom", make_tokens(), account, contact=dora, who=SYSTEM, now=self.now)

    def disconnect(self) -> None:
        with self.database.transaction() as session:
            connection = connection_of(session, self.school_id, "zoom")
            assert connection
            disconnect(session, connection, who=SYSTEM, now=self.now)

    def list_at_provider(self, said: Sequence[str]) -> None:
        """What the two teachers are there from now on, whatever our mapping says."""
        self.storm.directory = [
            RemoteUser(self.key(n, word), teacher.email or "", teacher.name, *AT_PROVIDER[word][:2])
            for n, (teacher, word) in enumerate(zip(self.teachers, said, strict=True))
            if word in AT_PROVIDER
        ]

    def key(self, teacher: int, said: str) -> str:
        """Of the provider's user; empty for whoever is invited or not known."""
        letter = AT_PROVIDER[said][2] if said in AT_PROVIDER else ""
        return f"{letter}{self.teachers[teacher].id}" if letter else ""

    def map_contacts(self) -> bool:
        """Whether it ended well: then all of it is stored, else nothing."""
        with self.database.transaction() as session:
            number = start_mapping(session, self.school_id, "zoom", None, self.now).id
            claims = claim_due(session, Task, now=self.now)
        for claim in claims:
            with suppress(Crash):
                run_mapping(self.database, self.providers, claim, lambda: self.now)
        with self.database.reading() as session:
            task = session.get_one(Task, number)
        return bool(claims) and task.ended_at is not None and task.problem is None

    def change_the_lead(self, concerned: Collection[int]) -> None:
        with self.changed(concerned) as session:
            for row in session.exec(select(ResourceMember).where(col(ResourceMember.resource_id) == self.team_id)):
                row.position = 1 - row.position

    def press_retry(self) -> None:
        """For what the provider refused; what mapping or connecting mends comes by itself (R72)."""
        is_refused = [col(Meeting.problem).not_in(BLOCKED.values()), col(Meeting.due_at).is_(None)]
        with self.database.transaction() as session:
            given_up = select(Meeting).where(*is_refused)
            follow(session, [m.appointment_id for m in session.exec(given_up)], now=self.now, retry=True)

    @contextmanager
    def changed(self, concerned: Collection[int], *, retry: bool = False) -> Iterator[Session]:
        with self.database.transaction() as session:
            yield session
            session.flush()
            follow(session, concerned, now=self.now, retry=retry)

    def meetings_of(self, numbers: Collection[int]) -> list[dict[str, object]]:
        with self.database.reading() as session:
            theirs = select(Meeting).where(col(Meeting.appointment_id).in_(numbers)).order_by(col(Meeting.id))
            return [meeting.model_dump() for meeting in session.exec(theirs)]

    def _attempt(self, deed: Callable[[Session], T]) -> T | None:
        """None where the rules refuse it; anything else that is raised is a fault."""
        try:
            with self.database.transaction() as session:
                return deed(session)
        except DomainError:
            return None


def _empty(database: Database) -> None:
    if not database.is_sqlite:
        postgres.empty(database)
        return
    with database.transaction() as session:
        for table in reversed(metadata.sorted_tables):
            if table.name != "audit":  # which keeps what is written
                session.execute(table.delete())
