"""The road of a busy time over real HTTP: a private event at the stand-in, the job, a slot that is not offered."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from evening import Evening
from factories import ZONE, make_calendar_link, make_slot
from google_stage import GoogleStage
from households import Households, play
from microsoft_stage import MicrosoftStage
from outside import Outside
from sqlmodel import select

from jobs.calendar_import import import_busy_times
from webapp import clock
from webapp.db import Database
from webapp.models import BusyTime, Contact, Resource, ResourceMember
from webapp.providers.base import EntryOrder
from webapp.services.booking.times import times_of
from webapp.services.booking.timetable import CALENDAR_BUSY

QUARTER = timedelta(minutes=15)


def google_takes(stage: GoogleStage, starts_at: datetime, **said: Any) -> None:
    stage.add_event(starts_at, starts_at + QUARTER, **said)


def microsoft_takes(stage: MicrosoftStage, starts_at: datetime, **said: Any) -> None:
    span = (at.astimezone(UTC).replace(tzinfo=None).isoformat() for at in (starts_at, starts_at + QUARTER))
    stage.add_event(*span, zone="UTC", **said)


@pytest.mark.parametrize("name", ["google", "microsoft"])
def test_what_a_teacher_has_in_the_calendar_blocks_a_slot_and_our_own_entry_does_not(
    name: str, database: Database, outside: Outside, request: pytest.FixtureRequest
) -> None:
    """R35, F43"""
    stage = request.getfixturevalue(name)
    outside.app.extensions["confab"].providers.calendars[name] = lambda _: stage.provider
    calendar = stage.provider.calendars()[0].key
    with database.transaction() as session:
        evening = Evening(session, outside.now)
        slots = [evening.slot() for _ in range(4)]
        values = {"calendar_id": calendar, "is_import": True, "saved_at": outside.now, "due_at": outside.now}
        make_calendar_link(session, evening.teacher, provider=name, **values)
    ours = EntryOrder("a" * 32, "Conference", "", "", slots[1].starts_at, slots[1].ends_at, "America/Chicago")
    stage.provider.put(calendar, ours)
    if name == "google":
        google_takes(stage, slots[0].starts_at)
        google_takes(stage, slots[2].starts_at, transparency="transparent")
    else:
        microsoft_takes(stage, slots[0].starts_at)
        microsoft_takes(stage, slots[2].starts_at, showAs="free")

    outside.read_calendars()

    with evening.later(database) as session:
        asked = ([evening.resource.id or 0], evening.alice, [evening.mia.id or 0])
        found = times_of(session, evening.event, *asked, now=outside.now)[evening.resource.id or 0]
    assert [time.clash for time in found] == [CALENDAR_BUSY, None, None, None]


def test_a_whole_day_of_which_outlook_tells_no_zone_blocks_that_evening_of_the_school(
    database: Database, outside: Outside, microsoft: MicrosoftStage
) -> None:
    """R35: eight in the evening in Chicago is the next day in UTC."""
    outside.app.extensions["confab"].providers.calendars["microsoft"] = lambda _: microsoft.provider
    with database.transaction() as session:
        evening = Evening(session, outside.now)
        slot = evening.slot(after=240)
        values = {"calendar_id": microsoft.calendar, "is_import": True, "saved_at": outside.now}
        make_calendar_link(session, evening.teacher, provider="microsoft", due_at=outside.now, **values)
    microsoft.add_event("2026-12-03T00:00:00", "2026-12-04T00:00:00", isAllDay=True, zone="UTC")

    outside.read_calendars()

    with database.reading() as session:
        [taken] = session.exec(select(BusyTime)).all()
    assert (taken.starts_at, taken.ends_at) == (datetime(2026, 12, 3, 6, tzinfo=UTC), slot.ends_at)


BEFORE, SUNDAY, AFTER = date(2027, 3, 11), date(2027, 3, 14), date(2027, 3, 18)
"""Thursdays before and after the Sunday on which the clocks of the school change. Berlin's change two weeks later: what
is at 11:30 PM there is at 4:30 PM before, and at 5:30 PM after."""

AFTERNOON = [time(16 + n // 4, n % 4 * 15) for n in range(8)]
NIGHT = [(SUNDAY - timedelta(days=1), time(23, 30)), (SUNDAY, time(0, 15))]
NIGHT += [(day + timedelta(days=1), at) for day, at in NIGHT]
SERIES = "a series of two"
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    SERIES: (
        {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=2"]},
        {
            "recurrence": {
                "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["thursday"]},
                "range": {"type": "numbered", "startDate": f"{BEFORE}", "numberOfOccurrences": 2},
            }
        },
    ),
    "tentative": ({"status": "tentative"}, {"showAs": "tentative"}),
    "declined": (
        {"attendees": [{"email": "folake.adeyemi@linden.example", "self": True, "responseStatus": "declined"}]},
        {"response": "declined"},
    ),
    "cancelled": ({"status": "cancelled"}, {"isCancelled": True}),
    "marked as free": ({"transparency": "transparent"}, {"showAs": "free"}),
}
"""What Google, and what Outlook, call it."""


class AtGoogle:
    """The calendar of a teacher, whose hand is here."""

    def __init__(self, stage: GoogleStage) -> None:
        self._stage, self.provider, self.calendar = stage, stage.provider, stage.calendar

    def takes(self, day: date, at: time, kind: str = "", *, zone: str = ZONE) -> None:
        starts_at = datetime.combine(day, at)
        span = {"start": starts_at, "end": starts_at + QUARTER}
        times = {end: {"dateTime": wall.isoformat(), "timeZone": zone} for end, wall in span.items()}
        said = KINDS[kind][0] if kind else {}
        self._stage.control(f"calendars/{self.calendar}/events", **times, summary="Oncologist", **said)

    def takes_day(self, day: date) -> None:
        self._stage.add_event(f"{day}", f"{day + timedelta(days=1)}")


class AtMicrosoft:
    """The same in Outlook, which has names of its own for zones."""

    zones = {ZONE: "Central Standard Time", "Europe/Berlin": "W. Europe Standard Time"}

    def __init__(self, stage: MicrosoftStage) -> None:
        self._stage, self.provider, self.calendar = stage, stage.provider, stage.calendar

    def takes(self, day: date, at: time, kind: str = "", *, zone: str = ZONE) -> None:
        starts_at = datetime.combine(day, at)
        span = (wall.isoformat() for wall in (starts_at, starts_at + QUARTER))
        self._stage.add_event(*span, zone=self.zones[zone], subject="Oncologist", **(KINDS[kind][1] if kind else {}))

    def takes_day(self, day: date) -> None:
        span = (f"{one}T00:00:00" for one in (day, day + timedelta(days=1)))
        self._stage.add_event(*span, zone=self.zones[ZONE], isAllDay=True)


@pytest.fixture(params=["google", "microsoft"])
def calendar(request: pytest.FixtureRequest) -> AtGoogle | AtMicrosoft:
    stage = request.getfixturevalue(request.param)
    return AtGoogle(stage) if request.param == "google" else AtMicrosoft(stage)


@pytest.fixture
def homes(database: Database, calendar: AtGoogle | AtMicrosoft, now: datetime) -> Iterator[Households]:
    """Folake has times on both Thursdays, and around the night's ends of that Sunday; her calendar is to be read."""
    clock.move(now - datetime.now(UTC))
    played = play(database, now=now)
    with database.transaction() as session:
        folake = session.get_one(Resource, played.teachers["Folake"].id)
        times = [(day, at) for day in (BEFORE, AFTER) for at in AFTERNOON]
        for day, at in [*times, *NIGHT]:
            played.slots["Folake"].append(make_slot(session, folake, at=datetime.combine(day, at)))
        teacher = select(Contact).join(ResourceMember).where(ResourceMember.resource_id == folake.id)
        name = "google" if isinstance(calendar, AtGoogle) else "microsoft"
        values = {"calendar_id": calendar.calendar, "is_import": True, "saved_at": now, "due_at": now}
        make_calendar_link(session, session.exec(teacher).one(), provider=name, **values)
    played.app.extensions["confab"].providers.calendars[name] = lambda _: calendar.provider
    yield played
    played.close()
    clock.move(timedelta())


def greyed(homes: Households) -> list[str]:
    """The times with Folake that Alice sees and cannot choose, by the clock on the school's wall."""
    page = homes.browser("alice").get(f"{homes.base}/times?pick={homes.pick('mia', 'Folake')}").text
    labels = re.findall(r"<label><input.*?</label>", page, re.S)
    shown = {slot.starts_at: label for slot in homes.slots["Folake"] for label in labels if slot.token in label}
    assert len(shown) == len(homes.slots["Folake"])
    assert "Oncologist" not in page
    gone = sorted(at for at, label in shown.items() if "disabled" in label)
    assert all("not available" in shown[at] for at in gone)
    return [f"{at.astimezone(ZoneInfo(ZONE)):%-d %H:%M}" for at in gone]


def test_each_kind_of_event_greys_what_it_takes_by_the_clock_on_its_own_wall(
    homes: Households, calendar: AtGoogle | AtMicrosoft
) -> None:
    """R35, F18, F43: a family sees times that are not available, and nothing of what they are taken by."""
    calendar.takes(BEFORE, time(16, 0), SERIES)
    calendar.takes(BEFORE, time(16, 15), "tentative")
    calendar.takes(BEFORE, time(23, 30), SERIES, zone="Europe/Berlin")
    for at, kind in ((time(16, 45), "declined"), (time(17, 0), "cancelled"), (time(17, 15), "marked as free")):
        calendar.takes(BEFORE, at, kind)
    starts_at = datetime.combine(BEFORE, time(17, 30), ZoneInfo(ZONE)).astimezone(UTC)
    ours = EntryOrder("b" * 32, "Conference", "", "", starts_at, starts_at + QUARTER, ZONE)
    calendar.provider.put(calendar.calendar, ours)
    calendar.takes_day(SUNDAY)
    assert greyed(homes) == []

    import_busy_times(homes.app)

    before, after = ["11 16:00", "11 16:15", "11 16:30"], ["18 16:00", "18 17:30"]
    assert greyed(homes) == [*before, "14 00:15", "14 23:30", *after]


def test_a_day_on_which_the_clocks_change_has_the_hours_that_it_has(
    homes: Households, calendar: AtGoogle | AtMicrosoft
) -> None:
    """F18"""
    calendar.takes_day(SUNDAY)

    import_busy_times(homes.app)

    [day] = homes.all(BusyTime)
    assert day.ends_at - day.starts_at == timedelta(hours=23)
    assert greyed(homes) == ["14 00:15", "14 23:30"]
