"""Find whom a school's files do not name any more, and mark them; to delete somebody is never an import's own idea."""

from datetime import datetime

from webapp.services.roster.facts import Roster, StudentFact, TeacherFact
from webapp.services.roster.held import HeldPerson, HeldStudent, Lists
from webapp.services.roster.report import SHOWN, Report


def find_absent(roster: Roster, lists: Lists, report: Report) -> None:
    """Who is marked already is not told again; of a kind that the files do not speak of, nobody is absent, nor is who
    stands in a row that is left out."""
    students = _absent_students(roster, lists)
    teachers = _absent_teachers(roster, lists)
    lists.absent = [*students, *teachers]
    report.absent = {kind: len(held) for kind, held in (("students", students), ("teachers", teachers)) if held}
    report.absent_names = [student.label for student in students[:SHOWN]] + [person.name for person in teachers[:SHOWN]]


def mark_absent(lists: Lists, *, now: datetime) -> None:
    for held in lists.absent:
        held.absent_since = now


def _absent_students(roster: Roster, lists: Lists) -> list[HeldStudent]:
    if all(fact.is_delete for fact in roster.students):
        return []
    named = {fact.ref for fact in (*roster.students, *roster.refused) if isinstance(fact, StudentFact)}
    others = {ref: student for ref, student in lists.students.items() if ref not in named and student.id is not None}
    for ref in [ref for ref in others if ref.rstrip("*") in named]:
        # A twin of Clone Student stays, and comes back, with the student whose twin it is.
        others.pop(ref).absent_since = None
    return [student for student in others.values() if student.absent_since is None]


def _absent_teachers(roster: Roster, lists: Lists) -> list[HeldPerson]:
    if not roster.teachers:
        return []
    named = {fact.ref for fact in (*roster.teachers, *roster.refused) if isinstance(fact, TeacherFact)}
    return [
        person
        for ref, person in lists.people.teachers.items()
        if person.id is not None and ref not in named and person.teacher_ref == ref and person.absent_since is None
    ]
