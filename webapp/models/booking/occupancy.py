"""A primary key that refuses a person in two places, minute by minute, the same on both databases."""

from sqlalchemy import BigInteger, CheckConstraint
from sqlmodel import Field, SQLModel

PARENT, STUDENT, TEACHER, GAP = "parent", "student", "teacher", "gap"


class Occupancy(SQLModel, table=True):
    """Parent and student ticks hang on the appointment; a teacher's on the slot, from its first standing appointment
    to its last (RELIABILITY 2.1). Where an event forces a gap, `gap` holds a contact's minutes with the gap after them,
    so that two of them cannot come closer; its `lane` is the event, which has no say in another's. Elsewhere `lane` 0
    excludes; another number is an overlap that somebody allowed."""

    __table_args__ = (
        CheckConstraint("kind IN ('parent', 'student', 'teacher', 'room', 'host', 'gap')", name="known_kind"),
        CheckConstraint("(appointment_id IS NULL) <> (slot_id IS NULL)", name="one_holder"),
    )

    kind: str = Field(primary_key=True, max_length=8)
    subject_id: int = Field(primary_key=True, sa_type=BigInteger)
    tick: int = Field(primary_key=True, sa_type=BigInteger)  # UTC minutes since 1970
    lane: int = Field(default=0, primary_key=True, sa_type=BigInteger)
    appointment_id: int | None = Field(default=None, foreign_key="appointment.id", ondelete="CASCADE", index=True)
    slot_id: int | None = Field(default=None, foreign_key="slot.id", ondelete="CASCADE", index=True)
