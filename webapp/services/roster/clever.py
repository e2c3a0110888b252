"""Read Clever's files: one row of a student for each contact, and co-teachers in columns of their own."""

from collections.abc import Callable
from dataclasses import replace

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
    TeachingFact,
)
from webapp.services.roster.report import Source
from webapp.services.roster.row import Row, sound_facts
from webapp.services.roster.sheet import Sheet
from webapp.services.roster.vendor_layouts import CLEVER_ENROLLMENTS, CLEVER_SECTIONS, CLEVER_STUDENTS, CLEVER_TEACHERS

NO_CONTACT_ID = N_("The contact %(value)s has neither an ID nor an e-mail address, and is not imported.")

_TEACHERS = ("Teacher_id", *(f"Teacher_{n}_id" for n in range(2, 11)))


def read_clever(sheets: list[Sheet], roster: Roster) -> None:
    for sheet in sheets:
        if sheet.layout.kind in _MAKERS:
            roster.add(_told_once(sound_facts(sheet, roster, _MAKERS[sheet.layout.kind])))


def _told_once(facts: list[Fact]) -> list[Fact]:
    """A person stands in a row for each school and each contact; only rows that differ contradict each other."""
    firsts: dict[Fact, Fact] = {}
    for fact in facts:
        firsts.setdefault(replace(fact, at=Source("", 0)), fact)
    return list(firsts.values())


def _student(row: Row) -> list[Fact]:
    ref = row.ref("Student_id")
    first, last = row.name("First_name", "Last_name")
    student = StudentFact(row.at, ref, first, last, row.text("DOB"), row.text("Grade", longest=60))
    return [student, *_contact(row, ref)]


def _contact(row: Row, student_ref: str) -> list[Fact]:
    """Who is called in an emergency does not therefore speak for the child."""
    name = row.text("Contact_name")
    if not name or row.text("Contact_type").lower() == "emergency":
        return []
    email = row.email("Contact_email")
    ref = row.text("Contact_sis_id") or email
    if ref is None:
        row.warn("Contact_name", NO_CONTACT_ID, value=name)
        return []
    first, last = _split(name)
    return [ParentFact(row.at, ref, first, last, email), GuardianFact(row.at, ref, student_ref)]


def _split(name: str) -> tuple[str, str]:
    """`Ana María Ruiz` and `Ruiz, Ana María` → `Ana María`, `Ruiz`"""
    if "," in name:
        last, _, first = name.partition(",")
    else:
        first, _, last = name.rpartition(" ")
    return first.strip(), last.strip()


def _teacher(row: Row) -> list[Fact]:
    ref = row.ref("Teacher_id")
    first, last = row.name("First_name", "Last_name")
    return [TeacherFact(row.at, ref, first, last, row.email("Teacher_email"))]


def _section(row: Row) -> list[Fact]:
    ref = row.ref("Section_id")
    name = row.text("Name", longest=200) or row.text("Course_name", longest=200)
    row.ref("Teacher_id")
    teachers = [teacher for column in _TEACHERS if (teacher := row.text(column, longest=255))]
    team = [TeachingFact(row.at, ref, teacher, is_primary=n == 0) for n, teacher in enumerate(teachers)]
    return [ClassFact(row.at, ref, name, row.text("Grade")), *team]


def _enrolment(row: Row) -> list[Fact]:
    return [EnrolmentFact(row.at, row.ref("Section_id"), row.ref("Student_id"))]


_MAKERS: dict[str, Callable[[Row], list[Fact]]] = {
    CLEVER_STUDENTS.kind: _student,
    CLEVER_TEACHERS.kind: _teacher,
    CLEVER_SECTIONS.kind: _section,
    CLEVER_ENROLLMENTS.kind: _enrolment,
}
