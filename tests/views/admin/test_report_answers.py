"""What families answered stands beside their appointments: in the Appointments List, the reports, their files, and the
teacher's own schedule."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from app import Browser
from factories import EVENING, make_appointment, make_slot, stored
from online_office import Office, open_office, time_stands_at, words
from openpyxl import load_workbook

from webapp.db import Database
from webapp.models import Answer, Appointment, AppointmentField, Contact, Service
from webapp.services.event.reports import REPORTS

ASKED = ("Service", "What about?", "=Phone")


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


@pytest.fixture
def dora(office: Office) -> Browser:
    return office.dora()


@pytest.fixture
def booked(office: Office) -> Appointment:
    """Of three questions, of which one is asked no more and one was never answered, and two services."""
    with office.arranged() as session:
        here = {"school_id": office.school.id, "event_id": office.event.id}
        for name in ("Report", "Advice"):
            stored(session, Service(name=name, **here))
        about, phone, _ = (
            stored(session, AppointmentField(label=label, is_used=is_used, **here))
            for label, is_used in (("What about?", False), ("=Phone", True), ("Never answered", False))
        )
        slot = make_slot(session, office.resource, at=EVENING)
        appointment = make_appointment(session, slot, office.alice, service="Report")
        for field, text in ((about, "Reading & sums"), (phone, "=HYPERLINK(1)")):
            stored(session, answer(appointment, field, text))
        other = make_slot(session, office.resource, at=EVENING + timedelta(minutes=20))
        make_appointment(session, other, office.alice, nth=2)
        return appointment


def answer(appointment: Appointment, field: AppointmentField, text: str) -> Answer:
    ids = {"school_id": appointment.school_id, "appointment_id": appointment.id, "field_id": field.id}
    return Answer(label=field.label, text=text, **ids)


def heads_and_rows(office: Office, browser: Browser, report: str) -> list[list[str]]:
    content = browser.get(office.path(f"reports/{report}/csv?event={office.event.id}")).data
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_each_report_of_appointments_ends_in_a_column_for_each_question(
    office: Office, dora: Browser, booked: Appointment
) -> None:
    """PRODUCT 3.10, R79, R80: in the order of the event; what is asked no more as long as somebody answered it."""
    for name, report in REPORTS.items():
        heads = heads_and_rows(office, dora, name)[0]
        assert heads[len(report.columns.split()) :] == (
            ["Service", "What about?", "'=Phone"] if report.has_answers else []
        )
    assert sum(report.has_answers for report in REPORTS.values()) == 5


def test_the_files_hold_the_answers_and_no_formula(office: Office, dora: Browser, booked: Appointment) -> None:
    """OUT-001, RELIABILITY T22"""
    rows = heads_and_rows(office, dora, "master-schedule")[1:]
    book = load_workbook(io.BytesIO(dora.get(office.path("reports/master-schedule/xlsx")).data)).active

    assert [row[-3:] for row in rows] == [["Report", "Reading & sums", "'=HYPERLINK(1)"], ["", "", ""]]
    last = [row[-3:] for row in book.iter_rows()]
    assert tuple(cell.value for cell in last[0]) == ASKED
    assert [(cell.value, cell.data_type) for cell in last[1]][1:] == [("Reading & sums", "s"), ("=HYPERLINK(1)", "s")]
    assert dora.get(office.path("reports/master-schedule/pdf")).data.startswith(b"%PDF")


def test_a_report_sorts_by_what_was_answered(office: Office, dora: Browser, booked: Appointment) -> None:
    page = dora.get(office.path("reports/master-schedule")).text
    [column] = re.findall(r"sort=(q\d+)[^>]*>What about\?<", page)

    down = dora.get(office.path(f"reports/master-schedule?sort=-{column}")).text

    times = re.findall(r'<td class="nowrap"><bdi>(\d:\d\d)', down)
    assert times == ["4:00", "4:20"]
    assert 'aria-sort="descending"' in down


def test_teachers_schedule_shows_them_to_the_office_and_to_the_teacher(
    office: Office, dora: Browser, booked: Appointment
) -> None:
    of_office = dora.get(office.path(f"reports/teachers-schedule?event={office.event.id}")).text
    row = of_office.partition(f'id="entry-{booked.id}"')[2].partition("</tr>")[0]
    teacher = office.someone(lambda session: session.get_one(Contact, office.folake.id))
    own = teacher.get(office.path("reports/teachers-schedule")).text
    card = own.partition(f'id="entry-{booked.id}"')[2].partition("</li>")[0]

    heads = words(of_office.partition("<thead>")[2].partition("</thead>")[0])
    assert heads.endswith("Status Service What about? =Phone")
    assert words(row).endswith("Booked Report Reading & sums =HYPERLINK(1)")
    assert 'colspan="13"' in of_office
    assert "Report What about? Reading & sums =Phone: =HYPERLINK(1)" in words(card)


def test_the_appointments_list_shows_them_where_somebody_answered(
    office: Office, dora: Browser, booked: Appointment
) -> None:
    page = dora.get(office.path("appointments")).text
    rows = [words(row) for row in re.findall(r'<tr id="appointment-\d+">(.*?)</tr>', page, re.DOTALL)]

    assert "Service: Report What about? Reading & sums =Phone: =HYPERLINK(1)" in rows[0]
    assert "Service:" not in rows[1]


def test_an_event_that_asks_nothing_has_no_more_columns_than_its_report(office: Office, dora: Browser) -> None:
    with office.arranged() as session:
        make_appointment(session, make_slot(session, office.resource, at=EVENING), office.alice)

    heads: list[Any] = heads_and_rows(office, dora, "teachers-schedule")

    assert len(heads[0]) == len(REPORTS["teachers-schedule"].columns.split())
