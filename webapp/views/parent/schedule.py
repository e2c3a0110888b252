"""The Printable Schedule of a family, as a page and as PDF, and each appointment for the family's own calendar."""

from flask import g
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import family
from webapp.context import confab, reading, stop_looking
from webapp.documents.calendar_file import feed, google_link
from webapp.documents.paper import picture
from webapp.i18n import gettext as _
from webapp.services.booking.own import own_entries, own_entry
from webapp.services.event.open_events import Round
from webapp.services.message.facts import facts_of
from webapp.services.message.invitations import entry_for_calendar
from webapp.services.message.written import heading_of, schedule_of
from webapp.views.download import send
from webapp.views.parent.frame import Answer, blueprint, event_page, to


@blueprint.get("/<school>/<event>/mine/schedule")
@family
def schedule(school: str, event: str) -> Answer:
    found: Round = g.round
    with reading() as db:
        entries = own_entries(db, g.contact, found.event.id or 0, now=clock.now()).sure
        facts = facts_of(db, entries, base_url=confab().settings.base_url) if entries else None
    title, lead = heading_of(facts) if facts else ("", "")
    itinerary = facts and facts.itinerary()
    return event_page("schedule.html", found, itinerary=itinerary, title=title, lead=lead, picture=picture)


@blueprint.get("/<school>/<event>/mine/schedule.pdf")
@family
def schedule_pdf(school: str, event: str) -> Answer | Response:
    found: Round = g.round
    with reading() as db:
        entries = own_entries(db, g.contact, found.event.id or 0, now=clock.now()).sure
        html = schedule_of(facts_of(db, entries, base_url=confab().settings.base_url)) if entries else ""
    stop_looking()
    if not entries:
        return to("schedule", school, event)
    return send(confab().press.print(html), "application/pdf", f"{_('Printable Schedule')}.pdf")


@blueprint.get("/<school>/<event>/a/<token>/calendar.ics")
@family
def calendar(school: str, event: str, token: str) -> Response:
    found: Round = g.round
    with reading() as db:
        entry = own_entry(db, g.contact, found.event.id or 0, token)
        said = entry_for_calendar(db, entry, base_url=confab().settings.base_url, now=clock.now())
    return send(feed([said], name=found.event.name), "text/calendar", "appointment.ics")


@blueprint.get("/<school>/<event>/a/<token>/details")
@family
def details(school: str, event: str, token: str) -> Answer:
    found: Round = g.round
    with reading() as db:
        entry = own_entry(db, g.contact, found.event.id or 0, token)
        said = entry_for_calendar(db, entry, base_url=confab().settings.base_url, now=clock.now())
    return event_page("details.html", found, entry=entry, google=google_link(said), n=0, pace=None)
