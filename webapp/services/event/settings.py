"""Save the settings of one event; those of every other event stay as they are."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid
from webapp.models import Appointment, Connection, Event, EventSettings, Meeting, Slot
from webapp.models.system.wished import PRESENT
from webapp.services.booking.consequences import follow
from webapp.services.booking.gaps import keep_limits
from webapp.services.event.events import settings_of, settings_to_change
from webapp.services.event.inputs import Line, WallTime, blank_is_none
from webapp.services.event.slug import change_address
from webapp.services.event.wall_time import typed_moment
from webapp.services.system import audit
from webapp.services.system.audit import Who

Most = Annotated[int | None, Field(ge=1, le=100), blank_is_none]


class UiSetupInput(BaseModel):
    """Times as a browser's field sends them, `2026-12-03T16:30`, read on the clocks of the event's zone. `reason` is
    why the event opens although preflight found what will make links fail, `links_go` how many links may be taken away
    with the provider (services/preflight/opening.py)."""

    opens_at: str = ""
    closes_at: str = ""
    admins_may_preview: bool = False
    provider: Literal["", "zoom"] = ""
    slug: Line = Field(default="", max_length=60)
    reason: str = Field(default="", max_length=500)
    links_go: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    max_per_event: Most = None
    max_per_day: Annotated[int | None, Field(ge=1, le=1000), blank_is_none] = None
    max_per_child: Most = None
    one_per_teacher: bool = False
    one_per_class: bool = False
    allows_back_to_back: bool = True
    gap_minutes: int = Field(default=5, ge=1, le=240)
    walk_minutes: int = Field(default=5, ge=0, le=120)
    cancel_limit: int = Field(default=0, ge=0, le=999)
    cancel_unit: Literal["hours", "days", "weeks", "never"] = "hours"
    booking_closes: Literal["with_scheduler", "hours_before", "days_before"] = "with_scheduler"
    closes_hours: int = Field(default=24, ge=0, le=999)
    closes_days: int = Field(default=1, ge=0, le=365)
    closes_time: WallTime = "12:00"

    @property
    def rules(self) -> dict[str, Any]:
        """What is stored as it was typed, by column."""
        return self.model_dump(include=RULES)


RULES = set(
    "admins_may_preview max_per_event max_per_day max_per_child one_per_teacher one_per_class allows_back_to_back "
    "gap_minutes walk_minutes cancel_limit cancel_unit booking_closes closes_hours closes_days closes_time".split()
)


def save_ui_setup(session: Session, event: Event, typed: UiSetupInput, *, who: Who, now: datetime) -> EventSettings:
    """A provider that comes or goes brings or removes the meetings of this event's future appointments."""
    settings = settings_to_change(session, event, address=typed.slug)
    opens_at = typed_moment(typed.opens_at, event.zone, field="opens_at")
    closes_at = typed_moment(typed.closes_at, event.zone, field="closes_at")
    if opens_at and closes_at and closes_at <= opens_at:
        raise Invalid(N_("The scheduler must close after it opens."), field="closes_at")
    has_moved = bool(typed.slug) and change_address(session, event, typed.slug)
    was, provider = settings.provider, typed.provider or None
    if provider and provider != was:
        _refuse_unconnected(session, event, provider)
    limits = settings.limits
    settings.opens_at, settings.closes_at, settings.provider = opens_at, closes_at, provider
    changed = [name for name, value in typed.rules.items() if getattr(settings, name) != value]
    for name in changed:
        setattr(settings, name, typed.rules[name])
    session.add(settings)
    session.flush()
    if settings.limits != limits:
        keep_limits(session, settings, now=now, was=limits)
    _record(
        session,
        event,
        "event.ui_setup",
        who=who,
        now=now,
        provider=provider or "",
        provider_was=was or "",
        changed=" ".join([*changed, *(["slug"] if has_moved else [])]),
    )
    if provider != was:
        follow(session, future_appointments(session, event, now=now), now=now)
    return settings


class VendorUiSetupInput(BaseModel):
    shows_appointment_type: bool = False
    draw_minutes: Annotated[int | None, Field(ge=1, le=120), blank_is_none] = None


def save_vendor_ui_setup(
    session: Session,
    event: Event,
    *,
    shows_appointment_type: bool,
    draw_minutes: int | None = None,
    who: Who,
    now: datetime,
) -> EventSettings:
    settings = settings_of(session, event)
    settings.shows_appointment_type, settings.draw_minutes = shows_appointment_type, draw_minutes
    session.add(settings)
    session.flush()
    _record(session, event, "event.vendor_ui_setup", who=who, now=now, shows_appointment_type=shows_appointment_type)
    return settings


def is_connected(session: Session, school_id: int, provider: str) -> bool:
    query = select(Connection).where(col(Connection.school_id) == school_id, col(Connection.provider) == provider)
    connection = session.execute(query).scalar_one_or_none()
    return connection is not None and connection.is_live


def future_appointments(session: Session, event: Event, *, now: datetime) -> list[int]:
    """The ids of the event's appointments that stand and are not over."""
    query = (
        select(col(Appointment.id))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(col(Appointment.event_id) == event.id, col(Appointment.cancelled_at).is_(None))
        .where(col(Slot.ends_at) > now)
    )
    return list(session.execute(query).scalars())


def count_links(session: Session, event: Event, *, now: datetime) -> int:
    """Those that families of coming appointments were given."""
    has_link = (col(Meeting.join_url).is_not(None), col(Meeting.wish) == PRESENT, col(Meeting.replaced_at).is_(None))
    coming = col(Meeting.appointment_id).in_(future_appointments(session, event, now=now))
    number: int = session.execute(select(func.count(col(Meeting.id))).where(coming, *has_link)).scalar_one()
    return number


def _refuse_unconnected(session: Session, event: Event, provider: str) -> None:
    """Only a change to the provider is refused; an event that has it keeps it (R21)."""
    if not is_connected(session, event.school_id, provider):
        message = N_("Zoom is not connected. Connect it first in Global Setup / Business / Integration Options.")
        raise Invalid(message, field="provider")


def _record(session: Session, event: Event, action: str, *, who: Who, now: datetime, **detail: str | bool) -> None:
    subject = f"event {event.id}"
    audit.record(session, action, who=who, school_id=event.school_id, subject=subject, now=now, **detail)
