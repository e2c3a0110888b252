"""Teachers are mailed of what is booked, moved and cancelled, where the office wants it, and of each change once."""

from datetime import datetime, timedelta

import pytest
from evening import Evening
from factories import LONG_AGO, make_calendar_link, make_class, make_contact, make_teacher, stored
from icalendar import Calendar
from outside import Outside
from sqlmodel import select

from jobs.resource_mails import tell_resources
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, Contact, Message, ResourceMember, Slot
from webapp.models.message.message_text import RESOURCE
from webapp.providers.base import Mail
from webapp.services.message.resource_mails import due_changes, events_that_tell, wish_resource_mails
from webapp.services.message.texts import TextInput, save_text, texts_of
from webapp.services.people.delete_person import delete_contact
from webapp.services.system.audit import SYSTEM

pytestmark = pytest.mark.both_databases

MINUTE = timedelta(minutes=1)
DOWN = ProviderError("Down.", retry=True, code="unreachable")


@pytest.fixture
def evening(database: Database, now: datetime) -> Evening:
    """Folake shares her resource with Hugh; their office wants them mailed."""
    with database.transaction() as session:
        evening = Evening(session, now)
        make_class(session, evening.school, evening.teacher, evening.mia, appointments_allowed=3)
        hugh = make_teacher(session, evening.school, "Hugh", "Barlow", email="hugh@school.example")
        ties = {"resource_id": evening.resource.id, "contact_id": hugh.id, "school_id": evening.school.id}
        stored(session, ResourceMember(**ties, position=1))
    return evening


def want(database: Database, evening: Evening, *, is_on: bool = True, **typed: object) -> None:
    with evening.later(database) as session:
        current = texts_of(session, evening.event.id or 0)[RESOURCE]
        written = {"subject": current.subject, "body": current.body, "version": current.version, "is_on": is_on}
        dora = make_contact(session, evening.school, "Dora")
        text = TextInput(**written | typed)
        save_text(session, evening.event, RESOURCE, text, who=SYSTEM, contact=dora, now=evening.now)


def work(outside: Outside, by: timedelta = timedelta()) -> None:
    outside.now += by
    tell_resources(outside.app)
    outside.tick()


def to_teachers(outside: Outside) -> list[Mail]:
    return [mail for mail in outside.mailer.sent if not mail.recipient.startswith("alice")]


def subjects(outside: Outside) -> list[str]:
    return [mail.subject for mail in to_teachers(outside)]


def book(database: Database, evening: Evening, **slot: object) -> Appointment:
    with evening.later(database):
        [booked] = evening.book(evening.slot(**{"kind": "P"} | slot))
    return booked


def test_a_new_event_mails_no_teacher(database: Database, evening: Evening, outside: Outside) -> None:
    book(database, evening)

    work(outside)

    assert to_teachers(outside) == []


@pytest.mark.parametrize("grant", [{}, {"needs_reconnect_at": LONG_AGO}])
def test_a_teacher_whose_calendar_gets_the_entries_is_mailed_no_file_and_the_other_is(
    database: Database, evening: Evening, outside: Outside, grant: dict[str, datetime]
) -> None:
    """F42: one channel per recipient, R103."""
    want(database, evening)
    with evening.later(database) as session:
        make_calendar_link(session, evening.teacher, calendar_id="school", saved_at=evening.now, **grant)
    booked = book(database, evening)
    work(outside)
    with evening.later(database):
        evening.cancel(booked)
    work(outside)

    entries = {(mail.recipient, bool(mail.invitations)) for mail in to_teachers(outside)}
    assert entries == {(evening.teacher.email, False), ("hugh@school.example", True)}
    assert len(to_teachers(outside)) == 4


def test_a_calendar_that_was_parted_from_gets_no_entries_and_the_files_come_again(
    database: Database, evening: Evening, outside: Outside
) -> None:
    want(database, evening)
    with evening.later(database) as session:
        parted = {"disconnected_at": evening.now}
        make_calendar_link(session, evening.teacher, calendar_id="school", saved_at=evening.now, **parted)
    book(database, evening)

    work(outside)

    assert all(mail.invitations for mail in to_teachers(outside))


def test_a_file_that_was_mailed_before_the_calendar_was_linked_is_withdrawn_by_the_next_mail(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """F42: one channel per recipient. The program that took the file knows the entry by its UID."""
    want(database, evening)
    booked = book(database, evening)
    work(outside)
    with evening.later(database, MINUTE) as session:
        make_calendar_link(session, evening.teacher, calendar_id="school", saved_at=evening.now)
        evening.move(booked, evening.slot(after=60, kind="P"))
    work(outside, 2 * MINUTE)

    to_folake = [one for mail in to_teachers(outside) if "folake" in mail.recipient for one in mail.invitations]
    requested, withdrawn = (Calendar.from_ical(one.content) for one in to_folake)
    assert [str(one["method"]) for one in (requested, withdrawn)] == ["REQUEST", "CANCEL"]
    [before], [after] = (one.walk("VEVENT") for one in (requested, withdrawn))
    assert (after["uid"], str(after["status"])) == (before["uid"], "CANCELLED")
    assert after["sequence"] > before["sequence"]
    to_hugh = [one for mail in to_teachers(outside) if "hugh" in mail.recipient for one in mail.invitations]
    assert [one.method for one in to_hugh] == ["REQUEST", "REQUEST"]


def test_each_teacher_of_the_resource_is_mailed_once_of_a_booking(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """Resource Email Notification, with whom, when and where, and the entry for the calendar."""
    want(database, evening)
    book(database, evening)

    for _ in range(3):
        work(outside, MINUTE)

    assert sorted(mail.recipient for mail in to_teachers(outside)) == sorted(
        [evening.teacher.email, "hugh@school.example"]
    )
    mail = to_teachers(outside)[0]
    assert mail.subject == "Booked: Mia Alvarez, Thursday, December 3, 4:00 PM"
    assert "with Alice Alvarez" in mail.text
    assert "Where: 112" in mail.text
    assert f"/s/{evening.school.slug}/reports/teachers-schedule?event={evening.event.id}" in mail.text
    assert f"/{evening.event.slug}/" not in mail.text
    [file] = mail.invitations
    assert (file.method, b"SUMMARY:Conference about Mia Alvarez" in file.content) == ("REQUEST", True)
    assert mail.attachments == ()


def test_a_move_and_a_cancellation_are_mailed_and_take_the_entry_along(
    database: Database, evening: Evening, outside: Outside
) -> None:
    want(database, evening)
    booked = book(database, evening)
    work(outside)
    with evening.later(database, MINUTE):
        evening.move(booked, evening.slot(after=60, kind="P"))
    work(outside, MINUTE)
    with evening.later(database, MINUTE):
        evening.cancel(booked)
    work(outside, MINUTE)
    work(outside, MINUTE)

    assert [subject.split(",")[0] + subject[-8:] for subject in subjects(outside)[::2]] == [
        "Booked: Mia Alvarez 4:00 PM",
        "Moved: Mia Alvarez 5:00 PM",
        "Cancelled: Mia Alvarez 5:00 PM",
    ]
    entries = [one for mail in to_teachers(outside)[::2] for one in mail.invitations]
    assert [entry.method for entry in entries] == ["REQUEST", "REQUEST", "CANCEL"]
    assert len({line for entry in entries for line in entry.content.split(b"\r\n") if line.startswith(b"UID:")}) == 1


def test_what_was_booked_and_cancelled_before_the_mail_left_is_not_mailed(
    database: Database, evening: Evening, outside: Outside
) -> None:
    want(database, evening)
    outside.mailer.fail("send", DOWN, times=3)
    booked = book(database, evening)
    work(outside)
    with evening.later(database):
        evening.cancel(booked)
    work(outside, MINUTE)
    work(outside, 20 * MINUTE)

    assert to_teachers(outside) == []


def test_moved_before_the_mail_left_it_is_one_mail_with_the_new_time(
    database: Database, evening: Evening, outside: Outside
) -> None:
    want(database, evening)
    outside.mailer.fail("send", DOWN, times=3)
    booked = book(database, evening)
    work(outside)
    with evening.later(database):
        evening.move(booked, evening.slot(after=60, kind="P"))
    work(outside, MINUTE)
    work(outside, 20 * MINUTE)

    assert subjects(outside) == ["Booked: Mia Alvarez, Thursday, December 3, 5:00 PM"] * 2


def test_what_waits_for_a_teacher_who_was_deleted_is_dropped(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """The others of the resource are mailed."""
    want(database, evening)
    booked = book(database, evening)
    work(outside)
    outside.mailer.fail("send", DOWN, times=3)
    with evening.later(database):
        evening.cancel(booked)
    work(outside, MINUTE)
    with evening.later(database) as session:
        hugh = session.exec(select(Contact).where(Contact.first == "Hugh")).one()
        delete_contact(session, evening.school.id or 0, hugh.id or 0, who=SYSTEM, now=outside.now)

    work(outside, 20 * MINUTE)

    told = [mail.recipient for mail in to_teachers(outside) if mail.subject.startswith("Cancelled")]
    assert told == [evening.teacher.email]
    [dropped] = [message for message in resource_messages(database) if message.dropped_at]
    assert (dropped.recipient, dropped.due_at, dropped.problem) == ("hugh@school.example", None, None)


def test_switched_on_late_nobody_is_mailed_what_was_booked_before_but_what_becomes_of_it(
    database: Database, evening: Evening, outside: Outside
) -> None:
    booked = book(database, evening)
    want(database, evening)
    work(outside, MINUTE)
    early = subjects(outside)
    with evening.later(database, MINUTE):
        evening.cancel(booked)
    work(outside, MINUTE)

    assert early == []
    assert [subject.split(":")[0] for subject in subjects(outside)] == ["Cancelled"] * 2


def test_off_and_on_again_what_happened_meanwhile_is_not_mailed(
    database: Database, evening: Evening, outside: Outside
) -> None:
    want(database, evening)
    want(database, evening, is_on=False)
    booked = book(database, evening)
    gone = book(database, evening)
    with evening.later(database):
        evening.cancel(gone)
    work(outside)
    want(database, evening)
    work(outside, MINUTE)

    assert subjects(outside) == []
    with database.reading() as session:
        assert session.get_one(Appointment, booked.id).resource_told


def test_a_link_that_is_on_its_way_is_waited_for_two_minutes(
    database: Database, now: datetime, outside: Outside
) -> None:
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
    want(database, evening)
    outside.knows(f"z{evening.teacher.id}")
    outside.meetings.fail("make", DOWN, times=99)
    book(database, evening, kind="V")
    work(outside)
    early = subjects(outside)
    work(outside, 2 * MINUTE)

    assert early == []
    [mail] = to_teachers(outside)
    assert "The link is being made. It will stand in Teachers Schedule." in mail.text


def test_a_teacher_is_not_told_that_a_link_will_be_mailed(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """MACRO-018: nor is the place left blank."""
    want(database, evening)
    book(database, evening, kind="V")

    work(outside)

    assert "Where: Online. There is no link yet." in to_teachers(outside)[0].text


def test_a_family_s_links_are_theirs_to_be_told_whatever_teachers_were_mailed(
    database: Database, now: datetime, outside: Outside
) -> None:
    """What the family was told is noted by their own mails alone."""
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
    want(database, evening)
    booked = book(database, evening, kind="V")
    with evening.later(database):
        [confirmation] = evening.messages()
        confirmation.due_at, confirmation.dropped_at = None, evening.now
    work(outside, 5 * MINUTE)

    assert len(to_teachers(outside)) == 1
    with database.reading() as session:
        assert session.get_one(Appointment, booked.id).told == ""


def test_what_the_family_does_not_see_yet_teachers_are_not_mailed(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """PRODUCT 3.7"""
    want(database, evening)
    booked = book(database, evening)
    with evening.later(database):
        evening.again(booked).problem = "rule:gap"
    work(outside)

    assert subjects(outside) == []


def test_what_they_knew_of_and_the_family_sees_no_more_is_told_when_it_is_gone(
    database: Database, evening: Evening, outside: Outside
) -> None:
    want(database, evening)
    booked = book(database, evening)
    work(outside)
    with evening.later(database):
        evening.again(booked).problem = "rule:gap"
        evening.cancel(booked)

    work(outside)

    assert len([subject for subject in subjects(outside) if subject.startswith("Cancelled")]) == 2


def test_an_event_is_looked_through_until_the_last_of_its_times_has_begun(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """The job comes every few seconds, and a school keeps its events for years."""
    want(database, evening)
    with evening.later(database):
        last = [evening.slot(), evening.slot()][-1]

    with database.reading() as session:
        assert events_that_tell(session, now=last.starts_at - MINUTE) == [evening.event.id]
        assert events_that_tell(session, now=last.starts_at) == []


def test_what_is_cancelled_together_with_the_last_times_of_its_event_is_told(
    database: Database, evening: Evening, outside: Outside
) -> None:
    want(database, evening)
    booked = book(database, evening)
    work(outside)
    with evening.later(database) as session:
        session.get_one(Slot, booked.slot_id).removed_at = evening.now
        evening.cancel(booked)

    work(outside, MINUTE)

    assert [subject.split(":")[0] for subject in subjects(outside)[2:]] == ["Cancelled"] * 2


def test_the_office_writes_it(database: Database, evening: Evening, outside: Outside) -> None:
    want(database, evening, subject="$(Teacher) $(Status)", body="$(CancelLink) $(Room)")
    book(database, evening)

    work(outside)

    mail = to_teachers(outside)[0]
    assert mail.subject == "Folake Adeyemi Booked"
    assert mail.text.strip().endswith(f"teachers-schedule?event={evening.event.id} 112")


def test_two_processes_that_look_at_once_mail_once(database: Database, evening: Evening, outside: Outside) -> None:
    """RELIABILITY I13"""
    want(database, evening)
    book(database, evening)
    event = evening.event.id or 0
    with database.reading() as session:
        seen = due_changes(session, event, now=outside.now)
    for _ in range(2):
        with database.transaction() as session:
            wish_resource_mails(session, event, seen, now=outside.now)
        outside.tick()

    assert len(resource_messages(database)) == 2


def resource_messages(database: Database) -> list[Message]:
    with database.reading() as session:
        return list(session.exec(select(Message).where(Message.kind == RESOURCE)).all())
