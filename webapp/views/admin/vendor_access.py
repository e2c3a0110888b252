"""Vendor Access: a contact's admin level, and the events and resources that it counts for."""

from collections.abc import Callable
from typing import Any, Literal

from flask import Blueprint, flash, g, request
from pydantic import BaseModel, Field
from sqlmodel import Session

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import DomainError, NotAllowed, NotFound
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.models import Contact, Level
from webapp.services.event.inputs import LARGEST_ID
from webapp.services.people.contacts import contact_of
from webapp.services.people.grants import (
    event_to_grant,
    events_of,
    grant_event,
    grant_resources,
    grants_of,
    resources_of,
    revoke,
)
from webapp.services.people.levels import set_level
from webapp.services.people.paging import Looked
from webapp.views.admin.people_frame import CONTACT, Answer, looked, people_page, to
from webapp.views.proof import proved

blueprint = Blueprint("vendor_access", __name__, url_prefix="/s/<school>")

LONGEST_NAME = 200
_ALL = Looked()


class LevelInput(BaseModel):
    level: int = Field(ge=Level.CUSTOMER, le=Level.ADMINISTRATOR)


class GrantInput(BaseModel):
    """The event as a whole, unless resources of it are named."""

    event: int = Field(ge=1, le=2147483647)
    resources: list[int] = Field(default_factory=list, max_length=1000)


class FindInput(BaseModel):
    """In which list of the page: the grants, or the resources of an event."""

    of: Literal["grants", "resources"]
    event: int | None = Field(default=None, ge=1, le=2147483647)


class RevokeInput(BaseModel):
    grant: int = Field(ge=1, le=2147483647)


@blueprint.get(f"{CONTACT}/access")
@staff(Level.ADMINISTRATOR)
def show(school: str, contact_id: int) -> Answer:
    event = request.args.get("event", type=int)
    if event is not None and not 0 < event <= LARGEST_ID:
        raise NotFound
    return _page(contact_id, event=event)


@blueprint.post(f"{CONTACT}/access/find")
@staff(Level.ADMINISTRATOR)
def find(school: str, contact_id: int) -> Answer:
    """By POST, which keeps names out of addresses; it changes nothing."""
    form = Form.sent(FindInput, request.form)
    if not form:
        return _page(contact_id)
    grants, resources = (looked(), _ALL) if form.value.of == "grants" else (_ALL, looked())
    return _page(contact_id, event=form.value.event, grants=grants, resources=resources)


@blueprint.post(f"{CONTACT}/access")
@staff(Level.ADMINISTRATOR)
@proved
def level(school: str, contact_id: int) -> Answer:
    form = Form.sent(LevelInput, request.form)

    def deed(session: Session, _person: Contact) -> None:
        set_level(session, g.contact, contact_id, Level(form.value.level), who=who(), now=clock.now())

    return _done(contact_id, form, deed)


@blueprint.post(f"{CONTACT}/access/event")
@staff(Level.ADMINISTRATOR)
def grant(school: str, contact_id: int) -> Answer:
    form = Form.sent(GrantInput, request.form)

    def deed(session: Session, person: Contact) -> None:
        grant_event(session, person, form.value.event, who=who(), now=clock.now())

    return _done(contact_id, form, deed)


@blueprint.post(f"{CONTACT}/access/resources")
@staff(Level.ADMINISTRATOR)
def grant_some(school: str, contact_id: int) -> Answer:
    form = Form.sent(GrantInput, request.form)

    def deed(session: Session, person: Contact) -> None:
        typed = form.value
        grant_resources(session, person, typed.event, typed.resources, who=who(), now=clock.now())

    return _done(contact_id, form, deed)


@blueprint.post(f"{CONTACT}/access/remove")
@staff(Level.ADMINISTRATOR)
def remove(school: str, contact_id: int) -> Answer:
    form = Form.sent(RevokeInput, request.form)

    def deed(session: Session, person: Contact) -> None:
        revoke(session, person, form.value.grant, who=who(), now=clock.now())

    return _done(contact_id, form, deed)


def _done(contact_id: int, form: Form[Any], deed: Callable[[Session, Contact], None]) -> Answer:
    try:
        with database().transaction() as session:
            person = contact_of(session, g.school.id, contact_id)
            if form:
                deed(session, person)
    except (NotFound, NotAllowed):
        raise
    except DomainError as error:
        form.refuse(error)
        return _page(contact_id, form.problem or form.errors["level"], error.status)
    if not form:
        return _page(contact_id, form.problem or next(iter(form.errors.values())), 422)
    flash(_("Saved"))
    return to("vendor_access.show", contact_id=contact_id)


def _page(
    contact_id: int,
    problem: str = "",
    status: int = 200,
    *,
    event: int | None = None,
    grants: Looked = _ALL,
    resources: Looked = _ALL,
) -> Answer:
    """`event` is the one whose resources are offered."""
    named = request.values.get("named", "")[:LONGEST_NAME]
    with database().reading() as session:
        person = contact_of(session, g.school.id, contact_id)
        values = {
            "grants": grants_of(session, person, grants),
            "events": events_of(session, g.school.id, Looked(words=named)),
            "chosen": event_to_grant(session, g.school.id, event) if event is not None else None,
            "resources": resources_of(session, g.school.id, event, resources) if event is not None else None,
        }
    words = {"named": named, "grant_words": grants.words, "resource_words": resources.words}
    return people_page("access", status, person=person, problem=problem, **words, **values)
