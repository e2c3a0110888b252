"""Show whether every virtual appointment has its link, and let the office log in as a teacher from there."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, g, redirect, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from webapp import auth, clock
from webapp.auth import anyone_signed_in, staff, who
from webapp.context import database
from webapp.i18n import gettext as _
from webapp.i18n import ngettext, sentence
from webapp.models import Event, Level
from webapp.rendering import is_htmx, page
from webapp.services.calendar.invite import CannotBeInvited, Invited, invite_all
from webapp.services.calendar.invite import invite as invite_one
from webapp.services.event.overseen import chosen_event, overseen_events
from webapp.services.meeting.calendar_status import ALL, NOT_EXPORTED, SetupStatus, setup_status
from webapp.services.meeting.overview import Overview
from webapp.services.meeting.overview import overview as overview_of
from webapp.services.meeting.retry import retry as retry_issues
from webapp.services.meeting.strays import AskedAbout, asked_about
from webapp.services.people.log_in_as import log_back_in, log_in_as
from webapp.views.admin.once import once
from webapp.views.proof import proved

blueprint = Blueprint("online_meetings", __name__, url_prefix="/s/<school>")

Answer = Response | tuple[str, int]


@dataclass(frozen=True)
class Asked:
    """What the reader may see and asked for: all events overseen, the one chosen, a teacher's name, whose Export Setup
    is blank, a page."""

    events: list[Event]
    event: Event | None
    name: str
    show: str
    page: int

    @property
    def ids(self) -> list[int]:
        return [event.id for event in ([self.event] if self.event else self.events) if event.id]

    def address(self, endpoint: str, **more: Any) -> str:
        """An address of this page or of one of its parts, with the same choice."""
        choice = {"event": self.event.id if self.event else None, "f": self.name or None, "show": self.show or None}
        paged = {"page": self.page if self.page > 1 else None}
        return url_for(f"online_meetings.{endpoint}", school=g.school.slug, **choice | paged | more)


@blueprint.get("/online-meetings")
@staff(Level.EVENT_ADMINISTRATOR)
def overview(school: str) -> Answer:
    with database().reading() as session:
        asked = _asked(session)
        values = {"shown": _shown(session, asked), "status": _setup_status(session, asked), "strays": _strays(session)}
    return page("admin/online_meetings/overview.html", asked=asked, now=clock.now(), nav="online-meetings", **values)


@blueprint.get("/online-meetings/sync")
@staff(Level.EVENT_ADMINISTRATOR)
def sync(school: str) -> Answer:
    with database().reading() as session:
        asked = _asked(session)
        shown = _shown(session, asked)
    return _changed(shown.sync_version, "_sync", asked=asked, shown=shown)


@blueprint.get("/online-meetings/issues")
@staff(Level.EVENT_ADMINISTRATOR)
def issues(school: str) -> Answer:
    with database().reading() as session:
        asked = _asked(session)
        shown = _shown(session, asked)
    return _changed(shown.issues_version, "_issues", asked=asked, shown=shown)


@blueprint.get("/online-meetings/setup")
@staff(Level.EVENT_ADMINISTRATOR)
def setup(school: str) -> Answer:
    with database().reading() as session:
        asked = _asked(session)
        status = _setup_status(session, asked)
    return _changed(status.version, "_setup", asked=asked, status=status)


@blueprint.post("/online-meetings/retry")
@staff(Level.EVENT_ADMINISTRATOR)
def retry(school: str) -> Answer:
    now, resources = clock.now(), set(request.form.getlist("resource", type=int))
    with database().transaction() as session:
        asked = _asked(session)
        retry_issues(session, asked.ids, resources, contact=g.contact, who=who(), now=now)
        shown = _shown(session, asked)
    if not is_htmx():
        return redirect(asked.address("overview", _anchor="om-issues"), 303)
    has_gone = not any(not resources or resources.intersection(issue.resource_ids) for issue in shown.issues)
    return page("admin/online_meetings/_retried.html", asked=asked, shown=shown, has_gone=has_gone, now=now)


@blueprint.post("/online-meetings/invite")
@staff(Level.EVENT_ADMINISTRATOR)
def invite(school: str) -> Answer:
    """One teacher, or all; the form sent again mails nobody again."""
    status, contact_id = 200, request.form.get("contact", type=int)
    with database().reading() as session:
        asked = _asked(session)
    try:
        with database().transaction() as session:

            def deed() -> dict[str, int]:
                return vars(_invited(session, asked, contact_id))

            said = _mailed(Invited(**once(session, "calendars.invite", asked.ids, contact_id, deed=deed)))
    except CannotBeInvited as error:
        said, status = sentence(error), error.status
    if not is_htmx():
        flash(said)
        return redirect(asked.address("overview", _anchor="om-calendars"), 303)
    with database().reading() as session:
        shown = _setup_status(session, asked)
    return page("admin/online_meetings/_setup.html", status, asked=asked, status=shown, said=said)


@blueprint.post("/as/<int(max=2147483647):contact_id>")
@staff(Level.EVENT_ADMINISTRATOR)
@proved
def act(school: str, contact_id: int) -> Response:
    with database().transaction() as session:
        secret = log_in_as(session, auth.person(), g.contact, contact_id, now=clock.now())
    auth.remember(secret)
    return redirect(url_for("reports.teachers_schedule", school=school), 303)


@blueprint.post("/return")
@anyone_signed_in
def stop_acting(school: str) -> Response:
    with database().transaction() as session:
        secret = log_back_in(session, auth.person(), now=clock.now())
    if secret:
        auth.remember(secret)
    return redirect(url_for("online_meetings.overview", school=school), 303)


def _asked(session: Session) -> Asked:
    """Raises NotFound for an event that the reader does not oversee."""
    events = overseen_events(session, g.contact)
    event = chosen_event(events, request.args.get("event", type=int))
    # PostgreSQL cannot be asked for a NUL, and no name has one.
    name = request.args.get("f", "").replace("\0", "").strip()
    show = NOT_EXPORTED if request.args.get("show") == NOT_EXPORTED else ALL
    return Asked(events, event, name, show, request.args.get("page", 1, type=int))


def _shown(session: Session, asked: Asked) -> Overview:
    return overview_of(session, g.school.id, asked.ids, now=clock.now())


def _strays(session: Session) -> list[AskedAbout]:
    """They concern the school's whole Zoom account, not an event."""
    return asked_about(session, g.school.id, now=clock.now()) if g.contact.level == Level.ADMINISTRATOR else []


def _setup_status(session: Session, asked: Asked) -> SetupStatus:
    return setup_status(session, asked.ids, name=asked.name, show=asked.show, page=asked.page, now=clock.now())


def _invited(session: Session, asked: Asked, contact_id: int | None) -> Invited:
    if contact_id is None:
        return invite_all(session, asked.ids, who=who(), now=clock.now())
    return invite_one(session, asked.ids, contact_id, who=who(), now=clock.now())


def _mailed(done: Invited) -> str:
    mailed = ngettext("%(n)s invitation is on its way.", "%(n)s invitations are on their way.", done.mailed)
    if not done.left_out:
        return mailed if done.mailed else _("Nobody is left to be invited.")
    left = ngettext(
        "%(n)s teacher was mailed one within a day and is left out.",
        "%(n)s teachers were mailed one within a day and are left out.",
        done.left_out,
    )
    return f"{mailed} {left}" if done.mailed else left


def _changed(version: str, part: str, **values: Any) -> Answer:
    """Nothing, where the reader has this state already."""
    if request.args.get("v") == version:
        return "", 204
    return page(f"admin/online_meetings/{part}.html", is_refresh=True, now=clock.now(), **values)
