"""Read Confab's own tab-delimited layouts: Student, Teacher, Class, Enrollment, Parent, Parent-Student."""

from collections.abc import Callable

from webapp.errors import N_
from webapp.services.roster.facts import (
    ClassFact,
    EnrolmentFact,
    Fact,
    GuardianFact,
    ParentFact,
    Roster,
    StudentFact,
    TeacherFact,
)
from webapp.services.roster.own_layouts import CLASS, ENROLLMENT, PARENT, PARENT_STUDENT, STUDENT, TEACHER
from webapp.services.roster.report import ERROR
from webapp.services.roster.row import Row, sound_facts
from webapp.services.roster.sheet import Sheet

BAD_ACTION = N_("The action %(value)s is neither update nor delete.")


def read_own_files(sheets: list[Sheet], roster: Roster) -> None:
    for sheet in sheets:
        if sheet.layout.kind in _MAKERS:
            roster.add(sound_facts(sheet, roster, _MAKERS[sheet.layout.kind]))


def _student(row: Row) -> list[Fact]:
    ref, action = row.ref("StudentID"), row.text("Action").lower()
    if action == "delete":
        return [StudentFact(row.at, ref, "", "", is_delete=True)]
    if action not in ("", "update"):
        row.refuse("Action", BAD_ACTION, value=action)
    first, last = row.name("First", "Last")
    return [StudentFact(row.at, ref, first, last, row.text("SecurityValue"), row.text("Grade", longest=60))]


def _teacher(row: Row) -> list[Fact]:
    ref = row.ref("TeacherID")
    first, last = row.name("First", "Last")
    return [
        TeacherFact(
            row.at,
            ref,
            first,
            last,
            row.email("Email", missing=ERROR),
            room=row.room("Room", longest=60),
            virtual_room=row.link("VirtualRoom"),
            level=row.number("AccessLevel", lowest=1, highest=3),
            password=row.text("Password", longest=200),
        )
    ]


def _class(row: Row) -> list[Fact]:
    return [
        ClassFact(
            row.at,
            row.ref("ClassID"),
            name=row.text("ClassName", longest=200),
            group_name=row.text("GroupName"),
            appointments_allowed=row.number("PTAN", lowest=0, highest=999),
            teacher_ref=row.ref("TeacherID"),
        )
    ]


def _enrolments(row: Row) -> list[Fact]:
    student = row.ref("StudentID")
    classes = row.texts("ClassID") or [row.ref("ClassID")]
    return [EnrolmentFact(row.at, class_ref, student) for class_ref in classes]


def _parent(row: Row) -> list[Fact]:
    ref = row.ref("ParentID")
    first, last = row.name("First", "Last")
    return [ParentFact(row.at, ref, first, last, row.email("Email"))]


def _guardian(row: Row) -> list[Fact]:
    return [GuardianFact(row.at, row.ref("ParentID"), row.ref("StudentID"))]


_MAKERS: dict[str, Callable[[Row], list[Fact]]] = {
    STUDENT.kind: _student,
    TEACHER.kind: _teacher,
    CLASS.kind: _class,
    ENROLLMENT.kind: _enrolments,
    PARENT.kind: _parent,
    PARENT_STUDENT.kind: _guardian,
}
