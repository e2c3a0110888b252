"""What the office does with one appointment: look at it, cancel it, move it."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from event_office import FRIDAY, THURSDAY, Office, hidden_value, open_office, words
from factories import EVENING, make_resource, make_slot
from online_office import time_stands_at
from threads import losing_once

from jobs.link_sync import sync_links
from webapp.db import Database
from webapp.models import Appointment, Slot
from webapp.services.booking.desk import move_at_desk


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def key_of(office: Office, appointment: Appointment) -> str:
    return hidden_value(office.dora.get(office.path(f"a/{appointment.id}")).text, "key")


def cancel(office: Office, appointment: Appointment, **more: Any) -> Any:
    htmx = more.pop("htmx", False)
    form = {"key": key_of(office, appointment)} | more
    return office.dora.post(office.path(f"a/{appointment.id}/cancel"), form, htmx=htmx)


def move(office: Office, appointment: Appointment, slot: Slot | str, **more: Any) -> Any:
    htmx = more.pop("htmx", False)
    form = {"key": key_of(office, appointment), "slot": slot if isinstance(slot, str) else slot.token} | more
    return office.dora.post(office.path(f"a/{appointment.id}/move"), form, htmx=htmx)


def test_an_appointment_shows_who_where_and_why_it_is_red(office: Office) -> None:
    [slot] = office.slots(office.folake, 1)
    appointment = office.booked(slot, child_name="Mia Alvarez", problem="rule")

    page = words(office.dora.get(office.path(f"a/{appointment.id}")).text)

    assert "Thu, Dec 3, 4:00 PM, Folake Adeyemi" in page
    for said in ("Mia Alvarez", "Alice Alvarez", office.alice.email, "In-Person", "112", "breaks a booking rule"):
        assert str(said) in page
    assert "In-Person: no link" in page


def test_an_appointment_whose_link_cannot_be_made_says_why(office: Office) -> None:
    """R2 and R29: neither a link nor a promise of one."""
    with office.arranged() as session:
        team = make_resource(session, office.event, name="Learning Support")
        slots = [
            make_slot(session, team, kind="V"),
            make_slot(session, team, kind="V", at=EVENING + timedelta(hours=1)),
        ]
    untyped = office.booked(slots[0])
    without = words(office.dora.get(office.path(f"a/{untyped.id}")).text)
    office.set(provider="zoom")
    nobody = office.booked(slots[1])
    with_zoom = office.dora.get(office.path(f"a/{nobody.id}")).text

    assert "No link typed, no provider on." in without
    assert "No contact attached" in words(with_zoom)
    assert f'href="{office.base}/online-meetings"' in with_zoom


def test_cancelling_frees_the_slot_and_deletes_the_meeting_once(office: Office) -> None:
    """R100"""
    office.set(provider="zoom")
    [slot] = office.slots(office.folake, 1, kind="V")
    appointment = office.booked(slot)
    sync_links(office.app)
    linked = len(office.zoom.standing())

    answer = cancel(office, appointment)
    page = office.dora.get(office.path(f"?date={THURSDAY}")).text
    sync_links(office.app)
    sync_links(office.app)

    assert linked == 1
    assert (answer.status_code, answer.location) == (303, office.path(f"?date={THURSDAY}"))
    assert "Appointment cancelled." in words(page)
    assert "4:00 PM, Folake Adeyemi: free, Virtual" in words(page)
    assert office.zoom.standing() == []
    assert office.zoom.calls.count("remove") == 1


def test_moving_frees_the_old_time_and_re_times_the_meeting_once(office: Office) -> None:
    """R100: the same meeting and link, at the new time."""
    office.set(provider="zoom")
    first, second = office.slots(office.folake, 2, kind="V")
    appointment = office.booked(first)
    sync_links(office.app)
    before = office.zoom.standing()

    answer = move(office, appointment, second)
    sync_links(office.app)
    sync_links(office.app)

    assert (answer.status_code, answer.location) == (303, office.path(f"?date={THURSDAY}"))
    assert office.again(appointment).slot_id == second.id
    [after] = office.zoom.standing()
    assert (after.id, after.starts_at) == (before[0].id, second.starts_at)
    assert office.zoom.calls.count("change") == 1
    page = words(office.dora.get(office.path(f"?date={THURSDAY}")).text)
    assert "Appointment moved." in page
    assert "4:00 PM, Folake Adeyemi: free, Virtual" in page


def test_a_move_that_lost_a_race_is_begun_again_and_the_office_is_not_sent_away(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RELIABILITY B1: at the desk as on a family's phone."""
    first, second = office.slots(office.folake, 2, kind="P")
    appointment = office.booked(first)
    monkeypatch.setattr("webapp.views.admin.appointments.move_at_desk", losing_once(move_at_desk))

    answer = move(office, appointment, second)

    assert answer.status_code == 303
    assert office.again(appointment).slot_id == second.id


def test_htmx_is_sent_to_the_day_of_the_new_time(office: Office) -> None:
    [first] = office.slots(office.folake, 1)
    [second] = office.slots(office.folake, 1, day=1)
    appointment = office.booked(first)

    answer = move(office, appointment, second, htmx=True)

    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, office.path(f"?date={FRIDAY}"))


def test_the_free_times_of_the_same_teacher_are_offered_hidden_ones_too(office: Office) -> None:
    mine, hidden, free, blocked = office.slots(office.folake, 4, kind="PV")
    office.slots(office.hugh, 1, kind="V", day=1)
    appointment = office.booked(mine)
    with office.arranged() as session:
        session.get_one(Slot, hidden.id).visibility = "hidden"
        session.get_one(Slot, blocked.id).visibility = "unavailable"

    page = office.dora.get(office.path(f"a/{appointment.id}")).text

    choice = page.partition('id="ap-slot"')[2].partition("</select>")[0]
    assert re.findall(r'value="([^"]+)"', choice) == [hidden.token, free.token]
    assert "4:15 PM, In-Person or Virtual, hidden" in words(choice)
    assert "4:30 PM, In-Person or Virtual" in words(choice)
    assert 'name="type" value="P" checked' in page


def test_the_own_time_is_not_offered_but_a_new_slot_at_that_time_is(office: Office) -> None:
    roomy, removed = office.slots(office.folake, 2, capacity=2)
    staying, red = office.booked(roomy), office.booked(removed, problem="slot_removed")
    with office.arranged() as session:
        session.get_one(Slot, removed.id).removed_at = office.now
        anew = make_slot(session, office.folake, at=EVENING + timedelta(minutes=15))

    offered = office.dora.get(office.path(f"a/{staying.id}")).text
    moved = move(office, red, anew)

    assert roomy.token not in offered
    assert anew.token in offered
    assert moved.status_code == 303
    assert office.again(red).problem is None


def test_the_type_counts_where_the_new_time_leaves_it_open(office: Office) -> None:
    mine, either, fixed = office.slots(office.folake, 3, kind="PV")
    with office.arranged() as session:
        session.get_one(Slot, fixed.id).kind = "P"
    appointment = office.booked(mine)

    move(office, appointment, either, type="V")
    was_virtual = office.again(appointment).is_virtual
    move(office, appointment, fixed, type="V")

    assert was_virtual
    assert not office.again(appointment).is_virtual


def test_the_same_form_sent_twice_cancels_and_moves_once(office: Office) -> None:
    first, second, third = office.slots(office.folake, 3)
    appointment, other = office.booked(first), office.booked(third)
    key = key_of(office, appointment)

    moves = [move(office, appointment, second, key=key) for _ in range(2)]
    key = key_of(office, other)
    cancels = [cancel(office, other, key=key) for _ in range(2)]

    assert [answer.status_code for answer in moves + cancels] == [303] * 4
    assert len({answer.location for answer in moves + cancels}) == 1
    assert office.again(appointment).slot_id == second.id


@pytest.mark.parametrize("deed", ["cancel", "move"])
def test_a_tampered_key_changes_nothing(office: Office, deed: str) -> None:
    first, second = office.slots(office.folake, 2)
    appointment = office.booked(first)

    form = {"key": "made-up", "slot": second.token}
    answer = office.dora.post(office.path(f"a/{appointment.id}/{deed}"), form)

    assert answer.status_code == 422
    assert "too old" in words(answer.text)
    assert office.again(appointment).slot_id == first.id
    assert office.again(appointment).cancelled_at is None


def test_a_time_that_somebody_took_meanwhile_is_refused_and_the_rest_offered(office: Office) -> None:
    mine, taken, free = office.slots(office.folake, 3)
    appointment = office.booked(mine)
    key = key_of(office, appointment)
    office.booked(taken)

    answer = move(office, appointment, taken, key=key, htmx=True)

    assert answer.status_code == 409
    assert f'<section class="panel narrow" id="appointment-{appointment.id}"' in answer.text
    assert "was just taken. Choose another time." in words(answer.text)
    assert "<html" not in answer.text
    assert free.token in answer.text
    assert office.again(appointment).slot_id == mine.id


def test_times_of_other_teachers_and_none_at_all_are_refused(office: Office) -> None:
    [mine] = office.slots(office.folake, 1)
    [other] = office.slots(office.hugh, 1, day=1)
    appointment = office.booked(mine)

    wrong = move(office, appointment, other)
    gone = move(office, appointment, "no-such-token")
    none = move(office, appointment, "")

    assert (wrong.status_code, gone.status_code, none.status_code) == (422, 409, 422)
    assert "Choose a time with the same teacher." in words(wrong.text)
    assert "not offered any more" in words(gone.text)
    assert office.again(appointment).slot_id == mine.id


def test_a_cancelled_appointment_says_so_and_cannot_be_cancelled_again(office: Office) -> None:
    [slot] = office.slots(office.folake, 1)
    appointment = office.booked(slot)
    key = key_of(office, appointment)
    cancel(office, appointment)

    page = office.dora.get(office.path(f"a/{appointment.id}")).text
    again = cancel(office, appointment, key=key)

    assert "Cancelled Mon, Nov 23" in words(page)
    assert "Cancel Appointment" not in page
    assert again.status_code == 409
    assert "already cancelled" in words(again.text)


def test_a_hold_is_left_to_the_customer(office: Office) -> None:
    [slot] = office.slots(office.folake, 1)
    hold = office.booked(slot, held_until=office.now + timedelta(minutes=10))

    board = words(office.dora.get(office.path()).text)
    page = office.dora.get(office.path(f"a/{hold.id}")).text

    assert "Booking , customer is creating this appointment" in board
    assert "Customer is creating this appointment" in words(page)
    assert "<form" not in page.partition('id="appointment-')[2].partition("</section>")[0]


def test_the_confirmation_before_cancelling_says_what_will_happen(office: Office) -> None:
    office.set(provider="zoom")
    [slot] = office.slots(office.folake, 1, kind="V")
    appointment = office.booked(slot)

    page = office.dora.get(office.path(f"a/{appointment.id}")).text

    assert 'hx-confirm="Cancel the appointment of Thu, Dec 3, 4:00 PM with Folake Adeyemi?"' in page
    assert "the Zoom meeting is deleted" in words(page)
