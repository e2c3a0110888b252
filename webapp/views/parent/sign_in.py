"""Let families in by a code from their mailbox, or by a password if they have one, and out again."""

from flask import g, redirect, request, session
from flask_login import current_user
from pydantic import BaseModel
from werkzeug.wrappers import Response

from webapp import auth, clock
from webapp.auth import public
from webapp.context import database, reading
from webapp.csrf import asker
from webapp.errors import N_, DomainError, Invalid
from webapp.forms import Form
from webapp.services.event.open_events import round_of
from webapp.services.people.accounts import count_password_try, is_password, login_of
from webapp.services.people.codes import WrongCode, redeem_code
from webapp.services.people.family_sign_in import LetIn, let_family_in
from webapp.services.people.schools import school_of
from webapp.services.people.sign_in import end_sign_in
from webapp.services.people.sign_up import NotWelcome
from webapp.views.parent.frame import Answer, blueprint, event_page, to
from webapp.views.parent.landing import mail_code, wanted_page


class CodeInput(BaseModel):
    code: str = ""


class PasswordInput(BaseModel):
    password: str = ""


@blueprint.get("/<school>/<event>/code")
@public
def code(school: str, event: str) -> Answer:
    if not session.get("email"):
        return to("landing", school, event)
    return _code_page(school, event, Form(CodeInput), Form(PasswordInput))


@blueprint.post("/<school>/<event>/code")
@public
def redeem(school: str, event: str) -> Answer:
    if not (email := session.get("email")):
        return to("landing", school, event)
    form = Form.sent(CodeInput, request.form)
    try:
        return _let_in(school, event, _came_by_code(school, email, form["code"]))
    except NotWelcome as error:
        return _not_welcome(school, event, error)
    except DomainError as error:
        form.refuse(error)
        return _code_page(school, event, form, Form(PasswordInput), error.status)


@blueprint.post("/<school>/<event>/code/new")
@public
def new_code(school: str, event: str) -> Answer:
    if not (email := session.get("email")):
        return to("landing", school, event)
    with reading() as db:
        g.school = school_of(db, school)
    form = Form(CodeInput)
    try:
        mail_code(email)
    except DomainError as error:
        form.refuse(error)
        return _code_page(school, event, form, Form(PasswordInput), error.status)
    return to("code", school, event, new=1)


@blueprint.post("/<school>/<event>/password")
@public
def password(school: str, event: str) -> Answer:
    if not (email := session.get("email")):
        return to("landing", school, event)
    form = Form.sent(PasswordInput, request.form)
    try:
        return _let_in(school, event, _came_by_password(school, email, form["password"]))
    except NotWelcome as error:
        return _not_welcome(school, event, error)
    except DomainError as error:
        form.refuse(error)
        return _code_page(school, event, Form(CodeInput), form, error.status)


@blueprint.post("/<school>/<event>/sign-out")
@public
def sign_out(school: str, event: str) -> Response:
    if current_user.is_authenticated:
        with database().transaction() as db:
            end_sign_in(db, auth.person(), now=clock.now())
        auth.forget()
    response = to("landing", school, event)
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


def _code_page(
    school: str, event: str, form: Form[CodeInput], password: Form[PasswordInput], status: int = 200
) -> Answer:
    with reading() as db:
        g.school, found = school_of(db, school), round_of(db, school, event)
    is_new = status == 200 and "new" in request.args
    return event_page("code.html", found, status, form=form, password=password, email=session["email"], is_new=is_new)


def _let_in(school: str, event: str, came: LetIn) -> Response:
    target = wanted_page(school, event, session.get("next"))
    auth.remember(came.secret)
    if came.is_new:
        return to("profile", school, event, **({"next": target} if target else {}))
    return redirect(target, 303) if target else to("landing", school, event)


def _not_welcome(school: str, event: str, error: NotWelcome) -> Answer:
    """Its reader has proved the address: strangers learn of no address whether the school knows it."""
    with reading() as db:
        g.school, found = school_of(db, school), round_of(db, school, event)
    return event_page("not_welcome.html", found, error.status, error=error, email=session["email"])


def _came_by_code(school: str, email: str, typed: str) -> LetIn:
    """Raises NotWelcome, WrongCode or TooManyTries; what was typed is used up even then."""
    refusal: DomainError = WrongCode()
    with database().transaction() as db:
        here, now = school_of(db, school), clock.now()
        if redeem_code(db, here, email, typed, asker(), now=now):
            try:
                return let_family_in(db, here, email, now=now)
            except NotWelcome as error:
                refusal = error
    raise refusal


def _came_by_password(school: str, email: str, typed: str) -> LetIn:
    """Raises NotWelcome, TooManyTries, or Invalid, with the same words for an address without a password and a wrong
    one."""
    with database().transaction() as db:
        count_password_try(db, email, request.remote_addr or "", now=clock.now())
    with reading() as db:
        login, here = login_of(db, email), school_of(db, school)
    if not is_password(login, typed, at=here):
        raise Invalid(N_("This email and password do not belong together."), field="password")
    with database().transaction() as db:
        return let_family_in(db, school_of(db, school), email, now=clock.now())
