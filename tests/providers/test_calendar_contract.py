"""What every CalendarProvider promises: the fake in memory and the clients of Google and Microsoft over HTTP, held to
the same tests."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest
from fakes import FakeCalendars
from google_stage import GoogleStage
from microsoft_stage import MicrosoftStage

from webapp.errors import ProviderError
from webapp.i18n import sentence
from webapp.providers.base import BusySpan, CalendarProvider, EntryOrder

STARTS = datetime(2036, 12, 3, 15, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


class Stage(Protocol):
    """What the teacher does in their calendar, behind our back."""

    @property
    def provider(self) -> CalendarProvider: ...
    def add_calendar(self, name: str) -> str: ...
    def discard(self, calendar: str, remote_id: str) -> None: ...
    def drag(self, calendar: str, remote_id: str, minutes: int) -> None: ...
    def spread(self, calendar: str, remote_id: str) -> None:
        """Over the whole day."""
        ...

    def count(self, calendar: str, key: str) -> int: ...
    def take(self, calendar: str, starts_at: datetime, ends_at: datetime) -> None:
        """A private event."""
        ...

    def add_file(self, calendar: str, uid: str, starts_at: datetime, ends_at: datetime) -> None:
        """An event made from a calendar file."""
        ...


class Fake:
    def __init__(self) -> None:
        self.provider = FakeCalendars()

    def add_calendar(self, name: str) -> str:
        self.provider.writable.append(replace(self.provider.writable[0], key=name, name=name, is_primary=False))
        return name

    def discard(self, calendar: str, remote_id: str) -> None:
        self.provider.discard(remote_id)

    def drag(self, calendar: str, remote_id: str, minutes: int) -> None:
        self.provider.drag(remote_id, by=timedelta(minutes=minutes))

    def spread(self, calendar: str, remote_id: str) -> None:
        day = STARTS.replace(hour=0)
        entry = self.provider.entries[remote_id]
        self.provider.entries[remote_id] = replace(entry, starts_at=day, ends_at=day + timedelta(days=1))

    def count(self, calendar: str, key: str) -> int:
        return len([one for one in self.provider.standing(calendar) if one.order.key == key])

    def take(self, calendar: str, starts_at: datetime, ends_at: datetime) -> None:
        self.provider.private.append(BusySpan(starts_at, ends_at, calendar))

    def add_file(self, calendar: str, uid: str, starts_at: datetime, ends_at: datetime) -> None:
        self.provider.files[uid] = BusySpan(starts_at, ends_at, calendar)


class Google:
    def __init__(self, stage: GoogleStage) -> None:
        self.stage, self.provider = stage, stage.provider

    def add_calendar(self, name: str) -> str:
        return self.stage.add_calendar(name)

    def discard(self, calendar: str, remote_id: str) -> None:
        self.stage.delete_by_hand(remote_id, calendar=calendar)

    def drag(self, calendar: str, remote_id: str, minutes: int) -> None:
        self.stage.move_by_hand(remote_id, minutes, calendar=calendar)

    def spread(self, calendar: str, remote_id: str) -> None:
        whole = {"start": {"date": "2036-12-03"}, "end": {"date": "2036-12-04"}}
        self.stage.control(f"calendars/{calendar}/events/{remote_id}", method="PATCH", **whole)

    def count(self, calendar: str, key: str) -> int:
        return self.stage.count(key, calendar=calendar)

    def take(self, calendar: str, starts_at: datetime, ends_at: datetime) -> None:
        self.stage.add_event(starts_at, ends_at, calendar=calendar)

    def add_file(self, calendar: str, uid: str, starts_at: datetime, ends_at: datetime) -> None:
        self.stage.add_event(starts_at, ends_at, calendar=calendar, iCalUID=uid)


class Microsoft:
    def __init__(self, stage: MicrosoftStage) -> None:
        self.stage, self.provider = stage, stage.provider

    def add_calendar(self, name: str) -> str:
        return self.stage.add_calendar(name)

    def discard(self, calendar: str, remote_id: str) -> None:
        self.stage.delete(remote_id)

    def drag(self, calendar: str, remote_id: str, minutes: int) -> None:
        self.stage.move(remote_id, minutes=minutes)

    def spread(self, calendar: str, remote_id: str) -> None:
        zone = "W. Europe Standard Time"
        days = (("start", "2036-12-03T00:00:00"), ("end", "2036-12-04T00:00:00"))
        whole = {name: {"dateTime": day, "timeZone": zone} for name, day in days}
        self.stage.control(f"events/{remote_id}", method="PATCH", isAllDay=True, **whole)

    def count(self, calendar: str, key: str) -> int:
        return int(self.stage.state()["keys"].get(calendar, {}).get(key, 0))

    def take(self, calendar: str, starts_at: datetime, ends_at: datetime) -> None:
        self._add(calendar, starts_at, ends_at)

    def add_file(self, calendar: str, uid: str, starts_at: datetime, ends_at: datetime) -> None:
        self._add(calendar, starts_at, ends_at, iCalUId=uid)

    def _add(self, calendar: str, starts_at: datetime, ends_at: datetime, **said: Any) -> None:
        span = (at.replace(tzinfo=None).isoformat() for at in (starts_at, ends_at))
        self.stage.add_event(*span, calendar=calendar, zone="UTC", **said)


@pytest.fixture(params=["fake", "google", "microsoft"])
def stage(request: pytest.FixtureRequest) -> Stage:
    if request.param == "google":
        return Google(request.getfixturevalue("google"))
    return Microsoft(request.getfixturevalue("microsoft")) if request.param == "microsoft" else Fake()


@pytest.fixture
def calendar(stage: Stage) -> str:
    """The primary one."""
    return stage.provider.calendars()[0].key


def an_order(**values: Any) -> EntryOrder:
    order = EntryOrder(secrets.token_hex(16), "Conference", "Join", "Room 4", STARTS, STARTS + QUARTER, "Europe/Berlin")
    return replace(order, **values)


def later(order: EntryOrder) -> EntryOrder:
    hours = timedelta(hours=2)
    return replace(order, starts_at=order.starts_at + hours, ends_at=order.ends_at + hours)


def refusal(work: Callable[..., Any], *arguments: Any) -> tuple[str, bool, bool]:
    with pytest.raises(ProviderError) as caught:
        work(*arguments)
    sentence(caught.value)
    return caught.value.code, caught.value.retry, caught.value.arrived


class TestCalendarProvider:
    def test_exactly_one_calendar_is_the_primary_one_and_comes_first(self, stage: Stage) -> None:
        """R33"""
        added = stage.add_calendar("Another")

        calendars = stage.provider.calendars()

        assert [one.is_primary for one in calendars] == [True, *[False] * (len(calendars) - 1)]
        assert added in {one.key for one in calendars}
        assert len({one.key for one in calendars}) == len(calendars)

    def test_the_account_has_a_key_and_an_address(self, stage: Stage) -> None:
        account = stage.provider.account()

        assert account.account_id
        assert "@" in account.email

    def test_of_any_number_of_calls_with_one_key_one_entry_comes(self, stage: Stage, calendar: str) -> None:
        """R103"""
        order = an_order()

        made = [stage.provider.put(calendar, order) for _ in range(3)]

        assert made[0] == made[1] == made[2]
        assert (made[0].starts_at, made[0].ends_at, made[0].key) == (order.starts_at, order.ends_at, order.key)
        assert stage.count(calendar, order.key) == 1

    def test_a_key_that_the_teacher_deleted_is_used(self, stage: Stage, calendar: str) -> None:
        order = an_order()
        stage.discard(calendar, stage.provider.put(calendar, order).remote_id)

        assert refusal(stage.provider.put, calendar, order) == ("used", False, False)
        assert stage.count(calendar, order.key) == 0

    def test_another_key_makes_another_entry(self, stage: Stage, calendar: str) -> None:
        first, second = (stage.provider.put(calendar, an_order()) for _ in range(2))

        assert first.remote_id != second.remote_id

    def test_nothing_can_be_put_on_a_calendar_that_is_not_there(self, stage: Stage) -> None:
        assert refusal(stage.provider.put, "no-such-calendar", an_order()) == ("no_calendar", False, False)

    def test_a_change_keeps_the_entry_and_says_its_new_time(self, stage: Stage, calendar: str) -> None:
        order = an_order()
        made = stage.provider.put(calendar, order)

        changed = stage.provider.change(calendar, made.remote_id, later(order))

        assert changed == replace(made, starts_at=later(order).starts_at, ends_at=later(order).ends_at)
        assert stage.provider.read(calendar, made.remote_id) == changed
        assert stage.count(calendar, order.key) == 1

    @pytest.mark.parametrize("by_hand", ["drag", "spread"])
    def test_where_the_teacher_put_it_it_stays_if_the_time_is_to_be_kept(
        self, stage: Stage, calendar: str, by_hand: str
    ) -> None:
        order = an_order()
        made = stage.provider.put(calendar, order)
        stage.drag(calendar, made.remote_id, 30) if by_hand == "drag" else stage.spread(calendar, made.remote_id)
        before = stage.provider.read(calendar, made.remote_id)

        changed = stage.provider.change(calendar, made.remote_id, replace(order, location="Room 5"), keeps_time=True)

        assert changed == before == stage.provider.read(calendar, made.remote_id)
        assert changed.starts_at != order.starts_at

    def test_one_that_the_teacher_spread_over_the_day_takes_its_new_time(self, stage: Stage, calendar: str) -> None:
        order = an_order()
        made = stage.provider.put(calendar, order)
        stage.spread(calendar, made.remote_id)

        changed = stage.provider.change(calendar, made.remote_id, later(order))

        assert (changed.starts_at, changed.ends_at) == (later(order).starts_at, later(order).ends_at)
        assert stage.provider.read(calendar, made.remote_id) == changed

    def test_what_was_deleted_is_gone_whoever_asks(self, stage: Stage, calendar: str) -> None:
        """F19"""
        order = an_order()
        made = stage.provider.put(calendar, order)
        stage.discard(calendar, made.remote_id)

        assert refusal(stage.provider.change, calendar, made.remote_id, order) == ("gone", False, False)
        assert stage.provider.read(calendar, made.remote_id) is None
        assert stage.provider.find(calendar, order.key) == []
        stage.provider.remove(calendar, made.remote_id)

    def test_removing_twice_is_fine(self, stage: Stage, calendar: str) -> None:
        order = an_order()
        made = stage.provider.put(calendar, order)

        stage.provider.remove(calendar, made.remote_id)
        stage.provider.remove(calendar, made.remote_id)

        assert stage.count(calendar, order.key) == 0

    def test_what_the_teacher_moved_is_told(self, stage: Stage, calendar: str) -> None:
        order = an_order()
        made = stage.provider.put(calendar, order)

        stage.drag(calendar, made.remote_id, 30)

        read = stage.provider.read(calendar, made.remote_id)
        assert read is not None
        assert (read.remote_id, read.key) == (made.remote_id, order.key)
        assert read.starts_at == order.starts_at + timedelta(minutes=30)

    def test_entries_are_found_by_their_key_on_their_own_calendar(self, stage: Stage, calendar: str) -> None:
        """F43"""
        other, order = stage.add_calendar("Another"), an_order()
        made = stage.provider.put(other, order)
        stage.provider.put(other, an_order())
        stage.take(other, STARTS, STARTS + QUARTER)

        assert stage.provider.find(other, order.key) == [made]
        assert stage.provider.find(calendar, order.key) == []

    def test_all_of_ours_that_are_not_over_are_listed(self, stage: Stage, calendar: str) -> None:
        days = timedelta(days=30)
        over = an_order(starts_at=STARTS - days, ends_at=STARTS - days + QUARTER)
        made = [stage.provider.put(calendar, one) for one in (an_order(), later(an_order()), over)]
        stage.take(calendar, STARTS, STARTS + QUARTER)

        assert {one.remote_id for one in stage.provider.ours(calendar, since=STARTS)} == {
            one.remote_id for one in made[:2]
        }

    def test_a_calendar_is_taken_by_everything_but_entries_of_ours(self, stage: Stage, calendar: str) -> None:
        """R35: F43."""
        order = an_order()
        stage.provider.put(calendar, order)
        stage.take(calendar, order.ends_at + QUARTER, order.ends_at + 2 * QUARTER)
        midnight = STARTS.replace(hour=0)

        spans = stage.provider.busy([calendar], starts_at=midnight, ends_at=midnight + timedelta(days=1))

        assert spans == [BusySpan(order.ends_at + QUARTER, order.ends_at + 2 * QUARTER, calendar)]

    def test_what_was_made_from_a_file_that_is_named_takes_no_time_and_from_another_it_does(
        self, stage: Stage, calendar: str
    ) -> None:
        """R35: a mailed .ics that the calendar's program took in."""
        uids = [f"{letter * 32}@school.example" for letter in "ab"]
        stage.add_file(calendar, uids[0], STARTS, STARTS + QUARTER)
        stage.add_file(calendar, uids[1], STARTS + 2 * QUARTER, STARTS + 3 * QUARTER)

        spans = stage.provider.busy(
            [calendar], starts_at=STARTS, ends_at=STARTS + timedelta(days=1), but={uids[0], "c@school.example"}
        )

        assert spans == [BusySpan(STARTS + 2 * QUARTER, STARTS + 3 * QUARTER, calendar)]
