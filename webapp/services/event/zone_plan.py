"""Plan a change of an event's time zone: what the wall clock promised stays, the instants move (RELIABILITY 2.7)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select
from sqlmodel import Session, col

from webapp.models import Appointment, Event, EventSettings, Meeting, Slot
from webapp.models.system.wished import PRESENT
from webapp.services.booking.agenda import standing
from webapp.services.event.events import checked_zone, settings_of
from webapp.services.event.wall_time import instants_of


@dataclass(frozen=True)
class Shift:
    """All slots of one time, and when it will be."""

    wall: str
    was: datetime
    ended: datetime
    starts_at: datetime

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + (self.ended - self.was)

    @property
    def minutes(self) -> int:
        return int((self.starts_at - self.was).total_seconds() // 60)


@dataclass(frozen=True)
class ZonePlan:
    """`missing` wall times never come in the new zone, `unclear` ones cannot be told apart: either stands in the way.
    Of those that come `twice` the earlier is meant. `settings` are the new instants of what was typed there."""

    zone: str
    shifts: tuple[Shift, ...]
    missing: tuple[str, ...]
    unclear: tuple[str, ...]
    twice: tuple[str, ...]
    settings: dict[str, datetime]
    slots: int
    appointments: int
    families: int
    links: int

    @property
    def is_possible(self) -> bool:
        return not (self.missing or self.unclear)

    @property
    def example(self) -> Shift | None:
        """The first time that moves."""
        return next((shift for shift in self.shifts if shift.minutes), None)


def plan_zone(session: Session, event: Event, zone: str, *, now: datetime) -> ZonePlan:
    """Raises Invalid on "zone" for none that there is (ADMIN-002)."""
    zone = checked_zone(zone, event.zone)
    shifts: list[Shift] = []
    missing, unclear, twice = set(), set(), set()
    for wall, times in _times(session, event).items():
        instants = instants_of(datetime.fromisoformat(wall), zone)
        starts = sorted({was for was, _, _ in times})
        is_shown = any(counts for *_, counts in times)
        if len(starts) > 1 and len(instants) != len(starts):
            unclear.add(wall)
        elif not instants and is_shown:
            missing.add(wall)
        elif len(instants) > 1 and len(starts) == 1:
            twice.add(wall)
        shifts += _shifts(wall, times, dict(zip(starts, instants or _skipped(wall, zone), strict=False)))
    slots, appointments, families, links = _counts(session, event, now=now)
    return ZonePlan(
        zone=zone,
        shifts=tuple(sorted(shifts, key=lambda shift: shift.was)),
        missing=tuple(sorted(missing)),
        unclear=tuple(sorted(unclear)),
        twice=tuple(sorted(twice)),
        settings=_settings(session, event, zone),
        slots=slots,
        appointments=appointments,
        families=families,
        links=links,
    )


def _times(session: Session, event: Event) -> dict[str, list[tuple[datetime, datetime, bool]]]:
    """By wall time; removed slots move too, but stand in nobody's way."""
    shown = func.sum(case((col(Slot.removed_at).is_(None), 1), else_=0))
    columns = (col(Slot.wall_start), col(Slot.starts_at), col(Slot.ends_at))
    query = select(*columns, shown).where(col(Slot.event_id) == event.id).group_by(*columns)
    times: dict[str, list[tuple[datetime, datetime, bool]]] = defaultdict(list)
    for wall, was, ended, number in session.execute(query):
        times[wall].append((was, ended, number > 0))
    return times


def _shifts(
    wall: str, times: Iterable[tuple[datetime, datetime, bool]], instants: dict[datetime, datetime]
) -> list[Shift]:
    return [Shift(wall, was, ended, instants[was]) for was, ended, _ in times if was in instants]


def _skipped(wall: str, zone: str) -> tuple[datetime, ...]:
    """The instant that a clock which was not put forward would show so."""
    return (_reading(datetime.fromisoformat(wall), zone),)


def _reading(wall: datetime, zone: str) -> datetime:
    place = ZoneInfo(zone)
    return min(instants_of(wall, zone), default=wall.replace(tzinfo=place).astimezone(UTC))


def _settings(session: Session, event: Event, zone: str) -> dict[str, datetime]:
    """Every moment among the settings was typed on the event's clocks."""
    row = settings_of(session, event)
    typed = {name: getattr(row, name) for name in EventSettings.model_fields}
    moments = {name: value for name, value in typed.items() if isinstance(value, datetime)}
    place = ZoneInfo(event.zone)
    return {name: _reading(at.astimezone(place).replace(tzinfo=None), zone) for name, at in moments.items()}


def _counts(session: Session, event: Event, *, now: datetime) -> tuple[int, int, int, int]:
    slots: Any = select(func.count()).where(col(Slot.event_id) == event.id, col(Slot.removed_at).is_(None))
    coming = col(Appointment.slot_id).in_(
        select(col(Slot.id)).where(col(Slot.event_id) == event.id, col(Slot.ends_at) > now)
    )
    query = (
        select(func.count(), func.count(func.distinct(col(Appointment.contact_id))), func.count(col(Meeting.join_url)))
        .select_from(Appointment)
        .outerjoin(
            Meeting,
            (col(Meeting.appointment_id) == col(Appointment.id))
            & col(Meeting.replaced_at).is_(None)
            & (col(Meeting.wish) == PRESENT),
        )
        .where(standing(), coming)
    )
    appointments, families, links = session.execute(query).one()
    return session.execute(slots).scalar_one(), appointments, families, links
