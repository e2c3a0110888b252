"""An appointment stands until `cancelled_at` is set; one standing appointment per seat of a slot."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from webapp.models.base import may_point_to, owned, part_of, public_token

SLOT_REMOVED, OVER_LIMIT, CALENDAR_BUSY, BROKEN_RULE = "slot_removed", "over_limit", "calendar", "rule"
MOVED = "moved"
"""Why the office sees an appointment red. A broken rule is of its own making: the name of the rule follows after a
colon, and the family does not see it before it is confirmed. Nor is what they had taken from their sight where the
office moves it against a rule, whose name follows likewise. The first two happened after it was booked. That a teacher
is busy in a calendar of their own is the office's matter alone, and gives way to any of the others."""

STANDS_YET = (OVER_LIMIT, CALENDAR_BUSY, MOVED)
"""The family keeps it until the office decides, and is reminded of it."""

_STANDING = text("cancelled_at IS NULL")
_HELD = text("held_until IS NOT NULL AND cancelled_at IS NULL")
_RED = text("problem IS NOT NULL AND cancelled_at IS NULL")


def _ordinal(name: str, *whose: str) -> Index:
    """Of two who take the same place within a limit, the second is refused (RELIABILITY I5)."""
    counted = text(f"cancelled_at IS NULL AND {name} IS NOT NULL")
    return Index(f"uq_appointment_{name}", *whose, name, unique=True, sqlite_where=counted, postgresql_where=counted)


class Appointment(SQLModel, table=True):
    __table_args__ = (
        # The last word on who has the seat (RELIABILITY I1).
        Index(
            "uq_appointment_seat",
            "slot_id",
            "seat",
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
        # One per teacher and child, unless the class allows more: `nth` counts up to its limit (RELIABILITY I5). What a
        # parent typed is a child of theirs alone.
        Index(
            "uq_appointment_nth",
            "resource_id",
            "contact_id",
            "child_key",
            "nth",
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
        # A family's own: by the event alone every page would read all of its appointments.
        Index("ix_appointment_contact_id_event_id", "contact_id", "event_id"),
        # What stands of a family is asked for at each booking, and not to grow with what it gave back.
        Index("ix_appointment_standing_contact", "contact_id", sqlite_where=_STANDING, postgresql_where=_STANDING),
        Index("ix_appointment_standing_student", "student_id", sqlite_where=_STANDING, postgresql_where=_STANDING),
        # A student of the roster counts once for all their parents; typed children have no `student_id`.
        Index(
            "uq_appointment_student_nth",
            "resource_id",
            "student_id",
            "nth",
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
        # The limits of UI Setup, each counted only where the event has it (services/booking/limits.py).
        _ordinal("event_nth", "event_id", "contact_id"),
        _ordinal("child_nth", "event_id", "contact_id", "child_key"),
        _ordinal("class_nth", "event_id", "contact_id", "class_id"),
        _ordinal("day_nth", "resource_id", "day"),
        # Every page of the office asks whether there is one.
        Index(
            "ix_appointment_red",
            "school_id",
            sqlite_where=_RED,
            postgresql_where=_RED,
        ),
        # Those that have expired are looked for all the time.
        Index("ix_appointment_held_until", "held_until", sqlite_where=_HELD, postgresql_where=_HELD),
        CheckConstraint("seat >= 1", name="seat"),
        CheckConstraint("nth >= 1", name="nth"),
    )

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    event_id: int = part_of("event")
    resource_id: int = part_of("resource", index=False)
    slot_id: int = part_of("slot")
    seat: int = Field(default=1)
    contact_id: int = part_of("contact", index=False)  # the appointment maker: the only person mailed
    student_id: int | None = Field(default=None, foreign_key="student.id", ondelete="SET NULL", index=True)
    class_id: int | None = may_point_to("class")
    child_name: str = Field(default="", max_length=200)
    child_key: str = Field(max_length=210)  # "s<student id>", or the folded name where there is no roster
    nth: int = Field(default=1)
    event_nth: int | None = None
    child_nth: int | None = None
    class_nth: int | None = None
    day: str | None = Field(default=None, max_length=10)  # "2026-12-03" in the event's zone, with `day_nth`
    day_nth: int | None = None
    service: str = Field(default="", max_length=200)  # the text as it was when it was booked
    token: str = public_token()
    is_virtual: bool = False
    act: str = Field(max_length=32, index=True)  # one act of booking: one Confirmation
    booked_at: datetime
    held_until: datetime | None = None  # a hold, while the parent is on the form
    cancelled_at: datetime | None = None
    told: str = Field(default="", max_length=16)  # what the last mail said of the link (services/booking/told.py)
    place_told: str | None = None  # the room or typed link that the last mail said; NULL before any said one
    resource_told: datetime | None = None  # the beginning that its teachers were mailed, where they are mailed
    calendar_sequence: int = Field(default=0)  # of the calendar file: raised when it says something else
    calendar_said: str = Field(default="", max_length=16)  # what it said last (services/message/calendar_entries.py)
    problem: str | None = Field(default=None, max_length=40)  # one of those above
    confirmed_at: datetime | None = None  # the office lets it stand although it breaks a rule
    calendar_judged_at: datetime | None = None  # the same, although the teacher is busy at this time

    @property
    def is_standing(self) -> bool:
        return self.cancelled_at is None
