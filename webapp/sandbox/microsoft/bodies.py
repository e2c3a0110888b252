"""Write events as Graph answers them: in the zone and with the ids that the client prefers."""

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .answers import invalid, zulu
from .records import Calendar, Event, Mailbox
from .zones import zone_named

_GLOBAL_OBJECT = "040000008200E00074C5B7101A82E008"
_ZONE = re.compile(r'outlook\.timezone\s*=\s*"([^"]+)"', re.IGNORECASE)
_IMMUTABLE = re.compile(r'IdType\s*=\s*"ImmutableId"', re.IGNORECASE)


@dataclass(frozen=True)
class Preferred:
    """What the `Prefer` headers ask for."""

    zone: str = "UTC"
    immutable: bool = False
    applied: str = ""


def preferred(header: str) -> Preferred:
    """Raises GraphError for a zone that nobody knows."""
    zone, immutable = _ZONE.search(header), bool(_IMMUTABLE.search(header))
    name = zone[1] if zone else "UTC"
    try:
        zone_named(name)
    except ValueError:
        raise invalid(f"A valid TimeZone value must be specified. The value '{name}' is not valid.") from None
    applied = [f'outlook.timezone="{name}"'] if zone else []
    return Preferred(name, immutable, ", ".join([*applied, *(['IdType="ImmutableId"'] if immutable else [])]))


def passing_id(event: Event) -> str:
    """The id without the preference, which is another one as soon as the event lies in another calendar."""
    digest = hashlib.sha512(f"{event.id}|{event.calendar_id}".encode()).digest()
    return f"AAMkP{base64.urlsafe_b64encode(digest).decode()}"


def event_body(
    event: Event, mailbox: Mailbox, prefers: Preferred, *, expand: str = "", occurrence: str = ""
) -> dict[str, Any]:
    """`occurrence` is the wall's time at which one of a series begins; `expand` the id of the property to show."""
    shown = event.id if prefers.immutable else passing_id(event)
    start = occurrence or event.start
    end = _later(event, start)
    text = " ".join(re.sub(r"<[^>]*>", " ", event.content).split())
    change_key = base64.b64encode(f"{event.id[-12:]}{event.version}".encode()).decode()
    body: dict[str, Any] = {
        "@odata.etag": f'W/"{change_key}"',
        "id": f"{shown}.{occurrence[:10]}" if occurrence else shown,
        "createdDateTime": zulu(event.created_at),
        "lastModifiedDateTime": zulu(event.changed_at),
        "changeKey": change_key,
        "categories": [],
        "transactionId": event.transaction_id,
        "originalStartTimeZone": event.zone,
        "originalEndTimeZone": event.zone,
        "iCalUId": _uid(event, occurrence),
        "reminderMinutesBeforeStart": 15,
        "isReminderOn": event.is_reminder_on,
        "hasAttachments": False,
        "subject": event.subject,
        "bodyPreview": text[:255],
        "importance": "normal",
        "sensitivity": event.sensitivity,
        "isAllDay": event.is_all_day,
        "isCancelled": event.is_cancelled,
        "isOrganizer": event.response == "organizer",
        "responseRequested": True,
        "seriesMasterId": shown if occurrence else None,
        "showAs": event.show_as,
        "type": "occurrence" if occurrence else ("seriesMaster" if event.recurrence else "singleInstance"),
        "webLink": f"https://outlook.office365.com/owa/?itemid={shown[:20]}",
        "onlineMeetingUrl": None,
        "isOnlineMeeting": False,
        "onlineMeetingProvider": "unknown",
        "allowNewTimeProposals": True,
        "isDraft": False,
        "hideAttendees": False,
        "recurrence": None if occurrence else event.recurrence,
        "onlineMeeting": None,
        "responseStatus": {"response": event.response, "time": "0001-01-01T00:00:00Z"},
        "body": {"contentType": "html", "content": _html(event)},
        "start": _time(event, start, prefers.zone),
        "end": _time(event, end, prefers.zone),
        "location": {
            "displayName": event.place,
            "locationType": "default",
            "uniqueId": event.place,
            "uniqueIdType": "private",
        },
        "locations": [],
        "attendees": [],
        "organizer": {"emailAddress": {"name": mailbox.name, "address": mailbox.email}},
    }
    found = event.properties.get(expand)
    return body if found is None else {**body, "singleValueExtendedProperties": [{"id": expand, "value": found}]}


def calendar_body(calendar: Calendar, mailbox: Mailbox) -> dict[str, Any]:
    return {
        "id": calendar.id,
        "name": calendar.name,
        "color": "auto",
        "hexColor": "",
        "isDefaultCalendar": calendar.is_default,
        "changeKey": "AAAA",
        "canShare": calendar.can_edit,
        "canViewPrivateItems": calendar.can_edit,
        "canEdit": calendar.can_edit,
        "allowedOnlineMeetingProviders": ["teamsForBusiness"],
        "defaultOnlineMeetingProvider": "teamsForBusiness",
        "isTallyingResponses": calendar.is_default,
        "isRemovable": not calendar.is_default,
        "owner": {"name": mailbox.name, "address": mailbox.email},
    }


def _uid(event: Event, occurrence: str) -> str:
    """The UID of another program stands, in hex, within a GlobalObjectId of Exchange: [MS-OXOCAL] 2.2.1.27."""
    if not event.uid:
        return hashlib.sha256(f"{event.id}{occurrence}".encode()).hexdigest().upper()
    foreign = b"vCal-Uid" + (1).to_bytes(4, "little") + event.uid.encode() + b"\0"
    return f"{_GLOBAL_OBJECT}{'00' * 20}{len(foreign).to_bytes(4, 'little').hex()}{foreign.hex()}".upper()


def _later(event: Event, start: str) -> str:
    """As long after the start as the series says, by the clock on the wall."""
    length = datetime.fromisoformat(event.end) - datetime.fromisoformat(event.start)
    return (datetime.fromisoformat(start) + length).isoformat()


def _time(event: Event, wall: str, zone: str) -> dict[str, str]:
    """A day as a whole stays midnight to midnight, whatever zone is preferred."""
    at = datetime.fromisoformat(wall)
    if not event.is_all_day:
        at = at.replace(tzinfo=zone_named(event.zone)).astimezone(zone_named(zone))
    return {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": zone}


def _html(event: Event) -> str:
    if event.content_type == "html":
        return event.content
    escaped = event.content.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "<br>\n")
    return f"<html><head></head><body>{escaped}</body></html>"
