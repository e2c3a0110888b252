"""Say in which times somebody is busy in a calendar of their own, with nothing of what they do then."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, literal, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from webapp.models import BusyTime, ResourceMember


def has_busy(resource_id: Any, starts_at: Any, ends_at: Any, *more: Any) -> ColumnElement[bool]:
    """Whether any of a resource's teachers is busy in some part of the time; all are columns of the query around it,
    which `more` conditions on BusyTime may name too."""
    member = aliased(ResourceMember)
    return exists().where(
        col(member.resource_id) == resource_id,
        col(BusyTime.contact_id) == col(member.contact_id),
        col(BusyTime.ends_at) > starts_at,
        col(BusyTime.starts_at) < ends_at,
        *more,
    )


def is_free_of(resource_id: Any, starts_at: Any, ends_at: Any, *, among: Any) -> ColumnElement[bool]:
    """The contrary, for many times at once: where none `among` the resources has anybody with busy times, which is
    asked once, no time is looked at for itself."""
    member = aliased(ResourceMember)
    some = select(literal(1)).where(
        col(member.resource_id).in_(among), col(BusyTime.contact_id) == col(member.contact_id)
    )
    return or_(~some.exists(), ~has_busy(resource_id, starts_at, ends_at))


def busy_of(resources: Any, *, after: Any, before: Any, **columns: Any) -> Any:
    """A query of the busy times of the members of resources between two instants: with the resource they come under,
    the times, and constants of the caller's."""
    member = aliased(ResourceMember)
    return select(
        *(value.label(name) for name, value in columns.items()),
        col(member.resource_id).label("resource_id"),
        col(BusyTime.starts_at),
        col(BusyTime.ends_at),
    ).where(
        and_(
            col(member.resource_id).in_(resources),
            col(BusyTime.contact_id) == col(member.contact_id),
            col(BusyTime.ends_at) > after,
            col(BusyTime.starts_at) < before,
        )
    )
