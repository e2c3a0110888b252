"""Every request that the Zoom client sends is one of Zoom's published description, key by key."""

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from contracts import Operation, assert_request_matches, load_json, load_operation
from requests.models import PreparedRequest
from stages import ZoomStage, an_order

from webapp.providers.base import PasscodeRule
from webapp.providers.zoom.orders import marker_in

pytestmark = pytest.mark.contract
MEETINGS, USERS = "zoom/meetings.openapi.json", "zoom/users.openapi.json"


def body_of(request: PreparedRequest) -> dict[str, object]:
    body = request.body
    text = body.read() if hasattr(body, "read") else body
    parsed = json.loads(text or b"{}")
    assert isinstance(parsed, dict)
    return parsed


def requests_of(zoom: ZoomStage, method: str) -> list[PreparedRequest]:
    return [request for request, _ in zoom.sent if request.method == method]


def asked(request: PreparedRequest) -> dict[str, list[str]]:
    return parse_qs(urlsplit(str(request.url)).query)


def unknown_parameters(operation: Operation, request: PreparedRequest) -> set[str]:
    parameters = load_json(operation.file)["paths"][operation.path][operation.method.lower()]["parameters"]
    return set(asked(request)) - {one["name"] for one in parameters if one["in"] == "query"}


@pytest.mark.parametrize("rule", [None, PasscodeRule(), PasscodeRule(only_allow_numeric=True)])
def test_making_a_meeting_says_only_what_zoom_knows(zoom: ZoomStage, rule: PasscodeRule | None) -> None:
    """R3, R92"""
    operation = load_operation(MEETINGS, "meetingCreate")

    zoom.provider.make(an_order(zoom.add_user("a@linden.example"), rule=rule, topic="x" * 500, minutes=5000))

    body = body_of(requests_of(zoom, "POST")[0])
    assert_request_matches(operation, body)
    assert ("password" in body, body.get("default_password")) == ((True, None) if rule else (False, True))


def test_changing_a_meeting_says_only_what_zoom_knows(zoom: ZoomStage) -> None:
    """R40, R100"""
    order = an_order(zoom.add_user("a@linden.example"))
    made = zoom.provider.make(order)

    zoom.provider.change(made.remote_id, replace(order, topic="x" * 500, minutes=0))

    assert_request_matches(load_operation(MEETINGS, "meetingUpdate"), body_of(requests_of(zoom, "PATCH")[0]))


def test_all_addresses_and_their_parameters_are_zoom_s(zoom: ZoomStage) -> None:
    order = an_order(zoom.add_user("a@linden.example"))
    provider = zoom.provider
    made = provider.make(order)
    zoom.sent.clear()

    list(provider.users())
    provider.account()
    provider.passcode_rule(order.host_key)
    provider.find(order.host_key, order.marker)
    provider.change(made.remote_id, order)
    provider.remove(made.remote_id)

    operations = [
        *[load_operation(USERS, "users")] * 3,
        load_operation(USERS, "user"),
        load_operation(USERS, "userSettings"),
        load_operation(MEETINGS, "meetings"),
        load_operation(MEETINGS, "meeting"),
        load_operation(MEETINGS, "meetingUpdate"),
        load_operation(MEETINGS, "meeting"),
        load_operation(MEETINGS, "meetingDelete"),
    ]
    sent = [request for request, _ in zoom.sent]
    assert [request.method for request in sent] == [operation.method for operation in operations]
    assert [unknown_parameters(*pair) for pair in zip(operations, sent, strict=True)] == [set()] * len(sent)


def test_pages_are_no_larger_than_zoom_allows_and_than_we_read(zoom: ZoomStage) -> None:
    host = zoom.add_user("a@linden.example")

    list(zoom.provider.users())
    zoom.provider.find(host, "marker")

    sizes = {int(asked(request)["page_size"][0]) for request in requests_of(zoom, "GET")}
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
