"""Ask the outside whether it can be worked with: Zoom, its clock, each school's connection, the mail server."""

import secrets
from collections.abc import Iterator

from sqlmodel import Session, col, select

from webapp import clock
from webapp.config import LOOPBACK
from webapp.context import Confab
from webapp.errors import ProviderError
from webapp.i18n import sentence
from webapp.models import Connection, School
from webapp.operations.doctor_clock import clock_finding
from webapp.operations.finding import Finding, bad, ok, warn
from webapp.providers.base import Mail
from webapp.providers.zoom.reach import time_at_zoom
from webapp.services.meeting.tokens import ConnectionTokens


def zoom_findings(installed: Confab, *, may_call: bool) -> Iterator[Finding]:
    settings = installed.settings
    if not settings.zoom_client_id:
        yield warn("clock", "not compared: there is no Zoom app", "Keep the clock right: timedatectl set-ntp true")
        return
    try:
        theirs, ours = time_at_zoom(settings.zoom_api_url)
    except ProviderError as error:
        yield bad("zoom", sentence(error), f"May this machine reach {settings.zoom_api_url}?")
        return
    yield ok("zoom", f"{settings.zoom_api_url} answers")
    yield clock_finding("clock", "Zoom's", theirs, ours)
    if may_call:
        yield from _connections(installed)


def mail_findings(installed: Confab, *, send_test: str) -> Iterator[Finding]:
    settings, mailer = installed.settings, installed.providers.mailer
    if not settings.mail_server:
        yield bad("mail", "no mail server", "Set CONFAB_MAIL_SERVER: without it nobody gets a sign-in code.")
        return
    try:
        mailer.greet()
        if send_test:
            mailer.send(_test_mail(send_test))
    except ProviderError as error:
        words = f"{sentence(error)} {error.code} {error.detail}".strip()
        yield bad("mail", words, "See CONFAB_MAIL_SERVER, _PORT, _ENCRYPTION, _USERNAME and _PASSWORD.")
        return
    is_open = settings.mail_encryption == "none" and settings.mail_server not in LOOPBACK
    if is_open:
        yield warn(
            "mail", f"{settings.mail_server} answers, in clear", "Set CONFAB_MAIL_ENCRYPTION to starttls or tls."
        )
    else:
        yield ok("mail", f"{settings.mail_server} answers")
    if send_test:
        yield ok("test mail", f"handed over for {send_test}")


def _connections(installed: Confab) -> Iterator[Finding]:
    with installed.database.reading() as session:
        known = _known(session)
    for school, connection in known:
        yield _connection(installed, school, connection)


def _known(session: Session) -> list[tuple[str, Connection]]:
    """Connections that somebody made and did not end, with the school's short name."""
    query = (
        select(School.slug, Connection)
        .join(Connection, col(Connection.school_id) == col(School.id))
        .where(col(Connection.connected_at).is_not(None), col(Connection.disconnected_at).is_(None))
        .order_by(col(School.slug))
    )
    return [(slug, connection) for slug, connection in session.exec(query)]


def _connection(installed: Confab, school: str, connection: Connection) -> Finding:
    """Asks Zoom who we are. The tokens are renewed if their hour is over, as for any other call, and only then: each
    renewal voids the pair before it."""
    name, assured = f"connection of {school}", connection.id or 0
    again = "An Administrator connects again: Global Setup / Business / Connect and Map Contacts."
    if connection.needs_reconnect_at:
        return bad(name, "Zoom ended it", again)
    tokens = ConnectionTokens(installed.database, assured, clock.now)
    try:
        installed.providers.meetings[connection.provider](tokens).account()
    except ProviderError as error:
        return bad(name, sentence(error), again if error.code in {"invalid_grant", "token"} else "Try again later.")
    with installed.database.reading() as session:
        after = session.get_one(Connection, assured)
        renewed = after.refreshed_at or after.connected_at or clock.now()
    return ok(name, f"live; its tokens are {int((clock.now() - renewed).total_seconds() // 60)} min old")


def _test_mail(address: str) -> Mail:
    text = "This is the test mail that ./confab doctor --send-test was asked for. Nothing has to be done."
    return Mail(address, "Test mail of Confab", f"{text}\n", f"<p>{text}</p>", f"doctor.{secrets.token_hex(8)}")
