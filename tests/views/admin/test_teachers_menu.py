"""The Teachers menu: Add Teacher with Select Person, Copy Teachers, Sort Teachers; and taking one out."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from app import Browser
from event_office import Office, open_office, words
from factories import make_contact, make_event, make_resource, make_school, make_teacher, stored
from online_office import time_stands_at
from sqlmodel import select
from statements import statements

from webapp.db import Database
from webapp.models import Audit, Contact, Level, Meeting, Resource, ResourceMember, Slot
from webapp.services.event.events import event_of
from webapp.services.event.resources import resources_of


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def here(office: Office, event: Any = None) -> list[tuple[str, list[str]]]:
    """The event's resources in order, each with the first names behind it."""
    with office.database.reading() as session:
        row = event_of(session, office.school.id or 0, (event or office.event).id)
        return [(it.resource.name, [one.first for one in it.members]) for it in resources_of(session, row)]


def kenji(office: Office, **values: Any) -> Contact:
    with office.arranged() as session:
        return make_teacher(session, office.school, "Kenji", "Itō", **values)


def test_the_appointments_tab_has_the_menu_with_its_known_items(office: Office) -> None:
    """R102, PRODUCT 2.4"""
    page = office.dora.get(office.path()).text

    for label, path in (("Add Teacher", "add"), ("Copy Teachers", "copy"), ("Sort Teachers", "sort")):
        assert f'<a href="{office.path(f"teachers/{path}")}">{label}</a>' in page


def test_select_person_finds_somebody_whatever_the_accents_and_ok_adds_them_last(office: Office) -> None:
    """PRODUCT 2.4: search control, list, then Ok."""
    person = kenji(office, room="7")
    before = words(office.dora.get(office.path("teachers/add")).text)

    found = office.dora.post(office.path("teachers/add/find"), {"last": "ito"})
    added = office.dora.post(office.path("teachers/add"), {"people": [str(person.id)], "last": "ito"})

    assert "Itō" not in before
    assert "Kenji Itō" in words(found.text)
    assert "Barlow" not in found.text
    assert added.status_code == 303
    assert here(office)[-1] == ("Kenji Itō", ["Kenji"])
    assert "Added 1 teacher" in office.dora.get(added.location).text
    assert next(row.room for row in office.all(Resource) if row.name == "Kenji Itō") == "7"


def test_who_has_a_schedule_here_is_shown_so_and_never_gets_a_second_one(office: Office) -> None:
    with office.database.reading() as session:
        folake = session.exec(select(Contact).where(Contact.first == "Folake")).one()
    page = office.dora.post(office.path("teachers/add/find"), {"first": "fol"}).text

    office.dora.post(office.path("teachers/add"), {"people": [str(folake.id)]})

    assert f'value="{folake.id}" disabled' in page
    assert "in this event" in page
    assert len(here(office)) == 2


def test_nobody_ticked_and_somebody_of_another_school_add_nobody(office: Office) -> None:
    with office.arranged() as session:
        foreign = make_teacher(session, make_school(session), "Zora")
    nobody = office.dora.post(office.path("teachers/add"), {"last": "x"})
    stranger = office.dora.post(office.path("teachers/add"), {"people": [str(foreign.id)]})
    odd = office.dora.post(office.path("teachers/add"), {"people": ["9" * 20]})

    assert (nobody.status_code, stranger.status_code, odd.status_code) == (422, 422, 422)
    assert "Choose at least one person." in words(nobody.text)
    assert "not there any more" in words(stranger.text)
    assert "Zora" not in office.dora.post(office.path("teachers/add/find"), {}).text
    assert len(here(office)) == 2


def test_an_event_administrator_finds_colleagues_and_no_parents(office: Office) -> None:
    """Families are nobody's business who need not know them (RELIABILITY T5)."""
    kenji(office)
    bob = office.someone(Level.EVENT_ADMINISTRATOR, office.event)

    theirs = bob.post(office.path("teachers/add/find"), {}).text
    added = bob.post(office.path("teachers/add"), {"people": [str(office.alice.id)]})
    ours = office.dora.post(office.path("teachers/add/find"), {"first": "alice"}).text

    assert "Kenji Itō" in theirs
    assert "Alice Alvarez" not in theirs
    assert added.status_code == 422
    assert "Alice Alvarez" in ours


def test_add_new_makes_a_contact_who_can_sign_in_and_puts_them_here_once(office: Office) -> None:
    """PRODUCT 2.4: or Last, First, email and Add New."""
    sent = {
        "key": office.dora.key(office.path("teachers/add")),
        "last": "O'Brien",
        "first": "Siobhán",
        "email": "S.OBrien@Linden.example",
    }

    first, again = (office.dora.post(office.path("teachers/add/new"), sent) for _ in range(2))

    [made] = [one for one in office.all(Contact) if one.first == "Siobhán"]
    assert first.status_code == again.status_code == 303
    assert (made.email, made.level) == ("s.obrien@linden.example", Level.VIEWER)
    assert here(office)[-1] == ("Siobhán O'Brien", ["Siobhán"])
    assert len(here(office)) == 3


def test_add_new_with_an_address_that_somebody_has_names_them(office: Office) -> None:
    """PRODUCT 3.16: Email address already exists, can't create duplicates."""
    key = office.dora.key(office.path("teachers/add"))

    answer = office.dora.post(office.path("teachers/add/new"), {"key": key, "last": "X", "email": office.alice.email})

    assert answer.status_code == 422
    assert "Email address already exists, can't create duplicates. Alice Alvarez has it" in words(answer.text)
    assert 'value="X"' in answer.text
    assert len(here(office)) == 2


def test_teachers_of_another_event_are_copied_with_team_and_rooms_and_none_twice(office: Office) -> None:
    other, _ = office.another_event(name="Last spring")
    with office.arranged() as session:
        kenji_, hugh = make_teacher(session, office.school, "Kenji"), session.get_one(Contact, _id(office, "Hugh"))
        team = make_resource(session, other, kenji_, name="Team", room="7", virtual_room="https://meet.example/k")
        stored(session, ResourceMember(resource_id=team.id, contact_id=hugh.id, school_id=office.school.id, position=1))
    page = words(office.dora.get(office.path("teachers/copy")).text)

    first = office.dora.post(office.path("teachers/copy"), {"from": str(other.id)})
    office.dora.post(office.path("teachers/copy"), {"from": str(other.id)})

    assert "Last spring 1 teacher or team is new here. 1 is here already." in page
    assert "Took 1 teacher or team" in office.dora.get(first.location).text
    assert here(office) == [("Folake Adeyemi", ["Folake"]), ("Hugh Barlow", ["Hugh"]), ("Team", ["Kenji", "Hugh"])]
    copied = next(row for row in office.all(Resource) if row.name == "Team" and row.event_id == office.event.id)
    assert (copied.room, copied.virtual_room) == ("7", "https://meet.example/k")


def _id(office: Office, first: str) -> int:
    return next(one.id or 0 for one in office.all(Contact) if one.first == first)


def test_teachers_are_copied_only_from_events_that_the_editor_oversees(office: Office) -> None:
    other, _ = office.another_event(name="Not theirs")
    bob = office.someone(Level.EVENT_ADMINISTRATOR, office.event)

    page = bob.get(office.path("teachers/copy")).text
    answers = [bob.post(office.path("teachers/copy"), {"from": asked}) for asked in (str(other.id), "", "9" * 20, "x")]

    assert "Not theirs" not in page
    assert "No other event has teachers yet." in page
    assert {answer.status_code for answer in answers} == {404}


def test_teachers_are_sorted_by_name_or_by_typed_numbers(office: Office) -> None:
    """PRODUCT 1.4, 2.4: Sort Teachers reorders; the numbers are the keyboard's way."""
    person = kenji(office)
    office.dora.post(office.path("teachers/add"), {"people": [str(person.id)]})
    by_number = {row.name: row.id for row in office.all(Resource)}

    def sort(**typed: str) -> list[str]:
        page = office.dora.get(office.path("teachers/sort")).text
        was = re.search(r'name="was" value="([^"]*)"', page)
        assert was
        office.dora.post(office.path("teachers/sort"), {"was": was[1]} | typed)
        return [name.split()[0] for name, _ in here(office)]

    assert sort(**{f"n{by_number['Kenji Itō']}": "1.5", "by": "hand"}) == ["Folake", "Kenji", "Hugh"]
    assert sort(**{f"n{by_number['Folake Adeyemi']}": "99", "by": "hand"}) == ["Kenji", "Hugh", "Folake"]
    assert sort(**{f"n{by_number['Hugh Barlow']}": "nan", "n99999": "1", "by": "hand"}) == ["Kenji", "Hugh", "Folake"]
    assert sort(by="name") == ["Folake", "Hugh", "Kenji"]


def test_an_order_that_somebody_else_changed_meanwhile_is_not_overwritten(office: Office) -> None:
    page = office.dora.get(office.path("teachers/sort")).text
    was = re.search(r'name="was" value="([^"]*)"', page)
    assert was
    office.dora.post(office.path("teachers/add"), {"people": [str(kenji(office).id)]})

    answer = office.dora.post(office.path("teachers/sort"), {"was": was[1], f"n{office.hugh.id}": "0"})

    assert answer.status_code == 409
    assert "Somebody else has changed the teachers meanwhile." in words(answer.text)
    assert next(name for name, _ in here(office)) == "Folake Adeyemi"


def test_a_double_click_on_save_order_is_one_change(office: Office) -> None:
    page = office.dora.get(office.path("teachers/sort")).text
    was = re.search(r'name="was" value="([^"]*)"', page)
    assert was
    form = {"was": was[1], f"n{office.hugh.id}": "0", "by": "hand"}

    answers = [office.dora.post(office.path("teachers/sort"), form) for _ in range(2)]
    other = office.dora.post(office.path("teachers/sort"), {"was": was[1], "by": "hand"})

    assert [answer.status_code for answer in (*answers, other)] == [303, 303, 409]
    assert [name for name, _ in here(office)] == ["Hugh Barlow", "Folake Adeyemi"]
    assert [row.action for row in office.all(Audit)].count("event.sort_teachers") == 1


def test_a_teacher_is_taken_out_with_their_slots_and_stays_a_contact(office: Office) -> None:
    office.slots(office.hugh, 2)

    answer = office.dora.post(office.path(f"t/{office.hugh.id}/remove"))

    assert "Hugh Barlow is not in this event any more." in office.dora.get(answer.location).text
    assert [name for name, _ in here(office)] == ["Folake Adeyemi"]
    assert [slot for slot in office.all(Slot) if slot.resource_id == office.hugh.id] == []
    assert _id(office, "Hugh")
    assert "resource.remove" in {row.action for row in office.all(Audit)}


def test_a_teacher_with_coming_appointments_or_meetings_to_be_removed_stays(office: Office) -> None:
    """With the rows nobody would know of the meeting in Zoom any more."""
    office.set(provider="zoom")
    appointment = office.booked(office.slots(office.hugh, 1, kind="V")[0], is_virtual=True)
    path = office.path(f"t/{office.hugh.id}/remove")

    booked = office.dora.get(office.dora.post(path).location).text
    with office.arranged() as session:
        meeting = session.exec(select(Meeting)).one()
        meeting.remote_id, meeting.due_at, meeting.join_url = "99", None, "https://zoom.us/j/99"
    office.dora.post(office.path(f"a/{appointment.id}/cancel"), {"key": _key(office, appointment.id)})
    removing = office.dora.get(office.dora.post(path).location).text

    assert "Hugh Barlow has coming appointments: 1." in words(booked)
    assert "Online meetings or calendar entries of Hugh Barlow are being removed." in words(removing)
    assert len(here(office)) == 2


def _key(office: Office, appointment: int | None) -> str:
    return office.dora.key(office.path(f"a/{appointment}"))


def test_a_mail_address_is_no_help_to_whoever_may_not_add(office: Office) -> None:
    """ADMIN-017: an Appointment Viewer posts nothing."""
    viewer = office.someone(Level.VIEWER)
    paths = ["teachers/add", "teachers/add/find", "teachers/add/new", "teachers/copy", "teachers/sort"]

    answers = [viewer.post(office.path(path), {"last": "X"}) for path in [*paths, f"t/{office.hugh.id}/remove"]]

    assert {answer.status_code for answer in answers} == {403}
    assert len(here(office)) == 2


def test_past_appointments_do_not_hold_a_teacher_back(office: Office, now: datetime) -> None:
    slot = office.slots(office.hugh, 1)[0]
    office.booked(slot)

    with time_stands_at(now + timedelta(days=30)):
        browser = Browser(office.app)
        with office.arranged() as session:
            dora = make_contact(session, office.school, "Dora", "Second", level=Level.ADMINISTRATOR)
            browser.sign_in(session, dora, now=now + timedelta(days=30))
        browser.post(office.path(f"t/{office.hugh.id}/remove"))

    assert [name for name, _ in here(office)] == ["Folake Adeyemi"]


def test_the_sort_page_of_many_teachers_asks_no_more_than_of_few(office: Office) -> None:
    def asked(path: str) -> int:
        with statements(office.app) as sent:
            assert office.dora.get(office.path(path)).status_code == 200
        return len(sent)

    few = asked("teachers/sort")
    with office.arranged() as session:
        for n in range(30):
            make_resource(session, office.event, make_teacher(session, office.school, f"T{n}"))

    assert asked("teachers/sort") == few


def test_an_event_of_another_school_has_no_menu(office: Office) -> None:
    other = office.another_school()
    with office.arranged() as session:
        foreign = make_event(session, other)

    for path in ("add", "copy", "sort"):
        assert office.dora.get(office.path(f"teachers/{path}", foreign)).status_code == 404
