"""Bring a room or link that an import changed into the coming events, never over what somebody typed there."""

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlmodel import Session, col

from webapp.models import Event, Resource, ResourceMember, Slot
from webapp.portions import portions
from webapp.services.booking.consequences import follow
from webapp.services.event.team import coming_at
from webapp.services.roster.facts import Roster
from webapp.services.roster.held import Cell, HeldRooms, Lists
from webapp.services.roster.report import Report
from webapp.services.system import audit
from webapp.services.system.audit import Who

_COLUMNS = {"room": "Room", "virtual_room": "VirtualRoom"}
"""Of an event's page, and of the file."""


def load_rooms(session: Session, school_id: int, roster: Roster, *, now: datetime) -> dict[int, list[HeldRooms]]:
    """Of coming events, by the teacher who stands first: theirs are the room and the link of a team."""
    found: dict[int, list[HeldRooms]] = {}
    if not any(fact.room or fact.virtual_room for fact in roster.teachers):
        return found
    seen: set[int] = set()
    for number, name, room, virtual_room, event, teacher in session.execute(_ahead(school_id, now=now)):
        if number not in seen:
            seen.add(number)
            held = HeldRooms(number, f"{name} – {event}", room, virtual_room)
            found.setdefault(teacher, []).append(held)
    return found


def place_rooms(lists: Lists, report: Report) -> None:
    """A cell that is empty, or holds what the teacher had before this import, gets what they have now."""
    for person in lists.people.everyone:
        for held in lists.rooms.get(person.id or 0, ()):
            for column, heading in _COLUMNS.items():
                was, new, here = person.was[column], getattr(person, column), getattr(held, column)
                if new != was and here in ("", was) and here != new:
                    lists.new_cells.append(Cell(held.resource_id, column, here, new))
                    report.count_room(f"{held.label}: {heading}")


def write_rooms(session: Session, school_id: int, cells: list[Cell], *, who: Who, now: datetime) -> None:
    """What was typed since they were loaded stays. What follows from a cell follows as if it had been typed."""
    for some in portions(cells):
        still = _still(session, some)
        for column in _COLUMNS:
            rows: list[dict[str, Any]] = [
                {"id": cell.resource_id, column: cell.text} for cell in still if cell.column == column
            ]
            if rows:
                session.execute(update(Resource), rows)
        for cell in still:
            subject = f"resource {cell.resource_id}"
            audit.record(session, f"resource.{cell.column}", who=who, school_id=school_id, subject=subject, now=now)
        follow(session, coming_at(session, {cell.resource_id for cell in still}, now=now), now=now)


def _ahead(school_id: int, *, now: datetime) -> Any:
    """An event without slots is yet to come."""
    slot = select(col(Slot.id)).where(col(Slot.event_id) == col(Event.id), col(Slot.removed_at).is_(None))
    is_coming = or_(slot.where(col(Slot.ends_at) > now).exists(), ~slot.exists())
    columns = (Resource.id, Resource.name, Resource.room, Resource.virtual_room, Event.name, ResourceMember.contact_id)
    return (
        select(*map(col, columns))
        .join(Event, col(Event.id) == col(Resource.event_id))
        .join(ResourceMember, col(ResourceMember.resource_id) == col(Resource.id))
        .where(col(Event.school_id) == school_id, col(Event.deleted_at).is_(None), is_coming)
        .order_by(col(Event.created_at), col(Resource.id), col(ResourceMember.position), col(ResourceMember.contact_id))
    )


def _still(session: Session, cells: list[Cell]) -> list[Cell]:
    """Those whose text is as it was; locked, so that it stays so."""
    columns = (Resource.id, Resource.room, Resource.virtual_room)
    ids = {cell.resource_id for cell in cells}
    query = select(*map(col, columns)).where(col(Resource.id).in_(ids)).order_by(col(Resource.id))
    rows = session.execute(query.with_for_update(key_share=True))
    texts = {number: dict(zip(_COLUMNS, row, strict=True)) for number, *row in rows}
    return [cell for cell in cells if texts.get(cell.resource_id, {}).get(cell.column) == cell.was]
