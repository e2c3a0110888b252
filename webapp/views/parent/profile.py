"""Ask a new family for its details once, and let every family change what it told, and choose a password."""

from flask import g, redirect, request
from werkzeug.wrappers import Response

from webapp import auth, clock
from webapp.auth import as_oneself, family, person, withheld_from_links
from webapp.context import database, reading
from webapp.errors import N_, DomainError, Invalid
from webapp.forms import Form
from webapp.models import Contact
from webapp.services.people.accounts import password_hash
from webapp.services.people.names import needs_name
from webapp.services.people.passwords import highest_level
from webapp.services.people.sign_up import DetailsInput, SignUpInput, asked_of, keep_details, refuse_gaps
from webapp.views.parent.frame import Answer, blueprint, event_page, to
from webapp.views.parent.landing import wanted_page


class TooLateForPassword(Invalid):
    """The form lay open for longer than the sign-in proves who is there."""

    message = N_("To choose a password, log out and sign in with a new code first.")
    field = "password"


@blueprint.get("/<school>/<event>/profile")
@family
@as_oneself
@withheld_from_links
def profile(school: str, event: str) -> Answer:
    known = {"phone": g.contact.phone, "address": g.contact.address}
    return _profile_page(school, event, Form(_shape(), known), request.args.get("next"))


@blueprint.post("/<school>/<event>/profile")
@family
@as_oneself
@withheld_from_links
def save_profile(school: str, event: str) -> Answer:
    form: Form[DetailsInput] = Form.sent(_shape(), request.form)
    asked_for = request.form.get("next")
    try:
        if form:
            refuse_gaps(asked_of(g.school, g.contact), g.school, form.value)
            _keep(form.value)
            target = wanted_page(school, event, asked_for)
            return redirect(target, 303) if target else to("landing", school, event)
    except DomainError as error:
        form.refuse(error)
    return _profile_page(school, event, form, asked_for, 422)


def _keep(typed: DetailsInput) -> None:
    """A password is made a hash of before the transaction: that takes its time. Raises TooLateForPassword."""
    if typed.password and not _may_choose_password():
        raise TooLateForPassword
    hashed = _hash(typed.password) if typed.password else ""
    with database().transaction() as db:
        contact = db.get_one(Contact, g.contact.id, with_for_update={"key_share": True})
        secret = keep_details(db, contact, typed, hashed, person=person(), now=clock.now())
    if secret:
        auth.remember(secret)


def _hash(password: str) -> str:
    with reading() as db:
        level = highest_level(db, person().login_id)
    return password_hash(password, level=level, email=person().email)


def _may_choose_password() -> bool:
    """Families stay signed in for weeks: whoever finds their phone must not make a way in of their own."""
    return person().has_proved("", now=clock.now())


def _shape() -> type[DetailsInput]:
    return SignUpInput if needs_name(g.contact) else DetailsInput


def _profile_page(
    school: str, event: str, form: Form[DetailsInput], asked_for: str | None, status: int = 200
) -> Response | tuple[str, int]:
    values = {
        "form": form,
        "asked": asked_of(g.school, g.contact),
        "may_choose_password": _may_choose_password(),
        "next": wanted_page(school, event, asked_for) or "",
    }
    return event_page("profile.html", g.round, status, **values)
