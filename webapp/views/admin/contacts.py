"""Search the school's people, and add an administrator, a teacher, a parent or a student."""

from typing import Any

from flask import Blueprint, flash, g, request

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import DomainError
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.models import Level
from webapp.services.people.contacts import ContactInput, StaffInput, add_contact, add_staff
from webapp.services.people.links import mail_link
from webapp.services.people.search import SearchInput, search
from webapp.services.people.students import StudentInput, add_student
from webapp.views.admin.once import once
from webapp.views.admin.people_frame import Answer, people_page, to
from webapp.views.proof import proof_asked

blueprint = Blueprint("contacts", __name__, url_prefix="/s/<school>")

ADD = "/contacts/add/<any(admin, parent, student):kind>"
_SHAPES: dict[str, type[Any]] = {"admin": StaffInput, "parent": ContactInput, "student": StudentInput}


@blueprint.get("/contacts")
@staff(Level.ADMINISTRATOR)
def start(school: str) -> Answer:
    """Names are not listed until searched for (PRODUCT 1.5)."""
    return people_page("start")


@blueprint.post("/contacts")
@staff(Level.ADMINISTRATOR)
def find(school: str) -> Answer:
    """By POST, which keeps names of children out of addresses; it changes nothing."""
    asked = Form.sent(SearchInput, request.form)
    if not asked:
        return people_page("start", 422, search=asked)
    with database().reading() as session:
        found = search(session, g.school.id, asked.value)
    return people_page("start", search=asked, found=found)


@blueprint.get(ADD)
@staff(Level.ADMINISTRATOR)
def add(school: str, kind: str) -> Answer:
    return people_page("add", kind=kind, form=Form(_SHAPES[kind], {"invite": True}))


@blueprint.post(ADD)
@staff(Level.ADMINISTRATOR)
def add_sent(school: str, kind: str) -> Answer:
    form: Form[Any] = Form.sent(_SHAPES[kind], request.form)
    if form and kind == "admin" and (question := proof_asked()):
        return question
    try:
        if form:
            return _added(kind, form.value)
    except DomainError as error:
        if error.status == 403:
            raise
        form.refuse(error)
    return people_page("add", 422, kind=kind, form=form)


def _added(kind: str, typed: Any) -> Answer:
    with database().transaction() as session:

        def deed() -> dict[str, int | None]:
            row: Any
            if kind == "student":
                row = add_student(session, g.school.id, typed, who=who(), now=clock.now())
            elif kind == "admin":
                row = add_staff(session, g.contact, typed, who=who(), now=clock.now())
                if typed.invite:
                    mail_link(session, row, who=who(), now=clock.now())
            else:
                row = add_contact(session, g.school.id, typed, who=who(), now=clock.now())
            return {"id": row.id}

        done = once(session, f"contacts.add_{kind}", g.school.id, typed.model_dump_json(), deed=deed)
    flash(_("Added."))
    if kind == "student":
        return to("student.info", student=done["id"])
    return to("contact.info", contact_id=done["id"])
