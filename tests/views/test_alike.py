"""At every door a known and an unknown address cost the same: as many statements, in one order, and as many hashes.

A clock tells little on a busy machine; what is counted here is what a clock would measure."""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from app import Browser
from factories import LONG_AGO
from households import Households, play
from online_office import time_stands_at
from sqlmodel import select
from statements import statements

from webapp.db import Database
from webapp.models import Level, Login
from webapp.services.people.accounts import password_hash
from webapp.services.people.claim_codes import codes_of

UNKNOWN = "unknown@mail.example"
PASSWORD = "a long enough one"

Door = Callable[[Households, str], object]


@pytest.fixture
def homes(database: Database, now: datetime) -> Iterator[Households]:
    with time_stands_at(now):
        played = play(database, now=now)
        yield played
        played.close()


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was made of anything meanwhile, by name."""
    made: list[str] = []
    for module, name in ((hashlib, "sha256"), (hashlib, "scrypt"), (hmac, "digest")):
        really = getattr(module, name)

        monkeypatch.setattr(module, name, _counted(really, name, made))
    return made


def _counted(really: Callable[..., object], name: str, made: list[str]) -> Callable[..., object]:
    def counted(*values: object, **named: object) -> object:
        made.append(name)
        return really(*values, **named)

    return counted


def visitor(homes: Households, email: str) -> Browser:
    """At the page that asks for the code."""
    browser = Browser(homes.app)
    browser.post(f"{homes.base}/", {"email": email})
    return browser


def asks_for_a_code(homes: Households, email: str) -> object:
    return Browser(homes.app).post(f"{homes.base}/", {"email": email})


def asks_for_another_code(homes: Households, email: str) -> object:
    return visitor(homes, email).post(f"{homes.base}/code/new")


def types_a_wrong_code(homes: Households, email: str) -> object:
    return visitor(homes, email).post(f"{homes.base}/code", {"code": "nothing"})


def types_a_wrong_password(homes: Households, email: str) -> object:
    return visitor(homes, email).post(f"{homes.base}/password", {"password": "not this one"})


def signs_in_as_staff(homes: Households, email: str) -> object:
    return Browser(homes.app).post("/sign-in", {"email": email, "password": "not this one"})


def asks_for_a_link(homes: Households, email: str) -> object:
    return Browser(homes.app).post("/sign-in/link", {"email": email})


DOORS = (
    asks_for_a_code,
    asks_for_another_code,
    types_a_wrong_code,
    types_a_wrong_password,
    signs_in_as_staff,
    asks_for_a_link,
)


@pytest.mark.parametrize("door", DOORS)
def test_a_known_and_an_unknown_address_cost_the_same(homes: Households, hashes: list[str], door: Door) -> None:
    """LOGIN-001 to LOGIN-005, RELIABILITY T4: a parent, an administrator with a password, and nobody."""
    with homes.database.transaction() as session:
        session.exec(select(Login).where(Login.email == homes.people["dora"].email)).one().password_hash = HASH
    door(homes, "somebody.first@mail.example")  # what a process does once is not what it does for somebody

    work = [cost(homes, hashes, lambda email=email: door(homes, email)) for email in addresses(homes)]

    assert work[0][0]
    assert work[0] == work[1] == work[2]


def test_a_child_whose_id_is_known_and_one_whose_is_not_cost_the_same(homes: Households, hashes: list[str]) -> None:
    """RELIABILITY T4"""
    dora, known = homes.browser("dora"), homes.children["mia"].student_ref

    def claims(ref: str) -> Callable[[], object]:
        return lambda: dora.post(f"{homes.base}/children", {"student_ref": ref, "security_value": "a guess"})

    claims("first")()

    assert cost(homes, hashes, claims(known)) == cost(homes, hashes, claims("nobody"))


def test_a_code_that_begins_as_one_that_there_is_costs_the_same(homes: Households, hashes: list[str]) -> None:
    """RELIABILITY T4"""
    with homes.database.transaction() as session:
        number = homes.children["mia"].id or 0
        code = codes_of(session, homes.school.id or 0, [number], now=LONG_AGO)[number]
    dora, wrong = homes.browser("dora"), "3" if code[-1] != "3" else "4"

    def claims(typed: str) -> Callable[[], object]:
        return lambda: dora.post(f"{homes.base}/children/code", {"code": typed})

    claims("AAAAAAAAAA")()

    assert cost(homes, hashes, claims(code[:-1] + wrong)) == cost(homes, hashes, claims("33333-33333"))


def addresses(homes: Households) -> tuple[str, str, str]:
    return (homes.people["alice"].email or "", homes.people["dora"].email or "", UNKNOWN)


def cost(homes: Households, hashes: list[str], deed: Callable[[], object]) -> tuple[list[str], list[str]]:
    """The verbs of its statements, and its hashes, in order."""
    del hashes[:]
    with statements(homes.app) as sent:
        deed()
    return [re.split(r"\s", statement.strip())[0] for statement, _ in sent], sorted(hashes)


HASH = password_hash(PASSWORD, level=Level.CUSTOMER)
