"""Read what Microsoft Graph answers into our value types, and of other people's events only when they are."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from webapp.providers.base import BusySpan, EntryOrder, MadeEntry, RemoteCalendar
from webapp.providers.instants import iso_instant
from webapp.providers.microsoft.orders import OURS, said
from webapp.providers.microsoft.zones import is_utc, zone_named

_AT_ONCE = timedelta(seconds=10)
_FOREIGN = b"vCal-Uid\1\0\0\0".hex()
"""What stands before the UID of another program in an id that Exchange makes of it: [MS-OXOCAL] 2.2.1.27."""
_NOT_TAKEN = frozenset({"free", "workingElsewhere"})


def made_entry(event: Mapping[str, Any]) -> MadeEntry | None:
    """None where it has no id or no readable times."""
    starts_at, ends_at = instant_of(event.get("start")), instant_of(event.get("end"))
    remote_id = event.get("id")
    if not isinstance(remote_id, str) or not remote_id or starts_at is None or ends_at is None:
        return None
    return MadeEntry(remote_id, starts_at, ends_at, key_of(event))


def says_what(event: Mapping[str, Any], order: EntryOrder) -> bool:
    """Whether it has the order's times, subject and place; texts come back with their blanks changed."""
    made, place, wanted = made_entry(event), event.get("location"), said(order)
    shown = (event.get("subject") or "", place.get("displayName") or "" if isinstance(place, dict) else "")
    return (
        made is not None
        and (made.starts_at, made.ends_at) == (order.starts_at, order.ends_at)
        and shown == (wanted["subject"], wanted["location"]["displayName"])
    )


def is_untouched(event: Mapping[str, Any]) -> bool:
    """Since it was made; Exchange itself writes to it in the first seconds."""
    made, changed = iso_instant(event.get("createdDateTime")), iso_instant(event.get("lastModifiedDateTime"))
    return made is None or changed is None or changed - made < _AT_ONCE


def key_of(event: Mapping[str, Any]) -> str:
    """Ours as it stands there, or empty. Names of properties come back with their set in any case."""
    listed = event.get("singleValueExtendedProperties")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and str(one.get("id", "")).casefold() == OURS.casefold():
            return str(one.get("value") or "")
    return ""


def remote_calendar(listed: Mapping[str, Any]) -> RemoteCalendar | None:
    """None for one that may not be written to."""
    key = listed.get("id")
    if not isinstance(key, str) or not key or listed.get("canEdit") is not True:
        return None
    return RemoteCalendar(key, str(listed.get("name") or ""), listed.get("isDefaultCalendar") is True)


def instant_of(said: object, zone: ZoneInfo | None = None) -> datetime | None:
    """In UTC. `zone` is taken in place of the one that is said; a wall time that comes twice is the first one."""
    if not isinstance(said, dict):
        return None
    known = zone or zone_named(said.get("timeZone"))
    try:
        wall = datetime.fromisoformat(str(said.get("dateTime")))
        return None if known is None else (wall if wall.tzinfo else wall.replace(tzinfo=known)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def uid_of(event: Mapping[str, Any]) -> str:
    """As the calendar file had it that the event was made from; of Exchange's own events Exchange's id."""
    told = str(event.get("iCalUId") or "")
    _, is_foreign, uid = told.lower().partition(_FOREIGN)
    try:
        return bytes.fromhex(uid).rstrip(b"\0").decode() if is_foreign else told
    except ValueError:
        return told


def busy_spans(
    listed: Mapping[str, Iterable[Mapping[str, Any]]], but: Collection[str] = (), *, zone: str
) -> list[BusySpan]:
    """Of what the views of these calendars of one mailbox list, where it takes its owner's time and is no entry of
    ours, and `but` what has one of these UIDs. `zone` is of whole days where no event tells another."""
    theirs = [(calendar, event) for calendar, events in listed.items() for event in events if not key_of(event)]
    home = _home_zone((event for _, event in theirs), zone)
    taken = [(calendar, event) for calendar, event in theirs if _is_taken(event) and uid_of(event) not in but]
    spans = [(calendar, _span(event, home)) for calendar, event in taken]
    return [BusySpan(*span, calendar) for calendar, span in spans if span]


def _is_taken(event: Mapping[str, Any]) -> bool:
    status = event.get("responseStatus")
    is_declined = isinstance(status, dict) and status.get("response") == "declined"
    is_over = event.get("isCancelled") is True or is_declined
    return not is_over and event.get("showAs") not in _NOT_TAKEN


def _span(event: Mapping[str, Any], home: ZoneInfo) -> tuple[datetime, datetime] | None:
    """A day as a whole is said as midnight to midnight, whatever zone was asked for: it is one of its own zone."""
    zone = (_own_zone(event) or home) if event.get("isAllDay") is True else None
    starts_at, ends_at = instant_of(event.get("start"), zone), instant_of(event.get("end"), zone)
    return (starts_at, ends_at) if starts_at and ends_at and starts_at < ends_at else None


def _own_zone(event: Mapping[str, Any]) -> ZoneInfo | None:
    name = event.get("originalStartTimeZone")
    return None if is_utc(name) else zone_named(name)


def _home_zone(events: Iterable[Mapping[str, Any]], otherwise: str) -> ZoneInfo:
    """The zone of most events of this mailbox, free ones too: some programs make a whole day in UTC, wherever it is
    meant."""
    zones = Counter(zone for event in events if (zone := _own_zone(event)))
    return zones.most_common(1)[0][0] if zones else ZoneInfo(otherwise)
