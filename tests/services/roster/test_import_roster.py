"""The use case: a dry run that says what Apply does, twice the same, for one school alone."""

import json
from contextlib import nullcontext, suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from factories import EVENING, make_contact, make_event, make_login, make_resource, make_school, make_slot, make_teacher
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from importer import Importer
from sqlalchemy import func, update
from sqlmodel import Session, select

from webapp.db import Database
from webapp.errors import Invalid
from webapp.i18n import sentence
from webapp.models import Audit, Contact, Level, School, Student, metadata
from webapp.services.roster.held import Lists
from webapp.services.roster.import_roster import apply_import, plan_import
from webapp.services.roster.load import load_lists
from webapp.services.roster.report import KINDS
from webapp.services.system.audit import SYSTEM, Who

NOTHING = dict.fromkeys(KINDS, 0)
STUDENTS = "StudentID|First|Last|SecurityValue\n"


def contents(session: Session) -> dict[str, list[object]]:
    """Every row of every table."""
    return {table.name: sorted(map(repr, session.execute(table.select()).all())) for table in metadata.sorted_tables}


def test_a_dry_run_says_what_apply_does_and_writes_nothing(
    session: Session, importer: Importer, own_files: dict[str, bytes]
) -> None:
    before = contents(session)

    plan = importer.plan(own_files)
    after = contents(session)
    applied = importer.apply(own_files)

    assert after == before
    assert plan.report == applied
    assert contents(session) != before


def test_a_second_import_of_the_same_files_changes_nothing(
    session: Session, importer: Importer, own_files: dict[str, bytes]
) -> None:
    first = importer.apply(own_files)
    rows = {name: content for name, content in contents(session).items() if name != "audit"}

    second = importer.apply(own_files)

    assert (second.created, second.updated, second.unchanged) == (NOTHING, NOTHING, first.created)
    assert second.changes == []
    assert {name: content for name, content in contents(session).items() if name != "audit"} == rows


def test_apply_looks_again_at_what_others_did_since_the_dry_run(
    session: Session, importer: Importer, school: School, now: datetime
) -> None:
    plan = importer.plan({"s.txt": STUDENTS + "S1|Mia|Alvarez|x\nS2|Leo|Alvarez|x\n"})
    importer.apply({"other.txt": STUDENTS + "S1|Mia|Alvarez|x\n"})

    report = apply_import(session, school, plan, who=SYSTEM, now=now)

    assert (plan.report.created["students"], report.created["students"]) == (2, 1)
    assert report.unchanged["students"] == 1
    assert len(session.exec(select(Student)).all()) == 2


@pytest.mark.both_databases
def test_what_somebody_changes_while_a_roster_is_applied_stays_as_they_want_it(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rights above all: they were read before they were taken away."""
    file = {"t.txt": b"TeacherID\tFirst\tLast\tEmail\tRoom\nT1\tFolake\tAdeyemi\tf@linden.example\tB9\n"}
    with database.transaction() as session:
        school = make_school(session)
        make_teacher(session, school, email="f@linden.example", teacher_ref="T1")
    changing = update(Contact).values(level=Level.CUSTOMER, virtual_room="https://meet.example/f")

    def load_and_be_overtaken(session: Session, *given: Any, **named: Any) -> Lists:
        loaded = load_lists(session, *given, **named)
        # SQLite has one writer: there this is the first moment at which anybody can have changed it.
        with nullcontext(session) if database.is_sqlite else database.transaction() as other:
            other.execute(changing)
        return loaded

    with database.transaction() as session:
        plan = plan_import(session, school, file, now=now)
        monkeypatch.setattr("webapp.services.roster.import_roster.load_lists", load_and_be_overtaken)
        apply_import(session, school, plan, who=SYSTEM, now=now)

    with database.reading() as session:
        seen = session.exec(select(Contact)).one()
        assert (seen.room, seen.level, seen.virtual_room) == ("B9", Level.CUSTOMER, "https://meet.example/f")


def test_schools_are_apart(session: Session, importer: Importer, own_files: dict[str, bytes], now: datetime) -> None:
    other = make_school(session)
    importer.apply(own_files)

    plan = plan_import(session, other, {"Enrollment.txt": own_files["Enrollment.txt"]}, now=now)
    apply_import(session, other, plan_import(session, other, own_files, now=now), who=SYSTEM, now=now)

    assert plan.report.left_out == 5
    assert session.exec(select(func.count()).select_from(Student).where(Student.school_id == other.id)).one() == 5


def test_who_imported_and_how_much_is_written_down(
    session: Session, importer: Importer, school: School, now: datetime
) -> None:
    dora = make_contact(session, school, "Dora", "Office")
    login = make_login(session, "dora@linden.example")
    plan = importer.plan({"s.txt": STUDENTS + "S1|Mia|Alvarez|x\n|Leo|Alvarez|x\n"})

    apply_import(session, school, plan, who=Who(login.id, acting_as_id=dora.id), now=now)

    entry = session.exec(select(Audit)).one()
    assert (entry.action, entry.school_id, entry.login_id) == ("roster.import", school.id, login.id)
    assert json.loads(entry.detail) == {"left_out": 1, "created students": 1}


def test_a_command_writes_names_in_the_order_of_the_school(
    session: Session, importer: Importer, school: School
) -> None:
    """Nobody's request says which that is."""
    school.names_last_first = True
    resource = make_resource(
        session, make_event(session, school), make_teacher(session, school, teacher_ref="T1"), name="Adeyemi, Folake"
    )

    importer.apply({"t.txt": "TeacherID|First|Last|Email|Room\nT1|Adeyemi|Folake|f@linden.example|9\n"}, "all")

    session.refresh(resource)
    assert resource.name == "Folake, Adeyemi"


def test_rooms_of_an_event_that_is_over_stay_as_they_are(session: Session, importer: Importer, school: School) -> None:
    folake = make_teacher(session, school, teacher_ref="T1")
    resource = make_resource(session, make_event(session, school), folake)
    make_slot(session, resource, at=EVENING - timedelta(days=30))
    header = "TeacherID|First|Last|Email|Room|VirtualRoom\n"

    importer.apply({"t.txt": f"{header}T1|Ola|Ade|ola@linden.example|9|https://meet.linden.example/o\n"}, "all")

    session.refresh(resource)
    assert (folake.room, folake.virtual_room) == ("9", "https://meet.linden.example/o")
    assert (resource.name, resource.room, resource.virtual_room) == ("Ola Ade", "112", "")


def test_a_refused_import_leaves_no_half(database: Database, now: datetime) -> None:
    """CSV-038: what fails in the middle of writing leaves the old roster."""
    with database.transaction() as session:
        school = make_school(session)
    plan_files = {"s.txt": (STUDENTS + "S1|Mia|Alvarez|x\n").replace("|", "\t").encode()}

    with suppress(ZeroDivisionError), database.transaction() as session:
        apply_import(session, school, plan_import(session, school, plan_files, now=now), who=SYSTEM, now=now)
        raise ZeroDivisionError

    with database.reading() as session:
        assert session.exec(select(Student)).all() == []


def test_headings_without_rows_are_refused(importer: Importer) -> None:
    """CSV-002"""
    with pytest.raises(Invalid) as refused:
        importer.plan({"Student.txt": STUDENTS})

    assert sentence(refused.value) == "No rows found under the headings of Student.txt."


def test_a_file_of_another_kind_is_refused_with_its_headings(importer: Importer) -> None:
    with pytest.raises(Invalid) as refused:
        importer.plan({"menu.csv": b"Monday,Tuesday\nsoup,pasta\n"})

    assert "menu.csv has none of the headings" in sentence(refused.value)
    assert "Found: Monday, Tuesday." in sentence(refused.value)


def test_a_stray_text_beside_roster_files_is_noted_and_not_read(importer: Importer) -> None:
    report = importer.apply({"README.txt": b"Dear office\n", "Student.txt": STUDENTS + "S1|Mia|Alvarez|x\n"})

    assert report.created["students"] == 1
    assert [(note.file, note.severity) for note in report.notes] == [("README.txt", "note")]


def test_one_unreadable_file_refuses_them_all(session: Session, importer: Importer) -> None:
    with pytest.raises(Invalid, match="not a text file"):
        importer.apply({"Student.txt": STUDENTS + "S1|Mia|Alvarez|x\n", "Class.txt": b"%PDF-1.7"})

    assert session.exec(select(Student)).all() == []


def test_nothing_to_read_is_refused(importer: Importer) -> None:
    with pytest.raises(Invalid):
        importer.plan({})


def test_passwords_are_hashed_before_the_transaction_when_asked(
    session: Session, importer: Importer, school: School, now: datetime
) -> None:
    head = "TeacherID|First|Last|Email|Password\n"
    plan = importer.plan({"t.txt": head + "T1|Ola|Ade|ola@linden.example|correct horse battery\n"})

    plan.hash_passwords()
    hashed = dict(plan.hashes)
    apply_import(session, school, plan, who=SYSTEM, now=now)

    assert list(hashed) == ["ola@linden.example"]
    assert plan.hashes == hashed
    assert "correct horse" not in repr(plan)


# Whatever comes in

PEOPLE, PUPILS, CLASSES = ["P1", "P2", "T1", "T2"], ["S1", "S2", "S3"], ["4A", "2B"]
ADDRESSES = ["", "a@linden.example", "b@linden.example", "c@mail.example", "nobody"]
LIKELY = {
    "StudentID": PUPILS,
    "ClassID": CLASSES,
    "ParentID": PEOPLE,
    "TeacherID": PEOPLE,
    "First": ["Mia", "Bo"],
    "Last": ["Ode", "Ali"],
    "Email": ADDRESSES,
    "AccessLevel": ["", "1", "3", "4"],
    "Action": ["", "", "update", "delete"],
    "PTAN": ["", "0", "2"],
    "sourcedId": [*PEOPLE, *PUPILS, *CLASSES],
    "userSourcedId": [*PEOPLE, *PUPILS],
    "classSourcedId": CLASSES,
    "agentSourcedIds": ["", *PEOPLE, *PUPILS, '"P1,P2,S1"'],
    "givenName": ["Mia", "Bo"],
    "familyName": ["Ode", "Ali"],
    "email": ADDRESSES,
    "role": ["student", "teacher", "parent", "guardian", "aide"],
    "status": ["", "active", "tobedeleted"],
    "primary": ["", "true", "false"],
}
LAYOUTS = [
    "StudentID First Last SecurityValue Action",
    "TeacherID First Last Email Room VirtualRoom AccessLevel",
    "ClassID TeacherID ClassName PTAN",
    "StudentID ClassID ClassID",
    "ParentID First Last Email",
    "ParentID StudentID",
    "sourcedId givenName familyName role email agentSourcedIds status",
    "sourcedId title schoolSourcedId grades",
    "classSourcedId userSourcedId role primary",
    "sourcedId birthDate",
]
NAMES = ["a.txt", "b.csv", "c.tsv", "d.txt", "users.csv", "Class.txt"]


@st.composite
def table(draw: st.DrawFn) -> bytes:
    """Mostly sensible, now and then anything."""
    columns = draw(st.sampled_from(LAYOUTS)).split()
    delimiter = draw(st.sampled_from(["\t", ",", ";"]))
    lines = [delimiter.join(columns)]
    for _ in range(draw(st.integers(0, 6))):
        cells = [draw(st.sampled_from(LIKELY.get(column, ["", "x"]))) for column in columns]
        if draw(st.integers(0, 9)) == 0:
            cells[draw(st.integers(0, len(cells) - 1))] = draw(st.text(max_size=6))
        lines.append(delimiter.join(cells[: draw(st.sampled_from([9, 9, 9, 2]))]))
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    return newline.join(lines).encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])), "replace")


FILES = st.dictionaries(st.sampled_from(NAMES), table(), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=200), table()), name=st.text(max_size=12))
def test_no_bytes_do_worse_than_be_refused(importer: Importer, content: bytes, name: str) -> None:
    before = contents(importer.session)
    with suppress(Invalid):
        importer.plan({name: content})

    assert contents(importer.session) == before


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES)
def test_whatever_is_applied_is_unchanged_when_it_comes_again(
    session: Session, importer: Importer, files: dict[str, bytes]
) -> None:
    empty = session.begin_nested()
    try:
        report = importer.apply(files)
        again = importer.apply(files)
        highest = session.exec(select(func.max(Contact.level))).one()
    except Invalid:
        return
    finally:
        empty.rollback()

    assert json.dumps(report.as_json())
    if report.left_out == 0:
        assert (again.created, again.updated) == (NOTHING, NOTHING)
    assert all(problem.row > 1 for problem in again.problems)
    assert (highest or 0) <= Level.RESOURCE_ADMINISTRATOR
