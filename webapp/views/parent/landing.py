"""Lead families in: the school's open events, and an event's first page, where they give their address."""

from flask import g, redirect, request, session
from pydantic import BaseModel

from webapp import auth, clock
from webapp.auth import public
from webapp.context import database, look_once, reading
from webapp.csrf import asker
from webapp.errors import DomainError
from webapp.forms import Form
from webapp.redirects import local_path
from webapp.rendering import page
from webapp.services.event.open_events import open_events, round_of
from webapp.services.people.accounts import checked_email
from webapp.services.people.codes import send_code
from webapp.services.people.schools import school_of
from webapp.views.parent.frame import Answer, blueprint, event_page, to

LONGEST_NEXT = 1500


class EmailInput(BaseModel):
    email: str
    next: str = ""


@blueprint.get("/<school>/")
@public
def school(school: str) -> Answer:
    with reading() as db:
        g.school = school_of(db, school)
        rounds = open_events(db, g.school, now=clock.now())
    return page("parent/school.html", rounds=rounds)


@blueprint.get("/<school>/<event>/")
@public
def landing(school: str, event: str) -> Answer:
    target = wanted_page(school, event, request.args.get("next"))
    look_once()
    with reading() as db:
        g.school, found = school_of(db, school), round_of(db, school, event)
    if (visitor := auth.own_contact()) is None:
        return event_page("landing.html", found, form=Form(EmailInput), next=target or "")
    if target:
        return redirect(target, 303)
    return to("teachers" if found.may_look(visitor, now=clock.now()) else "mine", school, event)


@blueprint.post("/<school>/<event>/")
@public
def send(school: str, event: str) -> Answer:
    """Known and unknown addresses are answered alike, and both get a code."""
    form, status = Form.sent(EmailInput, request.form), 422
    with reading() as db:
        g.school, found = school_of(db, school), round_of(db, school, event)
    try:
        if form:
            mail_code(checked_email(form.value.email))
            session["next"] = wanted_page(school, event, form.value.next) or ""
            return to("code", school, event)
    except DomainError as error:
        form.refuse(error)
        status = error.status
    return event_page("landing.html", found, status, form=form, next=form["next"])


def mail_code(email: str) -> None:
    """The address waits in the signed session, never in an address of ours. Raises TooManyTries."""
    with database().transaction() as db:
        send_code(db, g.school, email, asker(), now=clock.now())
    session["email"] = email


def wanted_page(school: str, event: str, target: str | None) -> str | None:
    """A page of this event that somebody asked for before signing in; the session's cookie has little room."""
    page_of_ours, start = local_path(target), f"/{school}/{event}/"
    if not page_of_ours or not page_of_ours.startswith(start) or page_of_ours == start:
        return None
    return page_of_ours if len(page_of_ours) <= LONGEST_NEXT else None
