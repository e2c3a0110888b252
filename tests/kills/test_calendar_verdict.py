"""The verdict on the kills sees whatever is wrong on the calendars of either provider, each by its own name."""

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import BOTH
from installation import lent
from kills.calendar_school import GOOGLE, MICROSOFT, CalendarSchool, school_with_calendars
from kills.calendar_verdict import wrongs
from sqlmodel import col, select

from jobs.calendar_export import export_entries
from webapp import clock, create_app
from webapp.config import Settings
from webapp.errors import DomainError
from webapp.models import Appointment, CalendarEntry, CalendarLink, Slot
from webapp.providers.microsoft.orders import OURS

STRANGER = "0g0gstranger"


@pytest.fixture(params=BOTH)
def school(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CalendarSchool]:
    """Six entries and more stand at each provider."""
    with (
        lent(request, tmp_path, request.param) as installation,
        school_with_calendars(installation, random.Random()) as school,
    ):
        app = create_app(Settings.from_env(school.environment))
        while min(len(entries_at(school, provider)) for provider in (GOOGLE, MICROSOFT)) < 6:
            with suppress(DomainError):
                school.book()
        export_entries(app)
        app.extensions["confab"].database.dispose()
        yield school


def entries_at(school: CalendarSchool, provider: str) -> list[CalendarEntry]:
    query = select(CalendarEntry).join(CalendarLink).where(col(CalendarLink.provider) == provider)
    with school.database.reading() as session:
        return list(session.exec(query.order_by(col(CalendarEntry.id))))


@pytest.mark.parametrize("provider", [GOOGLE, MICROSOFT])
def test_each_thing_that_is_wrong_is_named(school: CalendarSchool, provider: str) -> None:
    at = AtGoogle(school) if provider == GOOGLE else AtMicrosoft(school)
    twice, gone, late, due, theirs, unwanted, *_ = entries_at(school, provider)
    assert wrongs(school) == {}

    at.copy(twice, key=twice.key)
    at.copy(twice, key=STRANGER)
    at.delete(gone)
    at.move(late)
    with school.database.transaction() as session:
        session.get_one(CalendarEntry, due.id).due_at = clock.now()
        session.get_one(CalendarEntry, theirs.id).theirs = "moved"
        session.get_one(Appointment, unwanted.appointment_id).cancelled_at = clock.now()

    found = wrongs(school)
    assert found["duplicate"] == found["made twice"] == [(twice.calendar_id, twice.key)]
    assert found["missing"] == [gone.appointment_id]
    assert found["at another time"] == [late.appointment_id]
    assert set(found["left over"]) == {(due.id, "", ""), (theirs.id, "", "moved")}
    assert set(found["orphan"]) == {(twice.calendar_id, STRANGER), (unwanted.calendar_id, unwanted.key)}


def test_what_was_removed_and_made_again_under_its_key_was_made_twice(school: CalendarSchool) -> None:
    """At the only provider that allows it."""
    entry, at = entries_at(school, MICROSOFT)[0], AtMicrosoft(school)

    at.delete(entry)
    at.copy(entry, key=entry.key)

    assert wrongs(school) == {"made twice": [(entry.calendar_id, entry.key)]}


def test_an_entry_on_the_calendar_that_was_left_is_an_orphan_there_and_missing_here(school: CalendarSchool) -> None:
    entry = entries_at(school, GOOGLE)[0]
    with school.database.transaction() as session:
        link = session.get_one(CalendarLink, entry.link_id)
        link.calendar_id = next(one for one in school.choices[entry.link_id] if one != link.calendar_id)

    found = wrongs(school)

    assert (entry.calendar_id, entry.key) in found["orphan"]
    assert entry.appointment_id in found["missing"]


class AtGoogle:
    """What goes wrong there, by whosever hand."""

    def __init__(self, school: CalendarSchool) -> None:
        self._school, self._stage = school, school.google

    def copy(self, entry: CalendarEntry, *, key: str) -> None:
        slot, said = slot_of(self._school, entry), {"extendedProperties": {"private": {"confab": key}}}
        self._stage.add_event(slot.starts_at, slot.ends_at, calendar=entry.calendar_id, **said)

    def delete(self, entry: CalendarEntry) -> None:
        self._stage.delete_by_hand(entry.remote_id or "", calendar=entry.calendar_id)

    def move(self, entry: CalendarEntry) -> None:
        self._stage.move_by_hand(entry.remote_id or "", 60, calendar=entry.calendar_id)


class AtMicrosoft:
    """The same in Outlook."""

    def __init__(self, school: CalendarSchool) -> None:
        self._school, self._stage = school, school.microsoft

    def copy(self, entry: CalendarEntry, *, key: str) -> None:
        slot, place = slot_of(self._school, entry), self._mailbox(entry.calendar_id)
        times = (at.strftime("%Y-%m-%dT%H:%M:%S") for at in (slot.starts_at, slot.ends_at))
        self._stage.add_event(*times, zone="UTC", singleValueExtendedProperties=[{"id": OURS, "value": key}], **place)

    def delete(self, entry: CalendarEntry) -> None:
        self._stage.delete(entry.remote_id or "")

    def move(self, entry: CalendarEntry) -> None:
        self._stage.move(entry.remote_id or "", minutes=60)

    def _mailbox(self, calendar_id: str) -> dict[str, Any]:
        state = self._stage.state()
        mailbox = next(one["mailbox_id"] for one in state["calendars"] if one["id"] == calendar_id)
        owner = next(one["email"] for one in state["mailboxes"] if one["id"] == mailbox)
        return {"email": owner, "calendar": calendar_id}


def slot_of(school: CalendarSchool, entry: CalendarEntry) -> Slot:
    with school.database.reading() as session:
        return session.get_one(Slot, session.get_one(Appointment, entry.appointment_id).slot_id)
