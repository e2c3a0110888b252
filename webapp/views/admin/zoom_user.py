"""Choose a teacher's Zoom user by hand, from the users that were read last, or have Zoom asked for this one again."""

from typing import Any

from flask import Blueprint, g, redirect, request, url_for
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import DomainError, Invalid
from webapp.models import Level
from webapp.models.event.event_settings import ZOOM
from webapp.rendering import page
from webapp.services.meeting.account_users import MOST_SHOWN, sought_users
from webapp.services.meeting.map_teacher import failed_lookup, is_looked_up, start_lookup
from webapp.services.meeting.mapping_report import mapping_row
from webapp.services.meeting.pick import UserTaken, pick_user, teacher_of, unpick

blueprint = Blueprint("zoom_user", __name__, url_prefix="/s/<school>/zoom/teachers/<int(max=2147483647):contact_id>")

Answer = Response | tuple[str, int]


@blueprint.get("")
@staff(Level.ADMINISTRATOR)
def choose(school: str, contact_id: int) -> Answer:
    return _page(contact_id)


@blueprint.post("/pick")
@staff(Level.ADMINISTRATOR)
def pick(school: str, contact_id: int) -> Answer:
    try:
        with database().transaction() as session:
            teacher = teacher_of(session, g.school.id, contact_id)
            key = request.form.get("user", "").replace("\0", "")
            pick_user(session, teacher, ZOOM, key, who=who(), now=clock.now())
    except (Invalid, UserTaken) as error:
        return _page(contact_id, error)
    return _back(contact_id)


@blueprint.post("/unpick")
@staff(Level.ADMINISTRATOR)
def match_again(school: str, contact_id: int) -> Answer:
    with database().transaction() as session:
        unpick(session, teacher_of(session, g.school.id, contact_id), ZOOM, who=who(), now=clock.now())
    return _back(contact_id)


@blueprint.post("/look-up")
@staff(Level.ADMINISTRATOR)
def look_up(school: str, contact_id: int) -> Answer:
    with database().transaction() as session:
        start_lookup(session, teacher_of(session, g.school.id, contact_id), ZOOM, g.contact.id, clock.now())
    return _back(contact_id)


def _page(contact_id: int, error: DomainError | None = None) -> tuple[str, int]:
    sought = request.args.get("q", "").replace("\0", "").strip()[:100]
    with database().reading() as session:
        teacher = teacher_of(session, g.school.id, contact_id)
        values: dict[str, Any] = {
            "row": mapping_row(session, teacher, ZOOM),
            "users": sought_users(session, g.school.id, ZOOM, sought, contact_id=contact_id),
            "is_looked_up": is_looked_up(session, teacher, ZOOM),
            "failure": failed_lookup(session, teacher, ZOOM),
        }
    status = error.status if error else 200
    more = {"sought": sought, "most": MOST_SHOWN, "error": error}
    return page("admin/setup/zoom_user.html", status, nav="setup", **values, **more)


def _back(contact_id: int) -> Response:
    return redirect(url_for("zoom_user.choose", school=g.school.slug, contact_id=contact_id), 303)
