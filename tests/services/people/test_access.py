"""Who acts as whom before a school is looked at on every request."""

from datetime import datetime, timedelta

import pytest
from factories import make_contact, make_event, make_login, make_school, make_teacher, stored
from sqlmodel import Session

from webapp.models import Contact, Grant, Level, Login, School
from webapp.services.people.access import Standing, acted_contact, is_granted, standing_before
from webapp.services.people.sign_in import STAFF_STAYS, SignedIn, start_sign_in

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


def before(session: Session, login: Login, slug: str, now: datetime) -> Standing:
    secret = start_sign_in(session, login, stays=STAFF_STAYS, now=now)
    session.flush()
    standing = standing_before(session, secret, slug, now=now)
    assert standing is not None
    return standing


def test_a_person_is_another_contact_in_each_school(
    session: Session, school: School, login: Login, dora: Contact, now: datetime
) -> None:
    second, third = make_school(session), make_school(session)
    parent = make_contact(session, second, "Dora", login_id=login.id)

    found = [before(session, login, place.slug, now) for place in (school, second, third)]

    assert [standing.own for standing in found] == [dora, parent, None]
    assert [standing.school for standing in found] == [school, second, third]
    assert {standing.person.login_id for standing in found} == {login.id}


@pytest.mark.parametrize("slug", ["", "nowhere", "Linden", "a\0b", "ł", "-"])
@pytest.mark.usefixtures("dora")
def test_who_is_signed_in_is_known_where_there_is_no_such_school(
    session: Session, login: Login, slug: str, now: datetime
) -> None:
    found = before(session, login, slug, now)

    assert (found.person.email, found.school, found.own) == (login.email, None, None)


def test_a_contact_without_a_login_is_nobody_s(session: Session, school: School, login: Login, now: datetime) -> None:
    make_contact(session, school, email=login.email)

    assert before(session, login, school.slug, now).own is None


def test_a_family_s_address_names_an_event_of_that_school_and_no_other(
    session: Session, school: School, login: Login, dora: Contact, now: datetime
) -> None:
    event = make_event(session, school, slug="fall")
    make_event(session, make_school(session), slug="winter")
    secret = start_sign_in(session, login, stays=STAFF_STAYS, now=now)
    session.flush()

    found = {slug: standing_before(session, secret, school.slug, slug, now=now) for slug in ("fall", "winter", "")}

    rounds = {slug: standing.round for slug, standing in found.items() if standing}
    assert rounds["fall"]
    assert rounds["fall"].event == event
    assert rounds["fall"].settings.event_id == event.id
    assert (rounds["winter"], rounds[""]) == (None, None)
    assert {standing.own == dora for standing in found.values() if standing} == {True}


def test_a_sign_in_that_does_not_stand_is_nobody_anywhere(
    session: Session, school: School, login: Login, dora: Contact, now: datetime
) -> None:
    """RELIABILITY I16"""
    secret = start_sign_in(session, login, stays=STAFF_STAYS, now=now)
    session.flush()

    assert standing_before(session, secret, school.slug, now=now + STAFF_STAYS) is None
    assert standing_before(session, "another", school.slug, now=now) is None
    login.epoch += 1
    session.flush()
    assert standing_before(session, secret, school.slug, now=now) is None


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
