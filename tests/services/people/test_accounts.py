"""A person is known by address and password, and nobody learns whom we know."""

from datetime import datetime, timedelta

import pytest
from factories import make_contact, make_login, make_school
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from webapp.errors import Invalid, TooManyTries
from webapp.models import Contact, Level, Login
from webapp.services.people.accounts import (
    LONGEST,
    SHORTEST,
    SHORTEST_FOR_ADMINISTRATORS,
    checked_email,
    contact_for,
    count_password_try,
    create_administrator,
    is_password,
    login_for,
    memberships,
    password_hash,
)

UNCOMMON = "plaid heron über kiosk"
PASSWORD = "correct horse battery"


@pytest.mark.parametrize(
    ("typed", "email"),
    [
        ("alice@mail.example", "alice@mail.example"),
        ("  Alice@Mail.Example\n", "alice@mail.example"),
        ("o'hara+school@sub.mail.example", "o'hara+school@sub.mail.example"),
    ],
)
def test_an_address_is_kept_in_lower_case_without_the_spaces_around_it(typed: str, email: str) -> None:
    assert checked_email(typed) == email


HOSTILE = [
    "",
    " ",
    "alice",
    "@mail.example",
    "alice@",
    "alice@mail",
    "alice@mail..example",
    "alice@.example",
    "alice@mail.example.",
    "a@b@mail.example",
    "alice@mail.example,bob@mail.example",
    "alice@mail.example;bob@mail.example",
    "Alice <alice@mail.example>",
    "alice@mail.example\nBcc: bob@mail.example",
    "alice@mail.example\r\nBcc: bob@mail.example",
    "alice@mail.example%0aBcc:bob@mail.example",
    "alice\0@mail.example",
    "al ice@mail.example",
    "alice@mail.example\u2028bcc:b@mail.example",
    "\u202ealice@mail.example",
    "ali\u200bce@mail.example",
    '"alice bob"@mail.example',
    "alice\\@mail.example",
    "alice@[127.0.0.1]",
    "alice(comment)@mail.example",
    "zoë@münchen.example",
    "KELVIN\u212a@mail.example",
    "a" * 65 + "@mail.example",
    "alice@" + "m" * 250 + ".example",
]


@pytest.mark.parametrize("typed", HOSTILE, ids=[str(n) for n in range(len(HOSTILE))])
def test_what_is_no_single_plain_address_is_refused_at_its_field(typed: str) -> None:
    """BOOK-020: also one with other letters than those of English."""
    with pytest.raises(Invalid) as caught:
        checked_email(typed)

    assert (caught.value.field, caught.value.status) == ("email", 422)


@given(st.text())
def test_whatever_is_typed_what_passes_is_one_line_and_one_address(typed: str) -> None:
    try:
        email = checked_email(typed)
    except Invalid:
        return
    assert email.isprintable()
    assert not set(email) & set(' \t\r\n,;:<>()[]"\\')
    assert email.count("@") == 1
    assert checked_email(email) == email


def test_a_password_is_known_by_its_hash_alone() -> None:
    login = Login(email="dora@school.example", password_hash=password_hash(PASSWORD, level=Level.VIEWER))

    assert is_password(login, PASSWORD)
    assert not is_password(login, PASSWORD + " ")
    assert PASSWORD not in (login.password_hash or "")


def test_nobody_and_somebody_without_a_password_are_never_let_in() -> None:
    """Also not with the text behind the stand-in hash, which takes the same time."""
    nothing = Login(email="dora@school.example")

    for login in (None, nothing):
        for password in ("", PASSWORD, "nobody types this"):
            assert not is_password(login, password)


@pytest.mark.parametrize(
    ("length", "level", "is_good"),
    [
        (SHORTEST - 1, Level.VIEWER, False),
        (SHORTEST, Level.VIEWER, True),
        (SHORTEST_FOR_ADMINISTRATORS - 1, Level.ADMINISTRATOR, False),
        (SHORTEST_FOR_ADMINISTRATORS, Level.ADMINISTRATOR, True),
        (LONGEST + 1, Level.VIEWER, False),
    ],
)
def test_a_password_has_a_length_that_fits_the_level(length: int, level: Level, is_good: bool) -> None:
    if is_good:
        assert password_hash((UNCOMMON * 100)[:length], level=level)
        return
    with pytest.raises(Invalid) as caught:
        password_hash((UNCOMMON * 100)[:length], level=level)
    assert caught.value.field == "password"


def test_an_enormous_password_costs_no_more_than_a_long_one() -> None:
    login = Login(
        email="dora@school.example", password_hash=password_hash((UNCOMMON * 100)[:LONGEST], level=Level.VIEWER)
    )

    assert is_password(login, (UNCOMMON * 100)[:LONGEST])
    assert not is_password(login, "y" * 5_000_000)


def test_the_eleventh_try_for_one_person_is_refused_and_others_are_not(session: Session, now: datetime) -> None:
    """RELIABILITY T7."""
    for _ in range(10):
        count_password_try(session, "dora@school.example", "10.0.0.1", now=now)

    with pytest.raises(TooManyTries) as caught:
        count_password_try(session, "dora@school.example", "10.0.0.2", now=now)

    assert caught.value.values == {"minutes": 5}
    count_password_try(session, "ed@school.example", "10.0.0.1", now=now)
    count_password_try(session, "dora@school.example", "10.0.0.1", now=now + timedelta(minutes=5))


def test_one_address_may_not_try_everybody(session: Session, now: datetime) -> None:
    for n in range(100):
        count_password_try(session, f"person{n}@school.example", "10.0.0.1", now=now)

    with pytest.raises(TooManyTries):
        count_password_try(session, "another@school.example", "10.0.0.1", now=now)


def test_a_login_is_made_once(session: Session, now: datetime) -> None:
    first = login_for(session, "alice@mail.example", now=now)

    assert login_for(session, "alice@mail.example", now=now) is first


def test_a_contact_from_the_roster_is_the_person_s_own_at_the_first_sign_in(session: Session, now: datetime) -> None:
    school = make_school(session)
    known = make_contact(session, school, email="alice@mail.example")
    login = make_login(session, "alice@mail.example")

    assert contact_for(session, school, login, now=now) is known
    assert known.login_id == login.id


def test_a_stranger_s_first_sign_in_makes_a_customer_and_nothing_more(session: Session, now: datetime) -> None:
    school, other = make_school(session), make_school(session)
    make_contact(session, other, email="alice@mail.example", level=Level.ADMINISTRATOR)

    contact = contact_for(session, school, make_login(session, "alice@mail.example"), now=now)

    assert (contact.school_id, contact.level) == (school.id, Level.CUSTOMER)
    assert len(session.exec(select(Contact)).all()) == 2


def test_memberships_show_the_schools_of_one_login_highest_first(session: Session, now: datetime) -> None:
    login = make_login(session, "dora@school.example")
    first, second = make_school(session, name="Abbey"), make_school(session, name="Birch")
    make_contact(session, first, login_id=login.id)
    make_contact(session, second, login_id=login.id, level=Level.ADMINISTRATOR)
    make_contact(session, first)

    assert [m.school.name for m in memberships(session, login.id or 0)] == ["Birch", "Abbey"]


def test_an_administrator_is_made_of_who_is_known_already(session: Session, now: datetime) -> None:
    school = make_school(session)
    known = make_contact(session, school, email="dora@school.example")

    made = create_administrator(session, school, email=" Dora@School.example", first="Dora", last="Diaz", now=now)

    assert made is known
    assert (made.level, made.name) == (Level.ADMINISTRATOR, "Dora Diaz")
    assert made.login_id
