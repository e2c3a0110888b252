"""Find a school by its slug, and make one."""

import re
from datetime import datetime
from zoneinfo import available_timezones

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from webapp.errors import N_, Invalid, NotFound
from webapp.models import FormerSchool, School
from webapp.models.people.school import RESERVED_SLUGS

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
_BY_SLUG = select(School).where(col(School.slug) == bindparam("slug"))


def is_slug(text: str) -> bool:
    """Whether a school can be asked for by this text: PostgreSQL refuses some."""
    return _SLUG.fullmatch(text) is not None


def school_of(session: Session, slug: str) -> School:
    """Raises NotFound, also for text that could be no slug."""
    school: School | None = session.execute(_BY_SLUG, {"slug": slug}).scalar_one_or_none() if is_slug(slug) else None
    if school is None:
        raise NotFound
    return school


def present_school(session: Session, former: str) -> str | None:
    """The short name of the school that had this one before."""
    if not is_slug(former):
        return None
    query = select(col(School.slug)).join(FormerSchool, col(FormerSchool.school_id) == col(School.id))
    found: str | None = session.execute(query.where(col(FormerSchool.slug) == former)).scalar_one_or_none()
    return found


def refuse_taken(session: Session, slug: str, *, but: int | None = None) -> None:
    """Raises Invalid for the short name that another school than `but` has, or had before."""
    has = select(col(School.id)).where(col(School.slug) == slug, col(School.id) != (but or 0))
    had = select(col(FormerSchool.slug)).where(
        col(FormerSchool.slug) == slug, col(FormerSchool.school_id) != (but or 0)
    )
    if session.execute(has).first() or session.execute(had).first():
        raise Invalid(N_("Another school has this short name. Choose another one."), field="slug")


def add_school(session: Session, *, slug: str, name: str, zone: str, now: datetime) -> School:
    """Raises Invalid for a slug that is malformed or one of our own addresses, or for an unknown zone."""
    if not is_slug(slug) or slug in RESERVED_SLUGS:
        raise Invalid(N_("Choose another short name: small letters, digits and hyphens."), field="slug")
    if zone not in available_timezones():
        raise Invalid(N_("Choose a time zone such as America/Chicago."), field="zone")
    refuse_taken(session, slug)
    school = School(slug=slug, name=name, zone=zone, created_at=now)
    try:
        with session.begin_nested():
            session.add(school)
            session.flush()
    except IntegrityError as error:
        raise Invalid(N_("Another school has this short name. Choose another one."), field="slug") from error
    return school
