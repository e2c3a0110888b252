"""The handshake with Google, as a teacher and a browser go through it."""

import base64
import hashlib
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from google_stage import CALENDAR_SCOPES, PLACE, REDIRECT, TEACHER, VERIFIER, GoogleStage

from webapp import clock
from webapp.errors import ProviderError
from webapp.providers.google import google_grants
from webapp.providers.google.oauth import GoogleGrants

WEEK = 7 * 24 * 3600
Serve = Callable[..., Any]


def refusal(work: Callable[..., Any], *arguments: Any, **values: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        work(*arguments, **values)
    return caught.value


def kinds(error: ProviderError) -> tuple[str, bool]:
    return error.code, error.retry


def asked(google: GoogleStage) -> dict[str, str]:
    page = google.grants.authorize_url(state="s 1", verifier=VERIFIER)
    return {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}


def says(text: str | bytes, status: str = "200 OK", headers: str = "") -> Callable[[socket.socket], None]:
    body = text if isinstance(text, bytes) else text.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode()
    return lambda connection: connection.sendall(head + body)


def grants_at(google: GoogleStage, url: str) -> GoogleGrants:
    return google_grants(google.settings.model_copy(update={"google_oauth_url": url}))


def test_consent_is_asked_for_good_with_state_and_a_hashed_verifier(google: GoogleStage) -> None:
    """RELIABILITY T12: without offline access and consent asked anew Google gives no refresh token."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()

    assert asked(google) == {
        "response_type": "code",
        "client_id": google.settings.google_client_id,
        "redirect_uri": REDIRECT,
        "scope": " ".join(["openid", "email", *CALENDAR_SCOPES]),
        "state": "s 1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "access_type": "offline",
        "prompt": "select_account consent",
    }


def test_consent_gives_tokens_that_last(google: GoogleStage) -> None:
    tokens = google.grant()

    assert google.grants.missing_scopes(tokens.scopes) == []
    assert google.grants.extra_scopes(tokens.scopes) == []
    assert tokens.refresh_ends_at is None
    assert timedelta(minutes=58) < tokens.expires_at - clock.now() <= timedelta(hours=1)


def test_a_refused_consent_comes_back_without_a_code(google: GoogleStage) -> None:
    query = parse_qs(urlsplit(google.consent(decision="deny")).query)

    assert (query["error"], query["state"]) == (["access_denied"], ["our-state"])
    assert "code" not in query


def test_a_code_is_good_once_and_with_its_verifier_only(google: GoogleStage) -> None:
    code, other, old = google.code(), google.code(), google.code()
    google.grants.exchange(code, verifier=VERIFIER)

    assert kinds(refusal(google.grants.exchange, code, verifier=VERIFIER)) == ("invalid_grant", False)
    assert kinds(refusal(google.grants.exchange, other, verifier="w" * 50)) == ("invalid_grant", False)
    google.control("switches", clock_offset=3600)
    assert kinds(refusal(google.grants.exchange, old, verifier=VERIFIER)) == ("invalid_grant", False)


@pytest.mark.parametrize("missing", CALENDAR_SCOPES)
def test_each_permission_that_was_unticked_is_named(google: GoogleStage, missing: str) -> None:
    """OAUTH-012"""
    tokens = google.grant(scopes=[scope for scope in CALENDAR_SCOPES if scope != missing])

    assert google.grants.missing_scopes(tokens.scopes) == [missing.removeprefix(PLACE)]


def test_wider_permissions_do_and_are_told(google: GoogleStage) -> None:
    """OAUTH-030: only what our calls need is asked for; what was granted beyond it is reported."""
    wide = f"openid {PLACE}userinfo.email {PLACE}calendar"

    assert google.grants.missing_scopes(wide) == []
    assert google.grants.extra_scopes(wide) == ["calendar"]
    assert google.grants.extra_scopes(f"{wide} https://mail.google.com/") == ["calendar", "https://mail.google.com/"]
    assert google.grants.missing_scopes("") == [
        *("openid", "email", "calendar.events.owned", "calendar.calendarlist.readonly", "calendar.freebusy")
    ]


def test_a_refresh_keeps_the_refresh_token_that_google_does_not_tell_again(google: GoogleStage) -> None:
    former = google.store.tokens

    fresh = google.grants.refresh(former)

    assert fresh.refresh == former.refresh
    assert fresh.access != former.access
    assert fresh.scopes == former.scopes


def test_access_for_an_hour_only_is_refused_with_what_helps(google: GoogleStage) -> None:
    """A refresh token comes only if consent is asked for, or has never been given before."""
    page = {**asked(google), "prompt": ""}
    account = google.state()["accounts"][0]["id"]
    form = {**page, "decision": "allow", "account_id": account, "granted": CALENDAR_SCOPES}
    answer = requests.post(google.settings.google_consent_url, data=form, allow_redirects=False, timeout=5)
    code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]

    assert kinds(refusal(google.grants.exchange, code, verifier=VERIFIER)) == ("no_refresh_token", False)


def test_an_app_in_testing_says_when_its_grant_will_die_and_it_does(google: GoogleStage) -> None:
    """FAILURES F37"""
    google.control("app", method="PATCH", client_id=google.settings.google_client_id, is_testing=True)

    tokens = google.grant()
    again = google.grants.refresh(tokens)
    google.control("switches", clock_offset=WEEK + 60)

    assert tokens.refresh_ends_at
    assert abs(tokens.refresh_ends_at - clock.now() - timedelta(seconds=WEEK)) < timedelta(minutes=1)
    assert again.refresh_ends_at
    assert abs(again.refresh_ends_at - tokens.refresh_ends_at) < timedelta(minutes=1)
    assert kinds(refusal(google.grants.refresh, tokens)) == ("invalid_grant", False)


def test_an_end_that_is_not_told_again_is_kept(google: GoogleStage, raw_server: Serve) -> None:
    """FAILURES F37"""
    in_a_day = clock.now() + timedelta(days=1)
    grants = grants_at(google, raw_server(says('{"access_token": "a"}')).url)

    tokens = grants.refresh(replace(google.store.tokens, refresh_ends_at=in_a_day))

    assert tokens.refresh_ends_at == in_a_day


def test_a_wrong_client_secret_is_not_taken_for_a_dead_grant(google: GoogleStage) -> None:
    wrong = google_grants(google.settings.model_copy(update={"google_client_secret": "wrong"}))

    assert kinds(refusal(wrong.refresh, google.store.tokens)) == ("invalid_client", False)


@pytest.mark.parametrize(("kind", "status"), [("html", 502), ("malformed", 200), ("empty", 200), ("status", 503)])
def test_an_answer_that_is_no_answer_leaves_the_grant_alive(google: GoogleStage, kind: str, status: int) -> None:
    """OAUTH-017: the trouble passes; nothing says that the grant is dead."""
    google.plan("token", kind, status=status, done=False)

    error = refusal(google.grants.refresh, google.store.tokens)

    assert (error.retry, error.code == "invalid_grant") == (True, False)
    assert google.grants.refresh(google.store.tokens)


def test_a_body_without_end_is_not_read(google: GoogleStage, raw_server: Serve) -> None:
    """OAUTH-017: it ends at 1 MB."""
    huge = raw_server(says(b"x" * 2_000_000))

    error = refusal(grants_at(google, huge.url).refresh, google.store.tokens)

    assert kinds(error) == ("unreadable", True)


@pytest.mark.parametrize(
    "lifetime",
    ["", '"expires_in": 0,', '"expires_in": -5,', '"expires_in": 1000000000000,', '"expires_in": "abc",'],
)
def test_a_lifetime_that_makes_no_sense_is_taken_as_an_hour(
    google: GoogleStage, raw_server: Serve, lifetime: str
) -> None:
    """OAUTH-018: no crash and no refreshing in a loop; the other token's end that makes none is not known."""
    body = f'{{{lifetime} "access_token": "a", "scope": "x", "refresh_token_expires_in": -1}}'

    tokens = grants_at(google, raw_server(says(body)).url).refresh(google.store.tokens)

    assert timedelta(minutes=59) < tokens.expires_at - clock.now() <= timedelta(hours=1)
    assert tokens.refresh_ends_at is None


def test_a_redirect_of_the_token_endpoint_is_not_followed(google: GoogleStage, raw_server: Serve) -> None:
    """OAUTH-020"""
    server = raw_server(says("", "302 Found", "Location: http://169.254.169.254/\r\n"))

    error = refusal(grants_at(google, server.url).refresh, google.store.tokens)

    assert (error.retry, error.code) == (True, "302")
    assert len(server.received) == 1


@pytest.mark.parametrize("body", ['{"access_token": "a\\nb", "refresh_token": "r"}', '{"access_token": 5}', "[]"])
def test_tokens_that_could_not_be_used_are_not_taken(google: GoogleStage, raw_server: Serve, body: str) -> None:
    grants = grants_at(google, raw_server(says(body)).url)

    assert refusal(grants.exchange, "code", verifier=VERIFIER).code in {"unreadable", "no_refresh_token"}


def test_revoking_ends_the_grant_and_may_be_repeated(google: GoogleStage) -> None:
    """By the refresh token, so that it works when the access token has long expired; no secret of ours goes along."""
    for _ in range(2):
        google.grants.revoke(google.store.tokens)

    assert all(grant["revoked_at"] is not None for grant in google.state()["grants"])
    assert [call["status"] for call in google.calls("revoke")] == [200, 400]


def test_revoking_without_google_says_that_it_was_not_done(google: GoogleStage) -> None:
    """OAUTH-027"""
    assert refusal(grants_at(google, "http://127.0.0.1:9").revoke, google.store.tokens).retry


def test_another_account_may_be_chosen(google: GoogleStage) -> None:
    google.add_account("home@mail.example")

    google.store.tokens = google.grant(email="home@mail.example")

    assert google.provider.account().email == "home@mail.example"
    assert google.state()["accounts"][0]["email"] == TEACHER
