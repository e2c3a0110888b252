"""Who is not in the school's files any more is marked when the office says so, and never deleted by that."""

from datetime import timedelta

from factories import make_appointment, make_event, make_resource, make_slot, make_student, make_teacher
from importer import Importer
from sqlmodel import Session, select

from webapp.models import Appointment, Contact, School, Student
from webapp.services.roster.import_roster import apply_import
from webapp.services.system.audit import SYSTEM

MIA = "S1|Mia|Alvarez|x\n"
STUDENTS = "StudentID|First|Last|SecurityValue\n"
TEACHERS = "TeacherID|First|Last|Email\n"
FOLAKE = "T1|Folake|Adeyemi|f.adeyemi@linden.example\n"
BOTH = {
    "s.txt": f"{STUDENTS}{MIA}S2|Leo|Alvarez|x\n",
    "t.txt": f"{TEACHERS}{FOLAKE}T2|Jonas|Eriksen|j@linden.example\n",
}
FEWER = {"s.txt": STUDENTS + MIA, "t.txt": TEACHERS + FOLAKE}


def marked(session: Session) -> set[str]:
    session.expire_all()
    rows = [row for table in (Student, Contact) for row in session.exec(select(table)).all()]
    return {row.first for row in rows if row.absent_since}


def test_the_dry_run_tells_who_is_not_in_the_files(importer: Importer) -> None:
    importer.apply(BOTH)

    report = importer.plan(FEWER).report

    assert report.absent == {"students": 1, "teachers": 1}
    assert report.absent_names == ["Leo Alvarez (S2)", "Jonas Eriksen"]


def test_they_are_marked_only_where_the_office_says_that_the_files_name_everybody(
    session: Session, importer: Importer, school: School
) -> None:
    importer.apply(BOTH)

    importer.apply(FEWER)
    before = marked(session)
    apply_import(session, school, importer.plan(FEWER), marks_absent=True, who=SYSTEM, now=importer.now)

    assert (before, marked(session)) == (set(), {"Leo", "Jonas"})
    assert importer.plan(FEWER).report.absent == {}


def test_who_stands_in_a_row_that_is_left_out_is_not_missing(importer: Importer) -> None:
    """No name, an address that a colleague has, or none: they are in the files all the same."""
    importer.apply(BOTH)
    left_out = {
        "s.txt": f"{STUDENTS}{MIA}S2|||x\n",
        "t.txt": f"{TEACHERS}{FOLAKE}T2|Jonas|Eriksen|f.adeyemi@linden.example\n",
    }

    report = importer.plan(left_out).report
    without_address = importer.plan(left_out | {"t.txt": f"{TEACHERS}{FOLAKE}T2|Jonas|Eriksen|\n"}).report

    assert (report.left_out, report.absent, report.absent_names) == (2, {}, [])
    assert without_address.absent == {}


def test_a_twin_is_in_the_files_with_the_student_whose_twin_it_is(
    session: Session, importer: Importer, school: School
) -> None:
    """PRODUCT 1.11: the school's system knows nothing of `S2*`, which Clone Student made for a second parent."""
    importer.apply(BOTH)
    make_student(session, school, "Twin", student_ref="S2*")

    named = importer.plan(BOTH).report
    apply_import(session, school, importer.plan(FEWER), marks_absent=True, who=SYSTEM, now=importer.now)
    gone = marked(session)
    importer.apply(BOTH)

    assert named.absent == {}
    assert (gone, marked(session)) == ({"Leo", "Twin", "Jonas"}, set())


def test_who_comes_back_is_marked_no_more(session: Session, importer: Importer, school: School) -> None:
    importer.apply(BOTH)
    apply_import(session, school, importer.plan(FEWER), marks_absent=True, who=SYSTEM, now=importer.now)

    report = importer.apply(BOTH)

    assert marked(session) == set()
    assert (report.updated["students"], report.updated["teachers"]) == (1, 1)
    assert importer.apply(BOTH).updated["students"] == 0


def test_of_a_kind_that_the_files_do_not_speak_of_nobody_is_missing(session: Session, importer: Importer) -> None:
    importer.apply(BOTH)

    assert importer.plan({"s.txt": BOTH["s.txt"]}).report.absent == {}
    assert importer.plan({"s.txt": "StudentID|First|Last|SecurityValue|Action\nS1||||delete\n"}).report.absent == {}


def test_who_has_an_appointment_is_marked_and_keeps_it(session: Session, importer: Importer, school: School) -> None:
    leo = make_student(session, school, "Leo", student_ref="S2")
    jonas = make_teacher(session, school, "Jonas", "Eriksen", teacher_ref="T2")
    slot = make_slot(session, make_resource(session, make_event(session, school), jonas))
    make_appointment(session, slot, jonas, student_id=leo.id)

    later = importer.now + timedelta(hours=1)
    apply_import(session, school, importer.plan(FEWER), marks_absent=True, who=SYSTEM, now=later)

    assert marked(session) == {"Leo", "Jonas"}
    assert [row.cancelled_at for row in session.exec(select(Appointment)).all()] == [None]
