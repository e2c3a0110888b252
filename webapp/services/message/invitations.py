"""Put appointments into calendar files: those of a mail, and those that a family asks for."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from email.utils import parseaddr
from itertools import groupby
from urllib.parse import urlsplit

from sqlmodel import Session

from webapp.documents.calendar_file import CalendarEntry, Party, invitation
from webapp.models.message.message_text import CALENDAR
from webapp.providers.base import Invitation
from webapp.services.booking.agenda import Entry
from webapp.services.message.calendar_entries import calendar_entry
from webapp.services.message.facts import Facts, facts_of


def invitations_of(
    facts: Facts, recipient: str, *, base_url: str, sender: str, now: datetime
) -> tuple[Invitation, ...]:
    """A file for each, made anew at each mail: a program finds the entry that it has by its UID."""
    address = parseaddr(sender)[1] or f"confab@{urlsplit(base_url).hostname}"
    listed = _calendar_entries(facts, now=now)
    if facts.is_withdrawn:
        listed = [replace(entry, is_cancelled=True) for entry in listed]
    attendee = Party(facts.teacher.name if facts.teacher else facts.entries[0].parent, recipient)
    parties = {"organizer": Party(facts.school.name, address), "attendee": attendee}
    names = _file_names(facts.texts[CALENDAR].file_name or "invite.ics", len(listed))
    both = zip(names, listed, strict=True)
    return tuple(Invitation(entry.method, invitation(entry, **parties), name) for name, entry in both)


def _file_names(name: str, several: int) -> list[str]:
    """The office's name, numbered where there are several: a folder keeps one file of a name."""
    if several == 1:
        return [name]
    stem, dot, ending = name.rpartition(".")
    return [f"{stem}-{number}{dot}{ending}" for number in range(1, several + 1)]


def _calendar_entries(facts: Facts, *, now: datetime) -> list[CalendarEntry]:
    shared, text = facts.shared(), facts.texts[CALENDAR]
    return [
        calendar_entry(entry, text, shared, values, now=now)
        for entry, values in zip(facts.entries, facts.values(), strict=True)
    ]


def entry_for_calendar(session: Session, entry: Entry, *, base_url: str, now: datetime) -> CalendarEntry:
    """One appointment, for its maker's own calendar."""
    [said] = entries_for_calendar(session, [entry], base_url=base_url, now=now)
    return said


def entries_for_calendar(
    session: Session, entries: Sequence[Entry], *, base_url: str, now: datetime
) -> list[CalendarEntry]:
    """One family's appointments of any events, for their own calendar, event by event."""
    said: list[CalendarEntry] = []
    for _event, of_event in groupby(sorted(entries, key=lambda e: e.event_id), key=lambda e: e.event_id):
        facts = facts_of(session, list(of_event), base_url=base_url)
        said += _calendar_entries(facts, now=now)
    return said
