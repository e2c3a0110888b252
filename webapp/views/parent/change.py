"""Let families cancel or move an appointment: a page to look at first, then a form that acts once."""

from typing import Any

from flask import g, request
from sqlmodel import Session

from webapp import auth, clock, faults
from webapp.auth import family
from webapp.context import database, reading
from webapp.csrf import request_key
from webapp.errors import N_, DomainError, Unsure
from webapp.models.event.slot import IN_PERSON, VIRTUAL
from webapp.services.booking.change import cancel_own, move_own, other_times
from webapp.services.booking.own import own_entry
from webapp.services.event.open_events import Round, round_of
from webapp.views.parent.frame import Answer, blueprint, event_page, to

NOT_KNOWN = N_("We could not find out whether this was done. Look at your appointments before you try again.")


@blueprint.get("/<school>/<event>/a/<token>/cancel")
@family
def ask_to_cancel(school: str, event: str, token: str) -> Answer:
    return _cancel_page(school, event, token)


@blueprint.post("/<school>/<event>/a/<token>/cancel")
@family
def cancel(school: str, event: str, token: str) -> Answer:
    def deed(db: Session) -> None:
        found = round_of(db, school, event)
        cancel_own(db, found, g.contact, token, key=request_key(), who=auth.who(), now=clock.now())

    try:
        database().carry_out(deed)
    except Unsure as error:
        raise Unsure(NOT_KNOWN) from error
    except DomainError as error:
        return _cancel_page(school, event, token, error)
    faults.point("cancel.committed")
    return to("mine", school, event)


@blueprint.get("/<school>/<event>/a/<token>/move")
@family
def ask_to_move(school: str, event: str, token: str) -> Answer:
    return _move_page(school, event, token)


@blueprint.post("/<school>/<event>/a/<token>/move")
@family
def move(school: str, event: str, token: str) -> Answer:
    slot, kind = request.form.get("slot", ""), request.form.get("kind", "")
    wanted: dict[str, Any] = {"slot": slot, "kind": kind, "seen": request.form.getlist("seen")}

    def deed(db: Session) -> None:
        found, key = round_of(db, school, event), request_key()
        move_own(db, found, g.contact, token, **wanted, key=key, who=auth.who(), now=clock.now())

    try:
        database().carry_out(deed)
    except Unsure as error:
        raise Unsure(NOT_KNOWN) from error
    except DomainError as error:
        return _move_page(school, event, token, error, slot=slot, kind=kind)
    return to("mine", school, event)


def _cancel_page(school: str, event: str, token: str, error: DomainError | None = None) -> Answer:
    """The appointment as it is now; another family's is not found."""
    found: Round = g.round
    with reading() as db:
        entry = own_entry(db, g.contact, found.event.id or 0, token)
    return event_page("cancel.html", found, error.status if error else 200, entry=entry, error=error)


def _move_page(
    school: str, event: str, token: str, error: DomainError | None = None, *, slot: str = "", kind: str = ""
) -> Answer:
    now = clock.now()
    found: Round = g.round
    with reading() as db:
        entry = own_entry(db, g.contact, found.event.id or 0, token)
        options = other_times(db, found, g.contact, entry, now=now)
    kind = kind or (VIRTUAL if entry.is_virtual else IN_PERSON)
    values = {"entry": entry, "options": options, "slot": slot, "kind": kind, "error": error}
    return event_page("move.html", found, error.status if error else 200, **values)
