"""My Appointments: what a family has booked, each with where it takes place."""

from flask import g, request

from webapp import clock
from webapp.auth import family
from webapp.context import reading
from webapp.services.booking.own import by_day, own_entries, own_entry
from webapp.services.event.open_events import Round
from webapp.views.parent.frame import Answer, blueprint, event_page
from webapp.views.parent.polling import pace


@blueprint.get("/<school>/<event>/mine")
@family
def mine(school: str, event: str) -> Answer:
    now = clock.now()
    found: Round = g.round
    with reading() as db:
        own = own_entries(db, g.contact, found.event.id or 0, now=now)
    may_book = found.may_look(g.contact, now=now)
    return event_page("mine.html", found, days=by_day(own.standing), own=own, may_book=may_book, n=0, pace=pace(0))


@blueprint.get("/<school>/<event>/a/<token>")
@family
def appointment(school: str, event: str, token: str) -> Answer:
    """One row of a page that waits for a link, after `n` earlier requests."""
    n = max(0, request.args.get("n", 0, type=int)) + 1
    found: Round = g.round
    with reading() as db:
        entry = own_entry(db, g.contact, found.event.id or 0, token)
    return event_page("_appointment.html", found, entry=entry, n=n, pace=pace(n))
