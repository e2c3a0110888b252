"""Every answer of the stand-in of Zoom, good or bad, is one that Zoom's own descriptions allow."""

from pathlib import Path
from typing import Any

import pytest
from contracts import (
    assert_request_matches,
    assert_response_matches,
    contracts_folder,
    load_json,
    load_operation,
    unknown_request_keys,
)
from sandbox_school import Reply, School, operation_named

from webapp.sandbox.zoom.control import overview
from webapp.sandbox.zoom.limits import LIMIT_KINDS
from webapp.sandbox.zoom.scopes import OPERATIONS

pytestmark = pytest.mark.contract

ORDER: dict[str, Any] = {
    "topic": "Conference",
    "agenda": "Ref a-1-x",
    "type": 2,
    "start_time": "2026-12-03T16:00:00Z",
    "duration": 15,
    "timezone": "America/Chicago",
    "password": "ab12cd",
    "settings": {"use_pmi": False, "waiting_room": True, "join_before_host": False, "email_notification": False},
}


@pytest.fixture
def school() -> School:
    return School().connect()


def assert_fits(operation_id: str, reply: Reply, *, option: str | None = None) -> None:
    assert_response_matches(operation_named(operation_id), reply.status, reply.body, option=option)


def test_scopes_and_labels_are_those_that_zoom_publishes() -> None:
    published = {one["operationId"]: one for one in load_json("zoom/operations.json")["operations"]}

    for operation in OPERATIONS.values():
        said = published[operation.id]
        assert operation.label == said["rate_limit_label"], operation.id
        assert set(operation.granular) == set(said["granular_scopes"]), operation.id
        assert set(operation.classic) == set(said["classic_scopes"]), operation.id


def test_tokens_fit(school: School) -> None:
    replies = [
        school.token(grant_type="refresh_token", refresh_token=school.refresh),
        school.token(grant_type="refresh_token", refresh_token="void"),
        school.token(grant_type="authorization_code", code="void"),
        school.token(("nobody", "nothing"), grant_type="refresh_token"),
    ]
    revoked = school.revoke(school.access)

    assert [reply.status for reply in replies] == [200, 400, 400, 401]
    for reply in replies:
        assert_fits("oauthToken", reply)
    assert_fits("oauthRevoke", revoked)


@pytest.mark.parametrize("status", ["active", "inactive", "pending"])
def test_users_fit(school: School, status: str) -> None:
    listed = school.call("users", "/users", status=status, page_size=1)
    one = school.call("user", f"/users/{listed.body['users'][0]['email']}")

    assert (listed.status, one.status) == (200, 200)
    assert_fits("users", listed)
    assert_fits("user", one)


@pytest.mark.parametrize("option", [None, "meeting_security", "meeting_authentication", "recording_authentication"])
def test_settings_fit(school: School, option: str | None) -> None:
    query = {} if option is None else {"option": option}

    user = school.call("userSettings", "/users/me/settings", **query)
    account = school.call("accountSettings", "/accounts/me/settings", **query)

    assert (user.status, account.status) == (200, 200)
    assert_fits("userSettings", user, option=option)
    assert_fits("accountSettings", account, option=option)


@pytest.mark.parametrize("order", [ORDER, {}, {"type": 1}, {"type": 3}, {"settings": {"use_pmi": True}}])
def test_meetings_fit(school: School, order: dict[str, Any]) -> None:
    path = "/users/ada@school.example/meetings"
    assert_request_matches(operation_named("meetingCreate"), order)

    made = school.call("meetingCreate", path, order)
    meeting = f"/meetings/{made.body['id']}"
    replies = {
        "meetings": school.call("meetings", path),
        "meeting": school.call("meeting", meeting),
        "meetingUpdate": school.call("meetingUpdate", meeting, {"topic": "Other"}),
        "meetingDelete": school.call("meetingDelete", meeting),
        "meetingStatus": school.call("meetingStatus", f"{meeting}/status", {"action": "recover"}),
    }

    assert_fits("meetingCreate", made)
    assert [reply.status for reply in replies.values()] == [200, 200, 204, 204, 204]
    for operation_id, reply in replies.items():
        assert_fits(operation_id, reply)


@pytest.mark.parametrize("host", ["nobody", "elsewhere", "cleo", "eve", "dan"])
def test_refusals_of_a_host_fit(school: School, host: str) -> None:
    reply = school.make(host)

    assert reply.status >= 400
    assert_fits("meetingCreate", reply)


@pytest.mark.parametrize("order", [{"duration": 0}, {"password": "ü"}, {"schedule_for": "ben@school.example"}])
def test_refusals_of_an_order_fit(school: School, order: dict[str, Any]) -> None:
    created, updated = school.make(**order), school.change(school.made()["id"], **order)

    assert (created.status, updated.status) == (400, 400)
    assert_fits("meetingCreate", created)
    assert_fits("meetingUpdate", updated)


@pytest.mark.parametrize("operation_id", sorted(OPERATIONS))
def test_every_operation_refuses_tokens_scopes_and_rates_in_zooms_words(operation_id: str) -> None:
    school = School().connect(("user:read:list_users:admin",) if operation_id != "users" else ("meeting:write:admin",))
    path = _path(operation_id)

    scope = school.call(operation_id, path, {})
    school.control("POST", "/revoke")
    token = school.call(operation_id, path, {})

    assert (scope.status, scope.code) == (400, 4711)
    assert (token.status, token.code) == (401, 124)
    assert_fits(operation_id, scope)
    assert_fits(operation_id, token)


@pytest.mark.parametrize("kind", LIMIT_KINDS)
@pytest.mark.parametrize("operation_id", ["users", "meetingCreate", "meetingUpdate"])
def test_every_limit_is_said_in_zooms_words(school: School, kind: str, operation_id: str) -> None:
    school.control("POST", "/answers", {"kind": f"limit:{kind}", "operation": operation_id})

    reply = school.call(operation_id, _path(operation_id), {})

    assert (reply.status, reply.code) == (429, 429)
    assert_fits(operation_id, reply)


def test_what_the_stand_in_stores_is_what_it_was_told(school: School) -> None:
    school.call("meetingCreate", "/users/ada@school.example/meetings", ORDER)

    meeting = overview(school.state)["meetings"][0]

    assert (meeting["topic"], meeting["duration"], meeting["passcode"]) == ("Conference", 15, "ab12cd")


def test_keys_that_zoom_does_not_know_are_found_at_any_depth() -> None:
    body = {
        "topic": "x",
        "start": "now",
        "settings": {"use_pmi": False, "waitingroom": True, "breakout_room": {"rooms": [{"name": "a", "seats": 1}]}},
        "tracking_fields": [{"field": "a", "values": 1}],
    }

    create = load_operation("zoom/meetings.openapi.json", "meetingCreate")
    update = load_operation("zoom/meetings.openapi.json", "meetingUpdate")

    assert unknown_request_keys(create, body) == [
        "start",
        "settings.waitingroom",
        "settings.breakout_room.rooms[].seats",
        "tracking_fields[].values",
    ]
    assert unknown_request_keys(update, {"default_password": True}) == ["default_password"]
    assert unknown_request_keys(operation_named("oauthToken"), {"grant_type": "refresh_token", "scope": "x"}) == [
        "scope"
    ]


@pytest.mark.parametrize(
    ("operation_id", "status", "body"),
    [
        ("meetingCreate", 201, {"id": "98"}),
        ("meetingCreate", 201, {"id": 98, "surprise": True}),
        ("meetingCreate", 201, {"start_time": "2026-12-03T16:00:00"}),
        ("meetingCreate", 200, {"id": 98}),
        ("meetingUpdate", 204, {}),
        ("meeting", 404, {"code": 9999, "message": "Meeting does not exist: 1."}),
        ("meeting", 404, {"code": 3001, "message": "Something else."}),
        ("meeting", 404, "<html>"),
        ("oauthToken", 200, {"access_token": "x"}),
    ],
)
def test_the_check_notices_what_is_wrong(operation_id: str, status: int, body: Any) -> None:
    with pytest.raises(AssertionError):
        assert_response_matches(operation_named(operation_id), status, body)


def test_a_request_out_of_bounds_is_noticed() -> None:
    create = operation_named("meetingCreate")

    assert_request_matches(create, ORDER)
    for change in ({"duration": 1441}, {"topic": "x" * 201}, {"password": "12345678901"}, {"sittings": {}}):
        with pytest.raises(AssertionError):
            assert_request_matches(create, {**ORDER, **change})


def test_without_descriptions_tests_are_skipped_but_not_on_the_build_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONFAB_CONTRACTS", str(tmp_path / "missing"))

    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="CONFAB_CONTRACTS"):
        contracts_folder()
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="CONFAB_CONTRACTS"):
        contracts_folder()


def _path(operation_id: str) -> str:
    return {
        "users": "/users",
        "user": "/users/me",
        "userSettings": "/users/me/settings",
        "accountSettings": "/accounts/me/settings",
        "meetings": "/users/me/meetings",
        "meetingCreate": "/users/me/meetings",
        "meetingStatus": "/meetings/1/status",
    }.get(operation_id, "/meetings/1")
