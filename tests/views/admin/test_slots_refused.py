"""What the Slots menu refuses, and what it counts anew before it does anything."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from event_office import FRIDAY, Office, hidden_value, open_office, words
from online_office import time_stands_at

from webapp.db import Database
from webapp.models import Appointment, RequestKey, Slot
from webapp.services.booking.holds import let_go_expired


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


@pytest.mark.parametrize("key", ["", "made-up", "InRhbXBlcmVkIg.AAAAAAAA"])
def test_a_key_that_is_not_ours_does_nothing(office: Office, key: str) -> None:
    answer = office.dora.post(office.path("slots/create"), office.form("create") | {"key": key})

    assert answer.status_code == 422
    assert "too old" in words(answer.text)
    assert office.all(Slot) == []


def test_a_key_cannot_carry_a_second_other_request(office: Office) -> None:
    used = office.form("create")
    office.dora.post(office.path("slots/create"), used)

    other = office.form("create", dates=[FRIDAY.isoformat()]) | {"key": used["key"]}
    answer = office.dora.post(office.path("slots/create"), other)

    assert answer.status_code == 409
    assert "already used for something else" in words(answer.text)
    assert len(office.all(Slot)) == 8


def test_fields_changed_after_the_count_are_counted_anew_before_anything_is_done(office: Office) -> None:
    """R75: the button's number is the number that is done."""
    form = office.form("create") | {"duration": "30"}

    answer = office.dora.post(office.path("slots/create"), form, htmx=True)
    nothing_yet = office.all(Slot)
    again = form | {"promise": hidden_value(answer.text, "promise")}
    done = office.dora.post(office.path("slots/create"), again)

    assert answer.status_code == 409
    assert "This is not what was counted" in words(answer.text)
    assert "Create 4 slots</button>" in answer.text
    assert nothing_yet == []
    assert done.status_code == 303
    assert len(office.all(Slot)) == 4


def test_what_others_did_meanwhile_is_counted_anew_too(office: Office) -> None:
    form = office.form("create")
    office.slots(office.folake, 1)

    answer = office.dora.post(office.path("slots/create"), form)

    assert answer.status_code == 409
    assert "Create 7 slots</button>" in answer.text
    assert len(office.all(Slot)) == 1


@pytest.mark.parametrize("deed", ["delete", "move"])
def test_other_slots_of_the_same_number_are_not_what_was_counted(office: Office, deed: str) -> None:
    """A booking that went and another that came: the numbers are the same, what they stand for is not."""
    first, second = office.slots(office.folake, 2)
    booked = office.booked(first)
    form = office.form(deed)
    with office.arranged() as session:
        session.get_one(Appointment, booked.id).slot_id = second.id or 0

    answer = office.dora.post(office.path(f"slots/{deed}"), form)

    assert answer.status_code == 409
    assert "This is not what was counted" in words(answer.text)
    assert {slot.version for slot in office.all(Slot)} == {1}
    assert office.do(deed).status_code == 303


def test_a_hold_that_has_run_out_is_in_nobody_s_way(office: Office) -> None:
    """The family closed the page; until the hold is swept away it lies on the slot."""
    first, second = office.slots(office.folake, 2)
    held = office.booked(first, held_until=office.now - timedelta(minutes=1))
    booked = office.booked(second)

    answer = office.do("move")

    assert answer.status_code == 303
    assert [office.again(one).cancelled_at is None for one in (held, booked)] == [False, True]
    assert {office.again(slot).version for slot in (first, second)} == {2}


@pytest.mark.parametrize("deed", ["delete", "move"])
def test_a_hold_that_is_swept_away_after_the_count_changes_nothing_of_it(office: Office, deed: str) -> None:
    [slot] = office.slots(office.folake, 1)
    office.booked(slot, held_until=office.now - timedelta(minutes=1))
    form = office.form(deed)
    with office.arranged() as session:
        assert let_go_expired(session, now=office.now) == 1

    assert office.dora.post(office.path(f"slots/{deed}"), form).status_code == 303


def test_a_form_that_was_refused_may_be_sent_again(office: Office) -> None:
    form = office.form("create")

    refused = office.dora.post(office.path("slots/create"), form | {"duration": "0"})
    answer = office.dora.post(office.path("slots/create"), form)

    assert refused.status_code == 422
    assert answer.status_code == 303
    assert len(office.all(RequestKey)) == 1


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"from_time": "17:00", "to_time": "16:00"}, "to", "The range ends before it starts"),
        ({"to_time": "16:10"}, "to", "too short for one slot of 15 minutes"),
        ({"from_time": "soon"}, "from", "Enter a time such as 16:30"),
        ({"duration": "0"}, "duration", "Type 1 or more"),
        ({"duration": "a while"}, "duration", "Type a whole number"),
        ({"travel_break": "-5"}, "break", "Type 0 or more"),
        ({"capacity": "0"}, "capacity", "Type 1 or more"),
        ({"dates": [""]}, "date-1", "Choose at least one"),
        ({"dates": ["someday"]}, "date-1", "Choose a day"),
        ({"dates": ["2026-11-22"]}, "date-1", "is over"),
        ({"dates": ["2027-03-14"], "from_time": "02:00", "to_time": "03:30"}, "clock", "the clock change skips it"),
        ({"who": "selected"}, "who", "Choose at least one teacher"),
        ({"who": "selected", "resources": ["99999999999999999999"]}, "who", "Type 2147483647 or less"),
        ({"message": "x" * 81}, "message", "at most 80 characters"),
    ],
)
def test_bad_input_is_refused_at_its_field_and_nothing_changes(
    office: Office, typed: dict[str, Any], field: str, said: str
) -> None:
    form = office.form("create") | typed

    answer = office.dora.post(office.path("slots/create"), form, htmx=True)

    assert answer.status_code == 422
    assert answer.text.lstrip().startswith('<form id="slots-form"')
    error = answer.text.partition(f'id="slots-{field}-err"')[2].partition("</p>")[0]
    assert said in words(error)
    assert f'aria-describedby="slots-{field}-err"' in answer.text
    assert office.all(Slot) == []


def test_a_preview_of_bad_input_says_so_beside_the_button(office: Office) -> None:
    form = office.form("create") | {"to_time": "15:00"}

    answer = office.dora.post(office.path("slots/create/preview"), form, htmx=True)

    foot = answer.text.partition('id="slots-foot"')[2]
    assert answer.status_code == 422
    assert "The range ends before it starts" in words(foot)
    assert "Create slots</button>" in foot


def test_update_needs_something_to_change(office: Office) -> None:
    office.slots(office.folake, 1)

    opened = office.dora.htmx(office.path("slots/update/form"))
    answer = office.dora.post(office.path("slots/update"), office.form("update"), htmx=True)

    assert "Choose what to change" not in opened.text
    assert answer.status_code == 422
    assert "Choose what to change." in words(answer.text)


def test_an_update_that_changes_nothing_is_said_so(office: Office) -> None:
    office.slots(office.folake, 1)

    answer = office.do("update", visibility="visible")

    assert answer.status_code == 422
    assert "No slot would change." in words(answer.text)


def test_a_maximum_below_what_is_booked_is_refused_at_its_field(office: Office) -> None:
    [slot] = office.slots(office.folake, 1, capacity=2)
    office.booked(slot)
    office.booked(slot, seat=2)

    answer = office.do("update", capacity="1")

    assert answer.status_code == 422
    assert 'id="slots-capacity-err"' in answer.text
    assert office.again(slot).capacity == 2


def test_a_booking_between_the_count_and_the_button_is_counted_anew(office: Office) -> None:
    [slot] = office.slots(office.folake, 1)
    form = office.form("delete")
    office.booked(slot)

    answer = office.dora.post(office.path("slots/delete"), form)

    assert answer.status_code == 409
    assert "1 booked appointment among them" in words(answer.text)
    assert office.again(slot).removed_at is None


def test_times_without_slots_are_not_deleted_twice(office: Office) -> None:
    office.slots(office.folake, 1)

    answer = office.do("delete", from_time="18:00", to_time="19:00")

    assert answer.status_code == 422
    assert "There are no slots at these times." in words(answer.text)


@pytest.mark.parametrize("deed", ["create", "update", "delete"])
def test_a_teacher_of_another_event_is_not_found(office: Office, deed: str) -> None:
    office.slots(office.folake, 1)
    _, elsewhere = office.another_event()
    form = office.form(deed, visibility="hidden") | {"who": "selected", "resources": [str(elsewhere.id)]}

    answer = office.dora.post(office.path(f"slots/{deed}"), form)

    assert answer.status_code == 404
    assert [slot.visibility for slot in office.all(Slot)] == ["visible"]
