"""Ask which times teachers have, and what a family and they have already."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, bindparam, func, literal, or_, select, union_all
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from webapp.models import Appointment, Contact, Event, EventSettings, Resource, ResourceMember, Slot
from webapp.models.event.slot import CALL, UNAVAILABLE, VISIBLE
from webapp.prepared import Prepared
from webapp.services.booking.agenda import is_for_family
from webapp.services.booking.glance import Recall
from webapp.services.booking.holds import is_in_the_way
from webapp.services.booking.limits import booked_days
from webapp.services.booking.seating import is_held_by
from webapp.services.booking.timetable import Busy, Free, Time, Timetable
from webapp.services.calendar.busy import busy_of, is_free_of

AnyRow = TypeVar("AnyRow", Free, Busy)


def times_of(
    session: Session,
    event: Event,
    resources: Sequence[int],
    contact: Contact,
    students: Sequence[int],
    *,
    now: datetime,
    besides: int | None = None,
    settings: EventSettings | None = None,
    at_desk: bool = False,
) -> dict[int, list[Time]]:
    """Per resource, as `timetable_of`, with what is in the way of any of the students."""
    table = timetable_of(
        session, event, resources, contact, students, now=now, besides=besides, settings=settings, at_desk=at_desk
    )
    return {resource: table.times(resource, students) for resource in resources}


def timetable_of(
    session: Session,
    event: Event,
    resources: Sequence[int],
    contact: Contact | None,
    students: Sequence[int],
    *,
    now: datetime,
    besides: int | None = None,
    settings: EventSettings | None = None,
    at_desk: bool = False,
    only: Collection[str] | None = None,
    recall: Recall[Any] | None = None,
) -> Timetable:
    """Three queries at most, whatever the number of times, teachers and children.

    `besides` is an appointment (id) that is about to give its time back. With `settings`, as the rules of UI Setup let
    families see the times; a limit per day asks once more. `only` are slots (tokens), for who has chosen. `at_desk` are
    also times that families do not see. Without a contact only what is in the teachers' way is known. By `recall` what
    is the same for all who hold nothing may be a moment old (`glance`).
    """
    assert event.id is not None
    rules = settings or EventSettings()
    bookable = {"event": event.id, "now": rules.closing.closed_until(event.zone, now)}
    coming, booked = {"event": event.id, "now": now}, {"besides": besides or 0}
    maker = contact.id or 0 if contact else 0
    looking = {"contact": maker, "as_of": now}
    asked = {"resources": list(resources), **looking}
    query = _AT_DESK if at_desk else _CHOSEN if only else _SHOWN
    family = _FAMILY.all(session, {**coming, **booked, **looking, "students": list(students)})
    held = [row for row in family if is_held_by(row, maker)]

    def look() -> tuple[list[Free], list[Busy]]:
        free = query.all(session, {**bookable, **asked, "only": list(only or ())})
        return free, _busy_within(session, free, {**booked, **asked}, now=now)

    free, busy = recall(look) if recall and not held else look()
    return Timetable(
        maker,
        event.id,
        _by_resource(free),
        [row for row in family if not is_held_by(row, maker)],
        [row for row in held if row.held_until > now],
        _by_resource(busy),
        event.zone,
        rules.limits,
        rules.walk_minutes,
        booked_days(session, rules.limits, resources, maker, besides=besides, now=now),
        at_desk,
    )


def free_slots(*columns: Any) -> Any:
    """The slots of resources of an event, later than `now`, that families may book or call about, with a free seat for
    the `contact` `as_of` an instant, in no busy time of the teachers; to be filled with these, `event` and
    `resources`."""
    is_free = is_free_of(col(Slot.resource_id), col(Slot.starts_at), col(Slot.ends_at), among=bindparam("resources"))
    is_offered = (col(Slot.visibility).in_((VISIBLE, CALL)), col(Slot.starts_at) > bindparam("now"))
    return _with_free_seat(*columns).where(*is_offered, is_free)


def _is_shown() -> ColumnElement[bool]:
    """Also what can be had by a call only, and why a time cannot be had (PRODUCT 1.8)."""
    says_why = and_(col(Slot.visibility) == UNAVAILABLE, col(Slot.message) != "")
    return or_(col(Slot.visibility).in_((VISIBLE, CALL)), says_why)


def _with_free_seat(*columns: Any) -> Any:
    """What is taken is counted once for all the resources, not for each slot: PostgreSQL would read the whole table
    each time, where it was empty when it planned that, as in the first minute of a first event."""
    stands = (col(Appointment.cancelled_at).is_(None), col(Appointment.resource_id).in_(bindparam("resources")))
    taken = (
        select(col(Appointment.slot_id), func.count().label("seats"))
        .where(*stands, is_in_the_way())
        .group_by(col(Appointment.slot_id))
        .subquery("taken")
    )
    return (
        select(*(col(column) for column in columns))
        .join(Resource, col(Resource.id) == col(Slot.resource_id))
        .outerjoin(taken, taken.c.slot_id == col(Slot.id))
        .where(col(Resource.event_id) == bindparam("event"), col(Resource.id).in_(bindparam("resources")))
        .where(col(Slot.removed_at).is_(None))
        .where(func.coalesce(taken.c.seats, 0) < col(Slot.capacity))
    )


def _busy_within(session: Session, free: Sequence[Free], asked: Mapping[str, Any], *, now: datetime) -> list[Busy]:
    """Where teachers are from the first to the last of the free times: who has chosen a few is spared all others."""
    if not free:
        return []
    span = {"after": max(now, free[0].starts_at), "before": max(row.ends_at for row in free)}
    return _TEACHERS.all(session, {**asked, **span})


def _by_resource(rows: Iterable[AnyRow]) -> dict[int, list[AnyRow]]:
    found: dict[int, list[AnyRow]] = {}
    for row in rows:
        found.setdefault(row.resource_id, []).append(row)
    return found


def _family() -> Any:
    theirs = or_(
        col(Appointment.contact_id) == bindparam("contact"), col(Appointment.student_id).in_(bindparam("students"))
    )
    is_of_interest = or_(col(Slot.ends_at) > bindparam("now"), col(Slot.event_id) == bindparam("event"))
    appointment = "contact_id student_id event_id resource_id slot_id child_key is_virtual act held_until".split()
    is_mine_or_in_the_way = or_(is_in_the_way(), col(Appointment.contact_id) == bindparam("contact"))
    return (
        select(*(col(getattr(Appointment, name)) for name in appointment), col(Slot.starts_at), col(Slot.ends_at))
        .add_columns(col(Slot.token), col(Resource.room), is_for_family().label("is_seen"))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .join(Resource, col(Resource.id) == col(Appointment.resource_id))
        .where(theirs, col(Appointment.cancelled_at).is_(None), is_of_interest, is_mine_or_in_the_way)
        .where(col(Appointment.id) != bindparam("besides"))
    )


def _teachers() -> Any:
    """Where the members of these resources are already booked, in whichever event, and, without a slot, where they are
    by a calendar of their own; in order."""
    asked, booked = aliased(ResourceMember), aliased(ResourceMember)
    bookings: Any = (
        select(
            col(Slot.id).label("slot_id"),
            col(asked.resource_id).label("resource_id"),
            col(Slot.starts_at),
            col(Slot.ends_at),
        )
        .join(booked, col(booked.contact_id) == col(asked.contact_id))
        .join(Appointment, col(Appointment.resource_id) == col(booked.resource_id))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(col(asked.resource_id).in_(bindparam("resources")), col(Appointment.cancelled_at).is_(None))
        .where(col(Slot.ends_at) > bindparam("after"), col(Slot.starts_at) < bindparam("before"))
        .where(col(Appointment.id) != bindparam("besides"), is_in_the_way())
        .distinct()
    )
    calendars = busy_of(
        bindparam("resources"), after=bindparam("after"), before=bindparam("before"), slot_id=literal(0)
    )
    return union_all(bookings, calendars).order_by("starts_at")


_IN_ORDER = (col(Slot.starts_at), col(Slot.id))
_FREE = _with_free_seat(*(getattr(Slot, name) for name in Free._fields[:-1]), Resource.room).order_by(*_IN_ORDER)
_FOR_FAMILIES = _FREE.where(_is_shown(), col(Slot.starts_at) > bindparam("now"))
_FOR_OFFICE = _FREE.where(col(Slot.visibility) != UNAVAILABLE, col(Slot.ends_at) > bindparam("now"))
_OF_CHOSEN = _FOR_FAMILIES.where(col(Slot.token).in_(bindparam("only")))
_SHOWN, _CHOSEN, _AT_DESK = (Prepared(query, row=Free) for query in (_FOR_FAMILIES, _OF_CHOSEN, _FOR_OFFICE))
_FAMILY, _TEACHERS = Prepared(_family()), Prepared(_teachers(), row=Busy)
