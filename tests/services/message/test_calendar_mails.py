"""The calendar file of each mail, as another program reads it: one entry, known again whatever changes of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
import vobject
from evening import Evening
from factories import make_class, make_host, make_resource, make_teacher
from outside import Outside

from jobs.reminders import remind
from webapp.db import Database
from webapp.models import Resource, ResourceMember
from webapp.providers.base import Invitation, Mail
from webapp.services.booking.consequences import follow
from webapp.services.event.change_zone import change_zone
from webapp.services.system.audit import SYSTEM

pytestmark = pytest.mark.both_databases

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True)
class Read:
    """The one entry of a file, by vobject."""

    method: str
    uid: str
    sequence: int
    status: str
    begins: datetime
    where: str


def read(mail: Mail) -> Read:
    [file] = mail.invitations
    return read_file(file, mail.recipient)


def read_file(file: Invitation, recipient: str) -> Read:
    calendar = vobject.readOne(file.content.decode())
    [event] = calendar.vevent_list
    assert calendar.method.value == file.method
    assert event.attendee.value.casefold() == f"mailto:{recipient}".casefold()
    assert event.organizer.value.casefold().startswith("mailto:")
    facts = (event.uid.value, int(event.sequence.value), event.status.value, event.dtstart.value)
    return Read(calendar.method.value, *facts, event.location.value)


@pytest.fixture
def evening(database: Database, now: datetime, outside: Outside) -> Evening:
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
    outside.knows(f"z{evening.teacher.id}")
    return evening


def files(outside: Outside) -> list[Read]:
    return [read(mail) for mail in outside.mailer.sent if mail.recipient.startswith("alice")]


def assert_one_entry_that_grows(found: list[Read]) -> None:
    """Programs keep what they have where the number is not higher (RFC 5546 2.1.4)."""
    [uid] = {file.uid for file in found}
    assert str(UUID(uid)) == uid  # no host's name (PROVIDERS 5): it outlives a move of the installation
    assert all(later.sequence > former.sequence for former, later in pairwise(found))


def test_move_new_link_and_cancellation_change_the_same_entry(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """ICS-015, ICS-017, R88: FAILURES F42."""
    with evening.later(database):
        [booked] = evening.book(evening.slot())
    outside.tick()
    with evening.later(database, MINUTE):
        evening.move(booked, evening.slot(after=60))
    outside.tick(MINUTE)
    with evening.later(database, MINUTE) as session:
        ines = make_teacher(session, evening.school, "Ines", "Ito")
        outside.knows(make_host(session, ines).remote_id)
        lead = {"resource_id": evening.resource.id, "contact_id": ines.id, "school_id": evening.school.id}
        session.add(ResourceMember(**lead, position=-1))
        session.flush()
        follow(session, [booked.id or 0], now=evening.now)
    for _ in range(12):
        outside.tick(MINUTE)
    [link] = [meeting.shown().join_url for meeting in outside.meetings.standing()]
    evening.now = outside.now
    with evening.later(database, MINUTE):
        evening.cancel(booked)
    outside.tick(MINUTE)

    found = files(outside)
    first, moved, linked, gone = found
    assert_one_entry_that_grows(found)
    assert [file.method for file in found] == ["REQUEST", "REQUEST", "REQUEST", "CANCEL"]
    assert [file.status for file in found] == ["CONFIRMED"] * 3 + ["CANCELLED"]
    assert moved.begins - first.begins == timedelta(hours=1)
    assert linked.begins == gone.begins == moved.begins
    assert linked.where == link != moved.where


def test_another_room_is_in_the_entry_of_the_next_mail(database: Database, evening: Evening, outside: Outside) -> None:
    """R54, R99"""
    with evening.later(database):
        slot = evening.slot(kind="P")
        evening.book(slot)
    outside.tick()
    with evening.later(database, MINUTE) as session:
        session.get_one(Resource, evening.resource.id).room = "Gym"
    outside.now = slot.starts_at - DAY
    remind(outside.app)
    outside.tick()

    found = files(outside)
    assert_one_entry_that_grows(found)
    assert [file.where for file in found] == ["112", "Gym"]


def test_another_time_zone_is_another_time_of_the_same_entry(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """ICS-020: the wall clock's time is kept."""
    with evening.later(database):
        evening.book(evening.slot(kind="P"))
    outside.tick()
    with evening.later(database, MINUTE) as session:
        new, was = "America/New_York", evening.event.zone
        change_zone(session, evening.event, new, was=was, tell=True, who=SYSTEM, now=evening.now)
    outside.tick(MINUTE)

    first, second = found = files(outside)
    assert_one_entry_that_grows(found)
    assert first.begins - second.begins == timedelta(hours=1)


def test_mailed_twice_with_nothing_new_it_is_the_same_entry(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """ICS-015"""
    with evening.later(database):
        slot = evening.slot(kind="P")
        evening.book(slot)
    outside.tick()
    outside.now = slot.starts_at - DAY
    remind(outside.app)
    outside.tick()

    first, second = files(outside)
    assert first == second


def test_several_appointments_are_several_files_of_one_entry_each(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """R88, F42: of a file with several UIDs Outlook enters the first alone (RFC 5546 3.2.2)."""
    with evening.later(database) as session:
        slots = [evening.slot(kind="P")]
        for first in ("Ines", "Jo"):
            teacher = make_teacher(session, evening.school, first)
            make_class(session, evening.school, teacher, evening.mia)
            slots.append(evening.slot(make_resource(session, evening.event, teacher), kind="P"))
        evening.book(*slots)
    outside.tick()

    [mail] = outside.mailer.sent
    found = [read_file(file, mail.recipient) for file in mail.invitations]
    assert [file.method for file in found] == ["REQUEST"] * 3
    assert len({file.uid for file in found}) == len({file.begins for file in found}) == 3
    assert [file.filename for file in mail.invitations] == ["invite-1.ics", "invite-2.ics", "invite-3.ics"]
