"""What our client asks of Google, and what the stand-in answers, is what Google's own description allows."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from google_contract import assert_answer_fits, assert_request_fits, load_json, method_of, scopes_of
from google_stage import TEACHER, GoogleStage, an_entry
from requests.models import PreparedRequest

from webapp.errors import ProviderError
from webapp.sandbox.google.answers import LIMITS
from webapp.sandbox.google.scopes import METHODS, WORDS

pytestmark = pytest.mark.contract
NOON = datetime(2036, 12, 3, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OURS = {
    *("calendarList.list", "events.insert", "events.get", "events.list", "events.patch", "events.delete"),
    "freebusy.query",
}


def everything(google: GoogleStage) -> list[tuple[PreparedRequest, int, bytes]]:
    """Each exchange of a client that does all that it can."""
    google.add_account("office@linden.example")
    google.add_calendar("Of the office", email="office@linden.example", id="office-calendar")
    google.add_calendar("Shared", id="office-calendar", role="reader")
    order = an_entry(summary="x" * 2000, description="y" * 20_000, location="z" * 2000)
    provider = google.provider
    google.sent.clear()
    provider.calendars()
    provider.put(TEACHER, order)
    provider.put(TEACHER, order)
    provider.change(TEACHER, order.key, order)
    provider.read(TEACHER, order.key)
    provider.find(TEACHER, order.key)
    provider.ours(TEACHER, since=order.starts_at)
    provider.busy([TEACHER, "office-calendar"], starts_at=NOON, ends_at=NOON + HOUR)
    provider.remove(TEACHER, order.key)
    provider.remove(TEACHER, order.key)
    return google.sent


def test_every_request_is_one_that_google_describes(google: GoogleStage) -> None:
    """R35, R103"""
    sent = [request for request, _, _ in everything(google)]

    for request in sent:
        assert_request_fits(request)
    assert {method_of(request) for request in sent} == OURS


def test_every_answer_that_they_get_fits_too(google: GoogleStage) -> None:
    for request, status, body in everything(google):
        assert_answer_fits(method_of(request), status, json.loads(body) if body else None)


def test_nobody_is_mailed_by_what_we_write(google: GoogleStage) -> None:
    sent = [request for request, _, _ in everything(google) if "/events" in str(request.url)]
    writing = [request for request in sent if request.method != "GET"]

    assert len(writing) == 5
    assert all(parse_qs(urlsplit(str(one.url)).query)["sendUpdates"] == ["none"] for one in writing)


@pytest.mark.parametrize("name", sorted(OURS))
def test_each_method_that_we_call_is_opened_by_a_scope_that_we_ask_for(google: GoogleStage, name: str) -> None:
    """OAUTH-030: and each scope that we ask for opens one."""
    page = google.grants.authorize_url(state="s", verifier="v" * 50)
    asked = {one.rpartition("/")[2] for one in parse_qs(urlsplit(page).query)["scope"][0].split()}
    calendar = {one for one in asked if one.startswith("calendar")}

    assert scopes_of(name) & asked
    assert all(any(scope in scopes_of(method) for method in OURS) for scope in calendar)
    assert asked - calendar == {"openid", "email"}


def test_the_stand_in_opens_its_methods_by_the_scopes_that_google_publishes() -> None:
    published = load_json("google/calendar.v3.json")["auth"]["oauth2"]["scopes"]

    assert {name: set(method.scopes) for name, method in METHODS.items()} == {name: scopes_of(name) for name in METHODS}
    assert {name: published[f"https://www.googleapis.com/auth/{name}"]["description"] for name in WORDS} == WORDS


class TestTheStandIn:
    """Each of its answers whole, without the selection of fields by which our client asks."""

    @pytest.fixture
    def ask(self, google: GoogleStage) -> Any:
        def ask(method: str, path: str, body: Any = None, **query: Any) -> tuple[int, Any]:
            answer = requests.request(
                method,
                f"{google.settings.google_api_url}{path}",
                json=body,
                params=query,
                headers={"Authorization": f"Bearer {google.store.tokens.access}"},
                timeout=5,
            )
            return answer.status_code, answer.json() if answer.content else None

        return ask

    def test_all_its_good_answers_fit(self, google: GoogleStage, ask: Any) -> None:
        guests = [{"email": "head@linden.example"}, {"email": TEACHER, "self": True, "responseStatus": "declined"}]
        google.add_event(NOON, NOON + HOUR, recurrence=["RRULE:FREQ=DAILY;COUNT=3"], attendees=guests)
        google.add_event("2036-12-03", "2036-12-05", status="tentative")
        place = f"/calendars/{TEACHER}/events"
        span = {name: {"dateTime": "2036-12-03T18:00:00Z"} for name in ("start", "end")}

        made = ask("POST", place, {"summary": "Conference", "extendedProperties": {"private": {"a": "b"}}, **span})
        one = f"{place}/{made[1]['id']}"
        answers = {
            "calendarList.list": ask("GET", "/users/me/calendarList"),
            "events.insert": made,
            "events.get": ask("GET", one),
            "events.patch": ask("PATCH", one, {"summary": "Other"}),
            "events.update": ask("PUT", one, {"summary": "Whole", **span}),
            "events.list": ask("GET", place, singleEvents="true", maxAttendees=1, maxResults=3),
            "freebusy.query": ask(
                "POST",
                "/freeBusy",
                {
                    "timeMin": "2036-12-01T00:00:00Z",
                    "timeMax": "2036-12-09T00:00:00Z",
                    "items": [{"id": "primary"}, {"id": "nobody"}],
                },
            ),
            "events.delete": ask("DELETE", one),
        }

        assert set(answers) == set(METHODS)
        for name, (status, body) in answers.items():
            assert status == (204 if name == "events.delete" else 200), name
            assert_answer_fits(name, status, body)

    @pytest.mark.parametrize("kind", LIMITS)
    def test_its_limits_are_said_in_google_s_words(self, google: GoogleStage, ask: Any, kind: str) -> None:
        google.plan("events.list", f"limit:{kind}")

        status, body = ask("GET", "/calendars/primary/events")

        assert status in {403, 429}
        assert_answer_fits("events.list", status, body)

    @pytest.mark.parametrize(
        ("method", "path", "body", "status"),
        [
            ("POST", "/calendars/primary/events", {}, 400),
            ("POST", "/calendars/primary/events", {"id": "has-a-dash", "start": {}, "end": {}}, 400),
            ("POST", "/calendars/nobody/events", {}, 404),
            ("GET", "/calendars/primary/events/0000000", None, 404),
            ("GET", "/calendars/primary/events?orderBy=startTime", None, 400),
            ("GET", "/calendars/primary/events?fields=items(", None, 400),
            ("GET", "/calendars/primary/events?pageToken=abcd", None, 400),
            ("GET", "/calendars/primary/events?maxResults=0", None, 400),
            ("GET", "/calendars/primary/events?timeMin=2036-12-03T18:00:00", None, 400),
            ("GET", "/users/me/calendarList?minAccessRole=king", None, 400),
            ("POST", "/freeBusy", {"timeMin": "2036-12-03T18:00:00Z"}, 400),
        ],
    )
    def test_its_refusals_too(self, ask: Any, method: str, path: str, body: Any, status: int) -> None:
        answered, said = ask(method, path, body)

        assert answered == status
        assert_answer_fits("events.list", answered, said)

    def test_a_stranger_is_refused_in_google_s_words(self, google: GoogleStage, ask: Any) -> None:
        google.control("revoke")

        status, body = ask("GET", "/users/me/calendarList")

        assert status == 401
        assert_answer_fits("calendarList.list", status, body)


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("events.get", 200, {"id": 5}),
        ("events.get", 200, {"id": "a", "surprise": True}),
        ("events.get", 200, {"start": {"dateTime": "2036-12-03T18:00:00"}}),
        ("events.delete", 204, {}),
        ("events.list", 200, {"items": [{"id": "a", "surprise": 1}]}),
        ("events.get", 404, {"error": {"code": 404, "message": "x", "errors": [{"reason": "other"}]}}),
    ],
)
def test_the_check_notices_what_is_wrong(name: str, status: int, body: Any) -> None:
    with pytest.raises(AssertionError):
        assert_answer_fits(name, status, body)


def test_a_wrong_request_is_noticed_too(google: GoogleStage) -> None:
    def sent(method: str, path: str, **content: Any) -> PreparedRequest:
        return requests.Request(method, f"{google.settings.google_api_url}{path}", **content).prepare()

    for request in (
        sent("GET", "/calendars/a/events", params={"surprise": "1"}),
        sent("GET", "/calendars/a/events", params={"maxResults": "0"}),
        sent("GET", "/users/me/calendarList", params={"minAccessRole": "king"}),
        sent("POST", "/calendars/a/events", json={"titel": "x"}),
    ):
        with pytest.raises(AssertionError):
            assert_request_fits(request)
    with pytest.raises(LookupError):
        method_of(sent("POST", "/calendars/a/nothing"))


def test_the_client_survives_what_no_description_allows(google: GoogleStage) -> None:
    """A hostile or broken answer is an error, never a crash."""
    google.plan("events.list", "malformed")

    with pytest.raises(ProviderError) as caught:
        google.provider.find(TEACHER, "0" * 20)

    assert caught.value.code == "unreadable"
