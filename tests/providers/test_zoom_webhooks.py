"""Zoom's published events are read as they are, though they contradict their own descriptions."""

import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from contracts import events

from webapp.providers.base import ABOUT_GRANT, ABOUT_MEETING, ABOUT_USERS, Notice
from webapp.providers.zoom.webhooks import ZoomWebhooks

SECRET = "secret"
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ABOUT = {
    "meeting.updated": ABOUT_MEETING,
    "meeting.deleted": ABOUT_MEETING,
    "meeting.permanently_deleted": ABOUT_MEETING,
    "meeting.recovered": ABOUT_MEETING,
    "app_deauthorized": ABOUT_GRANT,
}


def read(body: str, *, client_id: str = "") -> Notice:
    stamp = str(int(NOW.timestamp()))
    text = f"v0:{stamp}:{body}".encode()
    signature = f"v0={hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()}"
    headers = {"x-zm-request-timestamp": stamp, "x-zm-signature": signature}
    told = ZoomWebhooks((SECRET,), client_id).read(headers, body.encode(), now=NOW)
    assert isinstance(told, Notice)
    return told


@pytest.mark.contract
def test_the_published_examples_are_taken_as_they_are() -> None:
    """PROVIDERS 8"""
    published = events("meetings", "users", "marketplace")
    assert len(published) == 20

    for name, (_schema, examples) in published.items():
        for example in examples:
            told = read(example, client_id="ABCDEFGHIJKLMNOPQRST!V")
            about = ABOUT_USERS if name.startswith("user.") else ABOUT.get(name, "")
            assert told.about == about, name
            assert told.account_id == json.loads(example)["payload"].get("account_id", ""), name
            assert told.subject == ("1234567890" if about == ABOUT_MEETING else told.subject), name


@pytest.mark.parametrize("event", ["user.signed_in", "user.signed_out", "user.presence_status_updated", "user."])
def test_what_else_is_told_of_users_is_about_nothing(event: str) -> None:
    """HOOK-009, PROVIDERS 1.7: the seven alone say who may host."""
    payload = {"account_id": "a", "object": {"id": "z1"}}

    assert read(json.dumps({"event": event, "event_ts": 1, "payload": payload})).about == ""


def test_one_event_has_one_key_and_another_event_another() -> None:
    """PROVIDERS 1.7: by event, its time, and what it is about."""

    def key(event: str = "meeting.deleted", ts: int = 1, number: object = 7) -> str:
        payload = {"account_id": "a", "object": {"id": number}}
        return read(json.dumps({"event": event, "event_ts": ts, "payload": payload})).key

    assert key() == key() == key(number="7")
    assert len({key(), key(ts=2), key(number=8), key("meeting.updated")}) == 4


def test_the_farewell_of_another_app_is_not_about_us() -> None:
    body = json.dumps({"event": "app_deauthorized", "payload": {"account_id": "a", "client_id": "theirs"}})

    assert read(body, client_id="ours").about == ""
