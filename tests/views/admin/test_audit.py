"""The Audit page: Administrators read who did what in their school, and as whom, and nothing that is secret."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zoom_office
from app import Browser
from app import test_settings as settings_of
from conftest import KEY
from factories import make_contact, make_login, make_school, stored
from online_office import Office, open_office, time_stands_at, words
from sqlalchemy import event as sql_event

from webapp.db import Database
from webapp.models import Audit, Contact, Level
from webapp.services.system.audit_log import PAGE

LOG = "setup/audit"
BELOW = [level for level in Level if level < Level.ADMINISTRATOR]


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


@pytest.fixture
def dora(office: Office) -> Browser:
    return office.dora()


def note(office: Office, number: int = 1, **values: Any) -> None:
    defaults = {"school_id": office.school.id, "at": office.now, "action": "event.add", "subject": "event 1"}
    with office.arranged() as session:
        for _ in range(number):
            stored(session, Audit(**defaults | values))


def person(office: Office, first: str, last: str = "Diaz") -> Contact:
    with office.arranged() as session:
        contact = make_contact(session, office.school, first, last)
        contact.login_id = make_login(session, contact.email or "").id
        return contact


def shown(browser: Browser, office: Office, query: str = "") -> list[str]:
    answer = browser.get(office.path(f"{LOG}?{query}"))
    assert answer.status_code == 200
    body = answer.text.partition("<tbody>")[2].partition("</tbody>")[0]
    return [words(row) for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)]


def exported(browser: Browser, office: Office, query: str = "") -> list[dict[str, str]]:
    answer = browser.get(office.path(f"{LOG}/csv?{query}"))
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


class TestRows:
    def test_both_identities_of_a_deed_done_as_a_teacher_are_read(self, office: Office, dora: Browser) -> None:
        """R32"""
        dora.post(office.path(f"as/{office.folake.id}"))
        dora.post(office.path("return"))

        found = shown(dora, office)
        rows = exported(dora, office)

        assert [row.partition(" AM ")[2] for row in found] == [
            f"Dora Alvarez as Folake Adeyemi {label} contact {office.folake.id}"
            for label in ("Logged back in", "Logged in as a teacher")
        ]
        assert [(row["Person"], row["Acting as"]) for row in rows] == [("Dora Alvarez", "Folake Adeyemi")] * 2

    def test_the_newest_stands_first_with_its_details_in_the_school_s_time(self, office: Office, dora: Browser) -> None:
        ben = person(office, "Ben")
        note(office, login_id=ben.login_id, detail='{"resources": 3, "provider": null}')
        note(office, at=office.now + timedelta(hours=1), action="slots.create")

        first, second = shown(dora, office)

        assert first == "Nov 23, 2026, 10:00 AM Confab itself Slots created event 1"
        assert second == "Nov 23, 2026, 9:00 AM Ben Diaz Event added event 1 resources: 3"
        assert exported(dora, office)[0]["Time (UTC)"] == "2026-11-23 16:00:00"

    def test_whoever_was_erased_is_not_named_and_an_action_without_words_shows_its_own(
        self, office: Office, dora: Browser
    ) -> None:
        note(office, login_id=4711, acting_as_id=4712, action="new.thing")

        [found] = shown(dora, office)

        assert "Somebody no longer known here as Somebody no longer known here new.thing" in found

    def test_an_empty_audit_says_so_and_offers_no_file(self, office: Office, dora: Browser) -> None:
        page = dora.get(office.path(LOG)).text

        assert "Nothing was done here yet." in page
        assert "audit/csv" not in page

    def test_what_the_office_typed_is_no_formula_and_no_markup(self, office: Office, dora: Browser) -> None:
        """OUT-001"""
        ben = person(office, "=1+1", "<b>")
        note(office, login_id=ben.login_id, detail='{"reason": "<script>"}')

        assert exported(dora, office)[0]["Person"] == "'=1+1 <b>"
        assert "reason: &lt;script&gt;" in dora.get(office.path(LOG)).text


class TestFilters:
    @pytest.fixture(autouse=True)
    def _deeds(self, office: Office) -> None:
        self.ben, self.eve = person(office, "Ben"), person(office, "Eve", "O_Neil")
        note(office, login_id=self.ben.login_id, subject="event 1")
        note(office, login_id=self.eve.login_id, subject="event 2", action="slots.delete")
        note(office, login_id=self.eve.login_id, acting_as_id=self.ben.id, subject="event 3")
        note(office, subject="event 4", at=datetime(2026, 11, 20, 5, 59, tzinfo=UTC))
        note(office, subject="event 5", at=datetime(2026, 11, 20, 6, 0, tzinfo=UTC))

    @pytest.mark.parametrize(
        ("query", "subjects"),
        [
            ("", "1 2 3 4 5"),
            ("q=ben+DIAZ", "1 3"),
            ("q=o_n", "2 3"),
            ("q=b_n", ""),
            ("q=%25", ""),
            ("action=slots.delete", "2"),
            ("action=nonsense", ""),
            ("q=eve&action=event.add", "3"),
            ("from=2026-11-20&to=2026-11-20", "5"),
            ("to=2026-11-19", "4"),
            ("from=2026-11-21", "1 2 3"),
            ("from=0001-01-01&to=9999-12-31", "1 2 3 4 5"),
            ("from=x&to=2026-02-30&page=-1", "1 2 3 4 5"),
        ],
    )
    def test_page_and_file_hold_what_is_sought(self, office: Office, dora: Browser, query: str, subjects: str) -> None:
        wanted = {f"event {number}" for number in subjects.split()}

        assert {re.findall(r"event \d", row)[0] for row in shown(dora, office, query)} == wanted
        assert {row["Subject"] for row in exported(dora, office, query)} == wanted

    def test_an_address_finds_its_person(self, office: Office, dora: Browser) -> None:
        assert len(shown(dora, office, f"q={self.ben.email}")) == 2

    def test_the_actions_to_choose_from_are_those_done_here(self, office: Office, dora: Browser) -> None:
        page = dora.get(office.path(f"{LOG}?action=slots.delete")).text

        assert re.findall(r'<option value="([\w.]*)"', page) == ["", "event.add", "slots.delete"]
        assert '<option value="slots.delete" selected>Slots deleted</option>' in page
        assert 'audit/csv?action=slots.delete"' in page


class TestLength:
    def test_a_long_audit_comes_in_pages_and_its_file_has_all(self, office: Office, dora: Browser) -> None:
        note(office, PAGE + 1)

        assert len(shown(dora, office)) == PAGE
        assert len(shown(dora, office, "page=2")) == len(shown(dora, office, "page=99999999999")) == 1
        assert len(exported(dora, office)) == PAGE + 1

    def test_the_number_of_queries_stays_with_the_number_of_rows(self, office: Office, dora: Browser) -> None:
        asked: list[object] = []
        engine = office.app.extensions["confab"].database.engine
        sql_event.listen(engine, "before_cursor_execute", lambda *event: asked.append(event[2]))

        def count(number: int) -> int:
            for n in range(number):
                note(office, login_id=person(office, f"P{n}").login_id)
            asked.clear()
            shown(dora, office)
            exported(dora, office)
            return len(asked)

        assert count(2) == count(30) > 0


class TestWhoMayRead:
    @pytest.mark.parametrize("level", BELOW, ids=str)
    def test_nobody_below_administrator(self, office: Office, level: Level) -> None:
        browser = office.someone(lambda session: make_contact(session, office.school, level=level))

        codes = {browser.get(office.path(path)).status_code for path in (LOG, f"{LOG}/csv")}

        assert codes == {404 if level == Level.CUSTOMER else 403}

    def test_an_administrator_who_acts_as_a_teacher_is_one_meanwhile(self, office: Office, dora: Browser) -> None:
        """R32"""
        dora.post(office.path(f"as/{office.folake.id}"))

        assert dora.get(office.path(LOG)).status_code == 403

    def test_another_school_s_deeds_and_those_of_no_school_stay_out(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            other = make_school(session)
        ben = person(office, "Ben")
        note(office, school_id=other.id, login_id=ben.login_id, action="roster.import")
        note(office, school_id=None, login_id=ben.login_id, action="sign_in.start")
        eve = office.someone(lambda session: make_contact(session, other, "Eve", level=Level.ADMINISTRATOR))

        assert shown(dora, office) == exported(dora, office) == []
        assert "roster.import" not in dora.get(office.path(LOG)).text
        assert eve.get(office.path(LOG)).status_code == 404
        assert "Ben" not in eve.get(f"/s/{other.slug}/{LOG}").text

    def test_it_can_be_reached_from_global_setup(self, office: Office, dora: Browser) -> None:
        assert f'href="{office.path(LOG)}"' in dora.get(office.path("setup/business")).text


def test_connecting_zoom_leaves_no_secret_in_it(database: Database, tmp_path: Path) -> None:
    settings = settings_of(f"sqlite:///{tmp_path / 'test.db'}", KEY, zoom_client_id="confab")
    office = zoom_office.open_office(database, settings)
    state = office.begin()
    office.come_back(state)

    page = office.dora.get(f"/s/{office.school}/{LOG}").text
    file = office.dora.get(f"/s/{office.school}/{LOG}/csv").text

    assert "Zoom connected" in page
    assert "Zoom connected" in file
    for secret in (state, f"code-{state}", "access", "refresh", "token", "verifier"):
        assert secret not in words(page).lower()
        assert secret not in file.lower()
