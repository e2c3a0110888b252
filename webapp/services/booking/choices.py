"""Carry a family's choices from step to step as tokens, and let nobody choose a child or teacher not theirs."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlmodel import Session, col

from webapp.errors import N_, DomainError, Invalid, NotFound
from webapp.models import Appointment, Class, ClassTeacher, Contact, Enrolment, Event, Resource, ResourceMember
from webapp.models.event.slot import IN_PERSON, VIRTUAL
from webapp.services.booking.book import MOST_AT_ONCE
from webapp.services.booking.family import Child, children_of

_WORD = r"[A-Za-z0-9_-]{1,40}"
_PICK = re.compile(rf"({_WORD})\.({_WORD})(?:\.({_WORD})(?:\.(P|V))?)?")


class Contradiction(DomainError):
    """Our own pages never send this."""

    message = N_("Two different times were sent for one teacher. Go back and choose again.")
    status = 400


@dataclass(frozen=True)
class Pick:
    """Which teacher for which child; once chosen, at which slot, and how to meet ("P" or "V") where it leaves that
    open. Tokens only: a pick stands in addresses, where no name may."""

    child: str
    resource: str
    slot: str = ""
    kind: str = ""

    @property
    def name(self) -> str:
        return f"{self.child}.{self.resource}"

    @property
    def is_virtual(self) -> bool | None:
        return {IN_PERSON: False, VIRTUAL: True}.get(self.kind)

    def __str__(self) -> str:
        at = f".{self.slot}" if self.slot else ""
        return f"{self.name}{at}" + (f".{self.kind}" if at and self.kind else "")

    def at(self, slot: str, kind: str) -> "Pick":
        """Raises NotFound for what cannot be a slot's token or a kind."""
        if not re.fullmatch(rf"(?:{_WORD})?", slot) or kind not in {"", IN_PERSON, VIRTUAL}:
            raise NotFound
        return replace(self, slot=slot, kind=kind)


@dataclass(frozen=True)
class Wish:
    """A pick with the rows behind it. `allowed` is how many appointments the class allows with this teacher."""

    pick: Pick
    child: Child
    resource: Resource
    allowed: int


@dataclass(frozen=True)
class Tie:
    """A resource in one of whose classes a student sits."""

    student_id: int
    resource: Resource
    class_name: str
    allowed: int


def read_picks(texts: Iterable[str]) -> list[Pick]:
    """Raises NotFound for what cannot be a pick, Contradiction for two times with one teacher for one child."""
    picks: dict[str, Pick] = {}
    for text in texts:
        match = _PICK.fullmatch(text)
        if match is None:
            raise NotFound
        pick = Pick(*(part or "" for part in match.groups()))
        if picks.setdefault(pick.name, pick) != pick:
            raise Contradiction
    if len(picks) > MOST_AT_ONCE:
        raise Invalid(N_("Choose at most %(most)s teachers."), most=MOST_AT_ONCE)
    return list(picks.values())


def children_by_token(session: Session, contact: Contact) -> dict[str, Child]:
    return {s.token: Child(s.name, f"s{s.id}", s.id) for s in children_of(session, contact)}


def wishes_of(session: Session, event: Event, children: Mapping[str, Child], picks: Sequence[Pick]) -> list[Wish]:
    """`children` are the family's own, by token. Raises NotFound for any other child or another event's teacher."""
    if not {pick.child for pick in picks} <= children.keys():
        raise NotFound
    students = [child.student_id for child in children.values() if child.student_id]
    tied = {(tie.student_id, tie.resource.token): tie for tie in ties_of(session, event, students)}
    resources = _resources(session, event, [pick.resource for pick in picks])
    wishes = []
    for pick in picks:
        child, resource = children[pick.child], resources.get(pick.resource)
        tie = tied.get((child.student_id or 0, pick.resource))
        if resource is None or (child.student_id and tie is None):
            raise NotFound
        wishes.append(Wish(pick, child, resource, tie.allowed if tie else 1))
    return wishes


def ties_of(session: Session, event: Event, students: Sequence[int]) -> list[Tie]:
    """Every resource of the event that one of the students may see, once per student, in one query.

    Of several classes that tie them, the one that allows most counts, as when booking.
    """
    query = (
        select(col(Enrolment.student_id), Resource, col(Class.name), col(Class.appointments_allowed))
        .join(ResourceMember, col(ResourceMember.resource_id) == col(Resource.id))
        .join(ClassTeacher, col(ClassTeacher.contact_id) == col(ResourceMember.contact_id))
        .join(Class, col(Class.id) == col(ClassTeacher.class_id))
        .join(Enrolment, col(Enrolment.class_id) == col(Class.id))
        .where(col(Resource.event_id) == event.id, col(Enrolment.student_id).in_(students))
        .order_by(col(Resource.position), col(Resource.name), col(Class.appointments_allowed).desc(), col(Class.id))
    )
    ties: dict[tuple[int, str], Tie] = {}
    for student_id, resource, class_name, allowed in session.execute(query):
        ties.setdefault((student_id, resource.token), Tie(student_id, resource, class_name, allowed))
    return list(ties.values())


def booked_counts(session: Session, event: Event, contact: Contact) -> dict[tuple[int, str], int]:
    """How many appointments the contact has, by resource (id) and child (key)."""
    query = (
        select(col(Appointment.resource_id), col(Appointment.child_key), func.count())
        .where(col(Appointment.event_id) == event.id, col(Appointment.contact_id) == contact.id)
        .where(col(Appointment.cancelled_at).is_(None))
        .group_by(col(Appointment.resource_id), col(Appointment.child_key))
    )
    return {(resource, child): n for resource, child, n in session.execute(query)}


def _resources(session: Session, event: Event, tokens: Sequence[str]) -> dict[str, Resource]:
    query = select(Resource).where(col(Resource.event_id) == event.id, col(Resource.token).in_(tokens))
    return {resource.token: resource for resource in session.execute(query).scalars()}
