"""Set the scene at the stand-in of Microsoft: a mailbox, an app that was granted access to it, and our client."""

import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from fakes import HeldTokens
from requests.models import PreparedRequest
from stand_in import StandIn

from webapp.config import Settings
from webapp.providers.base import Tokens, TokenStore
from webapp.providers.microsoft import microsoft_grants
from webapp.providers.microsoft.client import MicrosoftCalendars
from webapp.providers.microsoft.oauth import ASKED

REDIRECT = "http://127.0.0.1:5000/oauth/microsoft"
PETRA = "petra.vogel@linden.example"
VERIFIER = "v" * 50


def microsoft_settings(url: str, made: dict[str, Any]) -> dict[str, Any]:
    """Those of Settings that lead our application to the stand-in at `url`; `made` is what its reset answered."""
    return {
        "microsoft_client_id": made["client_id"],
        "microsoft_client_secret": made["client_secret"],
        "microsoft_oauth_url": f"{url}/common/oauth2/v2.0",
        "microsoft_api_url": f"{url}/v1.0",
    }


class MicrosoftStage(StandIn):
    """The stand-in at `url`, emptied; Petra's mailbox, in Central Europe, is the one that our client is granted."""

    def __init__(self, url: str, *, zone: str = "W. Europe Standard Time", redirect: str = REDIRECT) -> None:
        self.url = url
        app = {"name": "Confab", "redirect_uris": [redirect]}
        petra = {"email": PETRA, "name": "Petra Vogel", "zone": zone}
        self.made = self.control("reset", seed={"mailboxes": [petra], "app": app})
        self.settings = Settings(
            secret_key=secrets.token_hex(32),
            token_keys=(secrets.token_hex(32),),
            base_url=redirect.removesuffix("/oauth/microsoft"),
            **microsoft_settings(url, self.made),
        )
        self.grants = microsoft_grants(self.settings)
        self.sent: list[tuple[PreparedRequest, int]] = []
        self.store = HeldTokens(self.grant())
        self.provider = self.speak()
        self.calendar = str(self.state()["calendars"][0]["id"])

    def speak(self, store: TokenStore | None = None, **values: Any) -> MicrosoftCalendars:
        http = requests.Session()
        http.hooks["response"] = [lambda response, **_: self.sent.append((response.request, response.status_code))]
        wiring = {"http": http, "api_url": f"{self.url}/v1.0", "renew": self.grants.refresh}
        return MicrosoftCalendars(store or self.store, **(wiring | values))

    def consent(self, **values: Any) -> str:
        """As `accept`, for a page that our client asks for."""
        return self.accept(self.grants.authorize_url(state="our-state", verifier=VERIFIER), **values)

    def accept(self, url: str, *, granted: str = ASKED, decision: str = "allow", email: str = PETRA) -> str:
        """What a teacher does at the consent page; gives the address to which the browser is sent back."""
        page = urlsplit(url)
        asked = {name: values[0] for name, values in parse_qs(page.query).items()}
        mailbox = next(one["id"] for one in self.state()["mailboxes"] if one["email"] == email)
        form = {**asked, "decision": decision, "mailbox_id": mailbox, "granted": granted.split()}
        answer = requests.post(f"{self.url}{page.path}", data=form, allow_redirects=False, timeout=5)
        return answer.headers["Location"]

    def code(self, **values: Any) -> str:
        return parse_qs(urlsplit(self.consent(**values)).query)["code"][0]

    def grant(self, **values: Any) -> Tokens:
        return self.grants.exchange(self.code(**values), verifier=VERIFIER)

    def add_event(self, start: str, end: str, *, zone: str = "W. Europe Standard Time", **values: Any) -> str:
        """What Petra does in Outlook; `start` and `end` are what a clock on the wall shows in the zone."""
        times = {"start": {"dateTime": start, "timeZone": zone}, "end": {"dateTime": end, "timeZone": zone}}
        usual = {"email": PETRA, "calendar": "", "subject": "Private"}
        return str(self.control("events", **(usual | times | values))["id"])

    def add_calendar(self, name: str, *, can_edit: bool = True) -> str:
        return str(self.control("calendars", email=PETRA, name=name, can_edit=can_edit)["id"])

    def move(self, remote_id: str, *, minutes: int) -> None:
        self.control(f"events/{remote_id}", method="PATCH", minutes_later=minutes)

    def delete(self, remote_id: str) -> None:
        self.control(f"events/{remote_id}", method="DELETE")

    def event(self, remote_id: str) -> dict[str, Any]:
        return next(one for one in self.state()["events"] if one["id"] == remote_id)

    def standing(self) -> list[dict[str, Any]]:
        return [one for one in self.state()["events"] if one["stands"]]

    def count(self, key: str) -> int:
        """How many entries carry the key now, in all calendars."""
        return sum(counts.get(key, 0) for counts in self.state()["keys"].values())

    def switch(self, **values: Any) -> None:
        self.control("switches", **values)
