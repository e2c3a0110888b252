"""One cassette per kind of exchange with Google: what our client says, and what it makes of the answer.

A client that said anything else, or more, or less, would find no such exchange on the cassette.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google_stage import CALENDAR_SCOPES, PLACE, TEACHER, VERIFIER, GoogleStage
from google_tapes import GOOGLE, GoogleClient
from tapes import Deck, Scene

from webapp import clock
from webapp.errors import ProviderError
from webapp.providers.base import BusySpan, EntryOrder, MadeEntry, RemoteAccount, RemoteCalendar
from webapp.providers.google import client

STARTS = datetime(2036, 12, 3, 22, 0, tzinfo=UTC)
ENDS = STARTS + timedelta(minutes=15)
ORDER = EntryOrder(
    "entree0one", "Conference", "Join: https://zoom.example/j", "Room 4", STARTS, ENDS, "America/Chicago"
)
LATER = replace(ORDER, starts_at=STARTS + timedelta(hours=2), ends_at=ENDS + timedelta(hours=2))
MADE = MadeEntry(ORDER.key, STARTS, ENDS, ORDER.key)
OFFICE = "office@linden.example"
FILE = "0123456789abcdef@school.example"
"""The UID of a calendar file that we mailed, and that Google took in."""


@pytest.fixture
def deck(request: pytest.FixtureRequest, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Deck:
    monkeypatch.setattr(clock, "now", lambda: now)
    return Deck(request, tmp_path, GOOGLE)


def nothing(_: GoogleStage) -> Scene:
    return {}


def an_entry(google: GoogleStage) -> Scene:
    google.provider.put(TEACHER, ORDER)
    return {}


def an_entry_that_was_deleted(google: GoogleStage) -> Scene:
    an_entry(google)
    google.delete_by_hand(ORDER.key)
    return {}


def an_hour_of_the_office_s(google: GoogleStage) -> None:
    google.add_account(OFFICE)
    google.add_calendar("Of the office", email=OFFICE, id="shared@linden.example")
    google.add_calendar("Shared", id="shared@linden.example", role="freeBusyReader")
    google.add_event(STARTS - timedelta(hours=5), STARTS - timedelta(hours=4), calendar="shared@linden.example")


def a_full_day(google: GoogleStage) -> Scene:
    """Two pages of the teacher's own, with an entry and a file of ours among them, and an hour of the office's."""
    an_entry(google)
    google.add_event(STARTS - timedelta(days=7), STARTS - timedelta(days=7, hours=-1), recurrence=["RRULE:FREQ=WEEKLY"])
    google.add_event("2036-12-04", "2036-12-05")
    google.add_event(STARTS + timedelta(hours=3), STARTS + timedelta(hours=4), transparency="transparent")
    google.add_event(STARTS + timedelta(hours=2), STARTS + timedelta(hours=3), iCalUID=FILE)
    an_hour_of_the_office_s(google)
    return {}


def some_calendars(google: GoogleStage) -> Scene:
    for name in ("Conferences", "Chess club"):
        google.add_calendar(name, id=f"{name[:5].lower()}@linden.example")
    return {}


def entries(google: GoogleStage) -> Scene:
    for number in range(3):
        later = timedelta(hours=number)
        google.provider.put(
            TEACHER, replace(ORDER, key=f"entree0{number}", starts_at=STARTS + later, ends_at=ENDS + later)
        )
    return {}


def revoked(google: GoogleStage) -> Scene:
    google.control("revoke")
    return {}


def in_testing(google: GoogleStage) -> Scene:
    google.control("app", method="PATCH", client_id=google.settings.google_client_id, is_testing=True)
    return {"code": google.code()}


def limited(kind: str) -> Callable[[GoogleStage], Scene]:
    def prepare(google: GoogleStage) -> Scene:
        google.control("switches", retry_after=7)
        google.plan("events.insert", f"limit:{kind}")
        return {}

    return prepare


def refusal(
    deck: Deck,
    name: str,
    exchange: Callable[[GoogleClient, Scene], Any],
    prepare: Callable[[GoogleStage], Scene] = nothing,
) -> tuple[str, bool, bool]:
    with pytest.raises(ProviderError) as caught:
        deck.play(name, exchange, prepare)
    return caught.value.code, caught.value.retry, caught.value.arrived


class TestTheGrant:
    def test_a_code_becomes_tokens(self, deck: Deck, now: datetime) -> None:
        tokens = deck.play(
            "token_by_code",
            lambda google, scene: google.grants.exchange(scene["code"], verifier=VERIFIER),
            lambda google: {"code": google.code()},
        )

        assert (set(tokens.access), set(tokens.refresh)) == ({"x"}, {"x"})
        assert tokens.expires_at == now + timedelta(seconds=3599)
        assert tokens.scopes.split() == ["openid", f"{PLACE}userinfo.email", *CALENDAR_SCOPES]
        assert tokens.refresh_ends_at is None

    def test_a_project_in_testing_says_when_it_ends(self, deck: Deck, now: datetime) -> None:
        """F37"""
        tokens = deck.play(
            "token_in_testing",
            lambda google, scene: google.grants.exchange(scene["code"], verifier=VERIFIER),
            in_testing,
        )

        assert tokens.refresh_ends_at
        assert timedelta(days=6, hours=23) < tokens.refresh_ends_at - now <= timedelta(days=7)

    def test_a_refresh_brings_access_and_keeps_the_other_token(self, deck: Deck, now: datetime) -> None:
        tokens = deck.play("token_refresh", lambda google, _: (google.tokens, google.grants.refresh(google.tokens)))

        former, fresh = tokens
        assert set(fresh.access) == {"x"}
        assert fresh.refresh == former.refresh
        assert fresh.expires_at == now + timedelta(seconds=3599)

    def test_a_dead_grant_says_so(self, deck: Deck) -> None:
        error = refusal(deck, "token_refused", lambda google, _: google.grants.refresh(google.tokens), revoked)

        assert error == ("invalid_grant", False, False)

    @pytest.mark.parametrize(("name", "prepare"), [("revoke", nothing), ("revoke_dead", revoked)])
    def test_revoking_whether_or_not_it_lives(
        self, deck: Deck, name: str, prepare: Callable[[GoogleStage], Scene]
    ) -> None:
        deck.play(name, lambda google, _: google.grants.revoke(google.tokens), prepare)

    def test_a_token_that_is_refused_is_renewed_and_the_call_made_again(self, deck: Deck) -> None:
        def account_with_an_old_token(google: GoogleClient, _: Scene) -> RemoteAccount:
            google.store.tokens = replace(google.tokens, access="long-gone")
            return google.provider.account()

        assert deck.play("token_renewed", account_with_an_old_token).email == TEACHER


class TestTheAccount:
    def test_it_says_whose_grant_it_is(self, deck: Deck) -> None:
        account = deck.play("account", lambda google, _: google.provider.account())

        assert (account.email, account.account_id.isdecimal()) == (TEACHER, True)

    def test_its_calendars_on_all_pages(self, deck: Deck, monkeypatch: pytest.MonkeyPatch) -> None:
        """R33, F45"""
        monkeypatch.setattr(client, "_CALENDARS", 2)

        calendars = deck.play("calendars", lambda google, _: google.provider.calendars(), some_calendars)

        assert calendars == [
            RemoteCalendar(TEACHER, TEACHER, True),
            RemoteCalendar("chess@linden.example", "Chess club"),
            RemoteCalendar("confe@linden.example", "Conferences"),
        ]

    def test_a_missing_permission(self, deck: Deck) -> None:
        def without_lists(google: GoogleStage) -> Scene:
            google.store.tokens = google.grant(scopes=CALENDAR_SCOPES[:1])
            return {}

        error = refusal(deck, "calendars_refused", lambda google, _: google.provider.calendars(), without_lists)

        assert error == ("scopes", False, False)


class TestEntries:
    def test_one_is_put(self, deck: Deck) -> None:
        """R103"""
        assert deck.play("put", lambda google, _: google.provider.put(TEACHER, ORDER)) == MADE

    def test_one_is_put_twice(self, deck: Deck) -> None:
        """PROV-017"""
        assert deck.play("put_again", lambda google, _: google.provider.put(TEACHER, ORDER), an_entry) == MADE

    def test_one_is_put_that_was_deleted(self, deck: Deck) -> None:
        error = refusal(
            deck, "put_used", lambda google, _: google.provider.put(TEACHER, ORDER), an_entry_that_was_deleted
        )

        assert error == ("used", False, False)

    def test_one_is_put_where_there_is_no_calendar(self, deck: Deck) -> None:
        error = refusal(deck, "put_nowhere", lambda google, _: google.provider.put("gone@linden.example", ORDER))

        assert error == ("no_calendar", False, False)

    @pytest.mark.parametrize("kind", ["user", "429"])
    def test_one_is_put_too_fast(self, deck: Deck, kind: str) -> None:
        """PROV-001: in either way in which Google says so."""
        names = {"user": "put_too_fast", "429": "put_too_fast_429"}

        error = refusal(deck, names[kind], lambda google, _: google.provider.put(TEACHER, ORDER), limited(kind))

        assert error == ("rate", True, False)

    def test_one_is_changed(self, deck: Deck) -> None:
        made = deck.play("change", lambda google, _: google.provider.change(TEACHER, ORDER.key, LATER), an_entry)

        assert made == replace(MADE, starts_at=LATER.starts_at, ends_at=LATER.ends_at)

    def test_one_is_changed_that_was_deleted(self, deck: Deck) -> None:
        error = refusal(
            deck,
            "change_gone",
            lambda google, _: google.provider.change(TEACHER, ORDER.key, LATER),
            an_entry_that_was_deleted,
        )

        assert error == ("gone", False, False)

    def test_one_is_read(self, deck: Deck) -> None:
        assert deck.play("read", lambda google, _: google.provider.read(TEACHER, ORDER.key), an_entry) == MADE

    @pytest.mark.parametrize(("name", "prepare"), [("read_deleted", an_entry_that_was_deleted), ("read_none", nothing)])
    def test_one_is_read_that_is_not_there(
        self, deck: Deck, name: str, prepare: Callable[[GoogleStage], Scene]
    ) -> None:
        assert deck.play(name, lambda google, _: google.provider.read(TEACHER, ORDER.key), prepare) is None

    @pytest.mark.parametrize(
        ("name", "prepare"),
        [("remove", an_entry), ("remove_gone", an_entry_that_was_deleted), ("remove_none", nothing)],
    )
    def test_one_is_removed_whether_or_not_it_is_there(
        self, deck: Deck, name: str, prepare: Callable[[GoogleStage], Scene]
    ) -> None:
        """PROV-013"""
        deck.play(name, lambda google, _: google.provider.remove(TEACHER, ORDER.key), prepare)

    def test_one_is_found_by_its_key(self, deck: Deck) -> None:
        assert deck.play("find", lambda google, _: google.provider.find(TEACHER, ORDER.key), an_entry) == [MADE]

    def test_ours_are_found_on_all_pages(self, deck: Deck, monkeypatch: pytest.MonkeyPatch) -> None:
        """F45"""
        monkeypatch.setattr(client, "_EVENTS", 2)

        ours = deck.play("ours", lambda google, _: google.provider.ours(TEACHER, since=STARTS), entries)

        assert [made.key for made in ours] == ["entree00", "entree01", "entree02"]


class TestBusyTimes:
    def test_own_and_shared_calendars(self, deck: Deck, monkeypatch: pytest.MonkeyPatch) -> None:
        """R35, F43, F45"""
        monkeypatch.setattr(client, "_EVENTS", 2)
        midnight = datetime(2036, 12, 3, 6, 0, tzinfo=UTC)
        ends_at = midnight + timedelta(days=2)

        spans = deck.play(
            "busy",
            lambda google, _: google.provider.busy(
                [TEACHER, "shared@linden.example"], starts_at=midnight, ends_at=ends_at, but={FILE}
            ),
            a_full_day,
        )

        assert spans == [
            BusySpan(STARTS - timedelta(hours=5), STARTS - timedelta(hours=4), "shared@linden.example"),
            BusySpan(STARTS, STARTS + timedelta(hours=1), TEACHER),
            BusySpan(midnight + timedelta(days=1), ends_at, TEACHER),
        ]
