"""Let a person choose a password, or another address, and end whatever was signed in before."""

import secrets
from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import func, select, update
from sqlmodel import Session, col

from webapp.db import wake
from webapp.errors import N_, Invalid
from webapp.models import Contact, Level, Login, Message
from webapp.models.message.message import NEW_ADDRESS
from webapp.services.people.accounts import login_of
from webapp.services.people.sign_in import SignedIn, start_anew
from webapp.services.system import audit


class PasswordInput(BaseModel):
    """Typed twice, so that nobody locks themselves out by a slip."""

    password: str = Field(min_length=1)
    again: str = Field(min_length=1)

    def refuse_slip(self) -> None:
        if self.password != self.again:
            raise Invalid(N_("The two passwords differ. Type it again."), field="again")


class AddressTaken(Invalid):
    message = N_("This address cannot be used here. Somebody else of the school has it, or signs in with it.")
    field = "email"


def highest_level(session: Session, login_id: int) -> Level:
    """Of all schools that the login opens: it decides how long its password has to be."""
    query = select(func.max(col(Contact.level))).where(col(Contact.login_id) == login_id)
    return Level(session.execute(query).scalar_one() or Level.CUSTOMER)


def set_password(session: Session, person: SignedIn, hashed: str, *, now: datetime) -> str:
    """Every other sign-in of the login ends. Returns this one's new secret.

    Where a school's file brought the one before, only a mailed link shows that it is not the school that chooses."""
    login = session.get_one(Login, person.login_id, with_for_update=True)
    if person.by_link:
        login.password_school_id = None
    login.password_hash = hashed
    audit.record(session, "contact.password", who=person.who, school_id=None, now=now)
    return start_anew(session, person, login, now=now)


def move_address(session: Session, person: SignedIn, email: str, *, now: datetime) -> str:
    """Sign in with another address from now on, in every school; its mailbox was proved. The old one is told.

    Returns the sign-in's new secret. Raises AddressTaken.
    """
    login = session.get_one(Login, person.login_id, with_for_update=True)
    mine = (col(Contact.login_id) == login.id, col(Contact.email) == login.email)
    schools = list(session.execute(select(col(Contact.school_id)).where(*mine)).scalars())
    others = select(col(Contact.id)).where(col(Contact.school_id).in_(schools), col(Contact.email) == email)
    if login_of(session, email) or session.execute(others).first():
        raise AddressTaken
    for school_id in schools[:1]:
        tell_old_address(session, school_id, login.email, now=now)
    session.execute(update(Contact).where(*mine).values(email=email))
    login.email = email
    for school_id in schools:
        audit.record(session, "contact.address", who=person.who, school_id=school_id, now=now)
    return start_anew(session, person, login, now=now)


def tell_old_address(session: Session, school_id: int, email: str, *, now: datetime) -> None:
    key = f"{NEW_ADDRESS}.{secrets.token_hex(8)}"
    session.add(
        Message(
            school_id=school_id,
            kind=NEW_ADDRESS,
            recipient=email,
            dedupe_key=key,
            message_id=key,
            created_at=now,
            due_at=now,
        )
    )
    wake(session, "mail")
