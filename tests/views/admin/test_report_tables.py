"""Reports as tables and files: each lists what it says, to nobody but those who may see it, in any order."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from app import Browser
from factories import (
    EVENING,
    make_appointment,
    make_class,
    make_contact,
    make_event,
    make_guardian,
    make_resource,
    make_school,
    make_slot,
    make_student,
    make_teacher,
)
from online_office import Office, link, open_office, refuse, time_stands_at, virtual, words
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import event as sql_event

from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, Contact, Event, Level, Resource, School
from webapp.services.event.report_table import MOST_SHOWN
from webapp.services.event.reports import REPORTS
from webapp.views import download

OFFICE_ONLY = sorted(set(REPORTS) - {"teachers-schedule"})


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


@pytest.fixture
def dora(office: Office) -> Browser:
    return office.dora()


def listed(browser: Browser, office: Office, report: str, query: str = "") -> list[dict[str, str]]:
    """The rows of the file, by heading."""
    answer = browser.get(office.path(f"reports/{report}/csv?{query}"))
    assert answer.status_code == 200, answer.status_code
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def rows(page: str) -> list[str]:
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [words(row) for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)]


def book(office: Office, n: int = 0, parent: Contact | None = None, **values: Any) -> Appointment:
    with office.arranged() as session:
        slot = make_slot(session, office.resource, at=EVENING + timedelta(minutes=20 * n))
        return make_appointment(session, slot, parent or office.alice, **values)


def another_parent(office: Office, first: str, last: str) -> Contact:
    with office.arranged() as session:
        return make_contact(session, office.school, first, last)


class TestEachReport:
    def test_all_eight_can_be_chosen_and_lead_to_an_address_of_their_own(self, office: Office, dora: Browser) -> None:
        page = dora.get(office.path("")).text

        for name, report in REPORTS.items():
            assert f'<option value="{name}">{report.title}</option>' in page
            chosen = dora.get(
                office.path(f"?report={name}&event={office.event.id}&was={office.event.id}&teacher=&day=")
            )
            assert chosen.status_code == 303
            assert chosen.headers["Location"] == office.path(f"reports/{name}?event={office.event.id}")
            assert dora.get(chosen.headers["Location"]).status_code == 200
        assert len(REPORTS) == 8

    def test_choosing_another_event_lets_go_of_the_day_and_the_teacher(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            spring = make_event(session, office.school, name="Spring")

        query = f"report=by-room&was={office.event.id}&event={spring.id}&teacher={office.resource.id}&day=2026-12-03"

        assert dora.get(office.path(f"?{query}")).headers["Location"].endswith(f"by-room?event={spring.id}")

    def test_narrowing_keeps_the_order(self, office: Office, dora: Browser) -> None:
        query = f"report=by-room&was={office.event.id}&event={office.event.id}&teacher={office.resource.id}&sort=-time"

        address = dora.get(office.path(f"?{query}")).headers["Location"]

        assert address.partition("?")[2].split("&") == [
            f"event={office.event.id}",
            "sort=-time",
            f"teacher={office.resource.id}",
        ]

    def test_master_schedule_is_all_by_time(self, office: Office, dora: Browser) -> None:
        book(office, 2)
        book(office, 1, another_parent(office, "Bob", "Bennett"), child_name="Noah")

        page = dora.get(office.path("reports/master-schedule")).text

        assert rows(page) == [
            "Thu, Dec 3 4:20 PM 15 min Folake Adeyemi Bob Bennett Noah In-Person 112 Booked",
            "Thu, Dec 3 4:40 PM 15 min Folake Adeyemi Alice Alvarez Mia Alvarez In-Person 112 Booked",
        ]

    def test_parents_schedule_is_parent_by_parent(self, office: Office, dora: Browser) -> None:
        bob, ange = another_parent(office, "Bob", "Bennett"), another_parent(office, "Ángel", "Amar")
        for n, parent in enumerate((bob, office.alice, ange, bob)):
            book(office, n, parent)

        found = [(row["Parent"], row["Time"]) for row in listed(dora, office, "parents-schedule")]

        assert found == [
            ("Alice Alvarez", "4:20 PM"),
            ("Ángel Amar", "4:40 PM"),
            ("Bob Bennett", "4:00 PM"),
            ("Bob Bennett", "5:00 PM"),
        ]

    def test_by_room_has_what_is_in_person_and_the_roomless_last(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            for room, at in (("", EVENING), ("Gym", EVENING), ("Annex", EVENING)):
                teacher = make_teacher(session, office.school)
                slot = make_slot(session, make_resource(session, office.event, teacher, room=room), at=at)
                make_appointment(session, slot, office.alice)
            virtual(session, office.resource, office.alice, now=office.now)

        found = [row["Room/Link"] for row in listed(dora, office, "by-room")]

        assert found == ["Annex", "Gym", "No room typed"]

    def test_parents_without_appointments_could_book_and_nobody_did_for_their_children(
        self, office: Office, dora: Browser
    ) -> None:
        with office.arranged() as session:
            mia, leo, noah, far = (
                make_student(session, office.school, first, last)
                for first, last in (("Mia", "Alvarez"), ("Leo", "Bennett"), ("Noah", "Bennett"), ("Far", "Away"))
            )
            make_class(session, office.school, office.folake, mia, leo, noah)
            make_class(session, office.school, make_teacher(session, office.school), far)
            bob, co_parent, elsewhere = (
                make_contact(session, office.school, first, "Parent") for first in ("Bob", "Carol", "Eve")
            )
            for parent, child in ((office.alice, mia), (co_parent, mia), (bob, leo), (bob, noah), (elsewhere, far)):
                make_guardian(session, parent, child)
            stranger = make_school(session)
            make_guardian(session, make_contact(session, stranger), make_student(session, stranger))
        nobody = [row["Parent"] for row in listed(dora, office, "parents-without-appointments")]
        book(office, student_id=mia.id, child_name="")

        found = listed(dora, office, "parents-without-appointments")
        with_folake = listed(dora, office, "parents-without-appointments", f"teacher={office.resource.id}")

        assert nobody == ["Alice Alvarez", "Bob Parent", "Carol Parent"]
        assert found == [{"Parent": "Bob Parent", "E-mail": bob.email, "Students": "Leo Bennett, Noah Bennett"}]
        assert with_folake == found

    def test_open_slots_have_a_place_left_for_families(self, office: Office, dora: Browser, now: datetime) -> None:
        later = now + timedelta(minutes=5)
        with office.arranged() as session:

            def slot(n: int, **values: Any) -> Any:
                return make_slot(session, office.resource, at=EVENING + timedelta(minutes=20 * n), **values)

            slot(0, kind="PV")
            make_appointment(session, slot(1, capacity=3), office.alice)
            make_appointment(session, slot(2), office.alice)
            make_appointment(session, slot(3), office.alice, held_until=later)
            make_appointment(session, slot(4), office.alice, held_until=now - timedelta(minutes=1))
            slot(5, visibility="hidden")
            slot(6, removed_at=now)
            make_slot(session, office.resource, at=EVENING - timedelta(days=60))

        found = [(row["Time"], row["Type"], row["Free places"]) for row in listed(dora, office, "open-slots")]

        assert found == [
            ("4:00 PM", "In-Person or Virtual", "1 of 1"),
            ("4:20 PM", "In-Person", "2 of 3"),
            ("5:20 PM", "In-Person", "1 of 1"),
        ]

    def test_a_time_at_which_a_teacher_is_booked_in_a_team_or_another_event_is_no_open_slot(
        self, office: Office, dora: Browser
    ) -> None:
        with office.arranged() as session:
            for n in range(4):
                make_slot(session, office.resource, at=EVENING + timedelta(minutes=20 * n), capacity=2)
            team = make_resource(session, office.event, office.folake)
            other = make_resource(session, make_event(session, office.school), office.folake)
            make_appointment(session, make_slot(session, team, at=EVENING, visibility="hidden"), office.alice)
            at = EVENING + timedelta(minutes=25)
            make_appointment(session, make_slot(session, other, at=at), office.alice)
            gone = make_slot(session, team, at=EVENING + timedelta(minutes=40), visibility="hidden")
            make_appointment(session, gone, office.alice, cancelled_at=office.now)

        found = [row["Time"] for row in listed(dora, office, "open-slots", f"event={office.event.id}")]

        assert found == ["4:40 PM", "5:00 PM"]

    def test_cancelled_appointments_say_when_and_know_no_holds(
        self, office: Office, dora: Browser, now: datetime
    ) -> None:
        book(office, 0, cancelled_at=now)
        book(office, 1, cancelled_at=now, held_until=now)
        book(office, 2)

        [found] = listed(dora, office, "cancelled-appointments")

        assert found["Time"] == "4:00 PM"
        assert found["Cancelled at"].startswith("Mon, Nov 23,")

    def test_meeting_links_say_state_host_and_the_last_error(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            made, failing, waiting = (
                virtual(session, office.resource, office.alice, now=office.now, at=EVENING + timedelta(hours=n))
                for n in range(3)
            )
            address = link(session, made)
            refuse(session, failing, ProviderError("Zoom said no: %(why)s", why="full", retry=False), now=office.now)
        book(office, 5)

        found = listed(dora, office, "meeting-links")

        assert waiting.id
        assert [row["State"] for row in found] == ["Link made", "Needs attention", "Being generated"]
        assert [row["Room/Link"] for row in found] == [address, "Being generated", "Being generated"]
        assert [row["Host"] for row in found] == ["Folake Adeyemi"] * 3
        assert ["Zoom said no: full" in row["Last error"] for row in found] == [False, True, False]

    def test_a_typed_link_needs_no_host(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            plain = make_event(session, office.school)
            resource = make_resource(session, plain, office.folake, virtual_room="https://meet.linden.example/a")
            virtual(session, resource, office.alice, now=office.now)

        [found] = listed(dora, office, "meeting-links", f"event={plain.id}")

        assert (found["State"], found["Room/Link"]) == ("Link typed", "https://meet.linden.example/a")


class TestOrderAndLength:
    def test_a_heading_sorts_and_sorts_back(self, office: Office, dora: Browser) -> None:
        for n, name in enumerate(("bob", "Émile", "Alice", "Zoe")):
            book(office, n, another_parent(office, name, "X"))

        up = dora.get(office.path("reports/master-schedule?sort=parent")).text
        down = [row["Parent"] for row in listed(dora, office, "master-schedule", "sort=-parent")]

        assert [re.findall(r"bob|Émile|Alice|Zoe", row)[0] for row in rows(up)] == ["Alice", "bob", "Émile", "Zoe"]
        assert down == ["Zoe X", "Émile X", "bob X", "Alice X"]
        assert 'aria-sort="ascending"' in up
        assert "Parent ↑" in words(up)
        assert '<input type="hidden" name="sort" value="parent">' in up
        assert "sort=-parent" in up

    @pytest.mark.parametrize("report", OFFICE_ONLY)
    def test_every_column_sorts_both_ways(self, office: Office, dora: Browser, report: str, now: datetime) -> None:
        book(office, 0)
        book(office, 1, cancelled_at=now)
        with office.arranged() as session:
            make_slot(session, office.resource, at=EVENING + timedelta(hours=3))
            virtual(session, office.resource, office.alice, now=now, at=EVENING + timedelta(hours=4))

        for column in [*REPORTS[report].columns.split(), "nonsense"]:
            for sort in (column, f"-{column}"):
                assert dora.get(office.path(f"reports/{report}?sort={sort}")).status_code == 200

    def test_a_long_report_is_shown_in_pages_and_its_file_has_all(self, office: Office, dora: Browser) -> None:
        for n in range(MOST_SHOWN + 3):
            book(office, n)

        first, second = (dora.get(office.path(f"reports/master-schedule?page={n}")).text for n in (1, 2))

        assert len(rows(first)) == MOST_SHOWN
        assert len(rows(second)) == 3
        assert f"Showing {MOST_SHOWN + 1}–{MOST_SHOWN + 3} of {MOST_SHOWN + 3}" in second
        assert len(listed(dora, office, "master-schedule", "page=2")) == MOST_SHOWN + 3

    @pytest.mark.parametrize("query", ["day=0001-01-01", "day=x", "teacher=x", "page=-4", "page=9999999999", "sort=--"])
    def test_strange_choices_count_as_none(self, office: Office, dora: Browser, query: str) -> None:
        book(office)

        assert len(rows(dora.get(office.path(f"reports/master-schedule?{query}")).text)) == 1

    @pytest.mark.parametrize("report", REPORTS)
    def test_the_number_of_queries_stays_with_the_number_of_rows(
        self, office: Office, dora: Browser, report: str, now: datetime
    ) -> None:
        asked: list[object] = []
        engine = office.app.extensions["confab"].database.engine
        sql_event.listen(engine, "before_cursor_execute", lambda *event: asked.append(event[2]))

        def count(number: int) -> int:
            with office.arranged() as session:
                other = make_resource(session, office.event, office.folake)
                for n in range(number):
                    mia = make_student(session, office.school)
                    make_class(session, office.school, office.folake, mia)
                    make_guardian(session, make_contact(session, office.school), mia)
                    virtual(session, office.resource, office.alice, now=office.now)
                    booked, cancelled, _free = (
                        make_slot(session, other, at=EVENING + timedelta(hours=n, minutes=15 * part))
                        for part in range(3)
                    )
                    make_appointment(session, booked, office.alice)
                    make_appointment(session, cancelled, office.alice, cancelled_at=now)
            asked.clear()
            assert len(listed(dora, office, report)) >= number
            assert dora.get(office.path(f"reports/{report}")).status_code == 200
            return len(asked)

        assert count(2) == count(20) > 0


class TestWhoMaySee:
    def test_events_and_teachers_of_others_are_not_found(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            foreign = make_event(session, make_school(session))
            spring = make_event(session, office.school)
            other = make_resource(session, spring)
        dan = office.event_administrator(spring)

        for report in OFFICE_ONLY:
            for path in (f"reports/{report}", f"reports/{report}/csv"):
                asked = [f"event={foreign.id}", f"event={office.event.id}&teacher={other.id}"]
                assert [dora.get(office.path(f"{path}?{query}")).status_code for query in asked] == [404, 404]
                assert dan.get(office.path(f"{path}?event={office.event.id}")).status_code == 404
                assert dan.get(office.path(f"{path}?event={spring.id}")).status_code == 200
        assert dora.get(office.path("reports/nonsense")).status_code == 404
        assert dora.get(office.path("reports/by-room/xls")).status_code == 404

    def test_another_event_of_the_school_is_not_mixed_in(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            spring = make_event(session, office.school)
            virtual(session, make_resource(session, spring, office.folake), office.alice, now=office.now)

        for report in sorted(set(REPORTS) - {"parents-without-appointments"}):
            assert listed(dora, office, report, f"event={office.event.id}") == []

    @pytest.mark.parametrize("level", [Level.VIEWER, Level.MAKER, Level.RESOURCE_ADMINISTRATOR], ids=str)
    def test_teachers_take_their_own_schedule_and_no_other_report(self, office: Office, level: Level) -> None:
        """R86, ADMIN-027"""
        book(office)
        with office.arranged() as session:
            ines = make_teacher(session, office.school, "Ines", level=level)
            hers = make_resource(session, office.event, ines)
            virtual(session, hers, office.alice, now=office.now, child_name="Noah Bennett")
        browser = office.someone(lambda session: session.get_one(Contact, ines.id))

        own = listed(browser, office, "teachers-schedule", f"event={office.event.id}&teacher={office.resource.id}")
        others = [browser.get(office.path(f"reports/{name}{form}")) for name in OFFICE_ONLY for form in ("", "/csv")]

        assert [row["Student"] for row in own] == ["Noah Bennett"]
        assert {answer.status_code for answer in others} == {403}
        assert "reports/teachers-schedule/csv" in browser.get(office.path("reports/teachers-schedule")).text

    def test_a_school_without_events_is_sent_to_its_reports(self, office: Office) -> None:
        with office.arranged() as session:
            school = make_school(session)
        eve = office.someone(lambda session: make_contact(session, school, "Eve", level=Level.ADMINISTRATOR))

        assert "There is no event to report on yet." in eve.get(f"/s/{school.slug}/reports/by-room").text
        assert eve.get(f"/s/{school.slug}/reports/by-room/csv").headers["Location"] == f"/s/{school.slug}/"


def test_parents_are_written_and_sorted_as_the_school_says(office: Office, dora: Browser) -> None:
    """PRODUCT 1.2, Display Contact Name As; in lists, files and the appointments' own list."""
    book(office, 0, another_parent(office, "Ana", "Zala"))
    book(office, 1, another_parent(office, "Bo", "Ek"))
    first = [row["Parent"] for row in listed(dora, office, "parents-schedule", f"event={office.event.id}")]

    with office.arranged() as session:
        session.get_one(School, office.school.id).names_last_first = True
    last = [row["Parent"] for row in listed(dora, office, "parents-schedule", f"event={office.event.id}")]

    assert (first, last) == (["Ana Zala", "Bo Ek"], ["Ek, Bo", "Zala, Ana"])
    assert "Zala, Ana" in dora.get(office.path("appointments")).text
    assert "Zala, Ana" in dora.get(office.path(f"reports/teachers-schedule?event={office.event.id}")).text


class TestFile:
    def test_teachers_come_in_the_event_s_order_as_on_the_page(self, office: Office, dora: Browser) -> None:
        """PRODUCT 2.4: the office sorts them; a name in another order of its parts moves nobody."""
        with office.arranged() as session:
            event = session.get_one(Event, office.event.id)
            for place, name in ((-1, "Zoltán Zala"), (-2, "Moritz Weiß")):
                resource = make_resource(session, event, name=name, position=place)
                slot = make_slot(session, resource, at=EVENING - timedelta(hours=3))
                make_appointment(session, slot, office.alice)
        book(office)

        teachers = [row["Teacher"] for row in listed(dora, office, "teachers-schedule", f"event={office.event.id}")]

        assert teachers[:2] == ["Moritz Weiß", "Zoltán Zala"]
        assert len(set(teachers)) == 3

    def test_what_families_typed_is_no_formula(self, office: Office, dora: Browser) -> None:
        """OUT-001"""
        book(office, child_name='=HYPERLINK("https://evil.example","Mia")')

        [found] = listed(dora, office, "master-schedule")

        assert found["Student"] == '\'=HYPERLINK("https://evil.example","Mia")'

    @pytest.mark.parametrize("report", REPORTS)
    def test_each_report_is_a_workbook_of_the_same_rows_in_which_all_is_text(
        self, office: Office, dora: Browser, report: str
    ) -> None:
        """OUT-001"""
        book(office, child_name='=HYPERLINK("https://evil.example","Mia")')
        virtual_one = {"child_name": "+44 20"}
        with office.arranged() as session:
            virtual(
                session, office.resource, office.alice, now=office.now, at=EVENING + timedelta(hours=2), **virtual_one
            )

        answer = dora.get(office.path(f"reports/{report}/xlsx"))
        known = listed(dora, office, report)

        [page] = load_workbook(io.BytesIO(answer.data)).worksheets
        assert answer.mimetype.endswith("spreadsheetml.sheet")
        assert {cell.data_type for row in page.iter_rows() for cell in row if cell.value is not None} <= {"s"}
        cells = [[cell.value or "" for cell in row] for row in page.iter_rows(min_row=2)]
        assert cells == [[text.removeprefix("'") for text in row.values()] for row in known]

    @pytest.mark.parametrize("name", ["a\r\nX: y", 'ü"', "Fall / 2026", "會議", "../../etc", "%0d%0aX: y", "\r\n"])
    def test_its_name_is_one_header_whatever_the_event_is(self, office: Office, dora: Browser, name: str) -> None:
        """OUT-005"""
        with office.arranged() as session:
            session.get_one(Event, office.event.id).name = name

        answer = dora.get(office.path("reports/master-schedule/csv"))

        [said] = answer.headers.getlist("Content-Disposition")
        assert "X" not in answer.headers
        assert re.fullmatch(r"attachment; filename=(\"[^\"\\/]*\"|[^\"\\/; ]+)(; filename\*=UTF-8''[\w%.-]+)?", said)
        assert said.isascii()
        assert "Master" in said
        assert answer.headers["Cache-Control"] == "no-store, private"

    @pytest.mark.parametrize("report", REPORTS)
    def test_each_report_goes_to_paper(self, office: Office, dora: Browser, report: str, now: datetime) -> None:
        """OUT-007"""
        with office.arranged() as session:
            session.get_one(Resource, office.resource.id).name = "Zoë Dvořák"
            make_slot(session, office.resource, at=EVENING + timedelta(hours=3))
            virtual(session, office.resource, office.alice, now=now, at=EVENING + timedelta(hours=4))
            mia = make_student(session, office.school)
            make_class(session, office.school, office.folake, mia)
            make_guardian(session, make_contact(session, office.school, "Zoë", "Dvořák"), mia)
        book(office, 0)
        book(office, 1, cancelled_at=now)

        answer = dora.get(office.path(f"reports/{report}/pdf"))

        [page] = PdfReader(io.BytesIO(answer.data)).pages
        text = " ".join(page.extract_text().split())
        assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
        assert REPORTS[report].title in text
        assert "Zoë Dvořák" in text
        assert "Fall Conferences 2026" in text

    def test_a_file_says_year_zone_and_what_it_was_narrowed_to(self, office: Office, dora: Browser) -> None:
        book(office)

        query = f"day=2026-12-03&teacher={office.resource.id}"
        [found] = listed(dora, office, "master-schedule", query)
        [page] = PdfReader(io.BytesIO(dora.get(office.path(f"reports/master-schedule/pdf?{query}")).data)).pages

        assert found["Date"] == "Dec 3, 2026"
        note = "Fall Conferences 2026 · Folake Adeyemi · Dec 3, 2026 · Times are in Central Time."
        assert note in " ".join(page.extract_text().split())

    def test_teachers_print_their_own(self, office: Office) -> None:
        """R86"""
        book(office)
        ines = office.someone(lambda session: make_teacher(session, office.school, "Ines"))
        folake = office.someone(lambda session: session.get_one(Contact, office.folake.id))

        [page] = PdfReader(io.BytesIO(folake.get(office.path("reports/teachers-schedule/pdf")).data)).pages

        assert "Mia Alvarez" in page.extract_text()
        assert ines.get(office.path("reports/teachers-schedule/pdf")).status_code == 303
        assert ines.get(office.path("reports/master-schedule/pdf")).status_code == 403

    def test_what_is_too_long_for_paper_says_what_to_do(
        self, office: Office, dora: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(download, "MOST_PRINTED", 1)
        book(office, 0)
        book(office, 1)

        answer = dora.get(office.path("reports/master-schedule/pdf"))

        assert answer.status_code == 409
        assert "A PDF of 2 rows would be too long. Choose a day or a teacher, or take the CSV." in words(answer.text)
        assert dora.get(office.path("reports/master-schedule/csv")).status_code == 200

    def test_a_strange_school_gets_nothing(self, office: Office) -> None:
        with office.arranged() as session:
            other: School = make_school(session)
        eve = office.someone(lambda session: make_contact(session, other, "Eve", level=Level.ADMINISTRATOR))

        assert eve.get(office.path("reports/master-schedule/csv")).status_code == 404


class TestGrid:
    def test_teachers_by_times_say_who_is_there_and_how_many_places_are_booked(
        self, office: Office, dora: Browser
    ) -> None:
        """PRODUCT 3.10, DESIGN 6: made for paper, landscape, with all teachers."""
        book(office)

        page = dora.get(office.path(f"reports/master-schedule/grid?event={office.event.id}&day=2026-12-03")).text
        table = page.partition('class="t rep"')[2]

        assert "Master Schedule, Thursday, December 3" in words(page)
        assert office.resource.name in words(table)
        assert table.count('class="has"') == 1
        assert "landscape" in page
        assert 'aria-current="page">Grid</a>' in page
        assert "/reports/master-schedule/grid?" in dora.get(office.path("reports/master-schedule")).text

    def test_of_an_event_that_one_does_not_oversee_there_is_none(self, office: Office) -> None:
        """RELIABILITY T6"""
        bob = office.someone(
            lambda session: make_contact(session, office.school, "Bob", level=Level.EVENT_ADMINISTRATOR)
        )

        answer = bob.get(office.path(f"reports/master-schedule/grid?event={office.event.id}"))

        assert answer.status_code == 404


def test_account_reports_settings_say_the_id_of_each_event_that_one_oversees(office: Office, dora: Browser) -> None:
    """PRODUCT 2.1, 3.10"""
    bob = office.someone(lambda session: make_contact(session, office.school, "Bob", level=Level.EVENT_ADMINISTRATOR))

    page = dora.get(office.path("reports/account")).text

    assert re.search(rf"<tr><td>{office.event.id}</td><th scope=\"row\"><a [^>]*>{office.event.name}</a>", page)
    assert f"/{office.school.slug}/{office.event.slug}" in page
    assert "Account Reports" in words(dora.get(office.path("reports/by-room")).text)
    assert office.event.name not in bob.get(office.path("reports/account")).text
