"""Vendor Access and Parent-Student Relationship: levels, grants and ties, given and taken away."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from app import Browser
from event_office import Office, open_office, words
from factories import make_contact, make_event, make_guardian, make_resource, make_student
from online_office import time_stands_at

from webapp.db import Database
from webapp.models import Audit, Contact, Event, Grant, Guardian, Level, Resource


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def colleague(office: Office, level: Level = Level.VIEWER, **values: Any) -> Contact:
    with office.arranged() as session:
        return make_contact(session, office.school, "Bob", "Weiss", level=level, **values)


def send(office: Office, contact: Contact, path: str = "", **typed: Any) -> Any:
    return office.dora.post(f"{office.base}/contacts/{contact.id}/access{path}", typed)


def level_of(office: Office, contact: Contact) -> int:
    return next(row.level for row in office.all(Contact) if row.id == contact.id)


def told(office: Office, action: str) -> list[tuple[str, str]]:
    return [(row.subject, row.detail) for row in office.all(Audit) if row.action == action]


def test_a_level_is_given_and_audited(office: Office) -> None:
    """RELIABILITY T5"""
    bob = colleague(office)

    answer = send(office, bob, level="4")

    assert answer.status_code == 303
    assert level_of(office, bob) == Level.EVENT_ADMINISTRATOR
    assert told(office, "contact.level") == [(f"contact {bob.id}", '{"was": 1, "level": 4}')]


def test_a_school_is_never_left_without_an_administrator_who_can_sign_in(office: Office) -> None:
    dora = next(row for row in office.all(Contact) if row.level == Level.ADMINISTRATOR)
    colleague(office, Level.ADMINISTRATOR, email=None)

    alone = send(office, dora, level="1")
    colleague(office, Level.ADMINISTRATOR)
    with_bob = send(office, dora, level="1")

    assert (alone.status_code, with_bob.status_code) == (409, 303)
    assert "A school needs an Administrator who can sign in." in words(alone.text)
    assert level_of(office, dora) == Level.VIEWER


def test_whoever_has_no_address_gets_no_level(office: Office) -> None:
    bob = colleague(office, Level.CUSTOMER, email=None)

    answer = send(office, bob, level="1")

    assert answer.status_code == 422
    assert "Whoever signs in needs an email." in words(answer.text)


def test_a_family_s_long_sign_in_ends_when_it_becomes_staff_s(office: Office) -> None:
    """RELIABILITY T8"""
    bob = colleague(office, Level.CUSTOMER)
    with office.arranged() as session:
        browser = Browser(office.app).sign_in(session, session.get_one(Contact, bob.id), now=office.now)
    before = browser.get("/schools").status_code

    send(office, bob, level="1")

    assert (before, browser.get("/schools").status_code) == (200, 303)


@pytest.mark.parametrize("level", ["6", "-1", "x", ""])
def test_there_are_six_levels(office: Office, level: str) -> None:
    bob = colleague(office)

    answer = send(office, bob, level=level)

    assert answer.status_code == 422
    assert level_of(office, bob) == Level.VIEWER


@pytest.mark.parametrize("level", [level for level in Level if level < Level.ADMINISTRATOR])
def test_nobody_below_administrator_gives_levels_and_the_try_is_audited(office: Office, level: Level) -> None:
    """ADMIN-014"""
    bob = colleague(office, level)
    with office.arranged() as session:
        browser = Browser(office.app).sign_in(session, session.get_one(Contact, bob.id), now=office.now)

    answer = browser.post(f"{office.base}/contacts/{bob.id}/access", {"level": "5"})

    assert answer.status_code == (403 if level else 404)
    assert level_of(office, bob) == level
    refused = [row for row in office.all(Audit) if row.action == "access.refused"]
    assert [row.detail for row in refused] == (['{"endpoint": "vendor_access.level"}'] if level else [])


def test_events_and_resources_are_granted_once_and_taken_away(office: Office) -> None:
    bob = colleague(office, Level.RESOURCE_ADMINISTRATOR)

    for _ in range(2):
        send(office, bob, "/event", event=office.event.id)
        send(office, bob, "/resources", event=office.event.id, resources=[office.folake.id, office.hugh.id])

    grants = office.all(Grant)
    page = words(office.dora.get(f"{office.base}/contacts/{bob.id}/access").text)
    assert [(row.event_id, row.resource_id) for row in grants] == [
        (office.event.id, None),
        (None, office.folake.id),
        (None, office.hugh.id),
    ]
    assert "Fall Conferences 2026 All resources Remove" in page
    assert "Fall Conferences 2026 Folake Adeyemi Remove" in page
    for row in grants[:2]:
        send(office, bob, "/remove", grant=row.id)
    assert [row.resource_id for row in office.all(Grant)] == [office.hugh.id]
    assert [len(told(office, action)) for action in ("grant.add", "grant.remove")] == [3, 2]


def test_the_resources_of_an_event_are_offered(office: Office) -> None:
    bob = colleague(office)

    page = office.dora.get(f"{office.base}/contacts/{bob.id}/access?event={office.event.id}").text

    assert f'name="resources" value="{office.folake.id}"' in page


def test_what_belongs_to_another_school_or_contact_is_neither_granted_nor_taken(office: Office) -> None:
    """RELIABILITY T6"""
    bob, eve = colleague(office), colleague(office, email="eve@linden.example")
    other = office.another_school()
    with office.arranged() as session:
        event = make_event(session, other)
        resource = make_resource(session, event)
    send(office, eve, "/event", event=office.event.id)
    [grant] = office.all(Grant)

    answers = [
        send(office, bob, "/event", event=event.id),
        send(office, bob, "/resources", event=event.id, resources=[resource.id]),
        send(office, bob, "/resources", event=office.event.id, resources=[resource.id]),
        office.dora.get(f"{office.base}/contacts/{bob.id}/access?event={event.id}"),
    ]
    send(office, bob, "/remove", grant=grant.id)

    assert [answer.status_code for answer in answers] == [404] * 4
    assert [row.contact_id for row in office.all(Grant)] == [eve.id]


def test_no_resource_chosen_is_said(office: Office) -> None:
    bob = colleague(office)

    answer = send(office, bob, "/resources", event=office.event.id)

    assert answer.status_code == 422
    assert "Choose at least one resource." in words(answer.text)


def test_a_student_is_linked_by_id_and_unlinked_by_either_side(office: Office) -> None:
    with office.arranged() as session:
        mia = make_student(session, office.school, student_ref="S-1")
    children, parents = f"{office.base}/contacts/{office.alice.id}/students", f"{office.base}/students/{mia.id}/parents"

    for _ in range(2):
        assert office.dora.post(children, {"ref": " S-1 "}).status_code == 303
    shown = [words(office.dora.get(page).text) for page in (children, parents)]
    linked = len(office.all(Guardian))
    office.dora.post(f"{children}/remove", {"remove": mia.id})
    gone = len(office.all(Guardian))
    office.dora.post(parents, {"ref": (office.alice.email or "").upper()})
    again = len(office.all(Guardian))
    office.dora.post(f"{parents}/remove", {"remove": office.alice.id})

    assert (linked, gone, again, len(office.all(Guardian))) == (1, 0, 1, 0)
    assert "Mia Alvarez S-1" in shown[0]
    assert f"Alice Alvarez {office.alice.email}" in shown[1]
    assert [len(told(office, action)) for action in ("guardian.add", "guardian.remove")] == [2, 2]


def test_an_unknown_id_and_another_school_s_are_refused_alike(office: Office) -> None:
    other = office.another_school()
    with office.arranged() as session:
        mia = make_student(session, office.school, student_ref="S-1")
        foreign = make_student(session, other, student_ref="S-9")
        eve = make_contact(session, other, email="eve@elsewhere.example")
    children, parents = f"{office.base}/contacts/{office.alice.id}/students", f"{office.base}/students/{mia.id}/parents"

    answers = [office.dora.post(children, {"ref": ref}) for ref in ("S-9", "S-404")]
    answers += [office.dora.post(parents, {"ref": eve.email}), office.dora.post(parents, {"ref": ""})]
    hidden = [
        office.dora.post(f"{children}/remove", {"remove": foreign.id}),
        office.dora.post(f"{parents}/remove", {"remove": eve.id}),
    ]

    assert [answer.status_code for answer in answers] == [422] * 4
    assert "No student of your school has this StudentID." in words(answers[0].text)
    assert "No contact of your school has this email or ParentID." in words(answers[2].text)
    assert [answer.status_code for answer in hidden] == [404] * 2
    assert office.all(Guardian) == []


def many(office: Office, number: int = 120) -> None:
    """So many children of Alice's, and schedules of the event."""
    with office.arranged() as session:
        for n in range(number):
            child = make_student(session, office.school, f"Zoë {n:03}", "Ortiz", student_ref=f"S-{n:03}")
            make_guardian(session, office.alice, child)
            make_resource(session, office.event, name=f"Room {n:03}")


def test_a_long_list_of_children_comes_in_pages_and_is_searched_without_accents(office: Office) -> None:
    many(office)
    at = f"{office.base}/contacts/{office.alice.id}/students"

    first = words(office.dora.get(at).text)
    third = words(office.dora.post(f"{at}/find", {"page": "3"}).text)
    beyond = words(office.dora.post(f"{at}/find", {"page": "9999"}).text)
    found = words(office.dora.post(f"{at}/find", {"words": "zoe s-11"}).text)
    nobody = words(office.dora.post(f"{at}/find", {"words": "nobody"}).text)
    odd = office.dora.post(f"{at}/find", {"page": "x"})

    assert "Showing 1–50 of 120" in first
    assert "Showing 101–120 of 120" in third
    assert ["Zoë 000 Ortiz" in first, "Zoë 050 Ortiz" in first] == [True, False]
    assert beyond == third
    assert [f"S-{n}" in found for n in (109, 110, 119)] == [False, True, True]
    assert "Nobody found. Try fewer letters." in nobody
    assert odd.status_code == 200


def test_a_short_list_has_neither_pages_nor_a_search(office: Office) -> None:
    many(office, 2)

    page = office.dora.get(f"{office.base}/contacts/{office.alice.id}/students").text

    assert "tie-find" not in page


def test_grants_and_resources_come_in_pages_and_are_searched(office: Office) -> None:
    many(office)
    bob = colleague(office, Level.RESOURCE_ADMINISTRATOR)
    rooms = [row.id for row in office.all(Resource) if row.name.startswith("Room")]
    send(office, bob, "/resources", event=office.event.id, resources=rooms)

    about = {"of": "resources", "event": office.event.id}
    second = send(office, bob, "/find", page=2, **about).text
    found = send(office, bob, "/find", words="room 11", **about).text
    granted = send(office, bob, "/find", words="room 11", of="grants").text

    assert len(office.all(Grant)) == 120
    assert second.count('name="resources"') == 50
    assert found.count('name="resources"') == 11
    assert granted.count('name="grant"') == 11


def test_a_deleted_event_s_access_is_not_given(office: Office) -> None:
    bob = colleague(office)
    with office.arranged() as session:
        session.get_one(Event, office.event.id).deleted_at = office.now

    assert send(office, bob, "/event", event=office.event.id).status_code == 404


def test_the_newest_events_are_offered_and_others_are_found_by_name(office: Office) -> None:
    with office.arranged() as session:
        for n in range(60):
            make_event(session, office.school, name=f"Evening {n}", created_at=office.now)
    bob = colleague(office)
    at = f"{office.base}/contacts/{bob.id}/access"

    page, found = office.dora.get(at).text, office.dora.get(f"{at}?named=fall&event=").text

    assert "The newest 50 of 61" in words(page)
    assert "Fall Conferences 2026" not in words(page)
    assert "Fall Conferences 2026" in words(found)
