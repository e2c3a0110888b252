"""A room or typed link is changed while appointments stand: the office tells the families when it wants, each once."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from event_office import Office, open_office, words
from factories import make_appointment, make_contact
from fakes import FakeMailer
from online_office import time_stands_at
from sqlmodel import col, select

from jobs.mail_delivery import deliver_mail
from webapp.db import Database
from webapp.models import Appointment, Audit, Contact, Event, Level, Message, Resource
from webapp.models.event.event_settings import ZOOM
from webapp.models.message.message import NEW_ROOMS
from webapp.services.booking.consequences import follow

LINK = "https://meet.example/folake"


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def mailed(office: Office) -> list[Any]:
    """What left since we looked last."""
    mailer = office.app.extensions["confab"].providers.mailer
    assert isinstance(mailer, FakeMailer)
    mailer.sent.clear()
    deliver_mail(office.app)
    return list(mailer.sent)


def retype(office: Office, resource: Resource, room: str, cell: str = "room") -> str:
    field, was = ("room", "room") if cell == "room" else ("url", "virtual_room")
    typed = {field: room, "was": getattr(office.again(resource), was)}
    return words(office.dora.post(office.path(f"t/{resource.id}/{cell}"), typed, htmx=True).text)


def teacher(office: Office, resource: Resource) -> str:
    return words(office.dora.get(office.path(f"t/{resource.id}")).text)


def tell(office: Office, resource: Resource | None = None) -> str:
    address = office.path(f"t/{resource.id}/tell" if resource else "rooms/tell")
    return words(office.dora.post(address, follow_redirects=True).text)


def two_families(office: Office) -> None:
    """Alice has two appointments with Folake, Bob one; all were mailed."""
    first, second, third = office.slots(office.folake, 3)
    office.booked(first)
    office.booked(second, nth=2)
    with office.arranged() as session:
        bob = make_contact(session, office.school, "Bob", "Weiss", email="bob@mail.example")
        his = make_appointment(session, third, bob, booked_at=office.now)
        follow(session, [his.id or 0], now=office.now)
    deliver_mail(office.app)


@pytest.mark.both_databases
def test_each_family_is_told_once_when_the_office_says_so_and_not_by_itself(office: Office) -> None:
    """Issue 7, R62: the count is shown, and one Changed mail says all of a family's appointments."""
    two_families(office)

    saved = retype(office, office.folake, "Library")
    unasked = mailed(office)
    shown = teacher(office, office.folake)
    board = words(office.dora.get(office.path()).text)
    said = tell(office, office.folake)
    again = tell(office, office.folake)
    mails = mailed(office)

    assert "Tell 2 families" in saved
    assert unasked == []
    assert "Tell these 2 families" in shown
    assert "2 families were mailed another room or link than there is now." in board
    assert "Mails to 2 families are on their way." in said
    assert "Every family has been told, or its mail is on its way." in again
    assert {mail.recipient for mail in mails} == {office.alice.email, "bob@mail.example"}
    assert len(mails) == 2
    alice = next(mail for mail in mails if mail.recipient == office.alice.email)
    assert alice.subject == "Changed: your 2 appointments, Fall Conferences 2026"
    assert alice.text.count("Library") == 2
    assert "Tell th" not in teacher(office, office.folake)
    assert [row.detail for row in office.all(Audit) if row.action == "rooms.mailed"] == ['{"families": 2}']


def test_a_room_that_is_put_back_is_no_news_and_one_that_changes_again_is(office: Office) -> None:
    two_families(office)
    was = office.again(office.folake).room

    retype(office, office.folake, "Library")
    back = retype(office, office.folake, was)
    retype(office, office.folake, "Library")
    tell(office)
    first = len(mailed(office))
    third = retype(office, office.folake, was)
    tell(office)

    assert "Tell" not in back
    assert first == 2
    assert "Tell 2 families" in third
    assert len(mailed(office)) == 2


def test_a_room_that_is_put_back_before_the_mail_leaves_is_not_mailed(office: Office) -> None:
    two_families(office)
    was = office.again(office.folake).room

    retype(office, office.folake, "Library")
    tell(office)
    retype(office, office.folake, was)

    assert mailed(office) == []
    assert {row.kind for row in office.all(Message) if row.dropped_at} == {NEW_ROOMS}


def test_a_typed_link_counts_for_online_appointments_and_a_room_for_the_others(office: Office) -> None:
    """R54"""
    with office.arranged() as session:
        session.get_one(Resource, office.folake.id).virtual_room = LINK
    [online] = office.slots(office.folake, 1)
    office.booked(online, is_virtual=True)
    deliver_mail(office.app)
    retype(office, office.folake, "Library")
    only_room = teacher(office, office.folake)

    retype(office, office.folake, f"{LINK}/2", "vr")
    tell(office, office.folake)
    [mail] = mailed(office)

    assert "Tell this family" not in only_room
    assert f"{LINK}/2" in mail.text


def test_while_zoom_is_on_the_typed_link_of_nobody_is_mailed(office: Office) -> None:
    """R22"""
    with office.arranged() as session:
        session.get_one(Resource, office.folake.id).virtual_room = LINK
    [slot] = office.slots(office.folake, 1)
    office.booked(slot, is_virtual=True)
    deliver_mail(office.app)
    office.set(provider=ZOOM)

    saved = retype(office, office.folake, f"{LINK}/2", "vr")

    assert "Tell" not in saved


def test_who_was_not_mailed_yet_reads_the_room_in_the_confirmation_and_gets_no_second_mail(office: Office) -> None:
    [slot] = office.slots(office.folake, 1)
    office.booked(slot)

    saved = retype(office, office.folake, "Library")
    [confirmation] = mailed(office)

    assert "Tell" not in saved
    assert "Library" in confirmation.text
    assert "Tell th" not in teacher(office, office.folake)


def test_what_is_over_or_cancelled_or_has_no_address_is_not_counted(office: Office) -> None:
    two_families(office)
    with office.arranged() as session:
        session.get_one(Contact, office.alice.id).email = None
    retype(office, office.folake, "Library")
    now = teacher(office, office.folake)
    with time_stands_at(office.now + timedelta(days=400)):
        later = office.dora.get(office.path(f"t/{office.folake.id}"))

    assert "Tell this family" in now
    assert "Tell this family" not in words(later.text)


def test_event_administrators_tell_families_of_their_events_alone(office: Office) -> None:
    """RELIABILITY T6"""
    two_families(office)
    retype(office, office.folake, "Library")
    other, _ = office.another_event()
    mine, elsewhere = (office.someone(Level.EVENT_ADMINISTRATOR, event) for event in (office.event, other))
    at = office.path("rooms/tell")

    refused, wrong = elsewhere.post(at), mine.post(f"{office.base}/e/{other.id}/t/{office.folake.id}/tell")
    done = mine.post(at)

    assert [answer.status_code for answer in (refused, wrong, done)] == [404, 404, 303]
    assert len([row for row in office.all(Message) if row.kind == NEW_ROOMS]) == 2
    assert len(office.all(Event)) == 2


def test_of_a_time_that_the_school_has_withdrawn_no_room_is_told(office: Office) -> None:
    two_families(office)
    with office.arranged() as session:
        first, _, his = session.exec(select(Appointment).order_by(col(Appointment.id))).all()
        first.problem = his.problem = "slot_removed"
    retype(office, office.folake, "Library")

    tell(office, office.folake)

    assert [(mail.recipient, mail.text.count("Library")) for mail in mailed(office)] == [(office.alice.email, 1)]
