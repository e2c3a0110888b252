"""Edit Profile: the own name, address and password, and who logged in as oneself."""

from typing import Any

from flask import Blueprint, flash, g, redirect, request, session, url_for
from pydantic import BaseModel
from werkzeug.wrappers import Response

from webapp import auth, clock
from webapp.auth import as_oneself, person, staff, who
from webapp.context import database
from webapp.csrf import asker
from webapp.errors import DomainError
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.models import Contact, Level, Login
from webapp.redirects import local_path
from webapp.rendering import page
from webapp.services.people.accounts import SHORTEST, SHORTEST_FOR_ADMINISTRATORS, checked_email, password_hash
from webapp.services.people.acted_as import acted_as
from webapp.services.people.codes import WrongCode, redeem_code, send_code
from webapp.services.people.names import NameInput, change_name
from webapp.services.people.passwords import PasswordInput, highest_level, move_address, set_password
from webapp.services.people.sign_in import end_all
from webapp.views.proof import proof_asked, proved

blueprint = Blueprint("profile", __name__, url_prefix="/s/<school>/profile")

Answer = Response | tuple[str, int]


class AddressInput(BaseModel):
    email: str


class CodeInput(BaseModel):
    code: str = ""


@blueprint.get("")
@staff(Level.VIEWER)
@as_oneself
def show(school: str) -> Answer:
    return _page(Form(NameInput, {"first": g.contact.first, "last": g.contact.last}))


@blueprint.post("")
@staff(Level.VIEWER)
@as_oneself
def save(school: str) -> Answer:
    form = Form.sent(NameInput, request.form)
    if not form:
        return _page(form, status=422)
    with database().transaction() as db:
        change_name(db, db.get_one(Contact, g.contact.id), form.value, who=who(), now=clock.now())
    flash(_("Saved"))
    return _to("show")


@blueprint.post("/address")
@staff(Level.VIEWER)
@as_oneself
@auth.withheld_from_links
@proved
def address(school: str) -> Answer:
    """The new mailbox has to be shown to be theirs before anything changes."""
    form = Form.sent(AddressInput, request.form)
    try:
        if form:
            email = checked_email(form.value.email)
            with database().transaction() as db:
                send_code(db, g.school, email, asker(), now=clock.now())
            session["new_email"] = email
            return _to("address_code")
    except DomainError as error:
        form.refuse(error)
        return _page(address_form=form, status=error.status)
    return _page(address_form=form, status=422)


@blueprint.get("/address")
@staff(Level.VIEWER)
@as_oneself
def address_code(school: str) -> Answer:
    if not (email := session.get("new_email")):
        return _to("show")
    return page("admin/profile/address.html", form=Form(CodeInput), nav="profile", email=email)


@blueprint.post("/address/code")
@staff(Level.VIEWER)
@as_oneself
@auth.withheld_from_links
def address_proved(school: str) -> Answer:
    if not (email := session.get("new_email")):
        return _to("show")
    form = Form.sent(CodeInput, request.form)
    try:
        with database().transaction() as db:
            is_right = redeem_code(db, g.school, email, form["code"], asker(), now=clock.now())
        if not is_right:
            raise WrongCode
        with database().transaction() as db:
            secret = move_address(db, person(), email, now=clock.now())
    except DomainError as error:
        form.refuse(error)
        return page("admin/profile/address.html", 422, form=form, nav="profile", email=email)
    auth.remember(secret)
    flash(_("You sign in with %(email)s from now on.", email=email))
    return _to("show")


@blueprint.get("/password")
@staff(Level.VIEWER)
@as_oneself
def password(school: str) -> Answer:
    return _password_page(Form(PasswordInput), next=local_path(request.args.get("next")) or "")


@blueprint.post("/password")
@staff(Level.VIEWER)
@as_oneself
def save_password(school: str) -> Answer:
    """Whoever has none yet chooses it with the mailed link; who has one gives it, or a code, first."""
    form = Form.sent(PasswordInput, request.form)
    target = local_path(request.form.get("next")) or ""
    if (_has_password() or not person().by_link) and (question := proof_asked()):
        return question
    try:
        if form:
            secret = _new_secret(form.value)
            auth.remember(secret)
            flash(_("Your password is saved. Every other sign-in has ended."))
            return redirect(target or url_for("profile.show", school=school), 303)
    except DomainError as error:
        form.refuse(error)
    return _password_page(form, 422, next=target)


@blueprint.post("/log-out-everywhere")
@staff(Level.VIEWER)
@as_oneself
def log_out_everywhere(school: str) -> Response:
    with database().transaction() as db:
        end_all(db, person(), now=clock.now())
    auth.forget()
    return redirect(url_for("login.sign_in"), 303)


def _new_secret(typed: PasswordInput) -> str:
    """Hashing takes a tenth of a second: outside of a transaction. Raises Invalid."""
    typed.refuse_slip()
    with database().reading() as db:
        level = highest_level(db, person().login_id)
    hashed = password_hash(typed.password, level=level, email=person().email)
    with database().transaction() as db:
        return set_password(db, person(), hashed, now=clock.now())


def _has_password() -> bool:
    with database().reading() as db:
        return bool(db.get_one(Login, person().login_id).password_hash)


def _page(
    form: Form[NameInput] | None = None, *, address_form: Form[AddressInput] | None = None, status: int = 200
) -> Answer:
    with database().reading() as db:
        visits = acted_as(db, g.contact)
    names = form or Form(NameInput, {"first": g.contact.first, "last": g.contact.last})
    values: dict[str, Any] = {"form": names, "address_form": address_form or Form(AddressInput), "visits": visits}
    return page("admin/profile/profile.html", status, nav="profile", has_password=_has_password(), **values)


def _password_page(form: Form[PasswordInput], status: int = 200, *, next: str) -> Answer:  # noqa: A002 - its field
    with database().reading() as db:
        is_administrator = highest_level(db, person().login_id) >= Level.ADMINISTRATOR
    shortest = SHORTEST_FOR_ADMINISTRATORS if is_administrator else SHORTEST
    values = {"form": form, "shortest": shortest, "has_password": _has_password(), "next": next}
    return page("admin/profile/password.html", status, nav="profile", **values)


def _to(endpoint: str) -> Response:
    return redirect(url_for(f"profile.{endpoint}", school=g.school.slug), 303)
