"""The road of a busy time over real HTTP: a private event at the stand-in, the job, a slot that is not offered."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from evening import Evening
from factories import make_calendar_link
from google_stage import GoogleStage
from microsoft_stage import MicrosoftStage
from outside import Outside

from webapp.db import Database
from webapp.providers.base import EntryOrder
from webapp.services.booking.times import CALENDAR_BUSY, times_of

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
