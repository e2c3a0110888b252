"""Many links at once: a school connected to the stand-in of Zoom, whose families have just booked."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

import factories as make
from apscheduler.schedulers.background import BackgroundScheduler
from sqlmodel import Session, col, select
from stages import ZoomStage

from jobs import scheduler
from webapp import clock, create_app
from webapp.config import Settings
from webapp.db import Database
from webapp.models import Appointment, Contact, Event, EventSettings, Meeting, School
from webapp.models.event.slot import VIRTUAL
from webapp.models.meeting.host import MAPPED
from webapp.providers.base import RemoteAccount
from webapp.services.booking.book import Choice, book
from webapp.services.booking.family import child_of
from webapp.services.meeting.connection import remember_grant
from webapp.services.meeting.mapping import Match, store_matches
from webapp.services.system.audit import SYSTEM


@dataclass
class Rush:
    """Each teacher has a user at the stand-in, a parent of their own, and `times` slots."""

    database: Database
    stage: ZoomStage
    teachers: int
    times: int
    event_id: int = 0
    free: list[tuple[int, int, str, str]] = field(default_factory=list)  # which time, parent, child, slot

    def __post_init__(self) -> None:
        hosts = [(self.stage.add_user(f"t{n}@linden.example"), f"t{n}@linden.example") for n in range(self.teachers)]
        with self.database.transaction() as session:
            school = make.make_school(session)
            self._connect(session, school)
            event = make.make_event(session, school, settings={"provider": "zoom"})
            self.event_id = event.id or 0
            teachers = [self._teacher(session, school, event) for _ in range(self.teachers)]
            matches = [Match(one, MAPPED, *host) for one, host in zip(teachers, hosts, strict=True)]
            store_matches(session, school.id or 0, "zoom", matches, now=clock.now())
        self.free.sort()

    def book(self, n: int) -> None:
        """The next times, at one teacher after the other."""
        for _, parent, child, slot in self.free[:n]:
            with self.database.transaction() as session:
                event, settings = session.get_one(Event, self.event_id), session.get_one(EventSettings, self.event_id)
                contact = session.get_one(Contact, parent)
                choice = Choice(slot, child_of(session, contact, child), None)
                book(session, event, settings, contact, [choice], now=clock.now())
        del self.free[:n]

    def waits(self) -> list[float]:
        """Seconds from the booking to the link, of those that have one."""
        query = select(Appointment.booked_at, Meeting.linked_at).join(
            Meeting, col(Meeting.appointment_id) == col(Appointment.id)
        )
        with self.database.reading() as session:
            rows = session.exec(query.where(col(Meeting.linked_at).is_not(None))).all()
        return sorted((linked - booked).total_seconds() for booked, linked in rows if linked)

    def settings(self, **values: object) -> Settings:
        url = self.database.engine.url.render_as_string(hide_password=False)
        speaking = self.stage.settings.model_dump() | {"database_url": url, "merge_seconds": 0.0}
        return Settings(**speaking | values)

    def statuses(self) -> Counter[int]:
        """The statuses of the stand-in's answers."""
        return Counter(call["status"] for call in self.stage.state()["calls"])

    def _connect(self, session: Session, school: School) -> None:
        dora = make.make_contact(session, school, "Dora")
        account = RemoteAccount("acc", "Linden Park", "office@linden.example")
        tokens = self.stage.store.current()
        remember_grant(session, school, "zoom", tokens, account, contact=dora, who=SYSTEM, now=clock.now())

    def _teacher(self, session: Session, school: School, event: Event) -> int:
        teacher = make.make_teacher(session, school)
        resource = make.make_resource(session, event, teacher)
        local = clock.now() + timedelta(days=10)
        begins = local.astimezone(ZoneInfo(make.ZONE)).replace(hour=8, minute=0, second=0, microsecond=0, tzinfo=None)
        for nth in range(self.times):
            parent, child = make.make_contact(session, school), make.make_student(session, school)
            make.make_guardian(session, parent, child)
            make.make_class(session, school, teacher, child)
            slot = make.make_slot(session, resource, at=begins + timedelta(minutes=10 * nth), minutes=10, kind=VIRTUAL)
            self.free.append((nth, parent.id or 0, child.token, slot.token))
        return teacher.id or 0


@contextmanager
def ticking(rush: Rush, **values: object) -> Iterator[threading.Event]:
    """The jobs of one process; the event is set after each commit that stored links."""
    app = create_app(rush.settings(**values))
    committed = threading.Event()
    app.extensions["confab"].database.after_commit.append(lambda _: committed.set())
    running: BackgroundScheduler = scheduler.start(app)
    scheduler.wake(running, {"meeting"})  # as if the last booking had just been committed here
    try:
        yield committed
    finally:
        running.shutdown(wait=True)
        app.extensions["confab"].database.dispose()
