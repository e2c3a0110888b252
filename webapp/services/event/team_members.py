"""Take a teacher into a team, or out of it: who stands first then hosts, and each of the team is busy when it is."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel import Session, col

from webapp import i18n
from webapp.errors import N_, DomainError, NotFound
from webapp.models import Appointment, Contact, Occupancy, Resource, ResourceMember, Slot
from webapp.models.booking.occupancy import TEACHER
from webapp.services.booking.consequences import follow
from webapp.services.booking.occupancy import Span, take, ticks
from webapp.services.booking.turn import stop_bookings
from webapp.services.event.team import (
    CannotHost,
    Impact,
    Reordered,
    coming_of,
    impact_of,
    locked_members,
    member_of,
    name_after_teachers,
    seen,
    team_of,
)
from webapp.services.people.staff import staff_besides
from webapp.services.system import audit
from webapp.services.system.audit import Who


class OnlyTeacher(DomainError):
    """Values: name."""

    message = N_("%(name)s is the only teacher here. Add another one first. Nothing was changed.")


class BusyElsewhere(DomainError):
    """Values: name."""

    message = N_("%(name)s has another appointment when one of this team's takes place. Nothing was changed.")


def may_join(session: Session, resource: Resource) -> list[Contact]:
    """Staff of the school who are not of the team, by name."""
    taken = select(col(ResourceMember.contact_id)).where(col(ResourceMember.resource_id) == resource.id)
    return staff_besides(session, resource.school_id, taken)


def impact_of_leaving(session: Session, resource: Resource, teacher: Contact, *, now: datetime) -> Impact:
    """Nothing, unless the host leaves: then the next one hosts."""
    team = team_of(session, resource)
    if len(team) < 2 or team[0].id != teacher.id:
        return Impact(0, 0, None)
    return impact_of(session, resource, team[1], now=now)


def leave_team(session: Session, resource: Resource, contact_id: int, *, was: str, who: Who, now: datetime) -> Impact:
    """`was` is the order that was seen. Links of a host who leaves are made anew under the next one first (R65).

    Raises OnlyTeacher, CannotHost for the next one, Reordered, or NotFound for somebody who was never of the team.
    """
    stop_bookings(session, [resource.event_id])
    rows = locked_members(session, resource)
    team = team_of(session, resource)
    if contact_id not in rows and str(contact_id) in was.split("."):  # by a second click
        return Impact(0, 0, None)
    leaving = member_of(team, contact_id)
    if len(team) == 1:
        raise OnlyTeacher(name=leaving.name)
    impact = impact_of_leaving(session, resource, leaving, now=now)
    if impact.reason:
        raise CannotHost(name=team[1].name, reason=i18n.gettext(impact.reason))
    if seen(team) != was:
        raise Reordered
    session.delete(rows[contact_id])
    _give_back(session, resource, contact_id)
    name_after_teachers(session, resource, team)
    _told(session, resource, "resource.leave", contact_id, who=who, now=now)
    return impact


def join_team(session: Session, resource: Resource, contact_id: int, *, who: Who, now: datetime) -> Contact:
    """At the end of the team: the host stays. Raises BusyElsewhere, or NotFound for who is not of the staff."""
    stop_bookings(session, [resource.event_id])
    rows = locked_members(session, resource)
    team = team_of(session, resource)
    if contact_id in rows:  # by a second click
        return session.get_one(Contact, contact_id)
    joining = next((one for one in may_join(session, resource) if one.id == contact_id), None)
    if joining is None:
        raise NotFound
    last = max((row.position for row in rows.values()), default=-1)
    row = ResourceMember(resource_id=resource.id or 0, contact_id=contact_id, school_id=resource.school_id)
    row.position = last + 1
    session.add(row)
    if take(session, _booked_spans(session, resource, contact_id, now=now)):
        raise BusyElsewhere(name=joining.name)
    name_after_teachers(session, resource, team)
    _told(session, resource, "resource.join", contact_id, who=who, now=now)
    return joining


def _booked_spans(session: Session, resource: Resource, contact_id: int, *, now: datetime) -> list[Span]:
    """Of the slots that somebody has booked. Locked, so that who cancels at this moment gives back the new teacher's
    minutes too, or is seen to have cancelled."""
    query = select(Slot).where(col(Slot.resource_id) == resource.id, col(Slot.ends_at) > now).order_by(col(Slot.id))
    slots = session.execute(query.with_for_update()).scalars().all()
    standing = select(col(Appointment.slot_id)).where(
        col(Appointment.resource_id) == resource.id, col(Appointment.cancelled_at).is_(None)
    )
    booked = set(session.execute(standing).scalars())
    taken = [(slot.id, ticks(slot.starts_at, slot.ends_at)) for slot in slots if slot.id in booked]
    return [Span(TEACHER, contact_id, minutes.start, minutes.stop, None, number) for number, minutes in taken]


def _give_back(session: Session, resource: Resource, contact_id: int) -> None:
    theirs = (col(Occupancy.kind) == TEACHER, col(Occupancy.subject_id) == contact_id)
    slots = select(col(Slot.id)).where(col(Slot.resource_id) == resource.id)
    session.execute(delete(Occupancy).where(*theirs, col(Occupancy.slot_id).in_(slots)))


def _told(session: Session, resource: Resource, action: str, contact_id: int, *, who: Who, now: datetime) -> None:
    session.flush()
    subject = f"resource {resource.id}"
    audit.record(session, action, who=who, school_id=resource.school_id, subject=subject, now=now, contact=contact_id)
    follow(session, coming_of(session, resource, now=now), now=now)
