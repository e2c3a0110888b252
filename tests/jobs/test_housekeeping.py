"""Housekeeping forgets what nobody needs, and nothing else."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from factories import make_contact, make_login, make_school
from outside import Outside
from sqlmodel import SQLModel, select

from jobs.housekeeping import keep_house, note_sizes
from webapp import csrf
from webapp.db import Database
from webapp.models import Audit, Contact, ImportRun, Login, Rate, RequestKey, School, SignIn, SignInCode
from webapp.services.people.codes import Asker, redeem_code, send_code
from webapp.services.people.sign_in import FAMILY_STAYS, signed_in, start_sign_in
from webapp.services.roster.report import CREATED, ERROR, Change, Report, Source
from webapp.services.system.rate import tries

pytestmark = pytest.mark.both_databases

HERS = Asker("192.0.2.1", "her browser")

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def left(database: Database, table: type[SQLModel]) -> list[Any]:
    with database.reading() as session:
        return list(session.exec(select(table)))


def keep_house_after(outside: Outside, time: timedelta) -> None:
    outside.now += time
    keep_house(outside.app)


def test_counters_go_when_their_window_is_over(database: Database, outside: Outside) -> None:
    with database.transaction() as session:
        tries(session, "short", per=MINUTE, now=outside.now)
        tries(session, "long", per=timedelta(hours=2), now=outside.now)

    keep_house_after(outside, timedelta(minutes=5))

    assert len(left(database, Rate)) == 1


def test_a_sign_in_goes_a_day_after_it_ran_out_and_not_while_it_counts(database: Database, outside: Outside) -> None:
    with database.transaction() as session:
        login = make_login(session, "dora@linden.example")
        short = start_sign_in(session, login, stays=timedelta(hours=12), now=outside.now)
        long = start_sign_in(session, login, stays=FAMILY_STAYS, now=outside.now)

    keep_house_after(outside, FAMILY_STAYS - MINUTE)

    with database.reading() as session:
        assert signed_in(session, long, now=outside.now)
        assert signed_in(session, short, now=outside.now) is None
    assert len(left(database, SignIn)) == 1
    keep_house_after(outside, DAY + 2 * MINUTE)
    assert left(database, SignIn) == []
    assert len(left(database, Login)) == 1


def test_a_code_stays_while_it_may_be_used_and_is_gone_two_days_later(database: Database, outside: Outside) -> None:
    with database.transaction() as session:
        school = make_school(session)
        send_code(session, school, "alice@mail.example", HERS, now=outside.now)

    keep_house_after(outside, 9 * MINUTE)
    kept = left(database, SignInCode)
    keep_house_after(outside, 2 * DAY)

    assert [row.used_at for row in kept] == [None]
    assert left(database, SignInCode) == []
    with database.transaction() as session:
        assert not redeem_code(session, school, "alice@mail.example", "000000", HERS, now=outside.now)


def test_an_uploaded_file_goes_after_a_day_with_the_names_of_its_report(database: Database, outside: Outside) -> None:
    report = Report(changes=[Change(CREATED, "students", "Mia")], absent_names=["Leo"], absent={"students": 1})
    report.problem(Source("s.txt", 2), ("Email",), ERROR, "%(holder)s has it", holder="Alice")
    report.created["students"] = 7
    applied = {"content": None, "applied_at": outside.now}
    kept = [(outside.now, {}), (outside.now + DAY, {}), (outside.now, applied)]
    with database.transaction() as session:
        school = make_school(session)
        for at, more in kept:
            values = {"content": b"names", "report": report.dumps(), "created_at": at} | more
            session.add(ImportRun(school_id=school.id or 0, filename="roster.zip", **values))
            session.flush()

    keep_house_after(outside, DAY + MINUTE)

    old, new, taken = sorted(left(database, ImportRun), key=lambda run: run.id)
    numbers = Report.loads(old.report)
    assert (old.content, numbers.created["students"], numbers.left_out, numbers.absent) == (None, 7, 1, report.absent)
    assert not any(name in old.report for name in ("Mia", "Leo", "Alice"))
    assert (new.content, new.report, taken.report) == (b"names", report.dumps(), report.dumps())


def test_a_used_key_is_remembered_longer_than_its_form_can_be_sent(database: Database, outside: Outside) -> None:
    """RELIABILITY D2: a form sent again gets its answer again, and never acts twice."""
    with database.transaction() as session:
        session.add(RequestKey(key="k" * 64, action="book", fingerprint="f" * 64, created_at=outside.now))

    keep_house_after(outside, timedelta(seconds=csrf._KEYS_LAST) + DAY)
    kept = len(left(database, RequestKey))
    keep_house_after(outside, 30 * DAY)

    assert (kept, left(database, RequestKey)) == (1, [])


def test_what_was_done_and_who_is_known_stays(database: Database, outside: Outside, now: datetime) -> None:
    with database.transaction() as session:
        school = make_school(session)
        make_contact(session, school)
        start_sign_in(session, make_login(session, "dora@linden.example"), stays=DAY, now=now)

    keep_house_after(outside, 1000 * DAY)

    assert [len(left(database, table)) for table in (School, Contact, Login, Audit)] == [1, 1, 1, 1]


def test_to_note_sizes_takes_no_turn_of_the_writer_of_sqlite(
    database: Database, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL alone has sizes to note, and nobody waits there."""
    noting: list[object] = []
    monkeypatch.setattr("jobs.housekeeping.look_at_what_has_grown", noting.append)

    with database.transaction():
        note_sizes(outside.app)

    assert len(noting) == (0 if database.is_sqlite else 1)
