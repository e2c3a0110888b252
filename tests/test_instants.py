"""Whatever the clocks do: the time that the office typed is one instant on the page, in the mail and its calendar
file, in the private links of both sides, in Zoom, in the teacher's Google and Outlook calendars, and in reports.

RELIABILITY 2.7 and 2.8, for thirty zones on the days around each change of their clocks in the next two years.
"""

import math
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from html import unescape
from itertools import groupby
from typing import Any

import icalendar
import pytest
import vobject
from app import Browser, fake_providers, make_app
from app import test_settings as settings_of
from conftest import KEY, NOW
from factories import (
    make_calendar_link,
    make_class,
    make_connection,
    make_contact,
    make_event,
    make_guardian,
    make_host,
    make_resource,
    make_school,
    make_student,
    make_teacher,
)
from fakes import FakeCalendars, FakeMailer, FakeMeetings
from online_office import time_stands_at, words
from sqlmodel import Session, col, select
from zones import ZONES, Change, changes_of, days_ahead, instants_shown_as

from jobs.calendar_export import export_entries
from jobs.link_sync import sync_links
from jobs.mail_delivery import deliver_mail
from webapp.db import Database
from webapp.errors import Invalid
from webapp.i18n import sentence
from webapp.models import Contact, Event, EventSettings, Level, Slot, metadata
from webapp.models.people.feed import TEACHER
from webapp.providers.base import EntryOrder, MadeEntry, MadeMeeting, Mail, MeetingOrder
from webapp.providers.google.entries import creation as google_creation
from webapp.providers.microsoft.orders import creation as microsoft_creation
from webapp.providers.zoom.orders import creation
from webapp.services.booking.book import Choice, book
from webapp.services.booking.family import child_of
from webapp.services.event.create_slots import SlotsInput, create_slots, preview_create
from webapp.services.people.feeds import make_feed
from webapp.services.system.audit import SYSTEM

MINUTES = 15
LENGTH = timedelta(minutes=MINUTES)
ORDINARY = (time(16), time(23, 15), time(0, 15))
"""Before, on and after the day of a change: at the end of a day that is an hour longer, and after a shorter one."""
NEW_YORK = "America/New_York"

DAYS = {f"{day:{layout}} {day.day}": day for layout in ("%A, %B", "%a, %b") for day in days_ahead(NOW)}
"""By their names on pages and in mails: in two years there is one Sunday, March 14."""

Instants = dict[str, datetime]
"""When it is, by the link of the meeting, which is on the page, in the mail, in Zoom and in the report."""


@dataclass
class Round:
    """An event in one zone, and the family that books everything in it."""

    event: Event
    teacher: str
    family: Contact
    child: str
    family_page: Browser
    feeds: list[str]


class ToldMeetings(FakeMeetings):
    """Keeps what the Zoom client would send, by the link that is given for it."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: dict[str, dict[str, Any]] = {}

    def make(self, order: MeetingOrder, *, by: float = math.inf) -> MadeMeeting:
        made = super().make(order, by=by)
        self.bodies[made.join_url] = creation(order)
        return made


class ToldCalendars(FakeCalendars):
    """Keeps what a client would send, by the link that stands in it."""

    def __init__(self, creation: Callable[[EntryOrder], dict[str, Any]]) -> None:
        super().__init__()
        self.creation = creation
        self.bodies: dict[str, dict[str, Any]] = {}

    def put(self, calendar: str, order: EntryOrder, *, by: float = math.inf) -> MadeEntry:
        self.bodies[link_in(order.description)] = self.creation(order)
        return super().put(calendar, order, by=by)


class World:
    """One school with an event for each zone."""

    def __init__(self, url: str) -> None:
        self.zoom, self.mailer = ToldMeetings(), FakeMailer()
        self.google, self.outlook = ToldCalendars(google_creation), ToldCalendars(microsoft_creation)
        accounts = {"google": self.google.for_store, "microsoft": self.outlook.for_store}
        providers = replace(fake_providers(self.zoom, self.mailer), calendars=accounts)
        self.app = make_app(settings_of(url, KEY), providers)
        self.database: Database = self.app.extensions["confab"].database
        metadata.create_all(self.database.engine)
        self.office = Browser(self.app)
        with self.database.transaction() as session:
            self.school = make_school(session)
            make_connection(session, self.school)
            dora = make_contact(session, self.school, "Dora", level=Level.ADMINISTRATOR)
            self.office.sign_in(session, dora, now=NOW)

    def round_in(self, zone: str) -> Round:
        with self.database.transaction() as session:
            values = {"provider": "zoom", "shows_appointment_type": True}
            event = make_event(session, self.school, zone=zone, settings=values)
            teacher = make_teacher(session, self.school, "Folake", zone.replace("/", " "))
            make_host(session, teacher, remote_id=self.zoom.add_user(teacher.email or "").key)
            for provider in ("google", "microsoft"):
                make_calendar_link(session, teacher, provider=provider, calendar_id="school", saved_at=NOW)
            make_resource(session, event, teacher)
            alice, mia = make_contact(session, self.school), make_student(session, self.school)
            make_guardian(session, alice, mia)
            make_class(session, self.school, teacher, mia, appointments_allowed=100)
            browser = Browser(self.app).sign_in(session, alice, now=NOW)
            feeds = [make_feed(session, *whose, who=SYSTEM, now=NOW) for whose in ((alice,), (teacher, TEACHER))]
            return Round(event, teacher.name, alice, mia.token, browser, feeds)

    def generate(self, event: Event, walls: list[datetime]) -> None:
        """As the office does: a range of times of day, for the dates on which they are wanted."""
        by_time = groupby(sorted(walls, key=lambda wall: (wall.time(), wall)), key=datetime.time)
        with self.database.transaction() as session:
            for _, of_time in by_time:
                create_slots(session, event, slots_at(*of_time), who=SYSTEM, now=NOW)

    def book_all(self, found: Round) -> None:
        with self.database.transaction() as session:
            slots = session.exec(select(Slot.token).where(col(Slot.event_id) == found.event.id)).all()
            child = child_of(session, found.family, found.child)
            choices = [Choice(token, child) for token in slots]
            settings = session.get_one(EventSettings, found.event.id)
            book(session, found.event, settings, found.family, choices, now=NOW)
        sync_links(self.app)
        export_entries(self.app)
        deliver_mail(self.app)

    def stored(self, event: Event) -> Instants:
        """By what the office typed."""
        with self.database.reading() as session:
            slots = session.exec(select(Slot).where(col(Slot.event_id) == event.id)).all()
        assert {slot.ends_at - slot.starts_at for slot in slots} == {LENGTH}
        return {slot.wall_start: slot.starts_at for slot in slots}

    def in_zoom(self, zone: str, teacher: str) -> Instants:
        """As Zoom understands what it is told: with a Z it is UTC."""
        told = {link: b for link, b in self.zoom.bodies.items() if b["topic"].startswith(f"{teacher},")}
        assert {(body["timezone"], body["duration"]) for body in told.values()} == {(zone, MINUTES)}
        assert {body["start_time"][-1] for body in told.values()} == {"Z"}
        return {link: datetime.fromisoformat(body["start_time"]) for link, body in told.items()}

    def in_google(self, zone: str, links: Collection[str]) -> Instants:
        """As Google understands what it is told: an offset is of UTC, whatever the zone that is shown."""
        told = {link: body for link, body in self.google.bodies.items() if link in links}
        assert {body[edge]["timeZone"] for body in told.values() for edge in ("start", "end")} == {zone}
        return spans({link: [body[edge]["dateTime"] for edge in ("start", "end")] for link, body in told.items()})

    def in_outlook(self, links: Collection[str]) -> Instants:
        """As Microsoft does: a wall clock in the zone that is named with it."""
        told = {link: body for link, body in self.outlook.bodies.items() if link in links}
        assert {body[edge]["timeZone"] for body in told.values() for edge in ("start", "end")} == {"UTC"}
        said = {link: [f"{body[edge]['dateTime']}Z" for edge in ("start", "end")] for link, body in told.items()}
        return spans(said)

    def in_feeds(self, found: Round) -> list[bytes]:
        """The files behind the private links of the family and of the teacher."""
        return [Browser(self.app).get(f"/calendar/{secret}.ics").data for secret in found.feeds]

    def in_report(self, event: Event, zone: str, day: date | None = None) -> Instants:
        """The office's Teachers Schedule, of all days or of one."""
        query = {"event": event.id, "day": day or ""}
        page = self.office.get(f"/s/{self.school.slug}/reports/teachers-schedule", query_string=query).text
        rows = re.findall(r'<tr id="entry-.*?</tr>', page, re.DOTALL)
        assert all(f"{MINUTES} min" in row for row in rows)
        return {link_in(row): read(words(row), zone) for row in rows}

    def on_page(self, found: Round, zone: str) -> Instants:
        page = found.family_page.get(f"/{self.school.slug}/{found.event.slug}/mine").text
        return instants_by_day(re.split(r"<h2[^>]*>", page)[1:], r"<li.*?</li>", zone)

    def confirmation(self, found: Round) -> Mail:
        [mail] = self.mailer.sent_to(found.family.email or "")
        return mail

    def in_mail(self, found: Round, zone: str) -> tuple[Instants, Instants]:
        """The one Confirmation, as text and as HTML."""
        mail = self.confirmation(found)
        days = re.split(r"\n(?=\w+, \w+ \d+\n)", mail.text)[1:]
        text = instants_by_day(days, r"\d+:\d\d [AP]M, .*?http\S+", zone)
        pieces = re.split(r"<h2[^>]*>", mail.html)[1:]
        assert mail.html.count(f"{MINUTES} minutes") == len(text)
        return text, instants_by_day(pieces, r"<tr.*?</tr>", zone)


def in_calendar(file: bytes) -> Instants:
    """The entries of a calendar file, as two programs read them that know nothing of each other."""
    events = vobject.readOne(file.decode()).vevent_list
    assert {event.dtend.value - event.dtstart.value for event in events} == {LENGTH}
    assert {event.dtstart.value.utcoffset() for event in events} == {timedelta()}
    read_by_one = {event.url.value: event.dtstart.value for event in events}
    others = icalendar.Calendar.from_ical(file).walk("VEVENT")
    assert not any(event.errors for event in others)
    assert {str(event["url"]): event.decoded("dtstart") for event in others} == read_by_one
    assert {event.decoded("dtend") - event.decoded("dtstart") for event in others} == {LENGTH}
    return read_by_one


def spans(said: dict[str, list[str]]) -> Instants:
    """The beginnings of what lasts as long as a slot."""
    read_as = {link: [datetime.fromisoformat(one) for one in edges] for link, edges in said.items()}
    assert {end - start for start, end in read_as.values()} == {LENGTH}
    return {link: start for link, (start, _) in read_as.items()}


def slots_at(*walls: datetime) -> SlotsInput:
    """Virtual, of the time of day of all of these."""
    end = f"{walls[0] + LENGTH:%H:%M}"
    days = [wall.date() for wall in walls]
    return SlotsInput(dates=days, from_time=f"{walls[0]:%H:%M}", to_time=end, duration=MINUTES, kind="V")


def instants_by_day(days: list[str], entry: str, zone: str) -> Instants:
    """Of pieces that begin with a day such as `Sunday, March 14` and hold an entry for each of its times."""
    found: Instants = {}
    for piece in days:
        heading = words(piece).partition(":")[0].rpartition(" ")[0]
        for one in re.findall(entry, piece, re.DOTALL):
            found[link_in(one)] = read(f"{heading} {words(one)}", zone)
    return found


def link_in(html: str) -> str:
    found = re.search(r"https://linden[^\"\s<]+", html)
    assert found, html
    return unescape(found[0])


def read(text: str, zone: str) -> datetime:
    """The instant that a person in the school understands of the first day and the only time in the text."""
    said = re.search(r"\w+, \w+ \d+", text)
    assert said, text
    [shown] = {datetime.strptime(one, "%I:%M %p").time() for one in re.findall(r"\d+:\d\d [AP]M", text)}
    [instant] = instants_shown_as(datetime.combine(DAYS[said[0]], shown), zone)
    return instant


def wanted_walls(zone: str) -> list[datetime]:
    """As near to each change as a slot can be, and for the next two on the days before, on and after it; where clocks
    never change, on the days on which New York's do."""
    changes = changes_of(zone, NOW)
    ordinary = [
        datetime.combine(day, usual)
        for change in (changes or changes_of(NEW_YORK, NOW))[:2]
        for day, usual in zip(change.days, ORDINARY, strict=True)
    ]
    near = [wall for c in changes for wall in (c.low - LENGTH - timedelta(minutes=5), c.high)]
    return [wall for wall in ordinary + near if not why_not(wall, zone)]


def why_not(wall: datetime, zone: str) -> str:
    """Why there can be no slot, in the words of the refusal."""
    shown = [instants_shown_as(at, zone) for at in (wall, wall + LENGTH)]
    for instants in shown:
        if len(instants) != 1:
            return "comes twice" if instants else "does not exist"
    return "" if shown[1][0] - shown[0][0] == LENGTH else "The clock changes during the slot"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with time_stands_at(NOW), pytest.MonkeyPatch.context() as patch:
        patch.setattr("jobs.calendar_export.spacing_of", lambda _: 0.0)
        world = World(f"sqlite:///{tmp_path_factory.mktemp('instants') / 'test.db'}")
        yield world
        world.database.dispose()


def test_the_thirty_zones_change_their_clocks_in_every_way() -> None:
    changes = {zone: changes_of(zone, NOW) for zone in ZONES}
    every = [change for of_zone in changes.values() for change in of_zone]

    assert len(set(ZONES)) == 30
    assert {change.by // timedelta(minutes=1) for change in every} == {-120, -60, -30, 30, 60, 120}
    assert {len(of_zone) for of_zone in changes.values()} == {0, 4}
    assert sum(not of_zone for of_zone in changes.values()) >= 7
    assert {zone for zone in ZONES for c in changes[zone] if c.by > timedelta() and not c.low.hour} >= {
        "Africa/Cairo",
        "America/Havana",
        "America/Santiago",
        "Asia/Beirut",
    }
    assert changes["Pacific/Chatham"][0].low.minute == 45


@pytest.mark.parametrize("zone", ZONES)
def test_page_mail_calendar_zoom_and_report_show_the_instant_that_the_office_typed(world: World, zone: str) -> None:
    """R3, R100, R103: F18. RELIABILITY 2.7."""
    walls = wanted_walls(zone)
    found = world.round_in(zone)

    world.generate(found.event, walls)
    world.book_all(found)

    typed = {wall.isoformat("T", "minutes"): instants_shown_as(wall, zone)[0] for wall in walls}
    in_zoom = world.in_zoom(zone, found.teacher)
    assert len(walls) >= (12 if changes_of(zone, NOW) else 6)
    assert world.stored(found.event) == typed
    assert sorted(in_zoom.values()) == sorted(typed.values())
    assert world.on_page(found, zone) == in_zoom
    assert world.in_mail(found, zone) == (in_zoom, in_zoom)
    invited: Instants = {}
    for file in world.confirmation(found).invitations:
        invited |= in_calendar(file.content)
    assert [invited, *map(in_calendar, world.in_feeds(found))] == [in_zoom] * 3
    assert world.in_google(zone, in_zoom.keys()) == in_zoom
    assert world.in_outlook(in_zoom.keys()) == in_zoom
    assert world.in_report(found.event, zone) == in_zoom
    for day in {change.low.date() for change in changes_of(zone, NOW)[:2]}:
        of_day = {link: at for link, at in in_zoom.items() if f"{day}" in {w[:10] for w in typed if typed[w] == at}}
        assert world.in_report(found.event, zone, day) == of_day


@pytest.mark.parametrize("zone", ZONES)
def test_no_slot_begins_or_ends_at_a_time_that_clocks_show_never_or_twice(world: World, zone: str) -> None:
    """RELIABILITY 2.7: refused at its field, with the reason; every other time is made as it is typed."""
    found = world.round_in(zone)
    walls = [wall for change in changes_of(zone, NOW)[:2] for wall in around(change)]

    with world.database.reading() as session:
        for wall in walls:
            said, reason = refusal(session, found.event, wall), why_not(wall, zone)
            assert (reason in said) if reason else not said, f"{wall}: {said}"


def around(change: Change) -> list[datetime]:
    """Every quarter of an hour from an hour before to an hour after, as far as a slot ends on the day it begins."""
    first, last = change.low - timedelta(minutes=60), change.high + timedelta(minutes=60)
    walls = [first + n * LENGTH for n in range((last - first) // LENGTH + 1)]
    return [wall for wall in walls if (wall + LENGTH).date() == wall.date()]


def refusal(session: Session, event: Event, wall: datetime) -> str:
    """What the office reads, or nothing where the slot can be made."""
    try:
        assert preview_create(session, event, slots_at(wall), now=NOW).slots == 1
    except Invalid as error:
        return sentence(error)
    return ""
