"""Write appointments as an iCalendar file: one entry each, known by its UID, in which no text can begin a line."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from icalendar import Calendar, Event, vCalAddress

PRODUCT = "-//Confab//Conferences//EN"
PUBLISH, REQUEST, CANCEL = "PUBLISH", "REQUEST", "CANCEL"
# icalendar escapes line ends in text, and lets these through (RELIABILITY T21).
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class CalendarEntry:
    """One appointment. Instants are aware UTC; `url` is a checked https link or None; `sequence` rises with each change
    that somebody was sent (RFC 5545 3.8.7.4)."""

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    title: str
    description: str
    location: str
    url: str | None
    stamped_at: datetime
    is_cancelled: bool = False
    is_withdrawn: bool = False

    @property
    def method(self) -> str:
        """What the file about it asks of the program that it is mailed to."""
        return CANCEL if self.is_cancelled else REQUEST

    @property
    def status(self) -> str:
        """What was withdrawn may be confirmed yet."""
        if self.is_cancelled:
            return "CANCELLED"
        return "TENTATIVE" if self.is_withdrawn else "CONFIRMED"


@dataclass(frozen=True)
class Party:
    name: str
    email: str


def invitation(entry: CalendarEntry, *, organizer: Party, attendee: Party) -> bytes:
    """What goes with a mail: a request, or a cancellation. A file of its own for each entry, since all that one asks
    for has one UID (RFC 5546 3.2.2), and Outlook enters the first of several alone."""
    calendar, event = _calendar(entry.method), _event(entry)
    event.add("organizer", _address(organizer))
    guest = _address(attendee)
    guest.params["PARTSTAT"], guest.params["RSVP"] = "ACCEPTED", "FALSE"
    event.add("attendee", guest)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def feed(entries: Iterable[CalendarEntry], *, name: str) -> bytes:
    """A calendar to subscribe to; without entries it is valid and empty. Programs ask again about every hour."""
    calendar = _calendar(PUBLISH)
    calendar.add("x-wr-calname", plain(name))
    calendar.add("refresh-interval;value=duration", "PT1H")
    calendar.add("x-published-ttl", "PT1H")
    for entry in entries:
        calendar.add_component(_event(entry))
    return bytes(calendar.to_ical())


def google_link(entry: CalendarEntry) -> str:
    """The address at which Google Calendar offers to add the entry."""
    dates = f"{entry.starts_at:%Y%m%dT%H%M%SZ}/{entry.ends_at:%Y%m%dT%H%M%SZ}"
    said = {"text": entry.title, "dates": dates, "details": entry.description, "location": entry.location}
    query = "&".join(f"{name}={quote(plain(value), safe='/')}" for name, value in said.items())
    return f"https://calendar.google.com/calendar/render?action=TEMPLATE&{query}"


def plain(text: str) -> str:
    """Without control characters and half letters; line ends as they are."""
    return _ODD.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    return calendar


def _event(entry: CalendarEntry) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.stamped_at)
    event.add("dtstart", entry.starts_at)
    event.add("dtend", entry.ends_at)
    event.add("summary", _line(entry.title))
    event.add("description", plain(entry.description))
    event.add("location", _line(entry.location))
    event.add("status", entry.status)
    if entry.url and not re.search(r"\s", plain(entry.url)):
        event.add("url", plain(entry.url))
    # A teacher's is headed by the child, and others may see that calendar.
    event.add("class", "PRIVATE")
    return event


def _line(text: str) -> str:
    return " ".join(plain(text).split())


def _address(party: Party) -> vCalAddress:
    address = vCalAddress(f"MAILTO:{_line(party.email)}")
    # A quote would end the parameter.
    address.params["CN"] = _line(party.name).replace('"', "'")
    return address
