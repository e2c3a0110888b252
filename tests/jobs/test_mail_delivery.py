"""Whoever waits to sign in is mailed first. A mail that takes long to print is sent by whoever holds its lease when it
is printed, and by nobody else."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from evening import Evening
from factories import make_contact
from outside import Outside
from sqlmodel import Session, insert, select
from statements import statements, steps

from jobs.mail_delivery import SOON, deliver_mail
from webapp.db import Database
from webapp.documents.press import Press
from webapp.models import Level, Message
from webapp.models.message.message import CONFIRMATION
from webapp.providers.base import Mail
from webapp.services.message.claim import claim_mails
from webapp.services.people.codes import MINUTES, Asker, send_code
from webapp.services.people.links import mail_link
from webapp.services.system.audit import SYSTEM
from webapp.services.system.errand import LEASE

pytestmark = pytest.mark.both_databases


@pytest.fixture
def slow(outside: Outside) -> "SlowPress":
    press = SlowPress(outside)
    outside.app.extensions["confab"] = replace(outside.app.extensions["confab"], press=press)
    return press


class SlowPress(Press):
    """Takes so long by the test's clock, while `meanwhile` comes to pass."""

    def __init__(self, outside: Outside) -> None:
        super().__init__(0)
        self.outside, self.took, self.meanwhile = outside, timedelta(), lambda: None

    def print(self, html: str) -> bytes:
        self.outside.now += self.took
        self.meanwhile()
        return super().print(html)


def booked(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        evening = Evening(session, now)
        evening.book(evening.slot(kind="P"))


def the_message(database: Database) -> Message:
    with database.reading() as session:
        return session.exec(select(Message)).one()


def test_a_slow_print_begins_the_lease_anew_so_that_nobody_else_sends_it_too(
    database: Database, now: datetime, outside: Outside, slow: SlowPress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RELIABILITY I13: printing and sending together may take longer than one lease."""
    booked(database, now)
    slow.took = SOON + timedelta(seconds=25)
    until: list[datetime | None] = []
    send = outside.mailer.send
    monkeypatch.setattr(outside.mailer, "send", lambda mail: (until.append(the_message(database).due_at), send(mail)))

    deliver_mail(outside.app)

    assert until == [now + slow.took + LEASE]
    assert len(outside.mailer.sent) == 1
    assert the_message(database).sent_at


def test_who_lost_the_lease_while_it_printed_sends_nothing(
    database: Database, now: datetime, outside: Outside, slow: SlowPress
) -> None:
    """RELIABILITY I14"""
    booked(database, now)
    slow.took = LEASE + timedelta(seconds=1)

    def somebody_else_claims_it() -> None:
        with database.transaction() as session:
            theirs = session.exec(select(Message)).one()
            theirs.claim, theirs.due_at = "somebody else's", outside.now + LEASE

    slow.meanwhile = somebody_else_claims_it

    outside.tick()

    assert outside.mailer.sent == []
    assert the_message(database).claim == "somebody else's"


@pytest.mark.parametrize("asked", ["code", "link"])
def test_who_asks_to_sign_in_is_mailed_before_all_that_became_due_earlier(
    database: Database, now: datetime, outside: Outside, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """Thousands of mails may be due at once, and a code is good for ten minutes."""
    with database.transaction() as session:
        evening = Evening(session, now)
        for n in range(4):
            parent, child = evening.family(f"Parent{n}", f"Child{n}", evening.teacher)
            evening.book(evening.slot(kind="P"), maker=parent, child=child)
    send = outside.mailer.send

    def meanwhile(mail: Mail) -> None:
        if not outside.mailer.sent:
            with evening.later(database) as session:
                ask(session, evening, asked, now=outside.now)
        outside.now += timedelta(minutes=MINUTES / 2)
        send(mail)

    monkeypatch.setattr(outside.mailer, "send", meanwhile)
    outside.tick()

    sign_ins = ["sign" in mail.subject or "code" in mail.subject for mail in outside.mailer.sent]
    assert sign_ins == [False, True, False, False, False]


def test_a_code_is_found_among_thousands_that_became_due_after_it(
    database: Database, now: datetime, outside: Outside
) -> None:
    """By an index, however many there are: each claim asks."""
    with database.transaction() as session:
        evening = Evening(session, now)
        ask(session, evening, "code", now=now - timedelta(minutes=1))
        [code] = session.exec(select(Message)).all()
        known = code.model_dump(exclude={"id"}) | {"kind": CONFIRMATION, "due_at": now}
        session.execute(insert(Message), [known | {"dedupe_key": str(n)} for n in range(2_000)])
        number = code.id

    with statements(outside.app) as asked, outside.app.extensions["confab"].database.transaction() as session:
        claims = claim_mails(session, Message, now=now, limit=1)

    assert [claim.id for claim in claims] == [number]
    if database.is_sqlite:
        assert any("ix_message_awaited" in step for step in steps(outside.app, asked))


def test_a_code_is_mailed_before_the_links_of_those_who_work_for_a_school(
    database: Database, now: datetime, outside: Outside
) -> None:
    """An office may invite all its teachers at once."""
    with database.transaction() as session:
        evening = Evening(session, now - timedelta(minutes=1))
        ask(session, evening, "link", now=evening.now)
        ask(session, evening, "code", now=now)

    outside.tick()

    assert ["code" in mail.subject for mail in outside.mailer.sent] == [True, False]


def ask(session: Session, evening: Evening, what: str, *, now: datetime) -> None:
    if what == "code":
        send_code(session, evening.school, "alice@mail.example", Asker("203.0.113.7", "browser"), now=now)
    else:
        dora = make_contact(session, evening.school, "Dora", level=Level.ADMINISTRATOR)
        mail_link(session, dora, who=SYSTEM, now=now)
