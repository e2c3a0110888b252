"""Calendar Link Setup Status lists the teachers who have a resource and virtual slots, and nobody else."""

from factories import (
    make_contact,
    make_event,
    make_resource,
    make_school,
    make_slot,
    make_teacher,
)
from sqlalchemy import event as sql_event
from sqlmodel import Session

from webapp.models import Contact, Event, Level, School
from webapp.services.meeting.calendar_status import setup_status


def teacher(session: Session, event: Event, name: str, *kinds: str, **values: object) -> Contact:
    first, _, last = name.partition(" ")
    school = session.get_one(School, event.school_id)
    contact = make_teacher(session, school, first, last, **values)
    resource = make_resource(session, event, contact, group_name="Grade 4")
    for kind in kinds:
        make_slot(session, resource, kind=kind)
    return contact


def names(session: Session, *events: Event, **asked: object) -> list[str]:
    return [row.name for row in setup_status(session, [event.id or 0 for event in events], **asked).rows]  # type: ignore[arg-type]


def test_a_teacher_needs_a_resource_and_virtual_slots(session: Session) -> None:
    """R37"""
    school = make_school(session)
    event = make_event(session, school)
    teacher(session, event, "Vera Virtual", "V")
    teacher(session, event, "Paul Either", "PV")
    teacher(session, event, "Ines Inperson", "P")
    teacher(session, event, "Nora Noslots")
    make_teacher(session, school, "Rita", "Roster")
    make_slot(session, make_resource(session, event), kind="V")

    assert names(session, event) == ["Paul Either", "Vera Virtual"]


def test_a_removed_slot_counts_no_more_and_another_event_only_if_asked_for(session: Session, now: object) -> None:
    school = make_school(session)
    event, other = make_event(session, school), make_event(session, school)
    vera = make_teacher(session, school, "Vera", "Virtual")
    make_slot(session, make_resource(session, event, vera), kind="V", removed_at=now)
    make_slot(session, make_resource(session, other, vera), kind="V")

    assert names(session, event) == []
    assert names(session, event, other) == ["Vera Virtual"]


def test_all_of_a_team_are_listed_once_however_many_resources_they_have(session: Session) -> None:
    school = make_school(session)
    event = make_event(session, school)
    vera = teacher(session, event, "Vera Virtual", "V")
    paul = make_teacher(session, school, "Paul", "Partner")
    make_slot(session, make_resource(session, event, vera, paul), kind="V")

    assert names(session, event) == ["Paul Partner", "Vera Virtual"]


def test_they_are_found_by_a_part_of_the_name_whatever_its_case(session: Session) -> None:
    event = make_event(session, make_school(session))
    for name in ("Vera Virtual", "Paul Either", "Per_cent 100%"):
        teacher(session, event, name, "V")

    assert names(session, event, name=" RA VIR ") == ["Vera Virtual"]
    assert names(session, event, name="%") == ["Per_cent 100%"]
    assert names(session, event, name="nobody") == []


def test_twenty_five_stand_on_a_page_and_a_page_beyond_the_last_is_the_last(session: Session) -> None:
    event = make_event(session, make_school(session))
    for n in range(53):
        teacher(session, event, f"T {n:02}", "V")

    second, last = (setup_status(session, [event.id or 0], page=page) for page in (2, 99))

    assert (second.first, second.last, second.total, second.pages) == (26, 50, 53, 3)
    assert (last.page, [row.name for row in last.rows]) == (3, ["T 50", "T 51", "T 52"])
    assert setup_status(session, [event.id or 0], page=-4).page == 1


def test_only_teachers_below_event_administrator_can_be_acted_as(session: Session) -> None:
    school = make_school(session)
    event = make_event(session, school)
    levels = (Level.CUSTOMER, Level.VIEWER, Level.RESOURCE_ADMINISTRATOR, Level.EVENT_ADMINISTRATOR)
    for level in levels:
        teacher(session, event, f"Level {int(level)}", "V", level=level)
    helper = make_contact(session, school, "Without", "Number", level=Level.VIEWER)
    make_slot(session, make_resource(session, event, helper), kind="V")

    rows = setup_status(session, [event.id or 0]).rows

    assert [row.may_be_acted_as for row in rows] == [False, True, True, False, False]


def test_it_asks_two_queries_whatever_the_number_of_teachers(session: Session) -> None:
    event = make_event(session, make_school(session))
    for n in range(40):
        teacher(session, event, f"T {n:02}", "V")
    asked: list[object] = []
    sql_event.listen(session.get_bind(), "before_cursor_execute", lambda *event: asked.append(event[2]))

    setup_status(session, [event.id or 0])

    assert len(asked) == 2
