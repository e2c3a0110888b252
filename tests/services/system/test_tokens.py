"""Tokens are kept encrypted, and renewed by one at a time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from conftest import KEY
from factories import make_connection, make_event, make_resource, make_school, make_slot, make_teacher
from fakes import make_tokens
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from webapp.db import Database
from webapp.errors import Busy, ProviderError, Unsure
from webapp.models import Appointment, Audit, Connection, Meeting
from webapp.providers.base import Tokens
from webapp.services.booking.consequences import follow
from webapp.services.meeting.tokens import ConnectionTokens
from webapp.services.system import tokens as tokens_module
from webapp.services.system.tokens import FreshGrant, close_tokens
from webapp.services.system.vault import Unreadable, Vault

DEAD = ProviderError("Dead.", retry=False, code="invalid_grant")
DOWN = ProviderError("Down.", retry=True, code="unreachable")


def connected(database: Database, tokens: Tokens, **values: object) -> int:
    with database.transaction() as session:
        connection = make_connection(session, make_school(session), **values)
        close_tokens(session, connection, tokens)
        assert connection.id is not None
        return connection.id


def stored(database: Database, connection_id: int, now: datetime) -> ConnectionTokens:
    return ConnectionTokens(database, connection_id, lambda: now)


def raising(error: BaseException) -> Callable[[Tokens], Tokens]:
    def renew(tokens: Tokens) -> Tokens:
        raise error

    return renew


def never(tokens: Tokens) -> Tokens:
    raise AssertionError("nobody should renew")


def test_what_was_stored_comes_back_and_the_database_does_not_tell_it(database: Database, now: datetime) -> None:
    """R13: OAUTH-023."""
    tokens = make_tokens()

    number = connected(database, tokens)

    assert stored(database, number, now).current() == tokens
    with database.reading() as session:
        row = str(session.execute(text("SELECT * FROM connection")).all())
    assert tokens.access not in row
    assert tokens.refresh not in row


def test_the_end_of_a_grant_that_dies_by_itself_is_kept_as_long_as_it_holds(database: Database, now: datetime) -> None:
    """FAILURES F37: of a Google project in testing, after seven days."""
    in_a_week = now + timedelta(days=7)
    number = connected(database, make_tokens(refresh_ends_at=in_a_week))
    tokens = stored(database, number, now)
    before = tokens.current().refresh_ends_at

    tokens.renewed(lambda _: make_tokens(), rejected=tokens.current().access)

    assert (before, tokens.current().refresh_ends_at) == (in_a_week, None)


def test_a_row_without_an_end_is_no_fault_of_ours_but_unreadable(database: Database, now: datetime) -> None:
    """Of a damaged database: /readyz names the reason instead of failing."""
    number = connected(database, make_tokens())
    with database.transaction() as session:
        session.get_one(Connection, number).access_expires_at = None

    with pytest.raises(ProviderError) as caught:
        stored(database, number, now).current()

    assert caught.value.code == "unreadable_tokens"


def test_a_token_copied_into_another_connection_opens_nothing(database: Database, now: datetime) -> None:
    """OAUTH-024"""
    first, second = connected(database, make_tokens()), connected(database, make_tokens())
    with database.transaction() as session:
        theirs = session.get_one(Connection, first).access_token
        session.get_one(Connection, second).access_token = theirs

    with pytest.raises(ProviderError) as caught:
        stored(database, second, now).current()

    assert caught.value.code == "unreadable_tokens"
    assert isinstance(caught.value.__cause__, Unreadable)


def test_a_missing_key_makes_the_work_wait_and_deletes_nothing(
    database: Database, tmp_path: Path, now: datetime
) -> None:
    """OAUTH-026"""
    tokens = make_tokens()
    number = connected(database, tokens)
    elsewhere = Database(str(database.engine.url), vault=Vault(["another-key-0123456789abcdef-0123"]))

    with pytest.raises(ProviderError) as caught:
        stored(elsewhere, number, now).renewed(never, rejected=tokens.access)
    elsewhere.dispose()

    assert caught.value.retry
    assert stored(database, number, now).current() == tokens


def test_a_key_that_was_rotated_still_opens_what_it_closed(database: Database, now: datetime) -> None:
    """R13"""
    tokens = make_tokens()
    number = connected(database, tokens)
    rotated = Database(str(database.engine.url), vault=Vault(["newest-key-0123456789abcdef-012345", KEY]))

    assert stored(rotated, number, now).current() == tokens
    rotated.dispose()


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"disconnected_at": datetime.fromisoformat("2026-11-01T00:00:00Z")}, "not_connected"),
        ({"connected_at": None}, "not_connected"),
        ({"needs_reconnect_at": datetime.fromisoformat("2026-11-01T00:00:00Z")}, "needs_reconnect"),
    ],
)
def test_a_connection_that_is_not_live_gives_no_tokens(
    database: Database, now: datetime, values: dict[str, object], code: str
) -> None:
    number = connected(database, make_tokens(), **values)

    for work in (
        lambda: stored(database, number, now).current(),
        lambda: stored(database, number, now).renewed(never, rejected="x"),
    ):
        with pytest.raises(ProviderError) as caught:
            work()
        assert (caught.value.code, caught.value.retry) == (code, False)


def test_renewing_stores_both_tokens_at_once(database: Database, now: datetime) -> None:
    old, fresh = make_tokens(), make_tokens(scopes="one two")
    number = connected(database, old)
    given: list[Tokens] = []

    def renew(tokens: Tokens) -> Tokens:
        given.append(tokens)
        return fresh

    got = stored(database, number, now).renewed(renew, rejected=old.access)

    assert given == [old]
    assert got == fresh
    assert stored(database, number, now).current() == fresh
    with database.reading() as session:
        row = session.get_one(Connection, number)
        assert (row.refreshed_at, row.refresh_claim, row.refresh_lease_until) == (now, None, None)


def test_whoever_comes_later_gets_the_newer_token_without_renewing(database: Database, now: datetime) -> None:
    newer = make_tokens()
    number = connected(database, newer)

    assert stored(database, number, now).renewed(never, rejected="an older one") == newer


def test_eight_at_once_renew_exactly_once(database: Database, now: datetime) -> None:
    """R13: F13, OAUTH-015. As eight processes would, each with its own engine on the same database."""
    old, fresh = make_tokens(), make_tokens()
    number = connected(database, old)
    renewals: list[str] = []
    got: list[Tokens] = []
    together = threading.Barrier(8)

    def renew(tokens: Tokens) -> Tokens:
        renewals.append(tokens.refresh)
        threading.Event().wait(0.3)  # the provider takes its time
        return fresh

    def work() -> None:
        own = Database(str(database.engine.url), vault=Vault([KEY]))
        together.wait()
        got.append(stored(own, number, now).renewed(renew, rejected=old.access))
        own.dispose()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert renewals == [old.refresh]
    assert got == [fresh] * 8


def test_trouble_while_renewing_gives_the_turn_back(database: Database, now: datetime) -> None:
    """OAUTH-017: the old tokens are kept."""
    old, fresh = make_tokens(), make_tokens()
    number = connected(database, old)

    for error in (DOWN, RuntimeError("ours")):
        with pytest.raises(type(error)):
            stored(database, number, now).renewed(raising(error), rejected=old.access)

    assert stored(database, number, now).current() == old
    assert stored(database, number, now).renewed(lambda _: fresh, rejected=old.access) == fresh


def test_a_refresher_that_died_holds_the_others_up_for_its_lease_only(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, fresh = make_tokens(), make_tokens()
    number = connected(database, old, refresh_claim="theirs", refresh_lease_until=now + timedelta(seconds=45))
    monkeypatch.setattr(tokens_module, "_PATIENCE", 0.3)

    with pytest.raises(ProviderError) as caught:
        stored(database, number, now).renewed(never, rejected=old.access)
    later = stored(database, number, now + timedelta(seconds=46)).renewed(lambda _: fresh, rejected=old.access)

    assert (caught.value.retry, caught.value.arrived) == (True, False)
    assert later == fresh


def test_a_late_refresher_does_not_overwrite_a_disconnect(database: Database, now: datetime) -> None:
    old = make_tokens()
    number = connected(database, old)

    def renew(tokens: Tokens) -> Tokens:
        with database.transaction() as session:
            row = session.get_one(Connection, number)
            row.access_token = row.refresh_token = ""
            row.refresh_claim, row.disconnected_at = None, now
        return make_tokens()

    with pytest.raises(ProviderError) as caught:
        stored(database, number, now).renewed(renew, rejected=old.access)

    assert caught.value.code == "not_connected"
    with database.reading() as session:
        assert session.get_one(Connection, number).access_token == ""


def test_a_refused_refresh_looks_again_before_it_declares_the_grant_dead(database: Database, now: datetime) -> None:
    """F13: somebody may have renewed or reconnected meanwhile."""
    old, newer = make_tokens(), make_tokens()
    number = connected(database, old)

    def renew(tokens: Tokens) -> Tokens:
        with database.transaction() as session:
            close_tokens(session, session.get_one(Connection, number), newer)
        raise DEAD

    assert stored(database, number, now).renewed(renew, rejected=old.access) == newer
    with database.reading() as session:
        assert session.get_one(Connection, number).needs_reconnect_at is None


def waiting_meeting(session: Session, now: datetime) -> tuple[int, Tokens]:
    school = make_school(session)
    teacher = make_teacher(session, school)
    event = make_event(session, school, settings={"provider": "zoom"})
    resource = make_resource(session, event, teacher)
    slot = make_slot(session, resource, kind="V")
    connection, tokens = make_connection(session, school), make_tokens()
    close_tokens(session, connection, tokens)
    ties = {"school_id": school.id, "event_id": event.id, "resource_id": resource.id, "slot_id": slot.id}
    appointment = Appointment(**ties, contact_id=teacher.id, child_key="s1", is_virtual=True, act="act", booked_at=now)
    session.add(appointment)
    session.flush()
    follow(session, [appointment.id or 0], now=now)
    return connection.id or 0, tokens


def test_a_dead_grant_is_marked_and_what_waits_for_it_says_why(database: Database, now: datetime) -> None:
    """F14, OAUTH-014: stopped, not asked for again and again."""
    with database.transaction() as session:
        number, tokens = waiting_meeting(session, now)

    with pytest.raises(ProviderError) as caught:
        stored(database, number, now).renewed(raising(DEAD), rejected=tokens.access)

    assert caught.value.code == "invalid_grant"
    with database.reading() as session:
        assert session.get_one(Connection, number).needs_reconnect_at == now
        assert session.exec(select(Meeting)).one().problem_code == "needs_reconnect"
        assert [row.action for row in session.exec(select(Audit))] == ["connection.needs_reconnect"]
    with pytest.raises(ProviderError):
        stored(database, number, now).renewed(never, rejected=tokens.access)


def test_a_fresh_grant_serves_its_tokens_and_is_not_renewed() -> None:
    tokens = make_tokens()

    assert FreshGrant(tokens).current() == tokens
    with pytest.raises(ProviderError):
        FreshGrant(tokens).renewed(never, rejected=tokens.access)


def test_a_busy_database_does_not_lose_the_pair_that_the_provider_just_gave(database: Database, now: datetime) -> None:
    """The former pair is void by then (F13)."""
    old, fresh = make_tokens(), make_tokens()
    number = connected(database, old)
    crowded = Crowded(str(database.engine.url), vault=Vault([KEY]))

    def renew(tokens: Tokens) -> Tokens:
        crowded.refusals = 2
        return fresh

    assert stored(crowded, number, now).renewed(renew, rejected=old.access) == fresh
    crowded.dispose()
    assert stored(database, number, now).current() == fresh


@pytest.mark.parametrize("error", [OperationalError("", {}, Exception("gone")), Unsure()], ids=["gone", "unsure"])
def test_a_database_that_is_away_for_a_moment_does_not_lose_it_either(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """PostgreSQL is started anew while Zoom answers."""
    monkeypatch.setattr(tokens_module, "_PAUSES", (0.0,) * len(tokens_module._PAUSES))
    old, fresh = make_tokens(), make_tokens()
    number = connected(database, old)
    away = Crowded(str(database.engine.url), vault=Vault([KEY]))
    away.error = error

    def renew(tokens: Tokens) -> Tokens:
        away.refusals = len(tokens_module._PAUSES)
        return fresh

    assert stored(away, number, now).renewed(renew, rejected=old.access) == fresh
    away.dispose()
    assert stored(database, number, now).current() == fresh


def test_a_lease_outlives_the_call_and_the_saving() -> None:
    """RELIABILITY 2.3: 15 s for the call, then 5 s for each try with a busy database, or the pauses."""
    pauses = tokens_module._PAUSES

    assert timedelta(seconds=15 + max(5 * (len(pauses) + 1), sum(pauses))) < tokens_module.LEASE


class Crowded(Database):
    """Refuses as many transactions as it is told to."""

    refusals = 0
    error: Exception = Busy()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        if self.refusals:
            self.refusals -= 1
            raise self.error
        with super().transaction() as session:
            yield session
