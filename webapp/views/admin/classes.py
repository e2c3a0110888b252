"""Add a class to the school's roster by hand, and remove one again."""

from flask import Blueprint, flash, g, request, url_for

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import DomainError, NotFound
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.i18n import sentence
from webapp.models import Level
from webapp.services.roster.class_editor import class_of
from webapp.services.roster.classes import NewClass, add_class, remove_class, teachers_to_choose, what_goes
from webapp.views.admin.class_editor import CLASS, CLASSES
from webapp.views.admin.event_frame import Answer, event_page, framed, go_to
from webapp.views.admin.once import once

blueprint = Blueprint("classes", __name__, url_prefix="/s/<school>")


@blueprint.get(f"{CLASSES}/add")
@staff(Level.ADMINISTRATOR)
def add(school: str, event: int) -> Answer:
    return _add_page(event, Form(NewClass, {"appointments_allowed": 1}))


@blueprint.post(f"{CLASSES}/add")
@staff(Level.ADMINISTRATOR)
def add_sent(school: str, event: int) -> Answer:
    form = Form.sent(NewClass, request.form)
    try:
        if form:
            return _added(event, form.value)
    except DomainError as error:
        if isinstance(error, NotFound):
            raise
        form.refuse(error)
    return _add_page(event, form, 422)


@blueprint.get(f"{CLASS}/remove")
@staff(Level.ADMINISTRATOR)
def remove_look(school: str, event: int, class_id: int) -> Answer:
    return _remove_page(event, class_id)


@blueprint.post(f"{CLASS}/remove")
@staff(Level.ADMINISTRATOR)
def remove(school: str, event: int, class_id: int) -> Answer:
    try:
        with database().transaction() as session:
            framed(session, event)
            row = class_of(session, g.school.id, class_id)
            name = row.name or row.class_ref
            remove_class(session, row, who=who(), now=clock.now())
    except NotFound:
        raise
    except DomainError as error:
        return _remove_page(event, class_id, sentence(error), error.status)
    flash(_("Removed %(name)s", name=name))
    return go_to(url_for("class_editor.overview", school=school, event=event))


def _added(event: int, typed: NewClass) -> Answer:
    with database().transaction() as session:
        framed(session, event)

        def deed() -> dict[str, int]:
            return {"id": add_class(session, g.school.id, typed, who=who(), now=clock.now()).id or 0}

        done = once(session, "class.add", g.school.id, typed.model_dump_json(), deed=deed)
    flash(_("Added."))
    return go_to(url_for("class_editor.show", school=g.school.slug, event=event, class_id=done["id"]))


def _add_page(event: int, form: Form[NewClass], status: int = 200) -> Answer:
    with database().reading() as session:
        frame = framed(session, event)
        teachers = teachers_to_choose(session, g.school.id)
    return event_page("admin/event/add_class.html", frame, status, form=form, teachers=teachers)


def _remove_page(event: int, class_id: int, problem: str = "", status: int = 200) -> Answer:
    with database().reading() as session:
        frame = framed(session, event)
        row = class_of(session, g.school.id, class_id)
        going = what_goes(session, row, now=clock.now())
    return event_page("admin/event/remove_class.html", frame, status, row=row, going=going, problem=problem)
