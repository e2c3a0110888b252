"""Show teachers their own schedule, laid out for a phone."""

from datetime import date

from flask import g

from webapp import clock
from webapp.context import database
from webapp.rendering import page
from webapp.services.event.overseen import chosen_event
from webapp.services.event.own_schedule import coming_event, own_events, own_schedule
from webapp.services.meeting.overview import held_up


def own_page(number: int | None, day: date | None, *, hides_free: bool) -> tuple[str, int]:
    """For the contact as whom the reader acts. Raises NotFound for an event in which they have no part."""
    now = clock.now()
    with database().reading() as session:
        events = own_events(session, g.contact, within=g.within)
        event = chosen_event(events, number) or coming_event(session, g.contact, events, now=now)
        schedule = own_schedule(session, event, g.contact, day=day, now=now) if event else None
        stuck = held_up(session, [event.id] if event and event.id else [], now=now)
    values = {"events": events, "event": event, "schedule": schedule, "held_up": stuck, "hides_free": hides_free}
    return page("teacher/schedule.html", **values)
