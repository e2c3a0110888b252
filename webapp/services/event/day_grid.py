"""Show one day of an event: teachers, their rooms and their slots on one time scale, in a fixed number of queries."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlmodel import Session, col

from webapp import i18n
from webapp.errors import NotFound
from webapp.models import Appointment, Event, Resource, Slot
from webapp.models.event.slot import IN_PERSON
from webapp.services.booking.agenda import Entry, agenda
from webapp.services.calendar.busy import is_free_of
from webapp.services.event.day_layout import Cell, Scale, Tick, lay_out, scale_of, ticks_of
from webapp.services.event.grid_slot import GridSlot, PlainSlot, grid_slot, short_name, spoken_state, state_of
from webapp.services.event.month_calendar import Month, month_calendar
from webapp.services.event.slots import stands
from webapp.services.event.wall_time import day_bounds

PER_PAGE = 60


@dataclass(frozen=True)
class DayTab:
    """A day of the event that has slots."""

    day: date
    label: str
    slots: int
    is_current: bool


@dataclass(frozen=True)
class Row:
    """A teacher or team: `booked` of `total` places; the cells' colspans add up to the grid's columns."""

    id: int
    name: str
    group_name: str
    room: str
    virtual_room: str
    booked: int
    total: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Stray:
    """What has no place in the table: an appointment whose slot was removed, or a slot that overlaps another."""

    slot_id: int
    appointment_id: int | None
    teacher: str
    time: str
    who: str
    state: str
    spoken: str


@dataclass(frozen=True)
class DayGrid:
    """`days` are all days with slots; `month` the calendar; `has_virtual_room` says that its column is there (R46).

    `teachers` is the number of all, of whom the rows show `first_row` to `last_row`.
    """

    day: date
    title: str
    days: tuple[DayTab, ...]
    month: Month
    has_virtual_room: bool
    step: int
    columns: int
    ticks: tuple[Tick, ...]
    rows: tuple[Row, ...]
    stray: tuple[Stray, ...]
    teachers: int
    page: int
    pages: int
    first_row: int
    last_row: int

    @property
    def linked_page(self) -> int | None:
        """As links to the same teachers say it: the first page needs no number."""
        return self.page if self.page > 1 else None


def day_grid(
    session: Session,
    event: Event,
    day: date,
    *,
    page: int = 1,
    teacher: int | None = None,
    per_page: int = PER_PAGE,
    month: date | None = None,
    within: Collection[int] | None = None,
    every: int | None = None,
    now: datetime,
) -> DayGrid:
    """`teacher` is a resource whose page it shall be, whatever `page` says; `month` is a day of the month that the
    calendar shows, else the day's own; `within` are the only resources that the reader may see, None for all; `every`
    is Draw Time every. Raises NotFound for absurd dates.
    """
    if not all(1990 <= shown.year <= 2200 for shown in (day, month or day)):
        raise NotFound
    counts, has_virtual = _slots_by_day(session, event, within)
    shown = (col(Resource.event_id) == event.id, _among(col(Resource.id), within))
    teachers = session.execute(select(func.count()).where(*shown)).scalar_one()
    pages = max(1, -(-teachers // per_page))
    page = _page_of(session, shown, teacher, per_page) if teacher else min(max(page, 1), pages)
    resources = _resources(session, shown, page, per_page)
    scale = scale_of(_times(session, event, day, within), event.zone, every)
    rows, stray = _rows(session, event, day, resources, scale, within, now=now)
    return DayGrid(
        day=day,
        title=i18n.long_day(day),
        days=tuple(DayTab(d, i18n.short_day(d), n, is_current=d == day) for d, n in counts.items()),
        month=month_calendar(month or day, counts, current=day),
        has_virtual_room=has_virtual,
        step=scale.step,
        columns=scale.columns,
        ticks=ticks_of(scale, event.zone),
        rows=rows,
        stray=stray,
        teachers=teachers,
        page=page,
        pages=pages,
        first_row=(page - 1) * per_page + 1 if resources else 0,
        last_row=(page - 1) * per_page + len(resources),
    )


def first_day(session: Session, event: Event, *, within: Collection[int] | None = None, now: datetime) -> date:
    """The day to open with: the next with slots, else the last one, else today."""
    today = i18n.local_day(now, event.zone)
    days = list(_slots_by_day(session, event, within)[0])
    return next((day for day in days if day >= today), days[-1] if days else today)


def _among(column: Any, within: Collection[int] | None) -> ColumnElement[bool]:
    among: ColumnElement[bool] = true() if within is None else column.in_(within)
    return among


def _slots_by_day(session: Session, event: Event, within: Collection[int] | None) -> tuple[dict[date, int], bool]:
    """The number of slots of each day that has some, in order, and whether any slot is virtual."""
    day = func.substr(col(Slot.wall_start), 1, 10).label("day")
    live = select(day, (col(Slot.kind) != IN_PERSON).label("is_virtual"))
    shown = (col(Slot.event_id) == event.id, col(Slot.removed_at).is_(None), _among(col(Slot.resource_id), within))
    slots = live.where(*shown).subquery()
    query = select(slots.c.day, slots.c.is_virtual, func.count()).group_by(slots.c.day, slots.c.is_virtual)
    counts: dict[date, int] = {}
    has_virtual = False
    for text, is_virtual, number in session.execute(query.order_by(slots.c.day)):
        on = date.fromisoformat(text)
        counts[on] = counts.get(on, 0) + number
        has_virtual = has_virtual or is_virtual
    return counts, has_virtual


def _page_of(session: Session, shown: Sequence[ColumnElement[bool]], teacher: int, per_page: int) -> int:
    """The first for a resource that is not among those shown."""
    ordered = select(col(Resource.id)).where(*shown).order_by(col(Resource.position), col(Resource.id))
    numbers = session.execute(ordered).scalars().all()
    return numbers.index(teacher) // per_page + 1 if teacher in numbers else 1


def _resources(session: Session, shown: Sequence[ColumnElement[bool]], page: int, per_page: int) -> Sequence[Resource]:
    ordered = select(Resource).where(*shown).order_by(col(Resource.position), col(Resource.id))
    return session.execute(ordered.offset((page - 1) * per_page).limit(per_page)).scalars().all()


def _times(
    session: Session, event: Event, day: date, within: Collection[int] | None
) -> list[tuple[datetime, datetime]]:
    """The different times of all the event's slots on the day: every page of teachers has the same scale."""
    query = select(col(Slot.starts_at), col(Slot.ends_at)).distinct()
    on_day = (*_on(event, day), _among(col(Slot.resource_id), within))
    return [(start, end) for start, end in session.execute(query.where(*on_day))]


def _rows(
    session: Session,
    event: Event,
    day: date,
    resources: Sequence[Resource],
    scale: Scale,
    within: Collection[int] | None,
    *,
    now: datetime,
) -> tuple[tuple[Row, ...], tuple[Stray, ...]]:
    numbers = [resource.id for resource in resources]
    slots = _slots(session, event, day, numbers)
    entries = _entries(session, event, day, numbers, within, now=now)
    times = {start: i18n.clock_time(start, event.zone) for start in {slot.starts_at for slot in slots}}
    shown: dict[int, list[GridSlot]] = {}
    for slot in slots:
        theirs = entries.pop(slot.id, [])
        shown.setdefault(slot.resource_id, []).append(grid_slot(slot, theirs, time=times[slot.starts_at]))
    rows, stray = [], []
    for resource in resources:
        mine = shown.get(resource.id or 0, [])
        cells, left_over = lay_out(scale, mine)
        rows.append(_row(resource, mine, cells))
        stray += [_overlapping(slot, resource) for slot in left_over]
    # What is left belongs to removed slots, of this page's teachers and of others.
    stray += [_removed(entry) for theirs in entries.values() for entry in theirs]
    return tuple(rows), tuple(stray)


def _slots(session: Session, event: Event, day: date, resources: Sequence[int | None]) -> list[PlainSlot]:
    names = [name for name in PlainSlot.__dataclass_fields__ if name != "is_busy"]
    is_free = is_free_of(col(Slot.resource_id), col(Slot.starts_at), col(Slot.ends_at), among=resources)
    query = select(*(col(getattr(Slot, name)) for name in names), ~is_free)
    query = query.where(*_on(event, day), col(Slot.resource_id).in_(resources))
    return [PlainSlot(*row) for row in session.execute(query)]


def _entries(
    session: Session,
    event: Event,
    day: date,
    resources: Sequence[int | None],
    within: Collection[int] | None,
    *,
    now: datetime,
) -> dict[int, list[Entry]]:
    start, end = day_bounds(day, event.zone)
    found = agenda(
        session,
        col(Appointment.event_id) == event.id,
        col(Slot.starts_at) >= start,
        col(Slot.starts_at) < end,
        or_(col(Appointment.resource_id).in_(resources), col(Slot.removed_at).is_not(None)),
        _among(col(Appointment.resource_id), within),
        stands(now),
    )
    by_slot: dict[int, list[Entry]] = {}
    for entry in found:
        by_slot.setdefault(entry.slot_id, []).append(entry)
    return by_slot


def _on(event: Event, day: date) -> list[ColumnElement[bool]]:
    start, end = day_bounds(day, event.zone)
    is_within = [col(Slot.starts_at) >= start, col(Slot.starts_at) < end]
    return [col(Slot.event_id) == event.id, *is_within, col(Slot.removed_at).is_(None)]


def _row(resource: Resource, slots: Sequence[GridSlot], cells: tuple[Cell, ...]) -> Row:
    assert resource.id is not None
    return Row(
        id=resource.id,
        name=resource.name,
        group_name=resource.group_name,
        room=resource.room,
        virtual_room=resource.virtual_room,
        booked=sum(slot.booked for slot in slots),
        total=sum(slot.places for slot in slots),
        cells=cells,
    )


def _overlapping(slot: GridSlot, resource: Resource) -> Stray:
    return Stray(
        slot_id=slot.id,
        appointment_id=slot.appointment_id,
        teacher=resource.name,
        time=slot.time,
        who=slot.text,
        state=slot.state,
        spoken=i18n.gettext("overlaps another slot"),
    )


def _removed(entry: Entry) -> Stray:
    return Stray(
        slot_id=entry.slot_id,
        appointment_id=entry.id,
        teacher=entry.teacher,
        time=i18n.clock_time(entry.starts_at, entry.zone),
        who=short_name(entry),
        state=state_of(entry),
        spoken=spoken_state(entry),
    )
