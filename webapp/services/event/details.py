"""Edit Details of an event, and Duplicate PTA: a second round with the same settings and teachers."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from webapp.models import Event, School
from webapp.services.booking.consequences import follow
from webapp.services.event.copy_setup import copy_resources
from webapp.services.event.events import stored_event
from webapp.services.event.inputs import Line, Paragraphs
from webapp.services.event.settings import future_appointments
from webapp.services.event.slug import event_slug
from webapp.services.system import audit
from webapp.services.system.audit import Who


class DetailsInput(BaseModel):
    """Words alone: type, zone and address of an event stay."""

    model_config = ConfigDict(str_strip_whitespace=True)

    name: Line = Field(min_length=1, max_length=200)
    date_label: Line = Field(default="", max_length=200)
    location: Line = Field(default="", max_length=200)
    description: Paragraphs = Field(default="", max_length=4000)
    category: Line = Field(default="", max_length=100)


def save_details(session: Session, event: Event, typed: DetailsInput, *, who: Who, now: datetime) -> None:
    """A new name is told to the provider too: the meetings bear it."""
    is_renamed = typed.name != event.name
    for name, value in typed.model_dump().items():
        setattr(event, name, value)
    session.add(event)
    session.flush()
    _record(session, event, "event.details", who=who, now=now, renamed=is_renamed)
    if is_renamed:
        follow(session, future_appointments(session, event, now=now), now=now)


def duplicate_event(session: Session, event: Event, typed: DetailsInput, *, who: Who, now: datetime) -> Event:
    """Settings, teachers in their teams, rooms; neither slots nor appointments, nor the provider (R20)."""
    school = session.get_one(School, event.school_id)
    slug = event_slug(session, school, "", name=typed.name)
    words = typed.model_dump() | {"type": event.type, "zone": event.zone, "slug": slug}
    copy = stored_event(session, school, words, event, now=now)
    resources = copy_resources(session, event, copy)
    _record(session, copy, "event.duplicate", who=who, now=now, resources=resources, template=event.id)
    return copy


def _record(
    session: Session, event: Event, action: str, *, who: Who, now: datetime, **detail: int | bool | None
) -> None:
    subject = f"event {event.id}"
    audit.record(session, action, who=who, school_id=event.school_id, subject=subject, now=now, **detail)
