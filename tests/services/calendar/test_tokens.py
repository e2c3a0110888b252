"""The tokens of a teacher's calendar are kept as a connection's are, and their death is told to the teacher."""

from datetime import datetime, timedelta

import pytest
from conftest import KEY
from factories import make_calendar_link, make_connection, make_school, make_teacher
from fakes import make_tokens
from sqlalchemy import text
from sqlmodel import select

from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Audit, CalendarLink, Message
from webapp.operations.doctor_database import _calendars
from webapp.providers.base import Tokens
from webapp.services.calendar.tokens import LinkTokens
from webapp.services.message.compose import compose
from webapp.services.system.granted import unreadable_grants
from webapp.services.system.keep_alive import RENEW_AFTER, sleeping_grants
from webapp.services.system.rekey import rekey
from webapp.services.system.tokens import close_tokens
from webapp.services.system.vault import Vault

pytestmark = pytest.mark.both_databases

DEAD = ProviderError("Dead.", retry=False, code="invalid_grant")
NEWER = "newest-key-0123456789abcdef-012345"


def linked(database: Database, tokens: Tokens, **values: object) -> int:
    with database.transaction() as session:
        teacher = make_teacher(session, make_school(session), "Folake", "Adeyemi", email="folake@linden.example")
        link = make_calendar_link(session, teacher, **values)
        close_tokens(session, link, tokens)
        return link.id or 0


def kept(database: Database, number: int, now: datetime) -> LinkTokens:
    return LinkTokens(database, number, lambda: now)


def refusing(tokens: Tokens) -> Tokens:
    raise DEAD


def test_a_link_keeps_its_tokens_encrypted_and_renews_them_in_its_row(database: Database, now: datetime) -> None:
    """OAUTH-023, for calendars."""
    old, fresh = make_tokens(), make_tokens()
    number = linked(database, old)

    got = kept(database, number, now).renewed(lambda _: fresh, rejected=old.access)

    assert (got, kept(database, number, now).current()) == (fresh, fresh)
    with database.reading() as session:
        row = str(session.execute(text("SELECT * FROM calendarlink")).all())
    assert not any(secret in row for secret in (old.access, old.refresh, fresh.access, fresh.refresh))


def test_a_connections_token_opens_nothing_in_a_link_of_the_same_number(database: Database, now: datetime) -> None:
    """OAUTH-024: the table is part of what a token is bound to."""
    number = linked(database, make_tokens())
    with database.transaction() as session:
        link = session.get_one(CalendarLink, number)
        connection = make_connection(session, make_school(session), id=number)
        close_tokens(session, connection, make_tokens())
        link.access_token = connection.access_token

    with pytest.raises(ProviderError) as caught:
        kept(database, number, now).current()

    assert caught.value.code == "unreadable_tokens"
    with database.reading() as session:
        assert [row.id for row in unreadable_grants(session)] == [number]


def test_a_dead_grant_stops_its_link_alone_and_is_told_to_its_owner_once(database: Database, now: datetime) -> None:
    """OAUTH-014, for calendars: the office's connection, and whoever else linked one, go on."""
    tokens = make_tokens()
    number, other = linked(database, tokens), linked(database, make_tokens(), provider="microsoft")
    store = kept(database, number, now)

    for _ in range(2):
        with pytest.raises(ProviderError):
            store.renewed(refusing, rejected=tokens.access)

    with database.reading() as session:
        assert not session.get_one(CalendarLink, number).is_live
        assert session.get_one(CalendarLink, other).is_live
        (message,) = session.exec(select(Message))
        mail = compose(session, message, base_url="https://confab.example", now=now)
        assert [row.action for row in session.exec(select(Audit))] == ["calendar.needs_reconnect"]
    assert mail
    assert mail.mail.recipient == "folake@linden.example"
    assert "Your Google calendar needs to be linked again" in mail.mail.subject
    assert "/calendar-sync" in mail.mail.text


@pytest.mark.parametrize("mended", [{"needs_reconnect_at": None}, {"disconnected_at": datetime.min}])
def test_what_was_mended_before_the_mail_left_is_not_told(
    database: Database, now: datetime, mended: dict[str, datetime | None]
) -> None:
    tokens = make_tokens()
    number = linked(database, tokens)
    with pytest.raises(ProviderError):
        kept(database, number, now).renewed(refusing, rejected=tokens.access)

    with database.transaction() as session:
        for name, value in mended.items():
            setattr(session.get_one(CalendarLink, number), name, value and now)

    with database.reading() as session:
        assert compose(session, session.exec(select(Message)).one(), base_url="", now=now) is None


def test_calls_are_noted_and_the_troubles_of_its_errand_are_left_alone(database: Database, now: datetime) -> None:
    """The errand is the reading of busy times: an entry that succeeds mends nothing of it."""
    number = linked(database, make_tokens(), problem="It failed.", problem_at=now)
    store = kept(database, number, now)

    store.note_success(provider_time=now - timedelta(seconds=3))
    store.note_problem(ProviderError("Another.", retry=True, code="timeout"))

    with database.reading() as session:
        row = session.get_one(CalendarLink, number)
        assert (row.called_at, row.clock_ahead, row.problem) == (now, 3, "It failed.")


def test_a_link_that_sleeps_all_summer_is_kept_alive_and_takes_the_newest_key(
    database: Database, now: datetime
) -> None:
    """PROVIDERS 1.1, of Microsoft too; RELIABILITY T13."""
    tokens = make_tokens()
    number = linked(database, tokens, connected_at=now - RENEW_AFTER)
    with database.reading() as session:
        (sleeping,) = sleeping_grants(session, now=now)
    both = Database(str(database.engine.url.render_as_string(hide_password=False)), vault=Vault([NEWER, KEY]))
    newest = Database(str(database.engine.url.render_as_string(hide_password=False)), vault=Vault([NEWER]))

    with both.transaction() as session:
        moved = rekey(session)

    assert (sleeping.table, sleeping.id, sleeping.access) == (CalendarLink, number, tokens.access)
    assert (moved, kept(newest, number, now).current()) == (1, tokens)
    for opened in (both, newest):
        opened.dispose()


def test_doctor_tells_of_calendars_whose_permission_has_ended(database: Database, now: datetime) -> None:
    linked(database, make_tokens())
    linked(database, make_tokens(), needs_reconnect_at=now)
    linked(database, make_tokens(), needs_reconnect_at=now, disconnected_at=now)

    with database.reading() as session:
        finding = _calendars(session)

    assert (finding.state, finding.found) == ("warn", "1 linked, 1 whose permission has ended")
