"""Calendar Link Setup Status lists the teachers who have a resource and virtual slots, and whether their calendars are
set up."""

from datetime import datetime, timedelta

import pytest
from factories import (
    EVENING,
    LONG_AGO,
    make_appointment,
    make_calendar_link,
    make_contact,
    make_event,
    make_resource,
    make_school,
    make_slot,
    make_teacher,
    stored,
)
from sqlalchemy import event as sql_event
from sqlmodel import Session, select

from webapp.errors import NotFound
from webapp.models import CalendarEntry, Contact, Event, Level, Message, Resource, School, SignInLink
from webapp.services.calendar.invite import CannotBeInvited, Invited, invite, invite_all
from webapp.services.meeting.calendar_status import NOT_EXPORTED, SetupRow, setup_status
from webapp.services.system.audit import SYSTEM


def teacher(session: Session, event: Event, name: str, *kinds: str, **values: object) -> Contact:
    first, _, last = name.partition(" ")
    school = session.get_one(School, event.school_id)
    contact = make_teacher(session, school, first, last, **values)
    resource = make_resource(session, event, contact, group_name="Grade 4")
    for kind in kinds:
        make_slot(session, resource, kind=kind)
    return contact


def names(session: Session, *events: Event, **asked: object) -> list[str]:
    return [row.name for row in setup_status(session, [event.id or 0 for event in events], now=LONG_AGO, **asked).rows]  # type: ignore[arg-type]


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

    second, last = (setup_status(session, [event.id or 0], now=LONG_AGO, page=page) for page in (2, 99))

    assert (second.first, second.last, second.total, second.pages) == (26, 50, 53, 3)
    assert (last.page, [row.name for row in last.rows]) == (3, ["T 50", "T 51", "T 52"])
    assert setup_status(session, [event.id or 0], now=LONG_AGO, page=-4).page == 1


def test_teachers_below_event_administrator_can_be_acted_as_whoever_added_them(session: Session) -> None:
    """R32, R37: a resource makes a teacher, with a TeacherID or without."""
    school = make_school(session)
    event = make_event(session, school)
    levels = (Level.CUSTOMER, Level.VIEWER, Level.RESOURCE_ADMINISTRATOR, Level.EVENT_ADMINISTRATOR)
    for level in levels:
        teacher(session, event, f"Level {int(level)}", "V", level=level)
    by_hand = make_contact(session, school, "Without", "Number", level=Level.VIEWER)
    make_slot(session, make_resource(session, event, by_hand), kind="V")

    rows = setup_status(session, [event.id or 0], now=LONG_AGO).rows

    assert [row.may_be_acted_as for row in rows] == [False, True, True, False, True]


def test_it_asks_three_queries_whatever_the_number_of_teachers(session: Session) -> None:
    event = make_event(session, make_school(session))
    for n in range(40):
        teacher(session, event, f"T {n:02}", "V")
    asked: list[object] = []
    sql_event.listen(session.get_bind(), "before_cursor_execute", lambda *event: asked.append(event[2]))

    setup_status(session, [event.id or 0], now=LONG_AGO)

    assert len(asked) == 3


WHOLE = {"calendar_id": "cal", "calendar_name": "Conferences", "saved_at": LONG_AGO}


def row_of(session: Session, event: Event) -> SetupRow:
    [row] = setup_status(session, [event.id or 0], now=LONG_AGO).rows
    return row


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("left_out", "hint"),
    [
        ({}, ""),
        ({"connected_at": None}, "Open: sign in on Calendar Sync"),
        ({"disconnected_at": LONG_AGO}, "Open: sign in on Calendar Sync"),
        ({"needs_reconnect_at": LONG_AGO}, "Open: sign in again on Calendar Sync"),
        ({"calendar_id": "", "calendar_name": ""}, "Open: choose a default calendar"),
        ({"saved_at": None}, "Open: click Save and Sync"),
    ],
)
def test_export_is_ticked_when_all_three_steps_are_done_and_else_the_open_one_is_named(
    session: Session, left_out: dict[str, object], hint: str
) -> None:
    """R33, R34"""
    event = make_event(session, make_school(session))
    vera = teacher(session, event, "Vera Virtual", "V")
    make_calendar_link(session, vera, **WHOLE | left_out)

    row = row_of(session, event)

    assert (row.is_export, row.open_step) == (not hint, hint)
    assert setup_status(session, [event.id or 0], now=LONG_AGO).unexported == (1 if hint else 0)


def test_of_two_accounts_the_one_on_which_the_fewest_steps_are_open_counts(session: Session) -> None:
    """R33, R34"""
    event = make_event(session, make_school(session))
    vera = teacher(session, event, "Vera Virtual", "V")
    make_calendar_link(session, vera, needs_reconnect_at=LONG_AGO)
    outlook = make_calendar_link(session, vera, provider="microsoft", calendar_id="x", calendar_name="Calendar")
    assert row_of(session, event).open_step == "Open: click Save and Sync"

    outlook.saved_at = LONG_AGO
    session.flush()

    assert (row_of(session, event).is_export, row_of(session, event).calendars) == (True, ["Outlook, Calendar"])


@pytest.mark.parametrize("chosen", [{}, {"calendar_id": "x", "calendar_name": "Calendar"}])
def test_an_account_that_was_set_up_and_died_is_named_before_one_that_was_only_begun(
    session: Session, chosen: dict[str, str]
) -> None:
    """R33, R34: entries wait for it."""
    event = make_event(session, make_school(session))
    vera = teacher(session, event, "Vera Virtual", "V")
    make_calendar_link(session, vera, **WHOLE, needs_reconnect_at=LONG_AGO)
    make_calendar_link(session, vera, provider="microsoft", **chosen)

    assert row_of(session, event).open_step == "Open: sign in again on Calendar Sync"


def test_import_is_ticked_once_the_switch_is_on_and_saved_and_says_when_busy_times_are_old(
    session: Session, now: datetime
) -> None:
    """R35"""
    event = make_event(session, make_school(session))
    vera = teacher(session, event, "Vera Virtual", "V")
    link = make_calendar_link(session, vera, calendar_id="cal", is_import=True)
    assert not row_of(session, event).is_import

    link.saved_at, link.synced_at, link.called_at = now, now - timedelta(hours=3), now
    session.flush()
    row = row_of(session, event)
    assert (row.is_import, row.synced_at, row.has_old_times) == (True, now - timedelta(hours=3), False)

    link.problem = "Google did not answer in time."
    session.flush()
    assert row_of(session, event).has_old_times


@pytest.mark.parametrize(
    ("problem", "at", "is_told"),
    [(None, EVENING, False), ("Refused.", EVENING, True), ("Refused.", LONG_AGO - timedelta(days=1), False)],
)
def test_a_calendar_that_did_not_take_an_appointment_to_come_is_told(
    session: Session, problem: str | None, at: datetime, is_told: bool
) -> None:
    school = make_school(session)
    event = make_event(session, school)
    vera = teacher(session, event, "Vera Virtual")
    link = make_calendar_link(session, vera, **WHOLE)
    slot = make_slot(session, session.exec(select(Resource)).one(), at=at, kind="V")
    appointment = make_appointment(session, slot, make_contact(session, school))
    ties = {"school_id": school.id, "appointment_id": appointment.id, "link_id": link.id}
    stored(session, CalendarEntry(**ties, calendar_id="cal", key="k", wished_at=LONG_AGO, problem=problem))

    assert row_of(session, event).has_failing_entries is is_told


def test_those_whose_export_is_blank_are_shown_alone_with_their_number(session: Session) -> None:
    event = make_event(session, make_school(session))
    for name in ("Vera Virtual", "Paul Either", "Ines Virtual"):
        teacher(session, event, name, "V")
    vera = teacher(session, event, "Zoe Virtual", "V")
    make_calendar_link(session, vera, **WHOLE)

    everybody = setup_status(session, [event.id or 0], now=LONG_AGO, name="virtual")
    blank = setup_status(session, [event.id or 0], now=LONG_AGO, name="virtual", show=NOT_EXPORTED)

    assert (everybody.total, everybody.unexported) == (3, 2)
    assert ([row.name for row in blank.rows], blank.total) == (["Ines Virtual", "Vera Virtual"], 2)


@pytest.mark.both_databases
def test_all_who_are_not_set_up_are_mailed_an_invitation_once_a_day(session: Session, now: datetime) -> None:
    """R34"""
    event = make_event(session, make_school(session))
    vera = teacher(session, event, "Vera Virtual", "V")
    make_calendar_link(session, teacher(session, event, "Zoe Exported", "V"), **WHOLE)
    teacher(session, event, "Nora Nomail", "V", email=None)
    teacher(session, event, "Ines Inperson", "P")
    ids = [event.id or 0]

    done = [invite_all(session, ids, who=SYSTEM, now=now + timedelta(hours=hours)) for hours in (0, 1, 24)]

    assert done == [Invited(1), Invited(0, 1), Invited(1)]
    assert [link.leads_to for link in session.exec(select(SignInLink))] == ["calendar_sync"] * 2
    assert {mail.recipient for mail in session.exec(select(Message))} == {vera.email}
    assert row_of_name(session, event, "Vera Virtual").invited_at == now + timedelta(hours=24)


def test_one_teacher_is_invited_as_often_as_the_office_wants_but_not_once_set_up(
    session: Session, now: datetime
) -> None:
    school = make_school(session)
    event, other = make_event(session, school), make_event(session, school)
    vera = teacher(session, event, "Vera Virtual", "V")
    ids = [event.id or 0]
    for _ in range(2):
        assert invite(session, ids, vera.id or 0, who=SYSTEM, now=now) == Invited(1)

    make_calendar_link(session, vera, **WHOLE)

    with pytest.raises(CannotBeInvited):
        invite(session, ids, vera.id or 0, who=SYSTEM, now=now)
    with pytest.raises(NotFound):
        invite(session, [other.id or 0], vera.id or 0, who=SYSTEM, now=now)


def row_of_name(session: Session, event: Event, name: str) -> SetupRow:
    return next(row for row in setup_status(session, [event.id or 0], now=LONG_AGO).rows if row.name == name)
