"""Keys can be rotated: the newest closes, the older ones still open, and one command makes them superfluous."""

from pathlib import Path

from conftest import KEY
from factories import make_connection, make_school
from fakes import make_tokens

from webapp import clock
from webapp.db import Database
from webapp.models import Connection
from webapp.operations.doctor_database import _keys
from webapp.services.meeting.tokens import ConnectionTokens
from webapp.services.system.rekey import rekey, under_older_keys
from webapp.services.system.tokens import close_tokens
from webapp.services.system.vault import Vault

NEWER = "newest-key-0123456789abcdef-012345"


def test_after_the_command_the_older_key_is_not_needed_any_more(database: Database, tmp_path: Path) -> None:
    """R13, RELIABILITY T13: access, refresh and former refresh token, bound to their row as before."""
    with database.transaction() as session:
        connection = make_connection(session, make_school(session))
        close_tokens(session, connection, make_tokens())
        number = connection.id or 0
    store = ConnectionTokens(database, number, clock.now)
    tokens = store.renewed(lambda _: make_tokens(), rejected=store.current().access)
    both = Database(str(database.engine.url), vault=Vault([NEWER, KEY]))
    newest = Database(str(database.engine.url), vault=Vault([NEWER]))

    with both.transaction() as session:
        before, moved, after = _keys(session), rekey(session), _keys(session)
        again = rekey(session)

    assert (before.state, after.state) == ("warn", "ok")
    assert "./confab rekey" in before.todo
    assert (moved, again) == (1, 0)
    assert ConnectionTokens(newest, number, clock.now).current() == tokens
    with newest.reading() as session:
        assert under_older_keys(session) == []
        assert session.get_one(Connection, number).former_refresh_token
    for opened in (both, newest):
        opened.dispose()


def test_what_no_key_opens_is_left_as_it_is(database: Database) -> None:
    """OAUTH-026: nothing is deleted."""
    with database.transaction() as session:
        connection = make_connection(session, make_school(session))
        close_tokens(session, connection, make_tokens())
        kept, number = connection.access_token, connection.id or 0
    strange = Database(str(database.engine.url), vault=Vault([NEWER]))

    with strange.transaction() as session:
        moved = rekey(session)
    strange.dispose()

    assert moved == 0
    with database.reading() as session:
        assert session.get_one(Connection, number).access_token == kept
