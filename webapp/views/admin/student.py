"""One student of the roster: Contact Info with enrolled classes, Appointments, Clone Student, and Delete."""

from typing import Any

from flask import Blueprint, flash, g, request

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import DomainError
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.i18n import sentence
from webapp.models import Level, Student
from webapp.services.people.delete_person import delete_student
from webapp.services.people.students import StudentInput, classes_of, clone_student, save_student, student_of
from webapp.services.people.their_appointments import appointments_of_student
from webapp.views.admin.people_frame import STUDENT, Answer, people_page, to

blueprint = Blueprint("student", __name__, url_prefix="/s/<school>")


@blueprint.get(STUDENT)
@staff(Level.ADMINISTRATOR)
def info(school: str, student: int) -> Answer:
    return _info_page(student)


@blueprint.post(STUDENT)
@staff(Level.ADMINISTRATOR)
def save(school: str, student: int) -> Answer:
    form = Form.sent(StudentInput, request.form)
    try:
        with database().transaction() as session:
            row = student_of(session, g.school.id, student, locked=True)
            if form:
                save_student(session, row, form.over(_stored(row)), who=who(), now=clock.now())
    except DomainError as error:
        if error.status == 404:
            raise
        form.refuse(error)
    if not form:
        return _info_page(student, form, 422)
    flash(_("Saved"))
    return to("student.info", student=student)


@blueprint.get(f"{STUDENT}/appointments")
@staff(Level.ADMINISTRATOR)
def appointments(school: str, student: int) -> Answer:
    with database().reading() as session:
        row = student_of(session, g.school.id, student)
        shown = appointments_of_student(session, row, page=request.args.get("page", 1, type=int))
    return people_page("appointments", pupil=row, tab="appointments", shown=shown)


@blueprint.post(f"{STUDENT}/clone")
@staff(Level.ADMINISTRATOR)
def clone(school: str, student: int) -> Answer:
    try:
        with database().transaction() as session:
            twin = clone_student(session, student_of(session, g.school.id, student), who=who(), now=clock.now())
            number = twin.id
    except DomainError as error:
        if error.status == 404:
            raise
        return _info_page(student, status=409, problem=sentence(error))
    flash(_("Made a twin. Link the other parent to it."))
    return to("student.info", student=number)


@blueprint.post(f"{STUDENT}/delete")
@staff(Level.ADMINISTRATOR)
def remove(school: str, student: int) -> Answer:
    try:
        with database().transaction() as session:
            delete_student(session, g.school.id, student, who=who(), now=clock.now())
    except DomainError as error:
        if error.status == 404:
            raise
        return _info_page(student, status=409, problem=sentence(error))
    flash(_("Deleted."))
    return to("contacts.start")


def _info_page(student: int, form: Form[StudentInput] | None = None, status: int = 200, **more: Any) -> Answer:
    with database().reading() as session:
        row = student_of(session, g.school.id, student)
        classes = classes_of(session, row)
    form = form if form is not None else _stored(row)
    return people_page("student", status, pupil=row, tab="info", form=form, classes=classes, **more)


def _stored(student: Student) -> Form[StudentInput]:
    return Form(StudentInput, {name: getattr(student, name) for name in StudentInput.model_fields})
