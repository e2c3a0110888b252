"""Calendar entries that were mailed are not changed by a new text; the office is told, and may mail them anew."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from event_office import Office, open_office, words
from factories import make_contact
from fakes import FakeMailer
from online_office import time_stands_at
from sqlmodel import col, select

from jobs.mail_delivery import deliver_mail
from webapp import clock
from webapp.db import Database
from webapp.models import Appointment, Level, MessageText
from webapp.providers.base import Mail
from webapp.services.booking.cancel import cancel_appointment
from webapp.services.system.audit import SYSTEM

CALENDAR, INVITES = "settings/notifications/calendar", "mails/invites"
OLDER = "What was sent is not changed by itself."


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    """Alice has two appointments and Bob one, all confirmed with their entries."""
    with time_stands_at(now):
        office = open_office(database, now)
        with office.arranged() as session:
            bob = make_contact(session, office.school, "Bob")
        for n, slot in enumerate(office.slots(office.folake, 3)):
            office.booked(slot, **({"contact_id": bob.id} if n == 2 else {}))
        deliver_mail(office.app)
        yield office


def outbox(office: Office) -> list[Mail]:
    mailer = office.app.extensions["confab"].providers.mailer
    assert isinstance(mailer, FakeMailer)
    return mailer.sent


def save(office: Office, **typed: str) -> Any:
    version = max((row.version for row in office.all(MessageText)), default=0)
    form = {"version": version, "subject": "At school", "body": "Room: $(Room)", "location": "$(Room)"} | typed
    return office.dora.post(office.path(CALENDAR), form)


def page(office: Office) -> str:
    return words(office.dora.get(office.path(CALENDAR)).text)


def resend(office: Office) -> str:
    return words(office.dora.post(office.path(INVITES), follow_redirects=True).text)


@pytest.mark.both_databases
def test_changed_after_bookings_a_note_says_that_older_entries_stay_and_offers_to_mail_them(office: Office) -> None:
    """R89"""
    before = page(office)
    save(office)
    noted = page(office)
    sent = len(outbox(office))

    said = resend(office)
    again = resend(office)
    for _ in range(2):
        deliver_mail(office.app)

    assert OLDER not in before
    assert f"2 parents have calendar entries in older words. {OLDER}" in noted
    assert "Mail these 2 parents" in noted
    assert "2 parents are mailed." in said
    assert OLDER not in said
    assert "Nobody is left to be mailed." in again
    anew = outbox(office)[sent:]
    assert len(anew) == len({mail.recipient for mail in anew}) == 2
    entries = [file for mail in anew for file in mail.invitations]
    assert sum(entry.content.count(b"SUMMARY:At school") for entry in entries) == 3
    assert sum(entry.content.count(b"SEQUENCE:1") for entry in entries) == 3
    assert {mail.subject for mail in anew} == {"Your calendar entries, Fall Conferences 2026"}
    assert OLDER not in page(office)


def test_before_anything_is_booked_there_is_no_note(database: Database, now: datetime) -> None:
    """R89: do it before the event opens."""
    with time_stands_at(now):
        office = open_office(database, now)
        save(office)

        assert OLDER not in page(office)
        assert "Write it before the event opens" in page(office)
        assert "Nobody is left to be mailed." in resend(office)


def test_what_was_mailed_in_the_new_words_is_not_older(office: Office) -> None:
    save(office)
    office.booked(office.slots(office.hugh, 1, day=1)[0])
    deliver_mail(office.app)
    resend(office)
    deliver_mail(office.app)
    with office.arranged() as session:
        carol = make_contact(session, office.school, "Carol")
    office.booked(office.slots(office.hugh, 1, day=2)[0], contact_id=carol.id)
    deliver_mail(office.app)

    assert OLDER not in page(office)


def test_changed_once_more_it_is_offered_once_more(office: Office) -> None:
    save(office)
    resend(office)
    deliver_mail(office.app)

    save(office, subject="Another title")

    assert f"2 parents have calendar entries in older words. {OLDER}" in page(office)


def test_what_was_cancelled_or_is_over_is_not_mailed_anew(office: Office) -> None:
    save(office)
    with office.arranged() as session:
        for booked in office.all(Appointment)[:2]:
            cancel_appointment(session, session.get_one(Appointment, booked.id), who=SYSTEM, now=clock.now())
    deliver_mail(office.app)
    sent = len(outbox(office))

    said = resend(office)
    with time_stands_at(office.now + timedelta(days=30)):
        deliver_mail(office.app)

    assert "1 parent is mailed." in said
    assert len(outbox(office)) == sent


def test_only_who_administers_the_event_may_mail_them(office: Office) -> None:
    save(office)
    stranger = office.someone(Level.ADMINISTRATOR, school=office.another_school())

    assert office.someone(Level.RESOURCE_ADMINISTRATOR).post(office.path(INVITES)).status_code == 403
    assert stranger.post(office.path(INVITES)).status_code in {403, 404}


def test_the_file_has_the_office_s_name(office: Office) -> None:
    """PRODUCT 2.7: Calendar appointment file name."""
    save(office, file_name="conference")
    resend(office)
    deliver_mail(office.app)

    assert [file.filename for file in outbox(office)[-1].invitations] == ["conference.ics"]
    assert 'value="conference.ics"' in office.dora.get(office.path(CALENDAR)).text


@pytest.mark.parametrize(
    ("field", "typed"), [("subject", " "), ("location", ""), ("file_name", "../x"), ("file_name", 'a"b')]
)
def test_title_and_location_are_needed_and_a_file_name_is_plain(office: Office, field: str, typed: str) -> None:
    """PRODUCT 2.7"""
    answer = save(office, **{field: typed})

    assert (answer.status_code, office.all(MessageText)) == (422, [])
    identity = {"subject": "ns-subject", "location": "ns-location", "file_name": "ns-file"}[field]
    assert f'id="{identity}-err"' in answer.text


def test_of_a_time_that_the_school_has_withdrawn_no_entry_is_mailed_anew(office: Office) -> None:
    with office.arranged() as session:
        first, _, his = session.exec(select(Appointment).order_by(col(Appointment.id))).all()
        first.problem = his.problem = "slot_removed"
    save(office)
    sent = len(outbox(office))

    resend(office)
    deliver_mail(office.app)

    [anew] = outbox(office)[sent:]
    [entry] = anew.invitations
    assert (anew.recipient, entry.content.count(b"SUMMARY:At school")) == (office.alice.email, 1)
