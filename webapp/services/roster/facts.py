"""Hold what the files say of people and classes, typed and checked row by row, before the database is asked."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from webapp.services.roster.report import ERROR, Problem, ReadFile, Source


@dataclass(frozen=True)
class StudentFact:
    """Empty optional values change nothing: an import never erases what the school typed."""

    at: Source
    ref: str
    first: str
    last: str
    security_value: str = ""
    grade: str = ""
    is_delete: bool = False


@dataclass(frozen=True)
class TeacherFact:
    at: Source
    ref: str
    first: str
    last: str
    email: str | None
    room: str = ""
    virtual_room: str = ""
    level: int | None = None
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class ParentFact:
    at: Source
    ref: str
    first: str
    last: str
    email: str | None


@dataclass(frozen=True)
class ClassFact:
    """`teacher_ref` is given where one row names class and teacher; without that teacher the row is left out."""

    at: Source
    ref: str
    name: str = ""
    group_name: str = ""
    appointments_allowed: int | None = None
    teacher_ref: str | None = None


@dataclass(frozen=True)
class TeachingFact:
    at: Source
    class_ref: str
    teacher_ref: str
    is_primary: bool


@dataclass(frozen=True)
class EnrolmentFact:
    at: Source
    class_ref: str
    student_ref: str


@dataclass(frozen=True)
class GuardianFact:
    """`severity` says whether the row is lost with its reference, or only the tie."""

    at: Source
    parent_ref: str
    student_ref: str
    is_teacher: bool = False
    severity: str = ERROR


@dataclass(frozen=True)
class TimesFact:
    """A range of a day in which a resource has time; `first` and `last` are minutes since midnight. The words are of an
    Events file, which may make the event."""

    at: Source
    event: str
    is_event: bool
    resource: str
    day: date
    first: int
    last: int
    duration: int
    capacity: int
    zone: str = ""
    date_label: str = ""
    location: str = ""
    category: str = ""
    description: str = ""


Fact = StudentFact | TeacherFact | ParentFact | ClassFact | TeachingFact | EnrolmentFact | GuardianFact


@dataclass
class Roster:
    """All files of one import, read; `problems` names the rows that are not among the facts."""

    students: list[StudentFact] = field(default_factory=list)
    teachers: list[TeacherFact] = field(default_factory=list)
    parents: list[ParentFact] = field(default_factory=list)
    classes: list[ClassFact] = field(default_factory=list)
    teachings: list[TeachingFact] = field(default_factory=list)
    enrolments: list[EnrolmentFact] = field(default_factory=list)
    guardians: list[GuardianFact] = field(default_factory=list)
    times: list[TimesFact] = field(default_factory=list)
    refused: list[Any] = field(default_factory=list)
    """Facts of rows that are left out: nobody in them is absent."""
    asks_dates: bool = False
    """A date can be read in two ways, and nobody has said which is meant."""
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    files: list[ReadFile] = field(default_factory=list)
    unknown_columns: dict[str, list[str]] = field(default_factory=dict)

    def add(self, facts: Iterable[Fact]) -> None:
        """Each to the facts of its kind."""
        places: dict[type[Fact], list[Any]] = {
            StudentFact: self.students,
            TeacherFact: self.teachers,
            ParentFact: self.parents,
            ClassFact: self.classes,
            TeachingFact: self.teachings,
            EnrolmentFact: self.enrolments,
            GuardianFact: self.guardians,
        }
        for fact in facts:
            places[type(fact)].append(fact)
