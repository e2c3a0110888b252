"""Load the event that a page is about, and render the page within the head that all of an event's pages share."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import g, redirect, url_for
from htmx_flask import request
from sqlmodel import Session
from werkzeug.wrappers import Response

from webapp import clock
from webapp.models import Event, EventSettings, Level
from webapp.rendering import page
from webapp.services.event.availability import Availability, availability
from webapp.services.event.events import event_of, settings_of
from webapp.services.event.inputs import LARGEST_ID

EVENT = "/e/<int(max=2147483647):event>"
"""Ids beyond the column's range are no addresses of ours."""

Answer = Response | tuple[str, int] | tuple[str, int, dict[str, str]]


@dataclass(frozen=True)
class Frame:
    event: Event
    settings: EventSettings
    availability: Availability


def framed(session: Session, event_id: int) -> Frame:
    """Raises NotFound for an event of another school."""
    event = event_of(session, g.school.id, event_id)
    settings = settings_of(session, event)
    return Frame(event, settings, availability(event, settings, now=clock.now()))


def event_page(template: str, frame: Frame, status: int = 200, **values: Any) -> tuple[str, int]:
    """A page or partial that knows its event, the event's settings and whether they name a provider, and whether the
    reader `oversees` the event, or at least `has_tabs`: may open the Appointments tab."""
    known = {"frame": frame, "event": frame.event, "settings": frame.settings}
    has_tabs = g.contact.level >= Level.RESOURCE_ADMINISTRATOR and g.has_grant
    return page(template, status, **known, has_tabs=has_tabs, oversees=oversees(), **{"nav": "events"} | values)


def oversees() -> bool:
    """Whether the reader may do everything with the event of the address, of which they have more than a resource."""
    return g.contact.level >= Level.EVENT_ADMINISTRATOR and g.resources is None


def go_to(address: str) -> Answer:
    """After a write: 303 for a plain form; HTMX is told to leave the page, or it would swap the next one in."""
    return ("", 204, {"HX-Redirect": address}) if request.htmx else redirect(address, 303)


def day_of(event: Event, day: date | None = None) -> str:
    """The address of the Appointments tab, on a day where one is given."""
    return url_for("appointments.overview", school=g.school.slug, event=event.id, date=day)


def asked_id(name: str) -> int | None:
    """A row's number from the address; None where it is missing or no number that a row can have."""
    number = request.args.get(name, 0, type=int)
    return number if 0 < number <= LARGEST_ID else None


def asked_date(name: str) -> date | None:
    """A day, or the first of a month, from the address; None where it is missing or no date."""
    text = request.args.get(name, "")
    try:
        return date.fromisoformat(f"{text}-01" if len(text) == len("2026-12") else text)
    except ValueError:
        return None
