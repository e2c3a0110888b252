"""Read Microsoft School Data Sync's v1 files; what it calls v2 is read with OneRoster's."""

from collections.abc import Callable

from webapp.services.roster.facts import ClassFact, EnrolmentFact, Fact, Roster, StudentFact, TeacherFact, TeachingFact
from webapp.services.roster.row import Row, is_active, sound_facts
from webapp.services.roster.sheet import Sheet
from webapp.services.roster.vendor_layouts import (
    SDS_ENROLLMENTS,
    SDS_ROSTERS,
    SDS_SECTIONS,
    SDS_STUDENTS,
    SDS_TEACHERS,
)


def read_microsoft(sheets: list[Sheet], roster: Roster) -> None:
    for sheet in sheets:
        if sheet.layout.kind in _MAKERS:
            roster.add(sound_facts(sheet, roster, _MAKERS[sheet.layout.kind]))


def _student(row: Row) -> list[Fact]:
    ref = row.ref("SIS ID")
    if not is_active(row, "Status"):
        return []
    first, last = row.name("First Name", "Last Name")
    return [StudentFact(row.at, ref, first, last, row.text("Birthdate"), row.text("Grade", longest=60))]


def _teacher(row: Row) -> list[Fact]:
    """The user name is no address: mail sent to it may reach nobody, or somebody else."""
    ref = row.ref("SIS ID")
    if not is_active(row, "Status"):
        return []
    first, last = row.name("First Name", "Last Name")
    return [TeacherFact(row.at, ref, first, last, row.email("Secondary Email"))]


def _section(row: Row) -> list[Fact]:
    ref = row.ref("SIS ID")
    return [ClassFact(row.at, ref, row.text("Section Name", longest=200))] if is_active(row, "Status") else []


def _enrolment(row: Row) -> list[Fact]:
    return [EnrolmentFact(row.at, row.ref("Section SIS ID"), row.ref("SIS ID"))]


def _teaching(row: Row) -> list[Fact]:
    """Nothing says who leads: the file's order stands."""
    return [TeachingFact(row.at, row.ref("Section SIS ID"), row.ref("SIS ID"), is_primary=False)]


_MAKERS: dict[str, Callable[[Row], list[Fact]]] = {
    SDS_STUDENTS.kind: _student,
    SDS_TEACHERS.kind: _teacher,
    SDS_SECTIONS.kind: _section,
    SDS_ENROLLMENTS.kind: _enrolment,
    SDS_ROSTERS.kind: _teaching,
}
