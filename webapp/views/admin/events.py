"""List the school's events, and add one."""

from typing import Any

from flask import Blueprint, flash, g, url_for
from htmx_flask import request

from webapp import clock
from webapp.auth import staff, who
from webapp.context import confab, database
from webapp.errors import Invalid
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.i18n import ngettext
from webapp.models import Event, Level
from webapp.rendering import page
from webapp.services.booking.errors import KeyUsed
from webapp.services.event.availability import availability
from webapp.services.event.delete_event import KEPT_FOR, deleted_events
from webapp.services.event.event_table import EventTable
from webapp.services.event.events import EventInput, add_event, zones
from webapp.services.event.fill import fill_from_roster
from webapp.services.event.listing import listed_events
from webapp.services.event.overseen import chosen_event, overseen_events
from webapp.views.admin.event_frame import EVENT, Answer, Frame, day_of, framed, go_to
from webapp.views.admin.once import once

blueprint = Blueprint("events", __name__, url_prefix="/s/<school>")


@blueprint.get("/events")
@staff(Level.RESOURCE_ADMINISTRATOR)
def event_list(school: str) -> Answer:
    now, number = clock.now(), request.args.get("page", 1, type=int)
    with database().reading() as session:
        listed = listed_events(session, g.contact, in_part=True, within=g.within)
        overseen = {event.id for event in overseen_events(session, g.contact)}
        deleted = deleted_events(session, g.school.id, now=now) if g.contact.level >= Level.ADMINISTRATOR else ()
    table = EventTable(listed, request.args.get("sort", ""), number)
    frames = [Frame(it.event, it.settings, availability(it.event, it.settings, now=now)) for it in table.shown]
    addresses = {frame.event.id: public_address(frame.event) for frame in frames}
    kept_until = {event.id: event.deleted_at + KEPT_FOR for event in deleted if event.deleted_at}
    values = {"table": table, "frames": frames, "addresses": addresses, "deleted": deleted, "kept_until": kept_until}
    return page("admin/event/events.html", nav="events", overseen=overseen, **values)


@blueprint.get("/events/add")
@staff(Level.ADMINISTRATOR)
def add(school: str) -> Answer:
    """From `template` on, where one is named: what its form would hold, but for the name."""
    number = request.args.get("template", type=int)
    with database().reading() as session:
        template = chosen_event(overseen_events(session, g.contact), number)
    return _add_page(Form(EventInput, _like(template) if template else {"zone": g.school.zone}))


@blueprint.post("/events/add")
@staff(Level.ADMINISTRATOR)
def add_sent(school: str) -> Answer:
    form = Form.sent(EventInput, request.form)
    if not form:
        return _add_page(form, 422)
    try:
        return go_to(_add(form.value))
    except (Invalid, KeyUsed) as error:
        form.refuse(error)
        return _add_page(form, error.status)


@blueprint.post(f"{EVENT}/teachers")
@staff(Level.EVENT_ADMINISTRATOR)
def take_teachers(school: str, event: int) -> Answer:
    """For an event that was added before the roster was imported."""
    with database().transaction() as session:
        frame = framed(session, event)
        number = fill_from_roster(session, frame.event, who=who(), now=clock.now())
    flash(ngettext("Took %(n)s teacher or team", "Took %(n)s teachers and teams", number))
    return go_to(day_of(frame.event))


def public_address(event: Event) -> str:
    """Where families book: the link that the school gives them."""
    return confab().settings.base_url.rstrip("/") + url_for("parent.landing", school=g.school.slug, event=event.slug)


def _add(typed: EventInput) -> str:
    """The address of the new event."""
    with database().transaction() as session:

        def deed() -> dict[str, int | None]:
            return {"event": add_event(session, g.school, typed, who=who(), now=clock.now()).id}

        done = once(session, "event.add", g.school.id, typed.model_dump_json(), deed=deed)
    flash(_("Event added."))
    return url_for("appointments.overview", school=g.school.slug, event=done["event"])


def _like(template: Event) -> dict[str, Any]:
    alike = {name: getattr(template, name) for name in ("type", "zone", "location", "description", "category")}
    return alike | {"template": template.id, "teachers": "template"}


def _add_page(form: Form[EventInput], status: int = 200) -> Answer:
    with database().reading() as session:
        earlier = overseen_events(session, g.contact)
    values = {"form": form, "zones": zones_from(g.school.zone), "earlier": earlier, "nav": "events"}
    return page("admin/event/add_event.html", status, **values)


def zones_from(first: str) -> list[tuple[str, str]]:
    """All zones for a choice, the likeliest first."""
    return [(zone, zone) for zone in (first, *(zone for zone in zones() if zone != first))]
