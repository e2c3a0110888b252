"""Judge the settings and the interpreter, as far as that goes without leaving the process."""

import platform
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url

from webapp.config import LOOPBACK, BadSettings, Settings
from webapp.operations.finding import Finding, bad, ok, warn

_OPEN_TO_ALL = 0o007


def setting_findings(settings: Settings) -> Iterator[Finding]:
    yield from _safety(settings)
    yield _base_url(settings)
    yield _proxies(settings)
    yield _place(settings)
    yield _zoom_app(settings)
    yield _zoom_webhooks(settings)
    yield _calendar_app("Google", settings.google_client_id, settings.google_client_secret)
    yield _calendar_app("Microsoft", settings.microsoft_client_id, settings.microsoft_client_secret)
    yield _sender(settings)
    if settings.support_address:
        yield ok("support address", "set")
    else:
        yield warn("support address", "not set", "CONFAB_SUPPORT_ADDRESS is shown where people get stuck.")


def python_findings() -> Iterator[Finding]:
    """RELIABILITY D12: some Pythons make a header of its own out of an encoded word in another one."""
    version = f"Python {platform.python_version()}"
    if makes_headers_of_words():
        todo = "Confab leaves such words out of every header, so nothing is open. Update Python when you can."
        yield warn("python", f"{version} turns encoded words into new mail headers", todo)
    else:
        yield ok("python", version)


def makes_headers_of_words() -> bool:
    message = EmailMessage()
    try:
        message["Subject"] = "=?utf-8?Q?=0A?=Bcc: stranger@mail.example"
    except ValueError:
        return False
    return b"\nBcc:" in message.as_bytes()


def _safety(settings: Settings) -> Iterator[Finding]:
    """What `serve` would refuse to start on."""
    try:
        settings.refuse_unsafe()
    except BadSettings as error:
        for words in str(error).splitlines():
            yield bad("safety", words, "./confab serve does not start until this is mended.")
    else:
        yield ok("safety", "keys long, random and different; neither debug nor demo")


def _base_url(settings: Settings) -> Finding:
    parts = urlsplit(settings.base_url)
    if parts.hostname in LOOPBACK:
        todo = "Links in mails are made from it. Set CONFAB_BASE_URL to the https address that people use."
        return warn("base url", f"{settings.base_url} is known on this machine only", todo)
    if not settings.is_https:
        return bad("base url", f"{settings.base_url} is not https", "Set CONFAB_BASE_URL to an https address.")
    return ok("base url", settings.base_url)


def _proxies(settings: Settings) -> Finding:
    if settings.is_https and not settings.trusted_proxies:
        todo = "Behind nginx set CONFAB_TRUSTED_PROXIES=1, or all visitors share one address and its limits."
        return warn("trusted proxies", "none, although https ends somewhere before Confab", todo)
    return ok("trusted proxies", str(settings.trusted_proxies))


def _place(settings: Settings) -> Finding:
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        return ok("database place", f"PostgreSQL on {url.host or 'this machine'}")
    path = Path(url.database or "")
    if not path.is_absolute():
        todo = "It depends on where the command is given. Write the whole path: sqlite:////var/lib/confab/confab.db"
        return warn("database place", f"{path} is a relative path", todo)
    if path.exists() and _is_open_to_all(path):
        return bad("database place", f"{path} may be opened by everybody on this machine", f"chmod 600 {path}")
    return ok("database place", str(path))


def _is_open_to_all(path: Path) -> bool:
    """A folder that strangers may not enter protects what is in it."""
    return bool(path.stat().st_mode & _OPEN_TO_ALL and path.parent.stat().st_mode & _OPEN_TO_ALL)


def _zoom_app(settings: Settings) -> Finding:
    named, secret = bool(settings.zoom_client_id), bool(settings.zoom_client_secret)
    if named != secret:
        missing = "CONFAB_ZOOM_CLIENT_SECRET" if named else "CONFAB_ZOOM_CLIENT_ID"
        return bad("zoom app", f"{missing} is missing", "Both are in the Zoom App Marketplace under App Credentials.")
    if not named:
        todo = "Without CONFAB_ZOOM_CLIENT_ID and CONFAB_ZOOM_CLIENT_SECRET teachers can only type links of their own."
        return warn("zoom app", "not set", todo)
    return ok("zoom app", "client ID and secret set")


def _zoom_webhooks(settings: Settings) -> Finding:
    secrets = settings.zoom_webhook_secrets
    if not secrets:
        return ok("zoom webhooks", "not set: what changes in Zoom is found by looking from time to time")
    if not settings.is_https:
        return warn("zoom webhooks", "Zoom sends them to https only", "Set CONFAB_BASE_URL to the https address.")
    if len(secrets) > 1:
        todo = "Once Zoom has the new secret, take the old one out of CONFAB_ZOOM_WEBHOOK_SECRETS."
        return warn("zoom webhooks", f"{len(secrets)} secrets are accepted", todo)
    return ok("zoom webhooks", f"expected at {settings.base_url}/zoom/webhook")


def _calendar_app(service: str, client_id: str, client_secret: str) -> Finding:
    name = f"{service.lower()} app"
    if bool(client_id) != bool(client_secret):
        missing = f"CONFAB_{service.upper()}_CLIENT_{'SECRET' if client_id else 'ID'}"
        return bad(name, f"{missing} is missing", f"Both are where the app is registered at {service}; see README.md.")
    if not client_id:
        return ok(name, "not set: teachers are not offered to link such calendars")
    return ok(name, "client ID and secret set")


def _sender(settings: Settings) -> Finding:
    domain = parseaddr(settings.mail_sender)[1].partition("@")[2]
    if domain in {"", "localhost"}:
        todo = "Mail from there is refused or taken for spam. Set CONFAB_MAIL_SENDER to an address of the school."
        return warn("mail sender", f"{domain or 'no address'}", todo)
    return ok("mail sender", settings.mail_sender)
