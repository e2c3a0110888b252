"""Load and lock the times that are about to be booked, with all that decides whether and how they can be."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, bindparam, select
from sqlmodel import Session

from webapp import i18n
from webapp.errors import N_, Invalid
from webapp.models import (
    CalendarLink,
    Class,
    ClassTeacher,
    Enrolment,
    Resource,
    ResourceMember,
    Slot,
    Student,
)
from webapp.models.base import table_of
from webapp.models.event.slot import EITHER, UNAVAILABLE, VIRTUAL, VISIBLE
from webapp.prepared import Prepared
from webapp.services.booking.errors import NotOffered, WrongKind
from webapp.services.booking.meeting_facts import HOST_COLUMNS, with_host
from webapp.services.booking.turn import Turn
from webapp.services.calendar.busy import has_busy
from webapp.services.calendar.wish_entries import LINK_COLUMNS, Place, is_place_of, place_of


@dataclass(frozen=True)
class SharedClass:
    """What ties a child to a teacher: the class, and how many appointments it allows."""

    class_id: int | None
    appointments_allowed: int


@dataclass(frozen=True)
class Offer:
    """A slot as loaded and locked for booking. `members` are its teachers' contacts, one of whom `is_busy` by a
    calendar of their own; `shared` the classes that tie them to the students asked for, `host` the part of a meeting's
    facts (`with_host`) that the resource decides, `places` the calendars that its teachers chose."""

    slot_id: int
    token: str
    starts_at: datetime
    ends_at: datetime
    kind: str
    capacity: int
    version: int
    resource_id: int
    resource: str
    teacher: str
    zone: str
    is_busy: bool
    members: tuple[int, ...]
    shared: dict[int | None, SharedClass]
    host: dict[str, Any]
    places: tuple[Place, ...]

    @property
    def words(self) -> dict[str, Any]:
        return {"time": i18n.moment(self.starts_at, self.zone), "teacher": self.teacher}

    def kind_of(self, wanted: bool | None) -> bool:
        """Whether the appointment is virtual. Raises WrongKind where an open kind was not chosen, or a fixed one
        defied."""
        if self.kind == EITHER:
            if wanted is None:
                raise WrongKind(**self.words)
            return wanted
        is_virtual = self.kind == VIRTUAL
        if wanted is not None and wanted != is_virtual:
            raise WrongKind(**self.words)
        return is_virtual


def offers_of(
    session: Session,
    turn: Turn,
    tokens: Sequence[str],
    *,
    students: Collection[int] = (),
    at_desk: bool = False,
    now: datetime,
) -> dict[str, Offer]:
    """The event's slots that customers may book, by token, locked in the order of their ids, so that nobody waits in
    a circle. `students` are those whose classes the offers shall name. `at_desk` are also those that families do not
    see, and that have begun."""
    if len(set(tokens)) != len(tokens):
        raise Invalid(N_("One time was chosen twice. Choose another time for one of them."))
    asked = {
        "event": turn.event_id,
        "tokens": tokens,
        "students": list(students),
        "provider": turn.provider,
        "now": now,
    }
    rows: dict[str, list[Any]] = {}
    for row in (_AT_DESK if at_desk else _OFFERS).all(session, asked):
        rows.setdefault(row.token, []).append(row)
    offers = {token: _offer(of_slot, turn.zone) for token, of_slot in rows.items()}
    if len(offers) != len(tokens):
        raise NotOffered
    return offers


def _offer(rows: Sequence[Any], zone: str) -> Offer:
    """Of the rows of one slot, one for each of its teachers' calendars and each student."""
    row = rows[0]
    ties = {tie.student_id: SharedClass(tie.class_id, tie.appointments_allowed) for tie in rows if tie.class_id}
    return Offer(
        slot_id=row.id,
        token=row.token,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        kind=row.kind,
        capacity=row.capacity,
        version=row.version,
        resource_id=row.resource_id,
        resource=row.resource,
        teacher=row.teacher,
        zone=zone,
        is_busy=row.is_busy,
        members=tuple({each.member: None for each in rows if each.member}),
        shared=ties,
        host={name: getattr(row, name) for name in HOST_COLUMNS},
        places=tuple({place_of(each): None for each in rows if each.link_id}),
    )


_SLOT = table_of(Slot).c
_RESOURCE = table_of(Resource).c
_CLASS = table_of(Class).c
_STUDENT = table_of(Student).c
_ENROLMENT = table_of(Enrolment).c
_CLASS_TEACHER = table_of(ClassTeacher).c
_MEMBER = table_of(ResourceMember).c


def _best_class() -> Any:
    """Of several classes that tie a student to a resource, the one that allows most."""
    klass, member = table_of(Class).alias(), table_of(ResourceMember).alias()
    return (
        select(klass.c.id)
        .join(table_of(ClassTeacher), _CLASS_TEACHER.class_id == klass.c.id)
        .join(member, member.c.contact_id == _CLASS_TEACHER.contact_id)
        .join(table_of(Enrolment), _ENROLMENT.class_id == klass.c.id)
        .where(member.c.resource_id == _RESOURCE.id, _ENROLMENT.student_id == _STUDENT.id)
        .order_by(klass.c.appointments_allowed.desc(), klass.c.id)
        .limit(1)
        .correlate(table_of(Resource), table_of(Student))
        .scalar_subquery()
    )


def _offers(*is_offered: Any) -> Prepared:
    """A row for each slot, teacher, calendar of theirs, and student."""
    query = (
        select(
            *(_SLOT[name] for name in "id token starts_at ends_at kind capacity version".split()),
            _RESOURCE.id.label("resource_id"),
            _RESOURCE.token.label("resource"),
            _RESOURCE.name.label("teacher"),
            _MEMBER.contact_id.label("member"),
            *LINK_COLUMNS,
            _STUDENT.id.label("student_id"),
            _CLASS.id.label("class_id"),
            _CLASS.appointments_allowed,
            has_busy(_RESOURCE.id, _SLOT.starts_at, _SLOT.ends_at).label("is_busy"),
        )
        .select_from(table_of(Slot))
        .join(table_of(Resource), _RESOURCE.id == _SLOT.resource_id)
        .outerjoin(table_of(ResourceMember), _MEMBER.resource_id == _RESOURCE.id)
        .outerjoin(table_of(CalendarLink), is_place_of(_MEMBER.contact_id))
        .outerjoin(table_of(Student), _STUDENT.id.in_(bindparam("students", expanding=True)))
        .outerjoin(table_of(Class), _CLASS.id == _best_class())
        # The resource's event, not the slot's: SQLite would read all that the event offers for a few of its times.
        .where(_RESOURCE.event_id == bindparam("event"), _SLOT.token.in_(bindparam("tokens", expanding=True)))
        .where(_SLOT.removed_at.is_(None), *is_offered)
        .order_by(_SLOT.id, _MEMBER.position, _MEMBER.contact_id)
        .with_for_update(of=table_of(Slot))
    )
    return Prepared(with_host(query, resource_id=_RESOURCE.id, school_id=_SLOT.school_id, provider=_PROVIDER))


_PROVIDER = bindparam("provider", type_=String)
_OFFERS = _offers(_SLOT.visibility == VISIBLE, _SLOT.starts_at > bindparam("now"))
_AT_DESK = _offers(_SLOT.visibility != UNAVAILABLE, _SLOT.ends_at > bindparam("now"))
