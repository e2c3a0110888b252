"""Clever's and Microsoft's layouts give the same roster as our own files, whatever they call their columns."""

import pytest
from importer import Importer
from sqlmodel import Session, select

from webapp.models import Class, ClassTeacher, Contact, Guardian, Student
from webapp.services.roster.report import ERROR, WARNING

CLEVER = {
    "schools.csv": b"School_id,School_name,School_number\n1,Linden,1\n",
    "teachers.csv": b"School_id,Teacher_id,Teacher_number,Teacher_email,First_name,Last_name\n"
    b"1,t1,9,ola@linden.example,Ola,Ade\n1,t2,8,hugh@linden.example,Hugh,Barlow\n2,t1,9,ola@linden.example,Ola,Ade\n",
    "students.csv": b"School_id,Student_id,Last_name,First_name,Grade,DOB,Contact_name,Contact_type,Contact_email,"
    b"Contact_sis_id\n"
    b"1,s1,Ruiz,Mia,4,05/04/2016,Ana Maria Ruiz,primary,ana@mail.example,p1\n"
    b'1,s1,Ruiz,Mia,4,05/04/2016,"Ruiz, Jo",secondary,JO@mail.example,\n'
    b"1,s2,Ruiz,Leo,2,01/02/2018,Ana Maria Ruiz,primary,ana@mail.example,p1\n"
    b"1,s2,Ruiz,Leo,2,01/02/2018,Dr. House,emergency,house@mail.example,p9\n"
    b"1,s3,Quill,Mo,2,01/02/2018,Uma Quill,primary,,\n",
    "sections.csv": b"School_id,Section_id,Teacher_id,Teacher_2_id,Teacher_3_id,Name,Course_name,Grade\n"
    b"1,c1,t2,t1,,Homeroom,,4\n1,c2,t1,,,,Art,2\n",
    "enrollments.csv": b"School_id,Section_id,Student_id\n1,c1,s1\n1,c2,s2\n1,c9,s2\n",
    "staff.csv": b"School_id,Staff_id,Staff_email,First_name,Last_name\n1,a1,office@linden.example,Dora,Office\n",
}


def team(session: Session, class_ref: str) -> list[str]:
    query = select(Contact.first).join(ClassTeacher).join(Class).where(Class.class_ref == class_ref)
    return list(session.exec(query.order_by(ClassTeacher.position)))


def ties(session: Session) -> list[str]:
    query = select(Contact.first, Student.first).join(Guardian, Guardian.contact_id == Contact.id).join(Student)
    return sorted(f"{parent} {child}" for parent, child in session.exec(query))


def test_clever_imports_whole_and_again_without_a_change(session: Session, importer: Importer) -> None:
    report = importer.apply(CLEVER)
    again = importer.apply(CLEVER)

    counts = {"students": 3, "teachers": 2, "classes": 2, "enrollments": 2, "parents": 2, "guardians": 3}
    counts |= {"events": 0, "slots": 0}
    assert report.created == counts
    assert (again.unchanged, sum(again.created.values()), sum(again.updated.values())) == (counts, 0, 0)
    assert team(session, "c1") == ["Hugh", "Ola"]
    assert session.exec(select(Class.name).order_by(Class.class_ref)).all() == ["Homeroom", "Art"]


def test_clever_s_contacts_become_parents_but_for_those_called_in_an_emergency(
    session: Session, importer: Importer
) -> None:
    importer.apply(CLEVER)

    assert ties(session) == ["Ana Maria Leo", "Ana Maria Mia", "Jo Mia"]
    jo = session.exec(select(Contact).where(Contact.first == "Jo")).one()
    assert (jo.last, jo.email, jo.parent_ref) == ("Ruiz", "jo@mail.example", "jo@mail.example")


def test_clever_s_rows_that_lead_nowhere_are_told(importer: Importer) -> None:
    report = importer.apply(CLEVER)

    assert [(p.file, p.row, p.column, p.severity, p.message) for p in report.problems] == [
        ("enrollments.csv", 4, "Section_id", ERROR, "There is no class c9."),
        ("students.csv", 6, "Contact_email", WARNING, "There is no e-mail address."),
        (
            "students.csv",
            6,
            "Contact_name",
            WARNING,
            "The contact Uma Quill has neither an ID nor an e-mail address, and is not imported.",
        ),
    ]


def test_a_student_told_twice_with_different_names_is_told_with_both_rows(importer: Importer) -> None:
    head = b"School_id,Student_id,Last_name,First_name,DOB\n"

    report = importer.plan({"students.csv": head + b"1,s1,Ruiz,Mia,x\n1,s1,Ruiz,Ann,x\n"}).report

    assert [problem.message for problem in report.problems] == ["s1 is already in row 2. This row is left out."]


def test_sds_v2_keeps_roles_and_relationships_in_files_of_their_own(session: Session, importer: Importer) -> None:
    report = importer.apply(
        {
            "orgs.csv": b"sourcedId,name,type\n1,Linden,school\n",
            "users.csv": b"sourcedId,username,givenName,familyName,password,activeDirectoryMatchId,email,phone,sms\n"
            b"s1,mia,Mia,Ruiz,,,,,\nt1,ola,Ola,Ade,,,ola@linden.example,,\np1,ana,Ana,Ruiz,,,ana@mail.example,,\n",
            "roles.csv": b"userSourcedId,orgSourcedId,role,sessionSourcedId,grade,isPrimary\n"
            b"s1,1,student,,4,true\nt1,1,teacher,,,true\np1,1,guardian,,,\n",
            "classes.csv": b"sourcedId,orgSourcedId,title,sessionSourcedIds,courseSourcedId\nc1,1,Homeroom,,\n",
            "courses.csv": b"sourcedId,orgSourcedId,title,code\nk1,1,Maths,M\n",
            "enrollments.csv": b"classSourcedId,userSourcedId,role\nc1,s1,student\nc1,t1,teacher\n",
            "relationships.csv": b"userSourcedId,relationshipUserSourcedId,relationshipRole\n"
            b"s1,p1,parent\ns1,d1,doctor\ns9,p1,guardian\ns1,p9,relative\n",
        }
    )

    assert list(report.created.values()) == [1, 1, 1, 1, 1, 1, 0, 0]
    assert ties(session) == ["Ana Mia"]
    assert [(p.row, p.column, p.message) for p in report.problems] == [
        (4, "userSourcedId", "There is no student s9."),
        (5, "relationshipUserSourcedId", "There is no parent p9."),
    ]
    assert [note.message for note in report.notes] == ["Nothing is imported for the role doctor. Rows with it: 1."]


@pytest.mark.parametrize(("status", "left_out"), [("Active", 0), ("", 0), ("Inactive", 1)])
def test_sds_v1_leaves_out_who_is_not_active(importer: Importer, status: str, left_out: int) -> None:
    head = "SIS ID,School SIS ID,First Name,Last Name,Username,Status\n"

    report = importer.plan({"Student.csv": f"{head}1,1,Mia,Ruiz,mia,{status}\n".encode()}).report

    assert (report.left_out, report.created["students"]) == (left_out, 1 - left_out)


def test_sds_v1_files_with_one_set_of_columns_are_told_by_their_name(importer: Importer) -> None:
    people = b"SIS ID,School SIS ID,First Name,Last Name,Username\n"
    ties = b"Section SIS ID,SIS ID\n"

    report = importer.plan(
        {
            "Student.csv": people + b"1,1,Mia,Ruiz,mia\n",
            "Teacher.csv": people + b"2,1,Ola,Ade,ola\n",
            "Section.csv": b"SIS ID,School SIS ID,Section Name\n3,1,Art\n",
            "StudentEnrollment.csv": ties + b"3,1\n",
            "TeacherRoster.csv": ties + b"3,2\n",
        }
    ).report

    assert [file.kind for file in report.files] == [
        "Microsoft SDS students",
        "Microsoft SDS teachers",
        "Microsoft SDS sections",
        "Microsoft SDS student enrollments",
        "Microsoft SDS teacher rosters",
    ]
    assert list(report.created.values())[:4] == [1, 1, 1, 1]
