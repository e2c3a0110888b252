"""People who work for several schools switch between them, and take nothing along."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from app import Browser
from event_office import Office, open_office, words
from factories import make_contact, make_event, make_school
from online_office import time_stands_at
from sqlalchemy import text

from webapp.db import Database
from webapp.models import Contact, Event, Level, School, metadata


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


@pytest.fixture
def birch(office: Office) -> School:
    """Another school, in which Dora is an Appointment Viewer."""
    with office.arranged() as session:
        school = make_school(session, name="Birch Academy")
        dora = session.get_one(Contact, next(row.id for row in office.all(Contact) if row.first == "Dora"))
        make_contact(session, school, "Dora", "Whitlock", email=dora.email, login_id=dora.login_id, level=Level.VIEWER)
        make_event(session, school, name="Birch Evening")
    return school


def test_the_vendor_pull_down_leads_from_one_school_to_the_other(office: Office, birch: School) -> None:
    """PRODUCT 1.2, 2.1"""
    page = office.dora.get(f"{office.base}/events").text
    there = office.dora.get(f"/s/{birch.slug}/", follow_redirects=True)

    assert "Vendor: Linden Park School" in words(page)
    assert f'href="/s/{birch.slug}/"' in page
    assert there.status_code == 200
    assert "Birch Academy" in there.text


def test_who_works_for_one_school_sees_no_pull_down(office: Office) -> None:
    assert "Vendor" not in words(office.dora.get(f"{office.base}/events").text)


def test_being_a_parent_elsewhere_is_no_second_vendor(office: Office, birch: School) -> None:
    with office.arranged() as session:
        row = next(row for row in office.all(Contact) if row.school_id == birch.id)
        session.get_one(Contact, row.id).level = Level.CUSTOMER

    assert "Vendor" not in words(office.dora.get(f"{office.base}/events").text)


def test_the_level_of_one_school_counts_for_nothing_in_the_other(office: Office, birch: School) -> None:
    """PRODUCT 1.2, RELIABILITY T6: Administrator here, Viewer there."""
    rest = ["events", "contacts", "importer", "setup/business", "setup/contacts", "setup/audit", "online-meetings"]

    assert {office.dora.get(f"{office.base}/{path}").status_code for path in rest} == {200}
    assert {office.dora.get(f"/s/{birch.slug}/{path}").status_code for path in rest} == {403}


def test_one_school_s_ids_are_nothing_under_the_other_s_address(office: Office, birch: School) -> None:
    """URL-032, RELIABILITY T6"""
    there = next(row for row in office.all(Event) if row.school_id == birch.id)
    before = everything(office.database)

    answers = [
        office.dora.get(f"{office.base}/e/{there.id}/appointments"),
        office.dora.get(f"{office.base}/e/{there.id}/settings/ui-setup"),
        office.dora.post(f"{office.base}/e/{there.id}/settings/ui-setup", {"provider": "zoom"}),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert everything(office.database) == before


def test_there_is_no_pull_down_while_logged_in_as_a_teacher(office: Office, birch: School) -> None:
    """RELIABILITY T10"""
    folake = next(row for row in office.all(Contact) if row.first == "Folake")
    office.dora.post(f"{office.base}/as/{folake.id}")

    assert "Vendor" not in words(office.dora.get(f"{office.base}/reports/teachers-schedule").text)


def test_a_parent_who_works_for_the_school_finds_the_admin_ui(office: Office) -> None:
    """PRODUCT 2.16"""
    with office.arranged() as session:
        teacher = next(row for row in office.all(Contact) if row.first == "Folake")
        folake = Browser(office.app).sign_in(session, session.get_one(Contact, teacher.id), now=office.now)
        alice = Browser(office.app).sign_in(session, session.get_one(Contact, office.alice.id), now=office.now)
    path = f"/{office.school.slug}/{office.event.slug}/mine"

    assert f'href="{office.base}/">Admin UI' in folake.get(path).text
    assert "Admin UI" not in alice.get(path).text


def everything(database: Database) -> dict[str, list[Any]]:
    with database.reading() as session:
        return {
            table.name: [tuple(row) for row in session.execute(text(f'SELECT * FROM "{table.name}"'))]
            for table in metadata.sorted_tables
        }


@pytest.fixture
def allowed(office: Office) -> Office:
    """Whoever runs the installation lets Administrators add schools."""
    confab = office.app.extensions["confab"]
    settings = confab.settings.model_copy(update={"new_accounts": True})
    office.app.extensions["confab"] = replace(confab, settings=settings)
    return office


def add_account(office: Office, **typed: str) -> Any:
    page = f"{office.base}/add-account"
    about = {"name": "Birch Academy", "slug": "birch", "zone": "Europe/Berlin", "key": office.dora.key(page)}
    return office.dora.post(page, about | typed)


def test_an_administrator_adds_a_school_of_which_nobody_else_is_administrator(allowed: Office) -> None:
    """PRODUCT 2.1: Add New Account"""
    menu = words(allowed.dora.get(f"{allowed.base}/events").text)

    added = add_account(allowed)

    assert "Add New Account" in menu
    assert added.headers["Location"] == "/s/birch/setup/business"
    assert allowed.dora.get("/s/birch/setup/business").status_code == 200
    birch = next(row for row in allowed.all(School) if row.slug == "birch")
    assert (birch.name, birch.zone) == ("Birch Academy", "Europe/Berlin")
    assert [(row.first, row.level) for row in allowed.all(Contact) if row.school_id == birch.id] == [("Dora", 5)]


def test_a_second_click_adds_no_second_school(allowed: Office) -> None:
    """RELIABILITY D2"""
    key = allowed.dora.key(f"{allowed.base}/add-account")

    first, second = (add_account(allowed, key=key) for _ in range(2))

    assert (first.status_code, second.headers["Location"]) == (303, first.headers["Location"])
    assert len([row for row in allowed.all(School) if row.slug == "birch"]) == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"slug": "zoom"}, "Choose another short name: small letters, digits and hyphens."),
        ({"slug": "linden"}, "Another school has this short name. Choose another one."),
        ({"zone": "Mars/Base"}, "Choose a time zone such as America/Chicago."),
        ({"name": " "}, "Fill this in."),
    ],
)
def test_what_cannot_be_a_school_is_refused_at_its_field(allowed: Office, typed: dict[str, str], said: str) -> None:
    with allowed.arranged() as session:
        make_school(session, slug="linden")

    answer = add_account(allowed, **typed)

    assert answer.status_code == 422
    assert said in words(answer.text)
    assert not [row for row in allowed.all(School) if row.slug == "birch"]


def test_without_the_operator_s_leave_there_is_no_such_page(office: Office) -> None:
    answers = [office.dora.get(f"{office.base}/add-account"), office.dora.post(f"{office.base}/add-account")]

    assert [answer.status_code for answer in answers] == [404, 404]


def test_only_administrators_are_offered_it(allowed: Office) -> None:
    bob = allowed.someone(Level.EVENT_ADMINISTRATOR, allowed.event)

    assert "Add New Account" not in words(bob.get(f"{allowed.base}/events").text)
    assert bob.get(f"{allowed.base}/add-account").status_code == 403


def test_ten_schools_a_day_are_enough(allowed: Office) -> None:
    for n in range(10):
        add_account(allowed, slug=f"birch-{n}")

    answer = add_account(allowed, slug="birch-10")

    assert answer.status_code == 429
    assert "Too many tries." in words(answer.text)
