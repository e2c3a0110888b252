"""Whatever happens in whatever order: no double booking, and in the end exactly one meeting for each who wants one."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace

import postgres
import pytest
from evening import Evening
from factories import make_class, make_host, make_resource, make_teacher
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from outside import Outside
from sqlalchemy import text
from sqlmodel import Session, col, select
from storm import FAULTS, StormyMeetings

from webapp.db import Database
from webapp.errors import DomainError, ProviderError
from webapp.models import (
    Appointment,
    Connection,
    EventSettings,
    Host,
    Meeting,
    Message,
    ResourceMember,
    Slot,
    metadata,
)
from webapp.services.booking.agenda import agenda
from webapp.services.booking.book import Choice, book
from webapp.services.booking.cancel import cancel_appointment
from webapp.services.booking.consequences import follow
from webapp.services.booking.family import child_of
from webapp.services.booking.move import move_appointment
from webapp.services.meeting.affected import appointments_waiting_on
from webapp.services.system.audit import SYSTEM

ALLOWED = 2
NUMBERS = st.integers(0, 11)
WAITS = st.sampled_from([0, 3, 7, 20, 61, 130, 141, 660, 3700])
"""Seconds: below and above a pause, a lease, a list's lag, the quarantine."""


@dataclass
class Booked:
    """An appointment as the model knows it: plain numbers, no rows."""

    slot: int
    family: int
    is_virtual: bool


class Evenings(RuleBasedStateMachine):
    """Two families, two teachers and a team of both, a dozen slots, a provider in a storm, against a plain model."""

    def __init__(self, database: Database, outside: Outside) -> None:
        super().__init__()
        self.database, self.outside = database, outside
        self.booked: dict[int, Booked] = {}
        self.kinds: list[str] = []
        self.has_provider = True

    @initialize(bookings=st.lists(st.tuples(st.integers(0, 1), NUMBERS), min_size=1, max_size=5))
    def set_the_scene(self, bookings: list[tuple[int, int]]) -> None:
        empty(self.database)
        storm = self.storm = StormyMeetings(lambda: self.outside.now)
        self.outside.meetings = storm
        self.outside.app.extensions["confab"].providers.meetings["zoom"] = storm.for_store
        with self.database.transaction() as session:
            evening = Evening(session, self.outside.now, "zoom")
            self.event, self.school_id = evening.event, evening.school.id
            ines = make_teacher(session, evening.school, "Ines", "Ito")
            make_host(session, ines)
            self.teachers = [evening.teacher.id, ines.id]
            self.families = [(evening.alice, evening.mia), evening.family("Bob", "Ben", evening.teacher)]
            for teacher in (evening.teacher, ines):
                for _, child in self.families:
                    make_class(session, evening.school, teacher, child, appointments_allowed=ALLOWED)
            team = make_resource(session, evening.event, evening.teacher, ines)
            resources = [evening.resource, make_resource(session, evening.event, ines), team]
            self.team_id = team.id
            self.members = [{self.teachers[0]}, {self.teachers[1]}, set(self.teachers)]
            self.slots: list[Slot] = []
            for resource in resources:
                for n, kind in enumerate(("V", "PV", "V", "P")):
                    self.slots.append(evening.slot(resource, after=n * 10, kind=kind, minutes=15))
                    self.kinds.append(kind)
        for teacher in self.teachers:
            self.outside.knows(f"z{teacher}")
            self.outside.knows(f"y{teacher}")
        for family, slot in bookings:
            self.book(family, slot, True)

    @rule(family=st.integers(0, 1), slot=NUMBERS, wants_virtual=st.booleans())
    def book(self, family: int, slot: int, wants_virtual: bool) -> None:
        maker, child = self.families[family]
        wanted = wants_virtual if self.kinds[slot] == "PV" else None

        def deed(session: Session) -> list[int]:
            choice = Choice(self.slots[slot].token, child_of(session, maker, child.token), wanted)
            opening = session.get_one(EventSettings, self.event.id)
            return book(session, self.event, opening, maker, [choice], now=self.now)

        ids = self.attempt(deed)
        mine = [b for b in self.booked.values() if b.family == family and b.slot // 4 == slot // 4]
        assert (ids is not None) == (len(mine) < ALLOWED and self.is_free(slot, family))
        if ids:
            self.booked[ids[0]] = Booked(slot, family, self.kind_of(slot, wants_virtual))

    @precondition(lambda self: self.booked)
    @rule(which=NUMBERS)
    def cancel(self, which: int) -> None:
        number = self.pick(which)
        with self.database.transaction() as session:
            cancel_appointment(session, session.get_one(Appointment, number), who=SYSTEM, now=self.now)
        del self.booked[number]

    @precondition(lambda self: self.booked)
    @rule(which=NUMBERS, place=st.integers(0, 3), wants_virtual=st.booleans())
    def move(self, which: int, place: int, wants_virtual: bool) -> None:
        number = self.pick(which)
        was = self.booked[number]
        slot = was.slot // 4 * 4 + place
        wanted = wants_virtual if self.kinds[slot] == "PV" else None

        def deed(session: Session) -> bool:
            mine = session.get_one(Appointment, number)
            token = self.slots[slot].token
            move_appointment(session, self.event, mine, token, is_virtual=wanted, who=SYSTEM, now=self.now)
            return True

        is_moved = self.attempt(deed)
        assert bool(is_moved) == (slot != was.slot and self.is_free(slot, was.family, besides=number))
        if is_moved:
            self.booked[number] = Booked(slot, was.family, self.kind_of(slot, wants_virtual))

    @rule(slot=NUMBERS, kind=st.sampled_from(["P", "V", "PV"]))
    def change_kind(self, slot: int, kind: str) -> None:
        concerned = [number for number, b in self.booked.items() if b.slot == slot]
        with self.changed(concerned) as session:
            row = session.get_one(Slot, self.slots[slot].id)
            row.kind, row.version = kind, row.version + 1
            for number in concerned if kind != "PV" else []:
                self.booked[number].is_virtual = session.get_one(Appointment, number).is_virtual = kind == "V"
        self.kinds[slot] = kind

    @rule(is_on=st.booleans())
    def set_provider(self, is_on: bool) -> None:
        with self.changed(self.booked) as session:
            session.get_one(EventSettings, self.event.id).provider = "zoom" if is_on else None
        self.has_provider = is_on

    @rule(which=st.integers(0, 1), state=st.sampled_from(["mapped", "remapped", "pending", "not_found"]))
    def map_teacher(self, which: int, state: str) -> None:
        with self.changed(self.booked, retry=True) as session:
            host = session.exec(select(Host).where(col(Host.contact_id) == self.teachers[which])).one()
            host.state = "mapped" if state == "remapped" else state
            host.remote_id = f"{'y' if state == 'remapped' else 'z'}{self.teachers[which]}"

    @rule()
    def change_the_lead(self) -> None:
        with self.changed(self.booked) as session:
            for row in session.exec(select(ResourceMember).where(col(ResourceMember.resource_id) == self.team_id)):
                row.position = 1 - row.position

    @rule(is_on=st.booleans())
    def connect(self, is_on: bool) -> None:
        with self.database.transaction() as session:
            connection = session.exec(select(Connection)).one()
            connection.disconnected_at = None if is_on else self.now
            session.flush()
            waiting = appointments_waiting_on(session, connection.school_id, "zoom", now=self.now)
            follow(session, waiting, now=self.now, retry=is_on)

    @rule(retry=st.booleans())
    def follow_again(self, retry: bool) -> None:
        with self.changed(self.booked, retry=retry):
            pass

    @rule(
        faults=st.lists(st.sampled_from(FAULTS), max_size=4),
        waits=st.lists(WAITS, min_size=1, max_size=3),
        mail=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=1),
        lags=st.booleans(),
    )
    def tick(self, faults: list[str], waits: list[int], mail: list[tuple[bool, bool]], lags: bool) -> None:
        self.storm.faults.extend(faults)
        self.storm.lags = lags
        for retry, arrived in mail:
            self.outside.mailer.fail("send", ProviderError("Post.", retry=retry, arrived=arrived))
        for seconds in waits:
            self.outside.tick(timedelta(seconds=seconds), may_fail=True)

    @rule(faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=3))
    def tick_through_a_quarantine(self, faults: list[str]) -> None:
        self.tick(faults, [0, 141, 20], [], False)

    @rule(faults=st.lists(st.sampled_from(["done", "stalled", "crash after"]), min_size=1, max_size=2))
    def tick_while_lists_lag(self, faults: list[str]) -> None:
        self.tick(faults, [0, 7, 61], [], True)

    @invariant()
    def holds(self) -> None:
        if not self.kinds:
            return
        with self.database.reading() as session:
            for name, query in BROKEN.items():
                assert session.execute(text(query)).all() == [], name
            stands = select(Appointment.id, Appointment.slot_id).where(col(Appointment.cancelled_at).is_(None))
            assert dict(session.exec(stands).all()) == {n: self.slots[b.slot].id for n, b in self.booked.items()}

    def teardown(self) -> None:
        if self.kinds and sys.exc_info()[0] is None:
            self.settle_down()
            self.holds()
            self.everyone_has_one_meeting()
            self.nothing_is_left_to_do()

    def settle_down(self) -> None:
        """The trouble is over, the office has mended what it can, and the jobs tick for some hours."""
        self.storm.calm_down()
        for which in (0, 1):
            self.map_teacher(which, "mapped")
        self.connect(True)
        for minutes in (0, 1, 3, 3, 3, 61, 30, 30, 61):
            self.press_retry()
            self.outside.tick(timedelta(minutes=minutes), may_fail=True)
        for _ in range(8):
            self.outside.tick(timedelta(minutes=61))
        self.storm.arrive()

    def press_retry(self) -> None:
        """For what stands in Online Meeting Issues, and for nothing else."""
        with self.database.transaction() as session:
            given_up = select(Meeting).where(col(Meeting.problem).is_not(None), col(Meeting.due_at).is_(None))
            follow(session, [m.appointment_id for m in session.exec(given_up)], now=self.now, retry=True)

    def everyone_has_one_meeting(self) -> None:
        with self.database.reading() as session:
            shown = {entry.id: entry for entry in agenda(session, col(Appointment.cancelled_at).is_(None))}
            current = {m.appointment_id: m for m in session.exec(select(Meeting).where(col(Meeting.gone_at).is_(None)))}
        eligible = {n for n, b in self.booked.items() if b.is_virtual and self.has_provider}
        assert {m.marker for m in self.storm.standing()} == {current[n].marker for n in eligible}
        assert len(self.storm.standing()) == len(eligible) == len(current)
        for number in eligible:
            [real] = self.storm.standing(current[number].marker)
            assert (real.starts_at, real.host_key) == (shown[number].starts_at, current[number].host_key)
            assert shown[number].room.url == real.shown().join_url

    def nothing_is_left_to_do(self) -> None:
        with self.database.reading() as session:
            assert [m for m in session.exec(select(Meeting)) if m.due_at or m.problem] == []
            for message in session.exec(select(Message)):
                is_given_up = message.problem is not None
                assert message.due_at is None
                assert [bool(message.sent_at), bool(message.dropped_at), is_given_up].count(True) == 1

    @property
    def now(self) -> datetime:
        return self.outside.now

    def attempt(self, deed: Callable[[Session], object]) -> object:
        """None where the rules refuse it; anything else that is raised is a fault."""
        try:
            with self.database.transaction() as session:
                return deed(session)
        except DomainError:
            return None

    @contextmanager
    def changed(self, numbers: object, *, retry: bool = False) -> Iterator[Session]:
        with self.database.transaction() as session:
            yield session
            session.flush()
            follow(session, list(numbers), now=self.now, retry=retry)  # type: ignore[call-overload]

    def pick(self, which: int) -> int:
        return sorted(self.booked)[which % len(self.booked)]

    def kind_of(self, slot: int, wants_virtual: bool) -> bool:
        return wants_virtual if self.kinds[slot] == "PV" else self.kinds[slot] == "V"

    def is_free(self, slot: int, family: int, *, besides: int = 0) -> bool:
        """Seat, family and every teacher of the resource."""
        for number, other in self.booked.items():
            if number == besides:
                continue
            is_meanwhile = abs(other.slot % 4 - slot % 4) < 2
            shares_teacher = self.members[other.slot // 4] & self.members[slot // 4]
            if is_meanwhile and (other.family == family or shares_teacher):
                return False
        return True


BROKEN = {
    "two on one seat": """SELECT slot_id, seat FROM appointment WHERE cancelled_at IS NULL
        GROUP BY slot_id, seat HAVING count(*) > 1""",
    "more than fit": """SELECT s.id FROM slot s JOIN appointment a ON a.slot_id = s.id AND a.cancelled_at IS NULL
        GROUP BY s.id, s.capacity HAVING count(*) > s.capacity""",
    "minutes held for nobody": """SELECT o.* FROM occupancy o LEFT JOIN appointment a
        ON a.cancelled_at IS NULL AND (a.id = o.appointment_id OR a.slot_id = o.slot_id) WHERE a.id IS NULL""",
    "minutes not held by a family": """SELECT a.id FROM appointment a
        JOIN slot s ON s.id = a.slot_id LEFT JOIN occupancy o ON o.appointment_id = a.id
        WHERE a.cancelled_at IS NULL GROUP BY a.id HAVING count(o.tick) <> 30""",
    "minutes not held by a teacher": """SELECT s.id FROM slot s JOIN resourcemember m ON m.resource_id = s.resource_id
        LEFT JOIN occupancy o ON o.slot_id = s.id AND o.kind = 'teacher' AND o.subject_id = m.contact_id
        WHERE EXISTS (SELECT 1 FROM appointment a WHERE a.slot_id = s.id AND a.cancelled_at IS NULL)
        GROUP BY s.id, m.contact_id HAVING count(o.tick) <> 15""",
    "two current meetings": """SELECT appointment_id FROM meeting WHERE replaced_at IS NULL
        GROUP BY appointment_id HAVING count(*) > 1""",
    "gone but still at work": """SELECT id FROM meeting WHERE gone_at IS NOT NULL
        AND (due_at IS NOT NULL OR claim IS NOT NULL)""",
    "a try forgotten": """SELECT id FROM meeting WHERE gone_at IS NOT NULL AND attempt_at IS NOT NULL""",
    "two Confirmations": """SELECT act FROM message WHERE kind = 'confirmation' GROUP BY act HAVING count(*) > 1""",
}
"""Queries that find nothing, each by what it would find: written apart from the code."""


def empty(database: Database) -> None:
    if not database.is_sqlite:
        postgres.empty(database)
        return
    with database.transaction() as session:
        for table in reversed(metadata.sorted_tables):
            session.execute(table.delete())


def play(database: Database, outside: Outside, monkeypatch: pytest.MonkeyPatch, *, examples: int, steps: int) -> None:
    monkeypatch.setattr("webapp.services.system.errand.random", SimpleNamespace(uniform=lambda low, high: 1.0))
    start = outside.now

    def machine() -> Evenings:
        outside.now = start
        outside.mailer._planned.clear()
        return Evenings(database, outside)

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # A failure is told with all its steps: to find fewer takes longer than to read them.
            phases=[Phase.reuse, Phase.generate],
            print_blob=True,
        ),
    )


@pytest.mark.both_databases
def test_thirty_steps_in_any_order(database: Database, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    """R3, R100: RELIABILITY 2.8."""
    play(
        database,
        outside,
        monkeypatch,
        examples=50 if database.is_sqlite else 12,
        steps=30,
    )


@pytest.mark.long
@pytest.mark.both_databases
@pytest.mark.timeout(7200)
def test_sixty_steps_thousands_of_times(database: Database, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    """RELIABILITY 2.8"""
    play(database, outside, monkeypatch, examples=5000 if database.is_sqlite else 1000, steps=60)
