"""One cassette per kind of exchange with Zoom: what our client says, and what it makes of the answer.

A client that said anything else, or more, or less, would find no such exchange on the cassette.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from stages import BASIC, NEEDED, UNASSIGNED, ZoomStage, an_order
from tapes import SITE, ZOOM, Deck, Scene, ZoomClient

from webapp import clock
from webapp.errors import ProviderError
from webapp.providers.base import MadeMeeting, MeetingOrder, PasscodeRule, RemoteAccount
from webapp.providers.zoom import client

TEACHER = "folake.adeyemi@linden.example"
MARKER = "0123456789abcdef01234567"
STARTS = datetime(2036, 12, 3, 22, 0, tzinfo=UTC)
DIGITS = PasscodeRule(length=8, have_number=True, only_allow_numeric=True)


def refusal(
    deck: Deck, name: str, exchange: Callable[[ZoomClient, Scene], Any], prepare: Callable[[ZoomStage], Scene]
) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        deck.play(name, exchange, prepare)
    return caught.value


def kinds(error: ProviderError) -> tuple[str, bool, bool]:
    return error.code, error.retry, error.arrived


@pytest.fixture
def deck(request: pytest.FixtureRequest, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Deck:
    monkeypatch.setattr(clock, "now", lambda: now)
    return Deck(request, tmp_path, ZOOM)


def order(scene: Scene, **values: Any) -> MeetingOrder:
    known = {"marker": MARKER, "starts_at": STARTS, "rule": PasscodeRule(), "topic": "Folake Adeyemi, Fall 2026"}
    return an_order(scene["host"], **(known | values))


def a_host(zoom: ZoomStage) -> Scene:
    return {"host": zoom.add_user(TEACHER)}


def a_meeting(zoom: ZoomStage) -> dict[str, str]:
    scene = dict(a_host(zoom))
    return scene | {"meeting": zoom.provider.make(order(scene)).remote_id}


def a_meeting_deleted_in_zoom(zoom: ZoomStage) -> Scene:
    scene = a_meeting(zoom)
    zoom.delete_in_portal(scene["meeting"])
    return scene


def two_and_another(zoom: ZoomStage) -> Scene:
    scene = a_meeting(zoom)
    zoom.provider.make(order(scene, marker="of-somebody-else"))
    return scene | {"second": zoom.provider.make(order(scene)).remote_id}


def a_day_used_up(zoom: ZoomStage) -> Scene:
    zoom.control("switches", daily_limit=1)
    scene = a_meeting(zoom)
    return {"host": scene["host"]}


def digits_only(zoom: ZoomStage) -> Scene:
    scene = a_host(zoom)
    zoom.set_rule(TEACHER, DIGITS)
    return scene


def a_staff(zoom: ZoomStage) -> Scene:
    zoom.add_user(TEACHER, first_name="Folake", last_name="Adeyemi")
    zoom.add_user("ines.ito@linden.example", kind=BASIC, first_name="Ines", last_name="Ito")
    zoom.add_user("kofi.mensah@linden.example", kind=UNASSIGNED, first_name="Kofi", last_name="Mensah")
    zoom.add_user("left@linden.example", status="inactive", first_name="Lea", last_name="Left")
    zoom.add_user("new@linden.example", status="pending")
    return {}


def revoked(zoom: ZoomStage) -> Scene:
    zoom.control("revoke")
    return {}


def shown(scene: Scene, *, starts_at: datetime = STARTS) -> MadeMeeting:
    """The meeting of the scene, its passcode and the key in its link scrubbed."""
    link = f"{SITE}/j/{scene['meeting']}?pwd={'x' * 26}"
    return MadeMeeting(scene["meeting"], link, "x" * 8, scene["host"], starts_at)


class TestTheGrant:
    def test_a_code_becomes_tokens(self, deck: Deck, now: datetime) -> None:
        """R6, R12"""
        tokens = deck.play(
            "token_by_code",
            lambda zoom, scene: zoom.grants.exchange(scene["code"], verifier="v" * 50),
            lambda zoom: {"code": zoom.code()},
        )

        assert (tokens.access, tokens.refresh) == ("x" * 64, "x" * 64)
        assert tokens.expires_at == now + timedelta(hours=1)
        assert sorted(tokens.scopes.split()) == sorted(NEEDED)
        assert tokens.api_url == SITE

    def test_a_refresh_brings_the_next_pair(self, deck: Deck, now: datetime) -> None:
        """F13"""
        tokens = deck.play("token_refresh", lambda zoom, _: zoom.grants.refresh(zoom.tokens))

        assert (tokens.access, tokens.refresh) == ("x" * 64, "x" * 64)
        assert tokens.expires_at == now + timedelta(hours=1)

    def test_a_dead_grant_says_so(self, deck: Deck) -> None:
        error = refusal(deck, "token_refused", lambda zoom, _: zoom.grants.refresh(zoom.tokens), revoked)

        assert (error.code, error.retry) == ("invalid_grant", False)
        assert error.detail == "Invalid Token!"

    def test_revoking_asks_once(self, deck: Deck) -> None:
        """R13"""
        deck.play("revoke", lambda zoom, _: zoom.grants.revoke(zoom.tokens))

    def test_a_token_that_zoom_refuses_is_renewed_and_the_call_made_again(self, deck: Deck) -> None:
        def account_with_an_old_token(zoom: ZoomClient, _: Scene) -> RemoteAccount:
            zoom.store.tokens = replace(zoom.tokens, access="long-gone")
            return zoom.provider.account()

        account = deck.play("token_renewed", account_with_an_old_token)

        assert account.email == "office@linden.example"


class TestTheAccount:
    def test_it_says_whose_grant_it_is(self, deck: Deck) -> None:
        """R13"""
        account = deck.play("own_account", lambda zoom, _: zoom.provider.account())

        assert account.account_id
        assert (account.name, account.email) == ("Dora Office", "office@linden.example")

    def test_users_of_every_status_on_all_pages(self, deck: Deck, monkeypatch: pytest.MonkeyPatch) -> None:
        """R14, R58: F45."""
        monkeypatch.setattr(client, "_PAGE", 2)

        users = deck.play("users", lambda zoom, _: list(zoom.provider.users()), a_staff)

        assert [(u.email.split("@")[0], u.name, u.status, u.can_host, u.is_basic) for u in users] == [
            ("office", "Dora Office", "active", True, False),
            ("folake.adeyemi", "Folake Adeyemi", "active", True, False),
            ("ines.ito", "Ines Ito", "active", True, True),
            ("kofi.mensah", "Kofi Mensah", "active", False, False),
            ("left", "Lea Left", "inactive", True, False),
            ("new", "new@linden.example", "pending", True, False),
        ]
        assert [bool(user.key) for user in users] == [True, True, True, True, True, False]

    def test_one_user_is_looked_up_by_the_address(self, deck: Deck) -> None:
        user = deck.play("user", lambda zoom, _: zoom.provider.user(TEACHER), a_host)

        assert user is not None
        assert (user.key, user.email, user.status) == (deck.scene["host"], TEACHER, "active")
        assert (user.can_host, user.is_basic) == (True, False)

    def test_a_user_whom_zoom_does_not_know(self, deck: Deck) -> None:
        assert deck.play("user_unknown", lambda zoom, _: zoom.provider.user(TEACHER)) is None

    def test_the_passcode_rule_of_a_host(self, deck: Deck) -> None:
        """R94: F1."""
        rule = deck.play("passcode_rule", lambda zoom, scene: zoom.provider.passcode_rule(scene["host"]), digits_only)

        assert rule == DIGITS


class TestMeetings:
    def test_making_one(self, deck: Deck) -> None:
        """R3, R92, R100"""
        made = deck.play("make", lambda zoom, scene: zoom.provider.make(order(scene)), a_host)

        assert made == shown({"host": made.host_key, "meeting": made.remote_id})

    def test_a_passcode_against_the_rule_is_refused_with_the_rule_s_words(self, deck: Deck) -> None:
        """R93, R94"""
        error = refusal(deck, "make_refused", lambda zoom, scene: zoom.provider.make(order(scene)), digits_only)

        assert kinds(error) == ("passcode", False, False)
        assert error.values["rule"] == "Password must contain only numeric characters."

    def test_changing_one_reads_it_again(self, deck: Deck) -> None:
        """R40, R100"""
        later = STARTS + timedelta(hours=2)

        changed = deck.play(
            "change",
            lambda zoom, scene: zoom.provider.change(scene["meeting"], order(scene, starts_at=later, minutes=30)),
            a_meeting,
        )

        assert changed == shown(deck.scene, starts_at=later)

    def test_changing_one_that_is_gone(self, deck: Deck) -> None:
        """F19, F27"""
        error = refusal(
            deck,
            "change_gone",
            lambda zoom, scene: zoom.provider.change(scene["meeting"], order(scene)),
            a_meeting_deleted_in_zoom,
        )

        assert kinds(error) == ("gone", False, False)
        assert error.detail.startswith("3001: ")

    @pytest.mark.parametrize(("name", "prepare"), [("remove", a_meeting), ("remove_gone", a_meeting_deleted_in_zoom)])
    def test_removing_one_whether_or_not_it_is_there(
        self, deck: Deck, name: str, prepare: Callable[[ZoomStage], Scene]
    ) -> None:
        """R100"""
        deck.play(name, lambda zoom, scene: zoom.provider.remove(scene["meeting"]), prepare)

    def test_looking_up_what_carries_the_marker(self, deck: Deck) -> None:
        """R41: lists show no passcode, so that each is read."""
        found = deck.play("find", lambda zoom, scene: zoom.provider.find(scene["host"], MARKER), two_and_another)

        both = [shown({**deck.scene, "meeting": deck.scene[name]}) for name in ("meeting", "second")]
        assert sorted(found, key=repr) == sorted(both, key=repr)

    def test_reading_one(self, deck: Deck) -> None:
        read = deck.play("read", lambda zoom, scene: zoom.provider.read(scene["meeting"]), a_meeting)

        assert read == shown(deck.scene)

    def test_all_that_are_coming_with_their_markers(self, deck: Deck) -> None:
        """RELIABILITY D5: the list alone says which are ours."""
        coming = deck.play("coming", lambda zoom, scene: zoom.provider.coming(scene["host"]), two_and_another)

        assert sorted(one.marker for one in coming) == sorted([MARKER, MARKER, "of-somebody-else"])
        assert {one.starts_at for one in coming} == {STARTS}
        assert {deck.scene["meeting"], deck.scene["second"]} < {one.remote_id for one in coming}

    def test_a_host_who_used_up_the_day_waits_until_midnight_utc(self, deck: Deck, now: datetime) -> None:
        """F10"""
        error = refusal(deck, "host_limit", lambda zoom, scene: zoom.provider.make(order(scene)), a_day_used_up)

        midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
        assert kinds(error) == ("host_limit", True, False)
        assert error.after is not None
        assert midnight < error.after <= midnight + timedelta(minutes=10)
