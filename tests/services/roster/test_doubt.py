"""An ID with another name may be somebody else's now: nothing passes to them until the office said who it is."""

import pytest
from factories import make_class, make_student, make_teacher
from importer import Importer
from sqlmodel import Session, select

from webapp.models import ClassTeacher, Contact, Enrolment, Guardian, School

STUDENTS = "StudentID|First|Last|SecurityValue\n"
TEACHERS = "TeacherID|First|Last|Email\n"
OTHER_CHILD = {
    "s.txt": STUDENTS + "S1|Ben|Ode|x\nS2|Leo|Ruiz|x\n",
    "c.txt": "ClassID|TeacherID\nC1|T1\n",
    "e.txt": "StudentID|ClassID\nS1|C1\nS2|C1\n",
    "p.txt": "ParentID|First|Last|Email\nP1|Olu|Ode|olu@mail.example\n",
    "ps.txt": "ParentID|StudentID\nP1|S1\n",
}


@pytest.fixture
def folake(session: Session, school: School) -> Contact:
    return make_teacher(session, school, teacher_ref="T1", email="f@linden.example")


def test_another_child_of_an_old_id_gets_neither_its_name_nor_classes_nor_parents(
    session: Session, importer: Importer, school: School, folake: Contact
) -> None:
    mia = make_student(session, school, "Mia", "Alvarez", student_ref="S1")

    report = importer.apply(OTHER_CHILD)

    assert mia.name == "Mia Alvarez"
    assert [(q.key, q.before, q.after) for q in report.questions] == [("students:S1", "Mia Alvarez", "Ben Ode")]
    assert [(p.file, p.row) for p in report.problems] == [("e.txt", 2), ("ps.txt", 2), ("s.txt", 2)]
    assert session.exec(select(Guardian)).all() == []
    assert mia.id not in session.exec(select(Enrolment.student_id)).all()
    assert report.created["students"] == 1


@pytest.mark.parametrize("answer", ["students:S1", "all"])
def test_who_is_said_to_be_the_same_is_renamed(
    session: Session, importer: Importer, school: School, folake: Contact, answer: str
) -> None:
    mia = make_student(session, school, "Mia", "Alvarez", student_ref="S1")

    report = importer.apply(OTHER_CHILD, answer)

    session.refresh(mia)
    assert mia.name == "Ben Ode"
    assert report.left_out == 0
    assert mia.id in session.exec(select(Enrolment.student_id)).all()


def test_a_class_keeps_its_team_while_it_is_not_known_who_a_teacher_is(
    session: Session, importer: Importer, school: School, folake: Contact
) -> None:
    make_class(session, school, folake, class_ref="C1")
    make_teacher(session, school, teacher_ref="T2", email="u@linden.example")

    report = importer.apply(
        {
            "t.txt": TEACHERS + "T1|Olu|Voss|olu@linden.example\n",
            "c.txt": "ClassID|TeacherID\nC1|T2\nC1|T1\n",
        }
    )

    session.refresh(folake)
    assert (folake.name, folake.email) == ("Folake Adeyemi", "f@linden.example")
    assert session.exec(select(ClassTeacher.contact_id)).all() == [folake.id]
    assert report.left_out == 2


@pytest.mark.parametrize("name", ["Alvarez|Mía", "MIA|ALVAREZ", "Mia Sofía|Alvarez-Ode", "Mia|"])
def test_names_swapped_respelt_or_longer_are_not_asked_about(
    session: Session, importer: Importer, school: School, name: str
) -> None:
    make_student(session, school, "Mia", "Alvarez", student_ref="S1")

    report = importer.plan({"s.txt": f"{STUDENTS}S1|{name}|x\n"}).report

    assert (report.questions, report.updated["students"]) == ([], 1)


def test_the_question_writes_names_as_the_school_does(session: Session, importer: Importer, school: School) -> None:
    """PRODUCT 1.2: Display Contact Name As."""
    make_student(session, school, "Mia", "Alvarez", student_ref="S1")
    school.names_last_first = True

    report = importer.apply({"s.txt": STUDENTS + "S1|Ben|Ode|x\n"})

    assert [(q.before, q.after) for q in report.questions] == [("Alvarez, Mia", "Ode, Ben")]
