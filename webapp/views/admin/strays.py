"""Let the office say what becomes of meetings and calendar entries at a provider that no appointment has."""

from flask import Blueprint, flash, g, redirect, request, url_for
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.i18n import gettext as _
from webapp.models import Level
from webapp.services.meeting import strays, sweep

_NUMBERS = range(1, 2**31)

blueprint = Blueprint("strays", __name__, url_prefix="/s/<school>/online-meetings")


@blueprint.post("/strays")
@staff(Level.ADMINISTRATOR)
def decide(school: str) -> Response:
    """Only those that were ticked; the others are asked about again."""
    ticked = [number for number in request.form.getlist("stray", type=int) if number in _NUMBERS]
    is_removal = request.form.get("remove") == "1"
    if not ticked:
        flash(_("Tick at least one. Nothing was changed."))
        return redirect(url_for("online_meetings.overview", school=school), 303)
    with database().transaction() as session:
        strays.decide(session, g.school.id, ticked, remove=is_removal, who=who(), now=clock.now())
    flash(_("They are removed within the minute.") if is_removal else _("They stay where they are."))
    return redirect(url_for("online_meetings.overview", school=school), 303)


@blueprint.post("/look")
@staff(Level.ADMINISTRATOR)
def look(school: str) -> Response:
    with database().transaction() as session:
        sweep.look_now(session, school_id=g.school.id, now=clock.now())
    flash(_("Zoom is asked for every meeting now. One that is missing twice is made anew by itself."))
    return redirect(url_for("online_meetings.overview", school=school), 303)
