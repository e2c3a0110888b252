"""Decide which slots a Slots or Events file adds: always visible and in person, none twice and none that overlaps."""

import difflib
from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from webapp import i18n
from webapp.errors import N_, Invalid
from webapp.models import Resource, School, Slot
from webapp.services.event.events import event_list, zones
from webapp.services.event.wall_time import instants_of
from webapp.services.roster.facts import Roster, TimesFact
from webapp.services.roster.report import CREATED, ERROR, UNCHANGED, Report

MOST_SLOTS = 200_000
FARTHEST = timedelta(days=3 * 366)

TOO_MANY = N_("These files would make more than 200,000 slots. Import fewer rows at a time.")
NO_EVENT = N_("There is no event %(value)s.")
NO_RESOURCE = N_("The event has no teacher %(value)s.")
NEAR_RESOURCE = N_("The event has no teacher %(value)s. Did you mean %(near)s?")
OUTSIDE = N_("%(date)s is outside the event dates: it is over, or more than three years ahead.")
SKIPPED = N_("%(time)s does not exist on that day: the clock change skips it.")
TWICE = N_("%(time)s comes twice on that day: the clock is set back.")
OVERLAPS = N_("%(mine)s overlaps the slot %(other)s of the same teacher.")
TOO_SHORT = N_("The range is too short for one slot of %(minutes)s minutes.")
NOT_A_ZONE = N_("%(value)s is not a time zone. Write its region and city, such as America/New_York.")

Times = tuple[datetime, datetime]


@dataclass
class HeldResource:
    """`id` is None while the event is yet to be made."""

    id: int | None
    name: str
    taken: list[Times] = field(default_factory=list)
    new: list[tuple[datetime, datetime, datetime, int]] = field(default_factory=list)
    """Start and end in UTC, the start on the wall clock, and how many appointments fit in."""


@dataclass
class HeldEvent:
    id: int | None
    slug: str
    name: str
    zone: str
    resources: dict[str, HeldResource]
    words: TimesFact | None = None
    """The row that describes an event that is yet to be made."""

    @property
    def has_new(self) -> bool:
        return any(resource.new for resource in self.resources.values())


@dataclass
class Evenings:
    events: list[HeldEvent] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    """Names of the resources that a new event takes from the roster as it is after this import; `is_simple` where that
    has no classes."""
    is_simple: bool = False
    zone: str = "UTC"


def load_evenings(session: Session, school_id: int, roster: Roster) -> Evenings:
    if not roster.times:
        return Evenings()
    school = session.get_one(School, school_id)
    events = event_list(session, school_id)
    held = [HeldEvent(event.id, event.slug, event.name, event.zone, {}) for event in events]
    named = {folded(fact.event) for fact in roster.times}
    wanted = [event for event in held if named & _names(event)]
    _load_resources(session, wanted)
    return Evenings(held, zone=school.zone)


def place_times(facts: Sequence[TimesFact], evenings: Evenings, report: Report, *, now: datetime) -> None:
    """Raises Invalid where the files would make too many."""
    if sum((fact.last - fact.first) // fact.duration for fact in facts) > MOST_SLOTS:
        raise Invalid(TOO_MANY, field="file")
    for fact in facts:
        event = _event(fact, evenings, report)
        resource = _resource(fact, event, report) if event else None
        if event and resource:
            _place(fact, event, resource, report, now=now)
    for event in evenings.events:
        if event.id is None and event.has_new:
            report.count(CREATED, "events", event.name)


def _load_resources(session: Session, events: Sequence[HeldEvent]) -> None:
    by_event = {event.id: event for event in events}
    by_id: dict[int | None, HeldResource] = {}
    query = select(Resource).where(col(Resource.event_id).in_(list(by_event))).order_by(col(Resource.position).desc())
    for row in session.execute(query).scalars():
        by_id[row.id] = by_event[row.event_id].resources[folded(row.name)] = HeldResource(row.id, row.name)
    times = select(col(Slot.resource_id), col(Slot.starts_at), col(Slot.ends_at)).where(
        col(Slot.event_id).in_(list(by_event)), col(Slot.removed_at).is_(None)
    )
    for number, starts_at, ends_at in session.execute(times.order_by(col(Slot.starts_at))):
        by_id[number].taken.append((starts_at, ends_at))


def _event(fact: TimesFact, evenings: Evenings, report: Report) -> HeldEvent | None:
    name = folded(fact.event)
    found = next((event for event in evenings.events if name in _names(event)), None)
    if found is not None:
        return found
    if fact.is_event:
        return _new_event(fact, evenings, report)
    report.problem(fact.at, ("EventID",), ERROR, NO_EVENT, value=fact.event)
    return None


def _new_event(fact: TimesFact, evenings: Evenings, report: Report) -> HeldEvent | None:
    zone = fact.zone or evenings.zone
    if zone not in zones():
        report.problem(fact.at, ("TimeZone",), ERROR, NOT_A_ZONE, value=zone)
        return None
    resources = {folded(name): HeldResource(None, name) for name in evenings.teams}
    event = HeldEvent(None, "", fact.event, zone, resources, fact)
    if _resource(fact, event, report) is None:
        return None
    evenings.events.append(event)
    return event


def _resource(fact: TimesFact, event: HeldEvent, report: Report) -> HeldResource | None:
    resource = event.resources.get(folded(fact.resource))
    if resource is None:
        names = [one.name for one in event.resources.values()]
        near = ", ".join(difflib.get_close_matches(fact.resource, names, n=3))
        says = NEAR_RESOURCE if near else NO_RESOURCE
        report.problem(fact.at, ("Resource",), ERROR, says, value=fact.resource, near=near)
    return resource


def _place(fact: TimesFact, event: HeldEvent, resource: HeldResource, report: Report, *, now: datetime) -> None:
    """A row is taken whole or left out whole."""
    today = i18n.local_day(now, event.zone)
    if not today <= fact.day <= today + FARTHEST:
        report.problem(fact.at, ("Date",), ERROR, OUTSIDE, date=i18n.full_date(fact.day))
        return
    starts = range(fact.first, fact.last - fact.duration + 1, fact.duration)
    if not starts:
        report.problem(fact.at, ("Duration",), ERROR, TOO_SHORT, minutes=fact.duration)
        return
    spans = []
    for minute in starts:
        wall = datetime.combine(fact.day, time()) + timedelta(minutes=minute)
        ends = [_instant(moment, fact, event, report) for moment in (wall, wall + timedelta(minutes=fact.duration))]
        if ends[0] is None or ends[1] is None:
            return
        spans.append((ends[0], ends[1], wall))
    _take(fact, event, resource, spans, report)


def _instant(wall: datetime, fact: TimesFact, event: HeldEvent, report: Report) -> datetime | None:
    instants = instants_of(wall, event.zone)
    if len(instants) == 1:
        return instants[0]
    says = TWICE if instants else SKIPPED
    report.problem(fact.at, ("StartTime",), ERROR, says, time=i18n.clock_time(wall.replace(tzinfo=UTC), "UTC"))
    return None


def _take(
    fact: TimesFact,
    event: HeldEvent,
    resource: HeldResource,
    spans: Sequence[tuple[datetime, datetime, datetime]],
    report: Report,
) -> None:
    for starts_at, ends_at, _ in spans:
        if other := _in_the_way(resource.taken, (starts_at, ends_at)):
            mine, theirs = _shown((starts_at, ends_at), event.zone), _shown(other, event.zone)
            report.problem(fact.at, ("StartTime",), ERROR, OVERLAPS, mine=mine, other=theirs)
            return
    for starts_at, ends_at, wall in spans:
        if _is_there(resource.taken, (starts_at, ends_at)):
            report.count(UNCHANGED, "slots")
            continue
        insort(resource.taken, (starts_at, ends_at))
        resource.new.append((starts_at, ends_at, wall, fact.capacity))
        report.count(CREATED, "slots", f"{resource.name}, {_shown((starts_at, ends_at), event.zone)}")


def _is_there(taken: Sequence[Times], times: Times) -> bool:
    at = bisect_left(taken, times)
    return at < len(taken) and taken[at] == times


def _in_the_way(taken: Sequence[Times], times: Times) -> Times | None:
    """A slot that overlaps; the same one is no obstacle, it is there already."""
    if _is_there(taken, times):
        return None
    at = bisect_left(taken, times)
    around = [*taken[max(0, at - 1) : at + 1]]
    return next((other for other in around if other[0] < times[1] and times[0] < other[1]), None)


def _shown(times: Times, zone: str) -> str:
    day = i18n.full_date(i18n.local_day(times[0], zone))
    return f"{day}, {i18n.clock_time(times[0], zone)}–{i18n.clock_time(times[1], zone)}"


def _names(event: HeldEvent) -> set[str]:
    return {str(event.id), folded(event.slug), folded(event.name)} - {""}


def folded(text: str) -> str:
    return " ".join(text.casefold().split())
