"""Add New Account: an Administrator begins a further school, where whoever runs the installation allows it."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlmodel import Session

from webapp.models import Contact, School
from webapp.services.people.accounts import create_administrator
from webapp.services.people.contacts import without_control
from webapp.services.people.schools import add_school
from webapp.services.people.sign_in import SignedIn
from webapp.services.system import audit
from webapp.services.system.rate import count_try

MOST_A_DAY = 10


class AccountInput(BaseModel):
    """`slug` is the short name in the school's addresses."""

    model_config = ConfigDict(str_strip_whitespace=True)

    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(without_control)]
    slug: Annotated[str, Field(min_length=1, max_length=60)]
    zone: Annotated[str, Field(min_length=1, max_length=60)]


def add_account(session: Session, person: SignedIn, own: Contact, typed: AccountInput, *, now: datetime) -> School:
    """Apart from every other school; whoever adds it is its first Administrator, by the same sign-in. Raises Invalid
    for a short name or zone that cannot be used, TooManyTries."""
    count_try(session, f"account {person.login_id}", limit=MOST_A_DAY, per=timedelta(days=1), now=now)
    school = add_school(session, slug=typed.slug.lower(), name=typed.name, zone=typed.zone, now=now)
    contact = create_administrator(session, school, email=person.email, first=own.first, last=own.last, now=now)
    subject = f"contact {contact.id}"
    audit.record(session, "administrator.create", who=person.who, school_id=school.id, subject=subject, now=now)
    return school
