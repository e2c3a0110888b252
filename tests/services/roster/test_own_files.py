"""The tab-delimited files: each bad row is named with what is wrong, and the sound ones are taken."""

import pytest
from importer import Importer
from sqlmodel import Session, select

from webapp.models import Class, Contact, Enrolment, Guardian, Level, Login, School, Student
from webapp.services.roster.report import ERROR, WARNING, Problem, Report

STUDENTS = "StudentID|First|Last|SecurityValue\n"
TEACHERS = "TeacherID|First|Last|Email|Room|VirtualRoom|AccessLevel\n"
FOLAKE = "T1|Folake|Adeyemi|folake@linden.example|112||\n"


def told(problem: Problem) -> tuple[str, int, str, str]:
    return problem.file, problem.row, problem.column, problem.message


def only(report: Report) -> Problem:
    assert len(report.problems) == 1, [told(problem) for problem in report.problems]
    return report.problems[0]


def test_the_six_files_fill_the_roster(session: Session, importer: Importer, own_files: dict[str, bytes]) -> None:
    report = importer.apply(own_files)

    assert report.created == {
        "students": 5,
        "teachers": 3,
        "classes": 2,
        "enrollments": 6,
        "parents": 3,
        "guardians": 4,
        "events": 0,
        "slots": 0,
    }
    assert report.problems == []
    mia = session.exec(select(Student).where(Student.student_ref == "S101")).one()
    assert (mia.first, mia.last, mia.security_value) == ("Mia", "Alvarez", "2016-05-04")
    grade_2 = session.exec(select(Class).where(Class.class_ref == "2B")).one()
    assert (grade_2.name, grade_2.group_name, grade_2.appointments_allowed) == ("Grade 2", "Grade 2", 2)


def test_names_of_all_kinds_are_stored_as_they_are(session: Session, importer: Importer) -> None:
    """CSV-026, CSV-029, CSV-034: text is text; what shows or exports it makes it harmless there."""
    names = ["O'Brien", "Nguyễn", "李明", "=HYPERLINK(1)", "<script>alert(1)</script>", "محمد"]
    rows = "".join(f"S{n}||{name}|x\n" for n, name in enumerate(names))

    report = importer.apply({"Student.txt": STUDENTS + rows})

    assert report.problems == []
    assert [student.last for student in session.exec(select(Student).order_by(Student.student_ref))] == names


def test_spaces_and_idle_marks_around_values_are_dropped(session: Session, importer: Importer) -> None:
    importer.apply({"Student.txt": STUDENTS + " S1 |\u200eMia\u200b| Van\u00a0Dyk\u3000|x\n"})

    student = session.exec(select(Student)).one()
    assert (student.student_ref, student.first, student.last) == ("S1", "Mia", "Van Dyk")


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        ("|Mia|Alvarez|x", "StudentID", "StudentID is missing."),
        ("S1|||x", "First", "There is no name."),
        ("S1|" + "a" * 101 + "|Alvarez|x", "First", "First is longer than 100 characters."),
        ("S1|Ann\x00Lee|Alvarez|x", "First", "First contains a control character. Type it again."),
        ("S1|Ann|\u202eLee|x", "Last", "Last contains a control character. Type it again."),
        (
            'S1|"Ann\r\nBcc: x@evil.example"|Lee|x',
            "First",
            "First contains a line break. If it was not meant, look for a stray quotation mark.",
        ),
        (
            "S1|Mia|Alvarez|x|y",
            "",
            "This row has more cells than there are headings. Look for a stray delimiter or quotation mark.",
        ),
    ],
)
def test_a_bad_student_row_is_left_out_and_the_others_are_taken(
    session: Session, importer: Importer, row: str, column: str, message: str
) -> None:
    """CSV-010, CSV-011, CSV-019, CSV-031, CSV-032"""
    report = importer.apply({"Student.txt": f"{STUDENTS}{row}\nS2|Leo|Alvarez|x\n"})

    assert told(only(report)) == ("Student.txt", 2, column, message)
    assert (report.left_out, report.created["students"]) == (1, 1)
    assert session.exec(select(Student.student_ref)).all() == ["S2"]


def test_all_that_is_wrong_with_a_row_is_told_at_once(importer: Importer) -> None:
    report = importer.apply({"Teacher.txt": TEACHERS + "|Folake||nobody||room 5|9\n"})

    assert [problem.column for problem in report.problems] == ["TeacherID", "Email", "VirtualRoom", "AccessLevel"]
    assert report.left_out == 1


def test_a_short_row_is_filled_up_with_nothing(session: Session, importer: Importer) -> None:
    report = importer.apply({"Student.txt": STUDENTS + "S1|Mia\n"})

    assert report.problems == []
    assert session.exec(select(Student)).one().last == ""


def test_the_later_of_two_rows_with_one_id_is_left_out(session: Session, importer: Importer) -> None:
    report = importer.apply({"Student.txt": STUDENTS + "S1|Mia|Alvarez|x\nS2|Leo|Alvarez|x\nS1|Ben|Ode|y\n"})

    assert told(only(report)) == ("Student.txt", 4, "StudentID", "S1 is already in row 2. This row is left out.")
    assert session.exec(select(Student.first).order_by(Student.student_ref)).all() == ["Mia", "Leo"]


def test_an_id_that_stands_in_two_files_names_the_other_file(importer: Importer) -> None:
    report = importer.apply(
        {"Student 1.txt": STUDENTS + "S1|Mia|Alvarez|x\n", "Student 2.txt": STUDENTS + "S1|Ben|Ode|y\n"}
    )

    assert only(report).message == "S1 is already in row 2 of Student 1.txt. This row is left out."


@pytest.mark.parametrize(
    ("email", "message"),
    [
        ("", "There is no e-mail address."),
        ("folake", "folake is not an e-mail address."),
        ("a@b@linden.example", "a@b@linden.example is not an e-mail address."),
        ("folake@linden", "folake@linden is not an e-mail address."),
        ("f o@linden.example", "f o@linden.example is not an e-mail address."),
        ("ｆolake@linden.example", "ｆolake@linden.example is not an e-mail address."),
        ("admin@\u017fchool.example", "admin@\u017fchool.example is not an e-mail address."),
        ("\u212aim@linden.example", "\u212aim@linden.example is not an e-mail address."),
        ("a" * 65 + "@linden.example", "a" * 65 + "@linden.example is not an e-mail address."),
        ("a@" + "b" * 250 + ".example", "Email is longer than 254 characters."),
    ],
)
def test_a_teacher_without_a_proper_address_is_left_out(
    session: Session, importer: Importer, email: str, message: str
) -> None:
    """CSV-022, CSV-023: a look-alike letter is refused, it never folds onto another address."""
    report = importer.apply({"Teacher.txt": f"{TEACHERS}T9|Uma|Voss|{email}|||\n{FOLAKE}"})

    assert told(only(report)) == ("Teacher.txt", 2, "Email", message)
    assert session.exec(select(Contact.teacher_ref)).all() == ["T1"]


def test_an_address_that_stands_twice_names_both_rows(session: Session, importer: Importer) -> None:
    """CSV-020"""
    report = importer.apply({"Teacher.txt": TEACHERS + FOLAKE + "T2|Uma|Voss|FOLAKE@linden.example|||\n"})

    problem = only(report)
    assert told(problem)[1:3] == (3, "Email")
    assert problem.message == "folake@linden.example is already in row 2. This row is left out."
    assert session.exec(select(Contact.first)).all() == ["Folake"]


def test_a_teacher_gets_contact_and_login(session: Session, importer: Importer, school: School) -> None:
    """R49: a link in VirtualRoom comes by import, with no integration about."""
    row = "T1|Folake|Adeyemi|Folake@Linden.example|112|https://meet.linden.example/f|3\n"

    importer.apply({"Teacher.txt": TEACHERS + row})

    teacher = session.exec(select(Contact)).one()
    login = session.exec(select(Login)).one()
    assert (teacher.school_id, teacher.email, teacher.room) == (school.id, "folake@linden.example", "112")
    assert teacher.virtual_room == "https://meet.linden.example/f"
    assert teacher.level == Level.RESOURCE_ADMINISTRATOR
    assert (teacher.login_id, login.email, login.password_hash) == (login.id, "folake@linden.example", None)


def test_a_teacher_is_appointment_viewer_unless_the_file_says_more(session: Session, importer: Importer) -> None:
    importer.apply({"Teacher.txt": TEACHERS + FOLAKE + "T2|Uma|Voss|uma@linden.example|||2\n"})

    assert session.exec(select(Contact.level).order_by(Contact.teacher_ref)).all() == [Level.VIEWER, Level.MAKER]


@pytest.mark.parametrize("level", ["0", "4", "5", "-1", "1.0", "admin", "٣", "99999999999"])
def test_an_access_level_other_than_1_to_3_is_left_out(session: Session, importer: Importer, level: str) -> None:
    """CSV-025: never above Resource Administrator."""
    report = importer.apply({"Teacher.txt": f"{TEACHERS}T1|Folake|Adeyemi|folake@linden.example|||{level}\n"})

    assert only(report).message == f"{level} is not a whole number from 1 to 3."
    assert session.exec(select(Contact)).all() == []


def test_a_plain_http_link_is_upgraded_with_a_notice(session: Session, importer: Importer) -> None:
    row = "T1|Folake|Adeyemi|folake@linden.example||http://meet.linden.example/f|\n"

    report = importer.apply({"Teacher.txt": TEACHERS + row})

    assert only(report).severity == WARNING
    assert report.left_out == 0
    assert session.exec(select(Contact.virtual_room)).one() == "https://meet.linden.example/f"


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "Room 12", "ftp://linden.example/x", "https://a@linden.example", "//linden.example"]
)
def test_a_virtual_room_that_is_no_https_link_is_left_out(session: Session, importer: Importer, link: str) -> None:
    row = f"T1|Folake|Adeyemi|folake@linden.example||{link}|\n"

    report = importer.apply({"Teacher.txt": TEACHERS + row})

    assert (only(report).column, only(report).severity) == ("VirtualRoom", ERROR)
    assert session.exec(select(Contact)).all() == []


@pytest.mark.parametrize("room", ["javascript:alert(1)", "x" * 61, "https://linden.example/" + "ü" * 30])
def test_a_room_is_short_and_harmless(session: Session, importer: Importer, room: str) -> None:
    report = importer.apply({"Teacher.txt": f"{TEACHERS}T1|Folake|Adeyemi|folake@linden.example|{room}||\n"})

    assert (only(report).column, only(report).severity) == ("Room", ERROR)
    assert session.exec(select(Contact)).all() == []


@pytest.mark.parametrize("ptan", ["two", "-1", "1.5", "1000"])
def test_a_ptan_that_is_no_number_is_left_out(session: Session, importer: Importer, ptan: str) -> None:
    classes = f"ClassID|TeacherID|PTAN\n4A|T1|{ptan}\n2B|T1|\n"

    report = importer.apply({"Teacher.txt": TEACHERS + FOLAKE, "Class.txt": classes})

    assert told(only(report)) == ("Class.txt", 2, "PTAN", f"{ptan} is not a whole number from 0 to 999.")
    assert [(row.class_ref, row.appointments_allowed) for row in session.exec(select(Class))] == [("2B", 1)]


def test_references_that_lead_nowhere_are_left_out(session: Session, importer: Importer) -> None:
    """CSV-040"""
    report = importer.apply(
        {
            "Student.txt": STUDENTS + "S1|Mia|Alvarez|x\n",
            "Teacher.txt": TEACHERS + FOLAKE,
            "Class.txt": "ClassID|TeacherID\n4A|T1\n2B|T9\n",
            "Enrollment.txt": "StudentID|ClassID\nS1|4A\nS9|4A\nS1|2B\n",
            "Parent.txt": "ParentID|First|Last|Email\nP1|Alice|Alvarez|alice@mail.example\n",
            "Tie.txt": "ParentID|StudentID\nP1|S1\nP9|S1\nP1|S9\n",
        }
    )

    assert [told(problem) for problem in report.problems] == [
        ("Class.txt", 3, "TeacherID", "There is no teacher T9."),
        ("Enrollment.txt", 3, "StudentID", "There is no student S9."),
        ("Enrollment.txt", 4, "ClassID", "There is no class 2B."),
        ("Tie.txt", 3, "ParentID", "There is no parent P9."),
        ("Tie.txt", 4, "StudentID", "There is no student S9."),
    ]
    assert report.left_out == 5
    assert len(session.exec(select(Enrolment)).all()) == len(session.exec(select(Guardian)).all()) == 1


def test_files_may_come_one_by_one(session: Session, importer: Importer, own_files: dict[str, bytes]) -> None:
    order = ["Student.txt", "Teacher.txt", "Class.txt", "Enrollment.txt", "Parent.txt", "ParentStudent.txt"]

    reports = [importer.apply({name: own_files[name]}) for name in order]

    assert [report.problems for report in reports] == [[]] * 6
    assert len(session.exec(select(Enrolment)).all()) == 6
    assert len(session.exec(select(Guardian)).all()) == 4


def test_a_student_may_have_all_classes_in_one_row(session: Session, importer: Importer) -> None:
    report = importer.apply(
        {
            "Student.txt": STUDENTS + "S1|Mia|Alvarez|x\n",
            "Teacher.txt": TEACHERS + FOLAKE,
            "Class.txt": "ClassID|TeacherID\n4A|T1\n4B|T1\n4C|T1\n",
            "Enrollment.txt": "StudentID|ClassID|ClassID|ClassID 3\nS1|4A||4C\nS1|4A|4B|\n",
        }
    )

    assert (report.created["enrollments"], report.problems) == (3, [])


def test_a_parent_without_an_address_is_kept_with_a_warning(session: Session, importer: Importer) -> None:
    report = importer.apply({"Parent.txt": "ParentID|First|Last|Email\nP1|Alice|Alvarez|\n"})

    assert (only(report).severity, report.left_out) == (WARNING, 0)
    parent = session.exec(select(Contact)).one()
    assert (parent.email, parent.login_id, parent.level) == (None, None, Level.CUSTOMER)
