"""UI Setup offers to mail the parents whose links no mail spoke of, and mails nobody unasked (R67)."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from event_office import Office, open_office, words
from factories import make_appointment, make_contact
from fakes import FakeMailer
from online_office import time_stands_at

from jobs.link_sync import sync_links
from jobs.mail_delivery import deliver_mail
from webapp.db import Database
from webapp.models import Level
from webapp.providers.base import Mail
from webapp.services.booking.consequences import follow

UI_SETUP, MAIL_LINKS = "settings/ui-setup", "settings/mail-links"


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    """Alice has two virtual appointments and Bob one, all confirmed before Zoom is chosen."""
    with time_stands_at(now):
        office = open_office(database, now)
        slots = office.slots(office.folake, 3, kind="V")
        with office.arranged() as session:
            makers = (office.alice, office.alice, make_contact(session, office.school, "Bob"))
            booked = [make_appointment(session, slot, maker) for slot, maker in zip(slots, makers, strict=True)]
            follow(session, [one.id or 0 for one in booked], now=now)
        deliver_mail(office.app)
        outbox(office).clear()
        yield office


def outbox(office: Office) -> list[Mail]:
    mailer = office.app.extensions["confab"].providers.mailer
    assert isinstance(mailer, FakeMailer)
    return mailer.sent


def choose_zoom(office: Office) -> str:
    return str(office.dora.post(office.path(UI_SETUP), {"provider": "zoom"}, follow_redirects=True).text)


def work(office: Office) -> None:
    sync_links(office.app)
    deliver_mail(office.app)


def test_nothing_is_offered_before_zoom_is_chosen(office: Office) -> None:
    assert MAIL_LINKS not in office.dora.get(office.path(UI_SETUP)).text


def test_choosing_zoom_late_offers_to_mail_the_parents_and_mails_nobody_unasked(office: Office) -> None:
    """R67"""
    page = choose_zoom(office)
    work(office)

    assert "Mail these 2 parents" in words(page)
    assert f'action="{office.path(MAIL_LINKS)}"' in page
    assert len(office.zoom.standing()) == 3
    assert outbox(office) == []


def test_each_parent_is_mailed_once_with_all_links_however_often_it_is_clicked(office: Office) -> None:
    """R67"""
    choose_zoom(office)

    first = office.dora.post(office.path(MAIL_LINKS), follow_redirects=True)
    again = office.dora.post(office.path(MAIL_LINKS), follow_redirects=True)
    work(office)
    work(office)

    assert "2 parents are mailed, each as soon as all links are there." in words(first.text)
    assert "Mail these" not in words(first.text)
    assert "Nobody is left to be mailed." in words(again.text)
    assert len(outbox(office)) == len({mail.recipient for mail in outbox(office)}) == 2
    said = "".join(mail.text for mail in outbox(office))
    assert all(meeting.shown().join_url in said for meeting in office.zoom.standing())


def test_it_is_logged_with_their_number(office: Office) -> None:
    choose_zoom(office)

    office.dora.post(office.path(MAIL_LINKS))

    log = words(office.dora.get(f"{office.base}/setup/audit").text)
    assert "Links mailed" in log


def test_only_who_may_change_the_event_is_asked_and_may_send(office: Office) -> None:
    choose_zoom(office)
    maker = office.someone(Level.RESOURCE_ADMINISTRATOR)
    elsewhere = office.someone(Level.EVENT_ADMINISTRATOR)
    stranger = office.someone(Level.ADMINISTRATOR, school=office.another_school())
    granted = office.someone(Level.EVENT_ADMINISTRATOR, office.event)

    refused = [who.post(office.path(MAIL_LINKS)).status_code for who in (maker, elsewhere, stranger)]
    allowed = granted.post(office.path(MAIL_LINKS)).status_code
    work(office)

    assert all(code in {403, 404} for code in refused)
    assert allowed == 303
    assert len(outbox(office)) == 2
