"""Read what an event shall be from a client's body, refusing what Graph refuses."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from . import recurrence
from .answers import invalid
from .records import Calendar, Event
from .state import MicrosoftState, new_id
from .zones import zone_named

_SHOWN_AS = {"free", "tentative", "busy", "oof", "workingElsewhere", "unknown"}
_SENSITIVE = {"normal", "personal", "private", "confidential"}
_KNOWN = {
    "subject",
    "body",
    "location",
    "start",
    "end",
    "isAllDay",
    "showAs",
    "sensitivity",
    "isReminderOn",
    "recurrence",
    "transactionId",
    "singleValueExtendedProperties",
}


def new_event(state: MicrosoftState, calendar: Calendar, wanted: Mapping[str, Any]) -> Event:
    """Call it within `state.change()`. Raises GraphError."""
    for name in ("start", "end"):
        if name not in wanted:
            raise invalid(f"At least one required property is missing: {name}.", "ErrorPropertyValidationFailure")
    now, transaction = state.now(), wanted.get("transactionId")
    blank = Event(
        id=new_id("AAkAL"),
        sequence=state.next_sequence(),
        mailbox_id=calendar.mailbox_id,
        calendar_id=calendar.id,
        subject="",
        start="2000-01-01T00:00:00",
        end="2000-01-01T00:00:00",
        zone="UTC",
        created_at=now,
        changed_at=now,
        transaction_id=str(transaction) if transaction else None,
        fingerprint=fingerprint(wanted),
    )
    return replace(_filled(blank, wanted), version=1)


def changed_event(event: Event, wanted: Mapping[str, Any], now: float) -> Event:
    """Raises GraphError. A transactionId cannot be changed."""
    if "transactionId" in wanted and wanted["transactionId"] != event.transaction_id:
        raise invalid("The property 'transactionId' cannot be changed.", "ErrorInvalidPropertySet")
    return replace(_filled(event, wanted), version=event.version + 1, changed_at=now)


def fingerprint(wanted: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()


def _filled(event: Event, wanted: Mapping[str, Any]) -> Event:
    unknown = sorted(set(wanted) - _KNOWN)
    if unknown:
        raise invalid(f"The property '{unknown[0]}' does not exist on type 'microsoft.graph.event'.", "RequestBodyRead")
    times = _times(event, wanted)
    return replace(
        event,
        **times,
        **_texts(event, wanted),
        is_all_day=bool(wanted.get("isAllDay", event.is_all_day)),
        is_reminder_on=bool(wanted.get("isReminderOn", event.is_reminder_on)),
        show_as=_one_of(_SHOWN_AS, wanted.get("showAs", event.show_as)),
        sensitivity=_one_of(_SENSITIVE, wanted.get("sensitivity", event.sensitivity)),
        properties={**event.properties, **_properties(wanted.get("singleValueExtendedProperties") or ())},
        recurrence=_recurrence(wanted["recurrence"]) if wanted.get("recurrence") else event.recurrence,
    )


def _texts(event: Event, wanted: Mapping[str, Any]) -> dict[str, Any]:
    body, place = wanted.get("body"), wanted.get("location")
    texts = {"subject": str(wanted.get("subject", event.subject) or "")}
    if len(texts["subject"]) > 255:
        raise invalid("The subject is too long.", "ErrorPropertyValidationFailure")
    if isinstance(body, dict):
        texts |= {"content": str(body.get("content") or ""), "content_type": str(body.get("contentType", "text"))}
    if isinstance(place, dict):
        texts["place"] = str(place.get("displayName") or "")
    return texts


def _times(event: Event, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Both ends in the zone of the start."""
    start, zone = _wall(wanted.get("start"), event.start, event.zone)
    end, other = _wall(wanted.get("end"), event.end, event.zone)
    in_zone = end.replace(tzinfo=zone_named(other)).astimezone(zone_named(zone)).replace(tzinfo=None)
    end = end if zone == other else in_zone
    if end < start:
        message = "The end date you entered occurs before the start date."
        raise invalid(message, "ErrorPropertyValidationFailure")
    is_all_day = bool(wanted.get("isAllDay", event.is_all_day))
    if is_all_day and (start.time() != datetime.min.time() or end.time() != datetime.min.time() or start == end):
        message = "The Event.Start property for an all-day event needs to be set to midnight."
        raise invalid(message, "ErrorInvalidRequest")
    return {"start": start.isoformat(), "end": end.isoformat(), "zone": zone}


def _wall(said: Any, former: str, zone: str) -> tuple[datetime, str]:
    if said is None:
        return datetime.fromisoformat(former), zone
    try:
        at, name = datetime.fromisoformat(str(said["dateTime"])), str(said.get("timeZone") or "UTC")
        aware = at.astimezone(zone_named(name)) if at.tzinfo else at.replace(tzinfo=zone_named(name))
    except (TypeError, KeyError, ValueError):
        message = "A valid TimeZone value must be specified." if isinstance(said, dict) else "The time cannot be read."
        raise invalid(message, "ErrorInvalidTimeZone") from None
    return aware.replace(tzinfo=None, microsecond=0), name


def _one_of(known: set[str], value: Any) -> str:
    if value not in known:
        raise invalid(f"Cannot convert the literal '{value}' to the expected type.", "RequestBodyRead")
    return str(value)


def _properties(listed: Any) -> dict[str, str]:
    return {
        str(one["id"]): str(one["value"]) for one in listed if isinstance(one, dict) and {"id", "value"} <= set(one)
    }


def _recurrence(said: Any) -> dict[str, Any]:
    try:
        return recurrence.checked(said)
    except (ValueError, TypeError, AttributeError) as error:
        raise invalid(str(error), "ErrorInvalidRequest") from None
