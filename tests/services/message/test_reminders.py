"""Reminders and cancellations: each family once, of what stands when the mail leaves, with the link."""

from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from evening import Evening
from factories import make_class, make_guardian, make_student
from outside import Outside
from sqlmodel import Session, select

from jobs.reminders import remind
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, Event, Message, MessageText, Slot
from webapp.models.booking.appointment import OVER_LIMIT
from webapp.models.message.message_text import CANCELLATION, REMINDER
from webapp.providers.base import Mail
from webapp.services.booking.book_for import book_for, confirm_appointment
from webapp.services.booking.family import child_of
from webapp.services.system.audit import SYSTEM

pytestmark = pytest.mark.both_databases

HOUR = timedelta(hours=1)
DOWN = ProviderError("Down.", retry=True, code="unreachable")
LOST = ProviderError("Lost.", retry=True, arrived=True, code="timeout")
REFUSED = ProviderError("The mail server refuses this address", retry=False, code="550")


@pytest.fixture
def evening(database: Database, now: datetime) -> Evening:
    """Typed links, and Mia may have several appointments."""
    with database.transaction() as session:
        evening = Evening(session, now)
        make_class(session, evening.school, evening.teacher, evening.mia, appointments_allowed=3)
    return evening


def mails(outside: Outside, subject: str) -> list[Mail]:
    return [mail for mail in outside.mailer.sent if subject in mail.subject]


def remind_at(database: Database, outside: Outside, slot: Slot, before: timedelta) -> None:
    outside.now = slot.starts_at - before
    remind(outside.app)
    outside.tick()


def test_a_family_is_reminded_once_a_day_of_conferences_a_day_ahead(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """R51, R66, OUT-016"""
    with evening.later(database):
        first = evening.slot()
        evening.book(first)
        evening.book(evening.slot())
    outside.tick()

    remind_at(database, outside, first, 25 * HOUR)
    early = list(mails(outside, "Reminder"))
    for before in (24 * HOUR, 23 * HOUR, HOUR):
        remind_at(database, outside, first, before)

    assert early == []
    [mail] = mails(outside, "Reminder")
    assert mail.text.count("Folake Adeyemi") == 2
    assert [a.filename for a in mail.attachments] == ["Printable Schedule.pdf"]


def test_whoever_booked_after_the_reminder_s_time_has_the_confirmation(
    database: Database, evening: Evening, outside: Outside
) -> None:
    with evening.later(database):
        slot = evening.slot()
    evening.now = outside.now = slot.starts_at - 5 * HOUR
    with evening.later(database):
        evening.book(slot)
    outside.tick()

    remind_at(database, outside, slot, 4 * HOUR)

    assert mails(outside, "Reminder") == []


@pytest.mark.parametrize("was_shown", [False, True])
def test_what_the_office_confirms_after_the_reminder_s_time_is_reminded_of_where_the_family_knew_it(
    database: Database, evening: Evening, outside: Outside, was_shown: bool
) -> None:
    """PRODUCT 3.7: what breaks a rule is shown to nobody before, and its Confirmation goes out when it is confirmed."""
    with evening.later(database) as session:
        slot = evening.slot()
        made = evening.book(slot)[0] if was_shown else booked_against_a_rule(session, evening, slot)
        made.problem = made.problem or OVER_LIMIT
    outside.tick()
    early = len(mails(outside, "Your appointment"))
    evening.now = outside.now = slot.starts_at - 20 * HOUR
    with evening.later(database) as session:
        confirm_appointment(session, evening.again(made), who=SYSTEM, now=evening.now)
    outside.tick()

    for before in (20 * HOUR, 19 * HOUR):
        remind_at(database, outside, slot, before)

    assert (early, len(mails(outside, "Your appointment"))) == (int(was_shown), 1)
    assert len(mails(outside, "Reminder")) == int(was_shown)


def booked_against_a_rule(session: Session, evening: Evening, slot: Slot) -> Appointment:
    """For Leo, whom the teacher does not teach."""
    leo = make_student(session, evening.school, "Leo")
    make_guardian(session, evening.alice, leo)
    child = child_of(session, evening.alice, leo.token)
    values = {"wants_virtual": True, "who": SYSTEM, "now": evening.now}
    return book_for(session, evening.event, evening.alice, child, slot.token, **values)


def test_who_adds_an_earlier_time_to_a_day_of_theirs_is_reminded_of_the_day_all_the_same(
    database: Database, evening: Evening, outside: Outside
) -> None:
    with evening.later(database):
        earlier, later = evening.slot(), evening.slot(after=120)
        evening.book(later)
    evening.now = outside.now = earlier.starts_at - 23 * HOUR
    with evening.later(database):
        evening.book(earlier)
    outside.tick()

    remind_at(database, outside, later, 24 * HOUR + timedelta(minutes=1))
    early = list(mails(outside, "Reminder"))
    for before in (24 * HOUR, 23 * HOUR, HOUR):
        remind_at(database, outside, later, before)

    assert early == []
    [mail] = mails(outside, "Reminder")
    assert mail.text.count("Folake Adeyemi") == 2


def test_a_reminder_looks_again_when_it_leaves(database: Database, evening: Evening, outside: Outside) -> None:
    """OUT-013, OUT-014: cancelled meanwhile, or after three days without a server, there is none."""
    with evening.later(database):
        slot, other = evening.slot(), evening.slot()
        cancelled = evening.book(slot)
        evening.book(other)
    outside.tick()
    outside.now = slot.starts_at - 24 * HOUR
    remind(outside.app)
    evening.now = outside.now
    with evening.later(database):
        evening.cancel(cancelled[0])

    outside.now = other.starts_at + HOUR
    outside.tick()

    assert mails(outside, "Reminder") == []
    with database.reading() as session:
        [message] = session.exec(select(Message).where(Message.kind == REMINDER)).all()
    assert message.dropped_at == outside.now


def test_a_reminder_that_is_switched_off_is_not_sent(database: Database, evening: Evening, outside: Outside) -> None:
    with evening.later(database) as session:
        slot = evening.slot()
        evening.book(slot)
        off = {"event_id": evening.event.id, "school_id": evening.school.id, "kind": REMINDER, "is_on": False}
        session.add(MessageText(**off, saved_at=evening.now))
    outside.tick()

    remind_at(database, outside, slot, HOUR)

    assert mails(outside, "Reminder") == []


def test_a_cancellation_is_mailed_once_and_takes_the_entry_out_of_the_calendar(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """ICS-017: only after a Confirmation has left."""
    with evening.later(database):
        [kept] = evening.book(evening.slot())
    outside.tick()
    evening.now = outside.now
    with evening.later(database):
        evening.cancel(kept)
    outside.tick()
    outside.tick(timedelta(minutes=5))

    [mail] = mails(outside, "Cancelled")
    assert "Folake Adeyemi" in mail.subject
    [file] = mail.invitations
    assert file.method == "CANCEL"
    assert b"SEQUENCE:1" in file.content
    assert mail.attachments == ()


def test_what_was_never_confirmed_is_not_cancelled_by_mail(
    database: Database, evening: Evening, outside: Outside
) -> None:
    with evening.later(database):
        [made] = evening.book(evening.slot())
        evening.cancel(made)
    outside.tick()

    assert outside.mailer.sent == []
    with database.reading() as session:
        assert session.exec(select(Message).where(Message.kind == CANCELLATION)).all() == []


@pytest.mark.parametrize("others", [0, 1])
def test_what_is_cancelled_while_its_confirmation_is_on_its_way_is_told(
    database: Database, evening: Evening, outside: Outside, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    """But not what was cancelled before it was written."""
    with evening.later(database):
        early, late, *_ = evening.book(*[evening.slot() for _ in range(2 + others)])
        evening.cancel(early)
    send = outside.mailer.send

    def cancelled(mail: Mail) -> None:
        if not mail.subject.startswith("Cancelled"):
            with evening.later(database):
                evening.cancel(late)
        send(mail)

    monkeypatch.setattr(outside.mailer, "send", cancelled)
    for _ in range(3):
        outside.tick(timedelta(minutes=2))

    with database.reading() as session:
        told = session.exec(select(Message.dedupe_key).where(Message.kind == CANCELLATION)).all()
    assert told == [f"{CANCELLATION}:{late.id}"]
    assert len(mails(outside, "Cancelled")) == 1


def test_who_was_confirmed_hears_of_a_time_that_was_moved_and_cancelled_before_they_heard_of_the_move(
    database: Database, evening: Evening, outside: Outside
) -> None:
    with evening.later(database):
        [booked] = evening.book(evening.slot())
    outside.tick()
    evening.now = outside.now
    with evening.later(database):
        evening.move(booked, evening.slot(after=60))
        evening.cancel(booked)

    outside.tick()
    outside.tick(timedelta(minutes=5))

    assert [mail.subject.partition(":")[0] for mail in outside.mailer.sent][1:] == ["Cancelled"]


@pytest.mark.parametrize("trouble", [DOWN, REFUSED], ids=["passing", "given up"])
def test_who_was_confirmed_hears_of_a_time_that_was_cancelled_while_the_mail_of_its_move_could_not_leave(
    database: Database, evening: Evening, outside: Outside, trouble: ProviderError
) -> None:
    """Nobody has to Retry one that was given up: there is nothing of it left to tell."""
    with evening.later(database):
        [booked] = evening.book(evening.slot())
    outside.tick()
    evening.now = outside.now
    with evening.later(database):
        evening.move(booked, evening.slot(after=60))
    outside.mailer.fail("send", trouble)
    outside.tick()
    with evening.later(database):
        evening.cancel(booked)

    outside.tick(timedelta(minutes=5))
    outside.tick(2 * HOUR)

    assert [mail.subject.partition(":")[0] for mail in outside.mailer.sent][1:] == ["Cancelled"]


@pytest.mark.parametrize("trouble", [DOWN, REFUSED, KeyboardInterrupt()], ids=["passing", "given up", "died"])
def test_who_was_confirmed_hears_of_a_time_that_was_cancelled_while_the_mail_of_its_move_left_in_vain(
    database: Database,
    evening: Evening,
    outside: Outside,
    monkeypatch: pytest.MonkeyPatch,
    trouble: BaseException,
) -> None:
    with evening.later(database):
        [booked] = evening.book(evening.slot())
    outside.tick()
    evening.now = outside.now
    with evening.later(database):
        evening.move(booked, evening.slot(after=60))
    send = outside.mailer.send

    def cancelled(mail: Mail) -> None:
        monkeypatch.setattr(outside.mailer, "send", send)
        with evening.later(database):
            evening.cancel(booked)
        raise trouble

    monkeypatch.setattr(outside.mailer, "send", cancelled)
    with suppress(KeyboardInterrupt):
        outside.tick()
    for _ in range(3):
        outside.tick(timedelta(minutes=2))

    assert [mail.subject.partition(":")[0] for mail in outside.mailer.sent][1:] == ["Cancelled"]


def test_a_confirmation_that_may_have_arrived_is_taken_back_when_its_time_is_cancelled(
    database: Database, evening: Evening, outside: Outside
) -> None:
    with evening.later(database):
        [booked] = evening.book(evening.slot())
    outside.mailer.fail("send", LOST)
    outside.tick()
    evening.now = outside.now
    with evening.later(database):
        evening.cancel(booked)

    outside.tick(timedelta(minutes=5))

    assert [mail.subject.partition(":")[0] for mail in outside.mailer.sent][1:] == ["Cancelled"]


def test_what_was_cancelled_while_the_mail_server_was_away_for_hours_is_told_when_it_is_back(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """Of two times of one Confirmation, whose outcome was not known: the other one is confirmed."""
    with evening.later(database):
        [_, gone] = evening.book(evening.slot(), evening.slot())
    outside.mailer.fail("send", LOST)
    outside.tick()
    evening.now = outside.now
    with evening.later(database):
        evening.cancel(gone)
    outside.mailer.fail("send", DOWN)
    outside.tick(HOUR)

    outside.tick(2 * HOUR)
    outside.tick(HOUR)

    assert len(mails(outside, "Cancelled")) == 1


def test_a_mail_in_the_office_s_words_has_the_link_and_no_pdf(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """R50, R52: the written body instead of the schedule."""
    with evening.later(database) as session:
        evening.resource.virtual_room = "https://zoom.us/j/77"
        event = session.get_one(Event, evening.event.id)
        text = {"subject": "Hi $(FirstName)", "body": "Come to $(Room)\n\nBye", "uses_schedule": False}
        owner = {"event_id": event.id, "school_id": event.school_id, "kind": "confirmation"}
        session.add(MessageText(**owner, **text, saved_at=evening.now))
        evening.book(evening.slot(), evening.slot())
    outside.tick()

    [mail] = outside.mailer.sent
    assert mail.subject == "Hi Alice"
    assert mail.text == "Come to https://zoom.us/j/77\n\nCome to https://zoom.us/j/77\n\nBye\n"
    assert '<a href="https://zoom.us/j/77">' in mail.html
    assert mail.attachments == ()
