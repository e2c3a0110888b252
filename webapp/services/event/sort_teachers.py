"""Sort Teachers: the order in which an event's teachers stand, by name or as the office numbers them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, DomainError
from webapp.models import Event, Resource
from webapp.services.event.resources import Staffed, resources_of
from webapp.services.people.folding import folded
from webapp.services.people.name_order import name_key
from webapp.services.system import audit
from webapp.services.system.audit import Who


class SortedMeanwhile(DomainError):
    message = N_("Somebody else has changed the teachers meanwhile. Nothing was changed. Look at the order again.")


def order_seen(staffed: Sequence[Staffed]) -> str:
    """The order as a form carries it."""
    return ".".join(str(it.resource.id) for it in staffed)


def sort_by_name(session: Session, event: Event, *, who: Who, now: datetime) -> None:
    """As the school writes names, by that of the first teacher; what has no contact by its own name."""
    rows = _locked(session, event)
    _store(session, event, sorted(rows, key=_name), by="name", who=who, now=now)


def sort_by_hand(
    session: Session, event: Event, numbers: Mapping[int, float], *, was: str, who: Who, now: datetime
) -> None:
    """`numbers` by resource: the smallest comes first, and of equals the one that was first. Who has none keeps their
    place's number. Raises SortedMeanwhile where `was` is not the order that stands."""
    rows = _locked(session, event)
    stands, wished = order_seen(rows), _in_order(was, numbers)
    if stands == wished:  # by a second click
        return
    if stands != was:
        raise SortedMeanwhile
    of_number = {str(it.resource.id): it for it in rows}
    _store(session, event, [of_number[one] for one in wished.split(".")], by="hand", who=who, now=now)


def _in_order(was: str, numbers: Mapping[int, float]) -> str:
    """What the numbers make of the order that was seen."""
    typed = {str(resource): number for resource, number in numbers.items()}
    places = {one: typed.get(one, place) for place, one in enumerate(was.split("."), 1)}
    return ".".join(sorted(places, key=places.__getitem__))


def _locked(session: Session, event: Event) -> list[Staffed]:
    query = select(Resource).where(col(Resource.event_id) == event.id).order_by(col(Resource.id))
    session.execute(query.with_for_update().execution_options(populate_existing=True)).scalars().all()
    return resources_of(session, event)


def _name(staffed: Staffed) -> tuple[str, ...]:
    named = tuple(part for one in staffed.members for part in name_key(one.first, one.last))
    return named or (folded(staffed.resource.name),)


def _store(session: Session, event: Event, rows: Sequence[Staffed], *, by: str, who: Who, now: datetime) -> None:
    for position, staffed in enumerate(rows):
        staffed.resource.position = position
    session.flush()
    subject = f"event {event.id}"
    audit.record(session, "event.sort_teachers", who=who, school_id=event.school_id, subject=subject, now=now, by=by)
