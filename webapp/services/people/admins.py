"""Make the first Administrator of a school, and the school itself where there is none."""

from datetime import datetime

from sqlmodel import Session

from webapp.errors import NotFound
from webapp.models import Level
from webapp.services.people.accounts import create_administrator, login_for, password_hash
from webapp.services.people.schools import add_school, school_of
from webapp.services.system import audit
from webapp.services.system.audit import SYSTEM


def create_admin(
    session: Session,
    *,
    slug: str,
    school_name: str,
    zone: str,
    email: str,
    first: str,
    last: str,
    password: str,
    now: datetime,
) -> bool:
    """Whether the password was taken: a login that has one keeps it, for it may serve other schools.

    Raises Invalid for what cannot be used.
    """
    try:
        school = school_of(session, slug)
    except NotFound:
        school = add_school(session, slug=slug, name=school_name or slug, zone=zone, now=now)
    hashed = password_hash(password, level=Level.ADMINISTRATOR)
    contact = create_administrator(session, school, email=email, first=first, last=last, now=now)
    login = login_for(session, contact.email or "", now=now)
    is_taken = not login.password_hash
    login.password_hash = login.password_hash or hashed
    audit.record(
        session, "administrator.create", who=SYSTEM, school_id=school.id, subject=f"contact {contact.id}", now=now
    )
    return is_taken
