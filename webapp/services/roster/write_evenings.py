"""Write the events and slots that a Slots or Events file adds."""

from datetime import datetime

from sqlalchemy import insert, select
from sqlmodel import Session, col

from webapp.errors import N_, DomainError
from webapp.models import Event, Resource, School, Slot
from webapp.models.base import new_token
from webapp.models.event.slot import IN_PERSON, VISIBLE
from webapp.portions import portions
from webapp.services.event.events import EventInput, add_event
from webapp.services.roster.evenings import Evenings, HeldEvent, HeldResource, folded
from webapp.services.roster.facts import Roster
from webapp.services.system.audit import Who

_AT_ONCE = 5_000


class NotTaken(DomainError):
    """Values: teacher, event."""

    message = N_(
        "The roster has changed at this moment: the new event %(event)s would be without the teacher %(teacher)s. "
        "Nothing was imported. Upload the files again."
    )


def hold_events(session: Session, school_id: int, roster: Roster) -> None:
    """Before their slots are looked at: two who make some at once would not see each other's. Families book meanwhile,
    however long the file is (as `lock_event`)."""
    if roster.times:
        query = select(col(Event.id)).where(col(Event.school_id) == school_id).order_by(col(Event.id))
        session.execute(query.with_for_update(key_share=True)).all()


def write_times(session: Session, school_id: int, evenings: Evenings, *, who: Who, now: datetime) -> None:
    """Raises NotTaken."""
    for event in evenings.events:
        if event.has_new:
            _write_event(session, school_id, event, is_simple=evenings.is_simple, who=who, now=now)
    rows = [
        _row(school_id, event, resource, *slot)
        for event in evenings.events
        for resource in event.resources.values()
        for slot in resource.new
    ]
    for some in portions(rows, _AT_ONCE):
        session.execute(insert(Slot), some)


def _write_event(
    session: Session, school_id: int, event: HeldEvent, *, is_simple: bool, who: Who, now: datetime
) -> None:
    """A new one, with the teachers of the roster."""
    if event.id is not None or event.words is None:
        return
    words = event.words
    typed = EventInput(
        name=event.name,
        type="simple_pta" if is_simple else "pta",
        zone=event.zone,
        date_label=words.date_label,
        location=words.location,
        category=words.category,
        description=words.description,
    )
    made = add_event(session, session.get_one(School, school_id), typed, who=who, now=now)
    event.id = made.id
    _know_resources(session, event)


def _know_resources(session: Session, event: HeldEvent) -> None:
    query = select(Resource).where(col(Resource.event_id) == event.id).order_by(col(Resource.position).desc())
    for row in session.execute(query).scalars():
        if known := event.resources.get(folded(row.name)):
            known.id = row.id
    for resource in event.resources.values():
        if resource.new and resource.id is None:
            raise NotTaken(teacher=resource.name, event=event.name)


def _row(
    school_id: int,
    event: HeldEvent,
    resource: HeldResource,
    starts_at: datetime,
    ends_at: datetime,
    wall: datetime,
    capacity: int,
) -> dict[str, object]:
    return {
        "school_id": school_id,
        "event_id": event.id,
        "resource_id": resource.id,
        "token": new_token(),
        "starts_at": starts_at,
        "ends_at": ends_at,
        "wall_start": wall.isoformat("T", "minutes"),
        "kind": IN_PERSON,
        "visibility": VISIBLE,
        "message": "",
        "capacity": capacity,
        "version": 1,
    }
