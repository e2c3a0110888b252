"""Know the Event Reports of PRODUCT 3.10: what each lists, in which columns, and how it may be narrowed."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlmodel import Session

from webapp.errors import N_, NotFound
from webapp.i18n import gettext
from webapp.services.event.report import days_of, teachers_of
from webapp.services.event.report_answers import NO_ANSWERS, answers_in
from webapp.services.event.report_appointments import (
    by_room,
    cancelled_appointments,
    master_schedule,
    meeting_links,
    parents_schedule,
    teachers_schedule,
)
from webapp.services.event.report_gaps import open_slots, parents_without_appointments
from webapp.services.event.report_table import COLUMNS, Ask, Row, Table, sorted_rows

TEACHERS_SCHEDULE = "teachers-schedule"


@dataclass(frozen=True)
class Report:
    """`empty` says why there may be no row. With `has_answers` a column is added for each thing that families were
    asked."""

    title: str
    columns: str
    rows: Callable[[Session, Ask], list[Row]]
    empty: str = N_("Nothing is booked here yet. Appointments appear as families book them.")
    has_days: bool = True
    has_answers: bool = False


REPORTS = {
    TEACHERS_SCHEDULE: Report(
        N_("Teachers Schedule"),
        "teacher date time length parent student class type room email status",
        teachers_schedule,
        has_answers=True,
    ),
    "master-schedule": Report(
        N_("Master Schedule"),
        "date time length teacher parent student class type room status",
        master_schedule,
        has_answers=True,
    ),
    "parents-schedule": Report(
        N_("Parents Schedule"),
        "parent email date time length student teacher class type room status",
        parents_schedule,
        has_answers=True,
    ),
    "by-room": Report(
        N_("By Room"),
        "room date time length teacher parent student class status",
        by_room,
        N_("No in-person appointment is booked here yet."),
        has_answers=True,
    ),
    "parents-without-appointments": Report(
        N_("Parents without Appointments"),
        "parent email students",
        parents_without_appointments,
        N_("Every parent in the roster of these teachers has an appointment, or there is no roster."),
        has_days=False,
    ),
    "open-slots": Report(
        N_("Open Slots"),
        "date time length teacher type seats",
        open_slots,
        N_("No coming time is free here."),
    ),
    "cancelled-appointments": Report(
        N_("Cancelled Appointments"),
        "date time length teacher parent student class type email cancelled",
        cancelled_appointments,
        N_("Nothing was cancelled here."),
        has_answers=True,
    ),
    "meeting-links": Report(
        N_("Meeting Links"),
        "date time teacher parent student state host room error",
        meeting_links,
        N_("No virtual appointment is booked here yet."),
    ),
}


def report_named(name: str) -> Report:
    """Raises NotFound."""
    if name not in REPORTS:
        raise NotFound
    return REPORTS[name]


def table_of(session: Session, report: Report, ask: Ask) -> Table:
    """A fixed number of queries. A day of which the event knows nothing, or a column that the report has not, counts
    as no choice. Raises NotFound for a teacher of another event."""
    teachers = teachers_of(session, ask.event)
    days = days_of(session, ask.event) if report.has_days else ()
    if ask.resource_id is not None and ask.resource_id not in dict(teachers):
        raise NotFound
    answers = answers_in(session, ask.event) if report.has_answers else NO_ANSWERS
    columns = (*report.columns.split(), *answers.heads)
    sort = ask.sort if ask.sort.removeprefix("-") in columns else ""
    ask = replace(ask, day=ask.day if ask.day in days else None, sort=sort, answers=answers)
    rows = sorted_rows(report.rows(session, ask), columns, sort)
    heads = {column: gettext(words) for column, words in COLUMNS.items()} | dict(answers.heads)
    return Table(gettext(report.title), columns, rows, ask, days, teachers, heads)
