"""Carry a family's choices from step to step as tokens, and let nobody choose a child or teacher not theirs."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import bindparam, case, func, select
from sqlmodel import Session, col

from webapp.errors import N_, DomainError, Invalid, NotFound
from webapp.models import (
    Appointment,
    Class,
    ClassTeacher,
    Contact,
    Enrolment,
    Event,
    Guardian,
    Resource,
    ResourceMember,
    Student,
)
from webapp.models.event.slot import IN_PERSON, VIRTUAL
from webapp.prepared import Prepared
from webapp.services.booking.agenda import is_for_family
from webapp.services.booking.book import MOST_AT_ONCE
from webapp.services.booking.errors import NotOffered, NotYourTeacher
from webapp.services.booking.family import CHILD, Child, child_of_row, children_of

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


class Teacher(NamedTuple):
    """A resource as families know it: a teacher, or a team."""

    id: int
    token: str
    name: str
    group_name: str


@dataclass(frozen=True)
class Wish:
    """A pick with what is behind it. `allowed` is how many appointments the class allows with this teacher."""

    pick: Pick
    child: Child
    resource: Teacher
    allowed: int
    class_id: int | None = None


class Booked(NamedTuple):
    """How many appointments there are, and of how many of them the family knows."""

    n: int = 0
    seen: int = 0


class Tie(NamedTuple):
    """A teacher in one of whose classes a student sits."""

    student_id: int
    resource: Teacher
    class_name: str
    allowed: int
    class_id: int | None = None


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


def picks_sent(form: Mapping[str, Sequence[str]]) -> list[Pick]:
    """Of all fields of a form: that of step 2, which has the times apart, or of step 3. Raises as `read_picks`."""
    return [_typed(pick, form) for pick in read_picks(form.get("pick", ()))]


def _typed(pick: Pick, form: Mapping[str, Sequence[str]]) -> Pick:
    slots, kinds = (set(form.get(f"{letter}-{pick.name}", ())) for letter in "tm")
    if len(slots) > 1 or len(kinds) > 1:
        raise Contradiction
    return pick.at("".join(slots), "".join(kinds)) if slots or kinds else pick


def children_by_token(session: Session, contact: Contact) -> dict[str, Child]:
    return {child.token: child for child in children_of(session, contact)}


def wishes_of(
    session: Session, event: Event, contact: Contact, named: Mapping[str, Child], picks: Sequence[Pick]
) -> list[Wish]:
    """In one query. `named` are the children whom the parent of a Simple PTA event typed, by token; in others it is
    those of the roster. Raises NotFound for any other child, NotOffered for a teacher who is not in the event, and
    NotYourTeacher for one who does not teach the child (any more)."""
    known = _named(session, event, named, picks) if event.is_simple else _tied(session, event, contact, picks)
    if missing := [pick for pick in picks if pick.name not in known]:
        raise _why_not(session, event, named if event.is_simple else children_by_token(session, contact), missing)
    return [known[pick.name] for pick in picks]


def ties_of(session: Session, event: Event, students: Sequence[int]) -> list[Tie]:
    """Every teacher of the event whom one of the students may see, once per student, in one query.

    Of several classes that tie them, the one that allows most counts, as when booking.
    """
    ties: dict[tuple[int, int], Tie] = {}
    rows = _TIES.all(session, {"event": event.id, "students": students})
    for student, allowed, class_name, class_id, *teacher in rows:
        ties.setdefault((student, teacher[0]), Tie(student, Teacher(*teacher), class_name, allowed, class_id))
    return list(ties.values())


def teachers_of(session: Session, event: Event) -> list[Teacher]:
    """All of the event, in its order."""
    return [Teacher(*row) for row in _ALL_TEACHERS.all(session, {"event": event.id})]


def booked_counts(session: Session, event: Event, contact: Contact) -> dict[tuple[int, str], Booked]:
    """How many appointments the contact has, by resource (id) and child (key)."""
    rows = _BOOKED.all(session, {"event": event.id, "contact": contact.id})
    return {(resource, child): Booked(n, n - unseen) for resource, child, n, unseen in rows}


def _why_not(session: Session, event: Event, theirs: Mapping[str, Child], missing: Sequence[Pick]) -> DomainError:
    if not {pick.child for pick in missing} <= theirs.keys():
        return NotFound()
    teachers = {teacher.token: teacher.name for teacher in teachers_of(session, event)}
    for pick in missing:
        if pick.resource in teachers:
            return NotYourTeacher(teacher=teachers[pick.resource], child=theirs[pick.child].name)
    return NotOffered()


def _tied(session: Session, event: Event, contact: Contact, picks: Sequence[Pick]) -> dict[str, Wish]:
    """By name of the pick."""
    wished = {pick.name: pick for pick in picks}
    values = {"event": event.id, "contact": contact.id, "school": contact.school_id}
    found: dict[str, Wish] = {}
    for row in _WISHED.all(session, values | {"tokens": [*{pick.child for pick in picks}]}):
        _, allowed, _, class_id, *rest = row
        teacher, child = Teacher(*rest[: len(_TEACHER)]), child_of_row(*rest[len(_TEACHER) :])
        if pick := wished.get(Pick(child.token, teacher.token).name):
            found.setdefault(pick.name, Wish(pick, child, teacher, allowed, class_id))
    return found


def _named(session: Session, event: Event, children: Mapping[str, Child], picks: Sequence[Pick]) -> dict[str, Wish]:
    """As `_tied`, where everybody may see each teacher once."""
    values = {"event": event.id, "tokens": [pick.resource for pick in picks]}
    teachers = {row.token: Teacher(*row) for row in _CHOSEN.all(session, values)}
    wished = [pick for pick in picks if pick.child in children and pick.resource in teachers]
    return {pick.name: Wish(pick, children[pick.child], teachers[pick.resource], 1) for pick in wished}


_TEACHER: Any = (col(Resource.id), col(Resource.token), col(Resource.name), col(Resource.group_name))
_TEACHERS: Any = (
    select(*_TEACHER)
    .where(col(Resource.event_id) == bindparam("event"))
    .order_by(col(Resource.position), col(Resource.name), col(Resource.id))
)
_ALL_TEACHERS = Prepared(_TEACHERS)
_CHOSEN = Prepared(_TEACHERS.where(col(Resource.token).in_(bindparam("tokens"))))
_TIED: Any = (
    select(
        col(Enrolment.student_id),
        col(Class.appointments_allowed),
        col(Class.name).label("class_name"),
        col(Class.id).label("class_id"),
        *_TEACHER,
    )
    .join(ResourceMember, col(ResourceMember.resource_id) == col(Resource.id))
    .join(ClassTeacher, col(ClassTeacher.contact_id) == col(ResourceMember.contact_id))
    .join(Class, col(Class.id) == col(ClassTeacher.class_id))
    .join(Enrolment, col(Enrolment.class_id) == col(Class.id))
    .where(col(Resource.event_id) == bindparam("event"))
    .order_by(col(Resource.position), col(Resource.name), col(Class.appointments_allowed).desc(), col(Class.id))
)
_TIES = Prepared(_TIED.where(col(Enrolment.student_id).in_(bindparam("students"))))
_WISHED = Prepared(
    _TIED.add_columns(*CHILD)
    .join(Student, col(Student.id) == col(Enrolment.student_id))
    .join(Guardian, col(Guardian.student_id) == col(Student.id))
    .where(col(Guardian.contact_id) == bindparam("contact"), col(Student.school_id) == bindparam("school"))
    .where(col(Student.token).in_(bindparam("tokens")))
)
_BOOKED = Prepared(
    select(col(Appointment.resource_id), col(Appointment.child_key), func.count())
    .add_columns(func.sum(case((is_for_family(), 0), else_=1)))
    .where(col(Appointment.event_id) == bindparam("event"), col(Appointment.contact_id) == bindparam("contact"))
    .where(col(Appointment.cancelled_at).is_(None), col(Appointment.held_until).is_(None))
    .group_by(col(Appointment.resource_id), col(Appointment.child_key))
)
