"""The hold on a family's times while it is on the form: until when, for longer, and given back when it leaves."""

from datetime import datetime

from flask import g, request

from webapp import clock
from webapp.auth import family
from webapp.context import database, reading
from webapp.forms import Form
from webapp.rendering import is_htmx
from webapp.services.booking.choices import read_picks
from webapp.services.booking.holds import extend_hold, held_until, release_hold
from webapp.services.booking.sheet import Hold, chosen_rows, complaints
from webapp.services.event.open_events import Round
from webapp.services.people.names import NameInput
from webapp.views.parent.check import asked, check_page, name_sent
from webapp.views.parent.frame import Answer, blueprint, event_page, to_step
from webapp.views.parent.times import rows_of


@blueprint.get("/<school>/<event>/hold/<act>")
@family
def hold(school: str, event: str, act: str) -> Answer:
    """For the page that waited until it was over; it may have been extended in another tab."""
    with reading() as db:
        until = held_until(db, *_whose(), act)
    return _hold_partial(act, until)


@blueprint.post("/<school>/<event>/hold/<act>")
@family
def hold_longer(school: str, event: str, act: str) -> Answer:
    """Without HTMX the same page again, with all that was typed on it."""
    with database().transaction() as db:
        until = extend_hold(db, *_whose(), act, now=clock.now())
    if is_htmx():
        return _hold_partial(act, until)
    picks, found = read_picks(request.form.getlist("pick")), g.round
    with reading() as db:
        rows, questions = rows_of(db, found, picks, proposing=False), asked(db, found)
    if complaints(rows) or not chosen_rows(rows):
        return to_step("times", school, event, picks)
    return check_page(found, rows, questions, Form(NameInput, name_sent()))


@blueprint.post("/<school>/<event>/hold/<act>/leave")
@family
def leave(school: str, event: str, act: str) -> tuple[str, int]:
    """A browser says so when its family goes to another page, or closes this one."""
    with database().transaction() as db:
        release_hold(db, *_whose(), act, now=clock.now())
    return "", 204


def _whose() -> tuple[int, int]:
    """Contact and event, by number."""
    return g.contact.id, g.round.event.id


def _hold_partial(act: str, until: datetime | None) -> Answer:
    found: Round = g.round
    return event_page("_hold.html", found, hold=Hold(act, until or clock.now()))
