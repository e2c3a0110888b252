"""Play a school whose families book, cancel and move without pause, through the services."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import factories as make
from sqlalchemy import func
from sqlmodel import Session, col, select

from webapp import clock
from webapp.db import Database
from webapp.errors import DomainError
from webapp.models import Appointment, Contact, Event, EventSettings, School, Slot
from webapp.models.event.slot import EITHER
from webapp.models.system.wished import Wished
from webapp.services.booking.book import Choice, book
from webapp.services.booking.cancel import cancel_appointment
from webapp.services.booking.family import child_of
from webapp.services.booking.move import move_appointment
from webapp.services.system.audit import SYSTEM

TEACHERS, FAMILIES, SLOTS = 6, 24, 20
MINUTES = 15


@dataclass
class BusySchool:
    """What follows from its appointments are rows of `kept`, which workers with the `environment` work on. `left` are
    the appointments that were moved, with the slots that they left."""

    database: Database
    environment: dict[str, str]
    luck: random.Random
    school_id: int = 0
    event_id: int = 0
    teachers: list[int] = field(default_factory=list)
    families: list[tuple[int, str]] = field(default_factory=list)
    slots: dict[int, Slot] = field(default_factory=dict)
    left: list[tuple[int, int]] = field(default_factory=list)

    kept: ClassVar[type[Wished]]
    kinds: ClassVar[tuple[str, ...]]

    def under_way(self) -> int:
        """Rows on which something is still to be done."""
        waiting = select(func.count()).select_from(self.kept).where(col(self.kept.due_at).is_not(None))
        with self.database.reading() as session:
            return session.exec(waiting).one()

    def book(self) -> None:
        (parent, child), slot = self.luck.choice(self.families), self.luck.choice(list(self.slots.values()))
        with self.database.transaction() as session:
            event, settings = session.get_one(Event, self.event_id), session.get_one(EventSettings, self.event_id)
            contact = session.get_one(Contact, parent)
            choice = Choice(slot.token, child_of(session, contact, child), self._kind(slot))
            book(session, event, settings, contact, [choice], now=clock.now())

    def cancel(self) -> None:
        with self.database.transaction() as session:
            cancel_appointment(session, self._some_appointment(session), who=SYSTEM, now=clock.now())

    def move(self) -> None:
        """Another time, and sometimes another kind, for one that the provider has."""
        with self.database.transaction() as session:
            appointment = self._some_appointment(session, is_there=True)
            times = [slot for slot in self.slots.values() if slot.resource_id == appointment.resource_id]
            was_at = appointment.slot_id
            self._move(session, appointment, self.luck.choice(times))
        self.left.append((appointment.id or 0, was_at))

    def move_back(self) -> None:
        """The last one of which the provider is being told, so that nobody knows what it has; else the last one."""
        kept: Any = self.kept
        being_told = select(kept.appointment_id).where(col(kept.replaced_at).is_(None), col(kept.claim) != "")
        with self.database.transaction() as session:
            told = set(session.exec(being_told))
            number, was_at = ([one for one in self.left if one[0] in told] or self.left)[-1]
            self.left.remove((number, was_at))
            self._move(session, session.get_one(Appointment, number), self.slots[was_at])

    def change_place(self) -> None:
        """Where a teacher's things stand at the provider."""
        raise NotImplementedError

    def do_something(self, likely: Callable[[], None] | None = None) -> None:
        """The likely deed every second time. A refusal by a rule is no trouble: the next deed is another."""
        deeds = [self.book, self.cancel, self.move, self.move_back, self.change_place]
        [deed] = self.luck.choices(deeds, [50, 10, 20, 15, 5])
        with suppress(DomainError, IndexError):
            (likely if likely and self.luck.random() < 0.5 else deed)()

    def _fill(self, session: Session, school: School, event: Event) -> None:
        self.school_id, self.event_id = school.id or 0, event.id or 0
        students = [make.make_student(session, school, f"Child {n}") for n in range(FAMILIES)]
        for n, student in enumerate(students):
            parent = make.make_contact(session, school, f"Parent {n}")
            make.make_guardian(session, parent, student)
            self.families.append((parent.id or 0, student.token))
        local = (clock.now() + timedelta(days=10)).astimezone(ZoneInfo(make.ZONE))
        begins = local.replace(hour=15, minute=0, second=0, microsecond=0, tzinfo=None)
        for n in range(TEACHERS):
            teacher = make.make_teacher(session, school, f"Teacher {n}")
            make.make_class(session, school, teacher, *students)
            self.teachers.append(teacher.id or 0)
            resource = make.make_resource(session, event, teacher)
            for nth in range(SLOTS):
                at, kind = begins + timedelta(minutes=MINUTES * nth), self.kinds[nth % len(self.kinds)]
                slot = make.make_slot(session, resource, at=at, minutes=MINUTES, kind=kind)
                self.slots[slot.id or 0] = slot

    def _move(self, session: Session, appointment: Appointment, to: Slot) -> None:
        event, kind = session.get_one(Event, self.event_id), self._kind(to)
        move_appointment(session, event, appointment, to.token, is_virtual=kind, who=SYSTEM, now=clock.now())

    def _some_appointment(self, session: Session, *, is_there: bool = False) -> Appointment:
        kept: Any = self.kept
        standing = select(Appointment).where(col(Appointment.cancelled_at).is_(None)).order_by(col(Appointment.id))
        there = select(kept.appointment_id).where(col(kept.replaced_at).is_(None), col(kept.remote_id) != "")
        some = standing.where(col(Appointment.id).in_(there)) if is_there else standing
        return self.luck.choice(session.exec(some).all())

    def _kind(self, slot: Slot) -> bool | None:
        """Whether to meet online, where the slot leaves it open."""
        return self.luck.random() < 0.7 if slot.kind == EITHER else None
