"""Hold the school's roster in memory as the database has it, so that an import is decided without a query per row."""

from collections.abc import Container, Hashable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Literal

from webapp.models import Level
from webapp.models.people.contact import written_name
from webapp.services.roster.doubt import Doubts
from webapp.services.roster.evenings import Evenings

RefKind = Literal["teacher_ref", "parent_ref"]


@dataclass(eq=False)
class Held:
    """A row of the database, or one to be (`id` is None). `was` keeps its columns as they were loaded."""

    id: int | None

    def __post_init__(self) -> None:
        self.was = self.columns()

    def columns(self) -> dict[str, Hashable]:
        return {place.name: getattr(self, place.name) for place in fields(self) if place.name != "id"}

    @property
    def changes(self) -> dict[str, Hashable]:
        """The columns that differ from what was loaded."""
        return {name: value for name, value in self.columns().items() if value != self.was[name]}

    @property
    def is_changed(self) -> bool:
        return bool(self.changes)

    def write(self, **values: str | int | None) -> bool:
        """Whether anything changed; None leaves a column as it is."""
        changed = {name: value for name, value in values.items() if value is not None and getattr(self, name) != value}
        for name, value in changed.items():
            setattr(self, name, value)
        return bool(changed)


@dataclass(eq=False)
class HeldStudent(Held):
    student_ref: str
    first: str = ""
    last: str = ""
    security_value: str = ""
    grade: str = ""
    absent_since: datetime | None = None
    """Since an import that had everybody but them."""

    @property
    def label(self) -> str:
        return f"{written_name(self.first, self.last)} ({self.student_ref})".strip()


@dataclass(eq=False)
class HeldClass(Held):
    class_ref: str
    name: str = ""
    group_name: str = ""
    appointments_allowed: int = 1

    @property
    def label(self) -> str:
        return f"{self.name} ({self.class_ref})".strip()

    @property
    def is_limited_anew(self) -> bool:
        return self.id is not None and self.appointments_allowed != self.was["appointments_allowed"]


@dataclass(eq=False)
class HeldPerson(Held):
    login_id: int | None = None
    email: str | None = None
    first: str = ""
    last: str = ""
    level: int = Level.CUSTOMER
    teacher_ref: str | None = None
    parent_ref: str | None = None
    room: str = ""
    virtual_room: str = ""
    absent_since: datetime | None = None

    @property
    def name(self) -> str:
        return written_name(self.first, self.last) or self.email or "–"

    def ref(self, kind: RefKind) -> str | None:
        return self.teacher_ref if kind == "teacher_ref" else self.parent_ref

    @property
    def is_staff(self) -> bool:
        return self.teacher_ref is not None or self.level > Level.CUSTOMER

    @property
    def is_administrator(self) -> bool:
        """Of the school or of events: imports change neither their level nor the address that signs them in."""
        return self.level >= Level.EVENT_ADMINISTRATOR


@dataclass(frozen=True)
class HeldLogin:
    """`is_ours`: it opens no other school and no administrator's contact."""

    id: int
    has_password: bool
    is_ours: bool


@dataclass
class People:
    """The contacts of the school, found by their IDs and addresses; it keeps each of these unique."""

    everyone: list[HeldPerson] = field(default_factory=list)
    teachers: dict[str, HeldPerson] = field(default_factory=dict)
    parents: dict[str, HeldPerson] = field(default_factory=dict)
    addresses: dict[str, HeldPerson] = field(default_factory=dict)
    named: set[HeldPerson] = field(default_factory=set)
    """Whom this import speaks of: they get a login if they have an address."""

    def add(self, person: HeldPerson) -> None:
        self.everyone.append(person)
        if person.teacher_ref:
            self.teachers[person.teacher_ref] = person
        if person.parent_ref:
            self.parents[person.parent_ref] = person
        if person.email:
            self.addresses[person.email] = person

    @property
    def renamed(self) -> list[int]:
        """Who without a name is called by the address."""
        shown = ("first", "last", "email")
        return [
            person.id
            for person in self.everyone
            if person.id is not None and any(person.was[name] != getattr(person, name) for name in shown)
        ]

    def by_ref(self, kind: RefKind) -> dict[str, HeldPerson]:
        return self.teachers if kind == "teacher_ref" else self.parents

    def identify(self, person: HeldPerson, kind: RefKind, ref: str, refs: Container[str]) -> None:
        """Let the ID lead to this person. It becomes theirs, unless the one they hold is among `refs` too."""
        held = person.ref(kind)
        index = self.by_ref(kind)
        if held is None or held == ref or held not in refs:
            index.pop(held or "", None)
            setattr(person, kind, ref)
        index[ref] = person

    def move(self, person: HeldPerson, email: str) -> None:
        """To another address, and so to the login of that address."""
        if person.email:
            del self.addresses[person.email]
        person.email, person.login_id = email, None
        self.addresses[email] = person


@dataclass(frozen=True)
class HeldRooms:
    """What an event's page says of where a teacher, or the first of a team, is met."""

    resource_id: int
    label: str
    room: str
    virtual_room: str


@dataclass(frozen=True)
class Cell:
    """Of an event's page: what stood there, and what comes instead. `column` is "room" or "virtual_room"."""

    resource_id: int
    column: str
    was: str
    text: str


@dataclass
class Lists:
    """The roster of one school: loaded, then brought to what it shall be; the `new_` fields say how."""

    students: dict[str, HeldStudent] = field(default_factory=dict)
    classes: dict[str, HeldClass] = field(default_factory=dict)
    people: People = field(default_factory=People)
    logins: dict[str, HeldLogin] = field(default_factory=dict)
    teams: dict[str, list[HeldPerson]] = field(default_factory=dict)
    """By ClassID, the first leads."""
    enrolled: set[tuple[str, str]] = field(default_factory=set)
    """(ClassID, StudentID)"""
    tied: set[tuple[HeldPerson, str]] = field(default_factory=set)
    """A parent and the StudentID of a child."""
    with_appointments: set[int] = field(default_factory=set)
    """Students who have a coming appointment; loaded only where students are to be deleted, as are the `leaving`."""
    leaving: set[int] = field(default_factory=set)
    """Students of whom something at a provider is being removed."""
    rooms: dict[int, list[HeldRooms]] = field(default_factory=dict)
    """Of coming events, by contact; loaded only where the files name rooms."""
    evenings: Evenings = field(default_factory=Evenings)
    doubts: Doubts = field(default_factory=Doubts)
    gone: list[HeldStudent] = field(default_factory=list)
    absent: list[HeldStudent | HeldPerson] = field(default_factory=list)
    """Of whom the files do not speak, though they speak of others of their kind."""
    new_teams: dict[str, list[HeldPerson]] = field(default_factory=dict)
    new_enrolled: list[tuple[str, str]] = field(default_factory=list)
    new_tied: list[tuple[HeldPerson, str]] = field(default_factory=list)
    new_cells: list[Cell] = field(default_factory=list)
    new_passwords: dict[str, str] = field(default_factory=dict, repr=False)
    """By e-mail address."""
