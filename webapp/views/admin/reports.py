"""Let staff read reports: the office any event that it oversees, teachers their own schedule."""

from datetime import date

from flask import Blueprint, g, redirect, request, url_for
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import staff
from webapp.context import database
from webapp.models import Level
from webapp.rendering import page
from webapp.services.event.overseen import chosen_event, overseen_events
from webapp.services.event.report import teachers_schedule as schedule_of
from webapp.services.meeting.overview import held_up
from webapp.views.teacher.schedule import own_page

blueprint = Blueprint("reports", __name__, url_prefix="/s/<school>")

Answer = Response | tuple[str, int]


@blueprint.get("/")
@staff(Level.VIEWER)
def landing(school: str) -> Answer:
    if g.contact.level < Level.EVENT_ADMINISTRATOR:
        return redirect(url_for("reports.teachers_schedule", school=school), 303)
    with database().reading() as session:
        events = overseen_events(session, g.contact)
    return page("admin/reports/landing.html", events=events, event=None, nav="reports")


@blueprint.get("/reports/teachers-schedule")
@staff(Level.VIEWER)
def teachers_schedule(school: str) -> Answer:
    """Below Event Administrator, whatever the address asks for, the reader's own appointments and no other."""
    number, day = request.args.get("event", type=int), request.args.get("day", type=date.fromisoformat)
    if g.contact.level < Level.EVENT_ADMINISTRATOR:
        return own_page(number, day, hides_free=request.args.get("free") == "hide")
    return _office_page(number, day, request.args.get("teacher", type=int))


def _office_page(number: int | None, day: date | None, resource_id: int | None) -> Answer:
    with database().reading() as session:
        events = overseen_events(session, g.contact)
        event = chosen_event(events, number) or next(iter(events), None)
        schedule = schedule_of(session, event, day=day, resource_id=resource_id) if event else None
        stuck = held_up(session, [event.id] if event and event.id else [], now=clock.now())
    values = {"events": events, "event": event, "schedule": schedule, "held_up": stuck, "nav": "reports"}
    return page("admin/reports/teachers_schedule.html", **values)
