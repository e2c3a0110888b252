"""Make another teacher of a team the host of its online meetings: what that changes is said first, then one click."""

from flask import Blueprint, flash, g, url_for
from htmx_flask import request
from sqlmodel import Session

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import DomainError
from webapp.i18n import gettext as _
from webapp.i18n import ngettext, sentence
from webapp.models import Level
from webapp.services.event.resources import resource_of
from webapp.services.event.team import CannotHost, Reordered, impact_of, make_host, member_of, seen, team_of
from webapp.views.admin.event_frame import Answer, event_page, framed, go_to
from webapp.views.admin.rooms import TEACHER

blueprint = Blueprint("team", __name__, url_prefix="/s/<school>")

HOST = f"{TEACHER}/host/<int(max=2147483647):contact_id>"


@blueprint.get(HOST)
@staff(Level.EVENT_ADMINISTRATOR)
def host(school: str, event: int, resource: int, contact_id: int) -> Answer:
    with database().reading() as session:
        return _page(session, event, resource, contact_id)


@blueprint.post(HOST)
@staff(Level.EVENT_ADMINISTRATOR)
def make(school: str, event: int, resource: int, contact_id: int) -> Answer:
    was = request.form.get("was", "")
    try:
        with database().transaction() as session:
            framed(session, event)
            row = resource_of(session, g.school.id, event, resource)
            chosen, impact = make_host(session, row, contact_id, was=was, who=who(), now=clock.now())
    except (CannotHost, Reordered) as error:
        with database().reading() as session:
            return _page(session, event, resource, contact_id, error)
    words = _("%(name)s is the host now.", name=chosen.name)
    if impact.links:
        words += " " + ngettext(
            "%(n)s link is made anew; the old one works until then, and the family is told once.",
            "%(n)s links are made anew; the old ones work until then, and each family is told once.",
            impact.links,
        )
    flash(words)
    return go_to(url_for("rooms.teacher", school=school, event=event, resource=resource))


def _page(session: Session, event: int, resource: int, contact_id: int, error: DomainError | None = None) -> Answer:
    frame = framed(session, event)
    row = resource_of(session, g.school.id, event, resource)
    team = team_of(session, row)
    chosen = member_of(team, contact_id)
    values = {
        "resource": row,
        "team": team,
        "chosen": chosen,
        "impact": impact_of(session, row, chosen, now=clock.now()),
        "was": seen(team),
        "problem": sentence(error) if error else "",
    }
    return event_page("admin/event/make_host.html", frame, error.status if error else 200, **values)
