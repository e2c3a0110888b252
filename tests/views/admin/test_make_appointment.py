"""Appointments > Make Appointment: the office books for families, teachers on their own schedule."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from app import Browser
from event_office import THURSDAY, Office, hidden_value, open_office, words
from factories import make_class, make_contact, make_guardian, make_student, stored
from online_office import time_stands_at
from sqlmodel import select
from threads import losing_once

from webapp import clock
from webapp.db import Database
from webapp.models import Appointment, Contact, Grant, Guardian, Level, Message, Resource, ResourceMember, Slot, Student
from webapp.services.booking.make import make_appointment


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


@pytest.fixture
def mia(office: Office) -> Student:
    """Alice's child, whom Folake teaches."""
    with office.arranged() as session:
        student = make_student(session, office.school)
        make_guardian(session, office.alice, student)
        make_class(session, office.school, teacher_of(session, office.folake), student)
        return student


def teacher_of(session: Any, resource: Resource) -> Contact:
    query = select(Contact).join(ResourceMember).where(ResourceMember.resource_id == resource.id)
    found: Contact = session.exec(query).one()
    return found


def a_maker(office: Office, resource: Resource, level: Level = Level.MAKER, *granted: Resource) -> Browser:
    """The resource's teacher, in whatever level they are."""
    browser = Browser(office.app)
    with office.arranged() as session:
        teacher = teacher_of(session, resource)
        teacher.level = level
        for one in granted:
            stored(session, Grant(school_id=one.school_id, contact_id=teacher.id or 0, resource_id=one.id))
        browser.sign_in(session, teacher, now=clock.now())
    return browser


def path(office: Office, rest: str = "", resource: Resource | None = None) -> str:
    return office.path(f"t/{(resource or office.folake).id}/make{rest}")


def make(office: Office, slot: Slot, browser: Browser | None = None, **typed: Any) -> Any:
    browser = browser or office.dora
    key = hidden_value(browser.get(path(office)).text, "key")
    htmx = typed.pop("htmx", False)
    return browser.post(path(office), {"key": key, "slot": slot.token, "type": "P"} | typed, htmx=htmx)


def key_of(office: Office, student: Student) -> str:
    return f"{office.alice.id}.{student.id}"


def test_a_free_time_of_the_grid_leads_to_the_form_with_that_time(office: Office, mia: Student) -> None:
    first, second = office.slots(office.folake, 2)
    board = office.dora.get(office.path(f"?date={THURSDAY}")).text

    page = office.dora.get(path(office, f"?slot={second.id}")).text

    assert f'href="{path(office)}?slot={second.id}"' in board
    assert f'<option value="{second.token}" selected>' in page
    assert f'<option value="{first.token}">' in page
    assert all(f">{item}<" in board for item in ("Make Appointment", "Cancel Appointment", "Confirm Appointment"))


@pytest.mark.parametrize("searched", ["alvar", "MIA", "alice.alvarez"])
def test_a_family_is_found_by_name_email_or_child_and_booked_for_once(
    office: Office, mia: Student, searched: str
) -> None:
    """PRODUCT 3.7; RELIABILITY D2: the same form sent again books nothing more."""
    [slot] = office.slots(office.folake, 1)
    found = office.dora.post(path(office, "/find"), {"q": searched, "slot": slot.token}).text
    form = {"key": hidden_value(found, "key"), "slot": slot.token, "customer": key_of(office, mia), "type": "P"}

    answers = [office.dora.post(path(office), form) for _ in range(2)]

    assert f'value="{key_of(office, mia)}"' in found
    assert "Grade 4" in words(found)
    assert [(answer.status_code, answer.location) for answer in answers] == [
        (303, office.path(f"?date={THURSDAY}"))
    ] * 2
    [booked] = office.all(Appointment)
    assert (booked.contact_id, booked.student_id, booked.slot_id) == (office.alice.id, mia.id, slot.id)
    assert [message.recipient for message in office.all(Message)] == [office.alice.email]


def test_the_time_on_which_a_teacher_clicked_outlives_the_search(office: Office, mia: Student) -> None:
    """PRODUCT 3.7: before a family is found the page of a Maker has no choice of times that could keep it."""
    _, slot = office.slots(office.folake, 2)
    folake = office.someone(Level.MAKER, office.folake)
    asked = hidden_value(folake.get(f"{path(office)}?slot={slot.id}").text, "asked")

    found = folake.post(path(office, "/find"), {"q": "alvarez", "asked": asked}).text

    assert f'<option value="{slot.token}" selected>' in found


def test_a_booking_that_lost_a_race_is_begun_again_and_the_desk_is_not_sent_away(
    office: Office, mia: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RELIABILITY B1: told once that it is made."""
    [slot] = office.slots(office.folake, 1)
    monkeypatch.setattr("webapp.views.admin.make_appointment.make_appointment", losing_once(make_appointment))

    answer = make(office, slot, customer=key_of(office, mia), q="alvarez")

    assert answer.status_code == 303
    assert [booked.slot_id for booked in office.all(Appointment)] == [slot.id]
    assert words(office.dora.get(office.path()).text).count("Appointment made.") == 1


def test_a_time_that_is_gone_is_refused_with_the_others_to_choose(office: Office, mia: Student) -> None:
    first, second = office.slots(office.folake, 2)
    office.booked(first)

    answer = make(office, first, customer=key_of(office, mia), q="alice", htmx=True)

    assert answer.status_code == 409
    assert answer.text.lstrip().startswith('<section class="panel narrow" id="make"')
    assert "was just taken" in words(answer.text)
    assert first.token not in answer.text.partition("<select")[2]
    assert second.token in answer.text
    assert f'value="{key_of(office, mia)}" checked' in answer.text


def test_what_breaks_a_rule_is_red_below_the_calendar_and_confirmed_there(office: Office) -> None:
    """PRODUCT 2.4, 3.7"""
    [slot] = office.slots(office.folake, 1)
    with office.arranged() as session:
        leo = make_student(session, office.school, "Leo")
        make_guardian(session, office.alice, leo)

    make(office, slot, customer=key_of(office, leo))
    [red] = office.all(Appointment)
    board = office.dora.get(office.path(f"?date={THURSDAY}")).text
    shown = office.dora.get(office.path(f"?date={THURSDAY}&a={red.id}")).text
    reason = shown.partition('id="reason"')[2].partition("</form>")[0]
    before = office.all(Message)
    form = {"key": hidden_value(reason, "key")}
    answer = office.dora.post(office.path(f"a/{red.id}/confirm"), form)

    assert red.problem == "rule:not_taught"
    assert f"a={red.id}#reason" in board
    assert "this teacher does not teach the child. The family does not see it, and no mail goes out." in words(reason)
    assert "1 appointment has a problem" in words(board)
    assert before == []
    assert answer.status_code == 303
    assert office.again(red).problem is None
    assert len(office.all(Message)) == 1
    assert "has a problem" not in words(office.dora.get(office.path()).text)


def test_somebody_new_is_added_with_their_child(office: Office, mia: Student) -> None:
    [slot] = office.slots(office.folake, 1)

    answer = make(office, slot, first="Bob", last="Alvarez", email="BOB@mail.example", ref=mia.student_ref)

    assert answer.status_code == 303
    [bob] = [contact for contact in office.all(Contact) if contact.email == "bob@mail.example"]
    assert bob.level == Level.CUSTOMER
    assert {tie.contact_id for tie in office.all(Guardian)} == {office.alice.id, bob.id}
    assert [one.contact_id for one in office.all(Appointment)] == [bob.id]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Choose a family, or type a new parent with the StudentID of their child."),
        ({"first": "Bob", "ref": "nobody"}, "No student of your school has this StudentID."),
        (
            {"email": "{alice}", "first": "Bob", "ref": "{mia}"},
            "Email address already exists, can't create",
        ),
        ({"email": "nothing", "first": "Bob", "ref": "{mia}"}, "Enter an address like name@school.org."),
    ],
)
def test_what_was_typed_wrong_is_said_and_nothing_is_made(
    office: Office, mia: Student, typed: dict[str, str], said: str
) -> None:
    """PRODUCT 3.16"""
    [slot] = office.slots(office.folake, 1)
    known = {"alice": office.alice.email, "mia": mia.student_ref}
    people = len(office.all(Contact))

    answer = make(office, slot, **{name: text.format(**known) for name, text in typed.items()})

    assert answer.status_code == 422
    assert said in words(answer.text)
    assert (len(office.all(Contact)), office.all(Appointment)) == (people, [])


def test_in_a_simple_event_the_child_is_typed(office: Office) -> None:
    with office.arranged() as session:
        session.merge(office.event).type = "simple_pta"
    [slot] = office.slots(office.folake, 1)

    refused = make(office, slot, customer=f"{office.alice.id}.", child="")
    made = make(office, slot, customer=f"{office.alice.id}.", child="Mia  Alvarez")

    assert (refused.status_code, made.status_code) == (422, 303)
    assert [one.child_name for one in office.all(Appointment)] == ["Mia Alvarez"]


class TestTeachers:
    def test_a_maker_books_the_own_students_families_on_the_own_schedule(self, office: Office, mia: Student) -> None:
        """PRODUCT 1.6, 3.5"""
        slot, _ = office.slots(office.folake, 2)
        [theirs] = office.slots(office.hugh, 1)
        folake = a_maker(office, office.folake)
        schedule = f"{office.base}/reports/teachers-schedule"

        found = folake.post(path(office, "/find"), {"q": "alvarez"}).text
        made = make(office, slot, folake, customer=key_of(office, mia))
        others = [
            folake.get(path(office, "", office.hugh)),
            folake.post(path(office, "", office.hugh), {"slot": theirs.token, "customer": key_of(office, mia)}),
            make(office, theirs, folake, customer=key_of(office, mia)),
        ]

        assert key_of(office, mia) in found
        assert (made.status_code, made.location) == (303, f"{schedule}?event={office.event.id}&day={THURSDAY}")
        assert [answer.status_code for answer in others] == [404, 404, 409]
        assert [one.slot_id for one in office.all(Appointment)] == [slot.id]
        [booked] = office.all(Appointment)
        page = folake.get(office.path(f"a/{booked.id}"))
        assert (page.status_code, "The office moves and cancels appointments." in page.text) == (200, True)
        for deed in ("cancel", "move", "confirm"):
            assert folake.post(office.path(f"a/{booked.id}/{deed}"), {"slot": slot.token}).status_code == 403

    def test_a_maker_finds_no_family_but_those_of_the_own_students(self, office: Office, mia: Student) -> None:
        """Privacy: a teacher needs not see the whole school."""
        with office.arranged() as session:
            carla = make_contact(session, office.school, "Carla", "Alvarez")
            leo = make_student(session, office.school, "Leo", "Alvarez")
            make_guardian(session, carla, leo)
        [slot] = office.slots(office.folake, 1)
        folake = a_maker(office, office.folake)

        found = folake.post(path(office, "/find"), {"q": "alvarez"}).text
        made = make(office, slot, folake, customer=f"{carla.id}.{leo.id}")
        new = make(office, slot, folake, first="Bob", last="New", ref=mia.student_ref)

        assert "Carla" not in found
        assert "Carla" in office.dora.post(path(office, "/find"), {"q": "alvarez"}).text
        assert (made.status_code, new.status_code) == (409, 403)
        assert office.all(Appointment) == []

    def test_in_a_simple_event_a_maker_books_for_whose_whole_email_they_typed_and_guesses_no_number(
        self, office: Office
    ) -> None:
        """Privacy: the appointment would tell the name and the email."""
        with office.arranged() as session:
            session.merge(office.event).type = "simple_pta"
        first, second = office.slots(office.folake, 2)
        folake, alice = a_maker(office, office.folake), {"customer": f"{office.alice.id}.", "child": "Mia"}

        guesses = [make(office, first, folake, **alice, q=words).status_code for words in ("", "alice", "x@y.example")]
        known = make(office, first, folake, **alice, q=f" {(office.alice.email or '').upper()} ")
        again = make(office, second, folake, **alice)

        assert guesses == [409] * 3
        assert (known.status_code, again.status_code) == (303, 303)

    @pytest.mark.parametrize("level", [Level.RESOURCE_ADMINISTRATOR, Level.EVENT_ADMINISTRATOR], ids=str)
    def test_who_is_granted_nothing_is_led_to_pages_of_their_own(
        self, office: Office, mia: Student, level: Level
    ) -> None:
        """PRODUCT 1.6, 3.5"""
        [slot] = office.slots(office.folake, 1)
        folake = a_maker(office, office.folake, level)

        made = make(office, slot, folake, customer=key_of(office, mia))
        shown = words(folake.get(made.location).text)
        [booked] = office.all(Appointment)
        pages = [folake.get(address) for address in (path(office), office.path(f"a/{booked.id}"), office.path("make"))]

        assert made.location == f"{office.base}/reports/teachers-schedule?event={office.event.id}&day={THURSDAY}"
        assert "Appointment made." in shown
        assert [page.status_code for page in pages] == [200] * 3
        assert all(f'href="{office.path()}{more}' not in page.text for page in pages for more in ('"', "?"))

    def test_who_is_granted_another_resource_goes_back_to_the_own_schedule_after_a_booking_there(
        self, office: Office, mia: Student
    ) -> None:
        """PRODUCT 1.6: the tab, which is theirs to open, shows the other teacher alone."""
        [slot] = office.slots(office.folake, 1)
        folake = a_maker(office, office.folake, Level.RESOURCE_ADMINISTRATOR, office.hugh)

        made = make(office, slot, folake, customer=key_of(office, mia))

        assert made.location.startswith(f"{office.base}/reports/teachers-schedule")
        assert f'href="{office.path()}"' in folake.get(path(office)).text

    def test_a_viewer_makes_nothing(self, office: Office) -> None:
        """PRODUCT 1.6"""
        viewer = office.someone(Level.VIEWER)

        assert viewer.get(path(office)).status_code == 403
        assert viewer.post(path(office), {}).status_code == 403


def test_no_name_stands_in_an_address(office: Office, mia: Student) -> None:
    """DESIGN 5"""
    office.slots(office.folake, 1)

    page = office.dora.post(path(office, "/find"), {"q": "alvarez"}).text

    addresses = " ".join(part.split('"')[0] for part in page.split('href="')[1:] + page.split('action="')[1:])
    assert "alvarez" not in addresses.lower()


def test_another_school_s_family_is_not_found(office: Office) -> None:
    """RELIABILITY T6"""
    school = office.another_school()
    with office.arranged() as session:
        eve = make_contact(session, school, "Eve", "Elsewhere")
        child = make_student(session, school, "Ada", "Elsewhere")
        make_guardian(session, eve, child)
    [slot] = office.slots(office.folake, 1)

    found = office.dora.post(path(office, "/find"), {"q": "elsewhere"}).text
    made = make(office, slot, customer=f"{eve.id}.{child.id}")

    assert "Nobody found." in found
    assert made.status_code == 409
    assert office.all(Appointment) == []
