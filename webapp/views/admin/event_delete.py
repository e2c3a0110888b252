"""Delete an event after saying what goes with it, and restore one that was deleted lately."""

from flask import Blueprint, flash, g, url_for
from htmx_flask import request
from pydantic import BaseModel, Field

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import Invalid
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.models import Level
from webapp.services.booking.errors import KeyUsed
from webapp.services.event.delete_event import KEPT_FOR, delete_event, losses_of, restore_event
from webapp.services.event.inputs import LARGEST_ID
from webapp.views.admin.event_frame import EVENT, Answer, day_of, event_page, framed, go_to
from webapp.views.admin.once import once

blueprint = Blueprint("event_delete", __name__, url_prefix="/s/<school>")


class ConfirmInput(BaseModel):
    """The event's name, typed where coming appointments go with it."""

    name: str = Field(default="", max_length=200)


@blueprint.get(f"{EVENT}/delete")
@staff(Level.ADMINISTRATOR)
def ask(school: str, event: int) -> Answer:
    return _page(event, Form(ConfirmInput))


@blueprint.post(f"{EVENT}/delete")
@staff(Level.ADMINISTRATOR)
def delete_sent(school: str, event: int) -> Answer:
    form = Form.sent(ConfirmInput, request.form)
    if not form:
        return _page(event, form, 422)
    try:
        name = _deleted(event, form.value.name)
    except (Invalid, KeyUsed) as error:
        form.refuse(error)
        return _page(event, form, error.status)
    flash(_("“%(name)s” is deleted. It can be restored for %(n)s days.", name=name, n=KEPT_FOR.days))
    return go_to(url_for("events.event_list", school=school))


@blueprint.post("/events/restore")
@staff(Level.ADMINISTRATOR)
def restore(school: str) -> Answer:
    asked = request.form.get("event", type=int) or 0
    with database().transaction() as session:
        number = asked if asked <= LARGEST_ID else 0
        event = restore_event(session, g.school.id, number, who=who(), now=clock.now())
    flash(_("Event restored. Appointments that were cancelled with it stay cancelled."))
    return go_to(day_of(event))


def _deleted(event: int, typed: str) -> str:
    """The name of what is gone; the same form sent again finds it so."""
    with database().transaction() as session:

        def deed() -> dict[str, str]:
            row = framed(session, event).event
            delete_event(session, row, confirmed=typed, who=who(), now=clock.now())
            return {"name": row.name}

        done = once(session, "event.delete", event, typed, deed=deed)
    return str(done["name"])


def _page(event: int, form: Form[ConfirmInput], status: int = 200) -> Answer:
    with database().reading() as session:
        frame = framed(session, event)
        losses = losses_of(session, frame.event, now=clock.now())
    return event_page("admin/event/delete.html", frame, status, form=form, losses=losses, days=KEPT_FOR.days)
