"""Build the application for view tests: a fresh database, fakes for the outside, clients that speak like browsers."""

import re
from typing import Any

from enter import misled
from fakes import FakeCalendars, FakeGrants, FakeMailer, FakeMeetings
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import Session

from webapp import create_app
from webapp.config import Settings
from webapp.models import Contact
from webapp.providers.base import Providers
from webapp.services.people.accounts import login_for
from webapp.services.people.sign_in import STAFF_STAYS, start_sign_in

SECRET = "tests-only-secret-key-0123456789abcdefgh"


def test_settings(database_url: str, token_key: str, **values: Any) -> Settings:
    defaults = {
        "secret_key": SECRET,
        "token_keys": (token_key,),
        "run_jobs": False,
        "quarantine_seconds": 2.0,
        "merge_seconds": 0.0,
    }
    return Settings(
        **{"database_url": database_url, "base_url": "http://localhost", "print_processes": 0} | defaults | values
    )


def fake_providers(
    meetings: FakeMeetings, mailer: FakeMailer, grants: Any = None, *, calendars: FakeCalendars | None = None
) -> Providers:
    """One account stands behind both calendar providers, and one consent page behind all."""
    accounts = calendars or FakeCalendars()
    return Providers(
        calendars=dict.fromkeys(("google", "microsoft"), accounts.for_store),
        meetings={"zoom": lambda tokens: meetings},
        grants=dict.fromkeys(("zoom", "google", "microsoft"), grants or FakeGrants()),
        link_hosts={"zoom": ("zoom.us",)},
        mailer=mailer,
    )


def make_app(settings: Settings, providers: Providers) -> Flask:
    app = create_app(settings, providers)
    app.testing = True
    app.config["PROPAGATE_EXCEPTIONS"] = True
    return app


class Browser:
    """A test client that carries the CSRF value of its session, as our pages do."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()

    def sign_in(self, session: Session, contact: Contact, *, now: Any) -> "Browser":
        """Signed in as this contact, by a session of the server's as after a password or code.

        Call it before the arranging transaction is committed; the first request must come after."""
        login = login_for(session, contact.email or "", now=now)
        contact.login_id = login.id
        session.flush()
        secret = start_sign_in(session, login, stays=STAFF_STAYS, now=now)
        with self.client.session_transaction() as cookie:
            cookie["_user_id"] = secret
            cookie["_fresh"] = True
        return self

    def get(self, path: str, **more: Any) -> Any:
        answer = self.client.get(path, **more)
        if answer.mimetype == "text/html":
            assert not (wrong := misled(answer.text)), f"Enter on {path} presses another button: {wrong}"
        return answer

    def htmx(self, path: str) -> Any:
        return self.client.get(path, headers={"HX-Request": "true"})

    def post(self, path: str, data: dict[str, Any] | None = None, *, htmx: bool = False, **more: Any) -> Any:
        """A POST as our own page sends it."""
        with self.client.session_transaction() as cookie:
            csrf = cookie.setdefault("csrf", "tests-csrf-value")
        headers = {"Sec-Fetch-Site": "same-origin"} | ({"HX-Request": "true"} if htmx else {})
        return self.client.post(path, data={"csrf": csrf} | (data or {}), headers=headers, **more)

    def key(self, path: str) -> str:
        """A fresh request key, read off a page's form."""
        found = re.search(r'name="key" value="([^"]+)"', self.get(path).text)
        assert found, f"no key on {path}"
        return found[1]
