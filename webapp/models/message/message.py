"""One mail to one recipient, wished in the transaction of what it tells, sent by the job."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from webapp.models.base import may_point_to, owned
from webapp.models.system.errand import Errand

CONFIRMATION, CHANGED, LINKS_READY, NEW_LINKS = "confirmation", "changed", "links_ready", "new_links"
SIGN_IN_CODE = "sign_in_code"
NEEDS_RECONNECT, SYNC_ERRORS, OFFICE_MAIL, TEST = "needs_reconnect", "sync_errors", "office_mail", "test"
NEW_ROOMS = "new_rooms"  # a room or typed link is another, and the office said that families be told
INVITES = "invites"  # calendar entries anew, since the office wrote other words for them
CALENDAR_ENDED = "calendar_ended"  # the grant of a teacher's own calendar
SIGN_IN_LINK, NEW_SIGN_IN, NEW_ADDRESS = "sign_in_link", "new_sign_in", "new_address"

BOOKED = frozenset({CONFIRMATION, CHANGED})
"""The first mail about an act of booking; of a move it says so."""

AWAITED = text(f"kind IN ('{SIGN_IN_CODE}', '{SIGN_IN_LINK}') AND due_at IS NOT NULL")
"""Somebody waits for it at the door: as an index and a query have to say it alike."""

_GIVEN_UP = text("problem IS NOT NULL AND due_at IS NULL AND sent_at IS NULL AND dropped_at IS NULL")


class Message(Errand, table=True):
    __table_args__ = (
        UniqueConstraint("dedupe_key"),  # asking twice is harmless (RELIABILITY I13)
        # Each claim asks for them first, among thousands that may be due.
        Index("ix_message_awaited", "due_at", sqlite_where=AWAITED, postgresql_where=AWAITED),
        # Each page of an Administrator asks whether there is one.
        Index("ix_message_given_up", "school_id", sqlite_where=_GIVEN_UP, postgresql_where=_GIVEN_UP),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    contact_id: int | None = may_point_to("contact")
    event_id: int | None = may_point_to("event")
    kind: str = Field(max_length=20)
    recipient: str = Field(max_length=254)
    dedupe_key: str = Field(max_length=120)
    act: str = Field(default="", max_length=32, index=True)  # the act of booking that it tells of
    language: str = Field(default="", max_length=5)  # of who asked for it; else the contact's counts
    secret: str = Field(default="")  # encrypted; dropped once sent
    wait_until: datetime | None = None  # the latest time at which it goes without its links
    message_id: str = Field(max_length=120)
    created_at: datetime
    sent_at: datetime | None = None
    dropped_at: datetime | None = None  # there was nothing left to tell, or the office did not want it told
    held_at: datetime | None = None  # it was due while the mails of its event were held, and waits for the office
    failing_since: datetime | None = None  # the first failure since it was wished, or tried again by the office
