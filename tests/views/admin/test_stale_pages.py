"""Two tabs: a page that stood open takes back nothing that somebody else has changed since."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from event_office import Office, open_office
from factories import make_class, make_contact, make_student, make_teacher
from online_office import time_stands_at
from sqlmodel import SQLModel

from webapp.db import Database
from webapp.models import Contact, Level

pytestmark = pytest.mark.both_databases


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def opened(office: Office, what: str) -> tuple[str, SQLModel]:
    """The page's address, and the row that it edits."""
    with office.arranged() as session:
        mia = make_student(session, office.school, "Mia", "Alvarez", grade="4")
        science = make_class(session, office.school, make_teacher(session, office.school, "Ines"), mia)
    pages: dict[str, tuple[str, SQLModel]] = {
        "details": (office.path("details"), office.event),
        "school": (f"{office.base}/setup/business", office.school),
        "contact": (f"{office.base}/contacts/{office.alice.id}", office.alice),
        "student": (f"{office.base}/students/{mia.id}", mia),
        "class": (office.path(f"classes/{science.id}"), science),
    }
    return pages[what]


@pytest.mark.parametrize(
    ("what", "theirs", "mine"),
    [
        ("details", {"description": "Bring a pen.\r\nOr two."}, {"location": "Aula"}),
        ("school", {"time_format": "24", "asks_phone": "1"}, {"sender_name": "The office"}),
        ("contact", {"email": "new@linden.example", "address": "1 Elm St\r\nTown"}, {"phone": "555 0100"}),
        ("student", {"security_value": "2016-05-04", "grade": "5"}, {"last": "Álvarez"}),
        ("class", {"appointments_allowed": "3"}, {"group_name": "Juniors"}),
    ],
)
def test_what_somebody_else_has_saved_stays_where_the_page_was_left_as_it_was(
    office: Office, what: str, theirs: dict[str, str], mine: dict[str, str]
) -> None:
    address, row = opened(office, what)
    stale = office.shown(address)
    office.dora.post(address, stale | theirs)

    answer = office.dora.post(address, stale | mine)

    now = office.again(row)
    wanted = {name: text.replace("\r\n", "\n") for name, text in (theirs | mine).items()}
    assert answer.status_code == 303
    assert {name: str(int(value) if value is True else value) for name in wanted for value in [getattr(now, name)]} == (
        wanted
    )


@pytest.mark.parametrize("what", ["details", "school", "contact", "student", "class"])
def test_a_page_that_is_saved_as_it_was_shown_changes_nothing(office: Office, what: str) -> None:
    address, row = opened(office, what)
    before = office.again(row).model_dump()

    answer = office.dora.post(address, office.shown(address))

    assert (answer.status_code, office.again(row).model_dump()) == (303, before)


def test_staff_whose_address_somebody_else_has_changed_are_not_asked_about_by_a_page_that_stood_open(
    office: Office,
) -> None:
    """ADMIN-014 asks who changes an address: this page does not."""
    with office.arranged() as session:
        grace = make_contact(session, office.school, "Grace", level=Level.VIEWER)
    address = f"{office.base}/contacts/{grace.id}"
    stale = office.shown(address)
    with office.arranged() as session:
        session.get_one(Contact, grace.id).email = "grace@linden.example"

    answer = office.dora.post(address, stale | {"phone": "555 0100"})

    now = office.again(grace)
    assert (answer.status_code, now.email, now.phone) == (303, "grace@linden.example", "555 0100")


def test_what_is_stored_and_could_not_be_typed_is_no_trouble(office: Office) -> None:
    with office.arranged() as session:
        session.get_one(Contact, office.alice.id).phone = "555\t0100"
    address = f"{office.base}/contacts/{office.alice.id}"

    answer = office.dora.post(address, office.shown(address) | {"last": "Álvarez", "phone": "555 0100"})

    now = office.again(office.alice)
    assert (answer.status_code, now.last, now.phone) == (303, "Álvarez", "555 0100")


def test_a_page_of_before_an_update_that_does_not_say_what_it_showed_is_saved_as_it_was_typed(office: Office) -> None:
    """Also where it was refused in between: what was typed is not taken for what was shown."""
    address = office.path("details")
    refused = office.dora.post(address, {"name": " ", "location": "Aula"})

    answer = office.dora.post(address, office.shown(address, refused.text) | {"name": "Fall"})

    event = office.again(office.event)
    assert (refused.status_code, answer.status_code) == (422, 303)
    assert (event.name, event.location) == ("Fall", "Aula")
