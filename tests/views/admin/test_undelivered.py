"""A mail that was refused for good is no secret: the office sees it, mends the address, and sends it again once."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from event_office import Office, open_office, words
from fakes import FakeMailer
from online_office import time_stands_at
from sqlmodel import select

from jobs.mail_delivery import deliver_mail
from webapp import clock
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Contact, Level, Message
from webapp.models.message.message import SIGN_IN_CODE, SIGN_IN_LINK
from webapp.providers.base import REFUSED_ADDRESS, REFUSED_MAIL
from webapp.services.booking.cancel import cancel_appointment
from webapp.services.message.undelivered import retry_mails, undelivered_count, undelivered_mails
from webapp.services.system.audit import SYSTEM

REFUSED = ProviderError(
    "The mail server refuses this address", retry=False, code=REFUSED_ADDRESS, detail="550 5.1.1 <alice> no such user"
)
MARK = "mail was not delivered"


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def mailer(office: Office) -> FakeMailer:
    found = office.app.extensions["confab"].providers.mailer
    assert isinstance(found, FakeMailer)
    return found


def refuse(office: Office, number: int = 1, error: ProviderError = REFUSED) -> None:
    """So many Confirmations of Alice's are given up."""
    mailer(office).fail("send", error, times=number)
    for slot in office.slots(office.folake, number):
        office.booked(slot)
    deliver_mail(office.app)


def overview(office: Office) -> str:
    return words(office.dora.get(f"{office.base}/undelivered/").text)


def press(office: Office, deed: str, message: Message | None = None) -> str:
    address = f"{office.base}/undelivered/{message.id}/{deed}" if message else f"{office.base}/undelivered/{deed}"
    return words(office.dora.post(address, follow_redirects=True).text)


def mend(office: Office, address: str | None) -> None:
    with office.arranged() as session:
        session.get_one(Contact, office.alice.id).email = address


def log(office: Office) -> str:
    return words(office.dora.get(f"{office.base}/contacts/{office.alice.id}/log").text)


def test_a_refusal_is_marked_on_every_page_and_listed_with_its_reason_and_what_to_do(office: Office) -> None:
    """Issue 7.4"""
    before = words(office.dora.get(office.path("overview")).text)
    refuse(office)

    marked = words(office.dora.get(office.path("overview")).text)
    listed = overview(office)

    assert "Undelivered mails" not in before
    assert f"1 {MARK}" in marked
    for said in ("Alice Alvarez", "Confirmation", office.event.name, "The mail server refuses this address"):
        assert said in listed
    assert "550 5.1.1 <alice> no such user" in listed
    assert "correct it in Contact Info, then Retry" in listed


def test_the_contact_s_log_tells_of_it_with_the_reason(office: Office) -> None:
    """PRODUCT 3.9"""
    refuse(office)

    assert "Mail not delivered: Confirmation The mail server refuses this address" in log(office)


def test_once_the_address_is_mended_retry_mails_it_there_once(office: Office) -> None:
    refuse(office)
    [message] = office.all(Message)
    mend(office, "alice.new@mail.example")
    listed = overview(office)

    said = press(office, "retry", message)
    again = press(office, "retry", message)
    deliver_mail(office.app)

    assert "Address by now alice.new@mail.example" in listed
    assert "1 mail is on its way again." in said
    assert "Nothing was tried again" in again
    assert [mail.recipient for mail in mailer(office).sent] == ["alice.new@mail.example"]
    assert mailer(office).sent[0].message_id == message.message_id
    assert MARK not in overview(office)
    assert "Every mail was taken by its mail server" in overview(office)
    assert "Undelivered mail tried again" in log(office)


def test_a_contact_without_an_address_is_not_tried_again(office: Office) -> None:
    refuse(office)
    mend(office, None)

    assert "there is no address" in press(office, "retry")
    assert f"1 {MARK}" in overview(office)


def test_what_was_cancelled_meanwhile_is_not_mailed_by_retry(office: Office) -> None:
    mailer(office).fail("send", REFUSED)
    booked = office.booked(office.slots(office.folake, 1)[0])
    deliver_mail(office.app)
    with office.arranged() as session:
        cancel_appointment(session, session.get_one(type(booked), booked.id), who=SYSTEM, now=clock.now())

    press(office, "retry")
    deliver_mail(office.app)

    assert mailer(office).sent == []
    assert MARK not in overview(office)


def test_retry_all_tries_each_again(office: Office) -> None:
    refuse(office, 3)

    said = press(office, "retry")
    deliver_mail(office.app)

    assert "3 mails are on their way again." in said
    assert len(mailer(office).sent) == 3


def test_what_is_dismissed_is_not_sent_and_stays_in_the_log(office: Office) -> None:
    refuse(office)
    [message] = office.all(Message)

    said = press(office, "dismiss", message)
    again = press(office, "dismiss", message)
    press(office, "retry", message)
    deliver_mail(office.app)

    assert "Dismissed." in said
    assert "It is not here any more." in again
    assert mailer(office).sent == []
    assert "Mail not delivered" in log(office)
    assert "Undelivered mail dismissed" in words(office.dora.get(f"{office.base}/setup/audit").text)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (ProviderError("The mail address cannot be used", retry=False, code="address"), "No mail server takes"),
        (ProviderError("The mail cannot be written", retry=False, code="text"), "Something in the text"),
        (ProviderError("The mail server refuses the mail", retry=False, code=REFUSED_MAIL), "Its message says why"),
    ],
    ids=["address", "text", "data"],
)
def test_each_reason_has_its_own_advice(office: Office, error: ProviderError, advice: str) -> None:
    refuse(office, error=error)

    assert advice in overview(office)


def test_three_days_of_passing_trouble_end_there_too_and_retry_gives_it_three_more(
    office: Office, now: datetime
) -> None:
    """OUT-010"""
    down = ProviderError("The mail server does not answer", retry=True, code="")
    mailer(office).fail("send", down, times=9)
    office.booked(office.slots(office.folake, 1)[0])

    def marks(*hours: float) -> list[bool]:
        return [marked_after(office, now + timedelta(hours=hour)) for hour in hours]

    assert marks(0, 71.9, 72.1) == [False, False, True]
    with office.arranged() as session:
        dora = session.exec(select(Contact).where(Contact.first == "Dora")).one()
        [one] = undelivered_mails(session, dora)
        retry_mails(session, dora, one.id, who=SYSTEM, now=now + timedelta(hours=80))
    assert one.advice.startswith("It was tried for three days.")
    assert marks(80, 151.9, 152.1) == [False, False, True]


def marked_after(office: Office, at: datetime) -> bool:
    """Whether it is given up once mail was delivered then."""
    with time_stands_at(at):
        deliver_mail(office.app)
        with office.database.reading() as session:
            return bool(undelivered_count(session, session.exec(select(Contact).where(Contact.first == "Dora")).one()))


def test_a_code_that_somebody_asked_for_is_not_the_office_s_to_mend(office: Office) -> None:
    with office.arranged() as session:
        columns = {"school_id": office.school.id, "kind": SIGN_IN_CODE, "recipient": "x", "dedupe_key": "k"}
        session.add(Message(**columns, message_id="k", created_at=office.now, problem="No", problem_at=office.now))

    assert MARK not in overview(office)


def test_event_administrators_see_and_mend_those_of_their_events_alone(office: Office) -> None:
    """PRODUCT 1.6: everything on granted events; the contacts themselves are the Administrators'."""
    refuse(office)
    [message] = office.all(Message)
    other, _ = office.another_event()
    with office.arranged() as session:
        columns = {"school_id": office.school.id, "kind": SIGN_IN_LINK, "recipient": "x", "dedupe_key": "k"}
        session.add(Message(**columns, message_id="k", created_at=office.now, problem="No", problem_at=office.now))
    mine, elsewhere = (office.someone(Level.EVENT_ADMINISTRATOR, event) for event in (office.event, other))
    base = f"{office.base}/undelivered"

    marks = [f"1 {MARK}" in words(one.get(f"{office.base}/events").text) for one in (mine, elsewhere)]
    listed = mine.get(f"{base}/").text
    hidden = elsewhere.get(f"{base}/")
    foreign = [elsewhere.post(f"{base}/{message.id}/{deed}").status_code for deed in ("retry", "dismiss")]
    elsewhere.post(f"{base}/retry")
    untouched = office.all(Message)[0].problem is not None
    said = words(mine.post(f"{base}/{message.id}/retry", follow_redirects=True).text)

    assert "Given up 1" in words(listed)
    assert "An Administrator corrects addresses in Contact Info." in words(listed)
    assert f"/contacts/{office.alice.id}" not in listed
    assert "Given up 0" in words(hidden.text)
    assert marks == [True, False]
    assert foreign == [404, 404]
    assert untouched
    assert "1 mail is on its way again." in said


@pytest.mark.parametrize("level", [Level.VIEWER, Level.RESOURCE_ADMINISTRATOR])
def test_nobody_below_sees_or_sends(office: Office, level: Level) -> None:
    refuse(office)
    [message] = office.all(Message)
    colleague = office.someone(level, office.event)

    assert colleague.get(f"{office.base}/undelivered/").status_code == 403
    for deed in ("retry", f"{message.id}/retry", f"{message.id}/dismiss"):
        assert colleague.post(f"{office.base}/undelivered/{deed}").status_code == 403
    assert MARK not in words(colleague.get(f"{office.base}/appointments").text)


def test_another_school_s_mail_is_not_there(office: Office) -> None:
    refuse(office)
    [message] = office.all(Message)
    other = office.another_school()
    stranger = office.someone(Level.ADMINISTRATOR, school=other)
    base = f"/s/{other.slug}/undelivered"

    for deed in (f"{message.id}/retry", f"{message.id}/dismiss"):
        assert stranger.post(f"{base}/{deed}").status_code == 404
    stranger.post(f"{base}/retry")
    deliver_mail(office.app)

    assert "Every mail was taken" in words(stranger.get(f"{base}/").text)
    assert mailer(office).sent == []
    assert f"1 {MARK}" in overview(office)
