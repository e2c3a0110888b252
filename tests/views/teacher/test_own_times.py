"""Teachers block and free their own times, from Appointment Maker up, and change nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from app import Browser
from event_office import THURSDAY, Office, open_office, words
from factories import make_resource
from online_office import time_stands_at
from sqlmodel import select

from webapp import clock
from webapp.db import Database
from webapp.models import Audit, Contact, Level, Slot

pytestmark = pytest.mark.both_databases


@dataclass
class School:
    office: Office
    folake: Browser

    @property
    def path(self) -> str:
        return f"{self.office.base}/reports/teachers-schedule/times"

    def send(self, deed: str, *slots: Slot, browser: Browser | None = None, **more: Any) -> Any:
        form = {"deed": deed, "slots": [str(slot.id) for slot in slots], "event": self.office.event.id}
        return (browser or self.folake).post(self.path, form | {"day": THURSDAY.isoformat()} | more)

    def shown(self, *slots: Slot) -> list[tuple[str, str, int]]:
        rows = [self.office.again(slot) for slot in slots]
        return [(slot.visibility, slot.message, slot.version) for slot in rows]


def signed_in(office: Office, first: str, level: Level) -> Browser:
    browser = Browser(office.app)
    with office.arranged() as session:
        contact = session.exec(select(Contact).where(Contact.first == first)).one()
        contact.level = level
        browser.sign_in(session, contact, now=clock.now())
    return browser


@pytest.fixture
def school(database: Database, now: datetime) -> Iterator[School]:
    with time_stands_at(now):
        office = open_office(database, now)
        yield School(office, signed_in(office, "Folake", Level.MAKER))
    office.app.extensions["confab"].database.dispose()


def test_several_times_are_blocked_with_a_message_and_freed_again(school: School) -> None:
    """PRODUCT 3.5: lunch is made unavailable with a message."""
    first, second, third = school.office.slots(school.office.folake, 3)

    blocked = school.send("block", first, second, message="Lunch")
    schedule = words(school.folake.get(blocked.location).text)
    at_lunch = school.shown(first, second, third)
    freed = school.send("free", first)

    assert blocked.status_code == freed.status_code == 303
    assert "2 times are not offered now." in schedule
    assert "4:00 PM Lunch" in schedule
    assert at_lunch == [("unavailable", "Lunch", 2), ("unavailable", "Lunch", 2), ("visible", "", 1)]
    assert school.shown(first, second) == [("visible", "", 3), ("unavailable", "Lunch", 2)]


def test_the_schedule_leads_to_a_page_of_boxes_without_script(school: School) -> None:
    slot, booked = school.office.slots(school.office.folake, 2)
    school.office.booked(booked, child_name="Zoë Quiñones")
    schedule = school.folake.get(f"{school.office.base}/reports/teachers-schedule").text

    page = school.folake.get(f"{school.path}?event={school.office.event.id}&day={THURSDAY}")

    assert school.path in schedule
    assert page.status_code == 200
    assert page.text.count('type="checkbox"') == 1
    assert f'name="slots" value="{slot.id}"' in page.text
    assert "Zoë Quiñones" in page.text
    assert 'name="deed" value="block"' in page.text


def test_a_time_that_was_booked_meanwhile_is_left_and_said_so(school: School) -> None:
    free, booked = school.office.slots(school.office.folake, 2)
    school.office.booked(booked)

    answer = school.send("block", free, booked)
    again = school.send("block", booked)

    assert "1 time is not offered now. 1 was left as it is." in words(school.folake.get(answer.location).text)
    assert again.status_code == 409
    assert "Nothing was changed" in words(again.text)
    assert school.shown(booked) == [("visible", "", 1)]


@pytest.mark.parametrize("visibility", ["hidden", "call"])
def test_what_the_office_hid_is_not_theirs_to_open(school: School, visibility: str) -> None:
    [slot] = school.office.slots(school.office.folake, 1, visibility=visibility)

    answers = [school.send(deed, slot) for deed in ("block", "free")]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert school.shown(slot) == [(visibility, "", 1)]


def test_a_colleagues_time_is_not_found_and_a_teams_is_theirs(school: School) -> None:
    """ADMIN-015"""
    office = school.office
    with office.arranged() as session:
        teachers = session.exec(select(Contact).where(Contact.first.in_(["Folake", "Hugh"]))).all()  # type: ignore[attr-defined]  # a column
        team = make_resource(session, office.event, *teachers)
    [mine], [hughs], [ours] = office.slots(office.folake, 1), office.slots(office.hugh, 1), office.slots(team, 1, day=1)

    assert school.send("block", mine, hughs).status_code == 404
    assert school.shown(mine, hughs) == [("visible", "", 1)] * 2
    assert school.send("block", ours).status_code == 303


def test_a_time_that_is_over_or_removed_stays(school: School) -> None:
    office = school.office
    [over] = office.slots(office.folake, 1, day=-20)
    [removed] = office.slots(office.folake, 1, removed_at=office.now)

    assert school.send("block", over).status_code == 409
    assert school.send("block", removed).status_code == 404


def test_a_viewer_may_not_and_a_maker_makes_no_slots(school: School) -> None:
    """PRODUCT 1.6, ADMIN-017"""
    [slot] = school.office.slots(school.office.folake, 1)
    viewer = signed_in(school.office, "Hugh", Level.VIEWER)

    assert school.send("block", slot, browser=viewer).status_code == 403
    assert "Block times" not in viewer.get(f"{school.office.base}/reports/teachers-schedule").text
    for deed in ("create", "delete"):
        assert school.folake.post(school.office.path(f"slots/{deed}")).status_code == 403


@pytest.mark.parametrize("wrong", [{"deed": "delete"}, {"slots": []}, {"slots": ["x"]}, {"message": "x" * 81}])
def test_what_our_page_never_sends_is_refused(school: School, wrong: dict[str, Any]) -> None:
    [slot] = school.office.slots(school.office.folake, 1)

    fields = {"deed": "block"} | wrong

    answer = school.send(fields.pop("deed"), slot, **fields)

    assert answer.status_code == 422
    assert school.shown(slot) == [("visible", "", 1)]


def test_it_is_written_down_without_the_message(school: School) -> None:
    slots = school.office.slots(school.office.folake, 2)

    school.send("block", *slots, message="Seeing Mia's parents")

    [row] = [row for row in school.office.all(Audit) if row.action == "slots.own.block"]
    assert row.detail == '{"slots": 2}'
    assert row.login_id is not None
