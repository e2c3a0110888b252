"""A grant that was given up here is ended at the provider too, however long that takes."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from factories import make_connection, make_school
from fakes import FakeGrants, make_tokens
from sqlmodel import select

from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Connection, Task
from webapp.providers.base import Providers, Tokens
from webapp.services.meeting.deauthorise import deauthorise
from webapp.services.system.errand import claim_due
from webapp.services.system.revoke import DIES_AFTER, queue_revoke, run_revoke

pytestmark = pytest.mark.both_databases

DOWN = ProviderError("Down.", retry=True, code="unreachable")


@dataclass
class Scene:
    """A school that has disconnected: `tokens` are still to be revoked. `run` is what the job does."""

    database: Database
    grants: FakeGrants
    tokens: Tokens
    now: datetime

    def run(self, by: timedelta = timedelta(), *, offered: bool = True) -> None:
        self.now += by
        with self.database.transaction() as session:
            claims = claim_due(session, Task, now=self.now)
        providers = Providers(meetings={}, grants={"zoom": self.grants} if offered else {}, link_hosts={}, mailer=None)  # type: ignore[arg-type]
        for claim in claims:
            run_revoke(self.database, providers, claim, lambda: self.now)

    def task(self) -> Task:
        with self.database.reading() as session:
            return session.exec(select(Task)).one()

    def change(self, deed: Callable[[Connection], object]) -> None:
        with self.database.transaction() as session:
            deed(session.exec(select(Connection)).one())


@pytest.fixture
def scene(database: Database, now: datetime) -> Scene:
    tokens = make_tokens(expires_at=now + timedelta(hours=1))
    with database.transaction() as session:
        school = make_school(session)
        make_connection(session, school, account_id="acc", disconnected_at=now)
        queue_revoke(session, school.id or 0, "zoom", tokens, account_id="acc", now=now)
    return Scene(database, FakeGrants(), tokens, now)


def test_while_the_provider_is_down_it_is_tried_again_until_it_has_succeeded(scene: Scene) -> None:
    """OAUTH-027"""
    for _ in range(3):
        scene.grants.fail("revoke", DOWN)
        scene.run(timedelta(minutes=12))
    waiting = scene.task()

    scene.run(timedelta(minutes=12))

    ended = scene.task()
    assert (waiting.problem_code, waiting.ended_at) == ("unreachable", None)
    assert [tokens.access[:6] for tokens in scene.grants.revoked] == ["access"]
    assert (ended.due_at, ended.problem, ended.arguments) == (None, None, "{}")
    assert ended.ended_at == scene.now


def test_the_tokens_wait_encrypted_and_bound_to_their_row(scene: Scene) -> None:
    """OAUTH-024, OAUTH-027"""
    stored = scene.task().arguments
    assert scene.tokens.access not in stored
    assert scene.tokens.refresh not in stored
    with scene.database.transaction() as session:
        task = session.exec(select(Task)).one()
        copied = Task(**task.model_dump(exclude={"id"}))
        session.delete(task)
        session.add(copied)
        session.flush()
        copied.id = (copied.id or 0) + 100

    scene.run()

    assert scene.grants.revoked == []
    assert scene.task().due_at is None


def test_an_old_access_token_is_renewed_for_it_and_the_new_pair_kept_until_the_end(scene: Scene) -> None:
    scene.grants.fail("revoke", DOWN)
    scene.run(timedelta(days=1))
    scene.run(timedelta(minutes=12))

    assert scene.grants.refreshes == 1
    [revoked] = scene.grants.revoked
    assert revoked.access != scene.tokens.access


def test_a_grant_that_is_dead_already_has_ended(scene: Scene) -> None:
    scene.grants.fail("refresh", ProviderError("Dead.", retry=False, code="invalid_grant"))

    scene.run(timedelta(days=1))

    assert (scene.task().due_at, scene.task().problem) == (None, None)


def test_a_refusal_of_our_own_settings_is_tried_again_while_the_grant_can_live(scene: Scene) -> None:
    scene.grants.fail("revoke", ProviderError("Wrong secret.", retry=False, code="invalid_client"))
    scene.run()
    refused = scene.task()
    scene.run(DIES_AFTER + timedelta(days=1))

    assert refused.due_at is not None
    assert scene.task().due_at is None
    assert scene.grants.revoked == []


def test_who_connects_the_same_account_again_keeps_the_new_grant(scene: Scene) -> None:
    scene.change(lambda connection: setattr(connection, "disconnected_at", None))

    scene.run()

    assert scene.grants.revoked == []
    assert scene.task().arguments == "{}"


def test_another_school_s_grant_for_the_same_account_is_not_ended_with_it(scene: Scene) -> None:
    with scene.database.transaction() as session:
        make_connection(session, make_school(session), account_id="acc")

    scene.run()

    assert scene.grants.revoked == []


def test_nothing_is_kept_for_it_once_the_app_was_taken_away(scene: Scene) -> None:
    """HOOK-014"""
    scene.change(lambda connection: setattr(connection, "disconnected_at", None))
    with scene.database.transaction() as session:
        deauthorise(session, session.exec(select(Connection)).one(), now=scene.now)

    with scene.database.reading() as session:
        assert session.exec(select(Task)).all() == []


def test_it_names_the_account_and_no_person(scene: Scene) -> None:
    assert json.loads(scene.task().arguments).keys() == {"provider", "account", "tokens"}


def test_without_the_provider_s_client_id_it_waits_and_is_ended_once_it_is_set_again(scene: Scene) -> None:
    for _ in range(7):
        scene.run(timedelta(minutes=12), offered=False)
    waiting = scene.task()

    scene.run(timedelta(minutes=12))

    assert (waiting.problem_code, waiting.ended_at) == ("not_enabled", None)
    assert [tokens.access[:6] for tokens in scene.grants.revoked] == ["access"]
    assert scene.task().ended_at == scene.now
