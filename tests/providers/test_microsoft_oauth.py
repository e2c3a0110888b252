"""The handshake with Microsoft, as a teacher and a browser go through it."""

import base64
import hashlib
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from microsoft_stage import REDIRECT, VERIFIER, MicrosoftStage

from webapp import _providers, clock
from webapp.errors import ProviderError
from webapp.i18n import sentence
from webapp.providers.http import LARGEST_BODY
from webapp.providers.microsoft import microsoft_grants
from webapp.providers.microsoft.oauth import MicrosoftGrants

Server = Callable[..., Any]


def refusal(work: Callable[..., Any], *arguments: Any, **values: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        work(*arguments, **values)
    sentence(caught.value)
    return caught.value


def told(*parts: bytes) -> Callable[[socket.socket], None]:
    def say(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)

    return say


def ok(body: str) -> Callable[[socket.socket], None]:
    return told(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())


def grants_at(microsoft: MicrosoftStage, url: str) -> MicrosoftGrants:
    return microsoft_grants(microsoft.settings.model_copy(update={"microsoft_oauth_url": url}))


class TestConsent:
    def test_the_page_is_asked_with_state_and_a_hashed_verifier(self, microsoft: MicrosoftStage) -> None:
        """R33, OAUTH-030: only the scopes that are documented, and which account is chosen each time."""
        url = urlsplit(microsoft.grants.authorize_url(state="s 1", verifier=VERIFIER))

        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
        assert url.path == "/common/oauth2/v2.0/authorize"
        assert {name: values[0] for name, values in parse_qs(url.query).items()} == {
            "client_id": microsoft.settings.microsoft_client_id,
            "response_type": "code",
            "response_mode": "query",
            "redirect_uri": REDIRECT,
            "scope": "offline_access User.Read Calendars.ReadWrite",
            "state": "s 1",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "prompt": "select_account",
        }

    def test_it_gives_tokens_that_last_an_hour_and_are_renewed(self, microsoft: MicrosoftStage) -> None:
        tokens = microsoft.grants.exchange(microsoft.code(), verifier=VERIFIER)

        assert microsoft.grants.missing_scopes(tokens.scopes) == []
        assert microsoft.grants.extra_scopes(tokens.scopes) == []
        assert timedelta(minutes=58) < tokens.expires_at - clock.now() <= timedelta(hours=1)

    def test_a_refused_one_comes_back_without_a_code(self, microsoft: MicrosoftStage) -> None:
        query = parse_qs(urlsplit(microsoft.consent(decision="deny")).query)

        assert (query["error"], query["state"]) == (["access_denied"], ["our-state"])
        assert "code" not in query

    def test_a_code_is_good_once_and_with_its_verifier_only(self, microsoft: MicrosoftStage) -> None:
        code, other = microsoft.code(), microsoft.code()
        microsoft.grants.exchange(code, verifier=VERIFIER)

        again = refusal(microsoft.grants.exchange, code, verifier=VERIFIER)
        stolen = refusal(microsoft.grants.exchange, other, verifier="w" * 50)

        assert (again.code, again.retry, "AADSTS54005" in again.detail) == ("invalid_grant", False, True)
        assert (stolen.code, stolen.retry, "AADSTS501481" in stolen.detail) == ("invalid_grant", False, True)


class TestScopes:
    @pytest.mark.parametrize("missing", ["User.Read", "Calendars.ReadWrite"])
    def test_each_that_consent_left_out_is_named(self, microsoft: MicrosoftStage, missing: str) -> None:
        """OAUTH-012"""
        granted = " ".join(name for name in ("offline_access", "User.Read", "Calendars.ReadWrite") if name != missing)

        tokens = microsoft.grant(granted=granted)

        assert microsoft.grants.missing_scopes(tokens.scopes) == [missing]

    def test_without_lasting_access_there_is_nothing_to_keep(self, microsoft: MicrosoftStage) -> None:
        """OAUTH-012: it shows by the refresh token only."""
        error = refusal(microsoft.grant, granted="User.Read Calendars.ReadWrite")

        assert (error.code, error.retry) == ("scopes", False)

    def test_they_are_known_with_graph_s_address_before_them_and_in_any_case(self, microsoft: MicrosoftStage) -> None:
        told = "https://graph.microsoft.com/Calendars.ReadWrite https://graph.microsoft.com/user.read openid"

        assert microsoft.grants.missing_scopes(told) == []
        assert microsoft.grants.extra_scopes(told) == []

    def test_what_is_granted_beyond_need_is_told(self, microsoft: MicrosoftStage) -> None:
        """OAUTH-030"""
        granted = "User.Read Calendars.ReadWrite profile openid email https://graph.microsoft.com/Mail.Read Files.Read"

        assert microsoft.grants.extra_scopes(granted) == ["Files.Read", "Mail.Read"]


class TestRefreshing:
    def test_it_brings_a_new_pair_and_a_lost_answer_does_no_harm(self, microsoft: MicrosoftStage) -> None:
        """F13: the former refresh token serves on for a while."""
        former = microsoft.store.tokens

        fresh = microsoft.grants.refresh(former)

        assert fresh.refresh != former.refresh
        assert fresh.access != former.access
        assert microsoft.grants.refresh(former).access

    @pytest.mark.parametrize(
        ("why", "number"), [("password", 50173), ("consent", 65001), ("policy", 53003), ("inactive", 700082)]
    )
    def test_a_grant_that_has_ended_is_said_so_with_microsoft_s_number(
        self, microsoft: MicrosoftStage, why: str, number: int
    ) -> None:
        """OAUTH-014"""
        microsoft.control("revoke", why=why, at_once=False)

        error = refusal(microsoft.grants.refresh, microsoft.store.tokens)

        assert (error.code, error.retry) == ("invalid_grant", False)
        assert f"AADSTS{number}" in error.detail

    def test_a_wrong_client_secret_is_not_taken_for_a_dead_grant(self, microsoft: MicrosoftStage) -> None:
        settings = microsoft.settings.model_copy(update={"microsoft_client_secret": "wrong"})

        error = refusal(microsoft_grants(settings).refresh, microsoft.store.tokens)

        assert (error.code, error.retry) == ("invalid_client", False)

    def test_a_client_secret_that_has_expired_is_said_as_such(self, microsoft: MicrosoftStage) -> None:
        """Another product noticed days later: every refresh failed while first sign-ins still worked."""
        microsoft.switch(credentials="expired for refreshing")

        error = refusal(microsoft.grants.refresh, microsoft.store.tokens)

        assert microsoft.grant().access
        assert (error.code, error.retry) == ("invalid_client", False)
        assert "has expired" in sentence(error)

    def test_a_sign_in_that_is_not_available_is_tried_again(
        self, microsoft: MicrosoftStage, raw_server: Server
    ) -> None:
        body = '{"error": "temporarily_unavailable", "error_description": "AADSTS90033: A transient error."}'
        head = f"HTTP/1.1 400 Bad Request\r\nRetry-After: 2.5\r\nContent-Length: {len(body)}\r\n\r\n"

        error = refusal(
            grants_at(microsoft, raw_server(told(head.encode(), body.encode())).url).refresh, microsoft.store.tokens
        )

        assert (error.code, error.retry) == ("unavailable", True)
        assert error.after is not None


class TestAnswersThatAreNone:
    @pytest.mark.parametrize(("kind", "status"), [("html", 502), ("malformed", 200), ("empty", 200), ("status", 503)])
    def test_they_leave_the_grant_alive(self, microsoft: MicrosoftStage, kind: str, status: int) -> None:
        """OAUTH-017: the trouble passes; nothing says that the grant is dead."""
        microsoft.plan("token", kind, status=status, done=False)

        error = refusal(microsoft.grants.refresh, microsoft.store.tokens)

        assert (error.retry, error.code == "invalid_grant") == (True, False)
        assert microsoft.grants.refresh(microsoft.store.tokens)

    def test_one_of_20_megabytes_is_not_read_to_its_end(self, microsoft: MicrosoftStage, raw_server: Server) -> None:
        """OAUTH-017"""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 20000000\r\n\r\n"
        server = raw_server(told(head, b"<p>" * (LARGEST_BODY // 2)))

        error = refusal(grants_at(microsoft, server.url).refresh, microsoft.store.tokens)

        assert (error.code, error.retry) == ("unreadable", True)

    @pytest.mark.parametrize("lifetime", ["", "0,", "-5,", "1000000000000,", '"abc",', "true,", "null,"])
    def test_a_lifetime_that_makes_no_sense_is_taken_as_an_hour(
        self, microsoft: MicrosoftStage, raw_server: Server, lifetime: str
    ) -> None:
        """OAUTH-018: no crash and no refreshing in a loop."""
        said = f'"expires_in": {lifetime}' if lifetime else ""
        server = raw_server(ok(f'{{{said} "access_token": "a", "refresh_token": "r", "scope": "x"}}'))

        tokens = grants_at(microsoft, server.url).refresh(microsoft.store.tokens)

        assert timedelta(minutes=59) < tokens.expires_at - clock.now() <= timedelta(hours=1)

    @pytest.mark.parametrize(
        "body",
        [
            '{"refresh_token": "r"}',
            '{"access_token": "a\\nb", "refresh_token": "r"}',
            '{"access_token": 5, "refresh_token": "r"}',
        ],
    )
    def test_tokens_that_could_not_be_used_are_not_taken(
        self, microsoft: MicrosoftStage, raw_server: Server, body: str
    ) -> None:
        error = refusal(grants_at(microsoft, raw_server(ok(body)).url).exchange, "code", verifier=VERIFIER)

        assert (error.code, error.retry) == ("unreadable", True)

    def test_a_redirect_elsewhere_is_not_followed(self, microsoft: MicrosoftStage, raw_server: Server) -> None:
        """OAUTH-020: the refresh token and the client's secret go nowhere but to Microsoft."""
        elsewhere = raw_server(ok("{}"))
        moved = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n"
        server = raw_server(told(moved.encode()))

        error = refusal(grants_at(microsoft, server.url).refresh, microsoft.store.tokens)

        assert (error.retry, error.code) == (True, "307")
        assert elsewhere.received == []

    def test_the_client_s_secret_is_in_no_address_and_in_no_header(
        self, microsoft: MicrosoftStage, raw_server: Server
    ) -> None:
        server = raw_server(ok('{"access_token": "a", "refresh_token": "r"}'))

        grants_at(microsoft, server.url).exchange("code", verifier=VERIFIER)

        head, _, body = server.received[0].partition(b"\r\n\r\n")
        secret = microsoft.settings.microsoft_client_secret.encode()
        assert (secret in head, b"Authorization" in head, secret in body) == (False, False, True)


def test_there_is_nothing_to_revoke_at_microsoft(microsoft: MicrosoftStage) -> None:
    """R13: it has no such call; the tokens are forgotten here."""
    before = len(microsoft.state()["calls"])

    microsoft.grants.revoke(microsoft.store.tokens)

    assert len(microsoft.state()["calls"]) == before


def test_outlook_is_offered_only_where_the_installation_has_an_app_for_it(microsoft: MicrosoftStage) -> None:
    """R33"""
    having, without = microsoft.settings, microsoft.settings.model_copy(update={"microsoft_client_id": ""})

    offered = [_providers(Flask("confab"), settings) for settings in (having, without)]

    assert ["microsoft" in one.calendars for one in offered] == [True, False]
    assert ["microsoft" in one.grants for one in offered] == [True, False]
