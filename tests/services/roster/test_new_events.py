"""An Events file makes an event of the roster as the same upload leaves it; the dry run knows it beforehand."""

from typing import Any

import pytest
from factories import make_class, make_student, make_teacher
from importer import Importer
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from webapp.errors import Busy
from webapp.models import Contact, Event, Resource, School, Slot
from webapp.services.roster import import_roster
from webapp.services.roster.report import Report
from webapp.services.roster.write_evenings import NotTaken

CLASSES = "ClassID|TeacherID|ClassName\n"
EVENTS = "EventName|Resource|Date|StartTime|EndTime|Duration\n"
TEACHERS = "TeacherID|First|Last|Email\n"


@pytest.fixture(autouse=True)
def _teachers(session: Session, school: School) -> None:
    """Folake and Hugh, who teach no class yet."""
    make_teacher(session, school, teacher_ref="T1", email="f@linden.example")
    make_teacher(session, school, "Hugh", "Barlow", teacher_ref="T2", email="h@linden.example")


def times(resource: str) -> str:
    return f"{EVENTS}Spring|{resource}|2027-03-04|16:00|17:00|30\n"


def told_and_done(importer: Importer, files: dict[str, str]) -> tuple[Report, Report]:
    """What the dry run says, and what Apply does."""
    plan = importer.plan(files)
    importer.session.expire_all()
    return plan.report, importer.apply(files)


def evening(session: Session) -> tuple[str, list[str], int]:
    """The kind of the only event, its resources, and how many slots there are."""
    event = session.exec(select(Event)).one()
    names = session.exec(select(Resource.name).where(Resource.event_id == event.id).order_by(col(Resource.position)))
    return event.type, list(names), len(session.exec(select(Slot)).all())


def test_it_has_the_teams_of_the_classes_that_come_with_it(session: Session, importer: Importer) -> None:
    classes = f"{CLASSES}4A|T1|Grade 4\n4A|T2|\n"

    told, done = told_and_done(importer, {"c.txt": classes, "e.txt": times("Folake Adeyemi, Hugh Barlow")})

    assert (told.problems, told.created) == (done.problems, done.created) == ([], done.created)
    assert evening(session) == ("pta", ["Folake Adeyemi, Hugh Barlow"], 2)


def test_who_teaches_no_class_of_those_is_told_before_anything_is_applied(session: Session, importer: Importer) -> None:
    files = {
        "c.txt": f"{CLASSES}4A|T1|Grade 4\n",
        "e.txt": times("Hugh Barlow") + times("Folake Adeyemi")[len(EVENTS) :],
    }

    told, done = told_and_done(importer, files)

    assert [problem.message for problem in told.problems] == ["The event has no teacher Hugh Barlow."]
    assert (told.problems, told.created) == (done.problems, done.created)
    assert evening(session) == ("pta", ["Folake Adeyemi"], 2)


def test_a_team_that_the_same_upload_changes_is_taken_as_it_will_be(
    session: Session, school: School, importer: Importer
) -> None:
    folake = session.exec(select(Contact).where(Contact.teacher_ref == "T1")).one()
    make_class(session, school, folake, make_student(session, school), class_ref="4A")
    files = {"c.txt": f"{CLASSES}4A|T2|\n", "e.txt": times("Hugh Barlow")}

    told, done = told_and_done(importer, files)

    assert (told.problems, done.problems) == ([], [])
    assert evening(session) == ("pta", ["Hugh Barlow"], 2)


def test_a_teacher_is_called_as_the_same_upload_calls_them(session: Session, importer: Importer) -> None:
    files = {"t.txt": f"{TEACHERS}T1|Folake|Adeyemi Okoro|f@linden.example\n", "e.txt": times("Folake Adeyemi Okoro")}

    told, done = told_and_done(importer, files)

    assert (told.problems, done.problems) == ([], [])
    assert evening(session) == ("simple_pta", ["Folake Adeyemi Okoro", "Hugh Barlow"], 2)


def test_a_teacher_who_is_renamed_while_it_is_written_is_named(
    session: Session, importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Contacts may do on PostgreSQL; to try again would not help."""
    _meanwhile(monkeypatch, session, update(Contact).where(col(Contact.teacher_ref) == "T1").values(last="Okoro"))

    with pytest.raises(NotTaken) as refused:
        importer.apply({"e.txt": times("Folake Adeyemi")})

    assert refused.value.values == {"teacher": "Folake Adeyemi", "event": "Spring"}


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("broken", "raised"),
    [({"teacher_ref": "T3"}, Busy), ({"first": None}, IntegrityError), ({"level": 9}, IntegrityError)],
)
def test_only_what_somebody_else_may_have_taken_is_worth_another_try(
    session: Session,
    importer: Importer,
    monkeypatch: pytest.MonkeyPatch,
    broken: dict[str, Any],
    raised: type[Exception],
) -> None:
    """A large import would else try its own mistake for a day."""
    _meanwhile(monkeypatch, session, update(Contact).values(broken))

    with pytest.raises(raised), session.begin_nested():
        importer.apply({"t.txt": f"{TEACHERS}T1|Folake|Adeyemi|f@linden.example\n"})


def _meanwhile(monkeypatch: pytest.MonkeyPatch, session: Session, statement: Any) -> None:
    monkeypatch.setattr(import_roster, "write_rooms", lambda *_some, **_more: session.execute(statement))
