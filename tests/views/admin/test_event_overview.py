"""Overview of an event: preflight from stored facts, Check now, and opening in spite of red items."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from event_office import Office, open_office, words
from factories import EVENING, make_resource, make_slot
from online_office import time_stands_at
from sqlalchemy import insert
from sqlmodel import select
from statements import statements

from jobs.tasks import run_tasks
from webapp.db import Database
from webapp.models import Audit, Connection, EventSettings, Host, Level, Slot, Task
from webapp.models.base import new_token
from webapp.providers.base import PasscodeRule
from webapp.services.system.audit import SYSTEM
from webapp.services.system.installation import hold

ASKS = "Why do you open all the same?"
LINK = "https://meet.linden.example/adeyemi"


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    """Clean, with Zoom on and virtual slots for both teachers."""
    with time_stands_at(now):
        office = open_office(database, now)
        with office.arranged() as session:
            session.exec(select(Connection)).one().mapped_at = now - timedelta(hours=2)
            for host in session.exec(select(Host)):
                host.passcode_rule = "{}"
        office.set(provider="zoom", opens_at=None)
        office.slots(office.folake, 4, kind="V")
        office.slots(office.hugh, 4, kind="PV")
        yield office
        office.app.extensions["confab"].database.dispose()


def page(office: Office) -> str:
    """What Preflight says, and what stands below it."""
    html = office.dora.get(office.path("overview")).text
    return words(html.partition('id="preflight"')[2])


def pend(office: Office) -> None:
    """Folake's user is only invited."""
    with office.arranged() as session:
        host = session.exec(select(Host).order_by(Host.id)).first()
        assert host
        host.state, host.remote_id = "pending", ""


def open_it(office: Office, opens_at: str = "2026-11-23T08:00", provider: str = "zoom", **typed: str) -> Any:
    return office.dora.post(office.path("settings/ui-setup"), {"opens_at": opens_at, "provider": provider} | typed)


def stored(office: Office) -> EventSettings:
    with office.database.reading() as session:
        return session.get_one(EventSettings, office.event.id)


def logged(office: Office) -> list[Audit]:
    return [row for row in office.all(Audit) if row.action == "event.opened_with_red"]


def test_a_clean_event_says_so_with_the_age_of_what_is_known(office: Office) -> None:
    text = page(office)

    assert "Nothing stands in the way" in text
    assert "as of Mon, Nov 23, 7:00 AM" in text
    assert "This event as of Mon, Nov 23, 9:00 AM" in text
    assert "Will fail" not in text
    assert "Look at this" not in text


def test_what_will_fail_is_named_with_object_remedy_and_the_place_to_go(office: Office) -> None:
    """R29, R71, R83"""
    pend(office)
    with office.arranged() as session:
        session.merge(office.hugh).virtual_room = LINK

    html = office.dora.get(office.path("overview")).text

    text = words(html)
    assert "1 item will make links fail" in text
    assert "Invited to Zoom, not accepted yet Folake Adeyemi" in text
    assert "accepts it. Resend it under Pending Users" in text
    assert "Zoom integration is on; the typed link is not used Hugh Barlow" in text
    assert f'<a href="{office.path("settings/ui-setup")}">Open UI Setup</a>' in html


@pytest.mark.parametrize(
    ("kind", "said"),
    [(None, "This event has no slots yet."), ("P", "All slots are In-Person, so no links are needed.")],
)
def test_an_event_without_virtual_slots_says_so_calmly(office: Office, kind: str | None, said: str) -> None:
    with office.arranged() as session:
        for slot in session.exec(select(Slot)):
            if kind:
                slot.kind = kind
            else:
                session.delete(slot)
    office.set(provider=None)

    text = page(office)

    assert said in text
    assert "Nothing stands in the way" in text
    assert "Check now" not in text


def test_check_now_queues_the_look_and_the_page_follows_it(office: Office) -> None:
    """Facts come by the job alone: users, and each host's passcode rule, with their time."""
    office.zoom.rules[office.all(Host)[0].remote_id] = PasscodeRule(length=12)
    before = page(office)

    begun = office.dora.post(office.path("preflight"), htmx=True).text
    asked_of_zoom = list(office.zoom.calls)
    again = office.dora.post(office.path("preflight"), htmx=True).text

    assert "cannot be met" not in before
    assert asked_of_zoom == []
    assert "Checking Zoom" in words(begun)
    assert f'hx-get="{office.path("preflight")}" hx-trigger="every 1s"' in begun
    assert "Checking Zoom" in words(again)
    assert len(office.all(Task)) == 1
    run_tasks(office.app)
    ended = office.dora.htmx(office.path("preflight")).text
    assert "hx-trigger" not in ended
    assert "Zoom's passcode rule cannot be met with 10 characters Folake Adeyemi" in words(ended)
    assert "as of Mon, Nov 23, 9:00 AM" in words(ended)


def test_without_javascript_check_now_leads_back_to_the_page(office: Office) -> None:
    answer = office.dora.post(office.path("preflight"))

    assert (answer.status_code, answer.location) == (303, office.path("overview"))
    assert len(office.all(Task)) == 1


@pytest.mark.parametrize("why", ["not connected", "on hold", "no provider"])
def test_where_nobody_can_be_asked_nothing_is_queued(office: Office, why: str) -> None:
    with office.arranged() as session:
        if why == "on hold":
            hold(session, because="restored", who=SYSTEM, now=office.now)
        session.exec(select(Connection)).one().disconnected_at = office.now if why == "not connected" else None
    office.set(provider=None if why == "no provider" else "zoom")

    answer = office.dora.post(office.path("preflight"), htmx=True)

    assert answer.status_code == 200
    assert "Check now" not in answer.text
    assert office.all(Task) == []


def test_opening_without_red_items_asks_for_nothing(office: Office) -> None:
    with office.arranged() as session:
        session.merge(office.hugh).virtual_room = LINK  # amber

    answer = open_it(office)

    assert answer.status_code == 303
    assert stored(office).opens_at is not None
    assert logged(office) == []
    assert ASKS not in office.dora.get(answer.location).text


def test_opening_with_red_items_asks_for_a_reason_and_keeps_what_was_typed(office: Office) -> None:
    pend(office)

    answer = open_it(office, reason="   ", closes_at="2026-12-02T20:00")

    text = words(answer.text)
    assert answer.status_code == 422
    assert "Before you open" in text
    assert "Invited to Zoom, not accepted yet Folake Adeyemi" in text
    assert "Links will fail. Put that right first, or say why you open all the same." in text
    assert 'value="2026-11-23T08:00"' in answer.text
    assert 'value="2026-12-02T20:00"' in answer.text
    assert stored(office).opens_at is None
    assert logged(office) == []


def test_with_a_reason_it_opens_and_who_when_and_which_items_are_logged(office: Office) -> None:
    pend(office)

    answer = open_it(office, reason="She accepts it tonight")

    [row] = logged(office)
    detail = json.loads(row.detail)
    assert answer.status_code == 303
    assert stored(office).opens_at is not None
    assert abs(row.at - office.now) < timedelta(minutes=1)
    assert (row.subject, row.school_id) == (f"event {office.event.id}", office.school.id)
    assert row.login_id is not None
    assert detail == {"reason": "She accepts it tonight", "items": f"pending (resource {office.folake.id})"}
    assert "Opened with red items on Mon, Nov 23, 9:00 AM by Dora Whitlock: She accepts it tonight" in page(office)


def test_a_reason_that_is_too_long_or_beside_another_error_is_kept(office: Office) -> None:
    pend(office)

    long = open_it(office, reason="x" * 501)
    other = open_it(office, opens_at="2026-03-08T02:30", reason="She accepts it tonight")

    assert (long.status_code, other.status_code) == (422, 422)
    assert "Use at most 500 characters." in words(long.text)
    assert "x" * 501 in long.text
    assert ">She accepts it tonight</textarea>" in other.text
    assert logged(office) == []


def test_the_provider_of_the_same_form_counts(office: Office) -> None:
    """Judged by the settings as they will be: without Zoom, links have to be typed."""
    refused = open_it(office, provider="")

    assert refused.status_code == 422
    assert "Virtual slots, but no link typed and no provider on Folake Adeyemi , Hugh Barlow" in words(refused.text)
    assert stored(office).provider == "zoom"


@pytest.mark.parametrize(
    ("before", "typed", "asks"),
    [
        ({"opens_at": None}, {"opens_at": "2026-12-01T08:00"}, True),
        ({"opens_at": None}, {"opens_at": ""}, False),
        ({"opens_at": timedelta(days=-2)}, {"opens_at": "2026-11-21T09:00", "closes_at": "2026-12-02T20:00"}, False),
        ({"opens_at": timedelta(days=-2)}, {"opens_at": "2026-11-20T09:00"}, False),
        ({"opens_at": timedelta(days=-2), "closes_at": timedelta(days=-1)}, {"opens_at": "2026-11-21T09:00"}, True),
        ({"opens_at": timedelta(days=2)}, {"opens_at": "2026-11-25T09:00", "admins_may_preview": "1"}, False),
        ({"opens_at": timedelta(days=2)}, {"opens_at": "2026-11-24T09:00"}, True),
        ({"opens_at": None}, {"opens_at": "2026-11-01T09:00", "closes_at": "2026-11-02T09:00"}, False),
    ],
    ids=["set", "left blank", "end moved", "start moved while open", "opened again", "same time", "earlier", "past"],
)
def test_only_what_opens_is_asked_about(
    office: Office, before: dict[str, timedelta | None], typed: dict[str, str], asks: bool
) -> None:
    pend(office)
    office.set(**{name: office.now + ago if ago is not None else None for name, ago in before.items()})

    assert open_it(office, **typed).status_code == (422 if asks else 303)


def test_links_lead_to_where_the_remedy_is_done(office: Office) -> None:
    """Each opens; what only Administrators may do is not offered to others."""
    with office.arranged() as session:
        hosts = list(session.exec(select(Host).order_by(Host.id)))
        hosts[0].state, hosts[1].state = "no_email", "not_found"
        make_resource(session, office.event)
        make_slot(session, make_resource(session, office.event), kind="V")
    places = ["setup/business", "importer", f"e/{office.event.id}/slots/create", f"e/{office.event.id}/?teacher="]

    html = office.dora.get(office.path("overview")).text
    dans = office.someone(Level.EVENT_ADMINISTRATOR, office.event).get(office.path("overview")).text

    main, his = (page.partition("<main")[2] for page in (html, dans))
    for place in places:
        [address, *_] = re.findall(rf'<a href="({office.base}/{re.escape(place)}[^"]*)"', main)
        assert office.dora.get(address.partition("#")[0]).status_code == 200, place
    assert "Open the Importer" not in his
    assert "Open Integration Options" not in his


@pytest.mark.both_databases
def test_the_number_of_queries_is_the_same_at_10_1000_and_10000_slots(office: Office) -> None:
    counted = {number: _cost(office, number) for number in (10, 1000, 10_000)}

    assert len(set(counted.values())) == 1, counted
    assert counted[10] <= 32


def test_teachers_and_other_schools_may_not_look(office: Office) -> None:
    viewer, stranger = office.someone(Level.VIEWER), office.someone(Level.ADMINISTRATOR, school=office.another_school())

    assert viewer.get(office.path("overview")).status_code == 403
    assert stranger.get(office.path("overview")).status_code == 404


def _cost(office: Office, number: int) -> int:
    """Queries of the page once the event has so many slots."""
    have, later = len(office.all(Slot)), office.now + timedelta(days=20)
    ties = {"school_id": office.school.id, "event_id": office.event.id, "kind": "V", "visibility": "visible"}
    rows = [
        ties
        | {"resource_id": office.folake.id, "token": new_token(), "message": "", "capacity": 1, "version": 1}
        | {
            "starts_at": later + timedelta(minutes=n),
            "ends_at": later + timedelta(minutes=n + 1),
        }
        | {"wall_start": EVENING.isoformat("T", "minutes")}
        for n in range(have, number)
    ]
    with office.arranged() as session:
        session.execute(insert(Slot), rows)
    with statements(office.app) as sent:
        assert office.dora.get(office.path("overview")).status_code == 200
    return len(sent)
