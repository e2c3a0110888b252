"""The Teachers menu of the Appointments tab: add, copy, sort; and take one out of the event."""

import re
from typing import Any

from flask import Blueprint, flash, g, url_for
from htmx_flask import request

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import DomainError, Invalid, NotAllowed
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.i18n import ngettext, sentence
from webapp.models import Level
from webapp.services.booking.errors import KeyUsed
from webapp.services.event.copy_teachers import copy_teachers, offers
from webapp.services.event.overseen import chosen_event, overseen_events
from webapp.services.event.remove_teacher import remove_teacher
from webapp.services.event.resources import resource_of, resources_of
from webapp.services.event.select_person import (
    ChosenPeople,
    PersonSearch,
    add_people,
    add_somebody_new,
    find_people,
)
from webapp.services.event.sort_teachers import SortedMeanwhile, order_seen, sort_by_hand, sort_by_name
from webapp.services.people.contacts import ContactInput
from webapp.views.admin.event_frame import EVENT, Answer, day_of, event_page, framed, go_to
from webapp.views.admin.once import once
from webapp.views.admin.rooms import TEACHER

blueprint = Blueprint("teachers", __name__, url_prefix="/s/<school>")

ADD = f"{EVENT}/teachers/add"
_NUMBER = re.compile(r"n(\d{1,9})")


@blueprint.get(ADD)
@staff(Level.EVENT_ADMINISTRATOR)
def add(school: str, event: int) -> Answer:
    """Select Person; names are not listed until searched for."""
    return _select_page(event)


@blueprint.post(f"{ADD}/find")
@staff(Level.EVENT_ADMINISTRATOR)
def find(school: str, event: int) -> Answer:
    """By POST, which keeps names out of addresses; it changes nothing."""
    return _select_page(event, search=Form.sent(PersonSearch, request.form))


@blueprint.post(ADD)
@staff(Level.EVENT_ADMINISTRATOR)
def add_sent(school: str, event: int) -> Answer:
    """Ok: whoever was ticked."""
    chosen = Form.sent(ChosenPeople, request.form)
    search = Form.sent(PersonSearch, request.form)
    if not chosen:
        chosen.problem = _("Choose at least one person.")
        return _select_page(event, 422, search=search, chosen=chosen)
    try:
        with database().transaction() as session:
            frame = framed(session, event)
            added = add_people(session, frame.event, g.contact, chosen.value.people, who=who(), now=clock.now())
    except Invalid as error:
        chosen.problem = sentence(error)
        return _select_page(event, 422, search=search, chosen=chosen)
    flash(ngettext("Added %(n)s teacher", "Added %(n)s teachers", len(added)))
    return go_to(day_of(frame.event))


@blueprint.post(f"{ADD}/new")
@staff(Level.EVENT_ADMINISTRATOR)
def add_new(school: str, event: int) -> Answer:
    form = Form.sent(ContactInput, request.form)
    try:
        if form:
            return _added_new(event, form.value)
    except NotAllowed:
        raise
    except (Invalid, KeyUsed) as error:
        form.refuse(error)
    return _select_page(event, 422, new=form)


@blueprint.get(f"{EVENT}/teachers/copy")
@staff(Level.EVENT_ADMINISTRATOR)
def copy(school: str, event: int) -> Answer:
    with database().reading() as session:
        frame = framed(session, event)
        found = offers(session, frame.event, overseen_events(session, g.contact))
    return event_page("admin/event/copy_teachers.html", frame, offers=found)


@blueprint.post(f"{EVENT}/teachers/copy")
@staff(Level.EVENT_ADMINISTRATOR)
def copy_sent(school: str, event: int) -> Answer:
    """Only from an event that the editor oversees."""
    with database().transaction() as session:
        frame = framed(session, event)
        source = chosen_event(overseen_events(session, g.contact), request.form.get("from", type=int) or 0)
        assert source is not None
        number = copy_teachers(session, frame.event, source, who=who(), now=clock.now())
    flash(ngettext("Took %(n)s teacher or team", "Took %(n)s teachers and teams", number))
    return go_to(day_of(frame.event))


@blueprint.get(f"{EVENT}/teachers/sort")
@staff(Level.EVENT_ADMINISTRATOR)
def sort(school: str, event: int) -> Answer:
    return _sort_page(event)


@blueprint.post(f"{EVENT}/teachers/sort")
@staff(Level.EVENT_ADMINISTRATOR)
def sort_sent(school: str, event: int) -> Answer:
    """By the numbers as typed, or by name."""
    typed = {int(key[1:]): _typed(key) for key in request.form if _NUMBER.fullmatch(key)}
    numbers = {resource: number for resource, number in typed.items() if number is not None}
    try:
        with database().transaction() as session:
            here = framed(session, event).event
            if request.form.get("by") == "name":
                sort_by_name(session, here, who=who(), now=clock.now())
            else:
                sort_by_hand(session, here, numbers, was=request.form.get("was", ""), who=who(), now=clock.now())
    except SortedMeanwhile as error:
        return _sort_page(event, sentence(error), error.status)
    flash(_("Teachers sorted."))
    return go_to(url_for("teachers.sort", school=school, event=event))


@blueprint.post(f"{TEACHER}/remove")
@staff(Level.EVENT_ADMINISTRATOR)
def remove(school: str, event: int, resource: int) -> Answer:
    try:
        with database().transaction() as session:
            frame = framed(session, event)
            row = resource_of(session, g.school.id, event, resource)
            name = row.name
            remove_teacher(session, row, who=who(), now=clock.now())
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        flash(sentence(error))
        return go_to(url_for("rooms.teacher", school=school, event=event, resource=resource))
    flash(_("%(name)s is not in this event any more.", name=name))
    return go_to(day_of(frame.event))


def _added_new(event: int, typed: ContactInput) -> Answer:
    """Back to Select Person: often there are several to add."""
    with database().transaction() as session:
        here = framed(session, event).event

        def deed() -> dict[str, str]:
            return {"name": add_somebody_new(session, here, typed, who=who(), now=clock.now()).name}

        done = once(session, "teachers.add_new", event, typed.model_dump_json(), deed=deed)
    flash(_("Added %(name)s", name=done["name"]))
    return go_to(url_for("teachers.add", school=g.school.slug, event=event))


def _select_page(
    event: int,
    status: int = 200,
    *,
    search: Form[PersonSearch] | None = None,
    chosen: Form[ChosenPeople] | None = None,
    new: Form[ContactInput] | None = None,
) -> Answer:
    with database().reading() as session:
        frame = framed(session, event)
        found = find_people(session, frame.event, g.contact, search.value) if search else None
    values: dict[str, Any] = {
        "search": search if search is not None else Form(PersonSearch),
        "chosen": chosen if chosen is not None else Form(ChosenPeople),
        "new": new if new is not None else Form(ContactInput),
        "found": found,
    }
    status = 422 if search is not None and not search else status
    return event_page("admin/event/select_person.html", frame, status, **values)


def _sort_page(event: int, problem: str = "", status: int = 200) -> Answer:
    with database().reading() as session:
        frame = framed(session, event)
        rows = resources_of(session, frame.event)
    values = {"rows": rows, "was": order_seen(rows), "problem": problem}
    return event_page("admin/event/sort_teachers.html", frame, status, **values)


def _typed(key: str) -> float | None:
    """A number as typed, with halves to squeeze somebody in between."""
    try:
        number = float(request.form[key].replace(",", "."))
    except ValueError:
        return None
    return number if abs(number) < 1e6 else None
