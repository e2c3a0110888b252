"""Which contact a row is about, and what a file can never do to it."""

from datetime import datetime

import pytest
from factories import make_contact, make_login, make_school, make_teacher
from importer import Importer
from sqlmodel import Session, select
from werkzeug.security import check_password_hash

from webapp.models import Contact, Level, Login, School
from webapp.models.people.feed import TEACHER
from webapp.services.people.feeds import DeadFeed, holder_of, make_feed
from webapp.services.roster.apply import write_lists
from webapp.services.roster.held import Lists
from webapp.services.roster.report import ERROR, WARNING
from webapp.services.system.audit import SYSTEM

HEAD = "TeacherID|First|Last|Email|Room|AccessLevel|Password\n"
PARENTS = "ParentID|First|Last|Email\n"
SECRET = "correct horse battery"


def teacher_row(ref: str = "T1", email: str = "folake@linden.example", *, level: str = "", password: str = "") -> str:
    return f"{HEAD}{ref}|Folake|Adeyemi|{email}|112|{level}|{password}\n"


def password_hash(session: Session, email: str = "folake@linden.example") -> str | None:
    return session.exec(select(Login.password_hash).where(Login.email == email)).one()


# Who is who


def test_a_teacher_is_found_by_the_id_and_may_change_address(
    session: Session, importer: Importer, school: School
) -> None:
    old = make_login(session, "old@linden.example")
    folake = make_teacher(session, school, teacher_ref="T1", email="old@linden.example", login_id=old.id)

    report = importer.apply({"t.txt": teacher_row()})

    assert report.updated["teachers"] == 1
    assert folake.email == "folake@linden.example"
    new = session.exec(select(Login).where(Login.email == "folake@linden.example")).one()
    assert folake.login_id == new.id != old.id


def test_whoever_gets_another_address_is_rid_of_calendar_links_made_with_the_former(
    session: Session, importer: Importer, school: School, now: datetime
) -> None:
    folake = make_teacher(session, school, teacher_ref="T1", email="old@linden.example")
    hugh = make_teacher(session, school, "Hugh", "Barlow", teacher_ref="T2", email="hugh@linden.example")
    former, kept = (make_feed(session, one, TEACHER, who=SYSTEM, now=now) for one in (folake, hugh))

    importer.apply({"t.txt": f"{teacher_row()}T2|Hugh|Barlow|hugh@linden.example|9||\n"})

    assert holder_of(session, kept)[1].id == hugh.id
    with pytest.raises(DeadFeed):
        holder_of(session, former)


def test_a_parent_who_becomes_teacher_stays_one_contact(session: Session, importer: Importer, school: School) -> None:
    parent = make_contact(session, school, "Folake", "Adeyemi", email="folake@linden.example", parent_ref="P1")

    report = importer.apply({"t.txt": teacher_row()})

    assert report.created["teachers"] == 1
    assert session.exec(select(Contact)).all() == [parent]
    assert (parent.teacher_ref, parent.parent_ref, parent.level) == ("T1", "P1", Level.VIEWER)


def test_a_teacher_who_is_a_parent_keeps_name_and_level(session: Session, importer: Importer, school: School) -> None:
    folake = make_teacher(session, school, email="folake@linden.example", level=Level.MAKER)

    report = importer.apply({"p.txt": PARENTS + "P1|Bob|Miller|folake@linden.example\n"})

    assert report.created["parents"] == 1
    assert (folake.parent_ref, folake.name, folake.level) == ("P1", "Folake Adeyemi", Level.MAKER)
    assert [problem.severity for problem in report.problems] == [WARNING]
    assert "Folake Adeyemi of the staff" in report.problems[0].message


def test_a_parents_row_never_moves_a_teachers_address(session: Session, importer: Importer, school: School) -> None:
    folake = make_teacher(session, school, email="folake@linden.example", parent_ref="P1")

    report = importer.apply({"p.txt": PARENTS + "P1|Folake|Adeyemi|other@mail.example\n"})

    assert folake.email == "folake@linden.example"
    assert [problem.severity for problem in report.problems] == [WARNING]


def test_one_file_may_hold_a_person_as_teacher_and_as_parent(session: Session, importer: Importer) -> None:
    files = {
        "t.txt": teacher_row(),
        "p.txt": PARENTS + "P1|Folake|Adeyemi|folake@linden.example\n",
    }

    report = importer.apply(files)
    again = importer.apply(files)

    person = session.exec(select(Contact)).one()
    assert (person.teacher_ref, person.parent_ref) == ("T1", "P1")
    assert (report.created["teachers"], report.created["parents"]) == (1, 1)
    assert (again.unchanged["teachers"], again.unchanged["parents"]) == (1, 1)


def test_an_address_of_another_teacher_is_refused(session: Session, importer: Importer, school: School) -> None:
    uma = make_teacher(session, school, "Uma", "Voss", teacher_ref="T9", email="folake@linden.example")

    report = importer.apply({"t.txt": teacher_row()})

    assert (report.problems[0].column, report.problems[0].severity) == ("Email", ERROR)
    assert report.problems[0].message == "folake@linden.example already belongs to Uma Voss."
    assert (session.exec(select(Contact)).all(), uma.teacher_ref) == ([uma], "T9")


def test_an_address_that_would_leave_two_contacts_with_it_is_refused(
    session: Session, importer: Importer, school: School
) -> None:
    make_teacher(session, school, teacher_ref="T1", email="old@linden.example")
    make_contact(session, school, "Folake", "Adeyemi", email="folake@linden.example")

    report = importer.apply({"t.txt": teacher_row()})

    assert report.left_out == 1


def test_the_same_person_under_a_new_id_takes_it(session: Session, importer: Importer, school: School) -> None:
    folake = make_teacher(session, school, teacher_ref="OLD", email="folake@linden.example")

    report = importer.apply({"t.txt": teacher_row("NEW")})

    assert report.updated["teachers"] == 1
    assert folake.teacher_ref == "NEW"


def test_two_teachers_of_one_name_stay_two(session: Session, importer: Importer, school: School) -> None:
    make_teacher(session, school, teacher_ref="T1", email="a@linden.example")
    rows = "T2|Folake|Adeyemi|a@linden.example|||\nT1|Folake|Adeyemi|b@linden.example|||\n"

    report = importer.apply({"t.txt": HEAD + rows})
    again = importer.apply({"t.txt": HEAD + rows})

    assert (report.left_out, again.left_out, again.created["teachers"]) == (1, 0, 1)
    query = select(Contact.teacher_ref, Contact.email).order_by(Contact.teacher_ref)
    assert session.exec(query).all() == [("T1", "b@linden.example"), ("T2", "a@linden.example")]


def test_two_parents_with_one_address_are_two_people(session: Session, importer: Importer) -> None:
    rows = "P1|Alice|Alvarez|family@mail.example\nP2|Bob|Alvarez|family@mail.example\n"

    report = importer.apply({"p.txt": PARENTS + rows})

    assert report.problems[0].message == "family@mail.example already belongs to Alice Alvarez."
    assert report.created["parents"] == 1


def test_a_parent_who_stands_under_two_ids_is_one_person_with_all_children(
    session: Session, importer: Importer
) -> None:
    files = {
        "p.txt": PARENTS + "P1|Alice|Alvarez|alice@mail.example\nP2|ALICE|Alvarez|alice@mail.example\n",
        "s.txt": "StudentID|First|Last|SecurityValue\nS1|Mia|Alvarez|x\nS2|Leo|Alvarez|x\n",
        "ps.txt": "ParentID|StudentID\nP1|S1\nP2|S2\n",
    }

    report = importer.apply(files)
    again = importer.apply(files)

    assert session.exec(select(Contact.parent_ref)).all() == ["P1"]
    assert (report.created["parents"], report.created["guardians"]) == (1, 2)
    assert (again.unchanged["parents"], again.unchanged["guardians"]) == (2, 2)


def test_addresses_may_wander_between_teachers(session: Session, importer: Importer, school: School) -> None:
    """The row that frees an address stands before the row that takes it; the database never sees it twice."""
    first = make_teacher(session, school, teacher_ref="T1", email="a@linden.example")
    second = make_teacher(session, school, teacher_ref="T2", email="b@linden.example")
    rows = "T2|Uma|Voss|c@linden.example|||\nT1|Folake|Adeyemi|b@linden.example|||\nT3|Ida|Lund|a@linden.example|||\n"

    report = importer.apply({"t.txt": HEAD + rows}, "all")

    assert report.problems == []
    assert (first.email, second.email) == ("b@linden.example", "c@linden.example")


def test_the_same_address_in_another_school_is_another_contact_with_the_same_login(
    session: Session, importer: Importer, school: School
) -> None:
    elsewhere = make_teacher(session, make_school(session), teacher_ref="T1", email="folake@linden.example")
    login = make_login(session, "folake@linden.example")
    elsewhere.login_id = login.id

    importer.apply({"t.txt": teacher_row()})

    ours = session.exec(select(Contact).where(Contact.school_id == school.id)).one()
    assert ours.login_id == login.id
    assert (elsewhere.room, len(session.exec(select(Login)).all())) == ("", 1)


def test_room_and_link_that_were_typed_stay_where_the_file_is_silent(
    session: Session, importer: Importer, school: School
) -> None:
    link = "https://meet.linden.example/f"
    folake = make_teacher(session, school, teacher_ref="T1", room="9", virtual_room=link)

    importer.apply({"t.txt": "TeacherID|First|Last|Email|Room\nT1|Folake|Adeyemi|folake@linden.example|\n"})

    assert (folake.room, folake.virtual_room) == ("9", link)


# What a file can never do


@pytest.mark.parametrize("level", [Level.EVENT_ADMINISTRATOR, Level.ADMINISTRATOR])
def test_the_level_of_an_administrator_stays(
    session: Session, importer: Importer, school: School, level: Level
) -> None:
    """CSV-025"""
    dora = make_contact(session, school, "Folake", "Adeyemi", email="folake@linden.example", level=level)

    report = importer.apply({"t.txt": teacher_row(level="1")})

    assert (dora.level, dora.teacher_ref) == (level, "T1")
    assert [(problem.column, problem.severity) for problem in report.problems] == [("AccessLevel", WARNING)]


def test_the_address_of_an_administrator_stays(session: Session, importer: Importer, school: School) -> None:
    """Else a line in a file would hand their account to another mailbox."""
    login = make_login(session, "dora@linden.example")
    dora = make_teacher(
        session,
        school,
        teacher_ref="T1",
        email="dora@linden.example",
        level=Level.ADMINISTRATOR,
        login_id=login.id,
    )

    report = importer.apply({"t.txt": teacher_row(email="folake@linden.example", password=SECRET)})

    assert (dora.email, dora.login_id, login.password_hash) == ("dora@linden.example", login.id, None)
    assert [problem.column for problem in report.problems] == ["Email", "Password"]
    assert session.exec(select(Login.email)).all() == ["dora@linden.example"]


def test_a_level_that_the_school_gave_stays_where_the_file_is_silent(
    session: Session, importer: Importer, school: School
) -> None:
    folake = make_teacher(session, school, teacher_ref="T1", level=Level.RESOURCE_ADMINISTRATOR)

    importer.apply({"t.txt": teacher_row()})

    assert folake.level == Level.RESOURCE_ADMINISTRATOR


def test_a_new_login_gets_the_password_of_the_file(session: Session, importer: Importer) -> None:
    report = importer.apply({"t.txt": teacher_row(password=SECRET)})

    stored_hash = password_hash(session)
    assert stored_hash is not None
    assert stored_hash.startswith("scrypt:")
    assert check_password_hash(stored_hash, SECRET)
    assert SECRET not in report.dumps() + repr(report)


def test_a_login_without_a_password_gets_the_one_of_the_file(
    session: Session, importer: Importer, school: School
) -> None:
    importer.apply({"t.txt": teacher_row()})

    report = importer.apply({"t.txt": teacher_row(password=SECRET)})

    assert report.updated["teachers"] == 1
    assert check_password_hash(password_hash(session) or "", SECRET)


def test_a_password_that_is_there_is_never_overwritten(session: Session, importer: Importer) -> None:
    make_login(session, "folake@linden.example", password_hash="their own")

    importer.apply({"t.txt": teacher_row()})

    report = importer.apply({"t.txt": teacher_row(password=SECRET)})

    assert password_hash(session) == "their own"
    assert (report.unchanged["teachers"], report.problems) == (1, [])


def test_a_password_set_while_the_import_runs_is_not_overwritten(
    session: Session, school: School, now: datetime
) -> None:
    make_login(session, "folake@linden.example", password_hash="their own")
    assert school.id is not None

    write_lists(session, school.id, Lists(), hashes={"folake@linden.example": "from the file"}, now=now)

    assert password_hash(session) == "their own"


def test_no_password_is_set_for_who_belongs_to_another_school_too(
    session: Session, importer: Importer, school: School
) -> None:
    """Else one school's file would open the other school."""
    login = make_login(session, "folake@linden.example")
    make_teacher(session, make_school(session), email="folake@linden.example", login_id=login.id)

    report = importer.apply({"t.txt": teacher_row(password=SECRET)})

    assert password_hash(session) is None
    assert report.problems[0].column == "Password"
    assert "another school" not in report.problems[0].message


def test_no_password_is_set_for_an_administrator(session: Session, importer: Importer, school: School) -> None:
    login = make_login(session, "folake@linden.example")
    make_contact(session, school, email="folake@linden.example", level=Level.ADMINISTRATOR, login_id=login.id)

    report = importer.apply({"t.txt": teacher_row(password=SECRET)})

    assert password_hash(session) is None
    assert report.problems[0].message == "The password was not set. Folake Adeyemi signs in with a mailed code."


def test_no_password_is_set_for_the_login_of_an_administrator_with_another_address(
    session: Session, importer: Importer, school: School
) -> None:
    login = make_login(session, "folake@linden.example")
    make_contact(session, school, email="dora@linden.example", level=Level.ADMINISTRATOR, login_id=login.id)

    report = importer.apply({"t.txt": teacher_row(password=SECRET)})

    assert password_hash(session) is None
    assert [problem.column for problem in report.problems] == ["Password"]


def test_no_password_is_set_where_the_contact_signs_in_by_another_login(
    session: Session, importer: Importer, school: School
) -> None:
    login = make_login(session, "own@mail.example")
    make_teacher(session, school, teacher_ref="T1", email="folake@linden.example", room="112", login_id=login.id)

    report = importer.apply({"t.txt": teacher_row(password=SECRET)})

    assert password_hash(session, "own@mail.example") is None
    assert (report.unchanged["teachers"], [problem.column for problem in report.problems]) == (1, ["Password"])


def test_a_short_password_is_not_set(session: Session, importer: Importer) -> None:
    report = importer.apply({"t.txt": teacher_row(password="short")})

    assert password_hash(session) is None
    assert report.problems[0].message == "The password was not set: it needs at least 12 characters."
    assert (report.created["teachers"], report.left_out) == (1, 0)
