"""The Class Editor of an event: its teams with their classes, and each class with its teachers and students.

Teams are the event's; a class is the school's roster, which Administrators alone change."""

from typing import Any

from flask import Blueprint, flash, g, url_for
from htmx_flask import request
from sqlmodel import Session

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import Invalid, NotFound
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.i18n import ngettext, sentence
from webapp.models import Class, Level
from webapp.services.event.class_list import class_list, teams_of_class
from webapp.services.event.inputs import LARGEST_ID
from webapp.services.event.take_class import take_class
from webapp.services.people.students import student_of
from webapp.services.roster.class_editor import (
    ClassInput,
    add_class_teacher,
    class_of,
    class_teachers,
    class_to_change,
    drop_class_teacher,
    may_teach,
    raise_class_teacher,
    save_class,
)
from webapp.services.roster.class_students import class_students, enrol, students_found, take_out
from webapp.views.admin.event_frame import EVENT, Answer, asked_id, event_page, framed, go_to

blueprint = Blueprint("class_editor", __name__, url_prefix="/s/<school>")

CLASSES = f"{EVENT}/classes"
CLASS = f"{CLASSES}/<int(max=2147483647):class_id>"
_TEACHER_STEPS = {"add": add_class_teacher, "drop": drop_class_teacher, "up": raise_class_teacher}
LONGEST_SEARCH = 200


@blueprint.get(CLASSES)
@staff(Level.EVENT_ADMINISTRATOR)
def overview(school: str, event: int) -> Answer:
    with database().reading() as session:
        frame = framed(session, event)
        shown = class_list(session, frame.event, page=asked_id("page") or 1)
    return event_page("admin/event/classes.html", frame, shown=shown)


@blueprint.get(CLASS)
@staff(Level.EVENT_ADMINISTRATOR)
def show(school: str, event: int, class_id: int) -> Answer:
    return _page(event, class_id)


@blueprint.post(CLASS)
@staff(Level.ADMINISTRATOR)
def save(school: str, event: int, class_id: int) -> Answer:
    form = Form.sent(ClassInput, request.form)
    over = 0
    try:
        if form:
            with database().transaction() as session:
                framed(session, event)
                row = class_to_change(session, g.school.id, class_id)
                over = save_class(session, row, form.over(_stored(row)), who=who(), now=clock.now())
    except Invalid as error:
        form.refuse(error)
    if not form:
        return _page(event, class_id, 422, form=form)
    said = ngettext(
        "%(n)s appointment is over what the class allows, and red in the Appointments List.",
        "%(n)s appointments are over what the class allows, and red in the Appointments List.",
        over,
    )
    flash(_("Saved") + (f". {said}" if over else ""))
    return _back(event, class_id)


@blueprint.post(f"{CLASS}/take")
@staff(Level.EVENT_ADMINISTRATOR)
def take(school: str, event: int, class_id: int) -> Answer:
    try:
        with database().transaction() as session:
            frame = framed(session, event)
            row = class_of(session, g.school.id, class_id)
            words = _("Added %(name)s", name=take_class(session, frame.event, row, who=who(), now=clock.now()).name)
    except Invalid as error:
        return _page(event, class_id, error.status, problem=sentence(error))
    flash(words)
    return _back(event, class_id)


@blueprint.post(f"{CLASS}/teachers/<any(add, drop, up):step>")
@staff(Level.ADMINISTRATOR)
def teachers(school: str, event: int, class_id: int, step: str) -> Answer:
    with database().transaction() as session:
        framed(session, event)
        row = class_of(session, g.school.id, class_id)
        _TEACHER_STEPS[step](session, row, _number("contact"), who=who(), now=clock.now())
    flash(_("Saved"))
    return _back(event, class_id)


@blueprint.post(f"{CLASS}/students")
@staff(Level.ADMINISTRATOR)
def find(school: str, event: int, class_id: int) -> Answer:
    """By POST, which keeps names of children out of addresses; it changes nothing."""
    return _page(event, class_id, words=request.form.get("words", "")[:LONGEST_SEARCH])


@blueprint.post(f"{CLASS}/students/<any(add, drop):step>")
@staff(Level.ADMINISTRATOR)
def students(school: str, event: int, class_id: int, step: str) -> Answer:
    with database().transaction() as session:
        framed(session, event)
        row = class_of(session, g.school.id, class_id)
        student = student_of(session, g.school.id, _number("student"))
        if step == "add":
            enrol(session, row, student, who=who(), now=clock.now())
            words = _("%(name)s is in this class now.", name=student.listed_name)
        else:
            coming = take_out(session, row, student, who=who(), now=clock.now())
            words = _("%(name)s is not in this class any more.", name=student.listed_name)
            if coming:
                words += " " + _("Coming appointments stay: %(n)s.", n=coming)
    flash(words)
    return _back(event, class_id)


def _number(name: str) -> int:
    """A row's number from the form. Raises NotFound for what is none."""
    number: int = request.form.get(name, 0, type=int)
    if not 0 < number <= LARGEST_ID:
        raise NotFound
    return number


def _back(event: int, class_id: int) -> Answer:
    return go_to(url_for("class_editor.show", school=g.school.slug, event=event, class_id=class_id))


def _page(
    event: int,
    class_id: int,
    status: int = 200,
    *,
    form: Form[ClassInput] | None = None,
    words: str = "",
    problem: str = "",
) -> Answer:
    with database().reading() as session:
        frame = framed(session, event)
        row = class_of(session, g.school.id, class_id)
        values = _of_class(session, row) | {"teams": teams_of_class(session, frame.event, row)}
        found = students_found(session, row, words) if words else None
    form = form if form is not None else _stored(row)
    values |= {"form": form, "found": found, "words": words, "problem": problem}
    return event_page("admin/event/class.html", frame, status, **values)


def _stored(row: Class) -> Form[ClassInput]:
    return Form(ClassInput, {name: getattr(row, name) for name in ClassInput.model_fields})


def _of_class(session: Session, row: Class) -> dict[str, Any]:
    return {
        "row": row,
        "teachers": class_teachers(session, row),
        "may_teach": may_teach(session, row) if g.contact.level >= Level.ADMINISTRATOR else [],
        "shown": class_students(session, row, page=asked_id("page") or 1),
    }
