"""Let staff read reports: the office any event that it oversees, teachers their own schedule."""

from datetime import date
from typing import Any

from flask import Blueprint, g, redirect, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import staff, withheld_from_links
from webapp.context import database
from webapp.models import Event, Level
from webapp.rendering import page
from webapp.services.event.day_grid import day_grid, first_day
from webapp.services.event.listing import listed_events
from webapp.services.event.overseen import chosen_event, overseen_events
from webapp.services.event.own_schedule import coming_event, own_events, reads_own, taught_only
from webapp.services.event.report import teachers_schedule as schedule_of
from webapp.services.event.report_answers import NO_ANSWERS, answers_in
from webapp.services.event.report_table import Ask
from webapp.services.event.reports import REPORTS, TEACHERS_SCHEDULE, report_named, table_of
from webapp.services.meeting.overview import held_up
from webapp.views.download import download
from webapp.views.teacher.schedule import own_page

blueprint = Blueprint("reports", __name__, url_prefix="/s/<school>")

Answer = Response | tuple[str, int]

MOST_TEACHERS = 1000
"""On one grid."""


@blueprint.get("/")
@staff(Level.VIEWER)
def landing(school: str) -> Answer:
    """Also where the choice of a report is sent, which leads to the report's own address. Of an event in which the
    reader only teaches there is but one."""
    if g.contact.level < Level.EVENT_ADMINISTRATOR:
        return redirect(url_for("reports.teachers_schedule", school=school), 303)
    chosen = request.args.get("report", "")
    with database().reading() as session:
        is_own = reads_own(session, g.contact, _number())
        events = _to_choose(session)
    if is_own or chosen in REPORTS:
        return redirect(_address(TEACHERS_SCHEDULE if is_own else chosen), 303)
    return page("admin/reports/landing.html", events=events, event=None, nav="reports", reports=REPORTS, name="")


@blueprint.get("/reports/teachers-schedule")
@staff(Level.VIEWER)
def teachers_schedule(school: str) -> Answer:
    """Below Event Administrator, whatever the address asks for, the reader's own appointments and no other."""
    with database().reading() as session:
        is_own = reads_own(session, g.contact, _number())
    if is_own:
        return own_page(_number(), _day(), hides_free=request.args.get("free") == "hide")
    return _office_page(_number(), _day(), request.args.get("teacher", type=int))


@blueprint.get("/reports/account")
@staff(Level.EVENT_ADMINISTRATOR)
def account(school: str) -> Answer:
    """Account Reports / Settings: the events with their IDs, as far as the reader oversees them."""
    with database().reading() as session:
        listed = listed_events(session, g.contact)
    return page("admin/reports/account.html", nav="reports", listed=listed)


@blueprint.get("/reports/master-schedule/grid")
@staff(Level.EVENT_ADMINISTRATOR)
def grid(school: str) -> Answer:
    """Teachers by times, of one day, all of them: it is made to be printed."""
    now = clock.now()
    with database().reading() as session:
        events = overseen_events(session, g.contact)
        event = _event(session, events)
        day = (_day() or first_day(session, event, now=now)) if event else None
        shown = day_grid(session, event, day, per_page=MOST_TEACHERS, now=now) if event and day else None
    values = {"events": events, "event": event, "grid": shown, "name": "master-schedule", "reports": REPORTS}
    return page("admin/reports/grid.html", nav="reports", **values)


@blueprint.get("/reports/<report>")
@staff(Level.EVENT_ADMINISTRATOR)
def table(school: str, report: str) -> Answer:
    kind = report_named(report)
    with database().reading() as session:
        events = overseen_events(session, g.contact)
        event = _event(session, events)
        known = table_of(session, kind, _ask(event)) if event else None
    values = {"events": events, "event": event, "table": known, "report": kind, "name": report, "reports": REPORTS}
    return page("admin/reports/table.html", nav="reports", **values)


@blueprint.get("/reports/teachers-schedule/<any(csv, xlsx, pdf):form>")
@staff(Level.VIEWER)
@withheld_from_links
def teachers_schedule_file(school: str, form: str) -> Answer:
    """Below Event Administrator the reader's own appointments and no other, as on the page."""
    with database().reading() as session:
        is_own = reads_own(session, g.contact, _number())
    return _file(TEACHERS_SCHEDULE, form, is_own=is_own)


@blueprint.get("/reports/<report>/<any(csv, xlsx, pdf):form>")
@staff(Level.EVENT_ADMINISTRATOR)
def file(school: str, report: str, form: str) -> Answer:
    return _file(report, form)


def _file(report: str, form: str, *, is_own: bool = False) -> Answer:
    """All rows of a report."""
    kind = report_named(report)
    with database().reading() as session:
        events = own_events(session, g.contact, within=g.within) if is_own else overseen_events(session, g.contact)
        event = _event(session, events, is_own=is_own)
        sheet = table_of(session, kind, _ask(event, is_own=is_own)).sheet() if event else None
    if event is None or sheet is None:
        return redirect(url_for("reports.landing", school=g.school.slug), 303)
    return download(sheet, form, of=event.name)


def _event(session: Session, events: list[Event], *, is_own: bool = False) -> Event | None:
    """The one asked for, else the teacher's next, or the office's newest."""
    if is_own:
        return chosen_event(events, _number()) or coming_event(session, g.contact, events, now=clock.now())
    return chosen_event(events, _number()) or next(iter(events), None)


def _to_choose(session: Session) -> list[Event]:
    """Those that the reader oversees, then those in which they teach."""
    return [*overseen_events(session, g.contact), *taught_only(session, g.contact)]


def _ask(event: Event, *, is_own: bool = False) -> Ask:
    return Ask(
        event,
        clock.now(),
        day=_day(),
        resource_id=None if is_own else request.args.get("teacher", type=int),
        reader_id=g.contact.id if is_own else None,
        sort=request.args.get("sort", ""),
        page=request.args.get("page", 1, type=int),
    )


def _number() -> int | None:
    """Of the event asked for."""
    return request.args.get("event", type=int)


def _day() -> date | None:
    return request.args.get("day", type=date.fromisoformat)


def _address(report: str) -> str:
    """Without what was left empty, and without the day and teacher of an event that was changed for another."""
    is_same = request.args.get("was") == request.args.get("event")
    kept = ["event", "sort", *(["day", "teacher"] if is_same else [])]
    values: dict[str, Any] = {name: request.args[name] for name in kept if request.args.get(name)}
    if report == TEACHERS_SCHEDULE:
        return url_for("reports.teachers_schedule", school=g.school.slug, **values)
    return url_for("reports.table", school=g.school.slug, report=report, **values)


def _office_page(number: int | None, day: date | None, resource_id: int | None) -> Answer:
    with database().reading() as session:
        events = overseen_events(session, g.contact)
        event = chosen_event(events, number) or next(iter(events), None)
        schedule = schedule_of(session, event, day=day, resource_id=resource_id) if event else None
        answers = answers_in(session, event) if event else NO_ANSWERS
        stuck = held_up(session, [event.id] if event and event.id else [], now=clock.now())
        choice = _to_choose(session)
    values = {"events": choice, "event": event, "schedule": schedule, "answers": answers, "held_up": stuck}
    here = {"nav": "reports", "reports": REPORTS, "name": TEACHERS_SCHEDULE}
    return page("admin/reports/teachers_schedule.html", **here, **values)
