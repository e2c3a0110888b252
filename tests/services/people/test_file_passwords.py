"""A password that one school's file brought opens nothing of another, however the person comes to belong there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest
from factories import make_contact, make_school, make_teacher
from importer import Importer
from sqlmodel import Session, select

from webapp.models import Contact, Level, Login, Message, School
from webapp.services.people.accounts import contact_for, is_password
from webapp.services.people.contacts import ContactInput, add_contact, save_contact
from webapp.services.people.links import mail_link, use_link
from webapp.services.people.passwords import set_password
from webapp.services.people.sign_in import FAMILY_STAYS, SignedIn, signed_in, start_sign_in
from webapp.services.system.audit import SYSTEM
from webapp.services.system.vault import vault_of

pytestmark = pytest.mark.both_databases

OLGA = "olga@linden.example"
SECRET = "planted by the other office"
FILE = f"TeacherID|First|Last|Email|Password\nT1|Olga|Ortega|{OLGA}|{SECRET}\n"


@dataclass
class Schools:
    """Linden's principal is Olga; Rogue Hall imports her address with a password."""

    linden: School
    rogue: School
    login: Login


@pytest.fixture
def schools(session: Session, now: datetime) -> Schools:
    linden, rogue = make_school(session), make_school(session)
    Importer(session, rogue, now).apply({"t.txt": FILE})
    login = session.exec(select(Login).where(Login.email == OLGA)).one()
    return Schools(linden, rogue, login)


def added_by_the_office(session: Session, schools: Schools, now: datetime) -> None:
    typed = ContactInput(last="Ortega", email=OLGA)
    add_contact(session, schools.linden.id or 0, typed, level=Level.ADMINISTRATOR, who=SYSTEM, now=now)


def given_the_address_by_the_office(session: Session, schools: Schools, now: datetime) -> None:
    olga = make_teacher(session, schools.linden, "Olga", "Ortega")
    save_contact(session, olga, ContactInput(last="Ortega", email=OLGA), who=SYSTEM, now=now)


def imported(session: Session, schools: Schools, now: datetime) -> None:
    Importer(session, schools.linden, now).apply({"t.txt": FILE.replace("T1", "T7")})


def met_at_a_first_sign_in(session: Session, schools: Schools, now: datetime) -> None:
    make_contact(session, schools.linden, "Olga", "Ortega", email=OLGA, level=Level.ADMINISTRATOR)
    contact_for(session, schools.linden, schools.login, now=now)


def let_in_by_a_link(session: Session, schools: Schools, now: datetime) -> None:
    olga = make_contact(session, schools.linden, "Olga", "Ortega", email=OLGA, level=Level.ADMINISTRATOR)
    secret, _found = use_link(session, link_for(session, olga, now), now=now)
    assert signed_in(session, secret, now=now)


def link_for(session: Session, contact: Contact, now: datetime) -> str:
    mail_link(session, contact, who=SYSTEM, now=now)
    session.flush()
    message = session.exec(select(Message).where(Message.contact_id == contact.id)).one()
    return vault_of(session).open(message.secret, row=f"message {message.dedupe_key}")


WAYS = [added_by_the_office, given_the_address_by_the_office, imported, met_at_a_first_sign_in, let_in_by_a_link]


@pytest.mark.parametrize("comes", WAYS)
def test_the_planted_password_goes_when_the_person_comes_to_another_school(
    session: Session, schools: Schools, now: datetime, comes: Callable[[Session, Schools, datetime], None]
) -> None:
    planted = start_sign_in(session, schools.login, stays=FAMILY_STAYS, now=now)
    assert is_password(schools.login, SECRET)

    comes(session, schools, now)

    session.flush()
    session.refresh(schools.login)
    assert (schools.login.password_hash, schools.login.password_school_id) == (None, None)
    assert signed_in(session, planted, now=now) is None


def test_it_counts_at_the_door_of_the_school_whose_file_it_was_in(schools: Schools) -> None:
    doors = [None, schools.rogue, schools.linden]

    assert [is_password(schools.login, SECRET, at=door) for door in doors] == [True, True, False]


def test_in_its_own_school_it_stays(session: Session, schools: Schools, now: datetime) -> None:
    for _ in range(2):
        contact_for(session, schools.rogue, schools.login, now=now)
        Importer(session, schools.rogue, now).apply({"t.txt": FILE})

    session.refresh(schools.login)
    assert is_password(schools.login, SECRET)
    assert schools.login.epoch == 0


@pytest.mark.parametrize("by_link", [True, False])
def test_it_is_the_owner_s_own_once_they_choose_one_by_a_mailed_link(
    session: Session, schools: Schools, now: datetime, by_link: bool
) -> None:
    """Whoever knows the file's password can change it too: that shows nothing."""
    person = person_in(session, schools.login, now=now, by_link=by_link)

    set_password(session, person, "a hash", now=now)
    added_by_the_office(session, schools, now)

    assert schools.login.password_hash == ("a hash" if by_link else None)


def person_in(session: Session, login: Login, *, now: datetime, by_link: bool) -> SignedIn:
    secret = start_sign_in(session, login, stays=FAMILY_STAYS, by_link=by_link, now=now)
    session.flush()
    person = signed_in(session, secret, now=now)
    assert person
    return person
