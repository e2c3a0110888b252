"""Let staff in with e-mail and password, or by a mailed link, and out again."""

from flask import Blueprint, redirect, request, session, url_for
from flask_login import current_user
from pydantic import BaseModel
from werkzeug.wrappers import Response

from webapp import auth, clock
from webapp.auth import anyone_signed_in, public
from webapp.context import database
from webapp.errors import N_, DomainError, Invalid
from webapp.forms import Form
from webapp.models.people.sign_in_link import CALENDAR_SYNC
from webapp.redirects import local_path
from webapp.rendering import page
from webapp.services.people.accounts import (
    checked_email,
    count_password_try,
    is_password,
    login_of,
    memberships,
)
from webapp.services.people.links import DeadLink, half_hidden, mail_own_link, open_link, use_link
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


class LinkInput(BaseModel):
    email: str


@blueprint.get("/sign-in/link")
@public
def link_wish() -> tuple[str, int]:
    return page("login/link_wish.html", form=Form(LinkInput), sent_to="")


@blueprint.post("/sign-in/link")
@public
def send_link() -> tuple[str, int]:
    """Known and unknown addresses are answered alike (RELIABILITY T4)."""
    form = Form.sent(LinkInput, request.form)
    try:
        if form:
            email = checked_email(form.value.email)
            with database().transaction() as db:
                mail_own_link(db, email, request.remote_addr or "", now=clock.now())
            return page("login/link_wish.html", form=form, sent_to=email)
    except DomainError as error:
        form.refuse(error)
        return page("login/link_wish.html", error.status, form=form, sent_to="")
    return page("login/link_wish.html", 422, form=form, sent_to="")


@blueprint.get("/link/<token>")
@public
def link(token: str) -> Response:
    """Consumes nothing: mail scanners open links too. The token leaves the address bar at once (RELIABILITY D8)."""
    session["link"] = token[:100]
    return redirect(url_for("login.link_page"), 303)


@blueprint.get("/link")
@public
def link_page() -> tuple[str, int]:
    try:
        with database().reading() as db:
            found = open_link(db, session.get("link", ""), now=clock.now())
    except DeadLink as error:
        return page("login/link.html", error.status, school_name="", email="")
    return page("login/link.html", school_name=found.school.name, email=half_hidden(found.link.email))


@blueprint.post("/link")
@public
def redeem_link() -> Response | tuple[str, int]:
    try:
        with database().transaction() as db:
            secret, found = use_link(db, session.get("link", ""), now=clock.now())
    except DeadLink as error:
        return page("login/link.html", error.status, school_name="", email="")
    auth.remember(secret)
    page_of = {CALENDAR_SYNC: "calendar_sync.show"}.get(found.link.leads_to, "reports.landing")
    return redirect(url_for(page_of, school=found.school.slug), 303)


@blueprint.get("/schools")
@anyone_signed_in
def choose() -> Response | tuple[str, int]:
    with database().reading() as db:
        known = memberships(db, auth.person().login_id)
    if len(known) == 1 and known[0].contact.level > 0:
        return redirect(url_for("reports.landing", school=known[0].school.slug), 303)
    return page("login/choose.html", memberships=known)


@blueprint.post("/sign-out")
@anyone_signed_in
def sign_out() -> Response:
    with database().transaction() as db:
        end_sign_in(db, auth.person(), now=clock.now())
    auth.forget()
    response = redirect(url_for("login.sign_in"), 303)
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


def _secret_for(typed: SignInInput) -> str:
    """A new sign-in's secret. Raises Invalid with the same words for an unknown address and a wrong password."""
    email, now = checked_email(typed.email), clock.now()
    with database().transaction() as db:
        count_password_try(db, email, request.remote_addr or "", now=now)
    with database().reading() as db:
        login = login_of(db, email)
    if not is_password(login, typed.password):
        raise Invalid(N_("This email and password do not belong together."), field="password")
    assert login is not None
    with database().transaction() as db:
        return auth.let_in(db, login, stays=STAFF_STAYS)
