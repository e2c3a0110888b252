"""Every request that the Zoom client sends is one of Zoom's published description, key by key."""

from dataclasses import replace
from typing import Any

import pytest
import requests
from contracts import assert_request_matches, load_operation
from requests.models import PreparedRequest
from stages import ZoomStage, an_order
from zoom_contracts import asked_of, assert_request_fits, body_of, operation_at

from webapp.errors import ProviderError
from webapp.providers.base import PasscodeRule
from webapp.providers.zoom.client import ZoomMeetings
from webapp.providers.zoom.orders import marker_in

pytestmark = pytest.mark.contract
MEETINGS = "zoom/meetings.openapi.json"


def requests_of(zoom: ZoomStage, method: str) -> list[PreparedRequest]:
    return [request for request, _ in zoom.sent if request.method == method]


@pytest.mark.parametrize("rule", [None, PasscodeRule(), PasscodeRule(only_allow_numeric=True)])
def test_making_a_meeting_says_only_what_zoom_knows(zoom: ZoomStage, rule: PasscodeRule | None) -> None:
    """R3, R92"""
    operation = load_operation(MEETINGS, "meetingCreate")

    zoom.provider.make(an_order(zoom.add_user("a@linden.example"), rule=rule, topic="x" * 500, minutes=5000))

    body = body_of(requests_of(zoom, "POST")[0]) or {}
    assert_request_matches(operation, body)
    assert ("password" in body, body.get("default_password")) == ((True, None) if rule else (False, True))


def test_changing_a_meeting_says_only_what_zoom_knows(zoom: ZoomStage) -> None:
    """R40, R100"""
    order = an_order(zoom.add_user("a@linden.example"))
    made = zoom.provider.make(order)

    zoom.provider.change(made.remote_id, replace(order, topic="x" * 500, minutes=0))

    assert_request_matches(load_operation(MEETINGS, "meetingUpdate"), body_of(requests_of(zoom, "PATCH")[0]) or {})


def test_every_call_of_the_client_is_one_that_zoom_knows(zoom: ZoomStage) -> None:
    """A new one is done here too: the stage holds each request and answer against Zoom's descriptions."""
    order = an_order(zoom.add_user("a@linden.example"))
    provider = zoom.provider
    made = provider.make(order)
    deeds = {
        "make": lambda: provider.make(order),
        "account": provider.account,
        "users": lambda: list(provider.users()),
        "user": lambda: (provider.user("a@linden.example"), provider.user(order.host_key), provider.user("nobody")),
        "passcode_rule": lambda: provider.passcode_rule(order.host_key),
        "find": lambda: provider.find(order.host_key, order.marker),
        "coming": lambda: provider.coming(order.host_key),
        "read": lambda: provider.read(made.remote_id),
        "change": lambda: provider.change(made.remote_id, order),
        "remove": lambda: provider.remove(made.remote_id),
    }
    asked = {}

    for name, deed in deeds.items():
        zoom.sent.clear()
        deed()
        asked[name] = [operation_at(str(one.method), str(one.url)).id for one, _ in zoom.sent]

    assert deeds.keys() == {name for name in vars(ZoomMeetings) if not name.startswith("_")}
    assert asked == {
        "make": ["meetingCreate"],
        "account": ["user"],
        "users": ["users"] * 3,
        "user": ["user"] * 3,
        "passcode_rule": ["userSettings"],
        "find": ["meetings", "meeting", "meeting"],
        "coming": ["meetings"],
        "read": ["meeting"],
        "change": ["meetingUpdate", "meeting"],
        "remove": ["meetingDelete"],
    }


def test_every_call_of_the_handshake_is_one_that_zoom_knows(zoom: ZoomStage) -> None:
    """Code, refresh, and the end of a grant; the consent page's address too."""
    grants = zoom.grants
    first = grants.exchange(zoom.code(), verifier="v" * 50)
    grants.revoke(grants.refresh(first))

    with pytest.raises(ProviderError):
        grants.refresh(first)

    assert zoom.unfit == []


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("POST", "/v2/users/x/meetings", {"json": {"topic": "x", "use_pmi": True}}),
        ("GET", "/v2/users", {"params": {"page_size": "many"}}),
        ("GET", "/v2/users", {"params": {"per_page": "300"}}),
        ("GET", "/v2/meetings/1", {"json": {}}),
        ("GET", "/v2/rooms", {}),
        ("POST", "/oauth/token", {"data": {"grant_type": "password"}}),
        ("POST", "/oauth/revoke", {"data": {"token_hint": "access"}}),
    ],
)
def test_a_request_that_zoom_does_not_know_is_found_out(method: str, path: str, content: dict[str, Any]) -> None:
    way = "Basic" if "oauth" in path else "Bearer"
    request = requests.Request(method, f"https://zoom.example{path}", {"Authorization": f"{way} x"}, **content)

    with pytest.raises((AssertionError, LookupError, ValueError)):
        assert_request_fits(request.prepare())


def test_pages_are_no_larger_than_zoom_allows_and_than_we_read(zoom: ZoomStage) -> None:
    host = zoom.add_user("a@linden.example")

    list(zoom.provider.users())
    zoom.provider.find(host, "marker")

    sizes = {int(asked_of(str(request.url))["page_size"]) for request in requests_of(zoom, "GET")}
    assert max(sizes) <= 300


@pytest.mark.parametrize(
    ("agenda", "marker"),
    [
        ("Ref 0123456789abcdef-29640000-Ab_-9", "0123456789abcdef-29640000-Ab_-9"),
        ("Bring the report.\nRef abc-0-x. Thank you", "abc-0-x"),
        ("Ref " + "a" * 41, ""),
        ("Preference abc-0-x", ""),
        ("Chess club", ""),
        ("x" * 250 + " Ref abc-0-x", ""),
        (None, ""),
    ],
)
def test_our_marker_is_read_where_lists_show_it(agenda: str | None, marker: str) -> None:
    """RELIABILITY D5: a teacher may have written around it."""
    assert marker_in(agenda) == marker
