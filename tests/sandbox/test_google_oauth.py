"""Consent and tokens of the stand-in of Google."""

import pytest
from google_desk import CALENDAR, SCOPES, TEACHER, Desk
from sandbox_school import Reply

WEEK = 7 * 24 * 3600


@pytest.fixture
def desk() -> Desk:
    return Desk()


def refreshed(desk: Desk, token: str) -> Reply:
    return desk.token(grant_type="refresh_token", refresh_token=token)


def said(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.body["error"]


def test_the_consent_page_offers_accounts_and_permissions_in_google_s_words(desk: Desk) -> None:
    page = desk.web.get("/o/oauth2/v2/auth", query_string=desk.asking()).text

    assert "Confab wants access to your Google Account" in page
    assert all(one in page for one in (TEACHER, "dora@school.example"))
    assert page.count('name="granted"') == 3
    assert "View your availability in your calendars" in page
    assert "hasn’t verified this app" not in page


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("client_id", "nobody", "invalid_client"),
        ("redirect_uri", "https://evil.example/", "redirect_uri_mismatch"),
        ("response_type", "token", "invalid_request"),
        ("scope", "", "invalid_request"),
    ],
)
def test_who_asks_wrongly_is_sent_nowhere(desk: Desk, field: str, value: str, error: str) -> None:
    asked = desk.asking(**{field: value})

    shown = desk.web.get("/o/oauth2/v2/auth", query_string=asked)
    sent = desk.web.post("/o/oauth2/v2/auth", data={**asked, "decision": "allow"})

    assert (shown.status_code, sent.status_code) == (400, 400)
    assert f"Error 400: {error}" in shown.text
    assert "Location" not in {*shown.headers.keys(), *sent.headers.keys()}


def test_denying_gives_an_error_and_the_state_unchanged(desk: Desk) -> None:
    assert desk.consent(decision="deny") == {"error": "access_denied", "state": "our state"}


def test_unticked_permissions_are_left_out_and_the_address_of_the_account_stays(desk: Desk) -> None:
    back = desk.consent(granted=SCOPES[:1])

    scopes = desk.redeem(back["code"]).body["scope"].split()
    assert scopes == ["openid", "https://www.googleapis.com/auth/userinfo.email", f"{CALENDAR}.events.owned"]
    assert back["scope"].split() == scopes


def test_a_code_is_good_once_for_ten_minutes_with_its_verifier_and_address(desk: Desk) -> None:
    codes = [desk.consent()["code"] for _ in range(4)]

    assert desk.redeem(codes[0]).status == 200
    assert said(desk.redeem(codes[0])) == (400, "invalid_grant")
    assert said(desk.redeem(codes[1], code_verifier="x" * 50)) == (400, "invalid_grant")
    assert said(desk.redeem(codes[2], redirect_uri="https://evil.example/")) == (400, "redirect_uri_mismatch")
    desk.clock.at += 601
    assert said(desk.redeem(codes[3])) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("asked", "comes"),
    [
        ({"access_type": "online", "prompt": "consent"}, False),
        ({"access_type": "offline", "prompt": ""}, False),
        ({"access_type": "offline", "prompt": "select_account consent"}, True),
    ],
)
def test_a_refresh_token_comes_to_who_asks_for_it_in_the_right_way(
    desk: Desk, asked: dict[str, str], comes: bool
) -> None:
    first = desk.redeem(desk.consent(access_type="offline", prompt="")["code"]).body

    again = desk.redeem(desk.consent(**asked)["code"]).body

    assert "refresh_token" in first
    assert ("refresh_token" in again) == comes


def test_a_refresh_token_stays_and_an_access_token_ends_within_the_hour(desk: Desk) -> None:
    desk.connect()

    fresh = refreshed(desk, desk.refresh).body
    desk.clock.at += 3600

    assert "refresh_token" not in fresh
    assert fresh["expires_in"] == 3599
    assert desk.call("GET", "/users/me/calendarList").status == 401
    desk.access = refreshed(desk, desk.refresh).body["access_token"]
    assert desk.call("GET", "/users/me/calendarList").status == 200


def test_another_consent_leaves_the_earlier_one_alive(desk: Desk) -> None:
    desk.connect()
    former = desk.refresh
    desk.connect()

    assert refreshed(desk, former).status == 200


@pytest.mark.parametrize("which", ["access", "refresh"])
def test_revoking_either_token_ends_the_grant(desk: Desk, which: str) -> None:
    desk.connect()

    first = desk.web.post("/revoke", data={"token": getattr(desk, which)})
    second = desk.web.post("/revoke", data={"token": getattr(desk, which)})

    assert (first.status_code, second.status_code) == (200, 400)
    assert second.json["error"] == "invalid_token"
    assert said(refreshed(desk, desk.refresh)) == (400, "invalid_grant")


def test_what_an_app_in_testing_was_allowed_ends_after_seven_days(desk: Desk) -> None:
    """FAILURES F37"""
    desk.web.post("/testing", data={"is_testing": "on"})
    page = desk.web.get("/o/oauth2/v2/auth", query_string=desk.asking()).text

    given = desk.redeem(desk.consent()["code"]).body
    desk.clock.at += WEEK - 60
    before = refreshed(desk, given["refresh_token"])
    desk.clock.at += 120
    after = refreshed(desk, given["refresh_token"])

    assert "hasn’t verified this app" in page
    assert given["refresh_token_expires_in"] == WEEK
    assert before.body["refresh_token_expires_in"] == 60
    assert said(after) == (400, "invalid_grant")


@pytest.mark.parametrize("form", [{"client_secret": "wrong"}, {"client_id": "nobody"}])
def test_a_client_that_is_not_known_is_told_so(desk: Desk, form: dict[str, str]) -> None:
    assert said(desk.token(grant_type="refresh_token", refresh_token="x", **form)) == (401, "invalid_client")


def test_other_ways_to_a_token_are_refused(desk: Desk) -> None:
    assert said(desk.token(grant_type="password")) == (400, "unsupported_grant_type")


def test_who_consented_is_told_as_far_as_it_was_asked_for(desk: Desk) -> None:
    def person(scope: str) -> dict[str, str]:
        desk.connect(scope=scope)
        answer = desk.web.get("/v1/userinfo", headers={"Authorization": f"Bearer {desk.access}"})
        found: dict[str, str] = answer.json
        return found

    assert person(f"openid {SCOPES[0]}") == {"sub": desk.account().id}
    assert person(f"openid email {SCOPES[0]}")["email"] == TEACHER
    assert person("openid email profile")["name"] == TEACHER
    assert desk.web.get("/v1/userinfo").status_code == 401
