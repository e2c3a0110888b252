"""Say in the office's words what kind of mail a message is."""

from webapp.errors import N_
from webapp.models.message.message import (
    CALENDAR_ENDED,
    CHANGED,
    CONFIRMATION,
    INVITES,
    LINKS_READY,
    NEEDS_RECONNECT,
    NEW_ADDRESS,
    NEW_LINKS,
    NEW_ROOMS,
    NEW_SIGN_IN,
    OFFICE_MAIL,
    SIGN_IN_CODE,
    SIGN_IN_LINK,
    SYNC_ERRORS,
    TEST,
)
from webapp.models.message.message_text import CANCELLATION, REMINDER, RESOURCE

_NAMES = {
    CONFIRMATION: N_("Confirmation"),
    CHANGED: N_("Changed appointment"),
    LINKS_READY: N_("Links"),
    NEW_LINKS: N_("Changed links"),
    NEW_ROOMS: N_("Changed room"),
    INVITES: N_("Calendar entries anew"),
    REMINDER: N_("Reminder"),
    CANCELLATION: N_("Cancellation"),
    TEST: N_("Test"),
    RESOURCE: N_("Resource Email Notification"),
    SIGN_IN_CODE: N_("Sign-in code"),
    SIGN_IN_LINK: N_("Sign-in link"),
    NEW_SIGN_IN: N_("New sign-in"),
    NEW_ADDRESS: N_("Changed address"),
    NEEDS_RECONNECT: N_("Zoom needs to be connected again"),
    CALENDAR_ENDED: N_("Calendar needs to be linked again"),
    SYNC_ERRORS: N_("Synchronization errors"),
    OFFICE_MAIL: N_("Mail of the office"),
}

OF_EVENT = frozenset(
    {CONFIRMATION, CHANGED, LINKS_READY, NEW_LINKS, NEW_ROOMS, REMINDER, CANCELLATION, RESOURCE, INVITES}
)
"""What is about appointments of an event."""


def name_of(kind: str) -> str:
    """A message id; empty where the kind has no words."""
    return _NAMES.get(kind, "")
