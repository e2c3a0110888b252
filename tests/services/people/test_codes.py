"""A code proves that its reader holds the mailbox: ten minutes, one use, five tries."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from factories import make_contact, make_school
from outside import Outside
from sqlalchemy import update
from sqlmodel import Session, col, select
from threads import at_once

from webapp.db import Database
from webapp.errors import TooManyTries
from webapp.models import Message, Rate, School, SignInCode
from webapp.models.message.message import SIGN_IN_CODE
from webapp.services.people.codes import (
    MINUTES,
    MOST_TRIES,
    MOST_WRONG_EVERYWHERE,
    MOST_WRONG_FROM_ADDRESS,
    Asker,
    redeem_code,
    send_code,
)
from webapp.services.system.rate import tries
from webapp.services.system.vault import vault_of

pytestmark = pytest.mark.both_databases

ALICE = "alice@mail.example"
MINUTE = timedelta(minutes=1)
HERS, CHARLIES = Asker("192.0.2.1", "alice's browser"), Asker("192.0.2.9", "charlie's browser")


def sent(session: Session, school: School, now: datetime, email: str = ALICE, by: Asker = HERS) -> str:
    """The code that the newest mail would show."""
    send_code(session, school, email, by, now=now)
    session.flush()
    newest = select(Message).where(col(Message.recipient) == email).order_by(col(Message.id).desc())
    message = session.exec(newest).first()
    assert message
    return vault_of(session).open(message.secret, row=f"message {message.dedupe_key}")


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_a_code_lets_in_once(session: Session, now: datetime) -> None:
    school = make_school(session)
    code = sent(session, school, now)

    uses = [redeem_code(session, school, ALICE, code, HERS, now=now + MINUTE) for _ in range(2)]

    assert re.fullmatch(r"\d{6}", code)
    assert uses == [True, False]


def test_it_may_be_typed_as_it_is_shown(session: Session, now: datetime) -> None:
    school = make_school(session)
    code = sent(session, school, now)

    assert redeem_code(session, school, ALICE, f" {code[:3]}\u00a0{code[3:]}\n", HERS, now=now)


@pytest.mark.parametrize(
    ("after", "is_good"), [(MINUTES * MINUTE - timedelta(seconds=1), True), (MINUTES * MINUTE, False)]
)
def test_it_lasts_ten_minutes(session: Session, now: datetime, after: timedelta, is_good: bool) -> None:
    school = make_school(session)
    code = sent(session, school, now)

    assert redeem_code(session, school, ALICE, code, HERS, now=now + after) is is_good


def test_after_five_wrong_tries_even_the_right_one_is_refused(session: Session, now: datetime) -> None:
    school = make_school(session)
    code = sent(session, school, now)

    for _ in range(MOST_TRIES):
        assert not redeem_code(session, school, ALICE, wrong(code), HERS, now=now)

    assert not redeem_code(session, school, ALICE, code, HERS, now=now)


@pytest.mark.parametrize("typed", ["", " ", "12345", "1234567", "٠١٢٣٤٥", "a\0b", "1" * 10_000, "<script>"])
def test_what_is_no_code_counts_as_a_try_and_breaks_nothing(session: Session, now: datetime, typed: str) -> None:
    school = make_school(session)
    sent(session, school, now)

    assert not redeem_code(session, school, ALICE, typed, HERS, now=now)
    assert session.exec(select(SignInCode)).one().tries == 1


def test_a_new_code_voids_the_old_one(session: Session, now: datetime) -> None:
    school = make_school(session)
    old, new = sent(session, school, now), sent(session, school, now + MINUTE)

    assert old == new or not redeem_code(session, school, ALICE, old, HERS, now=now + MINUTE)
    assert redeem_code(session, school, ALICE, new, HERS, now=now + MINUTE)


def test_a_code_is_good_for_its_address_and_school_only(session: Session, now: datetime) -> None:
    school, other = make_school(session), make_school(session)
    code = sent(session, school, now)

    assert not redeem_code(session, school, "charlie@mail.example", code, HERS, now=now)
    assert not redeem_code(session, other, ALICE, code, HERS, now=now)
    assert redeem_code(session, school, ALICE, code, HERS, now=now)


def test_known_and_unknown_addresses_are_treated_alike(session: Session, now: datetime) -> None:
    """RELIABILITY T4: rows, mails and topics are the same."""
    school = make_school(session)
    make_contact(session, school, email=ALICE)
    traces: list[Any] = []
    for email in (ALICE, "nobody@mail.example"):
        session.info["topics"].clear()
        sent(session, school, now, email)
        rows = session.exec(select(SignInCode).where(col(SignInCode.email) == email)).all()
        mails = session.exec(select(Message).where(col(Message.recipient) == email)).all()
        traces.append((len(rows), [(m.kind, m.due_at, m.contact_id) for m in mails], set(session.info["topics"])))

    assert traces[0] == traces[1] == (1, [(SIGN_IN_CODE, now, None)], {"mail"})


def test_the_database_does_not_tell_the_code(session: Session, now: datetime) -> None:
    school = make_school(session)
    code = sent(session, school, now)

    row, message = session.exec(select(SignInCode)).one(), session.exec(select(Message)).one()

    assert code not in row.code_hash
    assert code not in str(message.model_dump())


def test_one_address_gets_six_codes_in_a_quarter_of_an_hour(session: Session, now: datetime) -> None:
    school = make_school(session)
    for _ in range(6):
        sent(session, school, now)

    with pytest.raises(TooManyTries):
        sent(session, school, now)

    assert sent(session, school, now, "bob@mail.example")


def test_a_mailbox_s_other_ways_to_write_it_bring_no_more_codes(session: Session, now: datetime) -> None:
    school = make_school(session)
    for n in range(6):
        sent(session, school, now, f"alice+{n}@mail.example")

    with pytest.raises(TooManyTries):
        sent(session, school, now)


def test_a_stranger_s_codes_and_guesses_take_nothing_from_whoever_asks_elsewhere(
    session: Session, now: datetime
) -> None:
    school = make_school(session)
    early = sent(session, school, now)
    for _ in range(6):
        strange = sent(session, school, now, by=CHARLIES)
        for _ in range(MOST_TRIES):
            assert not redeem_code(session, school, ALICE, wrong(strange), CHARLIES, now=now)

    with pytest.raises(TooManyTries):
        sent(session, school, now, by=CHARLIES)

    assert redeem_code(session, school, ALICE, early, HERS, now=now)
    assert redeem_code(session, school, ALICE, sent(session, school, now), HERS, now=now)


def test_a_code_is_for_the_browser_that_asked(session: Session, now: datetime) -> None:
    school = make_school(session)
    code = sent(session, school, now)

    assert not redeem_code(session, school, ALICE, code, Asker(HERS.address, "charlie's browser"), now=now)
    assert redeem_code(session, school, ALICE, code, Asker("198.51.100.7", HERS.browser), now=now)


def test_from_all_places_together_a_mailbox_is_not_flooded(session: Session, now: datetime) -> None:
    school = make_school(session)
    for n in range(30):
        sent(session, school, now, by=Asker(f"192.0.2.{n}", f"browser {n}"))

    with pytest.raises(TooManyTries):
        sent(session, school, now)


def test_whoever_guesses_much_is_heard_no_more_from_their_network(session: Session, now: datetime) -> None:
    """RELIABILITY T7"""
    school = make_school(session)
    code = sent(session, school, now)
    for n in range(MOST_WRONG_FROM_ADDRESS):
        email, by = f"parent{n % 40}@mail.example", Asker(HERS.address, f"browser {n}")
        assert not redeem_code(session, school, email, "000000", by, now=now)

    with pytest.raises(TooManyTries):
        redeem_code(session, school, ALICE, code, HERS, now=now)

    assert redeem_code(session, school, ALICE, code, Asker("198.51.100.7", HERS.browser), now=now)


def test_while_all_the_world_guesses_a_code_has_one_try(session: Session, now: datetime) -> None:
    """RELIABILITY T7; nobody is kept out by it who types the code as it is."""
    school = make_school(session)
    code, charlies = sent(session, school, now), sent(session, school, now, "charlie@mail.example", CHARLIES)
    assert not redeem_code(session, school, "charlie@mail.example", wrong(charlies), CHARLIES, now=now)
    tries(session, "wrong code anywhere", per=5 * MINUTE, now=now)
    session.execute(update(Rate).where(col(Rate.n) == 2).values(n=MOST_WRONG_EVERYWHERE))

    assert not redeem_code(session, school, "charlie@mail.example", charlies, CHARLIES, now=now)
    assert redeem_code(session, school, ALICE, code, HERS, now=now)


def test_the_code_is_mailed_and_then_forgotten(database: Database, now: datetime, outside: Outside) -> None:
    with database.transaction() as session:
        code = sent(session, make_school(session), now)

    outside.tick()

    [mail] = outside.mailer.sent
    assert mail.recipient == ALICE
    assert f"{code[:3]} {code[3:]}" in mail.text
    assert f"{code[:3]} {code[3:]}" in mail.subject
    with database.reading() as session:
        assert session.exec(select(Message.secret)).one() == ""


def test_a_code_that_is_no_longer_good_is_not_mailed(database: Database, now: datetime, outside: Outside) -> None:
    """The mail server was away for a while."""
    with database.transaction() as session:
        sent(session, make_school(session), now)

    outside.tick(MINUTES * MINUTE + MINUTE)

    assert outside.mailer.sent == []
    with database.reading() as session:
        message = session.exec(select(Message)).one()
        assert (message.dropped_at, message.due_at, message.secret) == (outside.now, None, "")


def test_eight_who_redeem_one_code_at_once_are_one(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        school = make_school(session)
        code = sent(session, school, now)

    def redeem() -> bool:
        with database.transaction() as session:
            return redeem_code(session, school, ALICE, code, HERS, now=now)

    assert sorted(map(bool, at_once(*[redeem] * 8))) == [False] * 7 + [True]
