"""Decide what an import makes of the roster: the one road of dry run and Apply, which writes nothing itself."""

from datetime import datetime

from webapp.errors import N_
from webapp.services.roster.absent import find_absent
from webapp.services.roster.decide_classes import place_classes
from webapp.services.roster.decide_people import place_parents, place_teachers
from webapp.services.roster.doubt import DOUBTFUL
from webapp.services.roster.evenings import place_times
from webapp.services.roster.facts import EnrolmentFact, GuardianFact, Roster, StudentFact
from webapp.services.roster.held import HeldStudent, Lists
from webapp.services.roster.new_event import name_teams
from webapp.services.roster.report import CREATED, DELETED, ERROR, UNCHANGED, UPDATED, Report
from webapp.services.roster.rooms import place_rooms

HAS_APPOINTMENT = N_("%(value)s still has an appointment and was not deleted. Cancel it first.")
STILL_REMOVING = N_(
    "Online meetings or calendar entries of %(value)s are being removed. Import the row again in some minutes."
)
NO_STUDENT = N_("There is no student %(value)s.")
NO_CLASS = N_("There is no class %(value)s.")
NO_PARENT = N_("There is no parent %(value)s.")

_PARENT = ("ParentID", "agentSourcedIds", "relationshipUserSourcedId", "Contact_name")
_CHILD = ("StudentID", "agentSourcedIds", "userSourcedId", "Student_id")


def decide(roster: Roster, lists: Lists, *, now: datetime) -> Report:
    """Bring `lists` to what the files say, and tell what that changes."""
    report = Report(
        problems=list(roster.problems),
        notes=list(roster.notes),
        files=list(roster.files),
        unknown_columns=dict(roster.unknown_columns),
        asks_dates=roster.asks_dates,
    )
    _place_students(roster.students, lists, report)
    place_teachers(roster.teachers, lists, report)
    place_rooms(lists, report)
    place_parents(roster.parents, lists, report)
    place_classes(roster, lists, report)
    _place_enrolments(roster.enrolments, lists, report)
    _place_guardians(roster.guardians, lists, report)
    name_teams(lists)
    place_times(roster.times, lists.evenings, report, now=now)
    find_absent(roster, lists, report)
    report.problems.sort(key=lambda problem: (problem.file, problem.row))
    return report


def _place_students(facts: list[StudentFact], lists: Lists, report: Report) -> None:
    for fact in facts:
        student = lists.students.get(fact.ref)
        if fact.is_delete:
            _delete_student(fact, student, lists, report)
        elif student is None:
            _add_student(fact, lists, report)
        elif not lists.doubts.is_other("students", fact, student, report):
            _update_student(fact, student, report)


def _delete_student(fact: StudentFact, student: HeldStudent | None, lists: Lists, report: Report) -> None:
    """Deleting who is gone is fine."""
    if student is None:
        report.count(UNCHANGED, "students")
    elif student.id in lists.with_appointments:
        report.problem(fact.at, ("StudentID",), ERROR, HAS_APPOINTMENT, value=fact.ref)
    elif student.id in lists.leaving:
        report.problem(fact.at, ("StudentID",), ERROR, STILL_REMOVING, value=fact.ref)
    else:
        lists.gone.append(lists.students.pop(fact.ref))
        report.count(DELETED, "students", student.label)


def _add_student(fact: StudentFact, lists: Lists, report: Report) -> None:
    student = HeldStudent(None, fact.ref, fact.first, fact.last, fact.security_value, fact.grade)
    lists.students[fact.ref] = student
    report.count(CREATED, "students", student.label)


def _update_student(fact: StudentFact, student: HeldStudent, report: Report) -> None:
    is_back, student.absent_since = student.absent_since is not None, None
    is_changed = student.write(
        first=fact.first,
        last=fact.last,
        security_value=fact.security_value or None,
        grade=fact.grade or None,
    )
    report.count(UPDATED if is_changed or is_back else UNCHANGED, "students", student.label)


def _place_enrolments(facts: list[EnrolmentFact], lists: Lists, report: Report) -> None:
    seen: set[tuple[str, str]] = set()
    for fact in facts:
        pair = (fact.class_ref, fact.student_ref)
        if pair in seen or not _is_known(fact, lists, report):
            continue
        seen.add(pair)
        if pair in lists.enrolled:
            report.count(UNCHANGED, "enrollments")
        else:
            lists.new_enrolled.append(pair)
            label = f"{lists.students[fact.student_ref].label} – {lists.classes[fact.class_ref].label}"
            report.count(CREATED, "enrollments", label)


def _is_known(fact: EnrolmentFact, lists: Lists, report: Report) -> bool:
    if lists.doubts.is_open("students", fact.student_ref):
        report.problem(fact.at, _CHILD, ERROR, DOUBTFUL, value=fact.student_ref)
        return False
    if fact.student_ref not in lists.students:
        report.problem(
            fact.at, ("StudentID", "userSourcedId", "SIS ID", "Student_id"), ERROR, NO_STUDENT, value=fact.student_ref
        )
    if fact.class_ref not in lists.classes:
        report.problem(
            fact.at,
            ("ClassID", "classSourcedId", "Section SIS ID", "Section_id"),
            ERROR,
            NO_CLASS,
            value=fact.class_ref,
        )
    return fact.student_ref in lists.students and fact.class_ref in lists.classes


def _place_guardians(facts: list[GuardianFact], lists: Lists, report: Report) -> None:
    """A tie may be told twice, at the parent and at the student."""
    seen: set[object] = set()
    for fact in facts:
        people = lists.people.teachers if fact.is_teacher else lists.people.parents
        if doubtful := _doubtful(fact, lists):
            report.problem(fact.at, _PARENT, fact.severity, DOUBTFUL, value=doubtful)
            continue
        parent, student = people.get(fact.parent_ref), lists.students.get(fact.student_ref)
        if parent is None:
            report.problem(fact.at, _PARENT, fact.severity, NO_PARENT, value=fact.parent_ref)
        if student is None:
            report.problem(fact.at, _CHILD, fact.severity, NO_STUDENT, value=fact.student_ref)
        if parent is None or student is None or (parent, fact.student_ref) in seen:
            continue
        seen.add((parent, fact.student_ref))
        if (parent, fact.student_ref) in lists.tied:
            report.count(UNCHANGED, "guardians")
        else:
            lists.new_tied.append((parent, fact.student_ref))
            report.count(CREATED, "guardians", f"{parent.name} – {student.label}")


def _doubtful(fact: GuardianFact, lists: Lists) -> str | None:
    """The ID of the tie of which it is not known whom it means."""
    kind = "teachers" if fact.is_teacher else "parents"
    if lists.doubts.is_open(kind, fact.parent_ref):
        return fact.parent_ref
    return fact.student_ref if lists.doubts.is_open("students", fact.student_ref) else None
