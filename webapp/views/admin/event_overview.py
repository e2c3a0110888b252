"""An event's Overview: what is ready and what is missing, preflight from what is stored, and Check now."""

from typing import Any

from flask import Blueprint, g, url_for
from sqlmodel import Session

from webapp import clock
from webapp.auth import staff
from webapp.context import confab, database
from webapp.models import Level
from webapp.models.event.event_settings import ZOOM
from webapp.rendering import is_htmx
from webapp.services.event.checklist import checklist
from webapp.services.preflight.check import progress_of, start_check
from webapp.services.preflight.opening import opened_with_red
from webapp.services.preflight.preflight import preflight
from webapp.views.admin.event_frame import EVENT, Answer, Frame, event_page, framed, go_to

blueprint = Blueprint("event_overview", __name__, url_prefix="/s/<school>")


@blueprint.get(f"{EVENT}/overview")
@staff(Level.EVENT_ADMINISTRATOR)
def overview(school: str, event: int) -> Answer:
    with database().reading() as session:
        frame = framed(session, event)
        values = _found(session, frame) | {"opened": opened_with_red(session, frame.event)}
        values["todo"] = checklist(session, frame.event, frame.settings, values["found"].facts, now=clock.now())
    return event_page("admin/event/overview.html", frame, **values)


@blueprint.get(f"{EVENT}/preflight")
@staff(Level.EVENT_ADMINISTRATOR)
def checks(school: str, event: int) -> Answer:
    """The part that a page with a running check asks for."""
    with database().reading() as session:
        frame = framed(session, event)
        values = _found(session, frame)
    return event_page("admin/event/_preflight.html", frame, **values)


@blueprint.post(f"{EVENT}/preflight")
@staff(Level.EVENT_ADMINISTRATOR)
def check(school: str, event: int) -> Answer:
    with database().transaction() as session:
        frame = framed(session, event)
        start_check(session, frame.settings, g.contact, now=clock.now())
        values = _found(session, frame)
    if not is_htmx():
        return go_to(url_for("event_overview.overview", school=school, event=event))
    return event_page("admin/event/_preflight.html", frame, **values)


def _found(session: Session, frame: Frame) -> dict[str, Any]:
    missing = confab().providers.grants[ZOOM].missing_scopes
    found = preflight(session, frame.event, frame.settings, missing_scopes=missing, now=clock.now())
    held = found.facts.connection
    can_check = bool(found.facts.provider and held and held.is_live and not found.facts.hold)
    return {"found": found, "progress": progress_of(session, g.school.id), "can_check": can_check}
