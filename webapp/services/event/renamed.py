"""Call a resource by the corrected name of its teachers, unless the school called it otherwise."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlmodel import Session, col

from webapp.models import Contact, Resource, ResourceMember, School
from webapp.models.people.contact import written_name
from webapp.portions import portions
from webapp.services.booking.consequences import follow
from webapp.services.event.team import coming_at
from webapp.services.people.manners import naming_as, team_name


@contextmanager
def renaming(session: Session, school_id: int, contacts: Collection[int | None], *, now: datetime) -> Iterator[None]:
    """Around whatever writes the names of these contacts: in every event, what was called after them still is, and the
    meetings and entries of coming appointments follow."""
    school = session.get_one(School, school_id)
    before = _names(session, school, contacts)
    yield
    session.flush()
    after = _names(session, school, [number for number in contacts if before])
    rows: list[dict[str, Any]] = [
        {"id": number, "name": theirs}
        for number, (name, theirs) in after.items()
        if name != theirs and before.get(number) == (name, name)
    ]
    if rows:
        session.execute(update(Resource), rows)
        follow(session, coming_at(session, [row["id"] for row in rows], now=now), now=now)


def _names(session: Session, school: School, contacts: Collection[int | None]) -> dict[int, tuple[str, str]]:
    """Of the resources of which they are: what it is called, and what it is called after its teachers."""
    found: dict[int, tuple[str, list[str]]] = {}
    with naming_as(school):
        for some in portions(contacts):
            teams: dict[int, tuple[str, list[str]]] = {}
            for number, name, first, last, email in session.execute(_members(some)):
                teams.setdefault(number, (name, []))[1].append(written_name(first, last) or email or "–")
            found |= teams
        return {number: (name, team_name(members)) for number, (name, members) in found.items()}


def _members(contacts: Collection[int | None]) -> Any:
    theirs = select(col(ResourceMember.resource_id)).where(col(ResourceMember.contact_id).in_(contacts))
    return (
        select(col(Resource.id), col(Resource.name), col(Contact.first), col(Contact.last), col(Contact.email))
        .join(ResourceMember, col(ResourceMember.resource_id) == col(Resource.id))
        .join(Contact, col(Contact.id) == col(ResourceMember.contact_id))
        .where(col(Resource.id).in_(theirs))
        .order_by(col(Resource.id), col(ResourceMember.position), col(ResourceMember.contact_id))
    )
