"""An event from its list: sorted, added from an earlier one, edited, duplicated."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from event_office import Office, open_office, words
from factories import make_event
from online_office import time_stands_at
from statements import statements

from webapp.db import Database
from webapp.models import Event, Level, Resource


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def named(html: str) -> list[str]:
    """The events of the list, in its order."""
    return re.findall(r'<th scope="row" class="full"><a [^>]*><bdi>([^<]*)', html)


def test_the_list_sorts_by_each_column_both_ways_whatever_case_and_accents(office: Office) -> None:
    """PRODUCT 2.2"""
    office.another_event(name="äpfel", zone="Europe/Berlin", date_label="b", location="Gym", type="simple_pta")
    office.another_event(name="Zebra", zone="America/Denver", date_label="c", location="Aula")

    def order(sort: str) -> list[str]:
        return named(office.dora.get(f"{office.base}/events?sort={sort}").text)

    fall = "Fall Conferences 2026"
    assert order("") == ["Zebra", "äpfel", fall]
    assert order("name") == ["äpfel", fall, "Zebra"]
    assert order("-name") == ["Zebra", fall, "äpfel"]
    assert order("zone") == [fall, "Zebra", "äpfel"]
    assert order("location") == [fall, "Zebra", "äpfel"]
    assert order("-type")[0] == "äpfel"
    assert order("date") == [fall, "äpfel", "Zebra"]
    assert order("nothing-of-the-kind") == order("")
    assert 'aria-sort="descending"><a href="/s/' in office.dora.get(f"{office.base}/events?sort=-name").text


def test_the_list_has_pages_and_asks_the_same_number_of_queries_for_any_length(office: Office) -> None:
    with statements(office.app) as few:
        office.dora.get(f"{office.base}/events")
    with office.arranged() as session:
        for n in range(119):
            make_event(session, office.school, name=f"Round {n:03}")

    with statements(office.app) as many:
        first = office.dora.get(f"{office.base}/events?sort=name").text
    last = office.dora.get(f"{office.base}/events?sort=name&page=99").text

    assert len(many) == len(few)
    assert (len(named(first)), len(named(last))) == (50, 20)
    assert "Showing 1–50 of 120" in words(first)
    assert "sort=name&amp;page=2" in first


def test_each_event_offers_its_deeds_by_their_known_names(office: Office) -> None:
    """R102, PRODUCT 2.2"""
    page = words(office.dora.get(f"{office.base}/events").text)
    bob = office.someone(Level.EVENT_ADMINISTRATOR, office.event)
    theirs = words(bob.get(f"{office.base}/events").text)

    for label in ("Go To Event", "Edit Details", "Duplicate PTA"):
        assert f"{label} , {office.event.name}" in page
    assert "Duplicate PTA" not in theirs
    assert "Edit Details" in theirs


def test_adding_from_a_template_begins_with_what_that_one_had(office: Office) -> None:
    with office.arranged() as session:
        session.get_one(Event, office.event.id).location = "Main <hall>"
        session.get_one(Resource, office.hugh.id).room = "9"
    address = f"{office.base}/events/add?template={office.event.id}"
    page = office.dora.get(address).text

    sent = {"name": "Next year", "zone": "America/Chicago", "teachers": "template", "template": str(office.event.id)}
    answer = office.dora.post(f"{office.base}/events/add", sent | {"key": office.dora.key(address)})

    [event] = [event for event in office.all(Event) if event.name == "Next year"]
    rooms = {row.name: row.room for row in office.all(Resource) if row.event_id == event.id}
    assert 'value="Main &lt;hall&gt;"' in page
    assert f'<option value="{office.event.id}" selected>' in page
    assert 'name="name" value=""' in page
    assert answer.status_code == 303
    assert rooms == {"Folake Adeyemi": "112", "Hugh Barlow": "9"}


@pytest.mark.parametrize("template", ["0", "-1", "99999", "2147483648", "9" * 20, "x"])
def test_a_template_that_is_none_is_refused_at_its_field(office: Office, template: str) -> None:
    key = office.dora.key(f"{office.base}/events/add")
    typed = {"key": key, "name": "Next", "zone": "America/Chicago", "template": template}

    answer = office.dora.post(f"{office.base}/events/add", typed)

    assert answer.status_code == 422
    assert 'id="ev-template-err"' in answer.text
    assert len(office.all(Event)) == 1


def test_details_are_edited_and_shown_and_a_bad_name_is_refused_with_all_kept(office: Office) -> None:
    path = office.path("details")
    long = "Wintersprechtag " * 12 + "💬"
    saved = office.dora.post(path, {"name": long, "location": "Aula", "description": "Bring a pen.\nOr two."})
    refused = office.dora.post(path, {"name": " ", "location": "Elsewhere"})

    event = office.again(office.event)
    assert (saved.status_code, refused.status_code) == (303, 422)
    assert (event.name, event.location) == (long, "Aula")
    assert 'value="Elsewhere"' in refused.text
    assert 'id="ev-name-err"' in refused.text
    assert "$(E_DESCRIPTION)" in office.dora.get(path).text


def test_a_duplicate_is_made_once_and_named_beforehand(office: Office) -> None:
    path = office.path("duplicate")
    page = office.dora.get(path).text
    sent = {"key": office.dora.key(path), "name": "Second round"}

    first, again = (office.dora.post(path, sent) for _ in range(2))

    copies = [event for event in office.all(Event) if event.name == "Second round"]
    assert 'value="Fall Conferences 2026, second round"' in page
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.location == again.location == office.path(event=copies[0])
    assert len(copies) == 1
    assert "It has no slots yet." in office.dora.get(first.location).text


def test_only_an_administrator_duplicates(office: Office) -> None:
    bob = office.someone(Level.EVENT_ADMINISTRATOR, office.event)

    answers: list[Any] = [bob.get(office.path("duplicate")), bob.post(office.path("duplicate"), {"name": "Mine"})]

    assert {answer.status_code for answer in answers} == {403}
    assert len(office.all(Event)) == 1
