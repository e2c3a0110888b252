"""Put a team in order: the first teacher is the one host of its online meetings (R63, R64)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from webapp import i18n
from webapp.errors import N_, DomainError, NotFound
from webapp.models import Appointment, Contact, EventSettings, Host, Meeting, Resource, ResourceMember, Slot
from webapp.models.meeting.host import MAPPED
from webapp.models.system.wished import PRESENT
from webapp.services.booking.consequences import follow
from webapp.services.booking.wish_meetings import BLOCKED, NOT_MAPPED
from webapp.services.people.manners import team_name
from webapp.services.system import audit
from webapp.services.system.audit import Who


class Reordered(DomainError):
    message = N_("Somebody else has changed this team meanwhile. Nothing was changed. Look at it again.")


class CannotHost(DomainError):
    """Values: name, reason."""

    message = N_("%(name)s cannot host Zoom meetings: %(reason)s. Nothing was changed.")


@dataclass(frozen=True)
class Impact:
    """What a new host means for the families. `reason` is why the teacher could hold no meetings, or None."""

    links: int
    families: int
    reason: str | None


def team_of(session: Session, resource: Resource) -> list[Contact]:
    """The teachers in order, the host of online meetings first."""
    query = (
        select(Contact)
        .join(ResourceMember, col(ResourceMember.contact_id) == col(Contact.id))
        .where(col(ResourceMember.resource_id) == resource.id)
        .order_by(col(ResourceMember.position), col(ResourceMember.contact_id))
    )
    return list(session.execute(query).scalars())


def seen(team: Sequence[Contact]) -> str:
    """The order as a form carries it."""
    return ".".join(str(teacher.id) for teacher in team)


def member_of(team: Sequence[Contact], contact_id: int) -> Contact:
    """Raises NotFound for somebody who is not of the team."""
    for teacher in team:
        if teacher.id == contact_id:
            return teacher
    raise NotFound


def locked_members(session: Session, resource: Resource) -> dict[int | None, ResourceMember]:
    """Of two who change a team, the second sees what the first did."""
    query = select(ResourceMember).where(col(ResourceMember.resource_id) == resource.id)
    rows = query.order_by(col(ResourceMember.contact_id)).with_for_update().execution_options(populate_existing=True)
    return {row.contact_id: row for row in session.execute(rows).scalars()}


def coming_of(session: Session, resource: Resource, *, now: datetime) -> list[int]:
    return coming_at(session, [resource.id], now=now)


def coming_at(session: Session, resources: Collection[int | None], *, now: datetime) -> list[int]:
    query = (
        select(col(Appointment.id))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(col(Appointment.resource_id).in_(resources), col(Appointment.cancelled_at).is_(None))
        .where(col(Slot.ends_at) > now)
    )
    return [number for number in session.execute(query).scalars() if number]


def impact_of(session: Session, resource: Resource, teacher: Contact, *, now: datetime) -> Impact:
    """Links that families hold and that will be others, and how many families that is."""
    query = (
        select(func.count(col(Meeting.id)), func.count(func.distinct(col(Appointment.contact_id))))
        .join(Appointment, col(Appointment.id) == col(Meeting.appointment_id))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(col(Appointment.resource_id) == resource.id, col(Appointment.cancelled_at).is_(None))
        .where(col(Slot.ends_at) > now, col(Meeting.replaced_at).is_(None), col(Meeting.wish) == PRESENT)
        .where(col(Meeting.join_url).is_not(None))
    )
    links, families = session.execute(query).one()
    return Impact(links, families, _why_not(session, resource, teacher))


def make_host(
    session: Session, resource: Resource, contact_id: int, *, was: str, who: Who, now: datetime
) -> tuple[Contact, Impact]:
    """The teacher becomes the first, the others keep their order. New meetings are made before the old ones go, and
    each family is told once its links are there (R65). `was` is the order that was seen.

    Raises Reordered, CannotHost, or NotFound for somebody who is not of the team.
    """
    rows = locked_members(session, resource)
    team = team_of(session, resource)
    chosen = member_of(team, contact_id)
    if chosen is team[0]:  # by a second click, or from another tab
        return chosen, Impact(0, 0, None)
    impact = impact_of(session, resource, chosen, now=now)
    if seen(team) != was:
        raise Reordered
    if impact.reason:
        raise CannotHost(name=chosen.name, reason=i18n.gettext(impact.reason))
    order = [chosen, *(teacher for teacher in team if teacher is not chosen)]
    _put_in_order(session, resource, rows, order)
    subject = f"resource {resource.id}"
    values = {"contact": contact_id, "links": impact.links}
    audit.record(session, "resource.host", who=who, school_id=resource.school_id, subject=subject, now=now, **values)
    follow(session, coming_of(session, resource, now=now), now=now)
    return chosen, impact


def move_up(session: Session, resource: Resource, contact_id: int, *, was: str, who: Who, now: datetime) -> Contact:
    """Before the one ahead of them, who is not the host: no link changes. `was` is the order that was seen.

    Raises Reordered, or NotFound for somebody who is not of the team.
    """
    rows = locked_members(session, resource)
    team = team_of(session, resource)
    chosen = member_of(team, contact_id)
    if seen(team) == _moved_up(was, contact_id):  # by a second click
        return chosen
    place = team.index(chosen)
    if seen(team) != was or place < 2:
        raise Reordered
    order = [*team[: place - 1], chosen, team[place - 1], *team[place + 1 :]]
    _put_in_order(session, resource, rows, order)
    subject = f"resource {resource.id}"
    audit.record(
        session, "resource.order", who=who, school_id=resource.school_id, subject=subject, now=now, contact=contact_id
    )
    follow(session, coming_of(session, resource, now=now), now=now)
    return chosen


def name_after_teachers(session: Session, resource: Resource, before: Sequence[Contact]) -> None:
    """A team that is called after the teachers that it had `before` is called after those that it has now."""
    session.flush()
    if resource.name == team_name([teacher.name for teacher in before]):
        resource.name = team_name([teacher.name for teacher in team_of(session, resource)])
        session.flush()


def _moved_up(was: str, contact_id: int) -> str:
    """What moving up makes of the order that was seen; of nobody and of a host nothing."""
    order = was.split(".")
    place = order.index(str(contact_id)) if str(contact_id) in order else 0
    return ".".join([*order[: place - 1], order[place], order[place - 1], *order[place + 1 :]]) if place > 1 else ""


def _put_in_order(
    session: Session, resource: Resource, rows: Mapping[int | None, ResourceMember], order: Sequence[Contact]
) -> None:
    before = team_of(session, resource)
    for position, teacher in enumerate(order):
        rows[teacher.id].position = position
    name_after_teachers(session, resource, before)


def _why_not(session: Session, resource: Resource, teacher: Contact) -> str | None:
    """Only where a provider is on: the order of a team without one is nobody's trouble."""
    its: Any = select(col(EventSettings.provider)).where(col(EventSettings.event_id) == resource.event_id)
    provider = session.execute(its).scalar_one()
    if not provider:
        return None
    query = select(col(Host.state)).where(col(Host.contact_id) == teacher.id, col(Host.provider) == provider)
    state = session.execute(query).scalar_one_or_none()
    return None if state == MAPPED else BLOCKED[state or NOT_MAPPED]
