"""Consent and tokens of the stand-in of Zoom."""

import pytest
from sandbox_school import CALLBACK, CHALLENGE, VERIFIER, Clock, Reply, School

from webapp.sandbox.zoom import ZoomState


def refreshed(school: School, token: str) -> Reply:
    return school.token(grant_type="refresh_token", refresh_token=token)


def redeemed(school: School, code: str, **more: str) -> Reply:
    return school.token(grant_type="authorization_code", code=code, redirect_uri=CALLBACK, **more)


def test_the_consent_page_names_app_account_people_and_scopes(school: School) -> None:
    page = school.web.get("/oauth/authorize", query_string=school.asking())

    assert page.status_code == 200
    assert "Confab asks for access to Maple Street School" in page.text
    assert "dora@school.example (administrator)" in page.text
    assert "ada@school.example (not an administrator)" in page.text
    assert 'value="meeting:write:meeting:admin" checked' in page.text


def test_allowing_gives_a_code_and_the_state_unchanged(school: School) -> None:
    answer = school.consent(state="ü=/?&+ x")

    assert set(answer) == {"code", "state"}
    assert answer["state"] == "ü=/?&+ x"


def test_denying_gives_an_error_and_the_state_unchanged(school: School) -> None:
    answer = school.consent(decision="deny", state="my state")

    assert answer == {"error": "access_denied", "state": "my state"}


def test_somebody_who_is_no_administrator_is_refused_on_the_page(school: School) -> None:
    form = school.asking(user_id=school.user("ada").id, decision="allow")

    page = school.web.post("/oauth/authorize", data=form)

    assert page.status_code == 403
    assert "Ada Reyes is not an administrator of this account." in page.text
    assert not school.state.codes


@pytest.mark.parametrize("redirect_uri", ["https://evil.example/", CALLBACK + "/x", ""])
def test_a_redirect_that_is_not_on_the_list_shows_an_error_page(school: School, redirect_uri: str) -> None:
    asked = school.asking(redirect_uri=redirect_uri)

    shown = school.web.get("/oauth/authorize", query_string=asked)
    sent = school.web.post("/oauth/authorize", data={**asked, "decision": "allow"})

    assert (shown.status_code, sent.status_code) == (400, 400)
    assert f"Invalid redirect: {redirect_uri} (4,700)" in shown.text
    assert "Location" not in {*shown.headers.keys(), *sent.headers.keys()}


def test_an_unknown_client_shows_an_error_page(school: School) -> None:
    page = school.web.get("/oauth/authorize", query_string=school.asking(client_id="nobody"))

    assert page.status_code == 400
    assert "Invalid client_id" in page.text


@pytest.mark.parametrize(
    ("change", "error"),
    [({"response_type": "token"}, "unsupported_response_type"), ({"code_challenge_method": "S1"}, "invalid_request")],
)
def test_a_wrong_request_of_a_known_app_goes_back_to_it(school: School, change: dict[str, str], error: str) -> None:
    answer = school.web.get("/oauth/authorize", query_string=school.asking(**change))

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{CALLBACK}?error={error}&state=s+%26+t"


def test_a_code_gives_tokens_with_scope_and_address(school: School) -> None:
    reply = redeemed(school, school.code())

    assert reply.status == 200
    assert reply.body["token_type"] == "bearer"
    assert reply.body["expires_in"] == 3600
    assert reply.body["scope"].split() == list(school.app.scopes)
    assert reply.body["api_url"] == "http://zoom.example"
    assert reply.headers["Cache-Control"] == "no-store"


def test_an_unticked_scope_is_left_out_of_the_grant(school: School) -> None:
    kept = ("user:read:list_users:admin", "meeting:write:meeting:admin")

    reply = redeemed(school, school.code(kept))

    assert sorted(reply.body["scope"].split()) == sorted(kept)


def test_a_scope_that_the_app_does_not_have_cannot_be_added(school: School) -> None:
    reply = redeemed(school, school.code(("meeting:write:meeting:admin", "billing:write:admin")))

    assert reply.body["scope"] == "meeting:write:meeting:admin"


def test_a_code_works_once(school: School) -> None:
    code = school.code()
    redeemed(school, code)

    again = redeemed(school, code)

    assert (again.status, again.body["error"]) == (400, "invalid_grant")


def test_a_code_lives_five_minutes(school: School) -> None:
    young, old = school.code(), school.code()

    school.clock.at += 299
    in_time = redeemed(school, young)
    school.clock.at += 2
    too_late = redeemed(school, old)

    assert (in_time.status, too_late.status) == (200, 400)
    assert too_late.body["reason"] == "Code is expired (5 minutes)"


def test_a_code_of_another_redirect_is_refused_and_used_up(school: School) -> None:
    code = school.code()

    wrong = school.token(grant_type="authorization_code", code=code, redirect_uri="https://confab.school.example/")
    right = redeemed(school, code)

    assert (wrong.status, right.status) == (400, 400)
    assert wrong.body["reason"] == "Redirect URI mismatch."


@pytest.mark.parametrize(
    ("verifier", "status"), [(VERIFIER, 200), (VERIFIER + "x", 400), ("short", 400), ("", 400), ("ü" * 50, 400)]
)
def test_a_challenge_asks_for_its_verifier(school: School, verifier: str, status: int) -> None:
    code = school.code(code_challenge=CHALLENGE, code_challenge_method="S256")

    reply = redeemed(school, code, code_verifier=verifier)

    assert reply.status == status


@pytest.mark.parametrize("auth", [("nobody", "nothing"), ("{id}", "wrong"), ("{id}", "wröng")])
def test_a_wrong_client_is_refused(school: School, auth: tuple[str, str]) -> None:
    reply = school.token((auth[0].format(id=school.app.id), auth[1]), grant_type="refresh_token")

    assert (reply.status, reply.body["error"]) == (401, "invalid_client")


def test_a_client_without_credentials_is_refused(school: School) -> None:
    answer = school.web.post("/oauth/token", data={"grant_type": "refresh_token"})

    assert answer.status_code == 401


def test_credentials_in_the_address_are_refused(school: School) -> None:
    form = {"grant_type": "authorization_code", "code": school.code(), "redirect_uri": CALLBACK}

    answer = school.web.post("/oauth/token?code=x", data=form, auth=(school.app.id, school.app.secret))

    assert answer.status_code == 400
    assert answer.json == {"reason": "Credentials in the address are refused.", "error": "invalid_request"}


@pytest.mark.parametrize("form", [{}, {"grant_type": "account_credentials"}])
def test_other_grants_are_refused(school: School, form: dict[str, str]) -> None:
    reply = school.token(None, **form)

    assert reply.status == 400


def test_refreshing_rotates_the_refresh_token(school: School) -> None:
    first = school.refresh

    second = refreshed(school, first)
    again = refreshed(school, first)
    third = refreshed(school, second.body["refresh_token"])

    assert (second.status, third.status) == (200, 200)
    assert second.body["refresh_token"] != first
    assert (again.status, again.body) == (400, {"reason": "Invalid Token!", "error": "invalid_grant"})


def test_a_rotated_refresh_token_works_within_the_grace(school: School) -> None:
    school.state.set_switches(refresh_grace=10)
    first = school.refresh
    refreshed(school, first)

    school.clock.at += 9
    within = refreshed(school, first)
    school.clock.at += 2
    beyond = refreshed(school, first)

    assert (within.status, beyond.status) == (200, 400)


def test_an_access_token_lives_one_hour(school: School) -> None:
    school.clock.at += 3599
    before = school.call("user", "/users/me")
    school.clock.at += 1
    after = school.call("user", "/users/me")

    assert (before.status, after.status) == (200, 401)
    assert after.body == {"code": 124, "message": "Access token is expired."}


def test_a_refresh_token_lives_ninety_days_from_the_last_refresh(school: School) -> None:
    school.clock.at += 89 * 86400
    second = refreshed(school, school.refresh)
    school.clock.at += 89 * 86400
    third = refreshed(school, second.body["refresh_token"])
    school.clock.at += 91 * 86400
    late = refreshed(school, third.body["refresh_token"])

    assert (second.status, third.status, late.status) == (200, 200, 400)


def test_authorising_again_voids_the_earlier_tokens(school: School) -> None:
    first_access, first_refresh = school.access, school.refresh

    school.connect()

    assert school.call("user", "/users/me").status == 200
    assert refreshed(school, first_refresh).status == 400
    school.access = first_access
    assert school.call("user", "/users/me").body == {"code": 124, "message": "Invalid access token."}


def test_revoking_the_access_token_ends_the_grant(school: School) -> None:
    reply = school.revoke(school.access)

    assert (reply.status, reply.body) == (200, {"status": "success"})
    assert school.call("user", "/users/me").status == 401
    assert refreshed(school, school.refresh).status == 400


def test_revoking_an_unknown_token_changes_nothing(school: School) -> None:
    reply = school.revoke("unknown")

    assert reply.status == 200
    assert school.call("user", "/users/me").status == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic {token}", "Bearer {refresh}"])
def test_only_a_living_access_token_opens_the_api(school: School, header: str) -> None:
    value = header.format(token=school.access, refresh=school.refresh)

    answer = school.web.get("/v2/users/me", headers={"Authorization": value})

    assert answer.status_code == 401
    assert answer.json == {"code": 124, "message": "Invalid access token."}


def test_a_token_in_the_address_does_not_count(school: School) -> None:
    answer = school.web.get("/v2/users/me", query_string={"access_token": school.access})

    assert answer.status_code == 401


def test_dead_tokens_are_forgotten_after_a_day(school: School) -> None:
    for _ in range(5):
        school.refresh = refreshed(school, school.refresh).body["refresh_token"]
    school.clock.at += 2 * 86400

    refreshed(school, school.refresh)

    assert len(school.state.tokens) == 3


def test_another_app_cannot_use_the_code_or_the_tokens(school: School) -> None:
    other = School(Clock(), ZoomState())
    school.state.apps[other.app.id] = other.app
    stranger = (other.app.id, other.app.secret)

    code = school.token(stranger, grant_type="authorization_code", code=school.code(), redirect_uri=CALLBACK)
    token = school.token(stranger, grant_type="refresh_token", refresh_token=school.refresh)

    assert (code.status, token.status) == (400, 400)


def test_a_form_from_another_site_is_refused(school: School) -> None:
    form = school.asking(user_id=school.user("dora").id, decision="allow")

    answer = school.web.post("/oauth/authorize", data=form, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
