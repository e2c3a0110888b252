"""Change an event's time zone: what that means first, then one button."""

from flask import Blueprint, flash, g, url_for
from htmx_flask import request
from pydantic import BaseModel, Field

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import DomainError, Invalid
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.models import Level
from webapp.services.event.change_zone import change_zone
from webapp.services.event.events import checked_zone
from webapp.services.event.zone_plan import plan_zone
from webapp.views.admin.event_frame import EVENT, Answer, event_page, framed, go_to
from webapp.views.admin.events import zones_from
from webapp.views.admin.once import once

blueprint = Blueprint("event_zone", __name__, url_prefix="/s/<school>")


class ZoneInput(BaseModel):
    """`was` is the zone that the preview was made from."""

    zone: str = Field(default="", max_length=60)
    was: str = Field(default="", max_length=60)
    tell: bool = False


@blueprint.get(f"{EVENT}/zone")
@staff(Level.EVENT_ADMINISTRATOR)
def zone(school: str, event: int) -> Answer:
    """With `zone` in the address, what a change to it would do."""
    return _page(event, Form.sent(ZoneInput, request.args))


@blueprint.post(f"{EVENT}/zone")
@staff(Level.EVENT_ADMINISTRATOR)
def change(school: str, event: int) -> Answer:
    form = Form.sent(ZoneInput, request.form)
    if not form:
        return _page(event, form, 422)
    try:
        _change(event, form.value)
    except Invalid as error:
        form.refuse(error)
        return _page(event, form, 422)
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        form.refuse(error)
        return _page(event, form, error.status)
    flash(_("The time zone is %(zone)s now.", zone=form.value.zone))
    return go_to(url_for("event_zone.zone", school=school, event=event))


def _change(event: int, typed: ZoneInput) -> None:
    with database().transaction() as session:
        row = framed(session, event).event

        def deed() -> dict[str, bool]:
            change_zone(session, row, typed.zone, was=typed.was, tell=typed.tell, who=who(), now=clock.now())
            return {"done": True}

        once(session, "event.zone", event, typed.model_dump_json(), deed=deed)


def _page(event: int, form: Form[ZoneInput], status: int = 200) -> Answer:
    plan = None
    with database().reading() as session:
        frame = framed(session, event)
        asked = str(form["zone"])
        try:
            if asked and form and checked_zone(asked, g.school.zone) != frame.event.zone:
                plan = plan_zone(session, frame.event, asked, now=clock.now())
        except Invalid as error:
            form.refuse(error)
            status = 422
    status = 422 if status == 200 and not form else status
    form.typed["zone"] = asked or frame.event.zone
    values = {"form": form, "plan": plan, "zones": zones_from(frame.event.zone)}
    return event_page("admin/event/zone.html", frame, status, **values)
