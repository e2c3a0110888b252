"""Keep an event's resources: who they are, and the Room and Virtual Room that were typed for them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CursorResult, func, select, update
from sqlmodel import Session, col

from webapp import i18n
from webapp.errors import N_, DomainError, Invalid, NotFound
from webapp.models import Audit, Contact, Event, Resource, ResourceMember, Slot
from webapp.models.event.slot import IN_PERSON
from webapp.services.booking.consequences import follow
from webapp.services.event.from_roster import Team, add_resources
from webapp.services.event.team import coming_of
from webapp.services.event.typed_link import checked_link, checked_room
from webapp.services.system import audit
from webapp.services.system.audit import Who


@dataclass(frozen=True)
class Staffed:
    """A resource with its contacts in order, the first of whom hosts its online meetings."""

    resource: Resource
    members: tuple[Contact, ...]


@dataclass(frozen=True)
class Saved:
    """What the cell now holds; `was_upgraded` says that http was typed and https kept."""

    url: str
    was_upgraded: bool


EMPTIED = N_("%(who)s emptied this meanwhile. Nothing was overwritten.")


class Overwritten(DomainError):
    """Somebody else saved the cell since it was opened; nothing was overwritten. Values: who, current."""

    message = N_("%(who)s saved “%(current)s” meanwhile. Nothing was overwritten.")


def resources_of(session: Session, event: Event) -> list[Staffed]:
    query = select(Resource).where(col(Resource.event_id) == event.id)
    resources = session.execute(query.order_by(col(Resource.position), col(Resource.id))).scalars().all()
    members: dict[int | None, list[Contact]] = {}
    pairs = (
        select(col(ResourceMember.resource_id), Contact)
        .join(Contact, col(Contact.id) == col(ResourceMember.contact_id))
        .join(Resource, col(Resource.id) == col(ResourceMember.resource_id))
        .where(col(Resource.event_id) == event.id)
        .order_by(col(ResourceMember.position), col(ResourceMember.contact_id))
    )
    for number, contact in session.execute(pairs):
        members.setdefault(number, []).append(contact)
    return [Staffed(resource, tuple(members.get(resource.id, ()))) for resource in resources]


def resource_of(session: Session, school_id: int, event_id: int, resource_id: int) -> Resource:
    """Raises NotFound for one of another event or school."""
    query = select(Resource).where(
        col(Resource.id) == resource_id, col(Resource.event_id) == event_id, col(Resource.school_id) == school_id
    )
    resource: Resource | None = session.execute(query).scalar_one_or_none()
    if resource is None:
        raise NotFound
    return resource


def has_virtual_slots(session: Session, event_id: int) -> bool:
    """Whether the Virtual Room column is there (R46): V and PV slots count."""
    virtual = select(col(Slot.id)).where(
        col(Slot.event_id) == event_id, col(Slot.removed_at).is_(None), col(Slot.kind) != IN_PERSON
    )
    return session.execute(virtual.limit(1)).first() is not None


def save_virtual_room(session: Session, resource: Resource, text: str, *, was: str, who: Who, now: datetime) -> Saved:
    """`was` is what the editor saw. Raises Invalid on "url", or Overwritten when another value is stored by now."""
    link = checked_link(text)
    _save_cell(session, resource, "virtual_room", link.url, was=was, who=who, now=now)
    return Saved(link.url, link.was_upgraded)


def save_room(session: Session, resource: Resource, text: str, *, was: str, who: Who, now: datetime) -> Saved:
    """As `save_virtual_room`, for a room's name or a link. Raises Invalid on "room"."""
    room = checked_room(text)
    _save_cell(session, resource, "room", room.text, was=was, who=who, now=now)
    return Saved(room.text, room.was_upgraded)


def add_teacher(session: Session, event: Event, contact: Contact, *, who: Who, now: datetime) -> Resource:
    """A resource of their own, after the others. Raises Invalid when they have one."""
    if contact.school_id != event.school_id:
        raise NotFound
    return add_team(session, event, Team((contact,)), who=who, now=now)


def add_team(session: Session, event: Event, team: Team, *, who: Who, now: datetime) -> Resource:
    """One schedule for all of them, after the others. Raises Invalid when just they have one."""
    if any(staffed.members == team.members for staffed in resources_of(session, event)):
        raise Invalid(N_("%(name)s is in this event already."), field="contact", name=team.name)
    last = select(func.max(col(Resource.position))).where(col(Resource.event_id) == event.id)
    first_position = (session.execute(last).scalar() or 0) + 1
    [resource] = add_resources(session, event, [team], first_position=first_position)
    _record(session, resource, "resource.add", who=who, now=now)
    return resource


def _save_cell(
    session: Session, resource: Resource, column: str, value: str, *, was: str, who: Who, now: datetime
) -> None:
    """One conditional UPDATE, so that of two who save at once the second is told. The teachers' calendars follow; no
    family is mailed unasked (`told_rooms`)."""
    cell = col(getattr(Resource, column))
    as_seen = update(Resource).where(col(Resource.id) == resource.id, cell.in_([was, value]))
    result = session.execute(as_seen.values({column: value}))
    assert isinstance(result, CursorResult)
    session.refresh(resource)
    if result.rowcount != 1:
        editor = _last_editor(session, resource, f"resource.{column}")
        current = getattr(resource, column)
        raise Overwritten(None if current else EMPTIED, who=editor, current=current)
    _record(session, resource, f"resource.{column}", who=who, now=now)
    follow(session, coming_of(session, resource, now=now), now=now)


def _last_editor(session: Session, resource: Resource, action: str) -> str:
    """The name of the person at the keyboard, where the school still knows one."""
    query = (
        select(Contact)
        .join(Audit, col(Audit.login_id) == col(Contact.login_id))
        .where(col(Contact.school_id) == resource.school_id)
        .where(col(Audit.action) == action, col(Audit.subject) == _subject(resource))
        .order_by(col(Audit.id).desc())
    )
    editor: Contact | None = session.execute(query.limit(1)).scalar_one_or_none()
    return editor.name if editor else i18n.gettext("Somebody else")


def _record(session: Session, resource: Resource, action: str, *, who: Who, now: datetime) -> None:
    audit.record(session, action, who=who, school_id=resource.school_id, subject=_subject(resource), now=now)


def _subject(resource: Resource) -> str:
    return f"resource {resource.id}"
