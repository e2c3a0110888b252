"""Play an app's and a teacher's side against the stand-in of Google without a network."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox_school import CHALLENGE, VERIFIER, Clock, Reply

from webapp.sandbox.google import GoogleState, create_google, seed
from webapp.sandbox.google.records import Account, App

CALLBACK = "https://confab.school.example/oauth/google"
TEACHER, OFFICE = "ada@school.example", "dora@school.example"
ZONE = "America/Chicago"
CALENDAR = "https://www.googleapis.com/auth/calendar"
SCOPES = tuple(f"{CALENDAR}.{name}" for name in ("events.owned", "calendarlist.readonly", "freebusy"))
EVENTS = f"/calendars/{TEACHER}/events"


@dataclass
class Desk:
    """Two accounts, an app, and the app's tokens for the first of them once `connect` was called."""

    clock: Clock = field(default_factory=Clock)
    state: GoogleState = None  # type: ignore[assignment]
    access: str = ""
    refresh: str = ""

    def __post_init__(self) -> None:
        self.state = self.state or GoogleState(clock=self.clock)
        accounts = [{"email": email, "timezone": ZONE} for email in (TEACHER, OFFICE)]
        app = seed(self.state, accounts=accounts, app={"name": "Confab", "redirect_uris": [CALLBACK]})
        assert app is not None
        self.app: App = app
        self.web = create_google(self.state, public_url="http://google.example").test_client()

    def account(self, email: str = TEACHER) -> Account:
        account = self.state.account_with_email(email)
        assert account is not None
        return account

    def asking(self, **fields: str) -> dict[str, str]:
        usual = {
            "response_type": "code",
            "client_id": self.app.id,
            "redirect_uri": CALLBACK,
            "scope": " ".join(("openid", "email", *SCOPES)),
            "state": "our state",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "access_type": "offline",
            "prompt": "consent",
        }
        return usual | fields

    def consent(self, *, granted: tuple[str, ...] = SCOPES, email: str = TEACHER, **fields: str) -> dict[str, str]:
        """What comes back to the app's address."""
        form = {**self.asking(), "decision": "allow", "account_id": self.account(email).id, **fields}
        answer = self.web.post("/o/oauth2/v2/auth", data={**form, "granted": list(granted)})
        assert answer.status_code == 302, answer.text
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}

    def token(self, **form: str) -> Reply:
        usual = {"client_id": self.app.id, "client_secret": self.app.secret, "redirect_uri": CALLBACK}
        return _reply(self.web.post("/token", data=usual | form))

    def redeem(self, code: str, **form: str) -> Reply:
        return self.token(**{"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER, **form})

    def connect(self, **consent: Any) -> "Desk":
        body = self.redeem(self.consent(**consent)["code"]).body
        self.access, self.refresh = body["access_token"], body.get("refresh_token", "")
        return self

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Reply:
        headers = {"Authorization": f"Bearer {self.access}"}
        return _reply(
            self.web.open(f"/calendar/v3{path}", method=method, json=body, query_string=query, headers=headers)
        )

    def add(self, start: str, end: str, /, **said: Any) -> Reply:
        """An event by the app; times without offset are of the teacher's zone."""
        span = {name: _moment(at) for name, at in (("start", start), ("end", end))}
        return self.call("POST", EVENTS, {**span, **said})

    def starts(self, **query: Any) -> list[str]:
        items = self.call("GET", EVENTS, **query).body["items"]
        return [one["start"].get("dateTime") or one["start"]["date"] for one in items]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.web.open(f"/control{path}", method=method, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json


def reason(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.body["error"]["errors"][0]["reason"]


def _moment(text: str) -> dict[str, str]:
    return {"date": text} if len(text) == 10 else {"dateTime": text, "timeZone": ZONE}


def _reply(answer: Any) -> Reply:
    return Reply(answer.status_code, answer.json if answer.is_json else None, answer.text, dict(answer.headers))
