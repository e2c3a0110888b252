"""Count what a family and a teacher have within the limits of UI Setup; the database has the last word.

An appointment carries an ordinal for each limit that its event has, unique among those counted together: of two who
take the last place at once, the second is refused (RELIABILITY I5).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, or_, select, update
from sqlmodel import Session, col

from webapp.models import Appointment, Resource, Slot
from webapp.models.base import table_of
from webapp.models.event.event_settings import Limits
from webapp.prepared import Prepared
from webapp.services.booking.errors import ChildIsFull, ClassIsBooked, DayIsFull, EventIsFull, LimitReached
from webapp.services.booking.holds import is_in_the_way, let_go


@dataclass(frozen=True)
class Wanted:
    """An appointment that somebody would like to make. `day` is that of the event's zone, as "2026-12-03"."""

    contact_id: int
    child_key: str
    child: str
    resource_id: int
    teacher: str
    class_id: int | None
    day: str


class Counted(NamedTuple):
    """A standing appointment with its ordinals; of those of another family only the teacher's day counts."""

    id: int
    contact_id: int
    child_key: str
    resource_id: int
    class_id: int | None
    event_nth: int | None
    child_nth: int | None
    class_nth: int | None
    day: str | None
    day_nth: int | None
    held_until: datetime | None = None


@dataclass(frozen=True)
class _Rule:
    """`alike` are the columns in which appointments agree that are counted together by `ordinal`."""

    ordinal: str
    alike: tuple[str, ...]
    refusal: type[LimitReached]

    def most(self, limits: Limits) -> int | None:
        return {
            "event_nth": limits.per_event,
            "child_nth": limits.per_child,
            "class_nth": 1 if limits.once_per_class else None,
            "day_nth": limits.per_day,
        }[self.ordinal]

    def concerns(self, wanted: Wanted) -> bool:
        return all(getattr(wanted, name) is not None for name in self.alike)

    def taken(self, wanted: Wanted, counted: Collection[Counted]) -> set[int]:
        """The ordinals of those that count together with the wanted one."""
        ours = [getattr(wanted, name) for name in self.alike]
        alike = (row for row in counted if [getattr(row, name) for name in self.alike] == ours)
        return {nth for row in alike if (nth := getattr(row, self.ordinal)) is not None}


_RULES = (
    _Rule("event_nth", ("contact_id",), EventIsFull),
    _Rule("child_nth", ("contact_id", "child_key"), ChildIsFull),
    _Rule("class_nth", ("contact_id", "class_id"), ClassIsBooked),
    _Rule("day_nth", ("resource_id", "day"), DayIsFull),
)
ORDINALS = tuple(rule.ordinal for rule in _RULES)
NOT_COUNTED: Mapping[str, Any] = dict.fromkeys([*ORDINALS, "day"])
"""What an appointment carries in an event without limits."""


def broken_limits(limits: Limits, wanted: Wanted, counted: Collection[Counted]) -> list[LimitReached]:
    """What one more would break, each as a sentence for whoever asks."""
    found = []
    for rule in _RULES:
        most = rule.most(limits)
        if most and rule.concerns(wanted) and len(rule.taken(wanted, counted)) >= most:
            found.append(rule.refusal(most=most, child=wanted.child, teacher=wanted.teacher))
    return found


def refuse_beyond(limits: Limits, wanted: Wanted, counted: Collection[Counted]) -> None:
    """Raises the first LimitReached."""
    for refusal in broken_limits(limits, wanted, counted):
        raise refusal


def place(limits: Limits, wanted: Wanted, counted: Collection[Counted]) -> dict[str, Any]:
    """The lowest free ordinal within each limit, by column; beyond a limit too, where the office goes beyond it."""
    found = dict(NOT_COUNTED)
    for rule in _RULES:
        if rule.most(limits) and rule.concerns(wanted):
            taken = rule.taken(wanted, counted)
            found[rule.ordinal] = min(set(range(1, len(taken) + 2)) - taken)
    found["day"] = wanted.day if found["day_nth"] else None
    return found


def as_counted(wanted: Wanted, place: Mapping[str, Any], number: int = 0) -> Counted:
    """The wanted one as it counts once it is made."""
    return Counted(
        id=number,
        contact_id=wanted.contact_id,
        child_key=wanted.child_key,
        resource_id=wanted.resource_id,
        class_id=wanted.class_id,
        **place,
    )


def counted_of(
    session: Session, limits: Limits, event_id: int, wanted: Sequence[Wanted], *, besides: int | None = None
) -> list[Counted]:
    """What counts with the wanted ones, besides one appointment (id); nothing is asked where nothing is counted."""
    if not limits.are_counted:
        return []
    asked = {
        "event": event_id,
        "contacts": list({want.contact_id for want in wanted}),
        "besides": besides or 0,
        "resources": list({want.resource_id for want in wanted}),
        "days": list({want.day for want in wanted}),
    }
    query = _WITH_DAY if limits.per_day else _WITHOUT_DAY
    return list({row.id: Counted(*row) for row in query.all(session, asked)}.values())


def counted_of_family(session: Session, limits: Limits, event_id: int, contact_id: int) -> list[Counted]:
    """What the family has, without what it merely holds, for showing beforehand how much is left; the teachers' days
    are told by `booked_days`."""
    if not limits.are_counted:
        return []
    asked = {"event": event_id, "contacts": [contact_id], "besides": 0}
    rows = [Counted(*row) for row in _WITHOUT_DAY.all(session, asked)]
    return [row for row in rows if row.held_until is None]


def left(most: int | None, counted: Sequence[Counted], child_key: str | None = None) -> int | None:
    """How many more a family may make, or may for a child; None is no limit."""
    theirs = [row for row in counted if child_key is None or row.child_key == child_key]
    return None if most is None else max(0, most - len(theirs))


def seen_by_all(
    session: Session,
    limits: Limits,
    event_id: int,
    wanted: Sequence[Wanted],
    *,
    besides: int | None = None,
    now: datetime,
) -> list[Counted]:
    """As `counted_of`, for whoever books: families who count on one teacher's day come one after the other, else each
    might take the other's place below the limit. Holds of others that have expired are cancelled, as for seats."""
    if limits.per_day:
        _TEACHERS.all(session, {"resources": list({want.resource_id for want in wanted})})
    counted = counted_of(session, limits, event_id, wanted, besides=besides)
    makers = {want.contact_id for want in wanted}
    theirs = (row for row in counted if row.held_until and row.held_until <= now)
    expired = [row.id for row in theirs if row.contact_id not in makers]
    gone = let_go(session, expired, now=now) if expired else set()
    return [row for row in counted if row.id not in gone]


def refusal_of(cause: str, wanted: Wanted, limits: Limits) -> LimitReached | None:
    """The limit whose key the database refused, by the words of its refusal."""
    rule = next((rule for rule in _RULES if rule.ordinal in cause), None)
    return rule.refusal(most=rule.most(limits), child=wanted.child, teacher=wanted.teacher) if rule else None


def beyond(session: Session, event_id: int, limits: Limits) -> int:
    """How many standing appointments are more than the limits allow."""
    mosts = [(_COLUMN[rule.ordinal], most) for rule in _RULES if (most := rule.most(limits))]
    if not mosts:
        return 0
    is_beyond = or_(*(ordinal > most for ordinal, most in mosts))
    of_event = select(func.count()).where(_COLUMN.event_id == event_id, _COLUMN.cancelled_at.is_(None), is_beyond)
    return int(session.execute(of_event).scalar_one())


def booked_days(
    session: Session,
    limits: Limits,
    resources: Sequence[int],
    contact_id: int,
    *,
    besides: int | None = None,
    now: datetime,
) -> dict[tuple[int, str], int]:
    """How many appointments count, by resource and day, but for what the contact holds; nothing is asked where the
    event has no limit of a day."""
    if not limits.per_day:
        return {}
    asked = {"resources": list(resources), "besides": besides or 0, "contact": contact_id, "as_of": now}
    return {(row.resource_id, row.day): row.n for row in _BOOKED_DAYS.all(session, asked)}


def count_again(session: Session, event_id: int, limits: Limits) -> None:
    """Number all that stands anew, as the event's limits ask: who came first counts first, beyond a limit too.

    For a change of the limits, and of the days on which slots are; the caller holds the event's settings.
    """
    session.flush()
    standing = update(_ROW).where(_COLUMN.event_id == event_id, _COLUMN.cancelled_at.is_(None))
    session.execute(standing.values(dict(NOT_COUNTED)))
    for rule in _RULES:
        if rule.most(limits):
            session.execute(_numbering(rule, event_id))
    session.expire_all()


def _numbering(rule: _Rule, event_id: int) -> Any:
    day = func.substr(col(Slot.wall_start), 1, 10)
    alike = [day if name == "day" else _COLUMN[name] for name in rule.alike]
    nth = func.row_number().over(partition_by=alike, order_by=_COLUMN.id).label("nth")
    numbered = (
        select(_COLUMN.id, nth, day.label("day"))
        .join(Slot, col(Slot.id) == _COLUMN.slot_id)
        .where(_COLUMN.event_id == event_id, _COLUMN.cancelled_at.is_(None))
    )
    if rule.ordinal == "class_nth":
        numbered = numbered.where(_COLUMN.class_id.is_not(None))
    found = numbered.subquery()
    values = {rule.ordinal: found.c.nth} | ({"day": found.c.day} if rule.ordinal == "day_nth" else {})
    return update(_ROW).where(_COLUMN.id == found.c.id).values(values)


_ROW = table_of(Appointment)
_TEACHERS = Prepared(
    select(table_of(Resource).c.id)
    .where(table_of(Resource).c.id.in_(bindparam("resources", expanding=True)))
    .order_by(table_of(Resource).c.id)
    .with_for_update(key_share=True)
)
_COLUMN = _ROW.c
_BOOKED_DAYS = Prepared(
    select(_COLUMN.resource_id, _COLUMN.day, func.count().label("n"))
    .where(_COLUMN.resource_id.in_(bindparam("resources", expanding=True)), _COLUMN.day_nth.is_not(None))
    .where(_COLUMN.cancelled_at.is_(None), _COLUMN.id != bindparam("besides"), is_in_the_way())
    .group_by(_COLUMN.resource_id, _COLUMN.day)
)
_STANDS: Any = select(*(_COLUMN[name] for name in Counted._fields)).where(
    _COLUMN.cancelled_at.is_(None), _COLUMN.id != bindparam("besides")
)
_OF_FAMILY: Any = _STANDS.where(
    _COLUMN.event_id == bindparam("event"), _COLUMN.contact_id.in_(bindparam("contacts", expanding=True))
)
_WITHOUT_DAY = Prepared(_OF_FAMILY)
_WITH_DAY = Prepared(
    _OF_FAMILY.union_all(
        _STANDS.where(
            _COLUMN.resource_id.in_(bindparam("resources", expanding=True)),
            _COLUMN.day.in_(bindparam("days", expanding=True)),
            _COLUMN.day_nth.is_not(None),
        )
    )
)
