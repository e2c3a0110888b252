"""Answer for the list of an account's calendars."""

from typing import Any

from ..answers import Answer
from .answers import invalid
from .calls import Call
from .paging import page_of
from .records import ROLES, Calendar


def list_calendars(call: Call) -> Answer:
    least = call.query.get("minAccessRole", ROLES[0])
    if least not in ROLES:
        raise invalid("minAccessRole", "Invalid value")
    wanted = ROLES[ROLES.index(least) :]
    rows = [one for one in call.state.calendars_of(call.account.id) if one.role_of(call.account.id) in wanted]
    page, frame = page_of(call, rows, lambda one: [one.sequence], usual=100, largest=250)
    items = [_listed(call, calendar) for calendar in page]
    return Answer(body={"kind": "calendar#calendarList", "etag": '"0"', **frame, "items": items})


def _listed(call: Call, calendar: Calendar) -> dict[str, Any]:
    is_primary = calendar.is_primary and calendar.id == call.account.email
    shown = {
        "kind": "calendar#calendarListEntry",
        "etag": f'"{calendar.sequence}"',
        "id": calendar.id,
        "summary": calendar.summary,
        "timeZone": calendar.timezone,
        "colorId": "14",
        "backgroundColor": "#9fe1e7",
        "foregroundColor": "#000000",
        "selected": True,
        "accessRole": calendar.role_of(call.account.id),
        "defaultReminders": [{"method": "popup", "minutes": 10}],
        "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
    }
    return {**shown, "primary": True} if is_primary else shown
