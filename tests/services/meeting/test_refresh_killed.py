"""A process that dies while it renews leaves a connection that lives, or one that says that it needs a hand."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import KEY
from factories import make_connection, make_school
from stages import ZoomStage

from webapp import clock
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Connection
from webapp.sandbox.run import start_sandbox
from webapp.services.meeting.tokens import ConnectionTokens
from webapp.services.system import tokens as tokens_module
from webapp.services.system.tokens import close_tokens

HOME = Path(__file__).parents[3]
_RENEWS = """
import json, sys
from webapp import clock
from webapp.config import Settings
from webapp.db import Database
from webapp.providers.zoom import zoom_grants
from webapp.services.meeting.tokens import ConnectionTokens
from webapp.services.system.vault import Vault
given = json.load(sys.stdin)
database = Database(given["database"], vault=Vault([given["key"]]))
store = ConnectionTokens(database, given["connection"], clock.now)
store.renewed(zoom_grants(Settings(**given["settings"])).refresh, rejected=store.current().access)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("point", ["token.refresh_sent", "token.refresh_read"])
@pytest.mark.parametrize("grace", [3600, 0])
def test_killed_while_renewing_it_ends_connected_or_says_that_it_needs_reconnecting(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str, grace: int
) -> None:
    """RELIABILITY 2.8, F20 and F21: Zoom has rotated, and nobody kept the new pair. Where Zoom still takes the former
    refresh token, the next one to renew gets a pair; where not, the office is told, and nothing goes on asking."""
    with start_sandbox() as sandbox:
        stage = ZoomStage(sandbox.zoom_url)
        stage.control("switches", refresh_grace=grace)
        with database.transaction() as session:
            connection = make_connection(session, make_school(session))
            close_tokens(session, connection, stage.store.current())
            number = connection.id or 0
        before = ConnectionTokens(database, number, clock.now).current()

        ended = _renew_and_die(database, stage, number, tmp_path / "armed", point)

        assert ended.returncode == -signal.SIGKILL, ended.stderr
        store = ConnectionTokens(database, number, lambda: clock.now() + tokens_module.LEASE)
        assert store.current() == before
        if grace:
            fresh = store.renewed(stage.grants.refresh, rejected=before.access)
            assert stage.speak(store).account().email == "office@linden.example"
            assert store.current() == fresh
        else:
            with pytest.raises(ProviderError) as caught:
                store.renewed(stage.grants.refresh, rejected=before.access)
            assert caught.value.code == "invalid_grant"
        with database.reading() as session:
            assert (session.get_one(Connection, number).needs_reconnect_at is None) is bool(grace)


def _renew_and_die(
    database: Database, stage: ZoomStage, number: int, armed: Path, point: str
) -> subprocess.CompletedProcess[str]:
    armed.write_text(point)
    settings = stage.settings.model_dump(include={"secret_key", "token_keys", *_OF_ZOOM})
    given = {"database": str(database.engine.url), "key": KEY, "connection": number, "settings": settings}
    return subprocess.run(
        [sys.executable, "-c", _RENEWS],
        input=json.dumps(given),
        env={"PYTHONPATH": str(HOME), "CONFAB_FAULT_FILE": str(armed)},
        capture_output=True,
        text=True,
        timeout=60,
        start_new_session=True,
        check=False,
    )


_OF_ZOOM = {"zoom_client_id", "zoom_client_secret", "zoom_oauth_url", "zoom_api_url", "zoom_link_hosts"}
