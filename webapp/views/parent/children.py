"""Tie children to the parent who knows their student ID and security value, or has the school's letter with a code; and
untie who was claimed by mistake."""

from collections.abc import Callable

from flask import g, request
from pydantic import BaseModel, Field
from sqlmodel import Session

from webapp import clock
from webapp.auth import family, who
from webapp.context import database, reading
from webapp.csrf import request_key
from webapp.errors import DomainError, Invalid
from webapp.forms import Form
from webapp.models import Contact
from webapp.services.event.inputs import Line
from webapp.services.people.children import (
    ClaimsClosed,
    NotClaimed,
    claim_child,
    claimed_child,
    count_claim,
    count_guess,
    let_go,
    note_refusal,
    tied_children,
)
from webapp.services.people.claim_codes import claim_by_code
from webapp.views.parent.frame import Answer, blueprint, event_page, to

Claim = Callable[[Session, Contact], object]


class ChildInput(BaseModel):
    student_ref: Line = Field(default="", max_length=255)
    security_value: Line = Field(default="", max_length=100)


class LetterInput(BaseModel):
    code: Line = Field(default="", max_length=40)


@blueprint.get("/<school>/<event>/children")
@family
def children(school: str, event: str) -> Answer:
    return _children_page(school, event)


@blueprint.post("/<school>/<event>/children")
@family
def add_child(school: str, event: str) -> Answer:
    form = Form.sent(ChildInput, request.form)
    if not form:
        return _children_page(school, event, form, status=422)
    typed = form.value.model_dump()
    try:
        _claim(lambda db, contact: claim_child(db, contact, **typed, who=who(), now=clock.now()), typed["student_ref"])
    except DomainError as error:
        form.refuse(error)
        return _children_page(school, event, form, status=error.status)
    return to("teachers", school, event)


@blueprint.post("/<school>/<event>/children/code")
@family
def add_by_code(school: str, event: str) -> Answer:
    letter = Form.sent(LetterInput, request.form)
    if not letter:
        return _children_page(school, event, letter=letter, status=422)
    typed = letter.value.code
    try:
        _claim(lambda db, contact: claim_by_code(db, contact, typed, who=who(), now=clock.now()))
    except DomainError as error:
        letter.refuse(error)
        return _children_page(school, event, letter=letter, status=error.status)
    return to("teachers", school, event)


@blueprint.get("/<school>/<event>/children/<child>/remove")
@family
def ask_to_remove(school: str, event: str, child: str) -> Answer:
    return _remove_page(child)


@blueprint.post("/<school>/<event>/children/<child>/remove")
@family
def remove_child(school: str, event: str, child: str) -> Answer:
    """The office sees it in the Log."""
    try:
        if not g.school.allows_claims:
            raise ClaimsClosed
        key = request_key()
        with database().transaction() as db:
            let_go(db, db.get_one(Contact, g.contact.id), child, key=key, who=who(), now=clock.now())
    except DomainError as error:
        if error.status == 404:
            raise
        return _remove_page(child, error)
    return to("children", school, event)


def _claim(claim: Claim, student_ref: str = "") -> None:
    """The try is counted, and stays counted, before anything is looked up."""
    if not g.school.allows_claims:
        raise ClaimsClosed
    with database().transaction() as db:
        count_claim(db, g.contact, request.remote_addr or "", now=clock.now())
        if student_ref:
            count_guess(db, g.school.id, student_ref, now=clock.now())
    try:
        with database().transaction() as db:
            claim(db, db.get_one(Contact, g.contact.id))
    except Invalid:
        with database().transaction() as db:
            note_refusal(db, g.contact, who=who(), now=clock.now())
        raise


def _children_page(
    school: str,
    event: str,
    form: Form[ChildInput] | None = None,
    *,
    letter: Form[LetterInput] | None = None,
    status: int = 200,
) -> Answer:
    if g.round.event.is_simple:
        return to("teachers", school, event)
    with reading() as db:
        known = tied_children(db, g.contact)
    # A form that was refused is falsy.
    values = {
        "form": Form(ChildInput) if form is None else form,
        "letter": Form(LetterInput) if letter is None else letter,
    }
    return event_page("children.html", g.round, status, children=known, **values)


def _remove_page(child: str, error: DomainError | None = None) -> Answer:
    """Another family's child is not found; one that the school tied stays, and the page says so."""
    status = error.status if error else 200
    student = None
    with reading() as db:
        try:
            student = claimed_child(db, g.contact, child)
        except NotClaimed as refusal:
            error = refusal
    return event_page("remove_child.html", g.round, status, child=student, error=error)
