"""The settings of one event: a change here touches no other event."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from webapp.models.base import owned, part_of

ZOOM = "zoom"
WITH_SCHEDULER, HOURS_BEFORE, DAYS_BEFORE = "with_scheduler", "hours_before", "days_before"
HOURS, DAYS, WEEKS, NEVER = "hours", "days", "weeks", "never"


@dataclass(frozen=True)
class Window:
    """When customers may book. Without `opens_at` they cannot yet, without `closes_at` it stays open."""

    opens_at: datetime | None
    closes_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        return self.has_opened(now) and not self.has_closed(now)

    def has_opened(self, now: datetime) -> bool:
        return self.opens_at is not None and self.opens_at <= now

    def has_closed(self, now: datetime) -> bool:
        return self.closes_at is not None and self.closes_at <= now


@dataclass(frozen=True)
class Closing:
    """When booking closes for a single time: with the scheduler, `hours` before it, or at `time` (of the event's zone)
    so many `days` before its day."""

    mode: str = WITH_SCHEDULER
    hours: int = 0
    days: int = 0
    time: str = "00:00"

    def closed_until(self, zone: str, now: datetime) -> datetime:
        """Of the times to come, those that begin up to this instant can be booked no more."""
        if self.mode == HOURS_BEFORE:
            return now + timedelta(hours=self.hours)
        if self.mode == DAYS_BEFORE:
            return max(now, self._first_day(zone, now) - timedelta(seconds=1))
        return now

    def _first_day(self, zone: str, now: datetime) -> datetime:
        """The beginning of the first day for which booking is open."""
        today = now.astimezone(ZoneInfo(zone)).date()
        is_past = now >= _at(today, time.fromisoformat(self.time), zone)
        return _at(today + timedelta(days=self.days + is_past), time(), zone)


def _at(day: date, wall: time, zone: str) -> datetime:
    return datetime.combine(day, wall, ZoneInfo(zone)).astimezone(UTC)


@dataclass(frozen=True)
class Cancelling:
    """How long before an appointment a family can cancel it or move it."""

    limit: int = 0
    unit: str = HOURS

    def until(self, starts_at: datetime, zone: str) -> datetime:
        """Days and weeks are those of the clocks on the wall. Never: since long ago."""
        if self.unit == NEVER:
            return datetime(1, 1, 1, tzinfo=UTC)
        if self.unit == HOURS:
            return starts_at - timedelta(hours=self.limit)
        days = self.limit * (7 if self.unit == WEEKS else 1)
        return (starts_at.astimezone(ZoneInfo(zone)) - timedelta(days=days)).astimezone(UTC)


@dataclass(frozen=True)
class Limits:
    """How many appointments, and how close to each other. None is no limit; `gap` 0 allows back-to-back.

    `per_event`, `per_child` and `once_per_class` count what one family made, so that they tell nothing of a child's
    other household; `per_day` is the teacher's, whoever books.
    """

    per_event: int | None = None
    per_day: int | None = None
    per_child: int | None = None
    once_per_teacher: bool = False
    once_per_class: bool = False
    gap: int = 0

    @property
    def are_counted(self) -> bool:
        """Whether any of them is kept by an ordinal of the appointment (RELIABILITY I5)."""
        return bool(self.per_event or self.per_day or self.per_child or self.once_per_class)


class EventSettings(SQLModel, table=True):
    __table_args__ = (
        CheckConstraint("opens_at IS NULL OR closes_at IS NULL OR opens_at < closes_at", name="order"),
        CheckConstraint("max_per_event >= 1 AND max_per_day >= 1 AND max_per_child >= 1", name="limits"),
        CheckConstraint("gap_minutes BETWEEN 1 AND 240", name="gap"),
        CheckConstraint("walk_minutes BETWEEN 0 AND 120", name="walk"),
        CheckConstraint("cancel_unit IN ('hours', 'days', 'weeks', 'never')", name="known_cancel_unit"),
        CheckConstraint(
            "booking_closes IN ('with_scheduler', 'hours_before', 'days_before')", name="known_booking_closes"
        ),
    )

    event_id: int = part_of("event", primary=True)
    school_id: int = owned()
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    admins_may_preview: bool = False  # "allow Admins access to the CUI at all times"
    provider: str | None = Field(default=None, max_length=20)  # Online Meeting Provider; empty = typed links
    shows_appointment_type: bool = False  # Show the "Appointment type" dropdown
    draw_minutes: int | None = None  # Draw Time every; empty: the largest step that fits all slots
    max_per_event: int | None = None
    max_per_day: int | None = None  # of a teacher
    max_per_child: int | None = None
    one_per_teacher: bool = False  # even where classes allow more
    one_per_class: bool = False
    allows_back_to_back: bool = True
    gap_minutes: int = 5  # Duration between appointments, where they may not be back to back
    walk_minutes: int = 5  # that proposed times leave for the way from one room to another
    cancel_limit: int = 0  # in `cancel_unit`s before the appointment
    cancel_unit: str = Field(default="hours", max_length=5)
    booking_closes: str = Field(default=WITH_SCHEDULER, max_length=14)
    closes_hours: int = 24  # before the appointment
    closes_days: int = 1  # before the appointment's day,
    closes_time: str = Field(default="12:00", max_length=5)  # at this time of the event's zone
    mails_held_at: datetime | None = None  # since then no mail about the event leaves
    asks_questions: bool = False  # whether it has services or appointment fields: else nobody looks for them

    @property
    def limits(self) -> Limits:
        return Limits(
            per_event=self.max_per_event,
            per_day=self.max_per_day,
            per_child=self.max_per_child,
            once_per_teacher=self.one_per_teacher,
            once_per_class=self.one_per_class,
            gap=0 if self.allows_back_to_back else self.gap_minutes,
        )

    @property
    def closing(self) -> Closing:
        return Closing(self.booking_closes, self.closes_hours, self.closes_days, self.closes_time)

    @property
    def cancelling(self) -> Cancelling:
        return Cancelling(self.cancel_limit, self.cancel_unit)

    @property
    def window(self) -> Window:
        return Window(self.opens_at, self.closes_at)

    def is_open(self, now: datetime) -> bool:
        return self.window.is_open(now)

    def has_closed(self, now: datetime) -> bool:
        return self.window.has_closed(now)
