"""What was done is written down with both identities, in the transaction of the deed."""

import json
from contextlib import suppress
from datetime import datetime

import pytest
from factories import make_contact, make_login, make_school, make_teacher
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from webapp.db import Database
from webapp.errors import Invalid
from webapp.models import Audit
from webapp.services.people.sign_in import STAFF_STAYS, act_as, signed_in, start_sign_in
from webapp.services.system.audit import SYSTEM, Who, record

pytestmark = pytest.mark.both_databases


def entries(database: Database) -> list[Audit]:
    with database.reading() as session:
        return list(session.exec(select(Audit).order_by(col(Audit.id))))


def test_an_entry_says_who_did_what_to_whom_and_as_whom(database: Database, now: datetime) -> None:
    """R32"""
    with database.transaction() as session:
        school = make_school(session)
        who = Who(login_id=7, acting_as_id=12)
        record(session, "slots.create", who=who, school_id=school.id, subject="event 3", now=now, made=24, kind="V")

    [entry] = entries(database)
    assert (entry.action, entry.subject, entry.school_id, entry.at) == ("slots.create", "event 3", school.id, now)
    assert (entry.login_id, entry.acting_as_id) == (7, 12)
    assert json.loads(entry.detail) == {"made": 24, "kind": "V"}


@pytest.mark.parametrize(
    "deed", ["UPDATE audit SET login_id = 8", "UPDATE audit SET detail = '{}', school_id = NULL", "DELETE FROM audit"]
)
def test_what_is_written_down_is_neither_changed_nor_deleted(database: Database, now: datetime, deed: str) -> None:
    """I17, T31: not even by a statement that goes past the services."""
    with database.transaction() as session:
        school = make_school(session)
        record(session, "slots.create", who=Who(login_id=7), school_id=school.id, now=now, made=24)
    before = [entry.model_dump() for entry in entries(database)]

    with pytest.raises(IntegrityError, match="written down for good"), database.transaction() as session:
        session.execute(text(deed))

    assert [entry.model_dump() for entry in entries(database)] == before


def test_what_was_done_in_a_school_outlives_it(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        school = make_school(session)
        record(session, "slots.create", who=Who(login_id=7), school_id=school.id, now=now)

    with database.transaction() as session:
        session.execute(text("DELETE FROM school"))

    assert [(entry.school_id, entry.login_id) for entry in entries(database)] == [(None, 7)]


def test_what_the_system_does_is_nobody_s(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        record(session, "clean", who=SYSTEM, school_id=None, now=now)

    [entry] = entries(database)
    assert (entry.login_id, entry.acting_as_id, entry.school_id, entry.detail) == (None, None, None, "{}")


def test_what_was_not_done_is_not_written_down(database: Database, now: datetime) -> None:
    with suppress(Invalid), database.transaction() as session:
        record(session, "slots.create", who=SYSTEM, school_id=None, now=now)
        raise Invalid

    assert entries(database) == []


def test_an_entry_outlives_the_person_and_the_school(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        school, login = make_school(session), make_login(session, "dora@linden.example")
        record(session, "event.add", who=Who(login.id), school_id=school.id, now=now)
    with database.transaction() as session:
        session.delete(session.merge(login))
        session.delete(session.merge(school))

    [entry] = entries(database)
    assert (entry.login_id, entry.school_id) == (login.id, None)


def test_logging_in_and_acting_leave_no_name_or_address(database: Database, now: datetime) -> None:
    """RELIABILITY B19: numbers only."""
    with database.transaction() as session:
        school, login = make_school(session), make_login(session, "dora@linden.example")
        dora = make_contact(session, school, "Dora", "Canary", login_id=login.id, level=5, email=login.email)
        teacher = make_teacher(session, school, "Folake", "Canary")
        person = signed_in(session, start_sign_in(session, login, stays=STAFF_STAYS, now=now), now=now)
        assert person
        act_as(session, person, dora, teacher.id or 0, now=now)

    written = [entry.model_dump() for entry in entries(database)]

    assert [entry["action"] for entry in written] == ["sign_in.start", "log_in_as.start"]
    assert not any(word in str(written) for word in ("Canary", "Folake", "linden"))
