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
from webapp.models import Appointment, Contact, Event, EventSettings, Meeting, Resource, ResourceMember, School
from webapp.models.event.slot import VIRTUAL
from webapp.models.meeting.host import MAPPED
from webapp.providers.base import RemoteAccount
from webapp.services.booking.book import Choice, book
from webapp.services.booking.family import child_of
from webapp.services.event.team import make_host, seen, team_of
from webapp.services.meeting.connection import remember_grant
from webapp.services.meeting.mapping import Match, store_matches, store_some
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

    def links(self) -> dict[int, str]:
        """What each family would be shown, by appointment."""
        query = select(Meeting).where(col(Meeting.replaced_at).is_(None), col(Meeting.join_url).is_not(None))
        with self.database.reading() as session:
            return {one.appointment_id: one.join_url or "" for one in session.exec(query)}

    def change_host(self) -> None:
        """Another teacher joins the first's team and becomes the host."""
        email = "second@linden.example"
        key = self.stage.add_user(email)
        with self.database.transaction() as session:
            resource = session.exec(select(Resource).where(Resource.event_id == self.event_id)).first()
            school = session.exec(select(School)).first()
            assert resource is not None
            assert school is not None
            second = make.make_teacher(session, school, email=email)
            make.stored(
                session, ResourceMember(resource_id=resource.id, contact_id=second.id, school_id=school.id, position=1)
            )
            store_some(session, school.id or 0, "zoom", [Match(second.id or 0, MAPPED, key, email)], now=clock.now())
            team = seen(team_of(session, resource))
            make_host(session, resource, second.id or 0, was=team, who=SYSTEM, now=clock.now())

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
def ticking(rush: Rush, committed: threading.Event | None = None, **values: object) -> Iterator[threading.Event]:
    """The jobs of one process; the event, which several may share, is set after each commit that stored links."""
    app = create_app(rush.settings(**values))
    committed = committed or threading.Event()
    app.extensions["confab"].database.after_commit.append(lambda _: committed.set())
    running: BackgroundScheduler = scheduler.start(app)
    scheduler.wake(running, {"meeting"})  # as if the last booking had just been committed here
    try:
        yield committed
    finally:
        running.shutdown(wait=True)
        app.extensions["confab"].database.dispose()
