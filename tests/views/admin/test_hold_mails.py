"""The office holds an event's mails, sees how many wait, releases or discards them: none is lost, none goes twice."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from event_office import Office, open_office, words
from factories import EVENING, make_contact, make_event
from fakes import FakeMailer
from online_office import time_stands_at

from jobs.mail_delivery import deliver_mail
from jobs.reminders import remind
from webapp import clock
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, Event, EventSettings, Level, Message
from webapp.providers.base import Mail
from webapp.services.booking.cancel import cancel_appointment
from webapp.services.event.copy_setup import copy_setup
from webapp.services.system.audit import SYSTEM


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def outbox(office: Office) -> list[Mail]:
    mailer = office.app.extensions["confab"].providers.mailer
    assert isinstance(mailer, FakeMailer)
    return mailer.sent


def press(office: Office, deed: str, **form: object) -> str:
    return words(office.dora.post(office.path(f"mails/{deed}"), form, follow_redirects=True).text)


def setup(office: Office) -> str:
    return words(office.dora.get(office.path("settings/notifications")).text)


def book(office: Office, number: int = 1) -> list[Appointment]:
    """Of as many families."""
    made = []
    for slot in office.slots(office.folake, number, day=len(office.all(Appointment))):
        with office.arranged() as session:
            parent = make_contact(session, office.school, "Pat")
        made.append(office.booked(slot, contact_id=parent.id))
    return made


def cancel(office: Office, appointment: Appointment) -> None:
    with office.arranged() as session:
        cancel_appointment(session, session.get_one(Appointment, appointment.id), who=SYSTEM, now=clock.now())


@pytest.mark.both_databases
def test_what_is_held_waits_is_counted_and_leaves_once_when_released(office: Office) -> None:
    """Issue 7.4"""
    held = press(office, "hold")
    book(office, 3)
    deliver_mail(office.app)
    waiting = setup(office)
    while_held = list(outbox(office))

    released = press(office, "release")
    press(office, "release")
    for _ in range(2):
        deliver_mail(office.app)

    assert "Held. Nothing about this event is mailed until you release it." in held
    assert "3 mails wait." in waiting
    assert "Release 3 mails" in waiting
    assert while_held == []
    assert "Released. 3 mails are on their way." in released
    assert len(outbox(office)) == len({mail.recipient for mail in outbox(office)}) == 3


def test_what_is_due_is_counted_before_the_job_has_put_it_aside(office: Office) -> None:
    book(office, 2)
    press(office, "hold")

    assert "2 mails wait." in setup(office)


def test_what_was_cancelled_meanwhile_is_not_mailed(office: Office) -> None:
    press(office, "hold")
    kept, gone = book(office, 2)
    deliver_mail(office.app)
    cancel(office, gone)
    deliver_mail(office.app)

    press(office, "release")
    deliver_mail(office.app)

    [mail] = outbox(office)
    with office.database.reading() as session:
        contact = session.get_one(Appointment, kept.id).contact_id
        assert mail.recipient == next(m.recipient for m in office.all(Message) if m.contact_id == contact)


def test_a_cancellation_is_held_too_and_told_when_released(office: Office) -> None:
    [booked] = book(office)
    deliver_mail(office.app)
    press(office, "hold")
    cancel(office, booked)
    deliver_mail(office.app)
    while_held = [mail.subject.partition(":")[0] for mail in outbox(office)]

    press(office, "release")
    deliver_mail(office.app)

    assert "Cancelled" not in while_held
    assert [mail.subject.partition(":")[0] for mail in outbox(office)][1:] == ["Cancelled"]


@pytest.mark.both_databases
def test_what_is_discarded_is_never_mailed_and_what_comes_after_waits_on(office: Office) -> None:
    press(office, "hold")
    book(office, 2)
    deliver_mail(office.app)

    said = press(office, "discard", number=2)
    book(office)
    deliver_mail(office.app)
    press(office, "release")
    deliver_mail(office.app)

    assert "2 mails were discarded." in said
    assert len(outbox(office)) == 1


def test_other_than_the_number_that_was_seen_nothing_is_discarded(office: Office) -> None:
    press(office, "hold")
    book(office, 2)

    said = press(office, "discard", number=1)

    assert "Other mails wait by now than when you chose." in said
    assert "2 mails wait." in said


def test_a_reminder_that_was_held_until_it_was_over_is_not_sent(office: Office, now: datetime) -> None:
    """OUT-013"""
    book(office)
    deliver_mail(office.app)
    hold(office, now)
    for hours in (-20, 30):
        with time_stands_at(evening(now) + timedelta(hours=hours)):
            remind(office.app)
            deliver_mail(office.app)
            if hours > 0:
                release(office)
                deliver_mail(office.app)

    assert [message.kind for message in office.all(Message) if message.dropped_at] == ["reminder"]
    assert len(outbox(office)) == 1


def test_a_confirmation_that_was_held_until_its_evening_was_over_is_not_sent(office: Office, now: datetime) -> None:
    hold(office, now)
    book(office)
    deliver_mail(office.app)
    with time_stands_at(evening(now) + timedelta(hours=30)):
        release(office)
        deliver_mail(office.app)

    assert outbox(office) == []
    assert [bool(message.dropped_at) for message in office.all(Message)] == [True]


def test_four_days_on_hold_are_no_trouble_of_the_mail_server(office: Office, now: datetime) -> None:
    """Its three days begin with the first failure."""
    hold(office, now)
    book(office)
    deliver_mail(office.app)
    mailer = office.app.extensions["confab"].providers.mailer
    mailer.fail("send", ProviderError("Down.", retry=True))
    with time_stands_at(now + timedelta(days=4)):
        release(office)
        deliver_mail(office.app)
    with time_stands_at(now + timedelta(days=4, minutes=5)):
        deliver_mail(office.app)

    assert len(outbox(office)) == 1


def test_another_event_s_mails_leave(office: Office) -> None:
    press(office, "hold")
    _, resource = office.another_event()
    office.booked(office.slots(resource, 1)[0])
    deliver_mail(office.app)

    assert len(outbox(office)) == 1


def test_each_page_of_the_event_says_that_its_mails_are_held(office: Office) -> None:
    before = words(office.dora.get(office.path()).text)
    press(office, "hold")

    assert "Mails are held" not in before
    for page in ("", "settings/ui-setup", "overview"):
        assert "Mails are held" in words(office.dora.get(office.path(page)).text)


def test_it_is_audited_with_the_numbers(office: Office) -> None:
    press(office, "hold")
    book(office, 2)
    press(office, "discard", number=2)
    press(office, "release")

    log = words(office.dora.get(f"{office.base}/setup/audit").text)
    for said in ("Mails of an event held", "Held mails discarded", "Held mails released"):
        assert said in log


def test_a_new_event_that_takes_over_the_set_up_holds_nothing(office: Office) -> None:
    press(office, "hold")
    with office.arranged() as session:
        other = make_event(session, office.school)
        session.delete(session.get_one(EventSettings, other.id))
        session.flush()
        copy_setup(session, session.get_one(Event, office.event.id), other)

    with office.database.reading() as session:
        assert session.get_one(EventSettings, other.id).mails_held_at is None


def test_mails_that_leave_are_counted_down_until_all_have_left(office: Office) -> None:
    """The page asks for itself, and stops."""
    book(office, 3)
    first = office.dora.get(office.path("settings/notifications")).text
    [address] = re.findall(r'hx-get="([^"]*mails/leaving[^"]*)"', first)
    deliver_mail(office.app)

    last = office.dora.htmx(address.replace("&amp;", "&")).text

    assert "3 mails are to leave now." in words(first)
    assert "All mails have left." in words(last)
    assert "hx-get" not in last


@pytest.mark.parametrize("deed", ["hold", "release", "discard"])
def test_only_who_administers_the_event_may(office: Office, deed: str) -> None:
    stranger = office.someone(Level.ADMINISTRATOR, school=office.another_school())

    assert office.someone(Level.RESOURCE_ADMINISTRATOR).post(office.path(f"mails/{deed}")).status_code == 403
    assert stranger.post(office.path(f"mails/{deed}")).status_code in {403, 404}


def evening(now: datetime) -> datetime:
    return EVENING.replace(tzinfo=now.tzinfo) + timedelta(hours=6)


def hold(office: Office, now: datetime) -> None:
    with office.arranged() as session:
        session.get_one(EventSettings, office.event.id).mails_held_at = now


def release(office: Office) -> None:
    """By a colleague who signs in then."""
    office.someone(Level.ADMINISTRATOR).post(office.path("mails/release"))
