"""Users and settings of the stand-in of Zoom."""

from dataclasses import replace

import pytest
from sandbox_school import School


def emails(reply_body: dict[str, list[dict[str, str]]]) -> list[str]:
    return [user["email"].partition("@")[0] for user in reply_body["users"]]


def test_active_users_are_listed_unless_asked_otherwise(school: School) -> None:
    default = school.call("users", "/users")
    inactive = school.call("users", "/users", status="inactive")

    assert emails(default.body) == ["dora", "ada", "ben", "eve"]
    assert emails(inactive.body) == ["dan"]


def test_pending_users_carry_no_id_and_the_time_of_the_call(school: School) -> None:
    school.clock.at += 1800

    reply = school.call("users", "/users", status="pending")

    assert emails(reply.body) == ["cleo"]
    assert "id" not in reply.body["users"][0]
    assert reply.body["users"][0]["created_at"] == "2026-11-23T15:30:00Z"


def test_users_come_in_pages(school: School) -> None:
    for number in range(7):
        school.control("POST", "/users", {"email": f"more{number}@school.example"})

    pages, token = [], ""
    while True:
        reply = school.call("users", "/users", page_size=4, next_page_token=token)
        pages.append(emails(reply.body))
        token = reply.body["next_page_token"]
        if not token:
            break

    assert [len(page) for page in pages] == [4, 4, 3]
    assert len({email for page in pages for email in page}) == 11
    assert reply.body["total_records"] == 11
    assert reply.body["page_count"] == 3


def test_a_page_token_lives_fifteen_minutes(school: School) -> None:
    token = school.call("users", "/users", page_size=1).body["next_page_token"]

    school.clock.at += 14 * 60
    in_time = school.call("users", "/users", page_size=1, next_page_token=token)
    school.clock.at += 2 * 60
    too_late = school.call("users", "/users", page_size=1, next_page_token=token)

    assert (in_time.status, too_late.status) == (200, 400)
    assert too_late.body == {"code": 300, "message": "The next page token is invalid or expired."}


@pytest.mark.parametrize("token", ["nonsense", "1.9999999999.aaaa", "ü", "..", "1."])
def test_a_made_up_page_token_is_refused(school: School, token: str) -> None:
    reply = school.call("users", "/users", next_page_token=token)

    assert (reply.status, reply.code) == (400, 300)


def test_a_page_token_belongs_to_its_list(school: School) -> None:
    token = school.call("users", "/users", page_size=1).body["next_page_token"]

    reply = school.call("users", "/users", status="inactive", next_page_token=token)

    assert reply.status == 400


@pytest.mark.parametrize("query", [{"status": "gone"}, {"page_size": "0"}, {"page_size": "many"}])
def test_a_wrong_query_is_refused(school: School, query: dict[str, str]) -> None:
    reply = school.call("users", "/users", **query)

    assert (reply.status, reply.code) == (400, 300)


def test_a_page_has_at_most_two_thousand(school: School) -> None:
    reply = school.call("users", "/users", page_size=5000)

    assert reply.body["page_size"] == 2000


def test_a_user_is_found_by_id_by_address_in_any_case_and_as_me(school: School) -> None:
    ada = school.user("ada")

    found = [school.call("user", f"/users/{name}").body for name in (ada.id, "ADA@School.Example")]
    me = school.call("user", "/users/me").body

    assert [user["id"] for user in found] == [ada.id, ada.id]
    assert me["email"] == "dora@school.example"
    assert me["account_id"] == school.state.account.id


@pytest.mark.parametrize(
    ("name", "status", "code"), [("nobody@school.example", 404, 1001), ("ELSEWHERE@school.example", 400, 1010)]
)
def test_a_stranger_is_not_found(school: School, name: str, status: int, code: int) -> None:
    reply = school.call("user", f"/users/{name}")

    assert (reply.status, reply.code) == (status, code)


def test_a_pending_user_is_found_by_address_only_and_has_no_settings(school: School) -> None:
    by_address = school.call("user", "/users/cleo@school.example")
    by_id = school.call("user", f"/users/{school.user('cleo').id}")
    settings = school.call("userSettings", "/users/cleo@school.example/settings")

    assert (by_address.status, by_address.body["status"]) == (200, "pending")
    assert by_id.status == 404
    assert (settings.status, settings.code) == (400, 1000)


@pytest.mark.parametrize(("operation", "path"), [("user", ""), ("userSettings", "/settings")])
def test_an_expired_invitation_has_its_own_code(school: School, operation: str, path: str) -> None:
    school.control("PATCH", "/users/cleo@school.example", {"invitation_expired": True})

    reply = school.call(operation, f"/users/cleo@school.example{path}")

    assert (reply.status, reply.code) == (400, 1120)


def test_settings_carry_the_passcode_rule(school: School) -> None:
    school.control("PATCH", "/account", {"rule": {"length": 8, "have_letter": True}})
    school.control("PATCH", "/users/ben@school.example", {"rule": "digits"})

    general = school.call("userSettings", "/users/ada@school.example/settings").body
    security = school.call("userSettings", "/users/ben@school.example/settings", option="meeting_security").body
    account = school.call("accountSettings", "/accounts/me/settings").body

    assert general["schedule_meeting"]["meeting_password_requirement"]["length"] == 8
    assert security["meeting_security"]["meeting_password_requirement"]["only_allow_numeric"] is True
    assert account["schedule_meeting"]["meeting_password_requirement"]["have_letter"] is True


def test_a_locked_rule_overrides_the_users_own(school: School) -> None:
    school.control("PATCH", "/users/ben@school.example", {"rule": "digits"})
    school.control("PATCH", "/account", {"rule": {"length": 9}, "locks": ["passcode_rule"]})

    rule = school.call("userSettings", "/users/ben@school.example/settings").body["schedule_meeting"]

    assert rule["meeting_password_requirement"]["length"] == 9
    assert rule["meeting_password_requirement"]["only_allow_numeric"] is False


@pytest.mark.parametrize("option", ["meeting_security", "meeting_authentication", "recording_authentication"])
def test_each_option_of_the_settings_has_its_shape(school: School, option: str) -> None:
    user = school.call("userSettings", "/users/me/settings", option=option)
    account = school.call("accountSettings", "/accounts/me/settings", option=option)

    assert (user.status, account.status) == (200, 200)


def test_an_unknown_option_is_refused(school: School) -> None:
    reply = school.call("userSettings", "/users/me/settings", option="everything")

    assert (reply.status, reply.code) == (400, 300)


def test_account_settings_need_the_own_account_and_a_paid_plan(school: School) -> None:
    own = school.call("accountSettings", f"/accounts/{school.state.account.id}/settings")
    other = school.call("accountSettings", "/accounts/other/settings")
    school.control("PATCH", "/account", {"plan": "free"})
    free = school.call("accountSettings", "/accounts/me/settings")

    assert (own.status, other.status, other.code, free.status, free.code) == (200, 404, 2001, 400, 200)


@pytest.mark.parametrize("status", [400, 401])
def test_a_missing_scope_is_named(status: int) -> None:
    school = School().connect(("user:read:list_users:admin",))
    school.state.set_switches(scope_status=status)

    allowed = school.call("users", "/users")
    refused = school.web.get("/v2/users/me", headers={"Authorization": f"Bearer {school.access}"})

    assert allowed.status == 200
    assert refused.status_code == status
    assert refused.json == {
        "code": 4711,
        "message": "Invalid access token, does not contain scopes:[user:read:user:admin, user:read:user]",
    }


def test_classic_scopes_open_the_same_doors() -> None:
    school = School()
    school.app = replace(school.app, scopes=("user:read:admin", "meeting:write:admin"))
    school.state.apps[school.app.id] = school.app
    school.connect()

    assert school.call("users", "/users").status == 200
    assert school.make().status == 201
    assert school.call("meetings", "/users/me/meetings").code == 4711


def test_an_unknown_endpoint_says_so(school: School) -> None:
    answer = school.web.get("/v2/unicorns", headers={"Authorization": f"Bearer {school.access}"})

    assert answer.status_code == 400
    assert answer.json == {"code": 2300, "message": "This API endpoint is not recognized."}
