"""A child is claimed by who knows its ID and security value, and by nobody who guesses."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from factories import LONG_AGO, make_contact, make_school, make_student
from sqlmodel import Session, select

from webapp.errors import TooManyTries
from webapp.models import Guardian
from webapp.services.people.children import NoSuchChild, claim_child, count_claim, count_guess
from webapp.services.system.audit import SYSTEM


@pytest.mark.parametrize("typed", ["05/04/2016", "5-4-2016", " 5 4 2016 ", "05.04.2016"])
def test_the_value_may_be_typed_as_people_write_dates(session: Session, typed: str) -> None:
    school = make_school(session)
    mia = make_student(session, school, student_ref="S1", security_value="5/4/2016")
    alice = make_contact(session, school)

    claimed = claim_child(session, alice, student_ref=" S1 ", security_value=typed, who=SYSTEM, now=LONG_AGO)

    assert claimed is mia
    assert [(g.contact_id, g.student_id) for g in session.exec(select(Guardian)).all()] == [(alice.id, mia.id)]


def test_claiming_twice_is_one_tie(session: Session) -> None:
    school = make_school(session)
    make_student(session, school, student_ref="S1", security_value="Blue Whale")
    alice = make_contact(session, school)

    for typed in ("blue whale", "BLUE  WHALE"):
        claim_child(session, alice, student_ref="S1", security_value=typed, who=SYSTEM, now=LONG_AGO)

    assert len(session.exec(select(Guardian)).all()) == 1


@pytest.mark.parametrize(
    ("ref", "value"),
    [("S1", "5/4/2017"), ("S1", "54 2016"), ("S1", ""), ("S2", "5/4/2016"), ("", "5/4/2016"), ("S1'--", "5/4/2016")],
)
def test_a_wrong_value_and_an_unknown_id_are_told_alike(session: Session, ref: str, value: str) -> None:
    """RELIABILITY T4."""
    school = make_school(session)
    make_student(session, school, student_ref="S1", security_value="5/4/2016")

    with pytest.raises(NoSuchChild) as caught:
        claim_child(
            session, make_contact(session, school), student_ref=ref, security_value=value, who=SYSTEM, now=LONG_AGO
        )

    assert caught.value.field == "student_ref"
    assert session.exec(select(Guardian)).all() == []


@pytest.mark.parametrize("stored", ["", " ", "0", "--"])
def test_a_child_without_a_value_cannot_be_claimed_by_leaving_it_empty(session: Session, stored: str) -> None:
    school = make_school(session)
    make_student(session, school, student_ref="S1", security_value=stored)

    for typed in ("", stored):
        with pytest.raises(NoSuchChild):
            claim_child(
                session, make_contact(session, school), student_ref="S1", security_value=typed, who=SYSTEM, now=LONG_AGO
            )


def test_another_school_s_child_is_unknown(session: Session) -> None:
    make_student(session, make_school(session), student_ref="S1", security_value="5/4/2016")
    alice = make_contact(session, make_school(session))

    with pytest.raises(NoSuchChild):
        claim_child(session, alice, student_ref="S1", security_value="5/4/2016", who=SYSTEM, now=LONG_AGO)


HOUR = timedelta(hours=1)


def heard(count: Callable[..., None], *about: Any, now: datetime, times: int) -> int:
    """How many of so many tries are not refused."""
    answers = []
    for _ in range(times):
        try:
            count(*about, now=now)
            answers.append(True)
        except TooManyTries:
            answers.append(False)
    return sum(answers)


def test_ten_tries_an_hour_and_no_more(session: Session, now: datetime) -> None:
    alice, bob = (make_contact(session, make_school(session), name) for name in ("Alice", "Bob"))

    tries = heard(count_claim, session, alice, "192.0.2.1", now=now, times=12)

    assert tries == 10
    assert heard(count_claim, session, bob, "192.0.2.1", now=now, times=1) == 1
    assert heard(count_claim, session, alice, "192.0.2.1", now=now + HOUR, times=1) == 1


def test_whoever_makes_contacts_by_the_dozen_guesses_no_more_from_their_network(
    session: Session, now: datetime
) -> None:
    school = make_school(session)
    alice, *contacts = [make_contact(session, school, f"Me{n}") for n in range(33)]

    tries = sum(heard(count_claim, session, contact, "192.0.2.1", now=now, times=10) for contact in contacts)

    assert tries == 300
    assert heard(count_claim, session, alice, "192.0.2.2", now=now, times=1) == 1


def test_of_one_child_ten_values_are_heard_in_an_hour_and_thirty_in_a_day(session: Session, now: datetime) -> None:
    school, other = (make_school(session).id for _ in range(2))
    hours = [now.replace(hour=0) + n * HOUR for n in range(5)]

    tries = [heard(count_guess, session, school, ref, now=hour, times=7) for hour in hours for ref in ("S1", " S1 ")]

    assert tries == [7, 3, 7, 3, 7, 3, 0, 0, 0, 0]
    assert heard(count_guess, session, school, "S2", now=hours[-1], times=1) == 1
    assert heard(count_guess, session, other, "S1", now=hours[-1], times=1) == 1
    assert heard(count_guess, session, school, "S1", now=hours[0] + 24 * HOUR, times=1) == 1
