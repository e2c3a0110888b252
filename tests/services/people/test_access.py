"""Who acts as whom before a school is looked at on every request."""

from datetime import datetime, timedelta

import pytest
from factories import make_contact, make_event, make_login, make_school, make_teacher, stored
from sqlmodel import Session

from webapp.models import Contact, Grant, Level, Login, School
from webapp.services.people.access import acted_contact, is_granted, own_contact
from webapp.services.people.sign_in import SignedIn

pytestmark = pytest.mark.both_databases


@pytest.fixture
def school(session: Session) -> School:
    return make_school(session)


@pytest.fixture
def login(session: Session) -> Login:
    return make_login(session, "dora@linden.example")


@pytest.fixture
def dora(session: Session, school: School, login: Login) -> Contact:
    return make_contact(session, school, "Dora", login_id=login.id, level=Level.ADMINISTRATOR)


def acting(login: Login, contact: Contact | None) -> SignedIn:
    return SignedIn(1, login.id or 0, login.email, contact.id if contact else None)


def test_a_person_is_another_contact_in_each_school(
    session: Session, school: School, login: Login, dora: Contact
) -> None:
    second, third = make_school(session), make_school(session)
    parent = make_contact(session, second, "Dora", login_id=login.id)

    found = [own_contact(session, place, login.id or 0) for place in (school, second, third)]

    assert found == [dora, parent, None]
    assert own_contact(session, school, 4711) is None


def test_a_contact_without_a_login_is_nobody_s(session: Session, school: School, login: Login) -> None:
    make_contact(session, school, email=login.email)

    assert own_contact(session, school, login.id or 0) is None


def test_who_logged_in_as_a_teacher_acts_as_them(session: Session, school: School, login: Login, dora: Contact) -> None:
    """R32"""
    teacher = make_teacher(session, school)

    assert acted_contact(session, acting(login, teacher), dora) is teacher
    assert acted_contact(session, acting(login, None), dora) is None


@pytest.mark.parametrize("level", [level for level in Level if level < Level.EVENT_ADMINISTRATOR])
def test_a_lowered_administrator_acts_as_nobody_any_more(
    session: Session, school: School, login: Login, dora: Contact, level: Level
) -> None:
    """LOGIN-044"""
    teacher = make_teacher(session, school, level=Level.CUSTOMER)
    dora.level = level

    assert acted_contact(session, acting(login, teacher), dora) is None
    assert acted_contact(session, acting(login, teacher), None) is None


@pytest.mark.parametrize("change", [{"level": Level.EVENT_ADMINISTRATOR}, {"teacher_ref": None}])
def test_a_teacher_who_rose_or_left_is_acted_as_no_more(
    session: Session, school: School, login: Login, dora: Contact, change: dict[str, object]
) -> None:
    """RELIABILITY T10"""
    teacher = make_teacher(session, school)
    for name, value in change.items():
        setattr(teacher, name, value)

    assert acted_contact(session, acting(login, teacher), dora) is None


def test_in_another_school_one_is_oneself(session: Session, school: School, login: Login, dora: Contact) -> None:
    """RELIABILITY T6: acting in one school gives no rights in the next."""
    teacher, second = make_teacher(session, school), make_school(session)
    there = make_contact(session, second, "Dora", login_id=login.id, level=Level.ADMINISTRATOR)

    assert acted_contact(session, acting(login, teacher), there) is None


def test_an_event_is_granted_to_one_contact(session: Session, school: School, now: datetime) -> None:
    """PRODUCT 1.6"""
    dan, bob = (make_contact(session, school, name, level=Level.EVENT_ADMINISTRATOR) for name in ("Dan", "Bob"))
    event, other = make_event(session, school), make_event(session, school, created_at=now + timedelta(1))
    stored(session, Grant(school_id=dan.school_id, contact_id=dan.id or 0, event_id=event.id))

    assert is_granted(session, dan, event.id)
    assert not is_granted(session, dan, other.id)
    assert not is_granted(session, bob, event.id)
    assert not is_granted(session, dan, 4711)
