"""Services and Appointment Fields: what families are asked when they book in an event."""

from collections.abc import Callable

from flask import Blueprint, flash, g, url_for
from htmx_flask import request
from pydantic import BaseModel
from sqlmodel import Session

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import Invalid
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.i18n import ngettext
from webapp.models import Event, Level
from webapp.services.booking.errors import KeyUsed
from webapp.services.event.questions import (
    FieldInput,
    ServiceInput,
    add_field,
    add_service,
    fields_of,
    remove_service,
    service_of,
    services_of,
    sounds_like_a_meeting,
    use_fields,
)
from webapp.views.admin.event_frame import EVENT, Answer, event_page, framed, go_to
from webapp.views.admin.once import once

blueprint = Blueprint("questions", __name__, url_prefix="/s/<school>")

SERVICE = f"{EVENT}/settings/services/<int(max=2147483647):service>"


@blueprint.get(f"{EVENT}/settings/services")
@staff(Level.EVENT_ADMINISTRATOR)
def overview(school: str, event: int) -> Answer:
    return _page(event, Form(ServiceInput), Form(FieldInput))


@blueprint.post(f"{EVENT}/settings/services")
@staff(Level.EVENT_ADMINISTRATOR)
def add(school: str, event: int) -> Answer:
    form = Form.sent(ServiceInput, request.form)

    def deed(session: Session, found: Event) -> None:
        add_service(session, found, form.value, who=who(), now=clock.now())

    return _added(event, "service.add", form, deed) or _page(event, form, Form(FieldInput), 422)


@blueprint.get(f"{SERVICE}/remove")
@staff(Level.EVENT_ADMINISTRATOR)
def ask_to_remove(school: str, event: int, service: int) -> Answer:
    with database().reading() as session:
        frame = framed(session, event)
        found = service_of(session, frame.event, service)
    return event_page("admin/event/remove_service.html", frame, service=found)


@blueprint.post(f"{SERVICE}/remove")
@staff(Level.EVENT_ADMINISTRATOR)
def remove(school: str, event: int, service: int) -> Answer:
    with database().transaction() as session:
        remove_service(session, framed(session, event).event, service, who=who(), now=clock.now())
    flash(_("Service removed. What is booked for it keeps its text."))
    return go_to(url_for("questions.overview", school=school, event=event))


@blueprint.post(f"{EVENT}/settings/fields")
@staff(Level.EVENT_ADMINISTRATOR)
def add_question(school: str, event: int) -> Answer:
    form = Form.sent(FieldInput, request.form)

    def deed(session: Session, found: Event) -> None:
        add_field(session, found, form.value, who=who(), now=clock.now())

    return _added(event, "field.add", form, deed) or _page(event, Form(ServiceInput), form, 422)


@blueprint.post(f"{EVENT}/settings/fields/move")
@staff(Level.EVENT_ADMINISTRATOR)
def move(school: str, event: int) -> Answer:
    """By the arrowheads between the two lists."""
    is_used = request.form.get("to") == "used"
    chosen = request.form.getlist("unused" if is_used else "used", type=int)
    with database().transaction() as session:
        found = framed(session, event).event
        moved = use_fields(session, found, chosen, is_used=is_used, who=who(), now=clock.now())
    flash(_moved(moved, is_used=is_used))
    return go_to(url_for("questions.overview", school=school, event=event))


def _moved(moved: int, *, is_used: bool) -> str:
    if not moved:
        return _("Nothing moved: choose a field in the list first.")
    if is_used:
        return ngettext("%(n)s field is asked from now on", "%(n)s fields are asked from now on", moved)
    return ngettext(
        "%(n)s field is not asked any more; its answers stay.",
        "%(n)s fields are not asked any more; their answers stay.",
        moved,
    )


def _added(
    event: int, action: str, form: Form[ServiceInput] | Form[FieldInput], deed: Callable[[Session, Event], None]
) -> Answer | None:
    """None where something was refused."""
    try:
        if form:
            _add_once(event, action, form.value, deed)
            flash(_("Saved"))
            return go_to(url_for("questions.overview", school=g.school.slug, event=event))
    except (Invalid, KeyUsed) as error:
        form.refuse(error)
    return None


def _add_once(event: int, action: str, typed: BaseModel, deed: Callable[[Session, Event], None]) -> None:
    with database().transaction() as session:
        found = framed(session, event).event

        def add_it() -> dict[str, str]:
            deed(session, found)
            return {}

        once(session, action, event, typed.model_dump_json(), deed=add_it)


def _page(event: int, service: Form[ServiceInput], field: Form[FieldInput], status: int = 200) -> Answer:
    with database().reading() as session:
        frame = framed(session, event)
        services, fields = services_of(session, event), fields_of(session, event)
    named = [one.name for one in services] + [one.label for one in fields if one.is_used]
    values = {
        "services": services,
        "used": [one for one in fields if one.is_used],
        "unused": [one for one in fields if not one.is_used],
        "misleading": [words for words in named if sounds_like_a_meeting(words)],
        "service": service,
        "field": field,
    }
    return event_page("admin/event/questions.html", frame, status, **values)
