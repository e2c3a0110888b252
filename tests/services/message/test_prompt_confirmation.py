"""A Confirmation that waited for its link is due in the very commit that stores it."""

from datetime import datetime

import pytest
from evening import Evening
from outside import Outside
from sqlmodel import select

from jobs.link_sync import sync_links
from jobs.mail_delivery import deliver_mail
from jobs.scheduler import SCHEDULE
from webapp.db import Database
from webapp.models import Message

PROMPT = 10
"""Seconds after its link by which a Confirmation is to be under way (issue 7.4)."""


@pytest.fixture
def evening(database: Database, now: datetime, outside: Outside) -> Evening:
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
    outside.knows(f"z{evening.teacher.id}")
    return evening


def test_the_commit_that_stores_the_link_makes_the_confirmation_due_and_wakes_who_sends_it(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """Issue 7.4: within ten seconds. Whoever misses the call looks every three seconds."""
    with evening.later(database):
        evening.book(evening.slot())
    deliver_mail(outside.app)
    early, heard = list(outside.mailer.sent), []

    database.after_commit.append(lambda topics: heard.append((set(topics), due(database))))
    sync_links(outside.app)
    deliver_mail(outside.app)

    assert early == []
    assert next(at for topics, at in heard if "mail" in topics) == outside.now
    assert SCHEDULE["mail"].seconds * 2 < PROMPT
    [mail] = outside.mailer.sent
    [meeting] = outside.meetings.standing()
    assert meeting.shown().join_url in mail.text


def due(database: Database) -> datetime | None:
    with database.reading() as session:
        return session.exec(select(Message.due_at)).one()
