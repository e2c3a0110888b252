"""Let teachers block their own times from a phone, and free them again."""

from datetime import date

from flask import Blueprint, flash, g, redirect, request, url_for
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import Invalid
from webapp.forms import Form
from webapp.i18n import ngettext
from webapp.models import Level
from webapp.rendering import page
from webapp.services.event.overseen import chosen_event
from webapp.services.event.own_schedule import coming_event, own_events, own_schedule
from webapp.services.event.own_times import BLOCK, Changed, NothingToChange, OwnTimesInput, change_own_times

blueprint = Blueprint("own_times", __name__, url_prefix="/s/<school>")

Answer = Response | tuple[str, int]


@blueprint.get("/reports/teachers-schedule/times")
@staff(Level.MAKER)
def show(school: str) -> Answer:
    return _times_page(Form(OwnTimesInput))


@blueprint.post("/reports/teachers-schedule/times")
@staff(Level.MAKER)
def change(school: str) -> Answer:
    form = Form.sent(OwnTimesInput, request.form)
    if not form:
        return _times_page(form, 422)
    try:
        with database().transaction() as session:
            known = {"within": g.within, "who": who(), "now": clock.now()}
            changed = change_own_times(session, g.contact, form.value, **known)
    except (Invalid, NothingToChange) as error:
        form.refuse(error)
        return _times_page(form, error.status)
    flash(_said(form.value, changed))
    return redirect(url_for("reports.teachers_schedule", school=school, event=_event(), day=_day()), 303)


def _said(typed: OwnTimesInput, changed: Changed) -> str:
    if typed.deed == BLOCK:
        said = ngettext("%(n)s time is not offered now.", "%(n)s times are not offered now.", changed.times)
    else:
        said = ngettext("%(n)s time is offered again.", "%(n)s times are offered again.", changed.times)
    if not changed.left:
        return said
    return f"{said} {ngettext('%(n)s was left as it is.', '%(n)s were left as they are.', changed.left)}"


def _times_page(form: Form[OwnTimesInput], status: int = 200) -> Answer:
    now = clock.now()
    with database().reading() as session:
        events = own_events(session, g.contact, within=g.within)
        event = chosen_event(events, _event()) or coming_event(session, g.contact, events, now=now)
        schedule = own_schedule(session, event, g.contact, day=_day(), now=now) if event else None
    return page("teacher/times.html", status, event=event, schedule=schedule, form=form, now=now)


def _event() -> int | None:
    return request.values.get("event", type=int)


def _day() -> date | None:
    return request.values.get("day", type=date.fromisoformat)
