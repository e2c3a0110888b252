"""The Room and Virtual Room cells: shown, edited, saved and refused."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from app import Browser
from event_office import Office, cell, open_office, words
from factories import make_calendar_link, make_contact
from online_office import time_stands_at
from sqlmodel import select

from jobs.calendar_export import export_entries
from jobs.link_sync import sync_links
from jobs.mail_delivery import deliver_mail
from webapp.db import Database
from webapp.models import Contact, EventSettings, Level, Message, ResourceMember

LINK = "https://meet.linden.example/adeyemi"


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        opened = open_office(database, now)
        opened.slots(opened.folake, 2, kind="V")
        yield opened


def vr(office: Office, rest: str = "") -> str:
    return office.path(f"t/{office.folake.id}/vr{rest}")


def save(
    office: Office, url: str, *, was: str = "", htmx: bool = True, browser: Browser | None = None, **more: Any
) -> Any:
    return (browser or office.dora).post(vr(office), {"url": url, "was": was} | more, htmx=htmx)


def test_the_cell_has_a_pencil_that_opens_its_editor(office: Office) -> None:
    """R48"""
    board = cell(office.dora.get(office.path()).text, f"vr-{office.folake.id}")

    answer = office.dora.htmx(vr(office, "/edit"))

    assert " data-edit>" in board
    assert f'hx-get="{vr(office, "/edit")}" hx-target="closest td" hx-swap="outerHTML"' in board
    assert f'href="{office.path(f"t/{office.folake.id}")}"' in board
    assert "Edit Virtual Room, Folake Adeyemi" in board
    assert answer.text.strip().startswith(f'<td id="vr-{office.folake.id}" class="c-v" data-edit>')
    assert " autofocus" in answer.text
    assert f'<form class="vr-edit" method="post" action="{vr(office)}"' in answer.text


def test_a_saved_link_stays_and_serves_the_teachers_virtual_appointments(office: Office) -> None:
    """R47: it is there after reload. R48: only the cell is swapped."""
    slot = office.slots(office.folake, 1, kind="V", day=1)[0]

    answer = save(office, LINK)
    appointment = office.booked(slot)

    assert answer.status_code == 200
    assert cell(answer.text, f"vr-{office.folake.id}") == answer.text.strip()
    assert "Saved. Try it" in words(answer.text)
    assert f'<a href="{LINK}"' in answer.text
    assert f'title="{LINK}"' in cell(office.dora.get(office.path()).text, f"vr-{office.folake.id}")
    assert LINK in office.dora.get(office.path(f"a/{appointment.id}")).text


def test_a_link_in_the_room_is_shown_exactly_and_no_call_is_made(office: Office) -> None:
    """R2: way 1, the link sits in the Room column."""
    [in_person] = office.slots(office.folake, 1, day=1)
    path = office.path(f"t/{office.folake.id}/room")

    answer = office.dora.post(path, {"room": "https://zoom.us/j/1", "was": "112"}, htmx=True)
    appointment = office.booked(in_person)
    sync_links(office.app)

    assert answer.status_code == 200
    assert '<a href="https://zoom.us/j/1"' in office.dora.get(office.path(f"a/{appointment.id}")).text
    assert office.zoom.calls == []


def test_a_link_in_the_virtual_room_is_shown_exactly_and_no_call_is_made(office: Office) -> None:
    """R2"""
    [slot] = office.slots(office.folake, 1, kind="V", day=1)

    save(office, "https://zoom.us/j/1")
    appointment = office.booked(slot)
    sync_links(office.app)

    assert '<a href="https://zoom.us/j/1"' in office.dora.get(office.path(f"a/{appointment.id}")).text
    assert office.zoom.calls == []


def test_http_is_upgraded_with_a_notice(office: Office) -> None:
    """R48"""
    answer = save(office, LINK.replace("https", "http"))

    assert answer.status_code == 200
    assert "Saved as https" in words(answer.text)
    assert office.again(office.folake).virtual_room == LINK


@pytest.mark.parametrize(
    ("abuse", "typed", "said"),
    [
        ("", "javascript:alert(1)", "Only links that start with https:// can be used here."),
        ("ROOM-002", "JaVaScRiPt:alert(1)", "Only links that start with https://"),
        ("ROOM-003", "java\tscript:alert(1)", "no spaces, line breaks or invisible characters"),
        ("ROOM-003", "\x01javascript:alert(1)", "no spaces, line breaks or invisible characters"),
        ("ROOM-003", " javascript:alert(1)", "Only links that start with https://"),
        ("ROOM-005", "vbscript:x", "Only links that start with https://"),
        ("ROOM-005", "file:///etc/passwd", "Only links that start with https://"),
        ("ROOM-005", "view-source:https://zoom.us/j/1", "Only links that start with https://"),
        ("ROOM-006", "//evil.example/j/1", "Paste the whole link"),
        ("ROOM-008", "https://zoom.us@evil.example/j/1", "Remove the part before @"),
        ("ROOM-009", "https://zoom.us\\@evil.example", "cannot hold the character"),
        ("ROOM-012", "https://127.0.0.1/", "not a number address"),
        ("ROOM-012", "https://[::1]/", "not a number address"),
        ("ROOM-012", "https://2130706433/", "not a number address"),
        ("ROOM-014", "https://zoom.us/j/1\r\nATTENDEE:mailto:x@evil.example", "Save this link alone?"),
        ("ROOM-015", "https://zoom.us/" + "x" * 5000, "at most 2,048 characters"),
        ("ROOM-017", "Room 12", "use the Room column"),
        ("ROOM-020", "zoommtg://zoom.us/join?confno=1", "Only links that start with https://"),
    ],
)
def test_anything_else_is_refused_in_the_cell_and_kept_as_typed(
    office: Office, abuse: str, typed: str, said: str
) -> None:
    """R48"""
    save(office, LINK)

    answer = save(office, typed, was=LINK)

    assert answer.status_code == 422, abuse
    editor = cell(answer.text, f"vr-{office.folake.id}")
    assert "Not saved." in words(editor)
    assert said in words(editor)
    assert 'aria-invalid="true"' in editor
    assert f'name="was" value="{LINK}"' in editor
    assert " autofocus" in editor
    assert office.again(office.folake).virtual_room == LINK


def test_what_was_typed_is_escaped_and_shown_again(office: Office) -> None:
    answer = save(office, '"><script>alert(1)</script>')

    assert answer.status_code == 422
    assert "<script>" not in answer.text
    assert 'value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in answer.text


def test_the_one_link_of_a_pasted_invitation_is_offered_and_saved_when_confirmed(office: Office) -> None:
    """ROOM-018"""
    pasted = f"Dora is inviting you to a meeting. Join: {LINK} Passcode: 1234"

    offered = save(office, pasted)
    stored_yet = office.again(office.folake).virtual_room
    confirmed = save(office, pasted, take=LINK)

    assert offered.status_code == 422
    assert f'name="take" value="{LINK}">Save this link</button>' in offered.text
    assert stored_yet == ""
    assert confirmed.status_code == 200
    assert office.again(office.folake).virtual_room == LINK


def test_two_administrators_at_one_cell_overwrite_nothing_unseen(office: Office) -> None:
    """ROOM-024: 409 with both values; saving again, now seen, overwrites."""
    with office.arranged() as session:
        contact = make_contact(session, office.school, "Dana", "Stone", level=Level.ADMINISTRATOR)
        dana = Browser(office.app).sign_in(session, contact, now=office.now)
    save(office, "https://meet.linden.example/first", browser=dana)

    answer = save(office, LINK)
    kept = office.again(office.folake).virtual_room
    seen = save(office, LINK, was="https://meet.linden.example/first")

    assert answer.status_code == 409
    assert "Dana Stone saved “https://meet.linden.example/first” meanwhile" in words(answer.text)
    assert f'name="url" value="{LINK}"' in answer.text
    assert 'name="was" value="https://meet.linden.example/first"' in answer.text
    assert kept == "https://meet.linden.example/first"
    assert seen.status_code == 200


def test_focus_goes_to_the_pencil_unless_the_cell_was_left(office: Office) -> None:
    """After Enter and Cancel; after leaving the cell focus is not pulled back, whether it was saved or refused."""
    entered = save(office, LINK)
    cancelled = office.dora.htmx(vr(office))
    left = save(office, LINK + "/2", was=LINK, via="blur")
    refused = save(office, "nonsense", was=LINK + "/2", via="blur")

    pencil = f'id="vr-{office.folake.id}-edit"'
    for answer in (entered, cancelled):
        assert " autofocus" in answer.text.partition(pencil)[2].partition(">")[0]
    for answer in (left, refused):
        assert " autofocus" not in answer.text


def test_what_happened_is_said_aloud(office: Office) -> None:
    """Out of band, in the region of the shell that exists before."""
    saved = save(office, LINK, via="blur")
    refused = save(office, "nonsense", was=LINK, via="blur")

    assert '<span hx-swap-oob="innerHTML:#say">Saved, Virtual Room of Folake Adeyemi</span>' in saved.text
    assert '<span hx-swap-oob="innerHTML:#say">Not saved. ' in refused.text
    assert "hx-swap-oob" not in office.dora.get(office.path()).text


def test_a_link_typed_while_zoom_is_on_is_kept_and_muted(office: Office) -> None:
    """ROOM-023; R22: stored, not shown to parents, back when the provider is emptied."""
    office.set(provider="zoom")

    answer = save(office, LINK)

    assert answer.status_code == 200
    assert '<bdi class="url off"' in answer.text
    assert "Not used while Zoom is on" in words(answer.text)
    assert office.again(office.folake).virtual_room == LINK


def test_emptying_a_link_says_how_many_appointments_are_left_without(office: Office) -> None:
    """ROOM-026"""
    save(office, LINK)
    for slot in office.slots(office.folake, 2, kind="V", day=1):
        office.booked(slot)

    answer = save(office, "", was=LINK)

    assert "Online appointments without a link now: 2" in words(answer.text)
    assert "No link" in words(answer.text)


def test_the_room_is_edited_likewise(office: Office) -> None:
    """R48"""
    path = office.path(f"t/{office.folake.id}/room")
    editor = office.dora.htmx(f"{path}/edit").text

    saved = office.dora.post(path, {"room": "Lab 2", "was": "112"}, htmx=True)
    refused = office.dora.post(path, {"room": "javascript:alert(1)", "was": "Lab 2"}, htmx=True)
    stale = office.dora.post(path, {"room": "Gym", "was": "112"}, htmx=True)

    assert 'name="room" value="112"' in editor
    assert (saved.status_code, refused.status_code, stale.status_code) == (200, 422, 409)
    assert "Lab 2" in cell(saved.text, f"room-{office.folake.id}")
    assert 'aria-invalid="true"' in cell(refused.text, f"room-{office.folake.id}")
    assert office.again(office.folake).room == "Lab 2"


def test_without_javascript_the_pencil_leads_to_a_page_with_both_forms(office: Office) -> None:
    path = office.path(f"t/{office.folake.id}")
    page = office.dora.get(path).text

    answer = save(office, LINK, htmx=False)
    after = office.dora.get(path).text
    refused = save(office, "nonsense", was=LINK, htmx=False)

    assert f'action="{path}/vr"' in page
    assert f'action="{path}/room"' in page
    forms = page.partition('aria-labelledby="h-teacher"')[2].partition("/remove")[0]
    assert "hx-post" not in forms
    assert (answer.status_code, answer.location) == (303, path)
    assert "Saved" in words(after)
    assert refused.status_code == 422
    assert "<html" in refused.text
    assert refused.text.count('aria-invalid="true"') == 1


def test_a_link_of_one_event_is_not_that_of_another(office: Office) -> None:
    """R24, R47: in this event."""
    _, elsewhere = office.another_event()

    save(office, LINK)

    assert office.again(elsewhere).virtual_room == ""
    assert {row.provider for row in office.all(EventSettings)} == {None}


@pytest.mark.parametrize(
    ("column", "kind", "field", "was", "text"),
    [("vr", "V", "url", "", LINK), ("room", "P", "room", "112", "Lab 14")],
)
def test_what_is_saved_reaches_the_calendars_of_the_teachers_and_mails_nobody(
    office: Office, column: str, kind: str, field: str, was: str, text: str
) -> None:
    """R99: families had booked before. Families are mailed when the office says so."""
    with office.arranged() as session:
        member = session.exec(select(ResourceMember).where(ResourceMember.resource_id == office.folake.id)).one()
        folake = session.get_one(Contact, member.contact_id)
        make_calendar_link(session, folake, calendar_id="main", saved_at=office.now)
    [slot] = office.slots(office.folake, 1, kind=kind, day=1)
    office.booked(slot)
    export_entries(office.app)
    deliver_mail(office.app)
    before = office.calendars.standing()[0].order.location

    answer = office.dora.post(office.path(f"t/{office.folake.id}/{column}"), {field: text, "was": was}, htmx=True)
    export_entries(office.app)

    assert (answer.status_code, before) == (200, was)
    assert [entry.order.location for entry in office.calendars.standing()] == [text]
    assert [mail.kind for mail in office.all(Message) if mail.sent_at is None] == []


def test_a_cell_that_does_not_exist_is_not_found(office: Office) -> None:
    assert office.dora.get(office.path(f"t/{office.folake.id}/name")).status_code == 404
    assert office.dora.get(office.path("t/999999/vr")).status_code == 404
