"""The Class Editor of an event: teams with their classes, and each class with its teachers and students."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from event_office import Office, open_office, words
from factories import make_class, make_resource, make_student, make_teacher
from online_office import time_stands_at
from sqlalchemy import insert
from sqlmodel import Session, select
from statements import statements

from webapp.db import Database
from webapp.models import (
    Appointment,
    Audit,
    Class,
    ClassTeacher,
    Contact,
    Enrolment,
    Level,
    Resource,
    ResourceMember,
    Slot,
    Student,
)
from webapp.models.base import new_token
from webapp.models.booking.appointment import OVER_LIMIT
from webapp.services.event.team import team_of


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        office = open_office(database, now)
        yield office
        office.app.extensions["confab"].database.dispose()


@pytest.fixture
def science(office: Office) -> Class:
    """Folake and Hugh teach it together; Mia sits in it, and Leo does not."""
    with office.arranged() as session:
        mia = make_student(session, office.school, "Mia", "Alvarez", student_ref="S100")
        make_student(session, office.school, "Leo", "Zimmer", student_ref="S200")
        row = make_class(session, office.school, called(session, "Folake"), mia, name="Science", class_ref="SC4")
        tie = ClassTeacher(class_id=row.id or 0, contact_id=called(session, "Hugh").id or 0, school_id=row.school_id)
        tie.position = 1
        session.add(tie)
        return row


def called(session: Session, first: str) -> Contact:
    return session.exec(select(Contact).where(Contact.first == first)).one()


def contact(office: Office, first: str) -> Contact:
    with office.database.reading() as session:
        return called(session, first)


def student(office: Office, first: str) -> Student:
    return next(row for row in office.all(Student) if row.first == first)


def page(office: Office, row: Class | None = None, **more: Any) -> Any:
    return (more.get("by") or office.dora).get(office.path(f"classes/{row.id}" if row else "classes"))


def post(office: Office, row: Class, rest: str = "", **typed: Any) -> Any:
    typed = typed if rest else {"class_ref": row.class_ref} | typed
    return office.dora.post(office.path(f"classes/{row.id}{rest}"), typed, follow_redirects=True)


def taught_by(office: Office) -> list[str]:
    ties = sorted(office.all(ClassTeacher), key=lambda tie: tie.position)
    names = {row.id: row.first for row in office.all(Contact)}
    return [names[tie.contact_id] for tie in ties]


@pytest.mark.both_databases
def test_it_lists_teams_in_order_with_classes_and_students(office: Office, science: Class) -> None:
    """PRODUCT 2.3: classes, teachers, enrolled students."""
    with office.arranged() as session:
        make_resource(session, office.event, called(session, "Hugh"), called(session, "Folake"), name="Joint")

    html = page(office).text

    assert "Joint Hugh Barlow Host Folake Adeyemi Science SC4 , 1 student" in words(html)
    assert "Folake Adeyemi Grade 4 Science SC4 , 1 student Taught also by Hugh Barlow" in words(html)
    assert f'href="{office.path("classes")}" aria-current="page">Class Editor<' in html
    assert "Class Editor" in office.dora.get(office.path()).text


def test_a_class_whose_teachers_are_not_in_the_event_is_named_and_one_press_mends_it(
    office: Office, science: Class
) -> None:
    """PRODUCT 1.7: the team in the order of the class, with the class's group."""
    with office.arranged() as session:
        for resource in session.exec(select(Resource)):
            session.delete(resource)
        session.get_one(Class, science.id).group_name = "Upper School"
    office.another_event()
    before = words(page(office).text)

    said = words(post(office, science, "/take").text)
    again = office.dora.post(office.path(f"classes/{science.id}/take"))

    assert "Classes without a teacher in this event 1" in before
    assert "Added Folake Adeyemi, Hugh Barlow" in said
    assert "Classes without a teacher" not in words(page(office).text)
    assert again.status_code == 422
    [made] = [row for row in office.all(Resource) if row.event_id == office.event.id]
    assert (made.name, made.group_name) == ("Folake Adeyemi, Hugh Barlow", "Upper School")
    with office.database.reading() as session:
        assert [one.first for one in team_of(session, made)] == ["Folake", "Hugh"]


@pytest.mark.both_databases
def test_fewer_appointments_allowed_turn_red_what_is_beyond_and_the_number_is_said(
    office: Office, science: Class
) -> None:
    """PRODUCT 1.11: PTAN; the families keep what they have."""
    with office.arranged() as session:
        session.get_one(Class, science.id).appointments_allowed = 2
    first, second = office.slots(office.folake, 2)
    about = {"student_id": student(office, "Mia").id, "class_id": science.id}
    booked = [office.booked(slot, nth=n, **about) for n, slot in enumerate((first, second), 1)]

    said = post(office, science, name="Science", group_name="", appointments_allowed="1")
    problems = [office.again(one).problem for one in booked]
    post(office, science, name="Biology", group_name="", appointments_allowed="2")

    assert "Saved. 1 appointment is over what the class allows, and red in the Appointments List." in words(said.text)
    assert problems == [None, OVER_LIMIT]
    assert [office.again(one).problem for one in booked] == [None, None]
    assert all(row.cancelled_at is None for row in office.all(Appointment))
    assert office.again(science).name == "Biology"


@pytest.mark.parametrize("typed", ["", "-1", "1000", "two"])
def test_a_number_that_is_none_is_refused_and_kept_as_typed(office: Office, science: Class, typed: str) -> None:
    answer = post(office, science, name="Biology", group_name="", appointments_allowed=typed)

    assert answer.status_code == 422
    assert 'value="Biology"' in answer.text
    assert office.again(science).name == "Science"


@pytest.mark.both_databases
def test_teachers_of_a_class_are_added_ordered_and_removed(office: Office, science: Class) -> None:
    """PRODUCT 2.3; by buttons, so by keyboard too, and a second click changes nothing."""
    with office.arranged() as session:
        make_teacher(session, office.school, "Kenji", "Ito")
    kenji, folake = contact(office, "Kenji").id, contact(office, "Folake").id

    for _ in range(2):
        post(office, science, "/teachers/add", contact=kenji)
    added = taught_by(office)
    post(office, science, "/teachers/up", contact=kenji)
    post(office, science, "/teachers/up", contact=kenji)
    post(office, science, "/teachers/up", contact=kenji)
    ordered = taught_by(office)
    for _ in range(2):
        post(office, science, "/teachers/drop", contact=folake)

    assert added == ["Folake", "Hugh", "Kenji"]
    assert ordered == ["Kenji", "Folake", "Hugh"]
    assert taught_by(office) == ["Kenji", "Hugh"]
    assert post(office, science, "/teachers/add", contact=office.alice.id).status_code == 404
    assert [one.resource_id for one in office.all(ResourceMember)] == [office.folake.id, office.hugh.id]


@pytest.mark.both_databases
def test_a_student_is_found_by_name_or_id_and_enrolled_and_taken_out(office: Office, science: Class) -> None:
    """PRODUCT 2.3: enrolled students. Names never stand in an address."""
    leo, mia = student(office, "Leo"), student(office, "Mia")

    by_name, by_ref = (words(post(office, science, "/students", words=typed).text) for typed in ("zim", "s200"))
    twin = words(post(office, science, "/students", words="Mia").text)
    for _ in range(2):
        said = words(post(office, science, "/students/add", student=leo.id).text)
    enrolled = {row.student_id for row in office.all(Enrolment)}
    post(office, science, "/students/drop", student=leo.id)

    assert "1 student found Leo Zimmer S200 Enrol" in by_name
    assert "1 student found Leo Zimmer S200 Enrol" in by_ref
    assert "Nobody found who is not in this class." in twin
    assert "Leo Zimmer is in this class now." in said
    assert enrolled == {leo.id, mia.id}
    assert {row.student_id for row in office.all(Enrolment)} == {mia.id}
    logged = [row.action for row in office.all(Audit)]
    assert logged.count("class.enrol") == 1
    assert logged.count("class.take_out") == 1


def test_who_is_taken_out_keeps_what_is_booked_and_the_office_learns_of_it(office: Office, science: Class) -> None:
    mia, [slot] = student(office, "Mia"), office.slots(office.folake, 1)
    booked = office.booked(slot, student_id=mia.id, class_id=science.id)

    said = words(post(office, science, "/students/drop", student=mia.id).text)

    assert "Mia Alvarez is not in this class any more. Coming appointments stay: 1." in said
    assert office.again(booked).cancelled_at is None


def test_an_event_administrator_sees_the_roster_and_changes_only_teams(office: Office, science: Class) -> None:
    """PRODUCT 1.6: everything on granted events; the roster is the school's."""
    bob = office.someone(Level.EVENT_ADMINISTRATOR, office.event)

    html = page(office, science, by=bob).text
    posts = [
        bob.post(office.path(f"classes/{science.id}{rest}"))
        for rest in ("", "/students", "/students/add", "/teachers/add", "/teachers/up")
    ]

    assert "Mia Alvarez" in words(html)
    assert "Enrol" not in words(html).replace("Enrolments", "")
    assert {answer.status_code for answer in posts} == {403}
    assert bob.post(office.path(f"classes/{science.id}/take")).status_code == 303


def test_another_school_s_class_and_students_are_not_there(office: Office, science: Class) -> None:
    """RELIABILITY T6"""
    elsewhere = office.another_school()
    with office.arranged() as session:
        theirs = make_student(session, elsewhere, "Nia")
        foreign = make_class(session, elsewhere, make_teacher(session, elsewhere), theirs)

    answers = [page(office, foreign), post(office, foreign, name="x", appointments_allowed="1")]
    answers.append(post(office, science, "/students/add", student=theirs.id))

    assert {answer.status_code for answer in answers} == {404}
    assert "Nia" not in post(office, science, "/students", words="Nia").text.replace('value="Nia"', "")


def test_a_team_of_three_is_put_in_order_without_a_new_host(office: Office) -> None:
    """R64: the first stays the host; its name follows its teachers."""
    with office.arranged() as session:
        three = [
            called(session, "Folake"),
            called(session, "Hugh"),
            make_teacher(session, office.school, "Kenji", "Ito"),
        ]
        team = make_resource(session, office.event, *three, name="Folake Adeyemi, Hugh Barlow, Kenji Ito")
    kenji = three[2].id
    was = ".".join(str(one.id) for one in three)

    html = office.dora.get(office.path(f"t/{team.id}")).text
    done = office.dora.post(office.path(f"t/{team.id}/up/{kenji}"), {"was": was})
    again = office.dora.post(office.path(f"t/{team.id}/up/{kenji}"), {"was": was})
    older = f"{three[1].id}.{three[0].id}.{kenji}"
    stale = office.dora.post(office.path(f"t/{team.id}/up/{kenji}"), {"was": older})
    to_host = office.dora.post(office.path(f"t/{team.id}/up/{kenji}"), {"was": f"{three[0].id}.{kenji}.{three[1].id}"})

    assert html.count("Move up") == 1
    assert [answer.status_code for answer in (done, again, stale, to_host)] == [303, 303, 409, 409]
    assert [row.action for row in office.all(Audit)].count("resource.order") == 1
    with office.database.reading() as session:
        assert [one.first for one in team_of(session, team)] == ["Folake", "Kenji", "Hugh"]
    assert office.again(team).name == "Folake Adeyemi, Kenji Ito, Hugh Barlow"


def test_a_schedule_called_after_its_teachers_is_called_so_when_they_change(office: Office) -> None:
    """What the office has named otherwise keeps its name."""
    with office.arranged() as session:
        support = make_resource(session, office.event, called(session, "Folake"), name="Learning Support")

    for resource in (office.folake, support):
        office.dora.post(office.path(f"t/{resource.id}/join"), {"contact": contact(office, "Hugh").id})

    assert office.again(office.folake).name == "Folake Adeyemi, Hugh Barlow"
    assert office.again(support).name == "Learning Support"


def test_the_list_asks_the_same_number_of_queries_whatever_its_length(office: Office, science: Class) -> None:
    """Issue 5: query counts fixed for lists at 10, 1,000 and 10,000 rows."""
    counts = []
    for number in (10, 990, 9_000):
        with office.arranged() as session:
            _many(session, office, number)
        with statements(office.app) as asked:
            assert page(office).status_code == 200
        counts.append(len(asked))

    assert len(office.all(Resource)) == 10_002
    assert len(set(counts)) == 1


def _many(session: Session, office: Office, number: int) -> None:
    """As many classes and teams of Folake's, and none of them without a teacher."""
    school, folake = office.school.id, called(session, "Folake").id
    kept = {"school_id": school, "appointments_allowed": 1, "name": "Many", "group_name": ""}
    session.execute(insert(Class), [kept | {"class_ref": new_token()} for _ in range(number)])
    known = select(ClassTeacher.class_id)
    classes = session.exec(select(Class.id).where(Class.name == "Many", Class.id.not_in(known))).all()  # type: ignore[union-attr]
    ties = {"contact_id": folake, "school_id": school, "position": 0}
    session.execute(insert(ClassTeacher), [ties | {"class_id": one} for one in classes])
    kept = {"school_id": school, "event_id": office.event.id, "name": "Many", "position": 9}
    kept |= {"group_name": "", "room": "", "virtual_room": ""}
    session.execute(insert(Resource), [kept | {"token": new_token()} for _ in range(number)])


def add_form(office: Office, **typed: Any) -> dict[str, Any]:
    found = re.search(r'name="key" value="([^"]+)"', office.dora.get(office.path("classes/add")).text)
    assert found
    about = {"class_ref": "M2", "name": "Maths", "group_name": "Lower", "appointments_allowed": "2"}
    return about | {"key": found[1]} | typed


@pytest.mark.both_databases
def test_a_class_is_added_by_hand_with_its_teacher_and_a_second_click_adds_none(office: Office) -> None:
    """PRODUCT 2.3; a school without files has classes too."""
    form = add_form(office, teacher=contact(office, "Folake").id)

    answers = [office.dora.post(office.path("classes/add"), form) for _ in range(2)]

    [made] = office.all(Class)
    assert {answer.headers["Location"] for answer in answers} == {office.path(f"classes/{made.id}")}
    assert (made.class_ref, made.name, made.group_name, made.appointments_allowed) == ("M2", "Maths", "Lower", 2)
    assert taught_by(office) == ["Folake"]
    assert [row.subject for row in office.all(Audit) if row.action == "class.add"] == [f"class {made.id}"]


def test_a_class_id_is_used_once_and_who_has_it_is_said(office: Office, science: Class) -> None:
    added = office.dora.post(office.path("classes/add"), add_form(office, class_ref=" SC4 "))
    with office.arranged() as session:
        other = make_class(session, office.school, called(session, "Hugh"), class_ref="H1", name="History")
    renamed = post(office, other, class_ref="SC4", name="Mine", group_name="", appointments_allowed="1")
    nameless = office.dora.post(office.path("classes/add"), add_form(office, class_ref=" "))

    assert [answer.status_code for answer in (added, renamed, nameless)] == [422] * 3
    assert "Science has this ClassID already." in words(added.text)
    assert 'value="Mine"' in renamed.text
    assert [row.name for row in office.all(Class)] == ["Science", "History"]


def test_a_class_is_renamed_with_its_class_id(office: Office, science: Class) -> None:
    post(office, science, class_ref="SC5", name="Physics", group_name="", appointments_allowed="1")

    row = office.again(science)
    assert (row.class_ref, row.name) == ("SC5", "Physics")


def test_a_teacher_of_another_school_is_not_given_a_new_class(office: Office) -> None:
    """RELIABILITY T6"""
    other = office.another_school()
    with office.arranged() as session:
        foreign = make_teacher(session, other, "Eve", "Stone")

    answer = office.dora.post(office.path("classes/add"), add_form(office, teacher=foreign.id))

    assert answer.status_code == 404
    assert office.all(Class) == []


@pytest.mark.both_databases
def test_a_class_is_removed_only_when_no_coming_appointment_is_for_it(office: Office, science: Class) -> None:
    """Nobody vanishes with bookings standing (issue 5); past appointments stay."""
    [slot] = office.slots(office.folake, 1)
    booked = office.booked(slot, student_id=student(office, "Mia").id, class_id=science.id)
    at = office.path(f"classes/{science.id}/remove")

    look, refused = office.dora.get(at), office.dora.post(at)
    with office.arranged() as session:
        past = session.get_one(Slot, slot.id)
        past.starts_at, past.ends_at = office.now - timedelta(hours=1), office.now
    again = office.dora.get(at)
    removed = office.dora.post(at)

    assert "1 coming appointment is for this class." in words(look.text)
    assert "Remove class</button>" not in look.text
    assert refused.status_code == 409
    assert "Science has coming appointments: 1. Cancel or move them first. Nothing was removed." in words(refused.text)
    assert "1 student is not enrolled in it any more" in words(again.text)
    assert "1 past appointment stays, without the name of the class" in words(again.text)
    assert removed.headers["Location"] == office.path("classes")
    assert (office.all(Class), office.all(Enrolment), office.all(ClassTeacher)) == ([], [], [])
    assert office.again(booked).class_id is None
    assert office.dora.post(at).status_code == 404
