"""Contacts: who is found, what of them is changed, and what is refused with its reason."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from app import Browser
from event_office import Office, open_office, words
from factories import (
    LONG_AGO,
    make_calendar_link,
    make_class,
    make_contact,
    make_guardian,
    make_login,
    make_school,
    make_student,
    make_teacher,
)
from online_office import time_stands_at
from sqlalchemy import insert, update
from sqlmodel import select
from statements import statements

from webapp import clock
from webapp.db import Database
from webapp.models import Appointment, Audit, CalendarLink, Contact, Feed, Level, Meeting, Message, SignIn, Student
from webapp.models.base import new_token
from webapp.models.message.message import NEW_ADDRESS
from webapp.models.people.feed import FAMILY, TEACHER
from webapp.services.people.feeds import make_feed
from webapp.services.people.sign_in import STAFF_STAYS, start_sign_in
from webapp.services.system.audit import SYSTEM


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def find(office: Office, **typed: Any) -> str:
    answer = office.dora.post(f"{office.base}/contacts", typed)
    assert answer.status_code == 200
    return words(answer.text)


def contact(office: Office, **values: Any) -> Contact:
    with office.arranged() as session:
        return make_contact(session, office.school, **values)


def add(office: Office, kind: str, **typed: Any) -> Any:
    address = f"{office.base}/contacts/add/{kind}"
    return office.dora.post(address, {"key": office.dora.key(address)} | typed)


def test_names_are_not_listed_until_searched_for(office: Office) -> None:
    """PRODUCT 1.5"""
    page = words(office.dora.get(f"{office.base}/contacts").text)

    assert "Alvarez" not in page
    assert "leave all empty to see everybody" in page


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ({"last": "nunez"}, "Zoë Núñez"),
        ({"last": "NÚÑEZ", "first": "zoe"}, "Zoë Núñez"),
        ({"email": "ZOE@linden"}, "Zoë Núñez"),
        ({"ref": "pa-77"}, "Zoë Núñez"),
        ({"last": "nunez lo"}, "Ana Núñez López"),
        ({"ref": "S-900"}, "Ana Núñez López"),
    ],
)
def test_people_and_students_are_found_whatever_the_case_and_accents(
    office: Office, typed: dict[str, str], found: str
) -> None:
    contact(office, first="Zoë", last="Núñez", email="zoe@linden.example", parent_ref="PA-77")
    with office.arranged() as session:
        make_student(session, office.school, "Ana", "Núñez López", student_ref="S-900")

    assert found in find(office, **typed)
    assert "Adeyemi" not in find(office, **typed)


def test_another_school_s_people_are_not_found(office: Office) -> None:
    """RELIABILITY T6"""
    other = office.another_school()
    with office.arranged() as session:
        make_contact(session, other, "Zoë", "Núñez")

    assert "Nobody found" in find(office, last="nunez")


@pytest.mark.parametrize("number", [10, 1_000, 10_000])
def test_the_number_of_queries_does_not_grow_with_the_school(office: Office, number: int) -> None:
    """The list is paged: 50 to a page."""
    with office.arranged() as session:
        rows = [
            {
                "school_id": office.school.id,
                "token": new_token(),
                "email": f"p{n}@mail.example",
                "first": "Pat",
                "last": f"Quill {n:05}",
                "level": 0,
                "room": "",
                "virtual_room": "",
                "created_at": LONG_AGO,
            }
            for n in range(number)
        ]
        session.execute(insert(Contact), rows)

    with statements(office.app) as asked:
        page = find(office, last="quill", page=1)

    assert f"Showing 1–{min(50, number)} of {number}" in page
    assert len([statement for statement, _values in asked if statement.startswith("SELECT")]) == 7
    if number > 50:
        assert "Quill 00050" in find(office, last="quill", page=2)
        assert f"Showing {number - 49}–{number}" in find(office, last="quill", page=9_999)


def test_a_changed_name_and_address_are_kept_and_audited(office: Office) -> None:
    bob = contact(office, first="Bob", last="Weiss")

    answer = office.dora.post(
        f"{office.base}/contacts/{bob.id}", {"first": "Robert", "last": "Weiß", "email": " Robert@Linden.example "}
    )

    assert answer.status_code == 303
    assert "Saved" in words(office.dora.get(answer.location).text)
    [saved] = [row for row in office.all(Contact) if row.id == bob.id]
    assert (saved.name, saved.email) == ("Robert Weiß", "robert@linden.example")
    assert [(row.action, row.subject) for row in office.all(Audit) if row.subject] == [
        ("contact.change", f"contact {bob.id}")
    ]


def test_whoever_had_the_former_address_is_let_in_no_more(office: Office) -> None:
    """Another address is another way in."""
    hugh = next(row for row in office.all(Contact) if row.first == "Hugh")
    with office.arranged() as session:
        browser = Browser(office.app).sign_in(session, session.get_one(Contact, hugh.id), now=office.now)
    page = f"{office.base}/reports/teachers-schedule"
    before = browser.get(page).status_code

    office.dora.post(
        f"{office.base}/contacts/{hugh.id}", {"first": "Hugh", "last": "Barlow", "email": "new@linden.example"}
    )

    assert (before, browser.get(page).status_code) == (200, 404)


def test_saving_a_parent_leaves_the_list_that_was_searched_for_and_saving_staff_may_ask_by_a_page(
    office: Office,
) -> None:
    """An office that mends many addresses searches once."""
    grace = contact(office, first="Grace", level=Level.ADMINISTRATOR, email="grace@linden.example")
    forms = [
        re.search(rf'<form[^>]*action="{office.base}/contacts/{who.id}"[^>]*>', page)
        for who in (office.alice, grace)
        for page in [office.dora.get(f"{office.base}/contacts/{who.id}").text]
    ]

    assert [bool(form and 'hx-target="#contact"' in form[0]) for form in forms] == [True, False]


def test_another_address_of_the_staff_s_is_proved_first_and_told_to_the_former(office: Office) -> None:
    """ADMIN-014: else a sign-in link to it would be another Administrator's level."""
    with office.arranged() as session:
        grace = make_contact(session, office.school, "Grace", level=Level.ADMINISTRATOR, email="grace@linden.example")
        bob = make_contact(session, office.school, "Bob")
        session.execute(update(SignIn).values(proved_at=None))
    typed = {"first": "Grace", "last": "Alvarez", "email": "mine@elsewhere.example"}

    asked = office.dora.post(f"{office.base}/contacts/{grace.id}", typed)
    others = [
        office.dora.post(f"{office.base}/contacts/{number}", typed | {"email": email}).status_code
        for number, email in ((grace.id, "grace@linden.example"), (bob.id, "bob@new.example"))
    ]

    assert (asked.status_code, others) == (403, [303, 303])
    assert "Confirm that it is you" in words(asked.text)
    assert 'name="email" value="mine@elsewhere.example"' in asked.text
    assert office.again(grace).email == "grace@linden.example"
    assert [row for row in office.all(Message) if row.kind == NEW_ADDRESS] == []
    with office.arranged() as session:
        session.execute(update(SignIn).values(proved_at=clock.now()))
    assert office.dora.post(f"{office.base}/contacts/{grace.id}", typed).status_code == 303
    assert office.again(grace).email == "mine@elsewhere.example"
    assert [row.recipient for row in office.all(Message) if row.kind == NEW_ADDRESS] == ["grace@linden.example"]


def test_whoever_had_the_former_address_reads_no_calendar_link_and_loses_a_linked_account(office: Office) -> None:
    hugh = next(row for row in office.all(Contact) if row.first == "Hugh")
    with office.arranged() as session:
        make_calendar_link(session, hugh)
        for kind in (FAMILY, TEACHER):
            make_feed(session, hugh, kind, who=SYSTEM, now=office.now)
    typed = {"first": "Hugh", "last": "Barlow", "email": hugh.email or ""}
    office.dora.post(f"{office.base}/contacts/{hugh.id}", typed | {"phone": "555"})
    before = [len(office.all(Feed)), [row.disconnected_at for row in office.all(CalendarLink)]]

    office.dora.post(f"{office.base}/contacts/{hugh.id}", typed | {"email": "new@linden.example"})

    assert before == [2, [None]]
    assert office.all(Feed) == []
    assert [row.disconnected_at is None for row in office.all(CalendarLink)] == [False]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"email": "taken@linden.example"}, "Email address already exists, can't create duplicates. Zoë Núñez has it"),
        ({"teacher_ref": "T-1"}, "Zoë Núñez has this TeacherID already."),
        ({"parent_ref": "P-1"}, "Zoë Núñez has this ParentID already."),
        ({"email": "no address"}, "Enter an address like name@school.org."),
        ({"last": "", "first": "", "email": ""}, "Type a name or an email."),
        ({"last": "x" * 101}, "Use at most 100 characters."),
        ({"first": "a\u2028b"}, "Type it without line breaks and control characters."),
    ],
)
def test_a_clash_is_explained_at_its_field_and_nothing_is_changed(
    office: Office, typed: dict[str, str], said: str
) -> None:
    """PRODUCT 3.16"""
    contact(office, first="Zoë", last="Núñez", email="taken@linden.example", teacher_ref="T-1", parent_ref="P-1")
    bob = contact(office, first="Bob", last="Weiss")
    good = {"first": "Robert", "last": "Weiss", "email": "bob@linden.example"}

    answer = office.dora.post(f"{office.base}/contacts/{bob.id}", good | typed)

    assert answer.status_code == 422
    assert said in words(answer.text)
    assert answer.text.count('aria-invalid="true"') == 1
    assert [row.first for row in office.all(Contact) if row.id == bob.id] == ["Bob"]


def test_nobody_changes_the_address_that_they_are_signed_in_with(office: Office) -> None:
    dora = next(row for row in office.all(Contact) if row.level == Level.ADMINISTRATOR)

    answer = office.dora.post(f"{office.base}/contacts/{dora.id}", {"first": "Dora", "email": "other@linden.example"})

    assert answer.status_code == 422
    assert "You are signed in with this address." in words(answer.text)


@pytest.mark.parametrize(
    ("kind", "typed", "level"),
    [
        ("admin", {"first": "Ada", "last": "Okafor", "email": "ada@linden.example", "level": "4"}, 4),
        ("parent", {"first": "Ada", "last": "Okafor", "parent_ref": "P-9"}, 0),
    ],
)
def test_an_administrator_and_a_parent_are_added_once(
    office: Office, kind: str, typed: dict[str, str], level: int
) -> None:
    address = f"{office.base}/contacts/add/{kind}"
    key = office.dora.key(address)

    answers = [office.dora.post(address, {"key": key} | typed) for _ in range(2)]

    [ada] = [row for row in office.all(Contact) if row.first == "Ada"]
    assert (ada.level, {answer.location for answer in answers}) == (level, {f"{office.base}/contacts/{ada.id}"})


def test_staff_without_an_address_could_not_sign_in(office: Office) -> None:
    answer = add(office, "admin", first="Ada", last="Okafor", level="1")

    assert answer.status_code == 422
    assert "Whoever signs in needs an email." in words(answer.text)


def test_a_student_is_added_changed_and_a_second_one_of_the_same_id_refused(office: Office) -> None:
    added = add(office, "student", first="Mia", last="Weiss", student_ref="S-1", security_value="2016-05-04")
    second = add(office, "student", first="Noa", last="Lang", student_ref="S-1")
    changed = office.dora.post(added.location, {"first": "Mia", "last": "Weiß", "student_ref": "S-2"})

    [mia] = office.all(Student)
    assert (mia.last, mia.student_ref, mia.security_value) == ("Weiß", "S-2", "")
    assert (added.status_code, changed.status_code, second.status_code) == (303, 303, 422)
    assert "Mia Weiss has this StudentID already." in words(second.text)


def test_a_clone_sits_in_the_same_classes_under_the_id_with_a_star(office: Office) -> None:
    """PRODUCT 1.11"""
    with office.arranged() as session:
        mia = make_student(session, office.school, student_ref="S-1", grade="4")
        make_class(session, office.school, make_teacher(session, office.school, "Ines", "Roy"), mia, name="4b")
        make_guardian(session, office.alice, mia)

    first = office.dora.post(f"{office.base}/students/{mia.id}/clone")
    office.dora.post(f"{office.base}/students/{mia.id}/clone")

    assert [row.student_ref for row in office.all(Student)] == ["S-1", "S-1*", "S-1**"]
    page = words(office.dora.get(first.location).text)
    assert "4b Ines Roy" in page
    assert "Mia Alvarez" in page


def test_the_appointments_of_a_parent_a_teacher_and_a_student_lead_to_the_event(office: Office) -> None:
    with office.arranged() as session:
        mia = make_student(session, office.school)
    folake = next(row for row in office.all(Contact) if row.first == "Folake")
    slot = office.slots(office.folake, 1)[0]
    booked = office.booked(slot, student_id=mia.id)

    for of in (f"contacts/{office.alice.id}", f"contacts/{folake.id}", f"students/{mia.id}"):
        page = office.dora.get(f"{office.base}/{of}/appointments").text
        assert f'href="{office.path(f"a/{booked.id}")}"' in page, of
        assert f'href="{office.path()}"' in page, of


def test_the_log_tells_of_bookings_cancels_and_what_the_office_changed(office: Office) -> None:
    booked = office.booked(office.slots(office.folake, 1)[0])
    office.dora.post(office.path(f"a/{booked.id}/cancel"), {"key": office.dora.key(office.path(f"a/{booked.id}"))})
    office.dora.post(
        f"{office.base}/contacts/{office.alice.id}", {"first": "Alicia", "email": office.alice.email or ""}
    )

    log = words(office.dora.get(f"{office.base}/contacts/{office.alice.id}/log").text)

    assert log.index("Contact Info changed") < log.index("Appointment booked Folake Adeyemi, Fall Conferences 2026")
    assert "Appointment cancelled Folake Adeyemi" in log
    assert "Dora" in log


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_the_log_tells_sign_ins_of_whose_login_opens_this_school_alone(office: Office, is_elsewhere: bool) -> None:
    """Schools are strictly apart: whoever adds an address does not learn when it signs in elsewhere."""
    with office.arranged() as session:
        login = make_login(session, "ida@linden.example")
        ida = make_contact(session, office.school, "Ida", email=login.email, login_id=login.id)
        if is_elsewhere:
            make_contact(session, make_school(session), "Ida", email=login.email, login_id=login.id)
        start_sign_in(session, login, stays=STAFF_STAYS, now=office.now)

    log = words(office.dora.get(f"{office.base}/contacts/{ida.id}/log").text)

    assert ("Signed in" in log) is not is_elsewhere


@pytest.mark.parametrize("whose", ["maker", "teacher", "student"])
def test_nobody_with_a_coming_appointment_is_deleted(office: Office, whose: str) -> None:
    with office.arranged() as session:
        mia = make_student(session, office.school)
    folake = next(row for row in office.all(Contact) if row.first == "Folake")
    booked = office.booked(office.slots(office.folake, 1)[0], student_id=mia.id)
    address = {
        "maker": f"{office.base}/contacts/{office.alice.id}",
        "teacher": f"{office.base}/contacts/{folake.id}",
        "student": f"{office.base}/students/{mia.id}",
    }[whose]

    refused = office.dora.post(f"{address}/delete", htmx=True)
    office.dora.post(office.path(f"a/{booked.id}/cancel"), {"key": office.dora.key(office.path(f"a/{booked.id}"))})
    deleted = office.dora.post(f"{address}/delete")

    assert (refused.status_code, deleted.status_code) == (409, 303)
    assert refused.headers["HX-Push-Url"] == "false"  # reload meets the contact, not the address of a deed
    assert "has coming appointments: 1. Cancel or move them first. Nothing was deleted." in words(refused.text)
    assert office.dora.get(address).status_code == 404


def test_while_a_meeting_is_being_removed_nobody_forgets_whose_it_is(office: Office, now: datetime) -> None:
    """RELIABILITY I11: with the row it would stay at the provider for ever."""
    booked = office.booked(office.slots(office.folake, 1)[0], cancelled_at=now)
    with office.arranged() as session:
        values = {"school_id": office.school.id, "appointment_id": booked.id, "provider": "zoom", "marker": "m-1"}
        meeting = Meeting(**values, wish="absent", wished_at=now, remote_id="77", replaced_at=now, due_at=now)
        session.add(meeting)
    address = f"{office.base}/contacts/{office.alice.id}"

    refused = office.dora.post(f"{address}/delete")
    with office.arranged() as session:
        gone = session.exec(select(Meeting)).one()
        gone.gone_at, gone.due_at = now, None

    assert refused.status_code == 409
    assert "Online meetings or calendar entries of Alice Alvarez are being removed." in words(refused.text)
    assert office.dora.post(f"{address}/delete").status_code == 303


def test_what_is_past_goes_with_the_contact(office: Office) -> None:
    past = office.slots(office.folake, 1, day=-30)[0]
    office.booked(past)

    office.dora.post(f"{office.base}/contacts/{office.alice.id}/delete")

    assert office.all(Appointment) == []


def test_nobody_deletes_themselves(office: Office) -> None:
    dora = next(row for row in office.all(Contact) if row.level == Level.ADMINISTRATOR)

    answer = office.dora.post(f"{office.base}/contacts/{dora.id}/delete")

    assert answer.status_code == 409
    assert "You cannot delete your own contact." in words(answer.text)
    with office.arranged() as session:
        assert session.exec(select(Contact).where(Contact.id == dora.id)).one()
