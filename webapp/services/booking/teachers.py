"""Offer a family the teachers of its children, or all of an event, and say beforehand which cannot be chosen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from webapp.models import Contact, Event, EventSettings, Slot
from webapp.models.event.slot import CALL, EITHER, IN_PERSON, VIRTUAL
from webapp.prepared import Prepared
from webapp.services.booking.choices import (
    Booked,
    Pick,
    Teacher,
    booked_counts,
    children_by_token,
    teachers_of,
    ties_of,
)
from webapp.services.booking.limits import counted_of_family, left
from webapp.services.booking.times import free_slots
from webapp.services.people.folding import holds

NEW_CHILD = "new"
"""Stands for the child's token until the parent of a Simple PTA event has typed the name."""

_FREE_KINDS = Prepared(free_slots(Slot.resource_id, Slot.kind, Slot.visibility).distinct())


@dataclass(frozen=True)
class Offered:
    """A teacher as one child's family sees them. `is_full`: no time is free, nor to be had by a call;
    `is_booked`: they have all they may."""

    pick: Pick
    name: str
    class_name: str
    in_person: bool
    online: bool
    is_by_call: bool
    is_booked: bool
    is_chosen: bool

    @property
    def is_full(self) -> bool:
        return not (self.in_person or self.online or self.is_by_call)

    @property
    def can_choose(self) -> bool:
        return not (self.is_full or self.is_booked)


@dataclass(frozen=True)
class Group:
    """One child with the teachers to choose from; `left` is how many more the event allows for the child."""

    child: str
    teachers: list[Offered]
    left: int | None = None


def teachers_by_child(
    session: Session,
    event: Event,
    contact: Contact,
    chosen: Collection[str],
    *,
    settings: EventSettings | None = None,
    now: datetime,
) -> list[Group]:
    """The contact's children, each with their teachers in this event; four queries. `chosen` are names of picks."""
    children = children_by_token(session, contact)
    by_student: dict[int, list[Offered]] = {child.student_id or 0: [] for child in children.values()}
    tokens = {child.student_id: token for token, child in children.items()}
    ties = [tie for tie in ties_of(session, event, list(by_student)) if tie.allowed > 0]
    rules = settings or EventSettings()
    bookable = rules.closing.closed_until(event.zone, now)
    kinds = _free_kinds(session, event, contact, [tie.resource for tie in ties], bookable=bookable, now=now)
    counted = counted_of_family(session, rules.limits, event.id or 0, contact.id or 0)
    classes = {row.class_id for row in counted} if rules.one_per_class else set()
    booked = booked_counts(session, event, contact)
    for tie in ties:
        has = booked.get((tie.resource.id, f"s{tie.student_id}"), Booked())
        pick = Pick(tokens[tie.student_id], tie.resource.token)
        allowed = min(tie.allowed, 1) if rules.one_per_teacher else tie.allowed
        has_all = has.n >= allowed or tie.class_id in classes
        shown = _offered(tie.resource, pick, tie.class_name, kinds, has=has if has_all else None, chosen=chosen)
        by_student[tie.student_id].append(shown)
    return [
        Group(child.name, by_student[child.student_id or 0], left(rules.max_per_child, counted, child.key))
        for child in children.values()
    ]


def left_in_event(session: Session, event: Event, settings: EventSettings, contact: Contact) -> int | None:
    """How many more the event allows this family; None is no limit, and asks nothing."""
    if settings.max_per_event is None:
        return None
    counted = counted_of_family(session, settings.limits, event.id or 0, contact.id or 0)
    return left(settings.max_per_event, counted)


def teachers_by_name(
    session: Session,
    event: Event,
    contact: Contact,
    chosen: Collection[str],
    *,
    child: str,
    search: str,
    settings: EventSettings | None = None,
    now: datetime,
) -> Group:
    """All resources of the event whose name or group holds the words, and those chosen (by token); three queries.

    `child` is the name typed so far, or empty.
    """
    found = [t for t in teachers_of(session, event) if t.token in chosen or holds(f"{t.name} {t.group_name}", search)]
    bookable = (settings or EventSettings()).closing.closed_until(event.zone, now)
    kinds = _free_kinds(session, event, contact, found, bookable=bookable, now=now)
    booked = booked_counts(session, event, contact)
    key = f"n{' '.join(child.split()).casefold()}"
    shown = []
    for teacher in found:
        pick = Pick(NEW_CHILD, teacher.token)
        names = {pick.name} if teacher.token in chosen else set()
        has = booked.get((teacher.id, key))
        shown.append(_offered(teacher, pick, teacher.group_name, kinds, has=has, chosen=names))
    return Group(child, shown)


def count_chosen(groups: Sequence[Group]) -> int:
    return sum(teacher.is_chosen for group in groups for teacher in group.teachers)


def _offered(
    teacher: Teacher,
    pick: Pick,
    class_name: str,
    kinds: dict[int, set[str]],
    *,
    has: Booked | None,
    chosen: Collection[str],
) -> Offered:
    """`has` is set where the family has all it may; what it does not know of only takes the times away."""
    is_unseen = bool(has and has.n and not has.seen)
    is_booked = has is not None and not is_unseen
    free = set() if is_unseen else kinds.get(teacher.id, set())
    return Offered(
        pick=pick,
        name=teacher.name,
        class_name=class_name,
        in_person=bool(free & {IN_PERSON, EITHER}),
        online=bool(free & {VIRTUAL, EITHER}),
        is_by_call=CALL in free,
        is_booked=is_booked,
        is_chosen=pick.name in chosen and not is_booked and bool(free),
    )


def _free_kinds(
    session: Session, event: Event, contact: Contact, teachers: Sequence[Teacher], *, bookable: datetime, now: datetime
) -> dict[int, set[str]]:
    """The kinds of each teacher's times, later than `bookable`, with a free seat, and CALL where one of them can be had
    by a call only; whoever has none is missing."""
    values = {"event": event.id, "resources": [teacher.id for teacher in teachers], "now": bookable}
    values |= {"contact": contact.id, "as_of": now}
    kinds: dict[int, set[str]] = {}
    for resource, kind, visibility in _FREE_KINDS.all(session, values):
        kinds.setdefault(resource, set()).add(CALL if visibility == CALL else kind)
    return kinds
