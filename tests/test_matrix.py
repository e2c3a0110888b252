"""Nobody gets more than each view declares: every address, by every method, as everybody, own, foreign and missing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from conftest import KEY, NOW
from matrix import ACTING, ELSEWHERE, PARENT, STRANGER, TEACHER, Matrix, build_matrix
from routes import RULES, each
from town import build_town
from werkzeug.routing import Rule

from webapp import auth, clock
from webapp.auth import Access
from webapp.db import Database
from webapp.models import Level, metadata
from webapp.services.roster import import_run
from webapp.services.system.vault import Vault

ASKED = [rule for rule in RULES if rule.endpoint not in {"static", "health.readyz", "webhooks.zoom"}]
"""With tests of their own: what is served as it is, whether this process is ready, and what is signed."""


@pytest.fixture(autouse=True)
def _conference_time() -> Iterator[None]:
    clock.move(NOW - datetime.now(UTC))
    yield
    clock.move(timedelta())


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    folder = tmp_path_factory.mktemp("matrix")
    database = Database(f"sqlite:///{folder / 'town.db'}", vault=Vault([KEY]))
    metadata.create_all(database.engine)
    clock.move(NOW - datetime.now(UTC))
    built = build_matrix(build_town(database, now=NOW), folder, now=NOW)
    yield built
    built.town.homes.close()
    database.dispose()


@each(ASKED)
def test_everybody_gets_what_the_view_declares_and_no_more(matrix: Matrix, rule: Rule) -> None:
    """RELIABILITY B15, T5, T6, ADMIN-017, URL-001: never a fault, and what is foreign is as if it were missing."""
    wrong = list(matrix.wrong(rule))

    assert not wrong, "\n".join(wrong)


def test_everybody_asks(matrix: Matrix) -> None:
    """RELIABILITY B15"""
    levels = {level.name for level in Level if level > Level.CUSTOMER}

    assert {one.name for one in matrix.principals} == levels | {STRANGER, PARENT, TEACHER, ELSEWHERE, ACTING}


def test_a_guard_that_looks_at_no_level_is_noticed(matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    admit = auth._admit
    monkeypatch.setattr(auth, "_admit", lambda visitor, access: admit(visitor, Access(access.kind, Level.VIEWER)))

    wrong = list(matrix.wrong(rule_of("importer.importer")))

    lower = [level.name for level in Level if Level.VIEWER <= level < Level.ADMINISTRATOR]
    assert all(any(f"as {name}, own: 200, not [403]" in line for line in wrong) for name in lower)


def test_a_guard_that_lets_in_people_of_other_schools_is_noticed(
    matrix: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "_contact", lambda visitor: visitor.own or matrix.town.homes.people["dora"])

    wrong = list(matrix.wrong(rule_of("contacts.start")))

    assert any(f"as {ELSEWHERE}, own: 200, not [404]" in line for line in wrong)


def test_a_loader_that_does_not_ask_for_the_school_is_noticed(matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_run, "_shown_to", lambda school, contact: ())

    wrong = list(matrix.wrong(rule_of("importer.show")))

    assert any("foreign run: 200, not [404]" in line for line in wrong)
    assert any("a foreign run is told from a missing one" in line for line in wrong)


def rule_of(endpoint: str) -> Rule:
    return next(rule for rule in RULES if rule.endpoint == endpoint)
