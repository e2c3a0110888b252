"""Know a person by e-mail and password, without telling strangers whom we know."""

import logging
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col
from werkzeug.security import check_password_hash, generate_password_hash

from webapp.errors import N_, Invalid, NotAllowed, TooManyTries
from webapp.models import Contact, Level, Login, School
from webapp.services.people.common_passwords import is_common
from webapp.services.people.once import made_once
from webapp.services.people.sign_in import end_months
from webapp.services.system.rate import count_try, mailbox, tries

log = logging.getLogger(__name__)

MOST_EVERYWHERE = 1_000
"""Tries of passwords in five minutes, of all people from all addresses."""

SHORTEST, SHORTEST_FOR_ADMINISTRATORS, LONGEST = 12, 15, 1024
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[^\s@<>()\[\],;:\"\\.]+(\.[^\s@<>()\[\],;:\"\\.]+)+")
# A hash of nothing that anybody types: an unknown address takes as long as a wrong password.
_NOBODY = generate_password_hash("nobody types this", method="scrypt")


@dataclass(frozen=True)
class Membership:
    """A contact of a login, with its school: an entry of the Vendor pull-down."""

    contact: Contact
    school: School


def checked_email(text: str) -> str:
    """The address in lower case, without spaces around it. Raises Invalid."""
    email = text.strip().lower()
    if not text.isascii() or len(email) > 254 or not email.isprintable() or not _ADDRESS.fullmatch(email):
        raise Invalid(N_("Enter an address like name@school.org."), field="email")
    return email


def login_of(session: Session, email: str) -> Login | None:
    return session.execute(select(Login).where(col(Login.email) == email)).scalar_one_or_none()


def login_for(session: Session, email: str, *, now: datetime) -> Login:
    """The login with this address, made where there is none."""
    return login_of(session, email) or made_once(
        session, Login(email=email, created_at=now), lambda: login_of(session, email)
    )


def count_password_try(session: Session, email: str, address: str, *, now: datetime) -> None:
    """Per person first; a school's shared address gets more room; and whoever spreads one password over everybody from
    everywhere is stopped by the sum, while codes and links go on (RELIABILITY T7). Raises TooManyTries."""
    count_try(session, f"password {mailbox(email)}", limit=10, per=timedelta(minutes=5), now=now)
    count_try(session, f"password from {address}", limit=100, per=timedelta(minutes=5), now=now)
    everywhere = tries(session, "password anywhere", per=timedelta(minutes=5), now=now)
    if everywhere == MOST_EVERYWHERE:
        log.warning("passwords are being tried everywhere: for five minutes nobody signs in by one")
    if everywhere > MOST_EVERYWHERE:
        raise TooManyTries(minutes=5)


def is_password(login: Login | None, password: str, *, at: School | None = None) -> bool:
    """Takes about 0.1 s whoever is asked for: call it outside of a transaction. `at` a school's own door no password
    counts that another school's file brought."""
    stored = login.password_hash if login and login.password_hash else _NOBODY
    is_right = check_password_hash(stored, password[:LONGEST]) and len(password) <= LONGEST
    counts = at is None or login is None or login.password_school_id in (None, at.id)
    return is_right and counts and bool(login and login.password_hash)


def tie(contact: Contact, login: Login) -> None:
    """The login opens the contact from now on. A password that another school's file brought, and that nobody who reads
    the mailbox chose, goes, and with it whoever is signed in: else that school could open this one's pages."""
    contact.login_id = login.id
    if login.password_school_id not in (None, contact.school_id):
        login.password_hash, login.password_school_id = None, None
        login.epoch += 1


def password_hash(password: str, *, level: Level, email: str = "") -> str:
    """Raises Invalid for a password that is too short for the level, absurdly long, or among the first to be tried."""
    shortest = SHORTEST_FOR_ADMINISTRATORS if level >= Level.ADMINISTRATOR else SHORTEST
    if len(password) > LONGEST:
        raise Invalid(N_("Use at most %(longest)s characters."), field="password", longest=LONGEST)
    if len(password) < shortest:
        raise Invalid(N_("Use at least %(shortest)s characters."), field="password", shortest=shortest)
    if is_common(password, email=email):
        raise Invalid(
            N_("Many people use this password, or it is easily guessed. Choose another one."), field="password"
        )
    return generate_password_hash(password, method="scrypt")


def memberships(session: Session, login_id: int) -> list[Membership]:
    query = (
        select(Contact, School)
        .join(School, col(School.id) == col(Contact.school_id))
        .where(col(Contact.login_id) == login_id)
        .order_by(col(Contact.level).desc(), col(School.name))
    )
    return [Membership(contact, school) for contact, school in session.execute(query)]


def administrator_of(session: Session, slug: str, login_id: int) -> tuple[School, Contact]:
    """The school and the person's own contact there. Raises NotAllowed unless they are an Administrator of it."""
    school, contact = staff_member(session, slug, login_id)
    if contact.level < Level.ADMINISTRATOR:
        raise NotAllowed
    return school, contact


def staff_member(session: Session, slug: str, login_id: int) -> tuple[School, Contact]:
    """As `administrator_of`, for whoever works for the school."""
    for member in memberships(session, login_id):
        if member.school.slug == slug and member.contact.level >= Level.VIEWER:
            return member.school, member.contact
    raise NotAllowed


def contact_for(session: Session, school: School, login: Login, *, language: str = "", now: datetime) -> Contact:
    """The person's contact in this school, made at their first sign-in (PRODUCT 1.5); theirs is the language that they
    read then, where none is known yet."""
    assert school.id is not None
    query = select(Contact).where(col(Contact.school_id) == school.id, col(Contact.email) == login.email)

    def known() -> Contact | None:
        return session.execute(query).scalar_one_or_none()

    new = Contact(school_id=school.id, email=login.email, created_at=now)
    contact = known() or made_once(session, new, known)
    tie(contact, login)
    contact.language = contact.language or language
    session.flush()
    return contact


def create_administrator(
    session: Session, school: School, *, email: str, first: str, last: str, now: datetime
) -> Contact:
    """An Administrator of the school; the password is set apart."""
    login = login_for(session, checked_email(email), now=now)
    contact = contact_for(session, school, login, now=now)
    contact.first, contact.last = first or contact.first, last or contact.last
    was, contact.level = contact.level, Level.ADMINISTRATOR
    if was == Level.CUSTOMER and login.id is not None:
        end_months(session, [login.id], now=now)
    session.flush()
    return contact
