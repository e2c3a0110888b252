"""Make rows for tests: each function stores one thing, with sensible defaults, and returns it."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlmodel import Session, SQLModel, col, select

from webapp.models import (
    Appointment,
    BusyTime,
    CalendarLink,
    Class,
    ClassTeacher,
    Connection,
    Contact,
    Enrolment,
    Event,
    EventSettings,
    Guardian,
    Host,
    Level,
    Login,
    Resource,
    ResourceMember,
    School,
    Slot,
    Student,
)

LONG_AGO = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
EVENING = datetime(2026, 12, 3, 16, 0)  # wall clock of the school, Thursday 4 PM
ZONE = "America/Chicago"

_numbers = count(1)
Row = TypeVar("Row", bound=SQLModel)


def stored(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row


def make_school(session: Session, **values: Any) -> School:
    n = next(_numbers)
    return stored(
        session,
        School(**{"slug": f"linden-{n}", "name": "Linden Park School", "zone": ZONE, "created_at": LONG_AGO} | values),
    )


def make_login(session: Session, email: str, **values: Any) -> Login:
    return stored(session, Login(**{"email": email, "created_at": LONG_AGO} | values))


def make_contact(
    session: Session, school: School, first: str = "Alice", last: str = "Alvarez", **values: Any
) -> Contact:
    n = next(_numbers)
    defaults = {"email": f"{first}.{last}.{n}@mail.example".lower().replace(" ", ""), "created_at": LONG_AGO}
    return stored(session, Contact(**{"school_id": school.id, "first": first, "last": last} | defaults | values))


def make_teacher(
    session: Session, school: School, first: str = "Folake", last: str = "Adeyemi", **values: Any
) -> Contact:
    defaults = {"level": Level.VIEWER, "teacher_ref": f"T{next(_numbers)}"}
    return make_contact(session, school, first, last, **(defaults | values))


def make_student(session: Session, school: School, first: str = "Mia", last: str = "Alvarez", **values: Any) -> Student:
    defaults = {"student_ref": f"S{next(_numbers)}", "security_value": "2016-05-04"}
    return stored(session, Student(**{"school_id": school.id, "first": first, "last": last} | defaults | values))


def make_guardian(session: Session, parent: Contact, student: Student) -> Guardian:
    return stored(session, Guardian(contact_id=parent.id, student_id=student.id, school_id=parent.school_id))


def make_class(session: Session, school: School, teacher: Contact, *students: Student, **values: Any) -> Class:
    defaults = {"class_ref": f"C{next(_numbers)}", "name": "Grade 4"}
    klass = stored(session, Class(**{"school_id": school.id} | defaults | values))
    stored(session, ClassTeacher(class_id=klass.id, contact_id=teacher.id, school_id=school.id))
    for student in students:
        stored(session, Enrolment(class_id=klass.id, student_id=student.id, school_id=school.id))
    return klass


def make_event(session: Session, school: School, *, settings: dict[str, Any] | None = None, **values: Any) -> Event:
    """An event whose booking is open, without a provider."""
    defaults = {
        "slug": f"fall-{next(_numbers)}",
        "name": "Fall Conferences 2026",
        "zone": school.zone,
        "created_at": LONG_AGO,
    }
    event = stored(session, Event(**{"school_id": school.id} | defaults | values))
    stored(
        session,
        EventSettings(**{"event_id": event.id, "school_id": school.id, "opens_at": LONG_AGO} | (settings or {})),
    )
    return event


def make_resource(session: Session, event: Event, *members: Contact, **values: Any) -> Resource:
    name = members[0].name if members else "Learning Support"
    defaults = {"name": name, "room": "112", "position": next(_numbers)}
    resource = stored(session, Resource(**{"school_id": event.school_id, "event_id": event.id} | defaults | values))
    for position, member in enumerate(members):
        row = ResourceMember(
            resource_id=resource.id, contact_id=member.id, school_id=event.school_id, position=position
        )
        stored(session, row)
    return resource


def make_slot(
    session: Session, resource: Resource, *, at: datetime = EVENING, minutes: int = 15, zone: str = ZONE, **values: Any
) -> Slot:
    """`at` is wall-clock time of the school."""
    start = at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    times = {
        "starts_at": start,
        "ends_at": start + timedelta(minutes=minutes),
        "wall_start": at.isoformat("T", "minutes"),
    }
    ties = {"school_id": resource.school_id, "event_id": resource.event_id, "resource_id": resource.id}
    return stored(session, Slot(**ties | times | {"kind": "P"} | values))


def make_connection(session: Session, school: School, **values: Any) -> Connection:
    defaults = {"provider": "zoom", "account_id": "acc", "connected_at": LONG_AGO, "scopes": ""}
    return stored(session, Connection(**{"school_id": school.id} | defaults | values))


def make_calendar_link(session: Session, teacher: Contact, **values: Any) -> CalendarLink:
    """A Google account that is linked, with no default calendar chosen yet."""
    owner = {"school_id": teacher.school_id, "contact_id": teacher.id, "account_email": teacher.email or ""}
    defaults = {"provider": "google", "account_id": f"g{teacher.id}", "connected_at": LONG_AGO}
    return stored(session, CalendarLink(**owner | defaults | values))


def make_host(session: Session, teacher: Contact, **values: Any) -> Host:
    """The teacher mapped to a provider's user."""
    defaults = {
        "provider": "zoom",
        "state": "mapped",
        "remote_id": f"z{teacher.id}",
        "remote_email": teacher.email,
        "checked_at": LONG_AGO,
    }
    return stored(session, Host(**{"school_id": teacher.school_id, "contact_id": teacher.id} | defaults | values))


def make_appointment(session: Session, slot: Slot, maker: Contact, **values: Any) -> Appointment:
    """A standing appointment of a slot as a row alone: without the minutes and the wishes that booking writes."""
    n = next(_numbers)
    ties = {name: getattr(slot, name) for name in ("school_id", "event_id", "resource_id")} | {"slot_id": slot.id}
    defaults = {
        "contact_id": maker.id,
        "child_name": "Mia Alvarez",
        "child_key": f"n{n}",
        "is_virtual": slot.kind == "V",
        "act": f"act-{n}",
        "booked_at": LONG_AGO,
    }
    return stored(session, Appointment(**ties | defaults | values))


def make_busy(session: Session, teacher: Contact, starts_at: datetime, minutes: int = 60, **values: Any) -> BusyTime:
    """A busy time of the teacher's first calendar, which is linked where none is."""
    known = session.exec(select(CalendarLink).where(col(CalendarLink.contact_id) == teacher.id)).first()
    link = known or make_calendar_link(session, teacher, calendar_id="c", is_import=True, saved_at=LONG_AGO)
    ties = {"school_id": teacher.school_id, "contact_id": teacher.id, "link_id": link.id}
    times = {"starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=minutes), "seen_at": LONG_AGO}
    return stored(session, BusyTime(**ties | times | values))
