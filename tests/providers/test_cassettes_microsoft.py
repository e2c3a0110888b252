"""One cassette per kind of exchange with Microsoft: what our client says, and what it makes of the answer.

A client that said anything else, or more, or less, would find no such exchange on the cassette.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from microsoft_stage import PETRA, VERIFIER, MicrosoftStage
from microsoft_tapes import MICROSOFT, MicrosoftClient
from tapes import Deck, Scene

from webapp import clock
from webapp.errors import ProviderError
from webapp.providers.base import BusySpan, EntryOrder, MadeEntry, RemoteAccount
from webapp.providers.microsoft import client

STARTS = datetime(2036, 12, 3, 15, 0, tzinfo=UTC)
ENDS = STARTS + timedelta(minutes=15)
ORDER = EntryOrder("keyofentry", "Conference", "Join: https://zoom.example/j", "Room 4", STARTS, ENDS, "Europe/Berlin")
LATER = replace(ORDER, starts_at=STARTS + timedelta(hours=2), ends_at=ENDS + timedelta(hours=2))


@pytest.fixture
def deck(request: pytest.FixtureRequest, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Deck:
    monkeypatch.setattr(clock, "now", lambda: now)
    return Deck(request, tmp_path, MICROSOFT)


def refusal(
    deck: Deck, name: str, exchange: Callable[[MicrosoftClient, Scene], Any], prepare: Callable[[MicrosoftStage], Scene]
) -> tuple[str, bool, bool]:
    with pytest.raises(ProviderError) as caught:
        deck.play(name, exchange, prepare)
    return caught.value.code, caught.value.retry, caught.value.arrived


def a_calendar(microsoft: MicrosoftStage) -> dict[str, str]:
    return {"calendar": microsoft.calendar}


def an_entry(microsoft: MicrosoftStage) -> dict[str, str]:
    made = microsoft.provider.put(microsoft.calendar, ORDER)
    return {"calendar": microsoft.calendar, "entry": made.remote_id}


def an_entry_that_was_deleted(microsoft: MicrosoftStage) -> dict[str, str]:
    scene = an_entry(microsoft)
    microsoft.delete(scene["entry"])
    return scene


def a_calendar_that_may_only_be_read(microsoft: MicrosoftStage) -> Scene:
    return {"calendar": microsoft.add_calendar("Shared", can_edit=False)}


def an_entry_told_as_a_conflict(microsoft: MicrosoftStage) -> Scene:
    microsoft.switch(repeated_create="conflict")
    return an_entry(microsoft)


def a_busy_mailbox(microsoft: MicrosoftStage) -> Scene:
    microsoft.switch(retry_after=2.5)
    microsoft.plan("eventCreate", "limit:concurrency")
    return a_calendar(microsoft)


def a_full_day(microsoft: MicrosoftStage) -> Scene:
    scene = an_entry(microsoft)
    weekly = {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["wednesday"], "firstDayOfWeek": "monday"},
        "range": {"type": "noEnd", "startDate": "2036-11-26"},
    }
    microsoft.add_event("2036-11-26T08:00:00", "2036-11-26T09:00:00", recurrence=weekly)
    microsoft.add_event("2036-12-03T11:00:00", "2036-12-03T12:00:00", showAs="free")
    microsoft.add_event("2036-12-04T00:00:00", "2036-12-05T00:00:00", isAllDay=True)
    return scene


def three_entries(microsoft: MicrosoftStage) -> Scene:
    for key in ("one", "two", "three"):
        microsoft.provider.put(microsoft.calendar, replace(ORDER, key=f"keynumber{key}"))
    return a_calendar(microsoft)


def revoked(microsoft: MicrosoftStage) -> Scene:
    microsoft.control("revoke", why="password", email=PETRA)
    return {}


def old_secret(microsoft: MicrosoftStage) -> Scene:
    microsoft.switch(credentials="expired")
    return {}


class TestTheGrant:
    def test_a_code_becomes_tokens(self, deck: Deck, now: datetime) -> None:
        """R33"""
        tokens = deck.play(
            "token_by_code",
            lambda microsoft, scene: microsoft.grants.exchange(scene["code"], verifier=VERIFIER),
            lambda microsoft: {"code": microsoft.code()},
        )

        assert (set(tokens.access), set(tokens.refresh)) == ({"x"}, {"x"})
        assert tokens.expires_at == now + timedelta(seconds=3599)
        assert tokens.scopes == "User.Read Calendars.ReadWrite profile openid email"

    def test_a_refresh_brings_the_next_pair(self, deck: Deck, now: datetime) -> None:
        tokens = deck.play("token_refresh", lambda microsoft, _: microsoft.grants.refresh(microsoft.tokens))

        assert (set(tokens.access), set(tokens.refresh)) == ({"x"}, {"x"})
        assert tokens.expires_at == now + timedelta(seconds=3599)

    @pytest.mark.parametrize(
        ("name", "prepare", "code"),
        [("token_refused", revoked, "invalid_grant"), ("token_old_secret", old_secret, "invalid_client")],
    )
    def test_a_dead_grant_and_an_old_secret_are_told_apart(
        self, deck: Deck, name: str, prepare: Callable[[MicrosoftStage], Scene], code: str
    ) -> None:
        """F14"""
        error = refusal(deck, name, lambda microsoft, _: microsoft.grants.refresh(microsoft.tokens), prepare)

        assert error == (code, False, False)

    def test_a_token_that_is_refused_is_renewed_and_the_call_made_again(self, deck: Deck) -> None:
        def account_with_an_old_token(microsoft: MicrosoftClient, _: Scene) -> RemoteAccount:
            microsoft.store.tokens = replace(microsoft.tokens, access="long-gone")
            return microsoft.provider.account()

        assert deck.play("token_renewed", account_with_an_old_token).email == PETRA


class TestTheAccount:
    def test_it_says_whose_grant_it_is(self, deck: Deck) -> None:
        account = deck.play("account", lambda microsoft, _: microsoft.provider.account())

        assert account.account_id
        assert (account.name, account.email) == ("Petra Vogel", PETRA)

    def test_its_calendars_on_all_pages(self, deck: Deck, monkeypatch: pytest.MonkeyPatch) -> None:
        """R33, F45"""
        monkeypatch.setattr(client, "_PAGE", 1)

        calendars = deck.play(
            "calendars",
            lambda microsoft, _: microsoft.provider.calendars(),
            lambda microsoft: {"second": microsoft.add_calendar("School")},
        )

        assert [(one.name, one.is_primary) for one in calendars] == [("Calendar", True), ("School", False)]


class TestEntries:
    def test_making_one(self, deck: Deck) -> None:
        """R103"""
        made = deck.play("put", lambda microsoft, scene: microsoft.provider.put(scene["calendar"], ORDER), a_calendar)

        assert made == MadeEntry(made.remote_id, STARTS, ENDS, ORDER.key)

    @pytest.mark.parametrize(
        ("name", "prepare"), [("put_again", an_entry), ("put_again_conflict", an_entry_told_as_a_conflict)]
    )
    def test_making_one_that_is_there_brings_it_up_to_date(
        self, deck: Deck, name: str, prepare: Callable[[MicrosoftStage], Scene]
    ) -> None:
        made = deck.play(name, lambda microsoft, scene: microsoft.provider.put(scene["calendar"], LATER), prepare)

        assert made == MadeEntry(deck.scene["entry"], LATER.starts_at, LATER.ends_at, ORDER.key)

    def test_making_one_that_was_deleted(self, deck: Deck) -> None:
        """R103"""
        error = refusal(
            deck,
            "put_used",
            lambda microsoft, scene: microsoft.provider.put(scene["calendar"], ORDER),
            an_entry_that_was_deleted,
        )

        assert error == ("used", False, False)

    def test_making_one_where_nothing_may_be_written(self, deck: Deck) -> None:
        error = refusal(
            deck,
            "put_denied",
            lambda microsoft, scene: microsoft.provider.put(scene["calendar"], ORDER),
            a_calendar_that_may_only_be_read,
        )

        assert error == ("no_calendar", False, False)

    def test_making_one_while_the_mailbox_is_busy(self, deck: Deck) -> None:
        error = refusal(
            deck,
            "put_throttled",
            lambda microsoft, scene: microsoft.provider.put(scene["calendar"], ORDER),
            a_busy_mailbox,
        )

        assert error == ("concurrent", True, False)

    def test_changing_one(self, deck: Deck) -> None:
        made = deck.play(
            "change",
            lambda microsoft, scene: microsoft.provider.change(scene["calendar"], scene["entry"], LATER),
            an_entry,
        )

        assert made == MadeEntry(deck.scene["entry"], LATER.starts_at, LATER.ends_at, ORDER.key)

    def test_changing_one_that_is_gone(self, deck: Deck) -> None:
        """F19"""
        error = refusal(
            deck,
            "change_gone",
            lambda microsoft, scene: microsoft.provider.change(scene["calendar"], scene["entry"], LATER),
            an_entry_that_was_deleted,
        )

        assert error == ("gone", False, False)

    @pytest.mark.parametrize(
        ("name", "prepare", "is_there"), [("read", an_entry, True), ("read_gone", an_entry_that_was_deleted, False)]
    )
    def test_reading_one_whether_or_not_it_is_there(
        self, deck: Deck, name: str, prepare: Callable[[MicrosoftStage], Scene], is_there: bool
    ) -> None:
        read = deck.play(
            name, lambda microsoft, scene: microsoft.provider.read(scene["calendar"], scene["entry"]), prepare
        )

        assert read == (MadeEntry(deck.scene["entry"], STARTS, ENDS, ORDER.key) if is_there else None)

    @pytest.mark.parametrize(("name", "prepare"), [("remove", an_entry), ("remove_gone", an_entry_that_was_deleted)])
    def test_removing_one_whether_or_not_it_is_there(
        self, deck: Deck, name: str, prepare: Callable[[MicrosoftStage], Scene]
    ) -> None:
        deck.play(name, lambda microsoft, scene: microsoft.provider.remove(scene["calendar"], scene["entry"]), prepare)

    def test_looking_up_what_carries_the_key(self, deck: Deck) -> None:
        """F43"""
        found = deck.play(
            "find", lambda microsoft, scene: microsoft.provider.find(scene["calendar"], ORDER.key), an_entry
        )

        assert found == [MadeEntry(deck.scene["entry"], STARTS, ENDS, ORDER.key)]

    def test_listing_all_of_ours_on_all_pages(self, deck: Deck, monkeypatch: pytest.MonkeyPatch) -> None:
        """F45"""
        monkeypatch.setattr(client, "_PAGE", 2)

        found = deck.play(
            "ours", lambda microsoft, scene: microsoft.provider.ours(scene["calendar"], since=STARTS), three_entries
        )

        assert {one.key for one in found} == {"keynumberone", "keynumbertwo", "keynumberthree"}


def test_busy_times_are_asked_for_and_nothing_else(deck: Deck) -> None:
    """R35: two lessons of a series, a whole day in Central Europe; ours and what is free do not block."""
    midnight = STARTS.replace(hour=0)

    spans = deck.play(
        "busy",
        lambda microsoft, scene: microsoft.provider.busy(
            [scene["calendar"]], starts_at=midnight, ends_at=midnight + timedelta(days=8)
        ),
        a_full_day,
    )

    day = datetime(2036, 12, 3, 23, tzinfo=UTC)
    lessons = [datetime(2036, 12, number, 7, tzinfo=UTC) for number in (3, 10)]
    assert spans == [
        BusySpan(lessons[0], lessons[0] + timedelta(hours=1), deck.scene["calendar"]),
        BusySpan(day, day + timedelta(days=1), deck.scene["calendar"]),
        BusySpan(lessons[1], lessons[1] + timedelta(hours=1), deck.scene["calendar"]),
    ]
