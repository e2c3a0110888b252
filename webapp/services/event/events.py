"""Keep the events of a school: each with its zone, its settings and resources taken from the roster."""

import difflib
import zoneinfo
from datetime import datetime
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid, NotFound
from webapp.models import Event, EventSettings, School
from webapp.services.event.from_roster import take_resources
from webapp.services.event.inputs import Line, Paragraphs
from webapp.services.event.slug import event_slug
from webapp.services.system import audit
from webapp.services.system.audit import Who


class EventInput(BaseModel):
    """What Add asks for. Without a slug, one is made from the name."""

    model_config = ConfigDict(str_strip_whitespace=True)

    name: Line = Field(min_length=1, max_length=200)
    type: Literal["pta", "simple_pta"] = "pta"
    zone: str = Field(max_length=60)
    date_label: Line = Field(default="", max_length=200)
    location: Line = Field(default="", max_length=200)
    description: Paragraphs = Field(default="", max_length=4000)
    slug: str = Field(default="", max_length=60)


def event_list(session: Session, school_id: int) -> list[Event]:
    """Newest first."""
    query = select(Event).where(col(Event.school_id) == school_id)
    return list(session.execute(query.order_by(col(Event.created_at).desc(), col(Event.id).desc())).scalars())


def event_of(session: Session, school_id: int, event_id: int) -> Event:
    """Raises NotFound for another school's event."""
    query = select(Event).where(col(Event.id) == event_id, col(Event.school_id) == school_id)
    event: Event | None = session.execute(query).scalar_one_or_none()
    if event is None:
        raise NotFound
    return event


def settings_of(session: Session, event: Event) -> EventSettings:
    query = select(EventSettings).where(col(EventSettings.event_id) == event.id)
    settings: EventSettings = session.execute(query).scalar_one()
    return settings


def add_event(session: Session, school: School, typed: EventInput, *, who: Who, now: datetime) -> Event:
    """An event with its settings, in which the provider is empty (R20), and its resources."""
    assert school.id is not None
    zone = _checked_zone(typed.zone, school)
    slug = event_slug(session, school, typed.slug, name=typed.name)
    values = typed.model_dump() | {"zone": zone, "slug": slug}
    event = Event(school_id=school.id, created_at=now, **values)
    session.add(event)
    session.flush()
    assert event.id is not None
    session.add(EventSettings(event_id=event.id, school_id=school.id))
    resources = take_resources(session, event)
    subject = f"event {event.id}"
    audit.record(session, "event.add", who=who, school_id=school.id, subject=subject, now=now, resources=len(resources))
    return event


@lru_cache
def zones() -> tuple[str, ...]:
    """The zones to choose from. Abbreviations such as EST are left out: they know no summer time."""
    return tuple(sorted(z for z in zoneinfo.available_timezones() if "/" in z or z == "UTC"))


def _checked_zone(zone: str, school: School) -> str:
    if zone in zones():
        return zone
    alike = difflib.get_close_matches(zone, zones(), n=1)
    suggestion = alike[0] if alike else school.zone
    message = N_("Choose a time zone by region and city, such as %(suggestion)s.")
    raise Invalid(message, field="zone", suggestion=suggestion)
