"""Ask once more who is there before what a borrowed browser must not do: the password, or a code by mail."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import g, request
from pydantic import BaseModel

from webapp import clock
from webapp.auth import person
from webapp.context import database
from webapp.csrf import asker
from webapp.errors import N_, DomainError, Invalid
from webapp.forms import Form
from webapp.rendering import page
from webapp.services.people.accounts import count_password_try, is_password, login_of
from webapp.services.people.codes import WrongCode, redeem_code, send_code
from webapp.services.people.sign_in import prove

View = TypeVar("View", bound=Callable[..., Any])

_OURS = ("csrf", "username", "prove", "proof_password", "proof_code")


class ProofInput(BaseModel):
    proof_password: str = ""
    proof_code: str = ""


def proved(view: View) -> View:
    """For a form of a staff's page: what it carried goes on with it, once the person is proved. It counts for this deed
    alone, and for ten minutes; so does the sign-in itself, for any deed."""

    @wraps(view)
    def asked_first(**values: Any) -> Any:
        return proof_asked() or view(**values)

    return asked_first  # type: ignore[return-value]  # the same but for the question


def proof_asked() -> tuple[str, int] | None:
    """The page that asks, or None where the person is proved."""
    deed, way, form = request.endpoint or "", request.form.get("prove", ""), Form(ProofInput)
    if person().has_proved(deed, now=clock.now()):
        return None
    status = 403
    try:
        if way == "mail":
            with database().transaction() as db:
                send_code(db, g.school, person().email, asker(), now=clock.now())
        elif way:
            _prove(deed, way)
            return None
    except DomainError as error:
        form.refuse(error)
        status = error.status
    kept = [(name, text) for name, text in request.form.items(multi=True) if name not in _OURS]
    return page("login/prove.html", status, form=form, kept=kept, is_code_sent=way in {"mail", "code"})


def _prove(deed: str, way: str) -> None:
    """Raises Invalid or TooManyTries; a try counts even then."""
    now = clock.now()
    if way == "code":
        with database().transaction() as db:
            typed = request.form.get("proof_code", "")
            is_right = redeem_code(db, g.school, person().email, typed, asker(), now=now)
        if not is_right:
            raise WrongCode(field="proof_code")
    else:
        with database().transaction() as db:
            count_password_try(db, person().email, request.remote_addr or "", now=now)
        with database().reading() as db:
            login = login_of(db, person().email)
        if not is_password(login, request.form.get("proof_password", "")):
            raise Invalid(N_("This is not your password."), field="proof_password")
    with database().transaction() as db:
        prove(db, person(), deed, now=now)
