"""Print teachers' schedules: teachers their own, the office those of one, some or all teachers, as one file."""

import re
from datetime import date

from flask import Blueprint, g, redirect, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import staff, withheld_from_links
from webapp.context import confab, database
from webapp.documents.paper import picture, teacher_html
from webapp.errors import N_, DomainError
from webapp.i18n import gettext as _
from webapp.models import Level
from webapp.rendering import page
from webapp.services.event.overseen import chosen_event, overseen_events
from webapp.services.event.own_schedule import coming_event, own_events, reads_own
from webapp.services.event.printable import Printable, own_printable, printable_of_teachers
from webapp.views.download import send

blueprint = Blueprint("printable", __name__, url_prefix="/s/<school>/reports/teachers-schedule")

MOST_PRINTED = 1000
"""Appointments of one file: a minute's work."""


class TooManyToPrint(DomainError):
    message = N_("A PDF of %(number)s appointments would be too long. Choose a day or fewer teachers.")


_NUMBER = re.compile(r"\d{1,9}")


@blueprint.get("/printable")
@staff(Level.VIEWER)
def show(school: str) -> Response | tuple[str, int]:
    """Codes to scan only for one teacher: drawing many takes its time, and the file has them all."""
    with database().reading() as session:
        is_own = _is_own(session)
        found = _printable(session, is_own=is_own)
    if found is None:
        return redirect(url_for("reports.teachers_schedule", school=school), 303)
    template = "teacher/printable.html" if is_own else "admin/reports/printable.html"
    values = {"printable": found, "event": found.event, "picture": picture if len(found.itineraries) == 1 else None}
    return page(template, nav="reports", **values)


@blueprint.get("/printable.pdf")
@staff(Level.VIEWER)
@withheld_from_links
def file(school: str) -> Response:
    with database().reading() as session:
        found = _printable(session, is_own=_is_own(session))
    if found is None or not found.itineraries:
        return redirect(url_for("reports.teachers_schedule", school=school), 303)
    if found.total > MOST_PRINTED:
        raise TooManyToPrint(number=found.total)
    content = confab().press.print_together([teacher_html(itinerary) for itinerary in found.itineraries])
    return send(content, "application/pdf", f"{found.event.name} {_('Printable Schedule')}.pdf")


def _printable(session: Session, *, is_own: bool) -> Printable | None:
    """Below Event Administrator, whatever the address asks for, the reader's own."""
    number, day = _event_number(), request.args.get("day", type=date.fromisoformat)
    if is_own:
        events = own_events(session, g.contact, within=g.within)
        event = chosen_event(events, number) or coming_event(session, g.contact, events, now=clock.now())
        return own_printable(session, event, g.contact, day=day) if event else None
    events = overseen_events(session, g.contact)
    event = chosen_event(events, number) or next(iter(events), None)
    teachers = {int(text) for text in request.args.getlist("teacher") if _NUMBER.fullmatch(text)}
    return printable_of_teachers(session, event, day=day, resource_ids=teachers) if event else None


def _is_own(session: Session) -> bool:
    return reads_own(session, g.contact, _event_number())


def _event_number() -> int | None:
    return request.args.get("event", type=int)
