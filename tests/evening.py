"""Set the scene that tests of booking share: Alice and her child Mia, Ms Adeyemi who teaches her, an open event."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from factories import (
    EVENING,
    make_calendar_link,
    make_class,
    make_connection,
    make_contact,
    make_event,
    make_guardian,
    make_host,
    make_resource,
    make_school,
    make_slot,
    make_student,
    make_teacher,
)
from sqlalchemy import inspect
from sqlmodel import Session, col, select

from webapp.db import Database
from webapp.models import (
    Appointment,
    CalendarEntry,
    CalendarLink,
    Connection,
    Contact,
    Event,
    EventSettings,
    Host,
    Meeting,
    Message,
    Resource,
    School,
    Slot,
    Student,
)
from webapp.models.base import new_token
from webapp.services.booking.book import Choice, book, book_in_turn
from webapp.services.booking.cancel import cancel_appointment
from webapp.services.booking.family import child_of
from webapp.services.booking.holds import HOLD
from webapp.services.booking.move import move_appointment
from webapp.services.booking.turn import take_turn
from webapp.services.system.audit import SYSTEM

_ROWS = ("school", "teacher", "alice", "mia", "event", "settings", "resource", "connection", "host")


@dataclass
class Evening:
    """One event of one school. With `provider` the school is connected and the teacher mapped."""

    session: Session
    now: datetime
    provider: str | None = None
    school: School = field(init=False)
    teacher: Contact = field(init=False)
    alice: Contact = field(init=False)
    mia: Student = field(init=False)
    event: Event = field(init=False)
    settings: EventSettings = field(init=False)
    resource: Resource = field(init=False)
    connection: Connection | None = None
    host: Host | None = None
    slots: int = 0

    def __post_init__(self) -> None:
        self.school = make_school(self.session)
        self.teacher = make_teacher(self.session, self.school)
        self.alice, self.mia = self.family("Alice", "Mia", self.teacher)
        self.event = make_event(self.session, self.school, settings={"provider": self.provider})
        self.settings = self.session.get_one(EventSettings, self.event.id)
        self.resource = make_resource(self.session, self.event, self.teacher)
        if self.provider:
            self.connection = make_connection(self.session, self.school)
            self.host = make_host(self.session, self.teacher)

    @contextmanager
    def later(self, database: Database, by: timedelta = timedelta()) -> Iterator[Session]:
        """Another transaction of the same evening, its rows read anew."""
        self.now += by
        with database.transaction() as session:
            self.session = session
            for name in _ROWS:
                if row := getattr(self, name, None):
                    setattr(self, name, session.get_one(type(row), inspect(row).identity))
            yield session

    def family(self, parent: str, child: str, *teachers: Contact) -> tuple[Contact, Student]:
        adult = make_contact(self.session, self.school, parent)
        student = make_student(self.session, self.school, child)
        make_guardian(self.session, adult, student)
        for teacher in teachers:
            make_class(self.session, self.school, teacher, student)
        return adult, student

    def slot(self, resource: Resource | None = None, *, after: int | None = None, **values: Any) -> Slot:
        """A virtual slot, `after` minutes into the evening; without a number it follows the one made before."""
        minutes = self.slots * 15 if after is None else after
        self.slots += 1
        at = EVENING + timedelta(minutes=minutes)
        return make_slot(self.session, resource or self.resource, at=at, **{"kind": "V"} | values)

    def book(
        self,
        *slots: Slot,
        maker: Contact | None = None,
        child: Student | None = None,
        is_virtual: bool | None = None,
        now: datetime | None = None,
    ) -> list[Appointment]:
        maker, child = maker or self.alice, child or self.mia
        mine = child_of(self.session, maker, child.token)
        choices = [Choice(slot.token, mine, is_virtual) for slot in slots]
        ids = book(self.session, self.event, self.settings, maker, choices, now=now or self.now)
        return [self.session.get_one(Appointment, number) for number in ids]

    def hold(
        self,
        *slots: Slot,
        maker: Contact | None = None,
        child: Student | None = None,
        is_virtual: bool | None = None,
        now: datetime | None = None,
    ) -> list[Appointment]:
        """As a family's while it is on the form, for HOLD from now."""
        maker, child, now = maker or self.alice, child or self.mia, now or self.now
        self.session.flush()
        mine = child_of(self.session, maker, child.token)
        turn = take_turn(self.session, self.event.id or 0, maker.id or 0, [child.id or 0])
        choices = [Choice(slot.token, mine, is_virtual) for slot in slots]
        ids = book_in_turn(self.session, turn, choices, act=new_token(), until=now + HOLD, now=now)
        return [self.session.get_one(Appointment, number, populate_existing=True) for number in ids]

    def cancel(self, appointment: Appointment, *, now: datetime | None = None) -> None:
        cancel_appointment(self.session, self.again(appointment), who=SYSTEM, now=now or self.now)

    def move(
        self, appointment: Appointment, slot: Slot, *, is_virtual: bool | None = None, now: datetime | None = None
    ) -> None:
        mine, now = self.again(appointment), now or self.now
        move_appointment(self.session, self.event, mine, slot.token, is_virtual=is_virtual, who=SYSTEM, now=now)

    def again(self, appointment: Appointment) -> Appointment:
        """Of the transaction that is open now."""
        return self.session.get_one(Appointment, appointment.id)

    def meetings(self, appointment: Appointment) -> Sequence[Meeting]:
        query = select(Meeting).where(col(Meeting.appointment_id) == appointment.id).order_by(col(Meeting.id))
        return self.session.exec(query.execution_options(populate_existing=True)).all()

    def meeting(self, appointment: Appointment) -> Meeting:
        """The current one."""
        [current] = [meeting for meeting in self.meetings(appointment) if meeting.replaced_at is None]
        return current

    def linked(self, teacher: Contact | None = None, **values: Any) -> CalendarLink:
        """The teacher chose the calendar "main" of their account, and pressed Save and Sync."""
        chosen = {"calendar_id": "main", "saved_at": self.now}
        return make_calendar_link(self.session, teacher or self.teacher, **chosen | values)

    def entries(self, appointment: Appointment) -> Sequence[CalendarEntry]:
        query = select(CalendarEntry).where(col(CalendarEntry.appointment_id) == appointment.id)
        ordered = query.order_by(col(CalendarEntry.id)).execution_options(populate_existing=True)
        return self.session.exec(ordered).all()

    def messages(self) -> Sequence[Message]:
        query = select(Message).where(col(Message.school_id) == self.school.id).order_by(col(Message.id))
        return self.session.exec(query.execution_options(populate_existing=True)).all()
