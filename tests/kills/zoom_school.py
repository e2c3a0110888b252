"""Play a school that books, cancels, moves and changes hosts without pause, through the services."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

import factories as make
from installation import Installation
from sqlalchemy import func
from sqlmodel import Session, col, select
from stages import ZoomStage

from webapp import clock
from webapp.db import Database
from webapp.errors import DomainError
from webapp.models import Appointment, Contact, Event, EventSettings, Level, Meeting, School, Slot
from webapp.models.event.slot import EITHER, VIRTUAL
from webapp.models.meeting.host import MAPPED
from webapp.providers.base import RemoteAccount
from webapp.sandbox.run import start_sandbox
from webapp.services.booking.book import Choice, book
from webapp.services.booking.cancel import cancel_appointment
from webapp.services.booking.family import child_of
from webapp.services.booking.move import move_appointment
from webapp.services.meeting.connection import remember_grant
from webapp.services.meeting.mapping import Match, store_matches
from webapp.services.system.audit import SYSTEM

TEACHERS, SPARE_HOSTS, FAMILIES, SLOTS = 6, 2, 24, 20
KINDS = (VIRTUAL, VIRTUAL, VIRTUAL, EITHER)
MINUTES = 15


@contextmanager
def school_at_zoom(installation: Installation, luck: random.Random) -> Iterator["ZoomSchool"]:
    """The stand-in runs as long as the block. It sets no limit to the meetings that a host may make in a day."""
    with start_sandbox() as sandbox, installation.database() as database:
        stage = ZoomStage(sandbox.zoom_url)
        stage.control("switches", daily_limit=0)
        yield ZoomSchool(database, stage, installation.environment | _speaking_to(stage), luck)


@dataclass
class ZoomSchool:
    """Connected to the stand-in, each teacher mapped to one of its users. `hosts` are users' keys and addresses, `left`
    the appointments that were moved, with the slots that they left."""

    database: Database
    stage: ZoomStage
    environment: dict[str, str]
    luck: random.Random
    school_id: int = 0
    event_id: int = 0
    teachers: list[int] = field(default_factory=list)
    families: list[tuple[int, str]] = field(default_factory=list)
    slots: dict[int, Slot] = field(default_factory=dict)
    left: list[tuple[int, int]] = field(default_factory=list)
    hosts: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        addresses = [f"teacher{n}@linden.example" for n in range(TEACHERS + SPARE_HOSTS)]
        self.hosts = [(self.stage.add_user(address), address) for address in addresses]
        with self.database.transaction() as session:
            school = make.make_school(session)
            self._connect(session, school)
            event = make.make_event(session, school, settings={"provider": "zoom"})
            self.school_id, self.event_id = school.id or 0, event.id or 0
            self._fill(session, school, event)
        for teacher, (key, address) in zip(self.teachers, self.hosts, strict=False):
            self._map(teacher, key, address)

    def under_way(self) -> int:
        """Meetings on which something is still to be done."""
        waiting = select(func.count()).select_from(Meeting).where(col(Meeting.due_at).is_not(None))
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
        """Another time, and sometimes another kind, for one that has its link."""
        with self.database.transaction() as session:
            appointment = self._some_appointment(session, is_linked=True)
            times = [slot for slot in self.slots.values() if slot.resource_id == appointment.resource_id]
            was_at = appointment.slot_id
            self._move(session, appointment, self.luck.choice(times))
        self.left.append((appointment.id or 0, was_at))

    def move_back(self) -> None:
        """The last one of which Zoom is being told, so that nobody knows what it has; else the last one."""
        being_told = select(Meeting.appointment_id).where(col(Meeting.replaced_at).is_(None), col(Meeting.claim) != "")
        with self.database.transaction() as session:
            told = set(session.exec(being_told))
            number, was_at = ([one for one in self.left if one[0] in told] or self.left)[-1]
            self.left.remove((number, was_at))
            self._move(session, session.get_one(Appointment, number), self.slots[was_at])

    def change_host(self) -> None:
        """A teacher is mapped to another user, who may be a colleague's too."""
        self._map(self.luck.choice(self.teachers), *self.luck.choice(self.hosts))

    def do_something(self, likely: Callable[[], None] | None = None) -> None:
        """The likely deed every second time. A refusal by a rule is no trouble: the next deed is another."""
        deeds = [self.book, self.cancel, self.move, self.move_back, self.change_host]
        [deed] = self.luck.choices(deeds, [50, 10, 20, 15, 5])
        with suppress(DomainError, IndexError):
            (likely if likely and self.luck.random() < 0.5 else deed)()

    def _connect(self, session: Session, school: School) -> None:
        dora = make.make_contact(session, school, "Dora", level=Level.ADMINISTRATOR)
        account = RemoteAccount("acc", "Linden Park", "office@linden.example")
        tokens = self.stage.store.current()
        remember_grant(session, school, "zoom", tokens, account, contact=dora, who=SYSTEM, now=clock.now())

    def _fill(self, session: Session, school: School, event: Event) -> None:
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
                at, kind = begins + timedelta(minutes=MINUTES * nth), KINDS[nth % len(KINDS)]
                slot = make.make_slot(session, resource, at=at, minutes=MINUTES, kind=kind)
                self.slots[slot.id or 0] = slot

    def _map(self, teacher: int, key: str, address: str) -> None:
        found = Match(teacher, MAPPED, key, address)
        with self.database.transaction() as session:
            store_matches(session, self.school_id, "zoom", [found], now=clock.now())

    def _move(self, session: Session, appointment: Appointment, to: Slot) -> None:
        event, kind = session.get_one(Event, self.event_id), self._kind(to)
        move_appointment(session, event, appointment, to.token, is_virtual=kind, who=SYSTEM, now=clock.now())

    def _some_appointment(self, session: Session, *, is_linked: bool = False) -> Appointment:
        standing = select(Appointment).where(col(Appointment.cancelled_at).is_(None)).order_by(col(Appointment.id))
        linked = select(Meeting.appointment_id).where(col(Meeting.replaced_at).is_(None), col(Meeting.remote_id) != "")
        some = standing.where(col(Appointment.id).in_(linked)) if is_linked else standing
        return self.luck.choice(session.exec(some).all())

    def _kind(self, slot: Slot) -> bool | None:
        """Whether to meet online, where the slot leaves it open."""
        return self.luck.random() < 0.7 if slot.kind == EITHER else None


def _speaking_to(stage: ZoomStage) -> dict[str, str]:
    return {
        "CONFAB_ZOOM_CLIENT_ID": stage.settings.zoom_client_id,
        "CONFAB_ZOOM_CLIENT_SECRET": stage.settings.zoom_client_secret,
        "CONFAB_ZOOM_OAUTH_URL": stage.settings.zoom_oauth_url,
        "CONFAB_ZOOM_API_URL": stage.settings.zoom_api_url,
        "CONFAB_ZOOM_LINK_HOSTS": ",".join(stage.link_hosts),
    }
