"""Tests of where an appointment takes place, as My Appointments shows it: room, typed link, or a link of its own."""

import re
from datetime import datetime
from typing import Any

import pytest
from households import Households, text_of

from webapp.errors import ProviderError
from webapp.models import EventSettings, MessageText, Resource
from webapp.models.message.message import CONFIRMATION, LINKS_READY

TYPED = "https://zoom.us/j/1"


def give(homes: Households, teacher: str, **values: str) -> None:
    with homes.database.transaction() as session:
        resource = session.get_one(Resource, homes.teachers[teacher].id)
        for name, value in values.items():
            setattr(resource, name, value)


def mine(homes: Households, name: str = "alice") -> Any:
    return homes.browser(name).get(f"{homes.base}/mine")


def test_a_url_in_the_room_cell_is_shown_as_it_is_and_no_call_leaves(homes: Households) -> None:
    """R2: way 1, the teacher's one URL in the Room column."""
    homes.change(provider=None)
    give(homes, "Petra", room=TYPED)

    homes.booked("alice", homes.pick("mia", "Petra", 0))
    homes.run_jobs()

    assert f'href="{TYPED}" rel="noopener"' in mine(homes).text
    assert TYPED in homes.mailer.sent[-1].text
    assert homes.meetings.calls == []


def test_two_parents_with_one_teacher_get_two_meetings_each_on_its_own_appointment(homes: Households) -> None:
    """R3: way 2, a link for each meeting."""
    homes.booked("alice", homes.pick("leo", "Jonas", 0))
    homes.booked("charlie", homes.pick("zoe", "Jonas", 1))

    homes.run_jobs()

    links = {m.appointment_id: m.join_url for m in homes.current_meetings()}
    assert len(set(links.values())) == len(homes.meetings.standing()) == 2
    by_maker = {a.contact_id: links[a.id] for a in homes.standing()}
    for name, stranger in (("alice", "charlie"), ("charlie", "alice")):
        assert by_maker[homes.people[name].id] in mine(homes, name).text
        assert by_maker[homes.people[stranger].id] not in mine(homes, name).text


def test_the_link_comes_by_itself_and_the_waiting_row_shows_it_without_a_reload(homes: Households) -> None:
    """R4: nobody does anything else."""
    homes.booked("alice", homes.pick("leo", "Jonas", 0))
    alice, page = homes.browser("alice"), mine(homes)
    [address] = re.findall(r'hx-get="([^"]+)"', page.text)
    assert 'hx-trigger="every 2s"' in page.text

    waiting = alice.htmx(address)
    homes.run_jobs()
    there = alice.htmx(re.findall(r'hx-get="([^"]+)"', waiting.text)[0])

    assert "Your link is being made, usually within a minute. We will email it." in text_of(waiting.text)
    [meeting] = homes.meetings.standing()
    assert meeting.shown().join_url in there.text
    assert f"Passcode: {meeting.passcode}" in text_of(there.text)
    assert "hx-trigger" not in there.text
    identity = re.compile(r'<li class="appt" id="a-[\w-]+"')
    assert identity.search(page.text)
    assert len({identity.search(text)[0] for text in (page.text, waiting.text, there.text)}) == 1


def test_the_waiting_row_asks_less_and_less_and_then_no_more(homes: Households) -> None:
    token = homes.booked("alice", homes.pick("leo", "Jonas", 0)).token
    alice, address = homes.browser("alice"), f"{homes.base}/a/{token}?n=0"

    paces = []
    while address:
        row = alice.htmx(address).text
        paces += re.findall(r'hx-trigger="([^"]+)"', row)
        address = "".join(re.findall(r'hx-get="([^"]+)"', row))

    assert paces == ["every 2s"] * 9 + ["every 15s"] * 20
    assert "Your link is still being made. We will email it." in text_of(row)
    for odd in ("-5", "x", "", "9" * 30):
        assert alice.htmx(f"{homes.base}/a/{token}?n={odd}").status_code == 200


@pytest.mark.both_databases
@pytest.mark.parametrize(("off", "mails_details"), [(CONFIRMATION, False), (LINKS_READY, True)])
def test_no_mail_is_promised_that_the_office_has_switched_off(
    homes: Households, now: datetime, off: str, mails_details: bool
) -> None:
    """As it was saved last; My Appointments has the link all the same."""
    with homes.database.transaction() as session:
        texts = [(CONFIRMATION, 1, False), (CONFIRMATION, 2, off != CONFIRMATION), (LINKS_READY, 1, off != LINKS_READY)]
        for kind, version, is_on in texts:
            text = {"kind": kind, "version": version, "is_on": is_on, "subject": "Yours", "saved_at": now}
            session.add(MessageText(school_id=homes.school.id, event_id=homes.event.id, **text))
    appointment = homes.booked("alice", homes.pick("leo", "Jonas", 0))
    paths = (f"booked/{appointment.act}", "mine", f"a/{appointment.token}?n=40", "mine/schedule")

    pages = [text_of(homes.browser("alice").get(f"{homes.base}/{path}").text) for path in paths]

    for page in pages:
        assert "Your link is being made. You will find it in My Appointments." in page
        assert "We will email it" not in page
    assert ("We email the details to" in pages[0]) == mails_details


def test_with_the_provider_on_the_typed_link_is_hidden_everywhere_and_emptied_it_comes_back(homes: Households) -> None:
    """R22, R23: only the meeting's own link, or that it is being made; the typed one stays stored."""
    give(homes, "Jonas", virtual_room=TYPED)
    homes.booked("alice", homes.pick("leo", "Jonas", 0))
    assert TYPED not in mine(homes).text
    homes.run_jobs()
    [meeting] = homes.meetings.standing()
    assert TYPED not in mine(homes).text
    assert TYPED not in homes.mailer.sent[-1].text

    homes.change(provider=None)

    assert TYPED in mine(homes).text
    assert meeting.shown().join_url not in mine(homes).text


def test_in_person_appointments_get_no_meeting_and_show_the_room(homes: Households) -> None:
    """R73: neither on a P slot nor on a PV slot with In person chosen."""
    homes.booked("alice", homes.pick("mia", "Petra", 0), homes.pick("mia", "Folake", 3, "P"))

    homes.run_jobs()

    assert homes.meetings.calls == []
    assert text_of(mine(homes).text).count("Room: 112") == 2


def test_the_choice_on_a_slot_for_both_decides(homes: Households) -> None:
    """R77: a link for Virtual only."""
    homes.booked("alice", homes.pick("mia", "Folake", 0, "V"))
    homes.booked("charlie", homes.pick("zoe", "Folake", 1, "P"))

    homes.run_jobs()

    assert len(homes.meetings.standing()) == 1
    assert "Join meeting" in mine(homes, "alice").text
    assert "Join meeting" not in mine(homes, "charlie").text


def test_online_without_provider_and_typed_link_says_that_the_school_sends_it(homes: Households) -> None:
    homes.change(provider=None)
    homes.booked("alice", homes.pick("leo", "Jonas", 0))

    page = mine(homes)

    assert "Online. The school will send the link." in text_of(page.text)
    assert "hx-trigger" not in page.text


def test_a_stored_text_that_is_no_safe_link_is_never_a_link(homes: Households) -> None:
    homes.change(provider=None)
    give(homes, "Petra", room="javascript:alert(1)")
    give(homes, "Jonas", virtual_room="javascript:alert(1)")
    homes.booked("alice", homes.pick("mia", "Petra", 0), homes.pick("leo", "Jonas", 1))

    assert 'href="javascript' not in mine(homes).text


def test_zoom_down_the_booking_stands_and_the_link_comes_later(homes: Households) -> None:
    """BOOK-052"""
    homes.meetings.fail("make", ProviderError("down", retry=True), times=1)
    homes.booked("alice", homes.pick("leo", "Jonas", 0))
    homes.run_jobs()
    assert "Your link is being made" in text_of(mine(homes).text)

    with homes.database.transaction() as session:
        for meeting in homes.current_meetings():
            session.get_one(type(meeting), meeting.id).due_at = meeting.wished_at
    homes.run_jobs()

    assert "Join meeting" in mine(homes).text


def test_only_the_maker_is_mailed(homes: Households) -> None:
    """R60: not the co-parent of the same child."""
    homes.booked("alice", homes.pick("mia", "Folake", 0, "V"))

    homes.run_jobs()

    assert [mail.recipient for mail in homes.mailer.sent] == [homes.people["alice"].email]
    assert len(homes.all(EventSettings)) == 1
