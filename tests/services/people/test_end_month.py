"""A family's sign-in lasts for a month, and ends when its login opens a contact of the staff (RELIABILITY T8)."""

from collections.abc import Callable
from datetime import datetime

import pytest
from factories import make_contact, make_event, make_login, make_school
from importer import Importer
from sqlmodel import Session, select

from webapp.models import Contact, Level, Login, School
from webapp.services.event.select_person import add_somebody_new
from webapp.services.people.accounts import create_administrator
from webapp.services.people.contacts import ContactInput, add_contact, save_contact
from webapp.services.people.levels import set_level
from webapp.services.people.sign_in import FAMILY_STAYS, STAFF_STAYS, signed_in, start_sign_in
from webapp.services.system.audit import SYSTEM

ADDRESS = "ana@mail.example"
TEACHER = f"TeacherID|First|Last|Email|Room\nT1|Ana|Alvarez|{ADDRESS}|112\n"
PARENT = f"ParentID|First|Last|Email\nP1|Ana|Alvarez|{ADDRESS}\n"


def imported(session: Session, school: School, now: datetime) -> None:
    Importer(session, school, now).apply({"t.txt": TEACHER})


def imported_where_she_was_a_parent(session: Session, school: School, now: datetime) -> None:
    login = session.exec(select(Login)).one()
    make_contact(session, school, "Ana", "Alvarez", email=ADDRESS, login_id=login.id)
    Importer(session, school, now).apply({"t.txt": TEACHER})


def added_as_administrator(session: Session, school: School, now: datetime) -> None:
    typed = ContactInput(first="Ana", last="Alvarez", email=ADDRESS)
    add_contact(session, school.id or 0, typed, level=Level.VIEWER, who=SYSTEM, now=now)


def added_as_teacher(session: Session, school: School, now: datetime) -> None:
    event = make_event(session, school)
    add_somebody_new(session, event, ContactInput(first="Ana", email=ADDRESS), who=SYSTEM, now=now)


def given_the_address_of_staff(session: Session, school: School, now: datetime) -> None:
    hugh = make_contact(session, school, "Hugh", level=Level.VIEWER)
    save_contact(session, hugh, ContactInput(first="Hugh", email=ADDRESS), who=SYSTEM, now=now)


def given_a_level(session: Session, school: School, now: datetime) -> None:
    login = session.exec(select(Login)).one()
    dora = make_contact(session, school, "Dora", level=Level.ADMINISTRATOR)
    ana = make_contact(session, school, "Ana", email=ADDRESS, login_id=login.id)
    set_level(session, dora, ana.id or 0, Level.VIEWER, who=SYSTEM, now=now)


def made_by_the_operator(session: Session, school: School, now: datetime) -> None:
    create_administrator(session, school, email=ADDRESS, first="Ana", last="Alvarez", now=now)


WAYS = [
    imported,
    imported_where_she_was_a_parent,
    added_as_administrator,
    added_as_teacher,
    given_the_address_of_staff,
    given_a_level,
    made_by_the_operator,
]


@pytest.mark.parametrize("becomes_staff", WAYS)
def test_a_month_ends_when_its_login_becomes_staff(
    session: Session, now: datetime, becomes_staff: Callable[[Session, School, datetime], None]
) -> None:
    """She is a parent in another school, on a computer that others use too."""
    login = make_login(session, ADDRESS)
    make_contact(session, make_school(session), "Ana", "Alvarez", email=ADDRESS, login_id=login.id)
    secret = start_sign_in(session, login, stays=FAMILY_STAYS, now=now)
    session.flush()

    becomes_staff(session, make_school(session), now)
    session.flush()

    assert signed_in(session, secret, now=now) is None


@pytest.mark.parametrize("becomes_staff", WAYS)
def test_a_working_day_at_another_school_goes_on(
    session: Session, now: datetime, becomes_staff: Callable[[Session, School, datetime], None]
) -> None:
    """Schools are strictly apart: whoever adds somebody's address signs them out of nothing."""
    login = make_login(session, ADDRESS)
    there = {"email": ADDRESS, "login_id": login.id, "level": Level.ADMINISTRATOR}
    make_contact(session, make_school(session), "Ana", "Alvarez", **there)
    secret = start_sign_in(session, login, stays=STAFF_STAYS, now=now)
    session.flush()

    becomes_staff(session, make_school(session), now)
    session.flush()

    assert signed_in(session, secret, now=now) is not None


def test_a_parent_and_staff_who_stay_what_they_are_stay_signed_in(session: Session, now: datetime) -> None:
    school = make_school(session)
    login = make_login(session, ADDRESS)
    ana = make_contact(session, school, "Ana", "Alvarez", email=ADDRESS, login_id=login.id)
    importer, secret = Importer(session, school, now), start_sign_in(session, login, stays=FAMILY_STAYS, now=now)

    importer.apply({"p.txt": PARENT})
    save_contact(session, ana, ContactInput(first="Anna", email=ADDRESS), who=SYSTEM, now=now)
    parent = signed_in(session, secret, now=now)
    importer.apply({"t.txt": TEACHER}, "all")
    session.refresh(login)
    secret = start_sign_in(session, login, stays=FAMILY_STAYS, now=now)
    importer.apply({"t.txt": TEACHER.replace("112", "Gym")}, "all")

    assert parent is not None
    assert signed_in(session, secret, now=now) is not None
    assert session.exec(select(Contact.level)).one() == Level.VIEWER
