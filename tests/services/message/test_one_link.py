"""One stored link stands in every place, and is mailed in the very commit that stores it."""

from datetime import datetime, timedelta

import pytest
from evening import Evening
from outside import Outside
from sqlmodel import col, select

from jobs.link_sync import sync_links
from jobs.mail_delivery import deliver_mail
from jobs.reminders import remind
from jobs.scheduler import SCHEDULE
from webapp.db import Database
from webapp.models import Appointment, Message, Slot
from webapp.services.booking.agenda import agenda
from webapp.services.booking.consequences import follow
from webapp.services.event.report import teachers_schedule
from webapp.services.message.compose import facts_of, schedule_of

PROMPT = 10
"""Seconds after its link by which a Confirmation is to be under way (issue 7.4)."""


@pytest.fixture
def evening(database: Database, now: datetime, outside: Outside) -> Evening:
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
    outside.knows(f"z{evening.teacher.id}")
    return evening


def book(database: Database, evening: Evening) -> Appointment:
    with evening.later(database):
        [booked] = evening.book(evening.slot())
    return booked


def link(outside: Outside) -> str:
    [meeting] = outside.meetings.standing()
    return meeting.shown().join_url


def test_the_commit_that_stores_the_link_makes_the_confirmation_due_and_wakes_who_sends_it(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """Issue 7.4: within ten seconds. Whoever misses the call looks every three seconds."""
    book(database, evening)
    deliver_mail(outside.app)
    early, heard = list(outside.mailer.sent), []

    database.after_commit.append(lambda topics: heard.append((set(topics), due(database))))
    sync_links(outside.app)
    deliver_mail(outside.app)

    assert early == []
    assert next(at for topics, at in heard if "mail" in topics) == outside.now
    assert SCHEDULE["mail"].seconds * 2 < PROMPT
    [mail] = outside.mailer.sent
    assert link(outside) in mail.text


def due(database: Database) -> datetime | None:
    with database.reading() as session:
        return session.exec(select(Message.due_at)).one()


def test_after_a_change_every_place_shows_the_one_stored_link(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """R99: the appointment, the report, the PDF, the reminder and the calendar entry."""
    booked = book(database, evening)
    outside.tick()
    old = link(outside)
    with evening.later(database) as session:
        for is_virtual in (False, True):
            evening.again(booked).is_virtual = is_virtual
            follow(session, [booked.id or 0], now=evening.now)
    outside.tick()
    outside.tick(timedelta(minutes=10))
    new = link(outside)

    with database.reading() as session:
        begins = session.get_one(Slot, booked.slot_id).starts_at
        [entry] = agenda(session, col(Appointment.id) == booked.id)
        report = repr(teachers_schedule(session, evening.event))
        paper = schedule_of(facts_of(session, [entry], base_url="https://confab.example"))
    outside.now = begins - timedelta(hours=24)
    remind(outside.app)
    outside.tick()
    reminder = outside.mailer.sent[-1]
    assert reminder.invitation
    calendar = reminder.invitation.content.replace(b"\r\n ", b"").decode()

    assert old != new
    for place in (entry.room.text, report, paper, reminder.text, reminder.html, calendar):
        assert new in place
        assert old not in place
