"""Ask every address by every method as everybody, for what is one's own, foreign and missing, and say what was wrong.

What has to come is derived from the access that the view declares, and from the parts of its address."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from routes import ACCESS, AS_ONESELF, methods, unfit
from sqlmodel import Session
from town import Town
from werkzeug.routing import AnyConverter, IntegerConverter, Rule

from webapp.models import Contact, Level
from webapp.services.people.accounts import login_for
from webapp.services.people.log_in_as import log_in_as
from webapp.services.people.sign_in import STAFF_STAYS, signed_in, start_sign_in

STRANGER, PARENT, TEACHER, ELSEWHERE, ACTING = "stranger", "parent", "teacher", "office elsewhere", "acting as teacher"
CSRF = "tests-csrf-value"
NOWHERE: dict[type, Any] = {int: 2147480000, str: "nothing-there"}

OTHERS_COUNT = {"parent.count"}
"""Says how many choices its own address holds, and nothing of the school or the event that it names."""

_DONE = {200, 204, 303, 400, 404, 409, 422}
"""A deed may find nothing to do with an empty form, or nothing named in it; never is it refused to who may do it."""


@dataclass
class Principal:
    name: str
    cookie: str
    level: Level
    """In the school of `here`; a customer's where there is none."""
    is_known: bool = True
    """Has a contact in the school of `here`."""

    def client(self, town: Town) -> FlaskClient:
        """A fresh one each time: what an answer does to the cookie is nothing to the next."""
        client = town.app.test_client()
        client.set_cookie(town.app.config["SESSION_COOKIE_NAME"], self.cookie)
        return client


@dataclass
class Matrix:
    """A town that is put back after each deed."""

    town: Town
    principals: list[Principal]
    live: Path
    kept: Path

    def keep(self) -> None:
        _copy(self.live, self.kept)

    def put_back(self) -> None:
        _copy(self.kept, self.live)

    def wrong(self, rule: Rule) -> Iterator[str]:
        """One line for each answer that is not what the declared access promises."""
        for method in methods(rule):
            for principal in self.principals:
                yield from self._own(rule, method, principal)
            for principal in self._welcome(rule):
                yield from self._not_there(rule, method, principal)

    def _own(self, rule: Rule, method: str, principal: Principal) -> Iterator[str]:
        answer = self.ask(rule, method, principal, self.town.address(rule))
        wanted = expected(rule, method, principal)
        if unfit(answer) or answer.status_code not in wanted:
            yield _line(rule, method, principal, "own", answer, wanted)

    def _welcome(self, rule: Rule) -> list[Principal]:
        """Whom the guard lets through with the least rights, and with the most."""
        access = ACCESS[rule.endpoint]
        names = {
            "public": [STRANGER],
            "signed_in": [PARENT],
            "family": [PARENT, Level.ADMINISTRATOR.name],
            "staff": [access.level.name, Level.ADMINISTRATOR.name],
        }[access.kind]
        return [principal for principal in self.principals if principal.name in names]

    def _not_there(self, rule: Rule, method: str, principal: Principal) -> Iterator[str]:
        """One part of the address at a time; to a foreign one the answer is the same as to one that is not there."""
        place, other = self.town.here.values(rule), self.town.elsewhere.values(rule)
        for part in [part for part in rule.arguments if not isinstance(rule._converters[part], AnyConverter)]:
            values = [("missing", _nowhere(rule, part))]
            if other[part] != place[part]:
                values.append(("foreign", other[part]))
            answers = {}
            for which, value in values:
                answer = self.ask(rule, method, principal, self.town.address(rule, **{part: value}))
                answers[which] = _bare(answer)
                if unfit(answer) or not _is_hidden(rule, answer.status_code):
                    yield _line(rule, method, principal, f"{which} {part}", answer, {404})
            if ACCESS[rule.endpoint].kind == "staff" and len(set(answers.values())) > 1:
                yield f"{method} {rule}: a foreign {part} is told from a missing one"

    def ask(self, rule: Rule, method: str, principal: Principal, address: str) -> Any:
        client = principal.client(self.town)
        if method == "GET":
            return client.get(address)
        form = {"csrf": CSRF, "key": self.town.homes.key()}
        answer = client.open(address, method=method, data=form, headers={"Sec-Fetch-Site": "same-origin"})
        if answer.status_code < 400:
            self.put_back()
        return answer


def build_matrix(town: Town, folder: Path, *, now: datetime) -> Matrix:
    with town.homes.database.transaction() as session:
        teacher = session.get_one(Contact, town.here.contact_id)
        people = {PARENT: town.homes.people["alice"], TEACHER: teacher}
        staff = town.staff | town.granted
        people |= {level.name: person for level, person in staff.items() if level > Level.CUSTOMER}
        secrets = {name: _secret(session, one, now) for name, one in people.items()}
        levels = {name: Level(one.level) for name, one in people.items()}
        secrets[ELSEWHERE] = _secret(session, town.stranger, now)
        secrets[ACTING], levels[ACTING] = _acting(session, town, teacher, now), Level(teacher.level)
    principals = [Principal(STRANGER, _cookie(town, None), Level.CUSTOMER, is_known=False)]
    principals += [
        Principal(name, _cookie(town, secret), levels.get(name, Level.CUSTOMER), name in levels)
        for name, secret in secrets.items()
    ]
    matrix = Matrix(town, principals, Path(str(town.homes.database.engine.url.database)), folder / "kept.db")
    matrix.keep()
    return matrix


def _secret(session: Session, person: Contact, now: datetime) -> str:
    contact = session.get_one(Contact, person.id)
    login = login_for(session, contact.email or "", now=now)
    contact.login_id = login.id
    session.flush()
    return start_sign_in(session, login, stays=STAFF_STAYS, now=now)


def _acting(session: Session, town: Town, teacher: Contact, now: datetime) -> str:
    """The school's Administrator, logged in as a teacher."""
    dora = session.get_one(Contact, town.homes.people["dora"].id)
    person = signed_in(session, _secret(session, dora, now), now=now)
    assert person
    return log_in_as(session, person, dora, teacher.id or 0, now=now)


def _cookie(town: Town, secret: str | None) -> str:
    client = town.app.test_client()
    with client.session_transaction() as session:
        session["csrf"] = CSRF
        if secret:
            session.update({"_user_id": secret, "_fresh": True})
    found = client.get_cookie(town.app.config["SESSION_COOKIE_NAME"])
    assert found
    return found.value


def expected(rule: Rule, method: str, principal: Principal) -> set[int]:
    """The statuses that are right for what is there, of the school that the principal is a person of."""
    access = ACCESS[rule.endpoint]
    if access.kind == "public":
        return _DONE | {403, 410, 501}
    if principal.name == STRANGER:
        return {303}
    if access.kind == "signed_in":
        return _DONE | ({403} if principal.name == ACTING else set())
    if principal.name == ACTING and rule.endpoint in AS_ONESELF:
        return {403}
    if access.kind == "family":
        return _family(rule, method, principal)
    if not principal.is_known or principal.level < Level.VIEWER:
        return {404}
    if principal.level < access.level:
        return {403}
    return _may(method)


def _family(rule: Rule, method: str, principal: Principal) -> set[int]:
    """What was booked is its family's alone. Whoever the school does not know is asked to sign in, as a stranger is."""
    if not principal.is_known:
        return {303 if method == "GET" else 404}
    if principal.name == PARENT or rule.endpoint in OTHERS_COUNT:
        return _may(method)
    return {404} if {"token", "act"} & rule.arguments else _may(method) | {404}


def _may(method: str) -> set[int]:
    return {200, 204, 303, 422} if method == "GET" else _DONE


def _is_hidden(rule: Rule, status: int) -> bool:
    kind = ACCESS[rule.endpoint].kind
    if kind in {"public", "signed_in"} or rule.endpoint in OTHERS_COUNT:
        return status < 500
    return status == 404


def _nowhere(rule: Rule, part: str) -> Any:
    return NOWHERE[int if isinstance(rule._converters.get(part), IntegerConverter) else str]


def _bare(answer: Any) -> str:
    return re.sub(r'name="csrf" value="[^"]*"', "", answer.text)


def _line(rule: Rule, method: str, principal: Principal, what: str, answer: Any, wanted: set[int]) -> str:
    fault = unfit(answer) or f"{answer.status_code}, not {sorted(wanted)}"
    return f"{method} {rule} as {principal.name}, {what}: {fault}"


def _copy(source: Path, target: Path) -> None:
    """In place, so that whoever has the target open sees it."""
    with sqlite3.connect(source) as read, sqlite3.connect(target) as written:
        read.backup(written)
    read.close()
    written.close()
