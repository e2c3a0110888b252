"""Load and lock the times that are about to be booked, with all that decides whether and how they can be."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, bindparam, cast, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from webapp import i18n
from webapp.errors import N_, Invalid, NotFound
from webapp.models import (
    Class,
    ClassTeacher,
    Enrolment,
    Resource,
    ResourceMember,
    Slot,
    Student,
)
from webapp.models.event.slot import EITHER, VIRTUAL, VISIBLE
from webapp.services.booking.errors import WrongKind
from webapp.services.booking.meeting_facts import HOST_COLUMNS, with_host
from webapp.services.booking.turn import Turn


@dataclass(frozen=True)
class SharedClass:
    """What ties a child to a teacher: the class, and how many appointments it allows."""

    class_id: int | None
    appointments_allowed: int


@dataclass(frozen=True)
class Offer:
    """A slot as loaded and locked for booking. `members` are its teachers' contacts, `shared` the classes that tie
    them to the students asked for, `host` the part of a meeting's facts (`with_host`) that the resource decides."""

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
    members: tuple[int, ...]
    shared: dict[int | None, SharedClass]
    host: dict[str, Any]

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
    session: Session, turn: Turn, tokens: Sequence[str], *, students: Collection[int] = (), now: datetime
) -> dict[str, Offer]:
    """The event's slots that customers may book, by token, locked in the order of their ids, so that nobody waits in
    a circle. `students` are those whose classes the offers shall name."""
    if len(set(tokens)) != len(tokens):
        raise Invalid(N_("One time was chosen twice. Choose another time for one of them."))
    asked = {
        "event": turn.event_id,
        "tokens": tokens,
        "students": list(students),
        "provider": turn.provider,
        "now": now,
    }
    offers: dict[str, Offer] = {}
    for row in session.connection().execute(_OFFERS, asked):
        offer = offers.get(row.token) or offers.setdefault(row.token, _offer(row, turn.zone))
        if row.class_id is not None:
            offer.shared[row.student_id] = SharedClass(row.class_id, row.appointments_allowed)
    if len(offers) != len(tokens):
        raise NotFound(N_("One of the times is not offered any more. Look at the times again."))
    return offers


def _offer(row: Any, zone: str) -> Offer:
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
        members=tuple(map(int, row.members.split(","))) if row.members else (),
        shared={},
        host={name: getattr(row, name) for name in HOST_COLUMNS},
    )


def _best_class() -> Any:
    """Of several classes that tie a student to a resource, the one that allows most."""
    klass = aliased(Class)
    return (
        select(col(klass.id))
        .join(ClassTeacher, col(ClassTeacher.class_id) == col(klass.id))
        .join(ResourceMember, col(ResourceMember.contact_id) == col(ClassTeacher.contact_id))
        .join(Enrolment, col(Enrolment.class_id) == col(klass.id))
        .where(col(ResourceMember.resource_id) == col(Resource.id), col(Enrolment.student_id) == col(Student.id))
        .order_by(col(klass.appointments_allowed).desc(), col(klass.id))
        .limit(1)
        .correlate(Resource, Student)
        .scalar_subquery()
    )


def _members() -> Any:
    numbers = select(func.aggregate_strings(cast(col(ResourceMember.contact_id), String), ","))
    return numbers.where(col(ResourceMember.resource_id) == col(Resource.id)).correlate(Resource).scalar_subquery()


def _offers() -> Any:
    """A row for each slot and student."""
    query = (
        select(
            *(col(getattr(Slot, name)) for name in "id token starts_at ends_at kind capacity version".split()),
            col(Resource.id).label("resource_id"),
            col(Resource.token).label("resource"),
            col(Resource.name).label("teacher"),
            _members().label("members"),
            col(Student.id).label("student_id"),
            col(Class.id).label("class_id"),
            col(Class.appointments_allowed),
        )
        .select_from(Slot)
        .join(Resource, col(Resource.id) == col(Slot.resource_id))
        .outerjoin(Student, col(Student.id).in_(bindparam("students", expanding=True)))
        .outerjoin(Class, col(Class.id) == _best_class())
        .where(col(Slot.event_id) == bindparam("event"), col(Slot.token).in_(bindparam("tokens", expanding=True)))
        .where(col(Slot.removed_at).is_(None), col(Slot.visibility) == VISIBLE, col(Slot.starts_at) > bindparam("now"))
        .order_by(col(Slot.id))
        .with_for_update(of=Slot)
    )
    return with_host(query, resource_id=col(Resource.id), school_id=col(Slot.school_id), provider=_PROVIDER)


_PROVIDER = bindparam("provider", type_=String)
_OFFERS = _offers()
