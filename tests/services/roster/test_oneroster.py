"""A OneRoster bundle, as real systems write it, gives the same roster as our own files."""

import pytest
from contracts import contracts_folder
from factories import make_class, make_student, make_teacher
from importer import Importer
from sqlmodel import Session, select

from webapp.errors import Invalid
from webapp.models import Class, ClassTeacher, Contact, Enrolment, Guardian, Level, School, Student
from webapp.services.roster.report import ERROR, WARNING
from webapp.services.roster.upload import open_path


def team(session: Session, class_ref: str) -> list[str | None]:
    query = select(Contact.teacher_ref).join(ClassTeacher).join(Class).where(Class.class_ref == class_ref)
    return list(session.exec(query.order_by(ClassTeacher.position)))


@pytest.mark.contract
def test_the_elementary_sample_imports_whole(session: Session, importer: Importer) -> None:
    files = open_path(contracts_folder() / "oneroster" / "samples" / "v1p1-generated-elementary-small")

    report = importer.apply(files)
    again = importer.apply(files)

    expected = {"students": 72, "teachers": 6, "classes": 42, "enrollments": 504, "parents": 0, "guardians": 0}
    expected |= {"events": 0, "slots": 0}
    assert (report.created, report.problems) == (expected, [])
    assert (again.unchanged, sum(again.created.values()), sum(again.updated.values())) == (expected, 0, 0)
    nadia = session.exec(select(Student).where(Student.student_ref == "7f056737-5920-420a-bdd6-c2f6812291d3")).one()
    assert (nadia.security_value, nadia.grade) == ("2021-09-18", "KG")
    assert len(session.exec(select(ClassTeacher)).all()) == 42
    assert len(session.exec(select(Contact)).all()) == 6


def test_users_become_students_teachers_and_parents(
    session: Session, importer: Importer, families_bundle: dict[str, bytes]
) -> None:
    report = importer.apply(families_bundle)

    assert report.created == {
        "students": 3,
        "teachers": 2,
        "classes": 2,
        "enrollments": 3,
        "parents": 3,
        "guardians": 5,
        "events": 0,
        "slots": 0,
    }
    mo = session.exec(select(Student).where(Student.student_ref == "u-s1")).one()
    assert (mo.name, mo.security_value, mo.grade) == ("Mo Quill", "2016-03-09", "04")
    homeroom = session.exec(select(Class).where(Class.class_ref == "c-1")).one()
    assert (homeroom.name, homeroom.group_name) == ("Homeroom 4", "04")
    tara = session.exec(select(Contact).where(Contact.teacher_ref == "u-t1")).one()
    assert (tara.email, tara.level) == ("tara.quill@linden.example", Level.VIEWER)


def test_the_primary_teacher_leads_the_team(
    session: Session, importer: Importer, families_bundle: dict[str, bytes]
) -> None:
    importer.apply(families_bundle)

    assert team(session, "c-1") == ["u-t1", "u-t2"]


def test_parents_are_tied_from_either_side(
    session: Session, importer: Importer, families_bundle: dict[str, bytes]
) -> None:
    """Told at the student, at the parent or at both; a teacher may be the parent."""
    importer.apply(families_bundle)

    tied = select(Contact.first, Student.first).join(Guardian, Guardian.contact_id == Contact.id).join(Student)
    ties = sorted(f"{parent} {child}" for parent, child in session.exec(tied))
    assert ties == ["Pat Mo", "Quin Nia", "Quin Oz", "Ruth Oz", "Tara Mo"]


def test_what_is_left_out_or_lacking_is_told(importer: Importer, families_bundle: dict[str, bytes]) -> None:
    """No e-mail is a warning here; rows that ended are left out."""
    report = importer.apply(families_bundle)

    assert [(p.file, p.row, p.severity, p.message) for p in report.problems] == [
        ("classes.csv", 4, ERROR, "The status is inactive. This row is left out."),
        ("enrollments.csv", 8, ERROR, "There is no class c-9."),
        ("users.csv", 3, WARNING, "There is no e-mail address."),
        ("users.csv", 4, ERROR, "The status is tobedeleted. This row is left out."),
        ("users.csv", 7, WARNING, "There is no parent u-p9."),
        ("users.csv", 11, WARNING, "There is no e-mail address."),
    ]
    assert report.left_out == 3
    assert [note.message for note in report.notes] == [
        "Nothing is imported for the role aide. Rows with it: 1.",
        "Nothing is imported for the role administrator. Rows with it: 1.",
    ]


def test_the_second_import_changes_nothing(importer: Importer, families_bundle: dict[str, bytes]) -> None:
    first = importer.apply(families_bundle)

    second = importer.apply(families_bundle)

    assert (sum(second.created.values()), sum(second.updated.values())) == (0, 0)
    assert second.unchanged == first.created


def test_roles_may_stand_in_a_file_of_their_own(session: Session, importer: Importer) -> None:
    """OneRoster 1.2; a person may be teacher and parent at once."""
    report = importer.apply(
        {
            "users.csv": b"sourcedId,givenName,familyName,email\nu1,Tara,Quill,tara@linden.example\nu2,Mo,Quill,\n",
            "roles.csv": b"sourcedId,userSourcedId,roleType,role,status\n1,u1,secondary,parent,\n"
            b"2,u1,primary,teacher,\n3,u2,primary,student,\n4,u2,primary,teacher,tobedeleted\n",
        }
    )

    tara = session.exec(select(Contact)).one()
    assert (tara.teacher_ref, tara.parent_ref) == ("u1", "u1")
    assert (report.created["students"], report.created["teachers"], report.created["parents"]) == (1, 1, 1)


def test_users_without_roles_anywhere_are_refused(importer: Importer) -> None:
    with pytest.raises(Invalid, match="no column role"):
        importer.plan({"users.csv": b"sourcedId,givenName,familyName\nu1,Tara,Quill\n"})


def test_enrollments_alone_find_the_roster_of_before(session: Session, importer: Importer, school: School) -> None:
    folake, uma = make_teacher(session, school, teacher_ref="u1"), make_teacher(session, school, teacher_ref="u2")
    make_class(session, school, folake, class_ref="c1")
    make_student(session, school, student_ref="u3")
    rows = b"c1,u3,student,\nc1,u2,teacher,true\nc1,u1,teacher,false\nc1,u9,teacher,\n"

    report = importer.apply({"enrollments.csv": b"classSourcedId,userSourcedId,role,primary\n" + rows})

    assert (report.created["enrollments"], report.updated["classes"]) == (1, 1)
    assert team(session, "c1") == [uma.teacher_ref, "u1"]
    assert [(p.row, p.column, p.message) for p in report.problems] == [(5, "userSourcedId", "There is no teacher u9.")]
    assert len(session.exec(select(Enrolment)).all()) == 1


def test_a_zip_with_nothing_but_its_manifest_changes_nothing(importer: Importer) -> None:
    report = importer.apply({"manifest.csv": b"propertyName,value\nmanifest.version,1.0\n"})

    assert (sum(report.created.values()), report.problems) == (0, [])
