"""Classes of an import: several rows of one class are its team, in their order."""

import pytest
from factories import make_class, make_student, make_teacher
from importer import Importer
from sqlmodel import Session, select

from webapp.models import Class, ClassTeacher, Contact, Enrolment, School
from webapp.services.roster import apply
from webapp.services.roster.report import WARNING

HEAD = "ClassID|TeacherID|ClassName|GroupName|PTAN\n"


@pytest.fixture(autouse=True)
def _teachers(session: Session, school: School) -> None:
    for ref in ("T1", "T2", "T3"):
        make_teacher(session, school, teacher_ref=ref)


def team(session: Session, class_ref: str) -> list[str | None]:
    query = (
        select(Contact.teacher_ref)
        .join(ClassTeacher)
        .join(Class)
        .where(Class.class_ref == class_ref)
        .order_by(ClassTeacher.position)
    )
    return list(session.exec(query))


def test_rows_of_one_class_make_a_team_whose_first_leads(session: Session, importer: Importer) -> None:
    report = importer.apply({"Class.txt": HEAD + "4A|T3|Grade 4||\n2B|T1|||\n4A|T1|||\n4A|T2|||\n"})

    assert (report.created["classes"], report.problems) == (2, [])
    assert team(session, "4A") == ["T3", "T1", "T2"]
    assert team(session, "2B") == ["T1"]


def test_what_the_file_says_of_a_class_is_all_of_its_team(session: Session, importer: Importer) -> None:
    importer.apply({"Class.txt": HEAD + "4A|T1|||\n4A|T2|||\n2B|T1|||\n"})

    report = importer.apply({"Class.txt": HEAD + "4A|T2|||\n4A|T3|||\n"})

    assert (report.updated["classes"], report.unchanged["classes"]) == (1, 0)
    assert team(session, "4A") == ["T2", "T3"]
    assert team(session, "2B") == ["T1"]


def test_another_order_of_the_team_is_a_change(session: Session, importer: Importer) -> None:
    importer.apply({"Class.txt": HEAD + "4A|T1|||\n4A|T2|||\n"})

    report = importer.apply({"Class.txt": HEAD + "4A|T2|||\n4A|T1|||\n"})

    assert report.updated["classes"] == 1
    assert team(session, "4A") == ["T2", "T1"]


def test_a_teacher_who_stands_twice_in_a_class_is_a_slip(session: Session, importer: Importer) -> None:
    report = importer.apply({"Class.txt": HEAD + "4A|T1|||\n4A|T1|||\n"})

    assert report.problems[0].message == "4A is already in row 2. This row is left out."
    assert team(session, "4A") == ["T1"]


def test_the_first_word_on_a_class_counts_and_another_is_warned_of(session: Session, importer: Importer) -> None:
    report = importer.apply({"Class.txt": HEAD + "4A|T1|Grade 4||2\n4A|T2|Grade 5|Upper|3\n"})

    grade = session.exec(select(Class)).one()
    assert (grade.name, grade.group_name, grade.appointments_allowed) == ("Grade 4", "Upper", 2)
    assert [(problem.column, problem.severity) for problem in report.problems] == [
        ("ClassName", WARNING),
        ("PTAN", WARNING),
    ]
    assert report.problems[0].message == "Grade 5 differs from an earlier row of class 4A, which counts."
    assert team(session, "4A") == ["T1", "T2"]


def test_an_enrollment_file_takes_nobody_out_of_a_class(session: Session, importer: Importer, school: School) -> None:
    teacher = session.exec(select(Contact).where(Contact.teacher_ref == "T1")).one()
    mia = make_student(session, school, student_ref="S1")
    make_student(session, school, student_ref="S2")
    make_class(session, school, teacher, mia, class_ref="4A")

    report = importer.apply({"Enrollment.txt": "StudentID|ClassID\nS2|4A\n"})

    assert report.created["enrollments"] == 1
    assert len(session.exec(select(Enrolment)).all()) == 2
    assert team(session, "4A") == ["T1"]


@pytest.mark.parametrize(("row", "holds"), [("4A|T1|Grade 4||1", True), ("4A|T1|Grade 5||2", False)])
def test_whoever_books_waits_while_an_import_changes_what_a_class_allows(
    session: Session, importer: Importer, monkeypatch: pytest.MonkeyPatch, row: str, holds: bool
) -> None:
    """PRODUCT 1.11: PTAN. As on the page of the class: what was allowed when they looked counts, and is judged after.
    A name alone makes nobody wait."""
    importer.apply({"Class.txt": f"{HEAD}4A|T1|Grade 4||2\n"})
    order: list[str] = []
    monkeypatch.setattr(apply, "hold_bookings", lambda *_: order.append("held"))
    monkeypatch.setattr(apply, "mark_over_limit", lambda *_: order.append("judged"))

    importer.apply({"Class.txt": HEAD + row + "\n"})

    assert order == ["held", "judged"] if holds else ["judged"]
