"""Keep what families are asked when they book: an event's services and its appointment fields."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid, NotFound
from webapp.models import AppointmentField, Event, EventSettings, Service
from webapp.models.event.appointment_field import CHOICE
from webapp.services.event.inputs import Line, Paragraphs
from webapp.services.system import audit
from webapp.services.system.audit import Who

MOST = 40
"""Services, or fields, of one event: nobody answers more."""

_ONLINE = re.compile(
    r"\b(?:virtual(?:ly|e|es|mente)?|virtuell?e?|online|on-line|zoom|teams|google meet|webex|skype|video\w*|visio\w*"
    r"|remote|in[ -]person|presencial|en persona|en línea|en ligne|en personne|distanz|vor ort)\b"
    r"|线上|在线|視訊|视频|远程|当面|افتراضي|عبر الإنترنت|حضوري",
    re.IGNORECASE,
)


class ServiceInput(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)

    name: Line = Field(min_length=1, max_length=200)


class FieldInput(BaseModel):
    """`options` of a choice, one per line."""

    model_config = ConfigDict(str_strip_whitespace=True)

    label: Line = Field(min_length=1, max_length=200)
    kind: Literal["text", "choice"] = "text"
    options: Paragraphs = Field(default="", max_length=4000)
    is_required: bool = False


def services_of(session: Session, event_id: int) -> list[Service]:
    query = select(Service).where(col(Service.event_id) == event_id).order_by(col(Service.id))
    return list(session.execute(query).scalars())


def fields_of(session: Session, event_id: int) -> list[AppointmentField]:
    """Those that are asked and those that are not, in the order in which they were made."""
    query = select(AppointmentField).where(col(AppointmentField.event_id) == event_id)
    return list(session.execute(query.order_by(col(AppointmentField.id))).scalars())


def service_of(session: Session, event: Event, service_id: int) -> Service:
    """Raises NotFound for another event's."""
    query = select(Service).where(col(Service.id) == service_id, col(Service.event_id) == event.id)
    service: Service | None = session.execute(query).scalar_one_or_none()
    if service is None:
        raise NotFound
    return service


def sounds_like_a_meeting(words: str) -> bool:
    """Whether somebody may think that this decides how people meet: it makes no link (R74)."""
    return _ONLINE.search(words) is not None


def add_service(session: Session, event: Event, typed: ServiceInput, *, who: Who, now: datetime) -> None:
    settings = _held(session, event)
    names = [service.name.casefold() for service in services_of(session, settings.event_id)]
    _refuse_full_or_double(names, typed.name, field="name")
    session.add(Service(school_id=event.school_id, event_id=settings.event_id, name=typed.name))
    _keep(session, event, settings, "service.add", who=who, now=now)


def remove_service(session: Session, event: Event, service_id: int, *, who: Who, now: datetime) -> None:
    """Gone from the booking page; what was booked for it keeps its text (R79)."""
    settings = _held(session, event)
    session.delete(service_of(session, event, service_id))
    _keep(session, event, settings, "service.remove", who=who, now=now)


def add_field(session: Session, event: Event, typed: FieldInput, *, who: Who, now: datetime) -> None:
    settings = _held(session, event)
    labels = [field.label.casefold() for field in fields_of(session, settings.event_id)]
    _refuse_full_or_double(labels, typed.label, field="label")
    options = _options(typed)
    values: dict[str, Any] = {
        "label": typed.label,
        "kind": typed.kind,
        "options": options,
        "is_required": typed.is_required,
    }
    session.add(AppointmentField(school_id=event.school_id, event_id=settings.event_id, **values))
    _keep(session, event, settings, "field.add", who=who, now=now)


def use_fields(
    session: Session, event: Event, chosen: Collection[int], *, is_used: bool, who: Who, now: datetime
) -> int:
    """Move fields (ids) to the list that is asked or to the other; answers stay (R80). How many moved."""
    settings = _held(session, event)
    moved = [f for f in fields_of(session, settings.event_id) if f.id in chosen and f.is_used != is_used]
    for field in moved:
        field.is_used = is_used
    _keep(session, event, settings, "field.use" if is_used else "field.unuse", who=who, now=now)
    return len(moved)


def _options(typed: FieldInput) -> str:
    """Each once, without blank lines, and with one space between words, as browsers send what was chosen. Raises
    Invalid for a choice between fewer than two."""
    if typed.kind != CHOICE:
        return ""
    options = list(dict.fromkeys(" ".join(line.split()) for line in typed.options.splitlines() if line.strip()))
    if len(options) < 2:
        raise Invalid(N_("Type at least two answers to choose from, one per line."), field="options")
    return "\n".join(options)


def _refuse_full_or_double(known: list[str], typed: str, *, field: str) -> None:
    if typed.casefold() in known:
        raise Invalid(N_("There is one of this name already."), field=field)
    if len(known) >= MOST:
        raise Invalid(N_("An event can have at most %(most)s of these."), field=field, most=MOST)


def _held(session: Session, event: Event) -> EventSettings:
    """Whoever books meanwhile waits, and is asked what is asked from now on."""
    query = select(EventSettings).where(col(EventSettings.event_id) == event.id).with_for_update()
    settings: EventSettings = session.execute(query).scalar_one()
    return settings


def _keep(session: Session, event: Event, settings: EventSettings, action: str, *, who: Who, now: datetime) -> None:
    _refresh(session, settings)
    audit.record(session, action, who=who, school_id=event.school_id, subject=f"event {event.id}", now=now)


def _refresh(session: Session, settings: EventSettings) -> None:
    session.flush()
    is_asked = any(field.is_used for field in fields_of(session, settings.event_id))
    settings.asks_questions = is_asked or bool(services_of(session, settings.event_id))
    session.flush()
