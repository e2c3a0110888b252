"""The handshake with Zoom, as an administrator and a browser go through it."""

import base64
import hashlib
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from stages import NEEDED, REDIRECT, ZoomStage

from webapp import clock
from webapp.errors import ProviderError
from webapp.providers.zoom import zoom_grants

VERIFIER = "v" * 50


def refusal(work: Callable[..., Any], *arguments: Any, **values: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        work(*arguments, **values)
    return caught.value


def test_the_consent_page_is_asked_with_state_and_a_hashed_verifier(zoom: ZoomStage) -> None:
    """R11"""
    url = urlsplit(zoom.grants.authorize_url(state="s 1", verifier=VERIFIER))

    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    assert url.path == "/oauth/authorize"
    assert query == {
        "response_type": "code",
        "client_id": zoom.settings.zoom_client_id,
        "redirect_uri": REDIRECT,
        "state": "s 1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }


def test_consent_gives_tokens_for_the_account(zoom: ZoomStage) -> None:
    """R6, R12"""
    tokens = zoom.grants.exchange(zoom.code(), verifier=VERIFIER)

    assert zoom.grants.missing_scopes(tokens.scopes) == []
    assert timedelta(minutes=58) < tokens.expires_at - clock.now() <= timedelta(hours=1)


def test_a_refused_consent_comes_back_without_a_code(zoom: ZoomStage) -> None:
    """R12"""
    query = parse_qs(urlsplit(zoom.consent(decision="deny")).query)

    assert (query["error"], query["state"]) == (["access_denied"], ["our-state"])


def test_a_code_is_good_once_and_with_its_verifier_only(zoom: ZoomStage) -> None:
    code, other = zoom.code(), zoom.code()
    zoom.grants.exchange(code, verifier=VERIFIER)

    again = refusal(zoom.grants.exchange, code, verifier=VERIFIER)
    stolen = refusal(zoom.grants.exchange, other, verifier="w" * 50)

    assert (again.code, again.retry) == ("invalid_grant", False)
    assert (stolen.code, stolen.retry) == ("invalid_grant", False)


@pytest.mark.parametrize("missing", NEEDED)
def test_each_scope_that_consent_left_out_is_named(zoom: ZoomStage, missing: str) -> None:
    """R12"""
    tokens = zoom.grant(scopes=[scope for scope in NEEDED if scope != missing])

    assert zoom.grants.missing_scopes(tokens.scopes) == [missing]


def test_the_classic_scopes_of_an_older_app_do(zoom: ZoomStage) -> None:
    assert zoom.grants.missing_scopes("user:read:admin meeting:read:admin meeting:write:admin") == []
    assert zoom.grants.missing_scopes("user:read:admin meeting:read:admin") == [
        "meeting:write:meeting:admin",
        "meeting:update:meeting:admin",
        "meeting:delete:meeting:admin",
    ]
    assert zoom.grants.missing_scopes("") == NEEDED


def test_no_scope_is_asked_for_by_name_and_what_is_granted_beyond_need_is_told(zoom: ZoomStage) -> None:
    """OAUTH-030: Zoom grants what the app's own page lists."""
    asked = parse_qs(urlsplit(zoom.grants.authorize_url(state="s", verifier=VERIFIER)).query)
    tokens = zoom.grant(scopes=NEEDED)

    assert "scope" not in asked
    assert zoom.grants.extra_scopes(tokens.scopes) == []
    assert zoom.grants.extra_scopes("user:read:admin meeting:read:admin meeting:write:admin") == []
    assert zoom.grants.extra_scopes(f"{tokens.scopes} report:read:admin,recording:read:admin") == [
        "recording:read:admin",
        "report:read:admin",
    ]


def test_a_refresh_brings_a_new_pair_and_the_old_one_is_void(zoom: ZoomStage) -> None:
    """F13"""
    former = zoom.store.tokens

    fresh = zoom.grants.refresh(former)

    assert fresh.refresh != former.refresh
    assert fresh.access != former.access
    assert refusal(zoom.grants.refresh, former).code == "invalid_grant"
    assert zoom.grants.refresh(fresh)


def test_a_wrong_client_secret_is_not_taken_for_a_dead_grant(zoom: ZoomStage) -> None:
    wrong = zoom_grants(zoom.settings.model_copy(update={"zoom_client_secret": "wrong"}))

    error = refusal(wrong.refresh, zoom.store.tokens)

    assert (error.code, error.retry) == ("invalid_client", False)


@pytest.mark.parametrize(("kind", "status"), [("html", 502), ("malformed", 200), ("empty", 200), ("status", 503)])
def test_an_answer_that_is_no_answer_leaves_the_grant_alive(zoom: ZoomStage, kind: str, status: int) -> None:
    """OAUTH-017: the trouble passes; nothing says that the grant is dead."""
    zoom.plan("oauthToken", kind, status=status, done=False)

    error = refusal(zoom.grants.refresh, zoom.store.tokens)

    assert (error.retry, error.code == "invalid_grant") == (True, False)
    assert zoom.grants.refresh(zoom.store.tokens)


@pytest.mark.parametrize(
    "lifetime",
    [
        "",
        '"expires_in": 0,',
        '"expires_in": -5,',
        '"expires_in": 1000000000000,',
        '"expires_in": "abc",',
        '"expires_in": true,',
    ],
)
def test_a_lifetime_that_makes_no_sense_is_taken_as_an_hour(
    zoom: ZoomStage, raw_server: Callable[..., Any], lifetime: str
) -> None:
    """OAUTH-018: no crash and no refreshing in a loop."""
    body = f'{{{lifetime} "access_token": "a", "refresh_token": "r", "scope": "x"}}'

    def say(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    grants = zoom_grants(zoom.settings.model_copy(update={"zoom_oauth_url": raw_server(say).url}))

    tokens = grants.refresh(zoom.store.tokens)

    assert timedelta(minutes=59) < tokens.expires_at - clock.now() <= timedelta(hours=1)


@pytest.mark.parametrize(
    "body",
    [
        '{"access_token": "a"}',
        '{"access_token": "a\\nb", "refresh_token": "r"}',
        '{"access_token": 5, "refresh_token": "r"}',
    ],
)
def test_tokens_that_could_not_be_used_are_not_taken(
    zoom: ZoomStage, raw_server: Callable[..., Any], body: str
) -> None:
    def say(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    grants = zoom_grants(zoom.settings.model_copy(update={"zoom_oauth_url": raw_server(say).url}))

    error = refusal(grants.exchange, "code", verifier=VERIFIER)

    assert (error.code, error.retry) == ("unreadable", True)


def test_revoking_ends_the_grant_and_may_be_repeated(zoom: ZoomStage) -> None:
    """R13"""
    zoom.grants.revoke(zoom.store.tokens)
    zoom.grants.revoke(zoom.store.tokens)

    assert all(grant["revoked_at"] is not None for grant in zoom.state()["grants"])


def test_revoking_without_zoom_says_that_it_was_not_done(zoom: ZoomStage) -> None:
    """OAUTH-027"""
    nowhere = zoom_grants(zoom.settings.model_copy(update={"zoom_oauth_url": "http://127.0.0.1:9"}))

    assert refusal(nowhere.revoke, zoom.store.tokens).retry
