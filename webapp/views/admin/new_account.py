"""Add New Account, in the Vendor pull-down where the installation's operator allows it."""

from flask import Blueprint, flash, g, redirect, request, url_for
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import as_oneself, person, staff
from webapp.context import confab, database
from webapp.errors import DomainError, NotFound
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.models import Level
from webapp.rendering import page
from webapp.services.people.new_account import AccountInput, add_account
from webapp.views.admin.events import zones_from
from webapp.views.admin.once import once

blueprint = Blueprint("new_account", __name__, url_prefix="/s/<school>/add-account")


@blueprint.get("")
@staff(Level.ADMINISTRATOR)
@as_oneself
def add(school: str) -> tuple[str, int]:
    _refuse_unless_allowed()
    return _page(Form(AccountInput, {"zone": g.school.zone}))


@blueprint.post("")
@staff(Level.ADMINISTRATOR)
@as_oneself
def add_sent(school: str) -> Response | tuple[str, int]:
    _refuse_unless_allowed()
    form = Form.sent(AccountInput, request.form)
    try:
        if form:
            return _added(form.value)
    except DomainError as error:
        form.refuse(error)
        return _page(form, error.status)
    return _page(form, 422)


def _added(typed: AccountInput) -> Response:
    with database().transaction() as db:

        def deed() -> dict[str, str]:
            return {"slug": add_account(db, person(), g.contact, typed, now=clock.now()).slug}

        done = once(db, "account.add", typed.model_dump_json(), deed=deed)
    flash(_("Added. You are its Administrator: begin with its settings, then import its teachers."))
    return redirect(url_for("setup.business", school=done["slug"]), 303)


def _refuse_unless_allowed() -> None:
    if not confab().settings.new_accounts:
        raise NotFound


def _page(form: Form[AccountInput], status: int = 200) -> tuple[str, int]:
    return page("admin/setup/add_account.html", status, form=form, zones=zones_from(g.school.zone))
