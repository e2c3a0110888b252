"""Keep the events of a school: each with its zone, its settings and resources taken from the roster."""

import difflib
import zoneinfo
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid, NotFound
from webapp.models import Event, EventSettings, School
from webapp.services.event.copy_setup import copy_resources, copy_setup
from webapp.services.event.from_roster import take_resources
from webapp.services.event.inputs import LARGEST_ID, Line, Paragraphs, blank_is_none
from webapp.services.event.slug import event_slug, folded, lock_addresses
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
    category: Line = Field(default="", max_length=100)
    slug: str = Field(default="", max_length=60)
    template: Annotated[int | None, Field(ge=1, le=LARGEST_ID), blank_is_none] = None
    teachers: Literal["roster", "template", "none"] = "roster"


def event_list(session: Session, school_id: int) -> list[Event]:
    """Newest first."""
    query = select(Event).where(col(Event.school_id) == school_id, col(Event.deleted_at).is_(None))
    return list(session.execute(query.order_by(col(Event.created_at).desc(), col(Event.id).desc())).scalars())


def event_of(session: Session, school_id: int, event_id: int) -> Event:
    """Raises NotFound for another school's event, and for one that was deleted."""
    mine = (col(Event.id) == event_id, col(Event.school_id) == school_id, col(Event.deleted_at).is_(None))
    event: Event | None = session.execute(select(Event).where(*mine)).scalar_one_or_none()
    if event is None:
        raise NotFound
    return event


def settings_of(session: Session, event: Event) -> EventSettings:
    query = select(EventSettings).where(col(EventSettings.event_id) == event.id)
    settings: EventSettings = session.execute(query).scalar_one()
    return settings


def settings_to_change(session: Session, event: Event, *, address: str = "") -> EventSettings:
    """As they stand now: of two who save at once the second changes what the first has saved. `address` is what was
    typed for the event's own."""
    if address and folded(address) != event.slug:
        lock_addresses(session, event.school_id)
    query = select(EventSettings).where(col(EventSettings.event_id) == event.id).with_for_update()
    settings: EventSettings = session.execute(query, execution_options={"populate_existing": True}).scalar_one()
    return settings


def add_event(session: Session, school: School, typed: EventInput, *, who: Who, now: datetime) -> Event:
    """An event with its settings, in which the provider is empty (R20), and its resources.

    With a template event, what that one is set up with is copied. Raises Invalid for one of another school."""
    template = _template(session, school, typed)
    zone = checked_zone(typed.zone, school.zone)
    slug = event_slug(session, school, typed.slug, name=typed.name)
    words = typed.model_dump(exclude={"template", "teachers"}) | {"zone": zone, "slug": slug}
    event = stored_event(session, school, words, template, now=now)
    taken = _resources(session, event, template, typed.teachers)
    detail = {"resources": taken, "template": template.id if template else None}
    audit.record(session, "event.add", who=who, school_id=school.id, subject=f"event {event.id}", now=now, **detail)
    return event


@lru_cache
def zones() -> tuple[str, ...]:
    """The zones to choose from. Abbreviations such as EST are left out: they know no summer time."""
    return tuple(sorted(z for z in zoneinfo.available_timezones() if "/" in z or z == "UTC"))


def checked_zone(zone: str, otherwise: str) -> str:
    """Raises Invalid with the nearest that there is, or another one to begin with."""
    if zone in zones():
        return zone
    alike = difflib.get_close_matches(zone, zones(), n=1)
    suggestion = alike[0] if alike else otherwise
    message = N_("Choose a time zone by region and city, such as %(suggestion)s.")
    raise Invalid(message, field="zone", suggestion=suggestion)


def _template(session: Session, school: School, typed: EventInput) -> Event | None:
    if typed.template is None:
        if typed.teachers == "template":
            raise Invalid(N_("Choose the earlier event whose teachers are to be taken."), field="template")
        return None
    assert school.id is not None
    try:
        return event_of(session, school.id, typed.template)
    except NotFound as error:
        raise Invalid(N_("This event is not there any more. Choose another one."), field="template") from error


def stored_event(
    session: Session, school: School, words: dict[str, Any], template: Event | None, *, now: datetime
) -> Event:
    """With the settings of the template, or the defaults."""
    assert school.id is not None
    event = Event(school_id=school.id, created_at=now, **words)
    session.add(event)
    session.flush()
    if template:
        copy_setup(session, template, event)
    else:
        session.add(EventSettings(event_id=event.id or 0, school_id=event.school_id))
        session.flush()
    return event


def _resources(session: Session, event: Event, template: Event | None, teachers: str) -> int:
    """How many the event has now."""
    if teachers == "none":
        return 0
    if teachers == "template" and template:
        return copy_resources(session, template, event)
    return len(take_resources(session, event))
