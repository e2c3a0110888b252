"""Let staff in with e-mail and password, and out again."""

from flask import Blueprint, redirect, request, url_for
from flask_login import current_user
from pydantic import BaseModel
from werkzeug.wrappers import Response

from webapp import auth, clock
from webapp.auth import anyone_signed_in, public
from webapp.context import database
from webapp.errors import N_, DomainError, Invalid
from webapp.forms import Form
from webapp.redirects import local_path
from webapp.rendering import page
from webapp.services.people.accounts import (
    checked_email,
    count_password_try,
    is_password,
    login_of,
    memberships,
)
from webapp.services.people.sign_in import STAFF_STAYS, end_sign_in

blueprint = Blueprint("login", __name__)


class SignInInput(BaseModel):
    email: str
    password: str
    next: str = ""


@blueprint.get("/")
@public
def home() -> Response:
    return redirect(url_for("login.choose") if current_user.is_authenticated else url_for("login.sign_in"), 303)


@blueprint.get("/sign-in")
@public
def sign_in() -> Response | tuple[str, int]:
    target = local_path(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target or url_for("login.choose"), 303)
    return page("login/sign_in.html", form=Form(SignInInput), next=target or "")


@blueprint.post("/sign-in")
@public
def send_sign_in() -> Response | tuple[str, int]:
    form = Form.sent(SignInInput, request.form)
    try:
        if form:
            secret = _secret_for(form.value)
            auth.remember(secret)
            return redirect(local_path(form.value.next) or url_for("login.choose"), 303)
    except DomainError as error:
        form.refuse(error)
        status = error.status if error.status != 409 else 422
        return page("login/sign_in.html", status, form=form, next=form["next"])
    return page("login/sign_in.html", 422, form=form, next=form["next"])


@blueprint.get("/schools")
@anyone_signed_in
def choose() -> Response | tuple[str, int]:
    with database().reading() as session:
        known = memberships(session, auth.person().login_id)
    if len(known) == 1 and known[0].contact.level > 0:
        return redirect(url_for("reports.landing", school=known[0].school.slug), 303)
    return page("login/choose.html", memberships=known)


@blueprint.post("/sign-out")
@anyone_signed_in
def sign_out() -> Response:
    with database().transaction() as session:
        end_sign_in(session, auth.person(), now=clock.now())
    auth.forget()
    response = redirect(url_for("login.sign_in"), 303)
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


def _secret_for(typed: SignInInput) -> str:
    """A new sign-in's secret. Raises Invalid with the same words for an unknown address and a wrong password."""
    email, now = checked_email(typed.email), clock.now()
    with database().transaction() as session:
        count_password_try(session, email, request.remote_addr or "", now=now)
    with database().reading() as session:
        login = login_of(session, email)
    if not is_password(login, typed.password):
        raise Invalid(N_("This email and password do not belong together."), field="password")
    assert login is not None
    with database().transaction() as session:
        return auth.let_in(session, login, stays=STAFF_STAYS)
