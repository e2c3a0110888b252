"""Set the scene for a meeting provider, the same words for the stand-in of Zoom and for the fake in memory."""

import secrets
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import requests
from contracts import contracts_are_here
from fakes import FakeMeetings, HeldTokens
from requests.models import PreparedRequest
from stand_in import StandIn
from zoom_contracts import assert_answer_fits, assert_parameters_fit, assert_request_fits, operation_at

from webapp import clock
from webapp.config import Settings
from webapp.providers.base import MeetingOrder, MeetingProvider, PasscodeRule, Tokens, TokenStore
from webapp.providers.zoom import zoom_grants
from webapp.providers.zoom.client import ZoomMeetings

REDIRECT = "http://127.0.0.1:5000/zoom/callback"
BASIC, LICENSED, UNASSIGNED = 1, 2, 4
NEEDED = """
    user:read:list_users:admin user:read:user:admin user:read:settings:admin
    meeting:write:meeting:admin meeting:update:meeting:admin meeting:delete:meeting:admin
    meeting:read:meeting:admin meeting:read:list_meetings:admin
""".split()


def an_order(host_key: str, **values: Any) -> MeetingOrder:
    """For a quarter of an hour tomorrow, of a host whose rule leaves everything free."""
    start = (clock.now() + timedelta(days=1)).replace(microsecond=0)
    defaults = MeetingOrder(
        marker=secrets.token_hex(12),
        host_key=host_key,
        topic="Folake Adeyemi, Fall Conferences 2026",
        starts_at=start,
        minutes=15,
        zone="America/Chicago",
        rule=PasscodeRule(),
    )
    return replace(defaults, **values)


class Stage(Protocol):
    link_hosts: tuple[str, ...]

    @property
    def provider(self) -> MeetingProvider: ...
    def add_user(self, email: str, *, status: str = "active", kind: int = LICENSED) -> str:
        """Gives the user's key, empty while the invitation is pending."""
        ...

    def set_rule(self, email: str, rule: PasscodeRule) -> None: ...
    def delete_in_portal(self, remote_id: str) -> None: ...
    def count(self, marker: str) -> int: ...


class FakeStage:
    link_hosts = FakeMeetings.link_hosts

    def __init__(self) -> None:
        self.provider = FakeMeetings()

    def add_user(self, email: str, *, status: str = "active", kind: int = LICENSED) -> str:
        can_host = kind in {BASIC, LICENSED}
        return self.provider.add_user(email, status=status, can_host=can_host, is_basic=kind == BASIC).key

    def set_rule(self, email: str, rule: PasscodeRule) -> None:
        key = next(user.key for user in self.provider.directory if user.email == email)
        self.provider.rules[key] = rule

    def delete_in_portal(self, remote_id: str) -> None:
        self.provider.remove(remote_id)

    def count(self, marker: str) -> int:
        return len(self.provider.standing(marker))


class ZoomStage(StandIn):
    """The stand-in of Zoom at `url`, emptied; with an app, its administrator, and our client for it.

    What the client sends is held against Zoom's descriptions, and what it gets too until a test plans an answer
    (`lies`). `unfit` tells what did not fit, also where somebody took the AssertionError for a fault of the row's.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.link_hosts = (urlsplit(url).netloc,)
        app = {"name": "Confab", "redirect_uris": [REDIRECT]}
        admin = {"email": "office@linden.example", "first_name": "Dora", "last_name": "Office", "role": "owner"}
        made = self.control("reset", seed={"account": {"name": "Linden Park"}, "users": [admin], "app": app})
        self.settings = Settings(
            secret_key=secrets.token_hex(32),
            token_keys=(secrets.token_hex(32),),
            base_url=REDIRECT.removesuffix("/zoom/callback"),
            zoom_client_id=made["client_id"],
            zoom_client_secret=made["client_secret"],
            zoom_oauth_url=url,
            zoom_api_url=f"{url}/v2",
            zoom_link_hosts=self.link_hosts,
        )
        self.sent: list[tuple[PreparedRequest, int]] = []
        self.unfit: list[str] = []
        self.lies = False
        self.grants = zoom_grants(self.settings)
        self.grants._http = self._held(lambda _: None)
        self.store = HeldTokens(self.grant())
        self.provider = self.speak()

    def speak(self, store: TokenStore | None = None, **values: Any) -> ZoomMeetings:
        wiring = {
            "http": self._held(lambda response: self.sent.append((response.request, response.status_code))),
            "api_url": f"{self.url}/v2",
            "link_hosts": self.link_hosts,
            "renew": self.grants.refresh,
        }
        return ZoomMeetings(store or self.store, **(wiring | values))

    def plan(self, operation: str, kind: str, **values: Any) -> None:
        self.lies = True
        super().plan(operation, kind, **values)

    def consent(self, *, scopes: list[str] | None = None, decision: str = "allow", verifier: str = "v" * 50) -> str:
        """What an administrator does at the consent page; gives the address to which the browser is sent back."""
        page = self.grants.authorize_url(state="our-state", verifier=verifier)
        if contracts_are_here():
            assert_parameters_fit(operation_at("GET", page), page)
        asked = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
        state = self.state()
        granted = scopes if scopes is not None else NEEDED
        form = {**asked, "decision": decision, "user_id": state["users"][0]["id"], "scope": granted}
        answer = requests.post(f"{self.url}/oauth/authorize", data=form, allow_redirects=False, timeout=5)
        return answer.headers["Location"]

    def code(self, **values: Any) -> str:
        return parse_qs(urlsplit(self.consent(**values)).query)["code"][0]

    def grant(self, **values: Any) -> Tokens:
        return self.grants.exchange(self.code(**values), verifier="v" * 50)

    def add_user(self, email: str, *, status: str = "active", kind: int = LICENSED, **values: Any) -> str:
        made = self.control("users", email=email, status=status, type=kind, **values)
        return "" if status == "pending" else str(made["id"])

    def set_rule(self, email: str, rule: PasscodeRule) -> None:
        self.control(f"users/{email}", method="PATCH", rule=asdict(rule))

    def delete_in_portal(self, remote_id: str) -> None:
        self.control(f"meetings/{remote_id}", method="DELETE")

    def count(self, marker: str) -> int:
        return int(self.state()["markers"].get(marker, 0))

    def meeting(self, remote_id: str) -> dict[str, Any]:
        return next(m for m in self.state()["meetings"] if str(m["id"]) == remote_id)

    def _held(self, note: Callable[[requests.Response], object]) -> requests.Session:
        http = requests.Session()
        http.hooks["response"] = [lambda response, **_: self._hold(response), lambda response, **_: note(response)]
        return http

    def _hold(self, response: requests.Response) -> None:
        if not contracts_are_here():
            return
        try:
            assert_request_fits(response.request)
            if not self.lies:
                assert_answer_fits(response)
        except (AssertionError, LookupError) as error:
            self.unfit.append(str(error))
            raise
