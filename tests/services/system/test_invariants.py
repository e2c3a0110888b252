"""Every invariant is broken once, on purpose, in a database whose guards were taken down; `broken` has to name it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta

import pytest
from evening import Evening
from factories import (
    EVENING,
    make_contact,
    make_event,
    make_login,
    make_resource,
    make_school,
    make_teacher,
    stored,
)
from outside import Outside
from sqlalchemy import inspect, text
from sqlmodel import Session, select

from webapp.db import Database
from webapp.models import (
    Answer,
    Appointment,
    AppointmentField,
    BusyTime,
    CalendarLink,
    ClaimCode,
    Feed,
    FormerAddress,
    FormerSchool,
    Grant,
    ImportRun,
    MessageText,
    Service,
    SignIn,
    SignInLink,
    Sweep,
    WebhookReceipt,
    metadata,
)
from webapp.services.system.invariant_queries import ALL, TIES
from webapp.services.system.invariants import Broken, broken
from webapp.services.system.task import start_task

pytestmark = pytest.mark.both_databases

EVENING_UTC = EVENING.replace(tzinfo=UTC)

CASES = {
    "a slot with more appointments than it has room for": "UPDATE slot SET capacity = 1 WHERE id = {shared}",
    "a seat with two appointments": "UPDATE appointment SET seat = 1 WHERE slot_id = {shared}",
    "a parent in two appointments at once": "UPDATE appointment SET contact_id = {alice} WHERE id = {carols}",
    "a student in two appointments at once": "UPDATE appointment SET student_id = {mia} WHERE id = {carols}",
    "a teacher in two booked slots at once": (
        "UPDATE resourcemember SET contact_id = {teacher} WHERE contact_id = {ines}"
    ),
    "two appointments that count as the same one of a child with a teacher": (
        "UPDATE appointment SET contact_id = {alice}, child_key = 's{mia}' WHERE id = {bobs}"
    ),
    "an appointment beyond what the class allows, and not marked as such": (
        "UPDATE appointment SET nth = 2 WHERE id = {mias}"
    ),
    "an appointment that does not count within a limit of its event": "UPDATE eventsettings SET max_per_event = 3",
    "two appointments that count as the same one within a limit": (
        "UPDATE appointment SET day = '2026-12-03', day_nth = 1 WHERE slot_id = {shared}"
    ),
    "an appointment of another event or teacher than its slot": (
        "UPDATE appointment SET resource_id = {ines_resource} WHERE id = {mias}"
    ),
    "an appointment of another type than its slot": "UPDATE appointment SET is_virtual = {false} WHERE id = {mias}",
    "a slot of another event than its teacher": "UPDATE slot SET event_id = {other_event} WHERE id = {free}",
    "a slot that ends before it begins": "UPDATE slot SET ends_at = starts_at WHERE id = {free}",
    "minutes held by an appointment that is cancelled or gone": (
        "UPDATE appointment SET cancelled_at = booked_at WHERE id = {mias}"
    ),
    "minutes held by a slot that nobody booked": (
        "UPDATE occupancy SET slot_id = {free} WHERE slot_id = {shared} AND tick = {tick}"
    ),
    "minutes held by an appointment for somebody else, or at another time": (
        "UPDATE occupancy SET tick = tick + 900 WHERE appointment_id = {mias}"
    ),
    "minutes held by a slot for somebody else, or at another time": (
        "UPDATE occupancy SET subject_id = {alice} WHERE slot_id = {shared}"
    ),
    "an appointment whose parent's minutes are not held": (
        "DELETE FROM occupancy WHERE appointment_id = {mias} AND kind = 'parent' AND tick = {tick}"
    ),
    "an appointment whose student's minutes are not held": (
        "DELETE FROM occupancy WHERE appointment_id = {mias} AND kind = 'student' AND tick = {tick}"
    ),
    "a booked slot whose teachers' minutes are not held": "DELETE FROM occupancy WHERE slot_id = {shared}",
    "an appointment with two current meetings": (
        "UPDATE meeting SET appointment_id = {mias} WHERE appointment_id = {bobs}"
    ),
    "two rows for one meeting at the provider": "UPDATE meeting SET remote_id = '1', provider = 'zoom'",
    "two meetings with one marker": "UPDATE meeting SET marker = 'm'",
    "a meeting wished for an appointment that wants none": "UPDATE eventsettings SET provider = NULL",
    "a link kept for a cancelled appointment": "UPDATE appointment SET cancelled_at = booked_at WHERE id = {mias}",
    "a virtual appointment to come without a meeting": "DELETE FROM meeting WHERE appointment_id = {mias}",
    "a meeting to come that nobody makes": "UPDATE meeting SET remote_id = NULL WHERE appointment_id = {mias}",
    "a meeting wished away that nobody removes": "UPDATE meeting SET wish = 'absent' WHERE appointment_id = {mias}",
    "a meeting wished away and still the current one": (
        "UPDATE meeting SET wish = 'absent', gone_at = wished_at WHERE appointment_id = {mias}"
    ),
    "a meeting that is gone and still worked on": (
        "UPDATE meeting SET gone_at = wished_at, due_at = wished_at WHERE appointment_id = {mias}"
    ),
    "an appointment with two current entries on one link": (
        "UPDATE calendarentry SET appointment_id = {mias} WHERE appointment_id = {bobs}"
    ),
    "two entries of one generation": (
        "UPDATE calendarentry SET appointment_id = {mias}, replaced_at = wished_at WHERE appointment_id = {bobs}"
    ),
    "two entries with one key": "UPDATE calendarentry SET key = 'k'",
    "an appointment to come without an entry on the calendar of its teacher": (
        "DELETE FROM calendarentry WHERE appointment_id = {mias}"
    ),
    "an entry wished for an appointment that does not stand": (
        "UPDATE appointment SET cancelled_at = booked_at WHERE id = {mias}"
    ),
    "an entry wished for somebody who is not of the appointment's teachers": (
        "UPDATE calendarlink SET contact_id = {ines} WHERE contact_id = {teacher}"
    ),
    "an entry to come that nobody makes": "UPDATE calendarentry SET remote_id = NULL WHERE appointment_id = {mias}",
    "an entry wished away that nobody removes": (
        "UPDATE calendarentry SET wish = 'absent' WHERE appointment_id = {mias}"
    ),
    "an entry wished away and still the current one": (
        "UPDATE calendarentry SET wish = 'absent', gone_at = wished_at WHERE appointment_id = {mias}"
    ),
    "an entry that is gone and still worked on": (
        "UPDATE calendarentry SET gone_at = wished_at, due_at = wished_at WHERE appointment_id = {mias}"
    ),
    "busy times of a calendar that is not linked any more": "UPDATE calendarlink SET disconnected_at = connected_at",
    "a claim without a lease, of a calendarentry": "UPDATE calendarentry SET claim = 'c', due_at = NULL",
    "a claim without a lease, of a calendarlink": "UPDATE calendarlink SET claim = 'c', due_at = NULL",
    "a booking to come that no mail tells its family of": "DELETE FROM message",
    "two mails with one key": "UPDATE message SET dedupe_key = 'k'",
    "two Confirmations of one act of booking": "UPDATE message SET act = 'a'",
    "a mail that was sent or dropped and is due again": "UPDATE message SET due_at = sent_at",
    "a mail about somebody else's appointment": "UPDATE message SET contact_id = {ines}",
    "a claim without a lease, of a meeting": "UPDATE meeting SET claim = 'c', due_at = NULL",
    "a claim without a lease, of a message": "UPDATE message SET claim = 'c'",
    "a claim without a lease, of a task": "UPDATE task SET claim = 'c', due_at = NULL",
    "a claim without a lease, of a sweep": "UPDATE sweep SET claim = 'c', due_at = NULL",
    "a claim without a lease, of a webhookreceipt": "UPDATE webhookreceipt SET claim = 'c', due_at = NULL",
    "a sign-in of a later epoch than its login": "UPDATE signin SET epoch = 7",
    "a sign-in that acts as somebody without an end": "UPDATE signin SET acting_as_id = {ines}",
}


@dataclass
class Sound:
    """An evening with all that the jobs have done for it; `numbers` are the ids that the cases speak of."""

    session: Session
    numbers: dict[str, object]

    def names(self) -> set[str]:
        return {one.name for one in broken(self.session)}

    def run(self, statement: str) -> None:
        self.session.execute(text(statement.format(**self.numbers)))


@pytest.fixture
def sound(database: Database, outside: Outside) -> Iterator[Sound]:
    """In one transaction that is rolled back, guards and all: the next test finds them standing."""
    with database.transaction() as session:
        numbers = _arrange(session, outside)
    outside.tick()
    outside.tick(timedelta(minutes=1))
    with database.transaction() as session:
        if database.is_sqlite:
            session.execute(text("PRAGMA defer_foreign_keys = ON"))
        yield Sound(session, numbers)
        session.rollback()


def _arrange(session: Session, outside: Outside) -> dict[str, object]:
    evening = Evening(session, outside.now, "zoom")
    outside.knows(f"z{evening.teacher.id}")
    ines = make_teacher(session, evening.school, "Ines", "Ito")
    bob, ben = evening.family("Bob", "Ben", evening.teacher, ines)
    hers = make_resource(session, evening.event, ines)
    shared = evening.slot(capacity=2)
    at_once = evening.slot(hers, after=5, kind="P")
    link = evening.linked()
    stored(session, _busy(evening, link))
    [mias] = evening.book(shared)
    [bobs] = evening.book(shared, maker=bob, child=ben)
    carol, cleo = evening.family("Carol", "Cleo", ines)
    [carols] = evening.book(at_once, maker=carol, child=cleo)
    free = evening.slot(after=60)
    return {
        "alice": evening.alice.id,
        "mia": evening.mia.id,
        "teacher": evening.teacher.id,
        "ines": ines.id,
        "ines_resource": hers.id,
        "shared": shared.id,
        "free": free.id,
        "mias": mias.id,
        "bobs": bobs.id,
        "carols": carols.id,
        "tick": int(shared.starts_at.timestamp()) // 60,
        "false": "FALSE",
        **_elsewhere(session, evening, outside),
    }


def _elsewhere(session: Session, evening: Evening, outside: Outside) -> dict[str, object]:
    """A second event, a second school, and one row of each of the other kinds."""
    school, dora, now = evening.school.id or 0, make_contact(session, evening.school, "Dora").id or 0, outside.now
    login = make_login(session, "office@linden.example")
    values = {"created_at": now, "seen_at": now, "expires_at": now + timedelta(days=1)}
    stored(session, SignIn(login_id=login.id, secret_hash="h", epoch=0, **values))
    stored(session, Grant(school_id=school, contact_id=dora, event_id=evening.event.id))
    stored(session, Grant(school_id=school, contact_id=dora, resource_id=evening.resource.id))
    stored(session, ImportRun(school_id=school, contact_id=dora, filename="roster.zip", created_at=now))
    start_task(session, school, "map_contacts", {}, dora, now)
    session.add(Sweep(school_id=school, provider="zoom", host_key="z1", due_at=now))
    session.add(WebhookReceipt(school_id=school, provider="zoom", key="k", received_at=now))
    _written_and_asked(session, evening, dora)
    assert evening.connection is not None
    evening.connection.connected_by_id = dora
    return {"other": make_school(session).id, "other_event": make_event(session, evening.school).id}


def _written_and_asked(session: Session, evening: Evening, dora: int) -> None:
    """What the office wrote for the event, and what families answered."""
    part = {"school_id": evening.school.id, "event_id": evening.event.id}
    question = stored(session, AppointmentField(**part, label="Language"))
    booked = session.exec(select(Appointment).limit(1)).one()
    answer = {"appointment_id": booked.id, "field_id": question.id, "label": "Language", "text": "Spanish"}
    stored(session, Answer(school_id=evening.school.id, **answer))
    stored(session, Service(**part, name="Interpreter"))
    stored(session, FormerAddress(**part, slug="last-year"))
    stored(session, FormerSchool(slug="as-it-was-called", school_id=evening.school.id))
    stored(session, MessageText(**part, kind="reminder", saved_by_id=dora, saved_at=evening.now))
    mailed = {"email": "dora@linden.example", "token_hash": "h", "created_at": evening.now, "expires_at": evening.now}
    stored(session, SignInLink(school_id=evening.school.id, contact_id=dora, **mailed))
    stored(session, Feed(school_id=evening.school.id, contact_id=dora, token_hash="h", made_at=evening.now))
    code = {"student_id": evening.mia.id, "beginning": "AAAA", "made_at": evening.now}
    stored(session, ClaimCode(school_id=evening.school.id, **code))


def _busy(evening: Evening, link: CalendarLink) -> BusyTime:
    whose = {"school_id": evening.school.id, "contact_id": link.contact_id, "link_id": link.id}
    return BusyTime(**whose, seen_at=evening.now, starts_at=evening.now, ends_at=evening.now + timedelta(hours=1))


def loosen(session: Session) -> None:
    """Take down every unique index, unique constraint and check of the tables that the cases break."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    for table in ("slot", "appointment", "calendarentry", "calendarlink", "meeting", "message"):
        (_rebuilt if is_sqlite else _altered)(session, table)


def _rebuilt(session: Session, table: str) -> None:
    """SQLite cannot drop a constraint; a copy has none. The old table stays, under another name, for its children."""
    for statement in (
        f'CREATE TABLE "{table}_loose" AS SELECT * FROM "{table}"',
        f'ALTER TABLE "{table}" RENAME TO "{table}_guarded"',
        f'ALTER TABLE "{table}_loose" RENAME TO "{table}"',
    ):
        session.execute(text(statement))


def _altered(session: Session, table: str) -> None:
    inspector = inspect(session.connection())
    named = [*inspector.get_unique_constraints(table), *inspector.get_check_constraints(table)]
    for constraint in named:
        session.execute(text(f'ALTER TABLE "{table}" DROP CONSTRAINT "{constraint["name"]}"'))
    for index in inspector.get_indexes(table):
        if index["unique"] and index["name"] not in {c["name"] for c in named}:
            session.execute(text(f'DROP INDEX "{index["name"]}"'))


def test_an_evening_with_all_that_the_jobs_did_for_it_is_sound(sound: Sound) -> None:
    assert broken(sound.session) == []


@pytest.mark.parametrize("name", CASES)
def test_what_is_broken_is_named(sound: Sound, name: str) -> None:
    """I1, I2, I3, I4, I5, I6, I9, I10, I11, I12, I13, I14, I15, I16"""
    loosen(sound.session)
    was = sound.names()

    sound.run(CASES[name])

    assert name not in was
    assert name in sound.names()


def test_each_tie_to_another_school_is_named(sound: Sound) -> None:
    """T6"""
    for tie in TIES:
        column, parent = tie.split()
        child, name = column.split(".")
        with sound.session.begin_nested() as change:
            sound.run(f'UPDATE "{child}" SET school_id = {{other}} WHERE {name} IS NOT NULL')
            assert f"a {parent} that another school's {child} points to" in sound.names()
            change.rollback()

    assert sound.names() == set()


def test_rows_at_fault_are_told_by_number_both_of_two_that_clash(sound: Sound) -> None:
    sound.run("UPDATE appointment SET contact_id = {alice} WHERE id = {carols}")

    found = {one.name: one.rows for one in broken(sound.session)}

    clashing = (sound.numbers["mias"], sound.numbers["carols"])
    assert found["a parent in two appointments at once"] == (clashing,)


@pytest.mark.parametrize("change", ["held_until = booked_at", "cancelled_at = booked_at", "problem = 'rule:gap'"])
def test_of_what_its_family_is_not_to_know_yet_no_mail_is_missed(sound: Sound, change: str) -> None:
    sound.run("DELETE FROM message")
    sound.run(f"UPDATE appointment SET {change}")

    assert "a booking to come that no mail tells its family of" not in sound.names()


def test_what_is_over_needs_no_meeting_any_more(sound: Sound) -> None:
    sound.run("DELETE FROM meeting WHERE appointment_id = {mias}")

    on_the_day, after_it = (broken(sound.session, now=EVENING_UTC + timedelta(days=n)) for n in (0, 1))

    assert on_the_day == [Broken("a virtual appointment to come without a meeting", ((sound.numbers["mias"],),))]
    assert after_it == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("a teacher in two booked slots at once", "UPDATE resourcemember SET contact_id = {teacher}"),
        ("a booked slot whose teachers' minutes are not held", "UPDATE resourcemember SET contact_id = {teacher}"),
        ("minutes held by a slot that nobody booked", "DELETE FROM appointment WHERE slot_id = {shared}"),
        ("minutes held by a slot for somebody else, or at another time", "DELETE FROM resourcemember"),
        ("an entry wished for somebody who is not of the appointment's teachers", "DELETE FROM resourcemember"),
        ("a meeting wished for an appointment that wants none", "UPDATE eventsettings SET provider = NULL"),
    ],
)
def test_who_leaves_and_what_is_set_after_the_evening_is_no_fault_of_it(sound: Sound, name: str, change: str) -> None:
    """A parent or a teacher is deleted, a team gets another teacher, the integration is turned off."""
    sound.run(change)

    on_the_day, after_it = (broken(sound.session, now=EVENING_UTC + timedelta(days=n)) for n in (0, 1))

    assert name in {one.name for one in on_the_day}
    assert after_it == []


def test_each_invariant_is_broken_above_and_each_tie_of_the_tables_is_asked_for() -> None:
    """A table that is added without its tie here would be overlooked."""
    ties = {
        f"{table.name}.{key.parent.name} {key.column.table.name}"
        for table in metadata.sorted_tables
        for key in table.foreign_keys
        if "school_id" in table.columns and "school_id" in key.column.table.columns
    }

    assert set(TIES) == ties
    assert len(CASES) + len(TIES) == len(ALL)
    assert set(CASES) <= set(ALL)
