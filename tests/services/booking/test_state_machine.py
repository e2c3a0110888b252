"""Whatever happens in whatever order: no double booking, and in the end exactly one meeting for each who wants one."""

import sys
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from broken import broken
from busy_evening import KINDS, BusyEvening
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
from ledger import ALLOWED, STATES, TIMES, Ledger
from outside import Outside
from sqlmodel import col, select
from storm import FAULTS

from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, Host, Meeting, Message
from webapp.services.booking.agenda import agenda, standing
from webapp.services.system import invariants

NUMBERS = st.integers(0, 11)
WAITS = st.sampled_from([0, 3, 7, 20, 61, 130, 141, 660, 3700])
"""Seconds: below and above a pause, a lease, a list's lag, the quarantine."""
TEACHERS = st.integers(0, 1)
FAMILIES = st.integers(0, 2)
LIMITS = st.dictionaries(st.sampled_from(["max_per_event", "max_per_child", "max_per_day"]), st.integers(1, 4))
AT_PROVIDER = st.sampled_from(sorted(STATES))


class Evenings(RuleBasedStateMachine):
    """A busy evening, against a ledger of it in plain numbers. What `confab check` asks costs as much as a step: it is
    asked after `each` so many of them, and in the end."""

    def __init__(self, database: Database, outside: Outside, *, each: int = 1) -> None:
        super().__init__()
        self.database, self.outside, self.each = database, outside, each
        self.ledger: Ledger | None = None
        self.steps = 0

    @initialize(bookings=st.lists(st.tuples(FAMILIES, NUMBERS), min_size=1, max_size=5))
    def set_the_scene(self, bookings: list[tuple[int, int]]) -> None:
        self.evening = BusyEvening(self.database, self.outside, appointments_allowed=ALLOWED)
        self.ledger = Ledger([*KINDS] * 3)
        self.evening.list_at_provider(self.ledger.directory)
        for family, slot in bookings:
            self.book(family, slot, True)

    @rule(family=FAMILIES, slot=NUMBERS, wants_virtual=st.booleans())
    def book(self, family: int, slot: int, wants_virtual: bool) -> None:
        self.ledger.now = self.outside.now
        ids = self.evening.book(family, slot, is_virtual=self.ledger.asked(slot, wants_virtual))
        assert bool(ids) == self.ledger.may_book(slot, family)
        for number in ids or ():
            self.ledger.place(number, slot, family, wants_virtual)
            self.ledger.held.pop(family, None)

    @rule(family=FAMILIES, slots=st.lists(NUMBERS, min_size=1, max_size=3), wants_virtual=st.booleans())
    def hold(self, family: int, slots: list[int], wants_virtual: bool) -> None:
        """A plan, instead of what the family held before; what it holds it books by `book`, or lets run out."""
        self.ledger.now = self.outside.now
        until = self.evening.hold(family, slots, [self.ledger.asked(slot, wants_virtual) for slot in slots])
        assert bool(until) == self.ledger.may_take(slots, family)
        if until:
            self.ledger.held[family] = (slots, until)

    @precondition(lambda self: self.ledger.booked)
    @rule(which=NUMBERS)
    def cancel(self, which: int) -> None:
        number = self.ledger.pick(which)
        self.evening.cancel(number)
        del self.ledger.booked[number]

    @precondition(lambda self: self.ledger.booked)
    @rule(which=NUMBERS, place=st.integers(0, TIMES - 1), wants_virtual=st.booleans())
    def move(self, which: int, place: int, wants_virtual: bool) -> None:
        number = self.ledger.pick(which)
        was = self.ledger.booked[number]
        slot = was.slot // TIMES * TIMES + place
        self.ledger.now = self.outside.now
        is_moved = self.evening.move(number, slot, is_virtual=self.ledger.asked(slot, wants_virtual))
        assert is_moved == self.ledger.may_move(number, slot)
        if is_moved:
            self.ledger.place(number, slot, was.family, wants_virtual)
            self.ledger.held.pop(was.family, None)

    @rule(slot=NUMBERS, kind=st.sampled_from(["P", "V", "PV"]))
    def change_kind(self, slot: int, kind: str) -> None:
        assert self.evening.update(slot, kind=kind) == (kind != self.ledger.kinds[slot])
        self.ledger.switch(slot, kind)

    @rule(slot=NUMBERS, visibility=st.sampled_from(["visible", "hidden", "call", "unavailable"]))
    def block_or_unblock(self, slot: int, visibility: str) -> None:
        """Nobody new gets on a blocked slot; who stands on it keeps their meeting as it is."""
        standing = self.ledger.on(slot)
        before = self.evening.meetings_of(standing)
        self.evening.update(slot, visibility=visibility)
        assert self.evening.meetings_of(standing) == before
        self.ledger.is_visible[slot] = visibility == "visible"

    @rule(limits=LIMITS)
    def set_limits(self, limits: dict[str, int]) -> None:
        """What stands beyond them stays."""
        assert self.evening.set_limits(limits)
        self.ledger.limits = limits

    @rule(is_on=st.booleans())
    def set_provider(self, is_on: bool) -> None:
        is_done = self.evening.set_provider("zoom" if is_on else "")
        assert is_done == (not is_on or self.ledger.may_turn_on())
        if is_done:
            self.ledger.has_provider = is_on

    @rule(which=TEACHERS, said=AT_PROVIDER)
    def map_contacts(self, which: int, said: str) -> None:
        self.evening.storm.faults.clear()
        self.change_at_provider(which, said)
        self.map_again()

    @rule(which=TEACHERS, said=AT_PROVIDER, faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=2))
    def map_contacts_in_a_storm(self, which: int, said: str, faults: list[str]) -> None:
        """All that the provider says now is stored, or nothing; then what it says is not what we know."""
        self.evening.storm.faults.extend(faults)
        self.change_at_provider(which, said)
        self.map_again()

    @rule()
    def change_the_lead(self) -> None:
        self.evening.change_the_lead(self.ledger.booked)
        self.ledger.team_lead = 1 - self.ledger.team_lead

    @rule(is_on=st.booleans())
    def connect(self, is_on: bool) -> None:
        if is_on:
            self.evening.connect()
        else:
            self.evening.disconnect()
        self.ledger.is_connected = is_on

    @rule(retry=st.booleans())
    def follow_again(self, retry: bool) -> None:
        with self.evening.changed(self.ledger.booked, retry=retry):
            pass

    @rule(
        faults=st.lists(st.sampled_from(FAULTS), max_size=4),
        waits=st.lists(WAITS, min_size=1, max_size=3),
        mail=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=1),
        lags=st.booleans(),
    )
    def tick(self, faults: list[str], waits: list[int], mail: list[tuple[bool, bool]], lags: bool) -> None:
        self.evening.storm.faults.extend(faults)
        self.evening.storm.lags = lags
        for retry, arrived in mail:
            self.outside.mailer.fail("send", ProviderError("Post.", retry=retry, arrived=arrived))
        for seconds in waits:
            self.outside.tick(timedelta(seconds=seconds), may_fail=True)

    def wait(self, seconds: int) -> None:
        self.tick([], [0, seconds], [], False)

    @rule(faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=3))
    def tick_through_a_quarantine(self, faults: list[str]) -> None:
        self.tick(faults, [0, 141, 20], [], False)

    @rule(faults=st.lists(st.sampled_from(["done", "stalled", "crash after"]), min_size=1, max_size=2))
    def tick_while_lists_lag(self, faults: list[str]) -> None:
        self.tick(faults, [0, 7, 61], [], True)

    @invariant()
    def holds(self) -> None:
        if not self.ledger:
            return
        with self.database.reading() as session:
            assert broken(session) == {}
            stands = select(Appointment.id, Appointment.slot_id).where(standing())
            slots = {number: self.evening.slots[b.slot].id for number, b in self.ledger.booked.items()}
            assert dict(session.exec(stands).all()) == slots
            self.ledger.now = self.outside.now
            live = (col(Appointment.held_until) > self.outside.now, col(Appointment.cancelled_at).is_(None))
            held = session.exec(select(Appointment.contact_id, Appointment.slot_id).where(*live)).all()
            families = [family for family, _ in self.evening.families]
            wanted = [(families[who].id, self.evening.slots[n].id) for who, s in self.ledger.live().items() for n in s]
            assert sorted(held) == sorted(wanted)
            hosts = session.exec(select(Host.state, Host.remote_id).order_by(col(Host.contact_id))).all()
            assert hosts == [(STATES[said], self.evening.key(n, said)) for n, said in enumerate(self.ledger.mapped)]

    @invariant()
    def is_as_promised(self) -> None:
        """RELIABILITY 2.1, every line."""
        self.steps += 1
        if self.ledger and self.steps % self.each == 0:
            self.nothing_is_broken()

    def nothing_is_broken(self) -> None:
        with self.database.reading() as session:
            assert invariants.broken(session, now=self.outside.now) == []

    def teardown(self) -> None:
        if self.ledger and sys.exc_info()[0] is None:
            self.nothing_is_broken()
            self.settle_down()
            self.holds()
            self.nothing_is_broken()
            self.everyone_has_one_meeting()
            self.nothing_is_left_to_do()

    def settle_down(self) -> None:
        """The trouble is over, the office has mended what it can, and the jobs tick for some hours."""
        self.evening.storm.calm_down()
        for which in (0, 1):
            self.change_at_provider(which, "here")
        self.connect(True)
        for minutes in (0, 1, 3, 3, 3, 61, 30, 30, 61):
            if self.ledger.mapped != self.ledger.directory:
                self.map_again()
            self.evening.press_retry()
            self.outside.tick(timedelta(minutes=minutes), may_fail=True)
        assert self.ledger.mapped == ["here", "here"]
        for _ in range(8):
            self.outside.tick(timedelta(minutes=61))
        self.evening.storm.arrive()

    def change_at_provider(self, which: int, said: str) -> None:
        self.ledger.directory[which] = said
        self.evening.list_at_provider(self.ledger.directory)

    def map_again(self) -> None:
        if self.evening.map_contacts():
            self.ledger.mapped = list(self.ledger.directory)

    def everyone_has_one_meeting(self) -> None:
        real = self.evening.storm.standing
        with self.database.reading() as session:
            shown = {entry.id: entry for entry in agenda(session, col(Appointment.cancelled_at).is_(None))}
            current = {m.appointment_id: m for m in session.exec(select(Meeting).where(col(Meeting.gone_at).is_(None)))}
        eligible = self.ledger.with_meeting()
        assert {m.marker for m in real()} == {current[n].marker for n in eligible}
        assert len(real()) == len(eligible) == len(current)
        for number in eligible:
            [one] = real(current[number].marker)
            assert (one.starts_at, one.host_key) == (shown[number].starts_at, current[number].host_key)
            assert one.host_key == self.evening.key(self.ledger.host_of(number), "here")
            assert shown[number].room.url == one.shown().join_url

    def nothing_is_left_to_do(self) -> None:
        with self.database.reading() as session:
            assert [m for m in session.exec(select(Meeting)) if m.due_at or m.problem] == []
            for message in session.exec(select(Message)):
                is_given_up = message.problem is not None
                assert message.due_at is None
                assert [bool(message.sent_at), bool(message.dropped_at), is_given_up].count(True) == 1


def play(
    database: Database, outside: Outside, monkeypatch: pytest.MonkeyPatch, *, examples: int, steps: int, each: int = 1
) -> None:
    monkeypatch.setattr("webapp.services.system.errand.random", SimpleNamespace(uniform=lambda low, high: 1.0))
    start = outside.now

    def machine() -> Evenings:
        outside.now = start
        outside.mailer._planned.clear()
        return Evenings(database, outside, each=each)

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


RARE = {
    "what expired is booked by its own family, and what is held is not by the other": [
        ("hold", 0, [0, 2], True),
        ("book", 1, 0, True),
        ("wait", 660),
        ("book", 0, 0, True),
        ("hold", 1, [2], True),
        ("hold", 0, [2], True),
        ("book", 0, 2, True),
    ],
    "two households have their own limits, and one child in one place": [
        ("set_limits", {"max_per_event": 1, "max_per_day": 3}),
        ("book", 0, 0, True),
        ("book", 0, 2, True),
        ("book", 2, 5, True),
        ("book", 2, 2, True),
        ("book", 1, 4, True),
        ("set_limits", {"max_per_event": 2, "max_per_child": 2, "max_per_day": 2}),
        ("book", 0, 6, True),
        ("hold", 2, [6], True),
        ("book", 1, 6, True),
    ],
    "a lower limit takes nothing, and what is held counts on a teacher's day": [
        ("book", 0, 0, True),
        ("hold", 1, [2], True),
        ("set_limits", {"max_per_event": 1, "max_per_day": 1}),
        ("move", 0, 2, True),
        ("book", 1, 2, True),
        ("cancel", 0),
        ("hold", 2, [0], True),
        ("wait", 660),
        ("book", 1, 0, True),
    ],
    "a plan of which a part is held does not make room for the rest of itself": [
        ("hold", 0, [8], True),
        ("hold", 0, [8, 11, 0], True),
    ],
    "booked while the teacher was not known": [("map_contacts", 0, "vanished"), ("book", 0, 0, True)],
    "made under a user who was made anew": [("map_contacts", 0, "made anew"), ("book", 0, 0, True), ("wait", 7)],
    "mapping failed and the call found out": [
        ("map_contacts_in_a_storm", 0, "vanished", ["down"]),
        ("book", 0, 0, True),
        ("wait", 7),
    ],
    "moved off a blocked slot, to which nobody gets back": [
        ("book", 0, 0, True),
        ("wait", 7),
        ("block_or_unblock", 0, "call"),
        ("book", 1, 0, True),
        ("move", 0, 2, True),
        ("move", 0, 0, True),
    ],
}
"""Steps that fifty evenings of chance seldom bring in this order."""


@pytest.mark.both_databases
@pytest.mark.parametrize("steps", RARE.values(), ids=RARE)
def test_steps_in_a_rare_order(database: Database, outside: Outside, steps: list[tuple[Any, ...]]) -> None:
    """R72: mapping again brings the links without anybody's action. RELIABILITY 2.8."""
    evenings = Evenings(database, outside)
    evenings.set_the_scene([])

    for step, *values in steps:
        getattr(evenings, step)(*values)
        evenings.holds()
        evenings.nothing_is_broken()

    evenings.teardown()


@pytest.mark.both_databases
def test_thirty_steps_in_any_order(database: Database, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    """R3, R100: RELIABILITY 2.8."""
    play(
        database,
        outside,
        monkeypatch,
        examples=50 if database.is_sqlite else 12,
        steps=30,
        each=4,
    )


@pytest.mark.long
@pytest.mark.both_databases
@pytest.mark.timeout(7200)
def test_sixty_steps_thousands_of_times(database: Database, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    """RELIABILITY 2.8"""
    play(database, outside, monkeypatch, examples=5000 if database.is_sqlite else 1000, steps=60)
