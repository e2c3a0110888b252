"""Keys can be rotated: the newest closes, the older ones still open, and one command makes them superfluous."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from conftest import KEY
from factories import make_connection, make_school, make_teacher
from fakes import make_tokens
from sqlmodel import col, select

from webapp import clock
from webapp.db import Database
from webapp.models import Connection, Level, Message, Task
from webapp.operations.doctor_database import _keys
from webapp.services.booking.bulk import MailInput, start_bulk
from webapp.services.meeting.tokens import ConnectionTokens
from webapp.services.people.links import mail_link
from webapp.services.system.audit import SYSTEM
from webapp.services.system.rekey import rekey, under_older_keys
from webapp.services.system.revoke import queue_revoke
from webapp.services.system.task import start_task
from webapp.services.system.tokens import close_tokens
from webapp.services.system.vault import Vault, vault_of

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
        assert under_older_keys(session) == 0
        assert session.get_one(Connection, number).former_refresh_token
    for opened in (both, newest):
        opened.dispose()


@pytest.mark.both_databases
def test_what_waits_to_be_mailed_or_done_needs_the_older_key_no_more(database: Database, now: datetime) -> None:
    """A sign-in link, what the office wrote to many, and a grant that is to be ended."""
    tokens = make_tokens(expires_at=now + timedelta(hours=1))
    with database.transaction() as session:
        teacher = make_teacher(session, make_school(session), level=Level.VIEWER)
        mail_link(session, teacher, who=SYSTEM, now=now)
        words = MailInput(subject="The car park", text="It is closed.")
        start_bulk(session, teacher, "mail", [], mail=words, who=SYSTEM, now=now)
        queue_revoke(session, teacher.school_id, "zoom", tokens, account_id="acc", now=now)
        start_task(session, teacher.school_id, "slots", {"name": "not encrypted", "number": 3}, None, now)
    url = database.engine.url.render_as_string(hide_password=False)
    both, newest = Database(url, vault=Vault([NEWER, KEY])), Database(url, vault=Vault([NEWER]))

    with both.transaction() as session:
        before, moved, after = under_older_keys(session), rekey(session), under_older_keys(session)

    with newest.reading() as session:
        vault = vault_of(session)
        mail = session.exec(select(Message)).one()
        written, given_up, plain = session.exec(select(Task).order_by(col(Task.id)))
    link = vault.open(mail.secret, row=f"message {mail.dedupe_key}")
    typed = vault.open(json.loads(written.arguments)["mail"], row=f"task {written.id} mail")
    revoked = vault.open(json.loads(given_up.arguments)["tokens"], row=f"task {given_up.id} tokens")
    assert (before, moved, after) == (3, 3, 0)
    assert link
    assert MailInput.model_validate_json(typed) == words
    assert json.loads(revoked)[:2] == [tokens.access, tokens.refresh]
    assert json.loads(plain.arguments) == {"name": "not encrypted", "number": 3}
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
