"""Tie children to the parent who knows their student ID and security value."""

from flask import g, request
from pydantic import BaseModel, Field

from webapp import clock
from webapp.auth import family, who
from webapp.context import database, reading
from webapp.errors import DomainError, TooManyTries
from webapp.forms import Form
from webapp.models import Contact
from webapp.services.booking.family import children_of
from webapp.services.event.inputs import Line
from webapp.services.event.open_events import Round
from webapp.services.people.children import NoSuchChild, claim_child, may_try, note_refusal
from webapp.views.parent.frame import Answer, blueprint, event_page, to

MINUTES = 60


class ChildInput(BaseModel):
    student_ref: Line = Field(default="", max_length=255)
    security_value: Line = Field(default="", max_length=100)


@blueprint.get("/<school>/<event>/children")
@family
def children(school: str, event: str) -> Answer:
    return _children_page(school, event, Form(ChildInput))


@blueprint.post("/<school>/<event>/children")
@family
def add_child(school: str, event: str) -> Answer:
    form = Form.sent(ChildInput, request.form)
    if not form:
        return _children_page(school, event, form, 422)
    try:
        _claim(form.value)
    except DomainError as error:
        form.refuse(error)
        return _children_page(school, event, form, error.status)
    return to("teachers", school, event)


def _claim(typed: ChildInput) -> None:
    """The try is counted, and stays counted, before anything is looked up."""
    with database().transaction() as db:
        is_within = may_try(db, g.contact, now=clock.now())
    if not is_within:
        raise TooManyTries(minutes=MINUTES)
    try:
        with database().transaction() as db:
            contact = db.get_one(Contact, g.contact.id)
            claim_child(db, contact, **typed.model_dump(), who=who(), now=clock.now())
    except NoSuchChild:
        with database().transaction() as db:
            note_refusal(db, g.contact, who=who(), now=clock.now())
        raise


def _children_page(school: str, event: str, form: Form[ChildInput], status: int = 200) -> Answer:
    found: Round = g.round
    with reading() as db:
        known = children_of(db, g.contact)
    if found.event.is_simple:
        return to("teachers", school, event)
    return event_page("children.html", found, status, form=form, children=known)
