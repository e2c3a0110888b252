"""A sign-in lives on the server and ends when it should."""

from datetime import datetime, timedelta

import pytest
from factories import make_contact, make_event, make_login, make_resource, make_school, make_teacher
from sqlmodel import Session, col, select

from webapp.errors import NotAllowed, NotFound
from webapp.models import Audit, Contact, Level, Login, School, SignIn
from webapp.services.people.sign_in import (
    ACTING_STAYS,
    STAFF_STAYS,
    SignedIn,
    act_as,
    end_sign_in,
    signed_in,
    start_sign_in,
    stop_acting,
)

MINUTE = timedelta(minutes=1)


@pytest.fixture
def login(session: Session) -> Login:
    return make_login(session, "dora@school.example")


@pytest.fixture
def school(session: Session) -> School:
    return make_school(session)


@pytest.fixture
def dora(session: Session, school: School, login: Login) -> Contact:
    return make_contact(session, school, "Dora", "Diaz", login_id=login.id, level=Level.ADMINISTRATOR)


def let_in(session: Session, login: Login, now: datetime) -> str:
    return start_sign_in(session, login, stays=STAFF_STAYS, now=now)


def known(session: Session, secret: str, now: datetime) -> SignedIn:
    person = signed_in(session, secret, now=now)
    assert person
    return person


def test_the_secret_tells_who_is_there_and_the_database_does_not_tell_the_secret(
    session: Session, login: Login, now: datetime
) -> None:
    secret = let_in(session, login, now)

    assert known(session, secret, now).login_id == login.id
    assert secret not in str(session.exec(select(SignIn)).one().model_dump())


@pytest.mark.parametrize("secret", ["", "x", "\0", "é" * 5000])
def test_another_secret_is_nobody(session: Session, login: Login, now: datetime, secret: str) -> None:
    let_in(session, login, now)

    assert signed_in(session, secret, now=now) is None


def test_every_sign_in_has_its_own_secret(session: Session, login: Login, now: datetime) -> None:
    assert let_in(session, login, now) != let_in(session, login, now)


def test_it_ends_by_time(session: Session, login: Login, now: datetime) -> None:
    secret = let_in(session, login, now)

    assert signed_in(session, secret, now=now + STAFF_STAYS - MINUTE)
    assert signed_in(session, secret, now=now + STAFF_STAYS) is None


def test_it_ends_by_signing_out_and_others_stay(session: Session, login: Login, now: datetime) -> None:
    secret, elsewhere = let_in(session, login, now), let_in(session, login, now)

    end_sign_in(session, known(session, secret, now), now=now)

    assert signed_in(session, secret, now=now) is None
    assert signed_in(session, elsewhere, now=now)


def test_raising_the_epoch_ends_every_sign_in_of_the_login_and_no_other(
    session: Session, login: Login, now: datetime
) -> None:
    """RELIABILITY T8: a new password."""
    secrets = [let_in(session, login, now) for _ in range(2)]
    other = let_in(session, make_login(session, "ed@school.example"), now)

    login.epoch += 1
    session.flush()

    assert [signed_in(session, secret, now=now) for secret in secrets] == [None, None]
    assert signed_in(session, other, now=now)
    assert signed_in(session, let_in(session, login, now), now=now)


def test_a_deleted_login_is_nobody_at_once(session: Session, login: Login, now: datetime) -> None:
    """RELIABILITY I16."""
    secret = let_in(session, login, now)

    session.delete(login)
    session.flush()

    assert signed_in(session, secret, now=now) is None


def test_an_administrator_acts_as_a_teacher_under_a_new_secret_for_half_an_hour(
    session: Session, school: School, login: Login, dora: Contact, now: datetime
) -> None:
    """R32"""
    teacher = make_teacher(session, school)
    old = let_in(session, login, now)

    new = act_as(session, known(session, old, now), dora, teacher.id or 0, now=now)

    assert signed_in(session, old, now=now) is None
    assert known(session, new, now).acting_as_id == teacher.id
    later = known(session, new, now + ACTING_STAYS)
    assert (later.login_id, later.acting_as_id) == (login.id, None)


def test_both_identities_are_written_down_from_start_to_end(
    session: Session, school: School, login: Login, dora: Contact, now: datetime
) -> None:
    """R32"""
    teacher = make_teacher(session, school)
    acting = act_as(session, known(session, let_in(session, login, now), now), dora, teacher.id or 0, now=now)

    own = stop_acting(session, known(session, acting, now), school.id or 0, now=now + MINUTE)

    assert signed_in(session, acting, now=now) is None
    assert known(session, own, now).acting_as_id is None
    entries = session.exec(select(Audit).where(col(Audit.action).like("log_in_as.%"))).all()
    assert [(e.action, e.login_id, e.acting_as_id, e.subject) for e in entries] == [
        ("log_in_as.start", login.id, teacher.id, f"contact {teacher.id}"),
        ("log_in_as.end", login.id, teacher.id, f"contact {teacher.id}"),
    ]


@pytest.mark.parametrize(
    "values",
    [
        {"level": Level.EVENT_ADMINISTRATOR},
        {"level": Level.ADMINISTRATOR},
        {"teacher_ref": None},
        {"teacher_ref": None, "level": Level.CUSTOMER},
    ],
)
def test_nobody_acts_as_another_administrator_or_as_a_parent(
    session: Session, school: School, login: Login, dora: Contact, now: datetime, values: dict[str, object]
) -> None:
    """RELIABILITY T10: teachers only."""
    other = make_teacher(session, school, **values)
    person = known(session, let_in(session, login, now), now)

    for contact in (other, dora):
        with pytest.raises(NotAllowed):
            act_as(session, person, dora, contact.id or 0, now=now)


def test_a_teacher_who_was_added_by_hand_is_acted_as(
    session: Session, school: School, login: Login, dora: Contact, now: datetime
) -> None:
    """R32: a resource makes a teacher, without a TeacherID too."""
    ines = make_contact(session, school, "Ines", "Castellanos", level=Level.VIEWER)
    make_resource(session, make_event(session, school), ines)
    person = known(session, let_in(session, login, now), now)

    secret = act_as(session, person, dora, ines.id or 0, now=now)

    assert known(session, secret, now).acting_as_id == ines.id


def test_a_customer_who_has_a_resource_is_not(
    session: Session, school: School, login: Login, dora: Contact, now: datetime
) -> None:
    """RELIABILITY T10: they may be a parent."""
    bob = make_contact(session, school, "Bob")
    make_resource(session, make_event(session, school), bob)
    person = known(session, let_in(session, login, now), now)

    with pytest.raises(NotAllowed):
        act_as(session, person, dora, bob.id or 0, now=now)


def test_another_school_s_teacher_is_not_found(session: Session, login: Login, dora: Contact, now: datetime) -> None:
    stranger = make_teacher(session, make_school(session))
    person = known(session, let_in(session, login, now), now)

    for number in (stranger.id or 0, 4711):
        with pytest.raises(NotFound):
            act_as(session, person, dora, number, now=now)
