"""Change a team: another host, a teacher more, a teacher less. What that means for links is said first."""

from collections.abc import Callable
from dataclasses import dataclass

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
from webapp.services.event.team import (
    CannotHost,
    Impact,
    Reordered,
    impact_of,
    make_host,
    member_of,
    move_up,
    seen,
    team_of,
)
from webapp.services.event.team_members import BusyElsewhere, OnlyTeacher, impact_of_leaving, join_team, leave_team
from webapp.views.admin.event_frame import Answer, event_page, framed, go_to
from webapp.views.admin.rooms import TEACHER, teacher_page

blueprint = Blueprint("team", __name__, url_prefix="/s/<school>")

HOST = f"{TEACHER}/host/<int(max=2147483647):contact_id>"
UP = f"{TEACHER}/up/<int(max=2147483647):contact_id>"
LEAVE = f"{TEACHER}/leave/<int(max=2147483647):contact_id>"


@dataclass(frozen=True)
class Form:
    """A page that asks before it changes the team, and what the change would mean for links."""

    template: str
    impact: Callable[..., Impact]


HOSTING = Form("admin/event/make_host.html", impact_of)
LEAVING = Form("admin/event/leave_team.html", impact_of_leaving)


@blueprint.get(HOST)
@staff(Level.EVENT_ADMINISTRATOR)
def host(school: str, event: int, resource: int, contact_id: int) -> Answer:
    with database().reading() as session:
        return _page(session, event, resource, contact_id, HOSTING)


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
            return _page(session, event, resource, contact_id, HOSTING, error)
    return _back(_("%(name)s is the host now.", name=chosen.name), event, resource, impact)


@blueprint.get(LEAVE)
@staff(Level.EVENT_ADMINISTRATOR)
def leaving(school: str, event: int, resource: int, contact_id: int) -> Answer:
    with database().reading() as session:
        return _page(session, event, resource, contact_id, LEAVING)


@blueprint.post(LEAVE)
@staff(Level.EVENT_ADMINISTRATOR)
def leave(school: str, event: int, resource: int, contact_id: int) -> Answer:
    was = request.form.get("was", "")
    try:
        with database().transaction() as session:
            framed(session, event)
            row = resource_of(session, g.school.id, event, resource)
            impact = leave_team(session, row, contact_id, was=was, who=who(), now=clock.now())
    except (CannotHost, OnlyTeacher, Reordered) as error:
        with database().reading() as session:
            return _page(session, event, resource, contact_id, LEAVING, error)
    return _back(_("The team is smaller by one now."), event, resource, impact)


@blueprint.post(f"{TEACHER}/join")
@staff(Level.EVENT_ADMINISTRATOR)
def join(school: str, event: int, resource: int) -> Answer:
    contact_id = request.form.get("contact", 0, type=int)
    try:
        with database().transaction() as session:
            framed(session, event)
            row = resource_of(session, g.school.id, event, resource)
            joined = join_team(session, row, contact_id, who=who(), now=clock.now())
            words = _("%(name)s is of the team now.", name=joined.name)
    except BusyElsewhere as error:
        with database().reading() as session:
            return teacher_page(session, event, resource, problem=error)
    return _back(words, event, resource)


@blueprint.post(UP)
@staff(Level.EVENT_ADMINISTRATOR)
def up(school: str, event: int, resource: int, contact_id: int) -> Answer:
    """Among those who do not host, for whom no link changes."""
    was = request.form.get("was", "")
    try:
        with database().transaction() as session:
            framed(session, event)
            row = resource_of(session, g.school.id, event, resource)
            moved = move_up(session, row, contact_id, was=was, who=who(), now=clock.now())
            words = _("%(name)s moved up.", name=moved.name)
    except Reordered as error:
        with database().reading() as session:
            return teacher_page(session, event, resource, problem=error)
    return _back(words, event, resource)


def _back(words: str, event: int, resource: int, impact: Impact | None = None) -> Answer:
    if impact and impact.links:
        words += " " + ngettext(
            "%(n)s link is made anew; the old one works until then, and the family is told once.",
            "%(n)s links are made anew; the old ones work until then, and each family is told once.",
            impact.links,
        )
    flash(words)
    return go_to(url_for("rooms.teacher", school=g.school.slug, event=event, resource=resource))


def _page(
    session: Session, event: int, resource: int, contact_id: int, form: Form, error: DomainError | None = None
) -> Answer:
    """What the change would mean, before it is made."""
    frame = framed(session, event)
    row = resource_of(session, g.school.id, event, resource)
    team = team_of(session, row)
    chosen = member_of(team, contact_id)
    values = {
        "resource": row,
        "team": team,
        "chosen": chosen,
        "impact": form.impact(session, row, chosen, now=clock.now()),
        "was": seen(team),
        "problem": sentence(error) if error else "",
    }
    return event_page(form.template, frame, error.status if error else 200, **values)
