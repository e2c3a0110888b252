"""Decide whether a call may touch a calendar; who may not see it is told that there is none."""

from .answers import forbidden, not_found
from .calls import Call
from .records import ROLES, Calendar
from .scopes import writes_only_owned


def readable(call: Call, calendar_id: str) -> Calendar:
    return _open_to(call, calendar_id, "reader")


def writable(call: Call, calendar_id: str) -> Calendar:
    return _open_to(call, calendar_id, "writer")


def found(call: Call, calendar_id: str) -> Calendar:
    """Raises GoogleError 404. `primary` is the account's own."""
    wanted = call.account.email if calendar_id == "primary" else calendar_id
    calendar = call.state.calendars.get(wanted)
    if calendar is None or not calendar.role_of(call.account.id):
        raise not_found()
    return calendar


def _open_to(call: Call, calendar_id: str, least: str) -> Calendar:
    """The narrow scope opens none but those of which the account is an owner."""
    calendar = found(call, calendar_id)
    wanted = "owner" if writes_only_owned(call.scopes) else least
    if ROLES.index(calendar.role_of(call.account.id)) < ROLES.index(wanted):
        message = f"You need to have {wanted} access to this calendar."
        raise forbidden(message, "requiredAccessLevel")
    return calendar
