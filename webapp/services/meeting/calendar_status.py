"""Show of each teacher with a resource and virtual slots whether their calendar is set up (R31, R37)."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, select
from sqlmodel import Session, col

from webapp.models import Contact, Level, Resource, ResourceMember, Slot
from webapp.models.event.slot import IN_PERSON
from webapp.models.people.contact import written_name
from webapp.services.people.name_order import by_name

PER_PAGE = 25


@dataclass(frozen=True)
class SetupRow:
    """One teacher. Nobody has a calendar linked yet, so there is nothing to tick."""

    contact_id: int
    name: str
    group_name: str
    may_be_acted_as: bool


@dataclass(frozen=True)
class SetupStatus:
    """One page of the teachers; `total` is the number of all that were asked for."""

    rows: tuple[SetupRow, ...]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PER_PAGE))

    @property
    def version(self) -> str:
        """Another one when anything that the section shows is another."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]

    @property
    def first(self) -> int:
        return (self.page - 1) * PER_PAGE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


def setup_status(session: Session, events: Collection[int], *, name: str = "", page: int = 1) -> SetupStatus:
    """Two queries, whatever the number of teachers. A page beyond the last is the last."""
    listed = _teachers(events, name.strip()[:100])
    total: int = session.execute(select(func.count()).select_from(listed.subquery())).scalar_one()
    last = max(1, -(-total // PER_PAGE))
    shown = min(max(1, page), last)
    rows = session.execute(listed.limit(PER_PAGE).offset((shown - 1) * PER_PAGE))
    return SetupStatus(tuple(_row(*row) for row in rows), total, shown)


def _teachers(events: Collection[int], name: str) -> Any:
    has_virtual = exists().where(
        col(Slot.resource_id) == col(Resource.id), col(Slot.kind) != IN_PERSON, col(Slot.removed_at).is_(None)
    )
    query = (
        select(*(col(getattr(Contact, column)) for column in ("id", "first", "last", "email", "level", "teacher_ref")))
        .add_columns(func.max(col(Resource.group_name)))
        .join(ResourceMember, col(ResourceMember.contact_id) == col(Contact.id))
        .join(Resource, col(Resource.id) == col(ResourceMember.resource_id))
        .where(col(Resource.event_id).in_(events), has_virtual)
        .group_by(col(Contact.id))
        .order_by(*by_name(Contact))
    )
    if not name:
        return query
    return query.where((col(Contact.first) + " " + col(Contact.last)).icontains(name, autoescape=True))


def _row(
    contact_id: int, first: str, last: str, email: str | None, level: int, teacher_ref: str | None, group_name: str
) -> SetupRow:
    is_lower = Level.VIEWER <= level < Level.EVENT_ADMINISTRATOR
    name = written_name(first, last) or email or "–"
    return SetupRow(contact_id, name, group_name, may_be_acted_as=is_lower and teacher_ref is not None)
