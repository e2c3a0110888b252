"""Set the scene for the Google client: the stand-in, emptied, with an app, a teacher, and our client for them."""

import io
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from fakes import HeldTokens
from requests.adapters import HTTPAdapter
from requests.models import PreparedRequest
from stand_in import StandIn
from urllib3 import HTTPResponse

from webapp import clock
from webapp.config import Settings
from webapp.providers.base import EntryOrder, Tokens, TokenStore
from webapp.providers.google import google_grants
from webapp.providers.google.client import GoogleCalendars

REDIRECT = "http://127.0.0.1:5000/oauth/google"
TEACHER = "folake.adeyemi@linden.example"
ZONE = "America/Chicago"
VERIFIER = "v" * 50
PLACE = "https://www.googleapis.com/auth/"
CALENDAR_SCOPES = [
    f"{PLACE}{name}" for name in ("calendar.events.owned", "calendar.calendarlist.readonly", "calendar.freebusy")
]


def an_entry(**values: Any) -> EntryOrder:
    """A quarter of an hour tomorrow."""
    start = (clock.now() + timedelta(days=1)).replace(microsecond=0)
    defaults = EntryOrder(
        key=secrets.token_hex(16),
        summary="Conference, Grade 4",
        description="Join: https://zoom.example/j/1",
        location="Room 12",
        starts_at=start,
        ends_at=start + timedelta(minutes=15),
        zone=ZONE,
    )
    return replace(defaults, **values)


def google_settings(url: str, made: dict[str, Any]) -> dict[str, Any]:
    """Those of Settings that lead our application to the stand-in at `url`; `made` is what its reset answered."""
    return {
        "google_client_id": made["client_id"],
        "google_client_secret": made["client_secret"],
        "google_consent_url": f"{url}/o/oauth2/v2/auth",
        "google_oauth_url": url,
        "google_api_url": f"{url}/calendar/v3",
        "google_person_url": f"{url}/v1/userinfo",
    }


class GoogleStage(StandIn):
    """`calendar` is the teacher's primary one."""

    calendar = TEACHER

    def __init__(self, url: str, *, redirect: str = REDIRECT) -> None:
        self.url = url
        app = {"name": "Confab", "redirect_uris": [redirect]}
        teacher = {"email": TEACHER, "name": "Folake Adeyemi", "timezone": ZONE}
        self.made = self.control("reset", seed={"accounts": [teacher], "app": app})
        self.settings = Settings(
            secret_key=secrets.token_hex(32),
            token_keys=(secrets.token_hex(32),),
            base_url=redirect.removesuffix("/oauth/google"),
            **google_settings(url, self.made),
        )
        self.grants = google_grants(self.settings)
        self.sent: list[tuple[PreparedRequest, int, bytes]] = []
        self.store = HeldTokens(self.grant())
        self.provider = self.speak()

    def speak(self, store: TokenStore | None = None) -> GoogleCalendars:
        http = requests.Session()
        http.mount("http://", _Listening(self.sent))
        return GoogleCalendars(
            store or self.store,
            http=http,
            api_url=self.settings.google_api_url,
            person_url=self.settings.google_person_url,
            renew=self.grants.refresh,
        )

    def consent(self, *, email: str = TEACHER, scopes: list[str] | None = None, decision: str = "allow") -> str:
        """What the teacher does at the consent page; gives the address to which the browser is sent back."""
        page = self.grants.authorize_url(state="our-state", verifier=VERIFIER)
        asked = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
        account = next(one["id"] for one in self.state()["accounts"] if one["email"] == email)
        granted = CALENDAR_SCOPES if scopes is None else scopes
        form = {**asked, "decision": decision, "account_id": account, "granted": granted}
        answer = requests.post(self.settings.google_consent_url, data=form, allow_redirects=False, timeout=5)
        return answer.headers["Location"]

    def code(self, **values: Any) -> str:
        return parse_qs(urlsplit(self.consent(**values)).query)["code"][0]

    def grant(self, **values: Any) -> Tokens:
        return self.grants.exchange(self.code(**values), verifier=VERIFIER)

    def add_account(self, email: str, **values: Any) -> None:
        self.control("accounts", email=email, **values)

    def add_calendar(self, summary: str, *, email: str = TEACHER, **values: Any) -> str:
        return str(self.control("calendars", email=email, summary=summary, **values)["id"])

    def add_event(self, starts_at: datetime | str, ends_at: datetime | str, *, calendar: str = "", **said: Any) -> str:
        """By the teacher's own hand; a text is a whole day."""
        span = {name: _moment(at) for name, at in (("start", starts_at), ("end", ends_at))}
        made = self.control(f"calendars/{calendar or self.calendar}/events", **span, summary="Dentist", **said)
        return str(made["event_id"])

    def delete_by_hand(self, event_id: str, *, calendar: str = "") -> None:
        self.control(f"calendars/{calendar or self.calendar}/events/{event_id}", method="DELETE")

    def move_by_hand(self, event_id: str, minutes: int, *, calendar: str = "") -> None:
        path = f"calendars/{calendar or self.calendar}/events/{event_id}"
        self.control(path, method="PATCH", minutes_later=minutes)

    def count(self, key: str, *, calendar: str = "") -> int:
        """Entries that stand on the calendar and carry the key."""
        return int(self.state()["keys"].get(calendar or self.calendar, {}).get(key, 0))

    def event(self, event_id: str, *, calendar: str = "") -> dict[str, Any]:
        wanted = f"{calendar or self.calendar} {event_id}"
        return next(one for one in self.state()["events"] if one["id"] == wanted)


class _Listening(HTTPAdapter):
    """Keeps each request with the status and the body of its answer, which our client reads only once."""

    def __init__(self, heard: list[tuple[PreparedRequest, int, bytes]]) -> None:
        super().__init__()
        self._heard = heard

    def send(self, request: PreparedRequest, **values: Any) -> requests.Response:  # type: ignore[override]
        response = super().send(request, **values)
        body = response.raw.read(decode_content=True)
        self._heard.append((request, response.status_code, body))
        response.raw = HTTPResponse(io.BytesIO(body), preload_content=False)
        return response


def _moment(at: datetime | str) -> dict[str, str]:
    return {"date": at} if isinstance(at, str) else {"dateTime": at.isoformat(), "timeZone": ZONE}
