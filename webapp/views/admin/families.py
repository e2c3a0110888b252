"""Parent-Student Relationship: whose child is whose, from the parent's side and from the student's."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, g, request, url_for
from pydantic import BaseModel, ConfigDict, Field

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import Invalid
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.models import Level
from webapp.services.people.contacts import contact_of
from webapp.services.people.families import children_of, link, parent_called, parents_of, student_called, unlink
from webapp.services.people.paging import Looked
from webapp.services.people.students import student_of
from webapp.views.admin.people_frame import CONTACT, STUDENT, Answer, looked, people_page, to

blueprint = Blueprint("families", __name__, url_prefix="/s/<school>")

_ALL = Looked()


class RefInput(BaseModel):
    """A StudentID, or a parent's email or ParentID."""

    model_config = ConfigDict(str_strip_whitespace=True)

    ref: str = Field(min_length=1, max_length=255)


class UnlinkInput(BaseModel):
    """The row of the other one."""

    remove: int = Field(ge=1, le=2147483647)


@dataclass(frozen=True)
class Tie:
    """Somebody linked, with what tells them from others of the same name."""

    id: int
    name: str
    sub: str
    address: str


@blueprint.get(f"{CONTACT}/students")
@staff(Level.ADMINISTRATOR)
def children(school: str, contact_id: int) -> Answer:
    return _children_page(contact_id, Form(RefInput))


@blueprint.post(f"{CONTACT}/students/find")
@staff(Level.ADMINISTRATOR)
def find_child(school: str, contact_id: int) -> Answer:
    """By POST, which keeps names of children out of addresses; it changes nothing."""
    return _children_page(contact_id, Form(RefInput), looked=looked())


@blueprint.post(f"{CONTACT}/students")
@staff(Level.ADMINISTRATOR)
def link_child(school: str, contact_id: int) -> Answer:
    form = Form.sent(RefInput, request.form)
    try:
        with database().transaction() as session:
            contact = contact_of(session, g.school.id, contact_id)
            if form:
                student = student_called(session, g.school.id, form.value.ref)
                link(session, contact, student, who=who(), now=clock.now())
    except Invalid as error:
        form.refuse(error)
    return _answer(form) or _children_page(contact_id, form, 422)


@blueprint.post(f"{CONTACT}/students/remove")
@staff(Level.ADMINISTRATOR)
def unlink_child(school: str, contact_id: int) -> Answer:
    return _unlink(contact_id, None)


@blueprint.get(f"{STUDENT}/parents")
@staff(Level.ADMINISTRATOR)
def parents(school: str, student: int) -> Answer:
    return _parents_page(student, Form(RefInput))


@blueprint.post(f"{STUDENT}/parents/find")
@staff(Level.ADMINISTRATOR)
def find_parent(school: str, student: int) -> Answer:
    return _parents_page(student, Form(RefInput), looked=looked())


@blueprint.post(f"{STUDENT}/parents")
@staff(Level.ADMINISTRATOR)
def link_parent(school: str, student: int) -> Answer:
    form = Form.sent(RefInput, request.form)
    try:
        with database().transaction() as session:
            row = student_of(session, g.school.id, student)
            if form:
                contact = parent_called(session, g.school.id, form.value.ref)
                link(session, contact, row, who=who(), now=clock.now())
    except Invalid as error:
        form.refuse(error)
    return _answer(form) or _parents_page(student, form, 422)


@blueprint.post(f"{STUDENT}/parents/remove")
@staff(Level.ADMINISTRATOR)
def unlink_parent(school: str, student: int) -> Answer:
    return _unlink(None, student)


def _unlink(contact_id: int | None, student: int | None) -> Answer:
    """The one of the address, and the other one whom the form names. Raises NotFound for another school's."""
    form = Form.sent(UnlinkInput, request.form)
    with database().transaction() as session:
        other = form.value.remove if form else 0
        contact = contact_of(session, g.school.id, contact_id or other)
        row = student_of(session, g.school.id, student or other)
        unlink(session, contact, row, who=who(), now=clock.now())
    return _back()


def _answer(form: Form[RefInput]) -> Answer | None:
    return _back() if form else None


def _back() -> Answer:
    """To the page of the address, from either side."""
    flash(_("Saved"))
    values = dict(request.view_args or {})
    values.pop("school")
    return to("families.children" if "contact_id" in values else "families.parents", **values)


def _children_page(contact_id: int, form: Form[RefInput], status: int = 200, looked: Looked = _ALL) -> Answer:
    with database().reading() as session:
        person = contact_of(session, g.school.id, contact_id)
        shown = children_of(session, person, looked)
    ties = [Tie(it.id or 0, it.listed_name, it.student_ref, _at("student", student=it.id)) for it in shown.rows]
    return people_page("children", status, person=person, ties=ties, form=form, shown=shown, words=looked.words)


def _parents_page(student: int, form: Form[RefInput], status: int = 200, looked: Looked = _ALL) -> Answer:
    with database().reading() as session:
        pupil = student_of(session, g.school.id, student)
        shown = parents_of(session, pupil, looked)
    ties = [
        Tie(it.id or 0, it.name, it.email or it.parent_ref or "–", _at("contact", contact_id=it.id))
        for it in shown.rows
    ]
    return people_page("parents", status, pupil=pupil, ties=ties, form=form, shown=shown, words=looked.words)


def _at(kind: str, **number: Any) -> str:
    return url_for(f"{kind}.info", school=g.school.slug, **number)
