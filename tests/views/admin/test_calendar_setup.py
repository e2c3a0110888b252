"""Calendar Link Setup Status on Online Meetings follows by itself, and mails invitations to those not linked yet."""

import re
from collections.abc import Iterator
from datetime import datetime

import pytest
from app import Browser
from factories import (
    make_calendar_link,
    make_contact,
    make_event,
    make_resource,
    make_school,
    make_slot,
    make_teacher,
)
from online_office import Office, open_office, part, time_stands_at, words
from sqlmodel import Session, select
from threads import at_once

from jobs.mail_delivery import deliver_mail
from webapp.db import Database
from webapp.models import CalendarLink, Contact, Level, Message
from webapp.providers.base import Mail

INVITE = "online-meetings/invite"


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        opened = open_office(database, now)
        with opened.arranged() as session:
            make_slot(session, opened.resource, kind="V")
        yield opened


def another(session: Session, office: Office, first: str = "Hugh") -> Contact:
    hugh = make_teacher(session, office.school, first, "Barlow")
    make_slot(session, make_resource(session, office.event, hugh), kind="PV")
    return hugh


def sent(office: Office) -> list[Mail]:
    deliver_mail(office.app)
    mails: list[Mail] = office.app.extensions["confab"].providers.mailer.sent
    return mails


def polled(html: str) -> str:
    found = re.search(r'id="om-setup" data-live hx-get="([^"]+)" hx-trigger="every \d+s"', html)
    assert found
    return found[1].replace("&amp;", "&")


def test_the_tick_appears_without_a_reload_once_the_third_step_is_done(office: Office) -> None:
    """R31, R33, R34"""
    dora = office.dora()
    with office.arranged() as session:
        link = make_calendar_link(session, office.folake, calendar_id="c", calendar_name="Conferences")
        number = link.id
    page = dora.get(office.path()).text
    row = part(page, f"setup-{office.folake.id}")
    assert "Folake Adeyemi Google, Conferences Not set up Open: click Save and Sync" in row
    assert dora.htmx(polled(page)).status_code == 204

    with office.arranged() as session:
        session.get_one(CalendarLink, number).saved_at = office.now

    answer = dora.htmx(polled(page))
    assert answer.status_code == 200
    assert part(answer.text, f"setup-{office.folake.id}").startswith("Folake Adeyemi Google, Conferences Set up Off")
    assert '<span id="om-unexported" hx-swap-oob="morph">Not exported (0)' in answer.text


def test_import_setup_is_ticked_and_old_busy_times_are_said_to_be_old(office: Office) -> None:
    """R35"""
    with office.arranged() as session:
        saved = {"calendar_id": "c", "saved_at": office.now, "synced_at": office.now}
        make_calendar_link(session, office.folake, is_import=True, problem="Google did not answer.", **saved)

    row = part(office.dora().get(office.path()).text, f"setup-{office.folake.id}")

    assert "Set up On " in row
    assert "9:00 AM Busy times could not be read since" in row


def test_those_not_exported_are_shown_alone_and_searching_keeps_that(office: Office) -> None:
    with office.arranged() as session:
        another(session, office)
        make_calendar_link(session, office.folake, calendar_id="c", saved_at=office.now)
    dora = office.dora()

    page = dora.get(office.path("online-meetings?show=open")).text

    assert re.findall(r'<th scope="row" class="full"><bdi>(.*?)</bdi>', page) == ["Hugh Barlow"]
    assert '<input type="hidden" name="show" value="open">' in page
    assert "Not exported (1)" in words(page)
    assert f'href="{office.path("online-meetings#om-calendars")}">All' in page
    assert "show=open&v=" in polled(page)
    with office.arranged() as session:
        hugh = session.exec(select(Contact).where(Contact.first == "Hugh")).one()
        make_calendar_link(session, hugh, calendar_id="c", saved_at=office.now)
    assert "Every teacher with virtual slots has a calendar set up." in dora.htmx(polled(page)).text


def test_an_invitation_is_a_sign_in_link_that_leads_to_calendar_sync(office: Office) -> None:
    """R34"""
    dora = office.dora()
    key = dora.key(office.path())

    answer = dora.post(office.path(INVITE), {"key": key, "contact": office.folake.id}, htmx=True)

    assert "1 invitation is on its way." in words(answer.text)
    assert "Invited Mon, Nov 23, 9:00 AM" in part(answer.text, f"setup-{office.folake.id}")
    [mail] = sent(office)
    assert mail.recipient == office.folake.email
    assert mail.subject == "Your conferences at Linden Park School in your own calendar"
    path = re.search(r"http://localhost(/link/[0-9a-f]{40})\b", mail.text)
    assert path
    folake = Browser(office.app)
    folake.get(path[1])
    assert folake.post("/link").location == office.path("calendar-sync")


def test_a_double_click_and_a_reload_mail_one_invitation(office: Office) -> None:
    """R34"""
    dora = office.dora()
    with office.arranged() as session:
        another(session, office)
    form = {"key": dora.key(office.path())}

    at_once(*[lambda: dora.post(office.path(INVITE), form)] * 2)
    again = dora.post(office.path(INVITE), form)

    assert again.location == office.path("online-meetings#om-calendars")
    assert "2 invitations are on their way." in words(dora.get(office.path()).text)
    assert sorted(mail.recipient for mail in sent(office)) == sorted(
        [office.folake.email or "", *(row.email or "" for row in hughs(office))]
    )


def hughs(office: Office) -> list[Contact]:
    with office.arranged() as session:
        return list(session.exec(select(Contact).where(Contact.first == "Hugh")))


def test_all_are_asked_at_most_once_a_day_from_however_many_pages(office: Office) -> None:
    dora = office.dora()
    first, second = (dora.key(office.path()) for _ in range(2))
    dora.post(office.path(INVITE), {"key": first}, htmx=True)

    answer = dora.post(office.path(INVITE), {"key": second}, htmx=True)

    assert "1 teacher was mailed one within a day and is left out." in words(answer.text)
    assert len(sent(office)) == 1


def test_who_is_set_up_meanwhile_is_not_mailed(office: Office) -> None:
    dora = office.dora()
    key = dora.key(office.path())
    with office.arranged() as session:
        make_calendar_link(session, office.folake, calendar_id="c", saved_at=office.now)

    answer = dora.post(office.path(INVITE), {"key": key, "contact": office.folake.id}, htmx=True)

    assert (answer.status_code, sent(office)) == (409, [])
    assert "This teacher has a calendar set up by now" in words(answer.text)
    assert "Mail an invitation" not in words(answer.text)


def test_an_event_administrator_invites_in_the_own_events_and_nobody_below_does(office: Office) -> None:
    """R32"""
    with office.arranged() as session:
        other = make_event(session, office.school)
        hugh = make_teacher(session, office.school, "Hugh", "Barlow")
        make_slot(session, make_resource(session, other, hugh), kind="V")
        charlie = make_contact(session, make_school(session), "Charlie", level=Level.ADMINISTRATOR)
    dan = office.event_administrator(office.event)
    folake = office.someone(lambda session: session.get_one(Contact, office.folake.id))
    stranger = office.someone(lambda session: session.get_one(Contact, charlie.id))
    key = dan.key(office.path())

    told = dan.post(office.path(INVITE), {"key": key, "contact": hugh.id}).status_code
    refused = [who.post(office.path(INVITE), {"key": key}).status_code for who in (folake, stranger)]
    done = dan.post(office.path(INVITE), {"key": key}, htmx=True)

    assert (told, refused) == (404, [403, 404])
    assert "1 invitation is on its way." in words(done.text)
    with office.arranged() as session:
        assert [mail.recipient for mail in session.exec(select(Message))] == [office.folake.email]


def test_names_of_calendars_are_text(office: Office) -> None:
    with office.arranged() as session:
        make_calendar_link(session, office.folake, calendar_id="c", calendar_name="<img src=x>")

    page = office.dora().get(office.path()).text

    assert "Google, &lt;img src=x&gt;" in page
