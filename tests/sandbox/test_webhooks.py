"""The stand-in tells what changed as Zoom does: signed, in Zoom's words, and as badly as its switches say."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from contracts import assert_event_matches, contracts_are_here
from flask import Flask, request
from sandbox_school import School

from webapp.sandbox.servers import WebServer, listen

SECRET = "the-app-s-webhook-secret"


@dataclass
class Receiver:
    """An app's address. It answers `statuses` in turn, then 200."""

    url: str = ""
    secret: str = SECRET
    statuses: list[int] = field(default_factory=list)
    taken: list[tuple[dict[str, Any], dict[str, str]]] = field(default_factory=list)
    forged: int = 0

    def app(self) -> Flask:
        app = Flask("receiver")
        app.add_url_rule("/hook", "hook", self._take, methods=["POST"])
        return app

    def _take(self) -> tuple[dict[str, str], int]:
        stamp, body = request.headers["x-zm-request-timestamp"], request.get_data()
        if request.headers["x-zm-signature"] != f"v0={self._seal(b'v0:' + stamp.encode() + b':' + body)}":
            self.forged += 1
            return {}, 401
        content = json.loads(body)
        if content["event"] == "endpoint.url_validation":
            plain = content["payload"]["plainToken"]
            return {"plainToken": plain, "encryptedToken": self._seal(plain.encode())}, 200
        self.taken.append((content, dict(request.headers)))
        return {}, self.statuses.pop(0) if self.statuses else 200

    def _seal(self, text: bytes) -> str:
        return hmac.new(self.secret.encode(), text, hashlib.sha256).hexdigest()

    @property
    def names(self) -> list[str]:
        return [content["event"] for content, _ in self.taken]


@pytest.fixture
def receiver(school: School) -> Iterator[Receiver]:
    receiver, listening = Receiver(), listen("127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{listening.getsockname()[1]}/hook"
    server = WebServer(receiver.app(), listening)
    server.start()
    yield receiver
    school.state.stopping.set()
    server.stop()


@pytest.fixture
def subscribed(school: School, receiver: Receiver) -> Receiver:
    school.control("POST", "/webhooks", {"url": receiver.url, "secret": SECRET})
    return receiver


def told(school: School, receiver: Receiver, count: int = 1) -> dict[str, Any]:
    """The newest of so many."""
    assert school.state.outbox.wait_for(count), receiver.names
    content = receiver.taken[-1][0]
    if contracts_are_here():
        assert_event_matches(content)
    return content


def test_an_address_that_does_not_know_the_secret_is_not_saved(school: School, receiver: Receiver) -> None:
    """PROVIDERS 7.8"""
    receiver.secret = "another"

    refused = school.control("POST", "/webhooks", {"url": receiver.url, "secret": SECRET}, status=400)

    assert "URL validation failed" in refused["error"]
    school.made()
    assert school.state.outbox.sent == []


DEEDS: dict[str, Callable[[School, int], Any]] = {
    "meeting.updated": lambda school, number: school.change(number, topic="Other"),
    "meeting.deleted": lambda school, number: school.delete(number),
}
EDITS: dict[str, dict[str, Any]] = {
    "topic": {"topic": "By the host"},
    "start_time": {"minutes_later": 30},
    "": {"webinar": True},
}


@pytest.mark.parametrize("event", DEEDS)
def test_a_call_of_the_api_is_told(school: School, subscribed: Receiver, event: str) -> None:
    number = school.made()["id"]
    created = told(school, subscribed)
    DEEDS[event](school, number)

    content = told(school, subscribed, 2)

    assert (created["event"], content["event"]) == ("meeting.created", event)
    assert content["payload"]["object"]["id"] == number
    assert content["payload"]["account_id"] == school.state.account.id


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_in_the_portal_is_told_with_what_changed(school: School, subscribed: Receiver, what: str) -> None:
    number = school.made()["id"]
    school.control("PATCH", f"/meetings/{number}", EDITS[what])

    payload = told(school, subscribed, 2)["payload"]

    assert set(payload["object"]) == set(payload["old_object"]) == {"id", what} - {""}
    assert not what or payload["object"][what] != payload["old_object"][what]


def test_a_deletion_in_the_portal_and_its_undoing_are_told(school: School, subscribed: Receiver) -> None:
    number = school.made()["id"]
    school.control("DELETE", f"/meetings/{number}")
    deleted = told(school, subscribed, 2)
    school.call("meetingStatus", f"/meetings/{number}/status", {"action": "recover"})

    assert deleted["event"] == "meeting.deleted"
    assert told(school, subscribed, 3)["event"] == "meeting.recovered"


def test_a_meeting_made_a_webinar_is_none_any_more(school: School) -> None:
    number = school.made()["id"]
    school.control("PATCH", f"/meetings/{number}", {"webinar": True})

    refused = [school.call("meeting", f"/meetings/{number}"), school.change(number), school.delete(number)]

    assert {(reply.status, reply.code) for reply in refused} == {(400, 3000)}


def test_what_happens_to_users_is_told(school: School, subscribed: Receiver) -> None:
    steps = [("cleo", "active"), ("ada", "inactive"), ("ada", "active")]
    school.control("POST", "/users", {"email": "zoe@school.example"})
    told(school, subscribed)
    for n, (name, status) in enumerate(steps, start=2):
        school.control("PATCH", f"/users/{name}@school.example", {"status": status})
        told(school, subscribed, n)
    school.control("PATCH", "/users/ada@school.example", {"first_name": "Adah"})
    told(school, subscribed, 5)

    assert subscribed.names == [
        "user.created",
        "user.invitation_accepted",
        "user.deactivated",
        "user.activated",
        "user.updated",
    ]


def test_the_removal_of_the_app_is_told_and_then_nothing_more(school: School, subscribed: Receiver) -> None:
    """PROVIDERS 1.1"""
    school.control("POST", "/revoke")
    content = told(school, subscribed)
    school.control("POST", "/users", {"email": "zoe@school.example"})

    assert content["event"] == "app_deauthorized"
    assert content["payload"]["client_id"] == school.app.id
    assert school.state.outbox.sent == [("app_deauthorized", 200)]


def test_connecting_anew_is_no_farewell(school: School, subscribed: Receiver) -> None:
    school.connect()
    school.made()

    assert told(school, subscribed)["event"] == "meeting.created"


def test_twice(school: School, subscribed: Receiver) -> None:
    school.control("POST", "/switches", {"webhook_twice": True})
    school.made()
    told(school, subscribed, 2)

    assert subscribed.taken[0][0] == subscribed.taken[1][0]


def test_out_of_order(school: School, subscribed: Receiver) -> None:
    school.control("POST", "/switches", {"webhook_order": "mixed"})
    number = school.made()["id"]
    school.delete(number)
    assert school.state.outbox.wait_for(1)
    school.clock.at += 3
    assert school.state.outbox.wait_for(2)

    assert subscribed.names == ["meeting.deleted", "meeting.created"]


def test_late(school: School, subscribed: Receiver) -> None:
    school.control("POST", "/switches", {"webhook_delay": 60})
    school.made()
    assert not school.state.outbox.wait_for(1, 0.8)
    school.clock.at += 61

    assert told(school, subscribed)["event"] == "meeting.created"


def test_forged(school: School, subscribed: Receiver) -> None:
    school.control("POST", "/switches", {"webhook_forged": True})
    school.made()
    assert school.state.outbox.wait_for(1)

    assert (subscribed.names, subscribed.forged) == ([], 1)


def test_an_id_as_text(school: School, subscribed: Receiver) -> None:
    school.control("POST", "/switches", {"webhook_ids": "text"})
    number = school.made()["id"]
    assert school.state.outbox.wait_for(1)

    assert subscribed.taken[0][0]["payload"]["object"]["id"] == str(number)


def test_what_was_not_taken_comes_again_after_5_20_and_60_minutes_and_then_never(
    school: School, subscribed: Receiver
) -> None:
    """PROVIDERS 1.7"""
    subscribed.statuses = [500] * 9
    school.made()
    assert school.state.outbox.wait_for(1)
    for n, minutes in enumerate((5, 20, 60), start=2):
        school.clock.at += minutes * 60 - 1
        assert not school.state.outbox.wait_for(n, 0.7)
        school.clock.at += 1
        assert school.state.outbox.wait_for(n)
    school.clock.at += 24 * 3600
    assert not school.state.outbox.wait_for(5, 0.7)


def test_the_address_is_kept_over_a_restart_and_a_new_seed(school: School, subscribed: Receiver) -> None:
    app = next(iter(school.state.apps.values()))

    assert (app.webhook_url, app.webhook_secret) == (subscribed.url, SECRET)
    assert type(app).read(json.loads(app.text)) == app
