"""Make an evening for crowds: teachers, teams and families who are signed in and can post at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import factories as make
from fakes import make_tokens
from flask import Flask, session
from races.server import Running
from sqlmodel import Session

from webapp import auth, clock
from webapp.csrf import csrf_value, new_key
from webapp.models import Contact, Resource, Slot, Student
from webapp.services.booking.confirm import stamp
from webapp.services.people.accounts import login_for
from webapp.services.people.sign_in import FAMILY_STAYS, start_sign_in
from webapp.services.system.tokens import close_tokens

MINUTES = 15
AGENT = "races/1"
Wanted = Sequence[tuple[Student, "Teacher", Slot]]


@dataclass(frozen=True)
class Teacher:
    """What families see: one teacher, or a team."""

    resource: Resource
    slots: list[Slot]


@dataclass(frozen=True)
class Parent:
    """Signed in: the cookie and the CSRF value of a browser."""

    contact: Contact
    children: list[Student]
    cookie: str
    csrf: str


@dataclass(frozen=True)
class Crowd:
    """One school's evening, ten days ahead."""

    running: Running
    school_id: int
    event_id: int
    base: str
    teachers: list[Teacher]
    parents: list[Parent]

    def key(self) -> str:
        with self.running.app.test_request_context():
            return new_key()

    def book(self, parent: Parent, wanted: Wanted, *, key: str | None = None) -> str:
        """The request of the button of step 3."""
        picks = [("pick", pick(*want)) for want in wanted]
        seen = [("seen", stamp(slot.token, slot.starts_at, slot.kind)) for _, _, slot in wanted]
        return self.post(parent, "/book", [*picks, *seen, ("key", key or self.key())])

    def hold(self, parent: Parent, wanted: Wanted) -> str:
        """The request of the button of step 2."""
        fields: list[tuple[str, str]] = []
        for child, teacher, slot in wanted:
            name = pick(child, teacher)
            kind = [(f"m-{name}", "V")] if slot.kind == "PV" else []
            fields += [("pick", name), (f"t-{name}", slot.token), *kind]
        return self.post(parent, "/times", fields)

    def cancel(self, parent: Parent, token: str) -> str:
        return self.post(parent, f"/a/{token}/cancel", [("key", self.key())])

    def move(self, parent: Parent, token: str, slot: Slot) -> str:
        kind = [("kind", "V")] if slot.kind == "PV" else []
        return self.post(parent, f"/a/{token}/move", [("slot", slot.token), *kind, ("key", self.key())])

    def post(self, parent: Parent, path: str, fields: Iterable[tuple[str, str]]) -> str:
        """As our own page sends it."""
        body = urlencode([("csrf", parent.csrf), *fields])
        form = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        return self._request("POST", path, parent, f"Sec-Fetch-Site: same-origin\r\n{form}") + body

    def get(self, parent: Parent, path: str) -> str:
        return self._request("GET", path, parent, "")

    def _request(self, method: str, path: str, parent: Parent, more: str) -> str:
        """`path` within the event, or a whole one."""
        path = path if path.startswith((self.base, "/s/")) else self.base + path
        head = f"Host: 127.0.0.1:{self.running.port}\r\nUser-Agent: {AGENT}\r\nCookie: confab={parent.cookie}\r\n"
        return f"{method} {path} HTTP/1.1\r\n{head}{more}\r\n"


def pick(child: Student, teacher: Teacher, slot: Slot | None = None) -> str:
    if slot is None:
        return f"{child.token}.{teacher.resource.token}"
    return f"{child.token}.{teacher.resource.token}.{slot.token}" + (".V" if slot.kind == "PV" else "")


@dataclass
class Setting:
    """How large an evening is. Families of one grade may meet the teachers of that grade; the two parents of a couple
    share their children; a team is the first two teachers of its grade, at times that overlap their own."""

    grades: int = 1
    teachers: int = 8
    teams: int = 0
    couples: int = 0
    singles: int = 0
    children: int = 1
    slots: int = 12
    kinds: Sequence[str] = ("V",)
    settings: dict[str, object] = field(default_factory=dict)

    def crowd(self, running: Running) -> Crowd:
        with running.database.transaction() as db:
            made = _School(self, db)
            teachers, people = made.everyone()
        parents = [signed_in(running.app, *person) for person in people]
        base = f"/{made.school.slug}/{made.event.slug}"
        assert made.school.id is not None
        assert made.event.id is not None
        return Crowd(running, made.school.id, made.event.id, base, teachers, parents)


class _School:
    def __init__(self, setting: Setting, db: Session) -> None:
        self.setting, self.db, self.now = setting, db, clock.now()
        self.school = make.make_school(db)
        close_tokens(db, make.make_connection(db, self.school), make_tokens())
        self.event = make.make_event(db, self.school, settings={"provider": "zoom", **setting.settings})
        local = (self.now + timedelta(days=10)).astimezone(ZoneInfo(make.ZONE))
        self.begins = local.replace(hour=16, minute=0, second=0, microsecond=0, tzinfo=None)

    def everyone(self) -> tuple[list[Teacher], list[tuple[Contact, list[Student], str]]]:
        """The teachers, and each parent with children and sign-in."""
        teachers: list[Teacher] = []
        people: list[tuple[Contact, list[Student], str]] = []
        for grade in range(self.setting.grades):
            families = [*self._families(grade)]
            students = {s.id: s for _, children, _ in families for s in children}
            teachers += self._teachers(grade, list(students.values()))
            people += families
        return teachers, people

    def _families(self, grade: int) -> Iterable[tuple[Contact, list[Student], str]]:
        for n in range(self.setting.couples + self.setting.singles):
            last = f"Of{grade}x{n}"
            children = [
                make.make_student(self.db, self.school, f"Child {c}", last) for c in range(self.setting.children)
            ]
            for adult in ("Alice", "Bob") if n < self.setting.couples else ("Alice",):
                contact = make.make_contact(self.db, self.school, adult, last)
                for child in children:
                    make.make_guardian(self.db, contact, child)
                yield contact, children, self._sign_in(contact)

    def _sign_in(self, contact: Contact) -> str:
        login = login_for(self.db, contact.email or "", now=self.now)
        contact.login_id = login.id
        return start_sign_in(self.db, login, stays=FAMILY_STAYS, now=self.now)

    def _teachers(self, grade: int, students: list[Student]) -> Iterable[Teacher]:
        contacts = []
        for n in range(self.setting.teachers):
            contact = make.make_teacher(self.db, self.school, f"Teacher {n}", f"Grade {grade}")
            make.make_host(self.db, contact)
            make.make_class(self.db, self.school, contact, *students)
            contacts.append(contact)
            yield self._teacher([contact], 0)
        for n in range(self.setting.teams):
            yield self._teacher(contacts[:2], 5 * (n + 1))

    def _teacher(self, members: list[Contact], offset: int) -> Teacher:
        resource = make.make_resource(self.db, self.event, *members)
        return Teacher(resource, [self._slot(resource, n, offset) for n in range(self.setting.slots)])

    def _slot(self, resource: Resource, n: int, offset: int) -> Slot:
        at: datetime = self.begins + timedelta(minutes=MINUTES * n + offset)
        kind = self.setting.kinds[n % len(self.setting.kinds)]
        return make.make_slot(self.db, resource, at=at, minutes=MINUTES, kind=kind, capacity=2 if offset else 1)


def signed_in(app: Flask, contact: Contact, children: list[Student], secret: str) -> Parent:
    """The cookie that our own server would have set, CSRF value included."""
    visit = {"headers": {"User-Agent": AGENT}, "environ_base": {"REMOTE_ADDR": "127.0.0.1"}}
    with app.test_request_context("/", **visit):
        auth.remember(secret)
        csrf = csrf_value()
        serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        return Parent(contact, children, serializer.dumps(dict(session)), csrf)
