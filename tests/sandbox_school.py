"""Play the school's side against the stand-in of Zoom: connect, call, and hold every answer against the contracts."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from contracts import Operation, assert_response_matches, contracts_are_here, load_operation

from webapp.sandbox.zoom import ZoomState, create_zoom, seed
from webapp.sandbox.zoom.records import App, User

CALLBACK = "https://confab.school.example/oauth/zoom"
VERIFIER = "a-verifier-of-at-least-forty-three-characters.~_"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
START = 1_795_446_000.0
"""Monday 2026-11-23 15:00 UTC."""

SPEC: dict[str, Any] = {
    "account": {
        "name": "Maple Street School",
        "timezone": "America/Chicago",
        "outsiders": ["elsewhere@school.example"],
    },
    "users": [
        {"email": "dora@school.example", "first_name": "Dora", "last_name": "Quill", "role": "owner"},
        {"email": "ada@school.example", "first_name": "Ada", "last_name": "Reyes"},
        {"email": "ben@school.example", "first_name": "Ben", "last_name": "Okafor", "timezone": "Europe/Berlin"},
        {"email": "cleo@school.example", "first_name": "Cleo", "last_name": "Marsh", "status": "pending"},
        {"email": "dan@school.example", "first_name": "Dan", "last_name": "Ivory", "status": "inactive"},
        {"email": "eve@school.example", "first_name": "Eve", "last_name": "Stone", "type": 4},
    ],
    "app": {"name": "Confab", "redirect_uris": [CALLBACK]},
}

_FILES = {"users": "users", "user": "users", "userSettings": "users", "accountSettings": "accounts"}


@dataclass
class Clock:
    at: float = START

    def __call__(self) -> float:
        return self.at


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    text: str
    headers: dict[str, str]

    @property
    def code(self) -> int:
        found: int = self.body["code"]
        return found


def operation_named(operation_id: str) -> Operation:
    file = "oauth" if operation_id.startswith("oauth") else _FILES.get(operation_id, "meetings")
    return load_operation(f"zoom/{file}.openapi.json", operation_id)


@dataclass
class School:
    """One account of the stand-in, an app in it, and the app's tokens once `connect` was called."""

    clock: Clock = field(default_factory=Clock)
    state: ZoomState = None  # type: ignore[assignment]
    access: str = ""
    refresh: str = ""

    def __post_init__(self) -> None:
        self.state = self.state or ZoomState(clock=self.clock)
        app = seed(self.state, **SPEC)
        assert app is not None
        self.app: App = app
        self.web = create_zoom(self.state, public_url="http://zoom.example").test_client()

    def user(self, name: str) -> User:
        user = self.state.user_with_email(f"{name}@school.example")
        assert user is not None
        return user

    def connect(self, scopes: tuple[str, ...] | None = None) -> "School":
        reply = self.token(grant_type="authorization_code", code=self.code(scopes), redirect_uri=CALLBACK)
        self.access, self.refresh = reply.body["access_token"], reply.body["refresh_token"]
        return self

    def code(self, scopes: tuple[str, ...] | None = None, **fields: str) -> str:
        return self.consent(scopes, **fields)["code"]

    def consent(self, scopes: tuple[str, ...] | None = None, **fields: str) -> dict[str, str]:
        """What comes back to the app's address."""
        form = {**self.asking(), "user_id": self.user("dora").id, "decision": "allow", **fields}
        chosen = self.app.scopes if scopes is None else scopes
        response = self.web.post("/oauth/authorize", data={**form, "scope": list(chosen)})
        assert response.status_code == 302, response.text
        return query_of(response.headers["Location"])

    def asking(self, **changes: str) -> dict[str, str]:
        asked = {"response_type": "code", "client_id": self.app.id, "redirect_uri": CALLBACK, "state": "s & t"}
        return asked | changes

    def token(self, auth: tuple[str, str] | None = None, **form: str) -> Reply:
        return self._oauth("token", auth, form)

    def revoke(self, token: str) -> Reply:
        return self._oauth("revoke", None, {"token": token})

    def _oauth(self, what: str, auth: tuple[str, str] | None, form: dict[str, str]) -> Reply:
        reply = _reply(self.web.post(f"/oauth/{what}", data=form, auth=auth or (self.app.id, self.app.secret)))
        return _checked(operation_named(f"oauth{what.title()}"), reply) if contracts_are_here() else reply

    def call(self, operation_id: str, path: str, body: Any = None, **query: Any) -> Reply:
        """The answer, which fits its contract wherever the contracts are at hand."""
        method = _METHODS[operation_id]
        headers = {"Authorization": f"Bearer {self.access}"}
        response = self.web.open(f"/v2{path}", method=method, json=body, query_string=query, headers=headers)
        reply = _reply(response)
        if contracts_are_here():
            _checked(operation_named(operation_id), reply, query.get("option"))
        return reply

    def make(self, host: str = "ada", **order: Any) -> Reply:
        wanted = {"topic": "Conference", "start_time": "2026-12-03T16:00:00Z", "duration": 15, **order}
        return self.call("meetingCreate", f"/users/{host}@school.example/meetings", wanted)

    def made(self, host: str = "ada", **order: Any) -> dict[str, Any]:
        reply = self.make(host, **order)
        assert reply.status == 201, reply.text
        body: dict[str, Any] = reply.body
        return body

    def read(self, meeting_id: int) -> dict[str, Any]:
        reply = self.call("meeting", f"/meetings/{meeting_id}")
        assert reply.status == 200, reply.text
        body: dict[str, Any] = reply.body
        return body

    def change(self, meeting_id: int, **order: Any) -> Reply:
        return self.call("meetingUpdate", f"/meetings/{meeting_id}", order)

    def delete(self, meeting_id: int) -> Reply:
        return self.call("meetingDelete", f"/meetings/{meeting_id}")

    def listed(self, host: str = "ada", **query: Any) -> list[dict[str, Any]]:
        reply = self.call("meetings", f"/users/{host}@school.example/meetings", **query)
        assert reply.status == 200, reply.text
        meetings: list[dict[str, Any]] = reply.body["meetings"]
        return meetings

    def control(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        response = self.web.open(f"/control{path}", method=method, json=body)
        assert response.status_code == status, response.text
        return response.json


_METHODS = {
    "users": "GET",
    "user": "GET",
    "userSettings": "GET",
    "accountSettings": "GET",
    "meetings": "GET",
    "meetingCreate": "POST",
    "meeting": "GET",
    "meetingUpdate": "PATCH",
    "meetingDelete": "DELETE",
    "meetingStatus": "PUT",
}


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def _reply(response: Any) -> Reply:
    body = response.get_json(silent=True) if response.data else None
    return Reply(response.status_code, body, response.text, dict(response.headers))


def _checked(operation: Operation, reply: Reply, option: str | None = None) -> Reply:
    assert_response_matches(operation, reply.status, reply.body, option=option)
    return reply
