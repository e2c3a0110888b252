"""Slots and Events files: visible and in person, for teachers of the event, none twice, none that overlaps."""

import pytest
from factories import make_class, make_event, make_resource, make_slot, make_student, make_teacher
from importer import Importer
from sqlmodel import Session, select

from webapp.models import Event, Resource, School, Slot
from webapp.models.people.contact import is_last_first
from webapp.services.roster.import_roster import plan_import
from webapp.services.roster.report import Report
from webapp.services.roster.times import DAY_FIRST, MONTH_FIRST

SLOTS = "EventID|Resource|Date|StartTime|EndTime|Duration|Max\n"
EVENTS = "EventName|EventDate|Location|TimeZone|Resource|Date|StartTime|EndTime|Duration|Max\n"


@pytest.fixture
def event(session: Session, school: School) -> Event:
    """Folake's evening, in Chicago."""
    event = make_event(session, school, slug="fall", name="Fall Conferences")
    make_resource(session, event, make_teacher(session, school))
    return event


def told(report: Report) -> list[str]:
    return [problem.message for problem in report.problems]


def slots(session: Session) -> list[Slot]:
    return list(session.exec(select(Slot).order_by(Slot.starts_at)).all())


@pytest.mark.usefixtures("event")
def test_a_row_is_split_into_slots_that_are_visible_and_in_person(session: Session, importer: Importer) -> None:
    """PRODUCT 3.2"""
    report = importer.apply({"slots.txt": f"{SLOTS}fall|folake  adeyemi|12/13/2026|4:00 PM|05:00 pm|20|2\n"})

    made = slots(session)
    assert (report.created["slots"], report.problems) == (3, [])
    assert [slot.wall_start for slot in made] == [f"2026-12-13T16:{minute}" for minute in ("00", "20", "40")]
    assert {(slot.kind, slot.visibility, slot.capacity, slot.minutes) for slot in made} == {("P", "visible", 2, 20)}


@pytest.mark.usefixtures("event")
def test_a_second_import_doubles_nothing(session: Session, importer: Importer) -> None:
    files = {"slots.txt": f"{SLOTS}Fall Conferences|Folake Adeyemi|2026-12-13|16:00|17:00|20|\n"}
    importer.apply(files)

    again = importer.apply(files)

    assert (again.created["slots"], again.unchanged["slots"], again.problems) == (0, 3, [])
    assert len(slots(session)) == 3


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("fall|Folake Adeyem|2026-12-13|16:00|17:00|20|", "no teacher Folake Adeyem. Did you mean Folake Adeyemi?"),
        ("spring|Folake Adeyemi|2026-12-13|16:00|17:00|20|", "There is no event spring."),
        ("fall|Folake Adeyemi|2027-03-14|02:30|03:30|30|", "2:30 AM does not exist on that day"),
        ("fall|Folake Adeyemi|2027-11-07|01:30|02:30|30|", "1:30 AM comes twice on that day: the clock is set back."),
        ("fall|Folake Adeyemi|0001-01-01|16:00|17:00|20|", "is outside the event dates"),
        ("fall|Folake Adeyemi|9999-12-31|16:00|17:00|20|", "is outside the event dates"),
        ("fall|Folake Adeyemi|2026-02-30|16:00|17:00|20|", "2026-02-30 is not a day."),
        ("fall|Folake Adeyemi|2026-12-13|25:00|17:00|20|", "25:00 is not a time."),
        ("fall|Folake Adeyemi|2026-12-13|17:00|16:00|20|", "The end is not after the start."),
        ("fall|Folake Adeyemi|2026-12-13|16:00|16:10|20|", "too short for one slot of 20 minutes"),
        ("fall|Folake Adeyemi|2026-12-13|16:00|17:00||", "Duration is missing."),
        ("fall|Folake Adeyemi|2026-12-13|16:00|17:00|0|", "is not a whole number from 1 to 480"),
        ("|Folake Adeyemi|2026-12-13|16:00|17:00|20|", "EventID is missing."),
    ],
)
@pytest.mark.usefixtures("event")
def test_a_row_that_cannot_be_is_left_out_with_the_reason(
    session: Session, importer: Importer, row: str, message: str
) -> None:
    """CSV-043, CSV-044, CSV-047: and nothing of it is taken."""
    report = importer.apply({"slots.txt": SLOTS + row + "\n"})

    [problem] = told(report)
    assert message in problem
    assert slots(session) == []


def test_a_slot_that_overlaps_another_of_the_teacher_is_told_with_both_times(
    session: Session, importer: Importer, event: Event
) -> None:
    """CSV-046: whether the other one is in the database or in an earlier row."""
    make_slot(session, session.exec(select(Resource)).one())
    rows = "fall|Folake Adeyemi|2026-12-03|16:10|16:30|20|\nfall|Folake Adeyemi|2026-12-03|18:00|18:20|20|\n"

    report = importer.apply({"slots.txt": f"{SLOTS}{rows}fall|Folake Adeyemi|2026-12-03|18:10|18:30|20|\n"})

    assert ["overlaps" in message for message in told(report)] == [True, True]
    assert "4:10" in told(report)[0]
    assert "4:00" in told(report)[0]
    assert len(slots(session)) == 2


@pytest.mark.usefixtures("event")
def test_a_date_that_can_be_read_in_two_ways_is_asked_about(
    session: Session, importer: Importer, school: School
) -> None:
    """CSV-041"""
    row = f"{SLOTS}fall|Folake Adeyemi|03/04/2027|16:00|16:20|20|\n".replace("|", "\t").encode()

    asked = plan_import(session, school, {"s.txt": row}, now=importer.now).report
    days = [
        plan_import(session, school, {"s.txt": row}, dates=dates, now=importer.now).report.changes[0].label
        for dates in (MONTH_FIRST, DAY_FIRST)
    ]

    assert (asked.asks_dates, asked.left_out, asked.created["slots"]) == (True, 1, 0)
    assert ["Mar 4" in days[0], "Apr 3" in days[1]] == [True, True]


def test_an_events_file_makes_an_event_with_the_roster_s_teachers_once(
    session: Session, importer: Importer, school: School
) -> None:
    make_class(session, school, make_teacher(session, school), make_student(session, school))
    row = "Spring|March 2027|Main hall|America/New_York|Folake Adeyemi|2027-03-04|4:00 PM|5:00 PM|30|\n"

    report = importer.apply({"events.txt": EVENTS + row})
    again = importer.apply({"events.txt": EVENTS + row + row.replace("4:00", "6:00").replace("5:00", "7:00")})

    made = session.exec(select(Event)).one()
    assert (made.name, made.zone, made.location, made.date_label) == (
        "Spring",
        "America/New_York",
        "Main hall",
        "March 2027",
    )
    assert (report.created["events"], report.created["slots"]) == (1, 2)
    assert (again.created["events"], again.created["slots"], again.unchanged["slots"]) == (0, 2, 2)
    assert [slot.starts_at.hour for slot in slots(session)] == [21, 21, 23, 23]


def test_a_deleted_event_takes_no_slots(importer: Importer, event: Event) -> None:
    event.deleted_at = importer.now

    report = importer.apply({"slots.txt": f"{SLOTS}fall|Folake Adeyemi|2026-12-13|16:00|17:00|20|\n"})

    assert told(report) == ["There is no event fall."]


@pytest.mark.parametrize("zone", ["EST5EDT", "GMT+3", "Mars/Olympus"])
def test_a_zone_is_a_region_and_a_city(session: Session, importer: Importer, school: School, zone: str) -> None:
    """CSV-049"""
    make_class(session, school, make_teacher(session, school), make_student(session, school))

    report = importer.apply({"events.txt": f"{EVENTS}Spring|||{zone}|Folake Adeyemi|2027-03-04|16:00|17:00|30|\n"})

    assert told(report) == [f"{zone} is not a time zone. Write its region and city, such as America/New_York."]
    assert session.exec(select(Event)).all() == []


def test_whoever_imports_the_school_s_own_spelling_of_names_and_dates_is_understood(
    session: Session, importer: Importer, school: School
) -> None:
    """A task and a command speak for nobody; what they say of dates is kept with the upload."""
    school.names_last_first, school.date_format, school.time_format = True, "dmy", "24"
    make_teacher(session, school)
    row = f"{EVENTS}Spring||||Adeyemi, Folake|2027-03-04|16:00|16:30|30|\n"

    told = importer.plan({"events.txt": row}).report
    done = importer.apply({"events.txt": row})

    assert (told.problems, done.problems) == ([], [])
    assert [change.label for change in told.changes] == [change.label for change in done.changes]
    assert "4 Mar 2027, 16:00–16:30" in str([change.label for change in done.changes])
    assert session.exec(select(Resource.name)).one() == "Adeyemi, Folake"
    assert not is_last_first.get()


def test_an_event_takes_its_category_along_and_what_nobody_reads_is_listed(
    session: Session, importer: Importer, school: School
) -> None:
    """PRODUCT 1.3, 3.2"""
    make_teacher(session, school)
    head = "EventName|Category|basedEvent|ResourceDescription|Resource|Date|StartTime|EndTime|Duration\n"

    report = importer.apply(
        {"events.txt": f"{head}Spring|Conferences|Fall|Grade 4|Folake Adeyemi|2027-03-04|16:00|17:00|30\n"}
    )

    assert (report.problems, report.unknown_columns) == ([], {"events.txt": ["basedEvent", "ResourceDescription"]})
    assert session.exec(select(Event.category)).one() == "Conferences"


@pytest.mark.parametrize(
    ("name", "place", "message"),
    [
        ("S" * 201, "", "EventName is longer than 200 characters."),
        ("", "", "EventName is missing."),
        ("Spring\uf0b7", "", "EventName contains a control character. Type it again."),
        ("Spring", "Main\uf0b7hall", "Location contains a control character. Type it again."),
    ],
)
def test_words_that_no_form_would_take_are_refused_before_anything_is_applied(
    session: Session, importer: Importer, school: School, name: str, place: str, message: str
) -> None:
    make_teacher(session, school)
    row = f"{EVENTS}{name}||{place}||Folake Adeyemi|2027-03-04|16:00|17:00|30|\n"

    report = importer.apply({"events.txt": row})

    [problem] = report.problems
    assert (problem.row, problem.message) == (2, message)
    assert session.exec(select(Event)).all() == []


def test_words_that_a_form_takes_are_taken_from_a_file_too(
    session: Session, importer: Importer, school: School
) -> None:
    make_teacher(session, school)
    name = "می\u200cخواهم 👩\u200d🏫"

    importer.apply({"events.txt": f"{EVENTS}{name}||||Folake Adeyemi|2027-03-04|16:00|17:00|30|\n"})

    assert session.exec(select(Event.name)).one() == name
