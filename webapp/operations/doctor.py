"""Look at everything that an installation needs, and say of each thing how it is and what to do."""

from collections.abc import Iterator

from sqlalchemy import make_url

from webapp import create_app
from webapp.config import BadSettings, Settings
from webapp.context import Confab
from webapp.operations.doctor_database import database_findings
from webapp.operations.doctor_outside import mail_findings, zoom_findings
from webapp.operations.doctor_settings import python_findings, setting_findings
from webapp.operations.finding import Finding, bad, without

_SHORTEST = 6


def examined(*, send_test: str = "") -> Iterator[Finding]:
    """With `send_test` one mail goes to that address; nothing else leaves but questions."""
    try:
        settings = Settings.from_env()
    except BadSettings as error:
        yield bad("settings", str(error), "docs/deploying.md lists them all.")
        return
    secrets = _secrets(settings)
    for finding in _all(settings, send_test):
        yield without(secrets, finding)


def _all(settings: Settings, send_test: str) -> Iterator[Finding]:
    yield from setting_findings(settings)
    yield from python_findings()
    app = create_app(settings)
    installed: Confab = app.extensions["confab"]
    try:
        can_ask = yield from database_findings(installed)
        yield from zoom_findings(installed, may_call=can_ask)
        yield from mail_findings(installed, send_test=send_test)
    finally:
        installed.database.dispose()


def _secrets(settings: Settings) -> set[str]:
    """What is as short as a word would take words out of the report."""
    own = {settings.secret_key, *settings.secret_key_fallbacks, *settings.token_keys}
    others = {settings.mail_password, settings.zoom_client_secret, make_url(settings.database_url).password or ""}
    return {secret for secret in own | others if len(secret) >= _SHORTEST}
