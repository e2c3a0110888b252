"""Write what an entry shall be in the words of Microsoft Graph, and how entries of ours are asked for."""

from datetime import UTC, datetime
from typing import Any

from webapp.providers.base import EntryOrder

LONGEST_SUBJECT, LONGEST_PLACE = 255, 255
OURS = "String {b1f2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d} Name confab"
"""The named property that holds our key: a set of our own, so that no other program's property is taken for it."""

EXPAND_OURS = f"singleValueExtendedProperties($filter=id eq '{OURS}')"


def creation(order: EntryOrder) -> dict[str, Any]:
    """The body that makes the entry. Nobody is invited, so nobody is told; its reminder is the teacher's own."""
    return {
        **said(order),
        **_times(order),
        "transactionId": order.key,
        "showAs": "busy",
        "sensitivity": "private",
        "singleValueExtendedProperties": [{"id": OURS, "value": order.key}],
    }


def change(order: EntryOrder, *, keeps_time: bool) -> dict[str, Any]:
    """The body that brings it up to date: only our own fields, so that what the teacher set in Outlook stays.

    An entry that the teacher has made a whole day takes no other time than midnight, unless it is told to end that."""
    return said(order) if keeps_time else {**said(order), **_times(order), "isAllDay": False}


def said(order: EntryOrder) -> dict[str, Any]:
    return {
        "subject": _one_line(order.summary)[:LONGEST_SUBJECT],
        "body": {"contentType": "text", "content": order.description},
        "location": {"displayName": _one_line(order.location)[:LONGEST_PLACE]},
    }


def is_key(key: str) -> str:
    """The filter for the entries that carry this key."""
    return f"singleValueExtendedProperties/Any(ep: ep/id eq '{OURS}' and ep/value eq '{key}')"


def is_ours() -> str:
    """The filter for those that carry any: a condition on the id alone is not answered."""
    return f"singleValueExtendedProperties/Any(ep: ep/id eq '{OURS}' and ep/value ne null)"


def zulu(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _times(order: EntryOrder) -> dict[str, dict[str, str]]:
    """In UTC: of the names of the tz database Exchange knows only some, and Outlook shows its owner's zone anyway."""
    return {"start": _instant(order.starts_at), "end": _instant(order.ends_at)}


def _instant(at: datetime) -> dict[str, str]:
    return {"dateTime": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"}


def _one_line(text: str) -> str:
    return " ".join(text.split())
