"""A connection says what it last did, and is renewed before it dies of sleep."""

from datetime import datetime, timedelta

import pytest
from app import fake_providers, make_app
from app import test_settings as settings_of
from conftest import KEY
from factories import make_calendar_link, make_connection, make_contact, make_school, make_teacher
from fakes import FakeGrants, FakeMailer, FakeMeetings, make_tokens
from sqlmodel import Session, select

from jobs.keep_alive import keep_alive
from jobs.mail_delivery import deliver_mail
from webapp import clock
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import CalendarLink, Connection, Level, Message, School
from webapp.providers.base import Tokens
from webapp.services.meeting.tokens import ConnectionTokens
from webapp.services.system.health import AT_MOST_EVERY
from webapp.services.system.keep_alive import sleeping_grants
from webapp.services.system.tokens import close_tokens

DEAD = ProviderError("Dead.", retry=False, code="invalid_grant")
SLOW = ProviderError("%(service)s did not answer in time.", retry=True, code="timeout", service="Zoom")


def connected(database: Database, **values: object) -> int:
    with database.transaction() as session:
        school = make_school(session)
        make_contact(session, school, "Dora", "Office", level=Level.ADMINISTRATOR, email="dora@linden.example")
        make_contact(session, school, "Alice", email="alice@linden.example")
        connection = make_connection(session, school, **values)
        close_tokens(session, connection, make_tokens())
        return connection.id or 0


def row(database: Database, number: int) -> Connection:
    with database.reading() as session:
        return session.get_one(Connection, number)


class TestHealth:
    def test_a_call_is_noted_at_most_once_a_minute_with_the_difference_of_the_clocks(
        self, database: Database, now: datetime
    ) -> None:
        """F16: the provider's Date header is compared."""
        number = connected(database)

        for seconds in (0, 30, 61):
            at = now + timedelta(seconds=seconds)
            store = ConnectionTokens(database, number, lambda at=at: at)  # type: ignore[misc]
            store.note_success(provider_time=at - timedelta(seconds=25 + seconds))

            expected = now if seconds < AT_MOST_EVERY.total_seconds() else at
            assert row(database, number).called_at == expected
        assert row(database, number).clock_ahead == 86

    def test_a_problem_stands_until_the_next_call_succeeds(self, database: Database, now: datetime) -> None:
        number = connected(database)
        store = ConnectionTokens(database, number, lambda: now)
        store.note_success(provider_time=None)

        store.note_problem(SLOW)
        shown = row(database, number)
        store.note_success(provider_time=None)

        assert (shown.problem, shown.problem_values, shown.problem_at) == (SLOW.message, '{"service": "Zoom"}', now)
        assert row(database, number).problem is None

    @pytest.mark.parametrize("code", ["not_found", "passcode", "host_limit", "busy"])
    def test_the_trouble_of_one_teacher_is_none_of_the_connection(
        self, database: Database, now: datetime, code: str
    ) -> None:
        number = connected(database)

        ConnectionTokens(database, number, lambda: now).note_problem(
            ProviderError("One.", retry=code in {"host_limit", "busy"}, code=code)
        )

        assert row(database, number).problem is None


class TestFormerToken:
    def test_the_refresh_token_before_is_kept_encrypted_for_one_round(self, database: Database, now: datetime) -> None:
        """F13: where the newest pair is refused although the one before is good, the connection lives."""
        number = connected(database)
        store = ConnectionTokens(database, number, lambda: now)
        first = store.current()
        second = store.renewed(lambda _: make_tokens(), rejected=first.access)
        kept = row(database, number).former_refresh_token
        asked: list[str] = []

        def only_the_former(tokens: Tokens) -> Tokens:
            asked.append(tokens.refresh)
            if tokens.refresh == second.refresh:
                raise DEAD
            return make_tokens()

        third = store.renewed(only_the_former, rejected=second.access)

        assert kept
        assert first.refresh not in kept
        assert asked == [second.refresh, first.refresh]
        assert store.current() == third
        assert row(database, number).needs_reconnect_at is None

    def test_where_both_are_refused_the_grant_is_dead(self, database: Database, now: datetime) -> None:
        number = connected(database)
        store = ConnectionTokens(database, number, lambda: now)
        second = store.renewed(lambda _: make_tokens(), rejected=store.current().access)
        asked: list[str] = []

        def refused(tokens: Tokens) -> Tokens:
            asked.append(tokens.refresh)
            raise DEAD

        with pytest.raises(ProviderError):
            store.renewed(refused, rejected=second.access)

        assert len(asked) == 2
        assert row(database, number).needs_reconnect_at == now


def test_tokens_are_renewed_from_four_fifths_of_their_life_on(now: datetime) -> None:
    """RELIABILITY 2.4"""
    hour = Tokens("a", "r", now + timedelta(minutes=60))
    short = Tokens("a", "r", now + timedelta(seconds=200), seconds=200)

    assert [hour.is_stale(now + timedelta(minutes=m)) for m in (47, 48)] == [False, True]
    assert [short.is_stale(now + timedelta(seconds=s)) for s in (159, 160)] == [False, True]


class TestKeepAlive:
    def test_a_connection_that_sleeps_is_renewed_once_a_week_whoever_ticks(
        self, database: Database, tmp_path: object
    ) -> None:
        """PROVIDERS 1.1: a grant that nobody uses dies after 90 days. As by several processes."""
        number, grants = connected(database), FakeGrants()
        apps = [
            make_app(settings_of(str(database.engine.url), KEY), fake_providers(FakeMeetings(), FakeMailer(), grants))
            for _ in range(2)
        ]

        for app in apps:
            keep_alive(app)
        renewed = row(database, number).refreshed_at

        assert grants.refreshes == 1
        assert renewed
        assert not self.sleeping(database, renewed + timedelta(days=6, hours=23))
        assert self.sleeping(database, renewed + timedelta(days=7))

    def test_who_comes_second_renews_nothing(self, database: Database, now: datetime) -> None:
        number = connected(database)
        with database.reading() as session:
            (found,) = sleeping_grants(session, now=now)
        store, renewals = ConnectionTokens(database, number, lambda: now), []

        def renew(tokens: Tokens) -> Tokens:
            renewals.append(tokens)
            return make_tokens()

        for _ in range(2):
            store.renewed(renew, rejected=found.access)

        assert len(renewals) == 1

    def test_while_zoom_is_down_it_is_tried_once_an_hour(self, database: Database) -> None:
        grants = FakeGrants()
        number = connected(database)
        app = make_app(settings_of(str(database.engine.url), KEY), fake_providers(FakeMeetings(), FakeMailer(), grants))
        grants.fail("refresh", SLOW)

        for _ in range(3):
            keep_alive(app)

        assert row(database, number).problem == SLOW.message
        assert row(database, number).needs_reconnect_at is None
        assert grants.refreshes == 0
        assert not self.sleeping(database, clock.now() + timedelta(minutes=59))
        assert self.sleeping(database, clock.now() + timedelta(minutes=61))

    def test_without_a_provider_s_client_id_the_grants_of_others_are_kept_alive(self, database: Database) -> None:
        connected(database)
        with database.transaction() as session:
            teacher = make_teacher(session, session.exec(select(School)).one())
            google, microsoft = (make_calendar_link(session, teacher, provider=one) for one in ("google", "microsoft"))
            for link in (google, microsoft):
                close_tokens(session, link, make_tokens())
        grants = FakeGrants()
        providers = fake_providers(FakeMeetings(), FakeMailer(), grants)
        del providers.grants["google"]

        keep_alive(make_app(settings_of(str(database.engine.url), KEY), providers))

        with database.reading() as session:
            gone, kept = session.get_one(CalendarLink, google.id), session.get_one(CalendarLink, microsoft.id)
        assert (gone.refreshed_at, gone.refresh_claim) == (None, None)
        assert kept.refreshed_at
        assert grants.refreshes == 2

    @staticmethod
    def sleeping(database: Database, at: datetime) -> bool:
        with database.reading() as session:
            return bool(sleeping_grants(session, now=at))


class TestOutage:
    def test_the_administrators_are_mailed_once_per_outage(self, database: Database) -> None:
        """OAUTH-014, F14: who can mend it is told, and nobody else."""
        number, mailer, grants = connected(database), FakeMailer(), FakeGrants()
        app = make_app(settings_of(str(database.engine.url), KEY), fake_providers(FakeMeetings(), mailer, grants))
        grants.fail("refresh", DEAD)

        for _ in range(2):
            keep_alive(app)
            deliver_mail(app)

        (mail,) = mailer.sent
        assert "dora@linden.example" in mail.recipient
        assert "needs to be connected again" in mail.subject
        assert "/setup/business" in mail.text
        assert row(database, number).needs_reconnect_at

    def test_what_was_mended_before_the_mail_left_is_not_told(self, database: Database) -> None:
        number, mailer, grants = connected(database), FakeMailer(), FakeGrants()
        app = make_app(settings_of(str(database.engine.url), KEY), fake_providers(FakeMeetings(), mailer, grants))
        grants.fail("refresh", DEAD)
        keep_alive(app)
        with database.transaction() as session:
            session.get_one(Connection, number).needs_reconnect_at = None

        deliver_mail(app)

        assert mailer.sent == []
        with database.reading() as session:
            assert session.exec(select(Message)).one().dropped_at


def test_a_connection_of_the_old_type_is_never_used(session: Session, now: datetime) -> None:
    """R90: no call is tried."""
    connection = make_connection(session, make_school(session), grant_type="account_credentials")
    close_tokens(session, connection, make_tokens())

    assert not connection.is_live
    assert sleeping_grants(session, now=now) == []
