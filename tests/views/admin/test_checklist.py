"""The checklist of an event's Overview knows what is missing before families come, and leads to where it is mended."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from event_office import Office, open_office, words
from factories import make_class, make_contact, make_guardian, make_resource, make_student, stored
from online_office import time_stands_at
from sqlalchemy import insert
from sqlmodel import select
from statements import statements

from webapp.db import Database
from webapp.models import (
    Appointment,
    Class,
    Contact,
    Enrolment,
    Event,
    Level,
    MessageText,
    NotificationContact,
    Resource,
    Student,
)
from webapp.models.base import new_token
from webapp.models.booking.appointment import CALENDAR_BUSY


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def ready(office: Office) -> None:
    """All that an event needs: words, classes, a student with a parent, slots, an opening time."""
    with office.arranged() as session:
        event = session.get_one(Event, office.event.id)
        event.date_label, event.location, event.description = "December 3", "Gym", "Bring the report."
        for teacher in session.exec(select(Contact).where(Contact.teacher_ref != None)).all():  # noqa: E711
            child = make_student(session, office.school, security_value="")
            make_guardian(session, office.alice, child)
            make_class(session, office.school, teacher, child)
    for resource in (office.folake, office.hugh):
        office.slots(resource, 4)


def line(office: Office, title: str, by: Any = None) -> str:
    """What the checklist says under this title, in one line of words."""
    html = (by or office.dora).get(office.path("overview")).text
    listed = html.partition('aria-labelledby="h-todo"')[2].partition("</section>")[0]
    lines = [words(part) for part in listed.split("<li>")]
    return next(part for part in lines if part.startswith(title)).removeprefix(title).strip()


def head(office: Office) -> str:
    html = office.dora.get(office.path("overview")).text
    return words(html.partition('id="h-todo"')[2].partition("</header>")[0]).removeprefix(">Checklist").strip()


def test_where_nothing_is_missing_it_says_so(office: Office) -> None:
    """Issue 5: a checklist that knows what is missing."""
    ready(office)

    assert "Everything is ready for families" in head(office)
    assert line(office, "Details") == "Ready December 3, Gym Edit Details"
    assert line(office, "Teachers").startswith("Ready 2 teachers and teams, each with an email")
    assert line(office, "Classes").startswith("Ready Each class and each student has a teacher in this event.")
    assert line(office, "Families").startswith("Ready 2 students, each with a parent's email or a Security Value")
    assert line(office, "Slots").startswith("Ready 8 slots, Thu, Dec 3")
    assert line(office, "Online meetings").startswith("Ready None: there are no virtual slots.")
    assert line(office, "Booking").startswith("Ready Booking open")
    assert line(office, "Mails").startswith("Ready Families get a confirmation, and a reminder 24 hours before.")
    assert line(office, "Notification Contacts").startswith(
        "Ready None chosen: the Administrators are told of trouble."
    )


def test_appointments_with_a_problem_are_counted_and_lead_to_the_list_that_names_them(office: Office) -> None:
    ready(office)
    slot, other = office.slots(office.folake, 2, day=1)
    booked = office.booked(slot)
    office.booked(other)
    with office.arranged() as session:
        session.get_one(Appointment, booked.id).problem = CALENDAR_BUSY

    said = line(office, "Appointments")

    assert said.startswith("Look at this 1 appointment has a problem: move, cancel or confirm it. Appointments List")
    listed = office.dora.get(f"{office.base}/appointments?event={office.event.id}&state=red").text
    assert "the teacher is busy in their calendar at this time" in words(listed)


def test_an_empty_event_of_an_empty_school_is_told_what_to_do_first(office: Office) -> None:
    with office.arranged() as session:
        for resource in session.exec(select(Resource)).all():
            session.delete(resource)
    office.set(opens_at=None)

    assert "5 things are missing" in head(office)
    assert line(office, "Details").startswith("Look at this Empty: Date, Location, Event Details.")
    assert line(office, "Teachers") == "Missing This event has no teachers yet: there is nobody to book. Add Teacher"
    assert line(office, "Classes").endswith("Open the Importer")
    assert line(office, "Families").startswith("Missing The school has no students yet")
    assert line(office, "Slots") == "Missing There are no slots yet: there is no time to book. Create Slots"
    assert line(office, "Booking") == "Missing Families cannot book: no opening time is set. Open UI Setup"


def test_a_finished_event_asks_for_nothing_and_offers_the_next_one(office: Office) -> None:
    office.slots(office.folake, 2, day=-30)

    html = office.dora.get(office.path("overview")).text

    assert "This event is over; nothing is left to be done." in words(html)
    assert "Missing" not in words(html)
    assert f'href="{office.base}/events/add?template={office.event.id}"' in html


@pytest.mark.parametrize(
    ("settings", "slots", "said"),
    [
        ({}, {"kind": "V"}, "Missing No provider is on, and 1 teacher with virtual slots has no link."),
        ({"provider": "zoom"}, {"kind": "V"}, "Ready Zoom makes a link for each virtual appointment."),
        ({"provider": "zoom"}, {"kind": "P"}, "Look at this Zoom is on, but all slots are In-Person."),
    ],
)
def test_links_are_made_or_typed_or_missing(
    office: Office, settings: dict[str, Any], slots: dict[str, Any], said: str
) -> None:
    office.set(**settings)
    office.slots(office.folake, 2, **slots)

    assert line(office, "Online meetings").startswith(said)


@pytest.mark.parametrize(
    ("opens", "closes", "said"),
    [
        (1, None, "Ready Not open yet, opens Tue, Nov 24, 9:00 AM"),
        (-3, -1, "Look at this Booking has closed, and times are still to come."),
        (30, None, "Look at this Not open yet, opens Wed, Dec 23, 9:00 AM: after the last time."),
    ],
)
def test_the_booking_window_is_judged_by_the_slots(office: Office, opens: int, closes: int | None, said: str) -> None:
    office.slots(office.folake, 2)
    office.set(opens_at=office.now + timedelta(days=opens), closes_at=closes and office.now + timedelta(days=closes))

    assert line(office, "Booking").startswith(said)


def test_people_who_cannot_be_reached_are_counted(office: Office) -> None:
    """Families by a parent's email or the Security Value, teachers by their email; absentees count for nothing."""
    ready(office)
    with office.arranged() as session:
        no_mail = make_contact(session, office.school, "Bob", email=None)
        for more in ({}, {"absent_since": office.now}):
            make_guardian(session, no_mail, make_student(session, office.school, "Nia", security_value="", **more))
        make_resource(session, office.event, make_contact(session, office.school, "Kenji", "Ito", email=None))

    assert line(office, "Families").startswith(
        "Look at this 1 student of 3 has neither a parent with an email nor a Security Value: nobody can book."
    )
    assert line(office, "Classes").startswith("Look at this 1 student sees nobody to book.")
    assert "Without an email: 1. They get no mail and cannot sign in. Open Contacts" in line(office, "Teachers")
    assert line(office, "Slots").startswith("Look at this 8 slots, Thu, Dec 3. 1 teacher has none.")


def test_a_schedule_without_contact_and_a_class_without_schedule_are_named(office: Office) -> None:
    """What its teacher does in another event counts for nothing here."""
    ready(office)
    elsewhere, _ = office.another_event()
    with office.arranged() as session:
        make_resource(session, office.event)
        kenji = make_contact(session, office.school, "Kenji", level=Level.VIEWER)
        make_resource(session, elsewhere, kenji)
        make_class(session, office.school, kenji, make_student(session, office.school, "Nia"))

    assert "Without a contact: 1." in line(office, "Teachers")
    assert line(office, "Classes") == (
        "Look at this 1 class has no teacher in this event. 1 student sees nobody to book. Open the Class Editor"
    )


def test_mails_switched_off_and_chosen_addresses_are_said(office: Office) -> None:
    with office.arranged() as session:
        ties = {"school_id": office.school.id, "event_id": office.event.id, "saved_at": office.now}
        stored(session, MessageText(**ties, kind="reminder", is_on=False))
        stored(session, NotificationContact(school_id=office.school.id or 0, email="tech@linden.example"))

    assert line(office, "Mails") == "Look at this Switched off: Reminder email Open Notification Setup"
    assert line(office, "Notification Contacts").startswith("Ready 1 address is told of trouble.")


def test_mails_that_hide_links_are_named_where_there_are_links(office: Office) -> None:
    """R57: amber, and it leads to the page."""
    with office.arranged() as session:
        ties = {"school_id": office.school.id, "event_id": office.event.id, "saved_at": office.now}
        stored(session, MessageText(**ties, kind="confirmation", uses_schedule=False, body="See you."))
    in_person = line(office, "Mails")
    office.slots(office.folake, 1, kind="V")

    said = line(office, "Mails")

    assert in_person.startswith("Ready")
    assert said.startswith("Look at this Families would not see their links in a mail")
    assert said.endswith("Open Notification Setup")


def test_a_simple_pta_event_asks_for_no_roster(office: Office) -> None:
    with office.arranged() as session:
        session.get_one(Event, office.event.id).type = "simple_pta"

    html = words(office.dora.get(office.path("overview")).text)

    assert line(office, "Families").startswith("Ready Any parent with an email can book")
    assert "Open the Importer" not in html
    assert "Class Editor" not in html


def test_an_event_administrator_is_not_led_where_only_administrators_may_go(office: Office) -> None:
    """PRODUCT 1.6"""
    bob = office.someone(Level.EVENT_ADMINISTRATOR, office.event)

    assert line(office, "Families", by=bob).endswith("Ask an Administrator")
    assert line(office, "Slots", by=bob).endswith("Create Slots")


def test_it_asks_the_same_number_of_queries_whatever_the_size_of_the_school(office: Office) -> None:
    """Issue 5: query counts fixed at 10, 1,000 and 10,000 rows."""
    ready(office)
    counts = []
    for number in (10, 990, 9_000):
        _more_students(office, number)
        with statements(office.app) as asked:
            assert office.dora.get(office.path("overview")).status_code == 200
        counts.append(len(asked))

    assert len(office.all(Student)) == 10_002
    assert len(set(counts)) == 1


def _more_students(office: Office, number: int) -> None:
    with office.arranged() as session:
        kept = {"school_id": office.school.id, "first": "Ada", "last": "Many", "security_value": "1", "grade": ""}
        session.execute(
            insert(Student), [kept | {"token": (t := new_token()), "student_ref": t} for _ in range(number)]
        )
        known = select(Enrolment.student_id)
        new = session.exec(select(Student.id).where(Student.id.not_in(known))).all()  # type: ignore[union-attr]
        klass = session.exec(select(Class.id)).first()
        ties = {"school_id": office.school.id, "class_id": klass}
        session.execute(insert(Enrolment), [ties | {"student_id": one} for one in new])
