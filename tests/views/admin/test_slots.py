"""The Slots menu: what is counted, what is done, and what is refused."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from event_office import FRIDAY, THURSDAY, Office, open_office, words
from factories import make_resource, make_slot
from online_office import time_stands_at

from jobs.link_sync import sync_links
from webapp.db import Database
from webapp.models import Level, Slot


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def test_create_slots_counts_first_and_then_does_what_its_button_said(office: Office) -> None:
    """R75 for Create Slots: the button names the verb and the count."""
    form = office.form("create")
    shown = office.dora.post(office.path("slots/create/preview"), form, htmx=True)

    answer = office.dora.post(office.path("slots/create"), form)

    assert "2 teachers, 4 slots each" in words(shown.text)
    assert "Create 8 slots</button>" in shown.text
    assert (answer.status_code, answer.location) == (303, office.path(f"?date={THURSDAY}"))
    assert "Created 8 slots, 0 were already there" in office.dora.get(answer.location).text
    assert len(office.all(Slot)) == 8


def test_the_dialog_opens_with_the_day_and_the_count_for_its_defaults(office: Office) -> None:
    answer = office.dora.htmx(office.path("slots/create/form?date=2026-12-04"))

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'name="dates" value="2026-12-04"' in answer.text
    assert "Create 24 slots</button>" in answer.text


def test_htmx_is_sent_to_the_day_after_the_deed(office: Office) -> None:
    answer = office.dora.post(office.path("slots/create"), office.form("create"), htmx=True)

    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, office.path(f"?date={THURSDAY}"))


def test_the_same_form_sent_twice_creates_once_and_says_the_same(office: Office) -> None:
    form = office.form("create")

    first = office.dora.post(office.path("slots/create"), form)
    said_first = words(office.dora.get(first.location).text)
    second = office.dora.post(office.path("slots/create"), form)

    assert (second.status_code, second.location) == (303, first.location)
    assert "Created 8 slots, 0 were already there" in said_first
    assert "Created 8 slots, 0 were already there" in words(office.dora.get(second.location).text)
    assert len(office.all(Slot)) == 8


def test_running_it_again_leaves_what_is_there(office: Office) -> None:
    office.do("create")

    form = office.form("create", to_time="18:00")
    answer = office.dora.post(office.path("slots/create"), form)

    assert "Created 8 slots, 8 were already there" in office.dora.get(answer.location).text
    assert len(office.all(Slot)) == 16


def test_without_javascript_the_preview_is_a_whole_page_that_confirms(office: Office) -> None:
    form = office.form("create")

    page = office.dora.get(office.path("slots/create"))
    confirm = office.dora.post(office.path("slots/create/preview"), form)

    assert page.status_code == confirm.status_code == 200
    for answer in (page, confirm):
        assert "<html" in answer.text
        assert 'method="post"' in answer.text
    assert "Create 8 slots</button>" in confirm.text


def test_slots_for_selected_teachers_only(office: Office) -> None:
    office.do("create", who="selected", resources=[str(office.hugh.id)])

    assert {slot.resource_id for slot in office.all(Slot)} == {office.hugh.id}


def test_slots_for_one_group_of_teachers(office: Office) -> None:
    office.do("create", who="group:Grade 4", duration="20")

    assert {(slot.resource_id, slot.minutes) for slot in office.all(Slot)} == {(office.folake.id, 20)}


def test_multiple_dates_and_a_travel_break(office: Office) -> None:
    dates = [THURSDAY.isoformat(), "", FRIDAY.isoformat(), ""]

    office.do("create", dates=dates, duration="10", travel_break="5", who="group:Grade 4")

    starts = sorted(slot.wall_start for slot in office.all(Slot))
    assert starts == [f"{day}T16:{minute}" for day in (THURSDAY, FRIDAY) for minute in ("00", "15", "30", "45")]


def test_the_appointment_type_is_asked_only_when_the_event_shows_it(office: Office) -> None:
    """R44: when not ticked, neither dialog asks, and new slots are P whatever is sent."""
    hidden = [office.dora.htmx(office.path(f"slots/{deed}/form")).text for deed in ("create", "update")]
    office.do("create", kind="V")
    office.set(shows_appointment_type=True)
    shown = [office.dora.htmx(office.path(f"slots/{deed}/form")).text for deed in ("create", "update")]

    assert not any("Appointment type" in html or 'name="kind"' in html for html in hidden)
    assert set(office.kinds().split()) == {"P"}
    for html in shown:
        assert "Appointment type" in html
        for words_of_kind in ("In-Person", "Virtual", "In-Person or Virtual"):
            assert f">{words_of_kind}</option>" in html


@pytest.mark.parametrize(("kind", "spoken"), [("V", "Virtual"), ("PV", "In-Person or Virtual")])
def test_slots_are_created_and_marked_with_their_type(office: Office, kind: str, spoken: str) -> None:
    """R45"""
    office.set(shows_appointment_type=True)

    answer = office.do("create", kind=kind)

    assert set(office.kinds().split()) == {kind}
    board = office.dora.get(answer.location).text
    assert f"free, {spoken}" in words(board)
    assert f'<span aria-hidden="true">{kind}</span>' in board


def test_update_slots_makes_the_days_ten_slots_virtual_and_leaves_the_other_days(office: Office) -> None:
    """R45, R75, R76: Slots > Update Slots > Appointment type > the button that names the verb and the count."""
    office.set(shows_appointment_type=True)
    office.slots(office.folake, 10)
    office.slots(office.folake, 3, day=1)

    shown = office.dora.post(office.path("slots/update/preview"), office.form("update", kind="V"), htmx=True)
    answer = office.do("update", kind="V")

    assert "Update 10 slots</button>" in shown.text
    assert "Updated 10 slots, 0 of them booked" in office.dora.get(answer.location).text
    assert office.kinds(THURSDAY) == " ".join("V" * 10)
    assert office.kinds(FRIDAY) == "P P P"


def test_bookings_take_the_new_type_and_their_meetings_follow(office: Office) -> None:
    """R78: from P to V they get links, from V to P their meetings are deleted."""
    office.set(shows_appointment_type=True, provider="zoom")
    [slot] = office.slots(office.folake, 1)
    appointment = office.booked(slot)

    answer = office.do("update", kind="V")
    sync_links(office.app)
    linked = office.zoom.standing()
    shown = office.dora.get(office.path(f"a/{appointment.id}")).text
    office.do("update", kind="P")
    sync_links(office.app)

    assert "Updated 1 slot, 1 of them booked" in office.dora.get(answer.location).text
    assert len(linked) == 1
    assert f"https://linden.zoom.us/j/{linked[0].id}" in shown
    assert office.zoom.standing() == []
    assert "In-Person: no link" in office.dora.get(office.path(f"a/{appointment.id}")).text


def test_make_unavailable_with_a_message_shows_it_on_the_day(office: Office) -> None:
    office.slots(office.folake, 2)

    answer = office.do("update", from_time="16:00", to_time="16:15", visibility="unavailable", message="Lunch")

    board = office.dora.get(answer.location).text
    assert "4:00 PM, Folake Adeyemi: Lunch" in words(board).replace(" :", ":")
    assert [slot.visibility for slot in office.all(Slot)] == ["unavailable", "visible"]


def test_deleting_says_what_turns_red_and_keeps_it(office: Office) -> None:
    first, second = office.slots(office.folake, 2)
    appointment = office.booked(first)

    shown = office.dora.post(office.path("slots/delete/preview"), office.form("delete"), htmx=True)
    answer = office.do("delete")

    assert "This deletes 2 slots. 1 booked appointment among them is kept and turns red" in words(shown.text)
    assert "Delete 2 slots</button>" in shown.text
    day = words(office.dora.get(answer.location).text)
    assert "Deleted 2 slots, 1 appointment turned red" in day
    assert "its slot was deleted: move, cancel or confirm it" in day
    assert office.again(appointment).cancelled_at is None
    assert [slot.id for slot in office.all(Slot) if slot.removed_at is None] == []
    assert second.id not in {slot.id for slot in office.all(Slot)}


def test_copy_slots_says_what_it_makes_and_goes_to_the_other_day(office: Office) -> None:
    """PRODUCT 3.4"""
    office.slots(office.folake, 3, kind="PV")

    shown = office.dora.post(office.path("slots/copy/preview"), office.form("copy"), htmx=True)
    answer = office.do("copy")
    again = office.dora.post(office.path("slots/copy/preview"), office.form("copy"), htmx=True)

    assert "This makes 3 slots." in words(shown.text)
    assert "Copy 3 slots</button>" in shown.text
    assert answer.location == office.path(f"?date={FRIDAY}")
    assert "Copied 3 slots, 0 were already there" in office.dora.get(answer.location).text
    assert office.kinds(FRIDAY) == "PV PV PV"
    assert "For 3 more there are slots at that time already." in words(again.text)
    assert "Copy slots</button>" in again.text


def test_move_slots_says_who_is_mailed_and_takes_the_appointments_along(office: Office) -> None:
    """PRODUCT 3.4, 3.8: the date change of a whole event; each link keeps its meeting and gets the new time."""
    office.set(provider="zoom")
    slots = office.slots(office.folake, 2, kind="V")
    booked = [office.booked(slot) for slot in slots]
    sync_links(office.app)
    links = {meeting.id for meeting in office.zoom.standing()}

    shown = office.dora.post(office.path("slots/move/preview"), office.form("move"), htmx=True)
    answer = office.do("move")
    sync_links(office.app)

    said = "This moves 2 slots. 2 appointments go along. 1 family is mailed. 2 Zoom links stay and get the new time."
    assert said in words(shown.text)
    assert "Move 2 slots</button>" in shown.text
    assert "Moved 2 slots, 2 appointments along with them" in office.dora.get(answer.location).text
    assert office.kinds(FRIDAY) == "V V"
    assert {meeting.id for meeting in office.zoom.standing()} == links
    assert len({office.again(appointment).act for appointment in booked}) == 1


def test_move_slots_names_who_cannot_go(office: Office) -> None:
    slot, _ = office.slots(office.folake, 2)
    office.slots(office.folake, 1, day=1)
    office.booked(slot, child_name="Zoë Quiñones")

    shown = office.dora.post(office.path("slots/move/preview"), office.form("move"), htmx=True)
    answer = office.do("move")

    assert "1 booked slot cannot be moved" in words(shown.text)
    assert "Zoë Quiñones: another slot of the teacher is at that time" in words(shown.text)
    assert "1 booked slot stays" in office.dora.get(answer.location).text
    assert office.again(slot).version == 1


def test_a_time_of_odd_minutes_is_rounded_and_said_so(office: Office) -> None:
    """DESIGN 6: browsers may ignore the field's step."""
    form = office.form("create", from_time="16:03", to_time="17:06")

    shown = office.dora.post(office.path("slots/create/preview"), form, htmx=True)
    answer = office.dora.post(office.path("slots/create"), form)

    said = "Times go by five minutes. 4:03 PM is read as 4:05 PM. 5:06 PM is read as 5:05 PM."
    assert said in words(shown.text)
    assert said in words(office.dora.get(answer.location).text)
    assert {slot.wall_start[11:] for slot in office.all(Slot)} == {"16:05", "16:20", "16:35", "16:50"}


def test_at_a_clock_change_the_office_chooses_and_the_choice_is_done(office: Office) -> None:
    """RELIABILITY 2.7: nonexistent and ambiguous times are refused unless the person picks."""
    night = {"dates": ["2027-03-14"], "from_time": "01:00", "to_time": "04:00", "duration": "30"}

    asked = office.dora.post(office.path("slots/create/preview"), office.form("create", **night), htmx=True)
    refused = office.do("create", **night)
    answer = office.do("create", **night, clock="skip")

    assert asked.status_code == refused.status_code == 422
    assert 'name="clock"' in asked.text
    assert "the clock change skips it" in words(asked.text)
    assert answer.status_code == 303
    assert "Created 6 slots" in office.dora.get(answer.location).text


def test_what_turns_virtual_says_how_many_links_are_made_and_removed(office: Office) -> None:
    """R78"""
    office.set(shows_appointment_type=True, provider="zoom")
    for slot in office.slots(office.folake, 2):
        office.booked(slot)

    to_virtual = office.dora.post(office.path("slots/update/preview"), office.form("update", kind="V"), htmx=True)
    office.do("update", kind="V")
    back = office.dora.post(office.path("slots/update/preview"), office.form("update", kind="P"), htmx=True)

    assert "2 Zoom links are made, usually within a minute." in words(to_virtual.text)
    assert "2 Zoom links are removed." in words(back.text)


def test_slots_of_another_event_stay_as_they_are(office: Office) -> None:
    _, elsewhere = office.another_event()
    office.slots(office.folake, 2)
    office.slots(elsewhere, 2)

    office.do("delete")

    assert [slot.resource_id for slot in office.all(Slot)] == [elsewhere.id] * 2


def test_an_event_administrator_with_the_grant_creates_slots(office: Office) -> None:
    bob = office.someone(Level.EVENT_ADMINISTRATOR, office.event)

    answer = office.do("create", bob)

    assert answer.status_code == 303
    assert len(office.all(Slot)) == 8


def test_forty_six_teachers_can_be_chosen_from_by_group(office: Office) -> None:
    with office.arranged() as session:
        for n in range(44):
            make_resource(session, office.event, name=f"Teacher {n}", group_name=f"Grade {n % 3}")

    dialog = office.dora.htmx(office.path("slots/create/form")).text

    assert "All 46 teachers" in dialog
    assert dialog.count('type="checkbox" name="resources"') == 46
    assert "<legend>Grade 0</legend>" in dialog
    assert '<option value="group:Grade 0">' in dialog


def test_update_and_delete_offer_the_days_that_have_slots(office: Office) -> None:
    office.slots(office.folake, 1)
    with office.arranged() as session:
        make_slot(session, office.folake, at=datetime(2026, 12, 4, 16, 0) + timedelta(days=7))

    for deed in ("update", "delete"):
        dialog = office.dora.htmx(office.path(f"slots/{deed}/form?date={THURSDAY}")).text
        assert 'value="2026-12-03" checked' in dialog
        assert 'value="2026-12-11">' in dialog
