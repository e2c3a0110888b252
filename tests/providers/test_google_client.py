"""The Google client through all that Google and the network do to it, over real HTTP against the stand-in."""

import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from google_stage import TEACHER, ZONE, GoogleStage, an_entry

from webapp import clock
from webapp.errors import ProviderError
from webapp.providers import bearer
from webapp.providers.base import BusySpan, RemoteCalendar, Tokens
from webapp.providers.google import client, google_calendars

NOON = datetime(2036, 12, 3, 18, 0, tzinfo=UTC)
"""A Wednesday in Chicago."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def refusal(work: Callable[..., Any], *arguments: Any, **values: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        work(*arguments, **values)
    return caught.value


def kinds(error: ProviderError) -> tuple[str, bool, bool]:
    return error.code, error.retry, error.arrived


def busy(google: GoogleStage, *calendars: str, days: int = 1) -> list[tuple[datetime, datetime]]:
    spans = google.provider.busy(calendars or (TEACHER,), starts_at=NOON - 18 * HOUR, ends_at=NOON + days * DAY)
    return [(span.starts_at, span.ends_at) for span in spans]


class TestTheAccount:
    def test_it_is_known_by_a_number_that_stays_when_its_address_changes(self, google: GoogleStage) -> None:
        account = google.provider.account()

        assert (account.email, account.name) == (TEACHER, TEACHER)
        assert account.account_id == google.state()["accounts"][0]["id"]

    def test_its_calendars_are_those_that_it_may_write_to_the_primary_one_first(self, google: GoogleStage) -> None:
        """R33: by the scope that we ask for, only an owner may write."""
        conferences = google.add_calendar("Conferences")
        google.add_account("office@linden.example")
        google.add_calendar("Of the office", email="office@linden.example", id="office-calendar")
        for role in ("freeBusyReader", "reader", "writer"):
            google.add_calendar("Shared", id="office-calendar", role=role)

        calendars = google.provider.calendars()

        assert calendars == [RemoteCalendar(TEACHER, TEACHER, True), RemoteCalendar(conferences, "Conferences")]

    def test_all_pages_of_them_are_read(self, google: GoogleStage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(client, "_CALENDARS", 2)
        made = {google.add_calendar(f"Club {number}") for number in range(5)}

        assert {one.key for one in google.provider.calendars()} == made | {TEACHER}


class TestAnEntry:
    def test_it_stands_in_the_calendar_as_ordered_and_nobody_is_mailed(self, google: GoogleStage) -> None:
        """R103"""
        order = an_entry(starts_at=NOON, ends_at=NOON + HOUR)

        made = google.provider.put(TEACHER, order)

        said = google.event(order.key)["said"]
        assert (made.remote_id, made.key) == (order.key, order.key)
        assert (made.starts_at, made.ends_at) == (NOON, NOON + HOUR)
        assert (said["summary"], said["location"]) == ("Conference, Grade 4", "Room 12")
        assert said["description"] == "Join: https://zoom.example/j/1"
        assert said["start"] == {"dateTime": "2036-12-03T18:00:00Z", "timeZone": ZONE}
        assert (said["visibility"], said["transparency"]) == ("private", "opaque")
        assert {"attendees", "reminders"}.isdisjoint(said)

    def test_put_twice_it_is_one(self, google: GoogleStage) -> None:
        """PROV-017: Google's 409 for our own id."""
        order = an_entry()

        first, second = google.provider.put(TEACHER, order), google.provider.put(TEACHER, order)

        assert first == second
        assert google.count(order.key) == 1

    @pytest.mark.parametrize("kind", ["drop", "drip", "empty", "malformed", "status"])
    def test_made_without_an_answer_it_may_have_arrived_and_is_found_by_its_key(
        self, google: GoogleStage, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """RELIABILITY F17. PROV-020: what drips has a deadline for the whole."""
        order = an_entry()
        monkeypatch.setattr(bearer, "call", partial(bearer.call, deadline=2))
        google.plan("events.insert", kind, done=True)

        error = refusal(google.provider.put, TEACHER, order)

        assert (error.retry, error.arrived) == (True, True)
        assert [made.remote_id for made in google.provider.find(TEACHER, order.key)] == [order.key]
        assert google.provider.put(TEACHER, order).key == order.key
        assert google.count(order.key) == 1

    def test_one_that_is_there_and_cannot_be_read_has_arrived(self, google: GoogleStage) -> None:
        order = an_entry()
        google.provider.put(TEACHER, order)
        google.plan("events.get", "status", status=503)

        assert refusal(google.provider.put, TEACHER, order).arrived

    def test_a_key_whose_entry_was_deleted_is_used_up(self, google: GoogleStage) -> None:
        """A deleted id stays taken."""
        order = an_entry()
        google.provider.put(TEACHER, order)
        google.delete_by_hand(order.key)

        assert kinds(refusal(google.provider.put, TEACHER, order)) == ("used", False, False)

    def test_the_same_key_is_another_entry_on_another_calendar(self, google: GoogleStage) -> None:
        order, other = an_entry(), google.add_calendar("Conferences")

        google.provider.put(TEACHER, order)
        google.provider.put(other, order)

        assert (google.count(order.key), google.count(order.key, calendar=other)) == (1, 1)

    def test_it_is_brought_up_to_date_and_what_the_teacher_set_stays(self, google: GoogleStage) -> None:
        """RELIABILITY F18"""
        order = an_entry(starts_at=NOON, ends_at=NOON + HOUR)
        google.provider.put(TEACHER, order)
        google.control(f"calendars/{TEACHER}/events/{order.key}", method="PATCH", colorId="5")

        later = replace(order, starts_at=NOON + DAY, ends_at=NOON + DAY + HOUR, location="", summary="Moved")
        made = google.provider.change(TEACHER, order.key, later)

        said = google.event(order.key)["said"]
        assert (made.starts_at, made.key) == (NOON + DAY, order.key)
        assert (said["summary"], said["location"], said["colorId"]) == ("Moved", "", "5")
        assert google.provider.read(TEACHER, order.key) == made

    @pytest.mark.parametrize("seen", ["forbidden", "unchanged"])
    def test_changing_one_that_was_deleted_says_that_it_is_gone(self, google: GoogleStage, seen: str) -> None:
        """PROV-014: whichever way Google says it."""
        order = an_entry()
        google.provider.put(TEACHER, order)
        google.delete_by_hand(order.key)
        google.control("switches", deleted_update=seen)

        assert kinds(refusal(google.provider.change, TEACHER, order.key, order)) == ("gone", False, False)
        assert refusal(google.provider.change, TEACHER, "0" * 20, order).code == "gone"

    def test_removing_what_is_gone_is_fine(self, google: GoogleStage) -> None:
        """PROV-013, RELIABILITY F19"""
        order = an_entry()
        google.provider.put(TEACHER, order)

        for _ in range(2):
            google.provider.remove(TEACHER, order.key)
        google.provider.remove(TEACHER, "0" * 20)

        assert google.count(order.key) == 0
        assert google.provider.read(TEACHER, order.key) is None
        assert google.provider.read(TEACHER, "0" * 20) is None
        assert google.provider.find(TEACHER, order.key) == []

    def test_one_that_the_teacher_moved_is_seen_where_it_is_now(self, google: GoogleStage) -> None:
        order = an_entry(starts_at=NOON, ends_at=NOON + HOUR)
        google.provider.put(TEACHER, order)

        google.move_by_hand(order.key, 45)

        seen = google.provider.read(TEACHER, order.key)
        assert seen
        assert (seen.starts_at, seen.ends_at) == (NOON + timedelta(minutes=45), NOON + timedelta(minutes=105))

    def test_one_that_the_teacher_made_a_whole_day_is_read_too_and_can_be_changed(self, google: GoogleStage) -> None:
        order = an_entry(starts_at=NOON, ends_at=NOON + HOUR)
        google.provider.put(TEACHER, order)
        whole = {"start": {"date": "2036-12-03"}, "end": {"date": "2036-12-04"}}

        google.control(f"calendars/{TEACHER}/events/{order.key}", method="PATCH", **whole)

        seen = google.provider.read(TEACHER, order.key)
        changed = google.provider.change(TEACHER, order.key, replace(order, ends_at=NOON + 2 * HOUR))
        assert seen
        assert seen.starts_at == datetime(2036, 12, 3, tzinfo=UTC)
        assert (changed.starts_at, changed.ends_at) == (NOON, NOON + 2 * HOUR)

    def test_ours_are_found_among_many_and_those_that_are_over_are_left_out(
        self, google: GoogleStage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """PROV-026: what carries no key of ours is never touched."""
        monkeypatch.setattr(client, "_EVENTS", 3)
        orders = [an_entry(starts_at=NOON + n * HOUR, ends_at=NOON + (n + 1) * HOUR) for n in range(8)]
        for order in orders:
            google.provider.put(TEACHER, order)
        google.add_event(NOON, NOON + HOUR)

        ours = google.provider.ours(TEACHER, since=NOON + 2 * HOUR)

        assert [made.key for made in ours] == [order.key for order in orders[2:]]

    @pytest.mark.parametrize("what", ["put", "find", "ours", "busy"])
    def test_a_calendar_that_is_gone_is_said_to_be(self, google: GoogleStage, what: str) -> None:
        calendar = google.add_calendar("Conferences")
        google.control(f"calendars/{calendar}", method="DELETE")
        work: dict[str, Callable[[], Any]] = {
            "put": lambda: google.provider.put(calendar, an_entry()),
            "find": lambda: google.provider.find(calendar, "0" * 20),
            "ours": lambda: google.provider.ours(calendar, since=NOON),
            "busy": lambda: google.provider.busy([calendar], starts_at=NOON, ends_at=NOON + DAY),
        }

        assert kinds(refusal(work[what])) == ("no_calendar", False, False)

    def test_a_calendar_that_became_somebody_else_s_may_not_be_written_to(self, google: GoogleStage) -> None:
        calendar = google.add_calendar("Conferences")
        order = an_entry()
        google.provider.put(calendar, order)
        google.add_calendar("Conferences", id=calendar, role="writer")

        assert refusal(google.provider.put, calendar, an_entry()).code == "no_calendar"
        assert refusal(google.provider.change, calendar, order.key, order).code in {"no_calendar", "forbidden"}


class TestBusyTimes:
    def test_private_events_take_time_and_nothing_is_read_of_what_they_are_about(self, google: GoogleStage) -> None:
        """R35"""
        google.add_event(NOON, NOON + HOUR)
        google.sent.clear()

        spans = google.provider.busy([TEACHER], starts_at=NOON - HOUR, ends_at=NOON + DAY)

        assert spans == [BusySpan(NOON, NOON + HOUR, TEACHER)]
        bodies = [body for _, _, body in google.sent]
        assert any(b"2036-12-03T" in body for body in bodies)
        assert not any(b"Dentist" in body for body in bodies)

    def test_our_own_entries_do_not_block(self, google: GoogleStage) -> None:
        """FAILURES F43"""
        google.provider.put(TEACHER, an_entry(starts_at=NOON, ends_at=NOON + HOUR))
        google.add_event(NOON + 3 * HOUR, NOON + 4 * HOUR)

        assert busy(google) == [(NOON + 3 * HOUR, NOON + 4 * HOUR)]

    def test_declined_and_free_ones_do_not_block_and_tentative_and_unanswered_ones_do(
        self, google: GoogleStage
    ) -> None:
        answers = ["declined", "tentative", "needsAction", "accepted"]
        for number, answer in enumerate(answers):
            guests = [{"email": "head@linden.example"}, {"email": TEACHER, "self": True, "responseStatus": answer}]
            google.add_event(NOON + 2 * number * HOUR, NOON + (2 * number + 1) * HOUR, attendees=guests)
        google.add_event(NOON + 9 * HOUR, NOON + 10 * HOUR, transparency="transparent")
        google.add_event(NOON + 11 * HOUR, NOON + 12 * HOUR, status="tentative")

        assert [(start - NOON) // HOUR for start, _ in busy(google)] == [2, 4, 6, 11]

    def test_a_whole_day_is_the_calendar_s_own_day(self, google: GoogleStage) -> None:
        google.add_event("2036-12-03", "2036-12-04")

        [(start, end)] = busy(google)

        assert start == datetime(2036, 12, 3, tzinfo=ZoneInfo(ZONE))
        assert end == datetime(2036, 12, 4, tzinfo=ZoneInfo(ZONE))

    def test_a_series_blocks_each_time_by_the_clock_on_the_wall(self, google: GoogleStage) -> None:
        """FAILURES F18: the clocks change on 2 November 2036."""
        first = datetime(2036, 10, 28, 9, 0, tzinfo=ZoneInfo(ZONE))
        google.add_event(first, first + HOUR, recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"])

        spans = google.provider.busy([TEACHER], starts_at=first - DAY, ends_at=first + 40 * DAY)

        starts = [span.starts_at.astimezone(ZoneInfo(ZONE)) for span in spans]
        assert [(at.day, at.hour) for at in starts] == [(28, 9), (4, 9), (11, 9)]
        assert spans[1].starts_at - spans[0].starts_at == timedelta(days=7, hours=1)

    def test_times_that_touch_are_one_and_are_cut_to_the_question(self, google: GoogleStage) -> None:
        for number in range(3):
            google.add_event(NOON + number * HOUR, NOON + (number + 1) * HOUR)
        google.add_event(NOON + 20 * HOUR, NOON + 40 * HOUR)

        assert busy(google) == [(NOON, NOON + 3 * HOUR), (NOON + 20 * HOUR, NOON + DAY)]

    def test_somebody_else_s_calendar_is_asked_for_its_spans_only(self, google: GoogleStage) -> None:
        google.add_account("office@linden.example")
        google.add_calendar("Of the office", email="office@linden.example", id="office-calendar")
        google.add_calendar("Shared", id="office-calendar", role="freeBusyReader")
        google.add_event(NOON, NOON + HOUR, calendar="office-calendar")

        assert busy(google, TEACHER, "office-calendar") == [(NOON, NOON + HOUR)]

    def test_a_thousand_events_are_all_seen(self, google: GoogleStage, sandbox: Any) -> None:
        """FAILURES F45: nothing is lost behind the first page."""
        with sandbox.google.lock:
            for number in range(1000):
                start = NOON + number * HOUR
                google_add(sandbox, start, start + HOUR / 2)
        google.control("switches", page_limit=250)

        spans = busy(google, days=50)

        assert len(spans) == 1000
        assert spans[-1] == (NOON + 999 * HOUR, NOON + 999 * HOUR + HOUR / 2)
        assert len(google.calls("events.list")) == 4


def google_add(sandbox: Any, start: datetime, end: datetime) -> None:
    from webapp.sandbox.google.portal import add_by_hand

    said = {"start": {"dateTime": start.isoformat()}, "end": {"dateTime": end.isoformat()}, "summary": "Lesson"}
    add_by_hand(sandbox.google, TEACHER, said)


class TestRefusals:
    @pytest.mark.parametrize(("kind", "code", "retry"), [("user", "rate", True), ("project", "rate", True)])
    def test_a_403_that_means_too_fast_is_no_refusal(
        self, google: GoogleStage, kind: str, code: str, retry: bool
    ) -> None:
        """FAILURES F24 of PROVIDERS 6: such a call was once dropped without a word."""
        google.plan("events.insert", f"limit:{kind}")

        assert kinds(refusal(google.provider.put, TEACHER, an_entry())) == (code, retry, False)

    def test_a_429_says_when_to_come_back(self, google: GoogleStage) -> None:
        """PROV-001"""
        google.control("switches", retry_after=7)
        google.plan("events.insert", "limit:429")

        error = refusal(google.provider.put, TEACHER, an_entry())

        assert kinds(error) == ("rate", True, False)
        assert error.after
        assert timedelta(seconds=5) < error.after - clock.now() <= timedelta(seconds=7)

    def test_a_used_up_calendar_does_not_pass_by_itself(self, google: GoogleStage) -> None:
        google.plan("events.insert", "limit:quota")

        assert kinds(refusal(google.provider.put, TEACHER, an_entry())) == ("quota", False, False)

    def test_a_missing_scope_is_named_as_such_and_not_tried_again(self, google: GoogleStage) -> None:
        """PROV-016"""
        google.store.tokens = google.grant(scopes=[])

        assert kinds(refusal(google.provider.calendars)) == ("scopes", False, False)

    def test_a_token_that_google_refuses_is_renewed_once(self, google: GoogleStage) -> None:
        google.store.tokens = replace(google.store.tokens, access="long-gone")

        assert google.provider.account().email == TEACHER
        assert google.store.renewals == 1

    @pytest.mark.parametrize("held", [{"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, {"access": "long-gone"}])
    def test_a_renewal_that_may_have_arrived_says_nothing_of_the_call_that_waited_for_it(
        self, google: GoogleStage, monkeypatch: pytest.MonkeyPatch, held: dict[str, Any]
    ) -> None:
        """R103: else what was never sent is waited for as if it might come late."""

        def renew(_: Tokens) -> Tokens:
            raise ProviderError("A problem of its own.", retry=True, arrived=True, code="503")

        monkeypatch.setattr(google.grants, "refresh", renew)
        google.store.tokens = replace(google.store.tokens, **held)

        assert kinds(refusal(google.speak().put, TEACHER, an_entry())) == ("503", True, False)

    def test_a_dead_grant_says_so(self, google: GoogleStage) -> None:
        google.control("revoke", email=TEACHER)

        assert kinds(refusal(google.provider.account)) == ("invalid_grant", False, False)


HOSTILE = [
    "[]",
    "5",
    "{}",
    '{"items": 5}',
    '{"items": [5]}',
    '{"items": [{"id": "a", "start": 5, "end": 5}], "timeZone": 5}',
    '{"items": [{"start": {"date": "2036-99-99"}, "end": {"date": "2036-12-04"}}]}',
    '{"items": [{"start": {"date": "9999-12-31"}, "end": {"date": "9999-12-31"}}], "timeZone": "../../etc/passwd"}',
    '{"items": [{"id": 5, "attendees": [5, {"self": true}], "extendedProperties": {"private": 5}}]}',
    '{"items": [], "nextPageToken": "the-same"}',
    '{"id": 5, "status": "confirmed", "start": {"dateTime": 5}, "end": {"dateTime": []}}',
    '{"id": "a", "start": {"dateTime": "2036-12-03"}, "end": {}}',
    '{"sub": [], "email": 5}',
    '{"calendars": {"shared@linden.example": {"busy": [5]}}}',
    '{"calendars": {"shared@linden.example": {"busy": [{"start": "x", "end": "y"}]}}}',
    '{"calendars": {"shared@linden.example": {"errors": [5]}}}',
    '{"calendars": {"shared@linden.example": {"errors": [{"reason": "backendError"}]}}}',
    '{"calendars": 5, "items": []}',
]


@pytest.mark.parametrize("body", HOSTILE)
def test_whatever_google_says_is_an_answer_or_an_error_with_a_word_for_it(
    google: GoogleStage, raw_server: Callable[..., Any], body: str
) -> None:
    """RELIABILITY T28: a broken answer may not break the loop that called."""

    def say(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    url = raw_server(say).url
    moved = google.settings.model_copy(update={"google_api_url": url, "google_person_url": url})
    provider = google_calendars(moved)(google.store)
    order = an_entry()
    asks: list[Callable[[], Any]] = [
        provider.account,
        provider.calendars,
        lambda: provider.put(TEACHER, order),
        lambda: provider.change(TEACHER, order.key, order),
        lambda: provider.read(TEACHER, order.key),
        lambda: provider.find(TEACHER, order.key),
        lambda: provider.ours(TEACHER, since=NOON),
        lambda: provider.busy([TEACHER, "shared@linden.example"], starts_at=NOON, ends_at=NOON + DAY),
    ]

    refused = [error for error in map(refusal_of, asks) if error]

    assert all(error.message and error.code for error in refused)


def refusal_of(ask: Callable[[], Any]) -> ProviderError | None:
    """Any other exception is a fault of ours."""
    try:
        ask()
    except ProviderError as error:
        return error
    return None
