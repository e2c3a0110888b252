"""Believe a webhook only if Zoom signed it just now, and read out of it what we look into.

The header says `v0=` and the HMAC-SHA256, in hex, of `v0:{timestamp}:{raw body}` (PROVIDERS 1.7)."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from webapp.config import Settings
from webapp.providers.base import ABOUT_GRANT, ABOUT_MEETING, ABOUT_USERS, BadWebhook, Notice, NotSigned, Webhooks
from webapp.providers.instants import iso_instant

WINDOW = timedelta(minutes=5)
_TIMESTAMP = re.compile(r"[0-9]{10}|[0-9]{13}")
"""Seconds in every example seen; the unit is not stated, so milliseconds are taken too."""
_PLAIN_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,128}")
"""No colon and no brace: what we sign for a validation can never be a webhook's text (RELIABILITY D13)."""
_NUMBER = re.compile(r"[0-9]{1,20}")
_MEETINGS = frozenset({"meeting.updated", "meeting.deleted", "meeting.permanently_deleted", "meeting.recovered"})
_USERS = frozenset(
    f"user.{what}"
    for what in ("created", "invitation_accepted", "updated", "activated", "deactivated", "disassociated", "deleted")
)
"""Others, as of sign-ins and presence, come by the thousand and say nothing of who may host."""


def zoom_webhooks(settings: Settings) -> "dict[str, Webhooks]":
    """By the provider's name; empty without a secret, for nothing could be believed then."""
    secrets = settings.zoom_webhook_secrets
    return {"zoom": ZoomWebhooks(secrets, settings.zoom_client_id)} if secrets else {}


class ZoomWebhooks:
    """While a secret is being changed two are known; either is good until the old one is taken out of the settings."""

    def __init__(self, secrets: Sequence[str], client_id: str) -> None:
        self._secrets, self._client_id = secrets, client_id

    def read(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice | dict[str, str]:
        secret = self._signing_secret(headers, body, now)
        content = content_of(body)
        if content["event"] == "endpoint.url_validation":
            return _validation_answer(content, secret)
        return _notice(content, self._client_id)

    def _signing_secret(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        timestamp, signature = headers.get("x-zm-request-timestamp", ""), headers.get("x-zm-signature", "")
        if not _TIMESTAMP.fullmatch(timestamp) or not _is_fresh(timestamp, now):
            raise NotSigned
        text = f"v0:{timestamp}:".encode() + body
        found = [one for one in self._secrets if _is_equal(f"v0={_hmac(one, text)}", signature)]
        if not found:
            raise NotSigned
        return found[0]


def content_of(body: bytes) -> dict[str, Any]:
    """Raises BadWebhook unless it is one JSON object that can be read in one way only."""
    try:
        content = json.loads(body, object_pairs_hook=_unique, parse_constant=_refused)
    except (ValueError, RecursionError, BadWebhook) as error:
        raise BadWebhook("not JSON") from error
    if not isinstance(content, dict) or not isinstance(content.get("event"), str):
        raise BadWebhook("not an event")
    return content


def _validation_answer(content: dict[str, Any], secret: str) -> dict[str, str]:
    """What proves to Zoom that this address knows the secret. Raises BadWebhook."""
    plain = _part(content, "payload").get("plainToken")
    if not isinstance(plain, str) or not _PLAIN_TOKEN.fullmatch(plain):
        raise BadWebhook("not a token")
    return {"plainToken": plain, "encryptedToken": _hmac(secret, plain.encode())}


def _notice(content: dict[str, Any], client_id: str) -> Notice:
    """Lenient, for Zoom's events contradict their own descriptions: what is missing or odd is empty."""
    event, payload = content["event"], _part(content, "payload")
    thing = _part(payload, "object")
    subject = _id(thing.get("id"))
    stamp = content.get("event_ts") or payload.get("event_ts") or payload.get("deauthorization_time")
    account_id = payload.get("account_id")
    said = (event, account_id, stamp, subject, thing.get("email") if not subject else None)
    return Notice(
        about=_about(event) if payload.get("client_id", client_id) == client_id else "",
        account_id=account_id if isinstance(account_id, str) else "",
        key=hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest(),
        subject=subject if _NUMBER.fullmatch(subject) else "",
        at=iso_instant(payload.get("deauthorization_time")),
        is_change=event == "meeting.updated",
    )


def _about(event: str) -> str:
    if event in _MEETINGS:
        return ABOUT_MEETING
    if event in _USERS or event == "account.settings_updated":
        return ABOUT_USERS
    return ABOUT_GRANT if event == "app_deauthorized" else ""


def _is_fresh(timestamp: str, now: datetime) -> bool:
    seconds = int(timestamp) / (1000 if len(timestamp) == 13 else 1)
    return abs(now.timestamp() - seconds) <= WINDOW.total_seconds()


def _is_equal(expected: str, given: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(expected.encode(), given.encode())


def _hmac(secret: str, text: bytes) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def _part(content: dict[str, Any], name: str) -> dict[str, Any]:
    part = content.get(name)
    return part if isinstance(part, dict) else {}


def _id(value: object) -> str:
    """Zoom mixes numbers and texts."""
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadWebhook("a key stands twice")
    return found


def _refused(word: str) -> Any:
    raise BadWebhook(word)
