"""Teachers' Printable Schedules: teachers print their own, the office those of one, some or all, with whole links."""

import io
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from app import Browser
from factories import EVENING, make_appointment, make_contact, make_event, make_resource, make_slot, make_teacher
from online_office import Office, link, open_office, time_stands_at, virtual, words
from pypdf import PdfReader

from webapp.db import Database
from webapp.models import Contact, Level, Resource
from webapp.views.admin import printable

PAGE, FILE = "reports/teachers-schedule/printable", "reports/teachers-schedule/printable.pdf"


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


@pytest.fixture
def dora(office: Office) -> Browser:
    return office.dora()


@pytest.fixture
def folake(office: Office) -> Browser:
    return office.someone(lambda session: session.get_one(Contact, office.folake.id))


@pytest.fixture
def ines(office: Office) -> Resource:
    """With Noah at 5 PM, in her room; Folake sees Mia at 4 PM, online, by the link that is given."""
    with office.arranged() as session:
        resource = make_resource(session, office.event, make_teacher(session, office.school, "Ines", "Castellanos"))
        slot = make_slot(session, resource, at=EVENING + timedelta(hours=1))
        make_appointment(session, slot, make_contact(session, office.school, "Bob", "Bennett"), child_name="Noah")
    return resource


def booked_online(office: Office, **values: object) -> str:
    with office.arranged() as session:
        return link(session, virtual(session, office.resource, office.alice, now=office.now, **values))


def read(answer: object) -> PdfReader:
    assert answer.status_code == 200, words(answer.text)
    return PdfReader(io.BytesIO(answer.data))


def text(pdf: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in pdf.pages).split())


def links(pdf: PdfReader) -> set[str]:
    return {note.get_object()["/A"]["/URI"] for page in pdf.pages for note in page.get("/Annots") or []}


def test_a_teacher_prints_the_own_day_with_whole_links_and_a_code_to_scan(
    office: Office, folake: Browser, ines: Resource
) -> None:
    """R86, R55"""
    address = booked_online(office, at=EVENING)

    page, pdf = folake.get(office.path(PAGE)).text, read(folake.get(office.path(FILE)))

    assert f'data-url="{address}"' in page
    assert page.count('<img class="print" src="data:image/png') == 1
    assert "4:00 PM 15 minutes Mia Alvarez Alice Alvarez Join meeting" in words(page)
    assert links(pdf) == {address}
    assert len(pdf.pages[0].images) == 1
    assert "Folake Adeyemi 1 appointment Thursday, December 3 4:00 PM 15 minutes Mia Alvarez Alice Alvarez" in text(pdf)
    assert "Noah" not in page + text(pdf)


def test_a_link_is_said_to_be_on_its_way_until_it_is_stored_and_there_at_the_next_view(
    office: Office, folake: Browser
) -> None:
    """R62"""
    with office.arranged() as session:
        appointment = virtual(session, office.resource, office.alice, now=office.now)
    before = [folake.get(office.path(PAGE)).text, text(read(folake.get(office.path(FILE))))]

    with office.arranged() as session:
        address = link(session, session.merge(appointment))

    assert all("Link on the way" in said for said in before)
    assert address in folake.get(office.path(PAGE)).text
    assert links(read(folake.get(office.path(FILE)))) == {address}


def test_the_office_prints_all_teachers_as_one_file_each_from_a_new_page_on(
    office: Office, dora: Browser, ines: Resource
) -> None:
    address = booked_online(office, at=EVENING)

    page, pdf = dora.get(office.path(PAGE)).text, read(dora.get(office.path(FILE)))

    assert [re.search("Folake|Ines", sheet.extract_text())[0] for sheet in pdf.pages] == ["Folake", "Ines"]
    assert "Room 112" in pdf.pages[1].extract_text()
    assert links(pdf) == {address}
    assert page.count("mt sheet") == 2
    assert words(page).index("Mia Alvarez") < words(page).index("Noah")
    assert 'class="print"' not in page


def test_the_office_prints_those_that_it_ticked_of_the_day_that_it_chose(
    office: Office, dora: Browser, ines: Resource
) -> None:
    booked_online(office, at=EVENING + timedelta(days=1))
    one = f"?event={office.event.id}&teacher={office.resource.id}"

    both = words(dora.get(office.path(f"{PAGE}{one}&teacher={ines.id}")).text)
    folakes, thursday = (text(read(dora.get(office.path(f"{FILE}?{query}")))) for query in (one[1:], "day=2026-12-03"))

    assert "Mia Alvarez" in both
    assert "Noah" in both
    assert "Friday, December 4" in folakes
    assert "Noah" not in folakes
    assert "Noah" in thursday
    assert "Mia" not in thursday
    assert dora.get(office.path(f"{FILE}{one}&day=2026-12-03")).status_code == 303


def test_a_long_day_takes_several_pages_and_nobody_is_left_out(office: Office, dora: Browser) -> None:
    with office.arranged() as session:
        for n in range(30):
            slot = make_slot(session, office.resource, at=EVENING + timedelta(minutes=15 * n))
            make_appointment(session, slot, office.alice, child_name=f"Child number {n:02}.")

    pdf = read(dora.get(office.path(FILE)))

    assert len(pdf.pages) > 1
    assert all(f"Child number {n:02}." in text(pdf) for n in range(30))
    assert f"{len(pdf.pages)} / {len(pdf.pages)}" in pdf.pages[-1].extract_text()


def test_a_team_is_named_and_a_problem_is_said(office: Office, now: datetime) -> None:
    """R64: the second teacher has the team's appointments on the own sheet."""
    with office.arranged() as session:
        ines = make_teacher(session, office.school, "Ines", "Castellanos")
        team = make_resource(session, office.event, office.folake, ines, name="Grade 4 team")
        make_appointment(session, make_slot(session, team), office.alice, problem="slot_removed")
    browser = office.someone(lambda session: session.get_one(Contact, ines.id))

    page, printed = words(browser.get(office.path(PAGE)).text), text(read(browser.get(office.path(FILE))))

    assert "Mia Alvarez With Grade 4 team. Alice Alvarez Needs attention Room 112" in page
    assert "With Grade 4 team. Ask the office: this time has a problem" in printed


def test_cancelled_and_held_times_are_left_out_and_nothing_is_printed_of_nothing(
    office: Office, dora: Browser, folake: Browser, now: datetime
) -> None:
    with office.arranged() as session:
        for n, values in enumerate(({"cancelled_at": now}, {"held_until": now})):
            slot = make_slot(session, office.resource, at=EVENING + timedelta(hours=n))
            make_appointment(session, slot, office.alice, **values)

    for browser in (dora, folake):
        assert "Nothing is booked here yet." in browser.get(office.path(PAGE)).text
        assert browser.get(office.path(FILE)).status_code == 303


@pytest.mark.parametrize("level", [Level.VIEWER, Level.MAKER, Level.RESOURCE_ADMINISTRATOR], ids=str)
def test_whoever_tampers_with_the_address_prints_only_the_own(office: Office, ines: Resource, level: Level) -> None:
    """R86, URL-001"""
    booked_online(office)
    with office.arranged() as session:
        session.get_one(Contact, office.folake.id).level = level
    browser = office.someone(lambda session: session.get_one(Contact, office.folake.id))

    tampered = f"?event={office.event.id}&teacher={ines.id}"

    assert "Noah" not in browser.get(office.path(PAGE + tampered)).text
    assert "Noah" not in text(read(browser.get(office.path(FILE + tampered))))


def test_an_event_administrator_prints_as_a_teacher_what_is_not_granted_to_them(office: Office, ines: Resource) -> None:
    """R86"""
    booked_online(office)
    with office.arranged() as session:
        session.get_one(Contact, office.folake.id).level = Level.EVENT_ADMINISTRATOR
    browser = office.someone(lambda session: session.get_one(Contact, office.folake.id))

    pages = [browser.get(office.path(PAGE + query)).text for query in ("", f"?event={office.event.id}")]

    assert all("Mia Alvarez" in page and "Noah" not in page for page in pages)
    assert "Mia Alvarez" in text(read(browser.get(office.path(f"{FILE}?event={office.event.id}"))))


def test_events_of_others_and_teachers_of_other_events_are_not_found(office: Office, dora: Browser) -> None:
    with office.arranged() as session:
        other = make_resource(session, make_event(session, office.school), make_teacher(session, office.school))
    dan = office.event_administrator()

    for path in (PAGE, FILE):
        assert dora.get(office.path(f"{path}?event={office.event.id}&teacher={other.id}")).status_code == 404
        assert dan.get(office.path(f"{path}?event={office.event.id}")).status_code == 404
        assert dora.get(office.path(f"{path}?teacher=x&teacher={'9' * 30}&day=x")).status_code in {200, 303}


def test_what_is_too_much_for_one_file_says_what_to_do(
    office: Office, dora: Browser, ines: Resource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OUT-008"""
    monkeypatch.setattr(printable, "MOST_PRINTED", 1)
    booked_online(office)

    answer = dora.get(office.path(FILE))

    assert answer.status_code == 409
    assert "A PDF of 2 appointments would be too long. Choose a day or fewer teachers." in words(answer.text)
    assert dora.get(office.path(f"{FILE}?event={office.event.id}&teacher={ines.id}")).status_code == 200


def test_a_teacher_without_an_event_is_led_to_the_schedule_which_says_so(office: Office) -> None:
    browser = office.someone(lambda session: make_teacher(session, office.school, "New"))

    assert browser.get(office.path(PAGE)).headers["Location"] == office.path("reports/teachers-schedule")


def test_it_is_offered_on_the_own_page_in_the_report_and_on_the_appointments_tab(
    office: Office, dora: Browser, folake: Browser, ines: Resource
) -> None:
    booked_online(office, at=EVENING)
    address = f'href="{office.path(PAGE)}?event={office.event.id}'

    assert f"{address}&amp;day=2026-12-03" in folake.get(office.path("reports/teachers-schedule")).text
    report = dora.get(office.path(f"reports/teachers-schedule?event={office.event.id}&teacher={ines.id}")).text
    assert f"{address}&amp;teacher={ines.id}" in report
    assert "Printable Schedule" in dora.get(office.path(f"e/{office.event.id}/")).text
