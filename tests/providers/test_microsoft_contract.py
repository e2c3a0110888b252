"""Every request that the Outlook client sends, and every answer of the stand-in, is one of Graph's description."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from graph_contracts import assert_answer_fits, assert_request_fits, assert_types_know, body_of, operation_at
from microsoft_stage import PETRA, MicrosoftStage

from webapp.providers.base import EntryOrder

pytestmark = pytest.mark.contract
STARTS = datetime(2026, 12, 3, 15, 0, tzinfo=UTC)
ORDER = EntryOrder("k" * 52, "x" * 400, "Link\n<b>", "Room 4", STARTS, STARTS + timedelta(minutes=15), "Europe/Berlin")


class Wire:
    """What went to and fro, asked of our own client's session."""

    def __init__(self, microsoft: MicrosoftStage) -> None:
        self.seen: list[requests.Response] = []
        http = requests.Session()
        http.hooks["response"] = [self._keep]
        self.provider = microsoft.speak(http=http)

    def _keep(self, response: requests.Response, **_: Any) -> None:
        self.seen.append(response)

    def requests(self) -> Iterator[tuple[str, str, Any]]:
        for one in self.seen:
            yield str(one.request.method), str(one.request.url), body_of(one.request.body)


@pytest.fixture
def wire(microsoft: MicrosoftStage) -> Wire:
    return Wire(microsoft)


def do_everything(wire: Wire, microsoft: MicrosoftStage) -> None:
    provider, calendar = wire.provider, microsoft.calendar
    provider.account()
    provider.calendars()
    made = provider.put(calendar, ORDER)
    provider.put(calendar, replace(ORDER, location="Room 5"))
    provider.change(calendar, made.remote_id, ORDER)
    provider.read(calendar, made.remote_id)
    provider.find(calendar, ORDER.key)
    provider.ours(calendar, since=STARTS)
    provider.busy([calendar], starts_at=STARTS, ends_at=STARTS + timedelta(days=1))
    provider.remove(calendar, made.remote_id)
    provider.remove(calendar, made.remote_id)


def test_every_request_is_one_that_graph_knows(wire: Wire, microsoft: MicrosoftStage) -> None:
    """R35, R103"""
    do_everything(wire, microsoft)

    asked = list(wire.requests())
    for method, url, body in asked:
        assert_request_fits(method, url, body)
    assert {operation_at(method, url).id for method, url, _ in asked} == {
        "me.user_GetUser",
        "me_ListCalendars",
        "me.calendars_CreateEvents",
        "me_UpdateEvents",
        "me_GetEvents",
        "me_DeleteEvents",
        "me.calendars_ListEvents",
        "me.calendars_ListCalendarView",
    }


def ask(microsoft: MicrosoftStage, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
    return requests.request(
        method,
        f"{microsoft.url}/v1.0{path}",
        json=body,
        headers={"Authorization": f"Bearer {microsoft.store.tokens.access}", **headers},
        timeout=5,
    )


def assert_fits(answer: requests.Response) -> Any:
    body = answer.json() if answer.content else None
    assert_answer_fits(str(answer.request.method), str(answer.url), answer.status_code, body)
    return body


VIEW = "startDateTime=2026-12-01T00:00:00Z&endDateTime=2026-12-31T00:00:00Z"
WEEKLY = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["thursday"], "firstDayOfWeek": "monday"},
    "range": {"type": "noEnd", "startDate": "2026-12-03"},
}
BODY: dict[str, Any] = {
    "subject": "Lesson",
    "body": {"contentType": "html", "content": "<p>x</p>"},
    "location": {"displayName": "Room 4"},
    "start": {"dateTime": "2026-12-03T16:00:00", "timeZone": "W. Europe Standard Time"},
    "end": {"dateTime": "2026-12-03T17:00:00", "timeZone": "W. Europe Standard Time"},
    "transactionId": "a-1",
}


@pytest.mark.parametrize("prefer", ["", 'IdType="ImmutableId"', 'outlook.timezone="Tokyo Standard Time"'])
def test_every_good_answer_of_the_stand_in_fits(microsoft: MicrosoftStage, prefer: str) -> None:
    headers = {"Prefer": prefer} if prefer else {}
    made = assert_fits(ask(microsoft, "POST", "/me/events", BODY, **headers))
    assert_fits(ask(microsoft, "POST", "/me/events", {**BODY, "recurrence": WEEKLY, "transactionId": "a-2"}, **headers))
    event = f"/me/events/{made['id']}"
    paths = ["/me", "/me/calendar", "/me/calendars?$top=1", "/me/events?$top=1", event, f"/me/calendarView?{VIEW}"]

    for path in paths:
        answer = ask(microsoft, "GET", path, **headers)
        assert answer.status_code == 200, answer.text
        assert_fits(answer)
    assert_fits(ask(microsoft, "PATCH", event, {"subject": "Other"}, **headers))
    assert_fits(ask(microsoft, "DELETE", event, **headers))


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/me/events/nothing", None, 404, "ErrorItemNotFound"),
        ("DELETE", "/me/events/nothing", None, 404, "ErrorItemNotFound"),
        ("PATCH", "/me/events/nothing", {"subject": "x"}, 404, "ErrorItemNotFound"),
        ("POST", "/me/calendars/nothing/events", BODY, 404, "ErrorItemNotFound"),
        ("POST", "/me/events", {"subject": "x"}, 400, "ErrorPropertyValidationFailure"),
        ("POST", "/me/events", {**BODY, "subject": "x" * 256}, 400, "ErrorPropertyValidationFailure"),
        ("POST", "/me/events", {**BODY, "showAs": "dozing"}, 400, "RequestBodyRead"),
        ("POST", "/me/events", {**BODY, "colour": "red"}, 400, "RequestBodyRead"),
        ("POST", "/me/events", {**BODY, "end": {"dateTime": "x"}}, 400, "ErrorInvalidTimeZone"),
        (
            "POST",
            "/me/events",
            {**BODY, "end": BODY["start"], "start": BODY["end"]},
            400,
            "ErrorPropertyValidationFailure",
        ),
        ("GET", "/me/calendarView", None, 400, "ErrorInvalidParameter"),
        ("GET", "/me/events?$filter=subject eq 'x'", None, 400, "ErrorInvalidUrlQueryFilter"),
        ("GET", "/me/events?$top=0", None, 400, "ErrorInvalidUrlQueryFilter"),
        ("GET", "/me/events?$expand=singleValueExtendedProperties", None, 400, "RequestBroker--ParseUri"),
    ],
)
def test_every_refusal_of_the_stand_in_fits(
    microsoft: MicrosoftStage, method: str, path: str, body: Any, status: int, code: str
) -> None:
    answer = ask(microsoft, method, path, body)

    assert answer.status_code == status
    assert assert_fits(answer)["error"]["code"] == code


@pytest.mark.parametrize("mode", ["refused", "conflict"])
def test_the_refusals_of_a_repeated_transaction_fit(microsoft: MicrosoftStage, mode: str) -> None:
    microsoft.switch(repeated_create=mode)
    ask(microsoft, "POST", "/me/events", BODY)

    answer = ask(microsoft, "POST", "/me/events", BODY)

    assert answer.status_code == {"refused": 400, "conflict": 409}[mode]
    assert assert_fits(answer)["error"]["code"] == "ErrorDuplicateTransactionId"


@pytest.mark.parametrize("kind", ["limit:concurrency", "limit:rate", "status"])
def test_limits_and_troubles_of_the_service_fit(microsoft: MicrosoftStage, kind: str) -> None:
    microsoft.plan("eventsList", kind, status=503)

    answer = ask(microsoft, "GET", "/me/events")

    assert answer.status_code == (503 if kind == "status" else 429)
    assert ("Retry-After" in answer.headers) is (kind != "status")
    assert_fits(answer)


def test_a_dead_token_and_a_scope_that_is_missing_are_refused_as_graph_does(microsoft: MicrosoftStage) -> None:
    microsoft.store.tokens = microsoft.grant(granted="offline_access User.Read")
    scope = ask(microsoft, "GET", "/me/calendars")
    microsoft.control("revoke", email=PETRA)
    token = ask(microsoft, "GET", "/me/calendars")

    assert (scope.status_code, assert_fits(scope)["error"]["code"]) == (403, "ErrorAccessDenied")
    assert (token.status_code, assert_fits(token)["error"]["code"]) == (401, "InvalidAuthenticationToken")


def test_what_fits_nowhere_is_noticed(microsoft: MicrosoftStage) -> None:
    """A check that cannot fail would prove nothing."""
    wrong = [
        ("POST", "/v1.0/me/events", {"subjekt": "x"}),
        ("POST", "/v1.0/me/events", {"showAs": "dozing"}),
        ("POST", "/v1.0/me/events", {"location": {"name": "x"}}),
        ("GET", "/v1.0/me/events?$page=2", None),
    ]
    for method, url, body in wrong:
        with pytest.raises(AssertionError):
            assert_request_fits(method, url, body)
    with pytest.raises(LookupError):
        operation_at("PUT", "/v1.0/me/events")
    with pytest.raises(AssertionError):
        assert_types_know("event", {"start": {"timezone": "UTC"}})
    with pytest.raises(AssertionError):
        assert_answer_fits("GET", "/v1.0/me/events", 200, {"value": [{"subject": 7}]})
    with pytest.raises(AssertionError):
        assert_answer_fits("GET", "/v1.0/me/events", 404, {"code": 404})
