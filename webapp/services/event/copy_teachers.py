"""Copy Teachers: take over who taught in an earlier event, with rooms, without doubling anybody who is here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from webapp.models import Event, Resource, ResourceMember
from webapp.services.event.resources import Staffed, resources_of
from webapp.services.system import audit
from webapp.services.system.audit import Who


@dataclass(frozen=True)
class Offer:
    """An earlier event: how many of its teachers and teams would come, and how many are here already."""

    event: Event
    new: int
    already_there: int


def offers(session: Session, event: Event, earlier: Iterable[Event]) -> list[Offer]:
    """Of those events that have teachers, in their order; two queries for each of them."""
    here = _known(resources_of(session, event))
    found = []
    for other in earlier:
        if other.id != event.id and (theirs := resources_of(session, other)):
            new = sum(_who(it) not in here for it in theirs)
            found.append(Offer(other, new, len(theirs) - new))
    return found


def copy_teachers(session: Session, event: Event, source: Event, *, who: Who, now: datetime) -> int:
    """How many came: after those who are here, in their own order, each with group, room and Virtual Room."""
    # Of two who copy at once, the second sees what the first brought.
    session.execute(select(col(Event.id)).where(col(Event.id) == event.id).with_for_update())
    here = _known(resources_of(session, event))
    coming = [it for it in resources_of(session, source) if _who(it) not in here]
    last = session.execute(select(func.max(col(Resource.position))).where(col(Resource.event_id) == event.id)).scalar()
    for position, staffed in enumerate(coming, start=0 if last is None else last + 1):
        _copy(session, event, staffed, position)
    subject = f"event {event.id}"
    detail = {"resources": len(coming), "template": source.id}
    audit.record(session, "event.copy_teachers", who=who, school_id=event.school_id, subject=subject, now=now, **detail)
    return len(coming)


def _copy(session: Session, event: Event, staffed: Staffed, position: int) -> None:
    assert event.id is not None
    kept = staffed.resource.model_dump(exclude={"id", "event_id", "token", "position"})
    resource = Resource(**kept, event_id=event.id, position=position)
    session.add(resource)
    session.flush()
    for place, contact in enumerate(staffed.members):
        ids: dict[str, Any] = {"resource_id": resource.id, "contact_id": contact.id, "school_id": event.school_id}
        session.add(ResourceMember(**ids, position=place))
    session.flush()


def _known(resources: Iterable[Staffed]) -> set[object]:
    return {_who(it) for it in resources}


def _who(staffed: Staffed) -> object:
    """The contacts in their order; a resource without contact is known by its name."""
    return tuple(contact.id for contact in staffed.members) or staffed.resource.name
