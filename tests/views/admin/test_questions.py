"""The page of services and appointment fields: the red X, the two lists, and what it must not be taken for."""

from collections.abc import Iterator
from typing import Any

import pytest
from event_office import Office, open_office, words
from online_office import time_stands_at
from sqlmodel import select

from webapp.db import Database
from webapp.models import AppointmentField, Service


@pytest.fixture
def office(database: Database, now: object) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def all_of(office: Office, table: type) -> list[object]:
    with office.database.reading() as session:
        return list(session.exec(select(table)).all())


def send(office: Office, what: str = "services", **typed: str) -> Any:
    return office.dora.post(office.path(f"settings/{what}"), {"key": fresh_key(office)} | typed)


def fresh_key(office: Office) -> str:
    return office.dora.key(office.path("settings/services"))


def test_a_service_goes_by_the_x_at_its_left_once_it_is_confirmed(office: Office) -> None:
    """R79"""
    path = office.path("settings/services")
    send(office, name="  Report  ")
    [service] = all_of(office, Service)
    page = office.dora.get(path).text

    asked = office.dora.get(f"{path}/{service.id}/remove")
    before = all_of(office, Service)
    removed = office.dora.post(f"{path}/{service.id}/remove")

    row = page.partition("<li")[2].partition("</li>")[0]
    assert row.index("Remove Report") < row.index("<bdi>Report")
    assert "What is booked for it keeps its text." in words(asked.text)
    assert (len(before), removed.location, all_of(office, Service)) == (1, path, [])


def test_the_arrowhead_moves_the_chosen_fields_to_the_unused_list_and_back(office: Office) -> None:
    """R80: two lists and a button, which keys reach as they are."""
    at = office.path("settings/fields")
    send(office, "fields", label="What about?", kind="text")
    [field] = all_of(office, AppointmentField)

    office.dora.post(f"{at}/move", {"used": str(field.id), "to": "unused"})
    page = office.dora.get(office.path("settings/services")).text
    after = [one.is_used for one in all_of(office, AppointmentField)]
    office.dora.post(f"{at}/move", {"unused": str(field.id), "to": "used"})

    assert "What about?" in page.partition('id="af-unused"')[2].partition("</select>")[0]
    assert "What about?" not in page.partition('id="af-used"')[2].partition("</select>")[0]
    assert (after, [one.is_used for one in all_of(office, AppointmentField)]) == ([False], [True])


def test_a_service_named_virtual_is_told_apart_from_the_appointment_type(office: Office) -> None:
    """R74: it makes no link, and the page leads to the type."""
    path = office.path("settings/services")
    quiet = office.dora.get(path).text

    send(office, name="Virtual (Zoom)")

    page = office.dora.get(path).text
    assert "makes no online meeting" not in quiet
    assert "This makes no online meeting." in words(page)
    assert "/slots/update" in page


def test_a_refusal_stands_at_its_field_with_what_was_typed(office: Office) -> None:
    answer = send(office, "fields", label="Level <b>", kind="choice", options="only one")

    assert answer.status_code == 422
    assert "at least two answers" in words(answer.text)
    assert 'value="Level &lt;b&gt;"' in answer.text
    assert all_of(office, AppointmentField) == []


@pytest.mark.parametrize(
    ("what", "typed", "table"),
    [("services", {"name": "Report"}, Service), ("fields", {"label": "Why?"}, AppointmentField)],
)
def test_a_double_click_on_add_is_one_addition(office: Office, what: str, typed: dict[str, str], table: type) -> None:
    sent = typed | {"key": fresh_key(office)}

    answers = [office.dora.post(office.path(f"settings/{what}"), sent) for _ in range(2)]
    double = send(office, what, **typed)
    used = office.dora.post(office.path(f"settings/{what}"), dict.fromkeys(typed, "Another") | {"key": sent["key"]})

    assert [answer.status_code for answer in (*answers, double, used)] == [303, 303, 422, 422]
    assert "There is one of this name already." in words(double.text)
    assert "already used for something else" in words(used.text)
    assert len(all_of(office, table)) == 1
