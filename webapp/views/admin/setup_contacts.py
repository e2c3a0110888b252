"""Global Setup / Contacts: sign-in links for many, Modify Admin Level, Reset Admin Password, Remove all customers."""

from typing import Any

from flask import Blueprint, flash, g, redirect, request, url_for
from pydantic import BaseModel, Field
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import DomainError
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.i18n import ngettext, sentence
from webapp.models import Level
from webapp.rendering import page
from webapp.services.people.remove_level import LEVELS, look_at, remove_level
from webapp.services.people.reset_passwords import look_at as look_at_reset
from webapp.services.people.reset_passwords import reset_passwords
from webapp.services.people.staff import (
    LevelsInput,
    ResetInput,
    StaffInput,
    batch_of,
    change_levels,
    chosen,
    mail_links,
    staff_page,
)
from webapp.views.admin.once import once
from webapp.views.proof import proved

blueprint = Blueprint("setup_contacts", __name__, url_prefix="/s/<school>/setup/contacts")

Answer = Response | tuple[str, int]


class RemoveInput(BaseModel):
    level: int = Field(ge=Level.CUSTOMER, le=Level.EVENT_ADMINISTRATOR)
    number: int = Field(ge=0, le=2147483647)


@blueprint.get("")
@staff(Level.ADMINISTRATOR)
def show(school: str) -> Answer:
    return _page()


@blueprint.post("/links")
@staff(Level.ADMINISTRATOR)
def links(school: str) -> Answer:
    form = Form.sent(StaffInput, request.form)
    now = clock.now()
    try:
        with database().transaction() as db:

            def deed() -> dict[str, int]:
                mail_links(db, chosen(db, g.school.id, form.value), who=who(), now=now)
                return {"batch": round(now.timestamp() * 1_000_000)}

            if form:
                done = once(db, "staff.links", g.school.id, form.value.model_dump_json(), deed=deed)
    except DomainError as error:
        form.refuse(error)
    if not form:
        return _page(_first_problem(form), 422)
    return redirect(url_for("setup_contacts.show", school=school, batch=done["batch"], of=form.value.of), 303)


@blueprint.get("/links")
@staff(Level.ADMINISTRATOR)
def progress(school: str) -> Answer:
    with database().reading() as db:
        batch = batch_of(db, g.school.id, request.args.get("batch", 0, type=int))
    return page("admin/setup/_links_progress.html", batch=batch)


@blueprint.post("/level")
@staff(Level.ADMINISTRATOR)
@proved
def level(school: str) -> Answer:
    form = Form.sent(LevelsInput, request.form)
    try:
        if form and not form.value.confirmed:
            with database().reading() as db:
                people = chosen(db, g.school.id, form.value)
            return page("admin/setup/confirm_levels.html", form=form, people=people, nav="setup")
        if form:
            with database().transaction() as db:
                people = chosen(db, g.school.id, form.value)
                n = change_levels(db, g.contact, people, Level(form.value.level), who=who(), now=clock.now())
            flash(ngettext("%(n)s admin level changed.", "%(n)s admin levels changed.", n))
            return redirect(url_for("setup_contacts.show", school=school, of=form.value.of), 303)
    except DomainError as error:
        if error.status == 403:
            raise
        form.refuse(error)
        return _page(_first_problem(form), error.status)
    return _page(_first_problem(form), 422)


@blueprint.post("/reset")
@staff(Level.ADMINISTRATOR)
@proved
def reset(school: str) -> Answer:
    form = Form.sent(ResetInput, request.form)
    now = clock.now()
    try:
        if form and not form.value.confirmed:
            with database().reading() as db:
                looked = look_at_reset(db, g.contact, chosen(db, g.school.id, form.value))
            return page("admin/setup/confirm_reset.html", form=form, reset=looked, nav="setup")
        if form:
            with database().transaction() as db:

                def deed() -> dict[str, int]:
                    reset_passwords(db, g.contact, chosen(db, g.school.id, form.value), who=who(), now=now)
                    return {"batch": round(now.timestamp() * 1_000_000)}

                done = once(db, "staff.reset", g.school.id, form.value.model_dump_json(), deed=deed)
            return redirect(url_for("setup_contacts.show", school=school, batch=done["batch"], of=form.value.of), 303)
    except DomainError as error:
        if error.status == 403:
            raise
        form.refuse(error)
        return _page(_first_problem(form), error.status)
    return _page(_first_problem(form), 422)


@blueprint.get("/remove")
@staff(Level.ADMINISTRATOR)
def remove_look(school: str) -> Answer:
    return _remove_page(request.args.get("level", -1, type=int))


@blueprint.post("/remove")
@staff(Level.ADMINISTRATOR)
@proved
def remove(school: str) -> Answer:
    form = Form.sent(RemoveInput, request.form)
    if not form:
        return _remove_page(request.form.get("level", -1, type=int), _("Type the number of those who go."), 422)
    typed = form.value
    try:
        with database().transaction() as db:
            n = remove_level(db, g.school.id, Level(typed.level), typed.number, who=who(), now=clock.now())
    except DomainError as error:
        return _remove_page(typed.level, sentence(error), error.status)
    flash(ngettext("%(n)s contact removed.", "%(n)s contacts removed.", n))
    return redirect(url_for("setup_contacts.show", school=school), 303)


def _page(problem: str = "", status: int = 200) -> Answer:
    of = request.values.get("of", type=int)
    of = of if of and Level.VIEWER <= of <= Level.ADMINISTRATOR else None
    with database().reading() as db:
        shown = staff_page(db, g.school.id, level=of, page=request.args.get("page", 1, type=int))
        batch = batch_of(db, g.school.id, request.args.get("batch", 0, type=int))
    values: dict[str, Any] = {"shown": shown, "of": of, "batch": batch, "problem": problem, "removable": LEVELS}
    return page("admin/setup/contacts.html", status, nav="setup", **values)


def _remove_page(number: int, problem: str = "", status: int = 200) -> Answer:
    if number not in LEVELS:
        return redirect(url_for("setup_contacts.show", school=g.school.slug), 303)
    with database().reading() as db:
        removal = look_at(db, g.school.id, Level(number), who=who(), now=clock.now())
    return page("admin/setup/remove_level.html", status, nav="setup", removal=removal, problem=problem)


def _first_problem(form: Form[Any]) -> str:
    return form.problem or next(iter(form.errors.values()))
