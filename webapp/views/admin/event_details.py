"""Edit the details of an event, and duplicate it for a second round."""

from flask import Blueprint, flash, url_for
from htmx_flask import request

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import Invalid
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.models import Event, Level
from webapp.services.booking.errors import KeyUsed
from webapp.services.event.details import DetailsInput, duplicate_event, save_details
from webapp.views.admin.event_frame import EVENT, Answer, event_page, framed, go_to
from webapp.views.admin.once import once

blueprint = Blueprint("event_details", __name__, url_prefix="/s/<school>")

DETAILS = tuple(DetailsInput.model_fields)


@blueprint.get(f"{EVENT}/details")
@staff(Level.EVENT_ADMINISTRATOR)
def details(school: str, event: int) -> Answer:
    return _page("details", event)


@blueprint.post(f"{EVENT}/details")
@staff(Level.EVENT_ADMINISTRATOR)
def save(school: str, event: int) -> Answer:
    form = Form.sent(DetailsInput, request.form)
    if not form:
        return _page("details", event, form, 422)
    with database().transaction() as session:
        found = framed(session, event).event
        session.refresh(found, with_for_update={"key_share": True})
        save_details(session, found, form.over(_stored(found)), who=who(), now=clock.now())
    flash(_("Saved"))
    return go_to(url_for("event_details.details", school=school, event=event))


@blueprint.get(f"{EVENT}/duplicate")
@staff(Level.ADMINISTRATOR)
def duplicate(school: str, event: int) -> Answer:
    return _page("duplicate", event)


@blueprint.post(f"{EVENT}/duplicate")
@staff(Level.ADMINISTRATOR)
def duplicate_sent(school: str, event: int) -> Answer:
    form = Form.sent(DetailsInput, request.form)
    if not form:
        return _page("duplicate", event, form, 422)
    try:
        copy = _duplicate(event, form.value)
    except (Invalid, KeyUsed) as error:
        form.refuse(error)
        return _page("duplicate", event, form, error.status)
    flash(_("Event duplicated. It has no slots yet."))
    return go_to(url_for("appointments.overview", school=school, event=copy))


def _duplicate(event: int, typed: DetailsInput) -> int:
    """The number of the new event."""
    with database().transaction() as session:
        source = framed(session, event).event

        def deed() -> dict[str, int | None]:
            return {"event": duplicate_event(session, source, typed, who=who(), now=clock.now()).id}

        done = once(session, "event.duplicate", event, typed.model_dump_json(), deed=deed)
    return int(done["event"])


def _page(name: str, event: int, form: Form[DetailsInput] | None = None, status: int = 200) -> Answer:
    with database().reading() as session:
        frame = framed(session, event)
    form = form if form is not None else _stored(frame.event, name)
    return event_page(f"admin/event/{name}.html", frame, status, form=form)


def _stored(event: Event, name: str = "details") -> Form[DetailsInput]:
    words = {field: getattr(event, field) for field in DETAILS}
    if name == "duplicate":
        words["name"] = _("%(name)s, second round", name=event.name)[:200]
    return Form(DetailsInput, words)
