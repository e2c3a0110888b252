"""The Outlook client through all that Microsoft and the network do to it, over real HTTP against the stand-in."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from microsoft_stage import PETRA, MicrosoftStage

from webapp import clock
from webapp.errors import ProviderError
from webapp.i18n import sentence
from webapp.providers import bearer
from webapp.providers.base import EntryOrder, RemoteAccount
from webapp.providers.microsoft import client
from webapp.providers.microsoft.orders import OURS

STARTS = datetime(2026, 12, 3, 15, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def an_order(**values: Any) -> EntryOrder:
    order = EntryOrder(
        key=secrets.token_hex(16),
        summary="Parent-teacher conference",
        description="Join: https://zoom.example/j/1",
        location="Room 4",
        starts_at=STARTS,
        ends_at=STARTS + QUARTER,
        zone="Europe/Berlin",
    )
    return replace(order, **values)


def later(order: EntryOrder, by: timedelta = timedelta(hours=2)) -> EntryOrder:
    return replace(order, starts_at=order.starts_at + by, ends_at=order.ends_at + by)


def refusal(work: Callable[..., Any], *arguments: Any, **values: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        work(*arguments, **values)
    sentence(caught.value)  # every place of every message is filled
    return caught.value


def kinds(error: ProviderError) -> tuple[str, bool, bool]:
    return error.code, error.retry, error.arrived


class TestTheAccount:
    def test_it_says_whose_it_is(self, microsoft: MicrosoftStage) -> None:
        """R33: the address is shown, and compared with the contact's."""
        account = microsoft.provider.account()

        assert account == RemoteAccount(microsoft.state()["mailboxes"][0]["id"], "Petra Vogel", PETRA)

    def test_only_calendars_that_may_be_written_to_are_offered_the_primary_one_first(
        self, microsoft: MicrosoftStage
    ) -> None:
        """R33"""
        microsoft.add_calendar("Birthdays", can_edit=False)
        microsoft.add_calendar("Aardvarks")

        calendars = microsoft.provider.calendars()

        assert [(one.name, one.is_primary) for one in calendars] == [("Calendar", True), ("Aardvarks", False)]
        assert calendars[0].key == microsoft.calendar


class TestEntries:
    def test_outlook_is_told_each_setting_that_matters(self, microsoft: MicrosoftStage) -> None:
        """R103, F17: busy, private, nobody invited, and the reminder is left to the teacher's own habit."""
        order = an_order(summary="Jamie\r\n Doe " + "é" * 300, location="Room 4,\n 2nd floor")

        made = microsoft.provider.put(microsoft.calendar, order)

        told = microsoft.event(made.remote_id)
        assert (told["show_as"], told["sensitivity"], told["transaction_id"]) == ("busy", "private", order.key)
        assert (told["content"], told["place"]) == (order.description, "Room 4, 2nd floor")
        assert (len(told["subject"]), told["subject"][:12]) == (255, "Jamie Doe éé")
        body = microsoft.sent[-1][0].body
        assert not {b"attendees", b"isReminderOn"} & set(b"".join(body).split(b'"'))
        assert (made.starts_at, made.ends_at, made.key) == (order.starts_at, order.ends_at, order.key)

    @pytest.mark.parametrize(
        "day", [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2027, 3, 28, 0, 45, tzinfo=UTC)]
    )
    def test_the_instant_is_the_same_on_both_sides_of_a_clock_change(
        self, microsoft: MicrosoftStage, day: datetime
    ) -> None:
        """F17, F18"""
        order = an_order(starts_at=day, ends_at=day + timedelta(hours=1))

        made = microsoft.provider.put(microsoft.calendar, order)

        event = microsoft.event(made.remote_id)
        assert (event["starts_at"], event["ends_at"]) == tuple(
            f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (order.starts_at, order.ends_at)
        )
        assert microsoft.provider.read(microsoft.calendar, made.remote_id) == made

    @pytest.mark.parametrize("answer", ["same", "echo", "refused", "conflict"])
    def test_of_any_number_of_calls_with_one_key_one_entry_comes(self, microsoft: MicrosoftStage, answer: str) -> None:
        """PROV-019: whether Microsoft answers a repeated transactionId with the entry, or with an error."""
        microsoft.switch(repeated_create=answer)
        order = an_order()

        made = [microsoft.provider.put(microsoft.calendar, order) for _ in range(3)]

        assert made[0] == made[1] == made[2]
        assert microsoft.count(order.key) == 1

    @pytest.mark.parametrize("answer", ["same", "echo", "refused", "conflict"])
    def test_an_order_that_changed_between_two_tries_is_what_the_entry_says(
        self, microsoft: MicrosoftStage, answer: str
    ) -> None:
        microsoft.switch(repeated_create=answer)
        order = an_order()
        first = microsoft.provider.put(microsoft.calendar, order)

        again = microsoft.provider.put(microsoft.calendar, replace(later(order), location="Room 5"))

        assert again == replace(first, starts_at=later(order).starts_at, ends_at=later(order).ends_at)
        assert [one["place"] for one in microsoft.standing()] == ["Room 5"]

    @pytest.mark.parametrize("answer", ["same", "echo", "refused", "conflict"])
    def test_what_the_teacher_moved_is_told_and_not_fought(self, microsoft: MicrosoftStage, answer: str) -> None:
        """R103"""
        microsoft.switch(repeated_create=answer)
        order = an_order()
        made = microsoft.provider.put(microsoft.calendar, order)
        microsoft.switch(clock_offset=3600)
        microsoft.move(made.remote_id, minutes=30)

        again = microsoft.provider.put(microsoft.calendar, order)

        assert again.starts_at == made.starts_at + timedelta(minutes=30)
        assert microsoft.provider.read(microsoft.calendar, made.remote_id) == again

    @pytest.mark.parametrize("answer", ["same", "conflict"])
    def test_the_key_of_an_entry_that_was_deleted_is_used(self, microsoft: MicrosoftStage, answer: str) -> None:
        """R103: it does not rise again by a repeated call."""
        microsoft.switch(repeated_create=answer)
        order = an_order()
        microsoft.delete(microsoft.provider.put(microsoft.calendar, order).remote_id)

        error = refusal(microsoft.provider.put, microsoft.calendar, order)

        assert kinds(error) == ("used", False, False)
        assert microsoft.count(order.key) == 0

    def test_where_microsoft_forgets_the_key_with_the_entry_one_comes_again(self, microsoft: MicrosoftStage) -> None:
        microsoft.switch(transaction_memory="standing")
        order = an_order()
        former = microsoft.provider.put(microsoft.calendar, order)
        microsoft.delete(former.remote_id)

        made = microsoft.provider.put(microsoft.calendar, order)

        assert made.remote_id != former.remote_id
        assert microsoft.count(order.key) == 1

    @pytest.mark.parametrize("is_there", [True, False], ids=["read only", "deleted"])
    def test_a_calendar_that_cannot_be_written_to_is_said_as_such(
        self, microsoft: MicrosoftStage, is_there: bool
    ) -> None:
        school = microsoft.add_calendar("School")
        if is_there:
            microsoft.control("calendars", method="PATCH", email=PETRA, calendar=school, can_edit=False)
        else:
            microsoft.control("calendars", method="DELETE", email=PETRA, calendar=school)

        error = refusal(microsoft.provider.put, school, an_order())

        assert kinds(error) == ("no_calendar", False, False)

    def test_a_calendar_that_is_gone_holds_nothing_that_could_be_taken_for_the_truth(
        self, microsoft: MicrosoftStage
    ) -> None:
        """Neither "all entries were deleted" nor "the teacher has time"."""
        window = {"starts_at": STARTS, "ends_at": STARTS + QUARTER}
        asked = [
            refusal(microsoft.provider.find, "AAMkGone", "key"),
            refusal(microsoft.provider.ours, "AAMkGone", since=STARTS),
            refusal(microsoft.provider.busy, [microsoft.calendar, "AAMkGone"], **window),
        ]

        assert {kinds(error) for error in asked} == {("no_calendar", False, False)}

    def test_a_change_touches_only_our_own_fields(self, microsoft: MicrosoftStage) -> None:
        """F31: what the teacher set in Outlook stays."""
        order = an_order()
        made = microsoft.provider.put(microsoft.calendar, order)
        own = {"showAs": "free", "isReminderOn": False, "sensitivity": "normal"}
        microsoft.control(f"events/{made.remote_id}", method="PATCH", **own)

        changed = microsoft.provider.change(microsoft.calendar, made.remote_id, later(order))

        event = microsoft.event(made.remote_id)
        assert (event["show_as"], event["is_reminder_on"], event["sensitivity"]) == ("free", False, "normal")
        assert (changed.remote_id, changed.starts_at, changed.key) == (
            made.remote_id,
            later(order).starts_at,
            order.key,
        )

    def test_changing_what_the_teacher_deleted_says_that_it_is_gone(self, microsoft: MicrosoftStage) -> None:
        """F19"""
        order = an_order()
        made = microsoft.provider.put(microsoft.calendar, order)
        microsoft.delete(made.remote_id)

        error = refusal(microsoft.provider.change, microsoft.calendar, made.remote_id, order)

        assert kinds(error) == ("gone", False, False)
        assert microsoft.provider.read(microsoft.calendar, made.remote_id) is None

    def test_removing_twice_is_fine(self, microsoft: MicrosoftStage) -> None:
        order = an_order()
        made = microsoft.provider.put(microsoft.calendar, order)

        microsoft.provider.remove(microsoft.calendar, made.remote_id)
        microsoft.provider.remove(microsoft.calendar, made.remote_id)

        assert [call["status"] for call in microsoft.calls("eventDelete")] == [204, 404]
        assert microsoft.provider.find(microsoft.calendar, order.key) == []

    def test_entries_are_found_by_their_key_on_their_calendar(self, microsoft: MicrosoftStage) -> None:
        """F43"""
        school, order = microsoft.add_calendar("School"), an_order()
        made = microsoft.provider.put(school, order)
        microsoft.provider.put(school, an_order())
        microsoft.add_event("2026-12-03T16:00:00", "2026-12-03T16:15:00")

        assert microsoft.provider.find(school, order.key) == [made]
        assert microsoft.provider.find(microsoft.calendar, order.key) == []

    def test_of_an_entry_that_the_teacher_copied_the_older_one_comes_first(self, microsoft: MicrosoftStage) -> None:
        """Outlook copies our property too, and lists are in no order."""
        order = an_order()
        made = microsoft.provider.put(microsoft.calendar, order)
        microsoft.switch(clock_offset=60)
        mark = [{"id": OURS, "value": order.key}]
        copy = microsoft.add_event("2026-12-04T16:00:00", "2026-12-04T16:15:00", singleValueExtendedProperties=mark)

        found = microsoft.provider.find(microsoft.calendar, order.key)

        assert [one.remote_id for one in found] == [made.remote_id, copy]
        assert microsoft.provider.put(microsoft.calendar, order) == made

    def test_all_of_ours_are_listed_and_nothing_else(self, microsoft: MicrosoftStage) -> None:
        old = an_order(starts_at=STARTS - timedelta(days=30), ends_at=STARTS - timedelta(days=30) + QUARTER)
        made = [microsoft.provider.put(microsoft.calendar, one) for one in (an_order(), an_order(), old)]
        microsoft.add_event("2026-12-03T16:00:00", "2026-12-03T17:00:00")

        found = microsoft.provider.ours(microsoft.calendar, since=STARTS)
        assert {one.remote_id for one in found} == {one.remote_id for one in made[:2]}

    def test_an_entry_keeps_its_id_when_the_teacher_puts_it_into_another_calendar(
        self, microsoft: MicrosoftStage
    ) -> None:
        """Each call asks for immutable ids: others end with such a move."""
        order = an_order()
        made = microsoft.provider.put(microsoft.calendar, order)
        school = microsoft.add_calendar("School")

        microsoft.control(f"events/{made.remote_id}", method="PATCH", calendar_id=school)

        assert microsoft.provider.read(microsoft.calendar, made.remote_id) == made
        assert microsoft.provider.change(microsoft.calendar, made.remote_id, later(order)).remote_id == made.remote_id
        prefers = {request.headers.get("Prefer") for request, _ in microsoft.sent}
        assert prefers == {'IdType="ImmutableId", outlook.timezone="UTC"'}


class TestUnknownOutcomes:
    @pytest.mark.parametrize("kind", ["drop", "drip", "empty", "malformed", "status"])
    def test_an_entry_made_without_an_answer_is_the_one_that_the_next_try_gives(
        self, microsoft: MicrosoftStage, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """F34–F47, Odoo's duplicates after timeouts: an unknown outcome is never a refusal, nor made twice."""
        order = an_order()
        monkeypatch.setattr(bearer, "call", partial(bearer.call, deadline=1))
        microsoft.plan("eventCreate", kind, done=True, status=504)

        error = refusal(microsoft.provider.put, microsoft.calendar, order)
        made = microsoft.provider.put(microsoft.calendar, order)

        assert (error.retry, error.arrived) == (True, True)
        assert microsoft.count(order.key) == 1
        assert microsoft.provider.find(microsoft.calendar, order.key) == [made]

    def test_an_answer_that_comes_too_late_is_not_waited_for(
        self, microsoft: MicrosoftStage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bearer, "call", partial(bearer.call, deadline=0.3))
        microsoft.switch(answer_delay=1)

        error = refusal(microsoft.provider.put, microsoft.calendar, an_order())

        assert kinds(error) == ("timeout", True, True)

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_a_service_that_is_down_is_tried_again_later(self, microsoft: MicrosoftStage, status: int) -> None:
        microsoft.plan("eventUpdate", "status", status=status)
        order = an_order()
        made = microsoft.provider.put(microsoft.calendar, order)

        error = refusal(microsoft.provider.change, microsoft.calendar, made.remote_id, order)

        assert kinds(error) == (str(status), True, True)

    @pytest.mark.parametrize(
        ("answer", "trouble"),
        [("echo", "eventUpdate"), ("refused", "eventUpdate"), ("refused", "eventsList"), ("conflict", "eventsList")],
    )
    def test_an_entry_that_is_there_is_not_taken_for_missing_when_it_cannot_be_brought_up_to_date(
        self, microsoft: MicrosoftStage, answer: str, trouble: str
    ) -> None:
        microsoft.switch(repeated_create=answer)
        order = an_order()
        microsoft.provider.put(microsoft.calendar, order)
        microsoft.plan(trouble, "limit:rate")

        error = refusal(microsoft.provider.put, microsoft.calendar, later(order))

        assert kinds(error) == ("rate", True, True)


class TestLimits:
    @pytest.mark.parametrize(("kind", "code"), [("limit:concurrency", "concurrent"), ("limit:rate", "rate")])
    def test_a_429_says_until_when_also_in_fractions_of_a_second(
        self, microsoft: MicrosoftStage, kind: str, code: str
    ) -> None:
        """Nothing was done, so that the same call may be made again."""
        microsoft.switch(retry_after=7.25)
        microsoft.plan("eventCreate", kind)

        error = refusal(microsoft.provider.put, microsoft.calendar, an_order())

        assert kinds(error) == (code, True, False)
        assert error.after is not None
        assert timedelta(seconds=6) < error.after - clock.now() <= timedelta(seconds=7.25)
        assert microsoft.standing() == []

    def test_the_calls_of_ten_minutes_are_counted_for_each_mailbox(self, microsoft: MicrosoftStage) -> None:
        microsoft.switch(window_limit=2)

        for _ in range(2):
            microsoft.provider.account()

        assert refusal(microsoft.provider.account).code == "rate"


class TestTheGrant:
    def test_a_token_that_microsoft_refuses_is_renewed_once(self, microsoft: MicrosoftStage) -> None:
        microsoft.store.tokens = replace(microsoft.store.tokens, access="long-gone")

        assert microsoft.provider.account().email == PETRA
        assert microsoft.store.renewals == 1

    @pytest.mark.parametrize("why", ["password", "consent", "policy", "inactive"])
    def test_whatever_ended_the_grant_the_cure_is_to_sign_in_again(self, microsoft: MicrosoftStage, why: str) -> None:
        """F14, OAUTH-014: the sign-in's own number is kept for whoever looks into it."""
        microsoft.control("revoke", why=why, email=PETRA)

        error = refusal(microsoft.provider.account)

        assert kinds(error) == ("invalid_grant", False, False)
        assert "AADSTS" in error.detail

    def test_a_scope_that_was_not_granted_is_named_and_not_tried_for_ever(self, microsoft: MicrosoftStage) -> None:
        """PROV-016: Graph's own words are the same as for a calendar that may only be read."""
        microsoft.store.tokens = microsoft.grant(granted="offline_access User.Read")

        errors = [
            refusal(microsoft.provider.calendars),
            refusal(microsoft.provider.put, microsoft.calendar, an_order()),
        ]

        assert [kinds(error) for error in errors] == [("scopes", False, False)] * 2
        assert "Calendars.ReadWrite" in sentence(errors[0])


class TestPages:
    def test_a_thousand_events_are_read_to_the_last(self, microsoft: MicrosoftStage) -> None:
        """F45"""
        fill(microsoft, 1000)

        spans = microsoft.provider.busy(
            [microsoft.calendar], starts_at=STARTS - timedelta(days=1), ends_at=STARTS + timedelta(days=60)
        )

        assert [span.starts_at for span in spans] == [STARTS + timedelta(hours=number) for number in range(1000)]
        assert len(microsoft.calls("calendarView")) == 4

    def test_pages_of_ours_and_of_calendars_are_read_to_the_last_too(
        self, microsoft: MicrosoftStage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """F45"""
        monkeypatch.setattr(client, "_PAGE", 2)
        for number in range(4):
            microsoft.add_calendar(f"Calendar {number}")
        made = [microsoft.provider.put(microsoft.calendar, an_order()) for _ in range(5)]

        ours = {one.remote_id for one in microsoft.provider.ours(microsoft.calendar, since=STARTS)}
        assert ours == {one.remote_id for one in made}
        assert len(microsoft.provider.calendars()) == 5

    def test_a_next_page_elsewhere_is_not_asked_for(self, microsoft: MicrosoftStage) -> None:
        """Our token goes to the service itself and nowhere else."""
        provider = microsoft.speak(api_url=f"{microsoft.url}//v1.0")
        fill(microsoft, 300)

        error = refusal(provider.busy, [microsoft.calendar], starts_at=STARTS, ends_at=STARTS + timedelta(days=60))

        assert kinds(error) == ("unreadable", True, False)


def fill(microsoft: MicrosoftStage, events: int) -> None:
    """One each hour."""
    start = STARTS.replace(tzinfo=None)
    microsoft.add_event(start.isoformat(), (start + QUARTER).isoformat(), zone="UTC", copies=events - 1)


class TestBusyTimes:
    def busy(self, microsoft: MicrosoftStage, *calendars: str, day: datetime = STARTS, days: int = 1) -> list[str]:
        """As `3 15:00–3 16:00`, in UTC."""
        midnight = day.replace(hour=0)
        spans = microsoft.provider.busy(
            calendars or (microsoft.calendar,), starts_at=midnight, ends_at=midnight + timedelta(days=days)
        )
        return [f"{s.starts_at:%-d %H:%M}–{s.ends_at:%-d %H:%M}" for s in spans]

    def test_entries_of_ours_do_not_block(self, microsoft: MicrosoftStage) -> None:
        """F43"""
        microsoft.provider.put(microsoft.calendar, an_order())
        microsoft.add_event("2026-12-03T09:00:00", "2026-12-03T10:00:00")

        assert self.busy(microsoft) == ["3 08:00–3 09:00"]

    @pytest.mark.parametrize(
        ("values", "is_busy"),
        [
            ({"showAs": "busy"}, True),
            ({"showAs": "oof"}, True),
            ({"showAs": "tentative"}, True),
            ({"showAs": "tentative", "response": "notResponded"}, True),
            ({"showAs": "free"}, False),
            ({"showAs": "workingElsewhere"}, False),
            ({"response": "declined"}, False),
            ({"response": "accepted"}, True),
            ({"isCancelled": True}, False),
        ],
    )
    def test_only_what_takes_the_teacher_s_time_blocks(
        self, microsoft: MicrosoftStage, values: dict[str, Any], is_busy: bool
    ) -> None:
        """R35"""
        microsoft.add_event("2026-12-03T09:00:00", "2026-12-03T10:00:00", **values)

        assert bool(self.busy(microsoft)) is is_busy

    def test_a_whole_day_is_one_of_its_own_zone(self, microsoft: MicrosoftStage) -> None:
        """Graph says midnight to midnight, whatever zone it was asked for."""
        microsoft.add_event("2026-12-03T00:00:00", "2026-12-04T00:00:00", isAllDay=True)

        assert self.busy(microsoft, day=STARTS - timedelta(days=1), days=3) == ["2 23:00–3 23:00"]

    @pytest.mark.parametrize("zone", ["UTC", "tzone://Microsoft/Utc"])
    def test_a_whole_day_that_a_program_made_is_one_of_the_mailbox_s_zone(
        self, microsoft: MicrosoftStage, zone: str
    ) -> None:
        microsoft.add_event("2026-12-03T00:00:00", "2026-12-04T00:00:00", isAllDay=True, zone=zone)
        microsoft.add_event("2026-12-04T09:00:00", "2026-12-04T10:00:00", zone="Tokyo Standard Time")

        assert self.busy(microsoft, day=STARTS - timedelta(days=1), days=3) == ["2 15:00–3 15:00", "4 00:00–4 01:00"]

    def test_what_is_free_and_what_stands_in_another_calendar_tell_the_mailbox_s_zone_too(
        self, microsoft: MicrosoftStage
    ) -> None:
        """R35"""
        school = microsoft.add_calendar("School")
        microsoft.add_event("2026-12-03T00:00:00", "2026-12-04T00:00:00", isAllDay=True, zone="UTC")
        free = {"calendar": school, "showAs": "free", "zone": "Tokyo Standard Time"}
        microsoft.add_event("2026-12-04T09:00:00", "2026-12-04T10:00:00", **free)

        asked = {"day": STARTS - timedelta(days=1), "days": 3}
        assert self.busy(microsoft, microsoft.calendar, school, **asked) == ["2 15:00–3 15:00"]

    def test_where_no_event_tells_a_zone_a_whole_day_is_one_of_the_school_s(self, microsoft: MicrosoftStage) -> None:
        """R35"""
        microsoft.add_event("2026-12-03T00:00:00", "2026-12-04T00:00:00", isAllDay=True, zone="UTC")
        around = {"starts_at": STARTS - timedelta(days=1), "ends_at": STARTS + timedelta(days=3)}

        [span] = microsoft.provider.busy([microsoft.calendar], **around, zone="America/Chicago")

        assert (span.starts_at, span.ends_at) == (
            datetime(2026, 12, 3, 6, tzinfo=UTC),
            datetime(2026, 12, 4, 6, tzinfo=UTC),
        )

    def test_a_lesson_of_every_week_is_at_the_same_time_on_the_wall_after_the_clocks_change(
        self, microsoft: MicrosoftStage
    ) -> None:
        """F18"""
        weekly = {
            "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["thursday"], "firstDayOfWeek": "monday"},
            "range": {"type": "endDate", "startDate": "2026-10-15", "endDate": "2026-10-29"},
        }
        microsoft.add_event("2026-10-15T09:00:00", "2026-10-15T10:00:00", recurrence=weekly)

        spans = self.busy(microsoft, day=datetime(2026, 10, 1, tzinfo=UTC), days=60)

        assert spans == ["15 07:00–15 08:00", "22 07:00–22 08:00", "29 08:00–29 09:00"]

    def test_a_whole_day_on_which_the_clocks_change_has_25_hours(self, microsoft: MicrosoftStage) -> None:
        """F18"""
        microsoft.add_event("2026-10-25T00:00:00", "2026-10-26T00:00:00", isAllDay=True)

        assert self.busy(microsoft, day=datetime(2026, 10, 24, tzinfo=UTC), days=3) == ["24 22:00–25 23:00"]

    def test_of_every_calendar_that_is_asked_for_nothing_is_told_but_the_times(self, microsoft: MicrosoftStage) -> None:
        """R35, R36: titles, places and people are not even read."""
        school = microsoft.add_calendar("School")
        microsoft.add_event("2026-12-03T09:00:00", "2026-12-03T10:00:00", subject="Oncologist")
        microsoft.add_event("2026-12-03T09:30:00", "2026-12-03T11:00:00", subject="Lawyer")
        microsoft.add_event("2026-12-03T12:00:00", "2026-12-03T13:00:00", calendar=school)

        assert self.busy(microsoft) == ["3 08:00–3 10:00"]
        assert self.busy(microsoft, microsoft.calendar, school) == ["3 08:00–3 10:00", "3 11:00–3 12:00"]
        asked = [parse_qs(urlsplit(str(request.url)).query)["$select"] for request, _ in microsoft.sent]
        assert not {"subject", "body", "bodyPreview", "location", "attendees"} & set(
            ",".join(map(str, asked)).split(",")
        )
