"""What families see of times that the office does not simply offer: “Call”, a reason, or nothing (PRODUCT 1.8)."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from factories import EVENING, make_appointment
from households import Households, form_of, text_of

from webapp.models import Appointment, Event, Slot
from webapp.services.event.move_plan import MoveInput
from webapp.services.event.move_slots import move_slots
from webapp.services.system.audit import SYSTEM


def give(homes: Households, teacher: str, number: int, **values: Any) -> Slot:
    with homes.database.transaction() as session:
        slot = session.get_one(Slot, homes.slots[teacher][number].id)
        for name, value in values.items():
            setattr(slot, name, value)
        slot.version += 1
    return slot


def times(homes: Households, name: str = "alice") -> str:
    """Mia's page of times with Petra."""
    page: str = homes.browser(name).get(f"{homes.base}/times?pick={homes.pick('mia', 'Petra')}").text
    return page


def shown(homes: Households) -> dict[str, bool]:
    """What stands at each time, and whether it can be chosen."""
    labels = re.findall(r'<label>(<input[^>]*name="t-[^>]*>)(.*?)</label>', times(homes), re.DOTALL)
    return {text_of(words): " disabled" not in control for control, words in labels}


def test_a_call_time_is_shown_and_cannot_be_chosen(homes: Households) -> None:
    give(homes, "Petra", 0, visibility="call")
    give(homes, "Petra", 1, visibility="call", message="555 0123")

    seen = shown(homes)

    assert seen["4:00 PM call the school"] is False
    assert seen["4:15 PM 555 0123"] is False
    assert list(seen.values()).count(True) == 4


def test_what_the_office_writes_beside_a_time_is_text_and_no_markup(homes: Households) -> None:
    give(homes, "Petra", 0, visibility="call", message="<b>555</b> & ask")
    give(homes, "Petra", 1, visibility="unavailable", message="<i>Lunch</i>")

    page = times(homes)

    assert "<small>&lt;b&gt;555&lt;/b&gt; &amp; ask</small>" in page
    assert "<small>&lt;i&gt;Lunch&lt;/i&gt;</small>" in page


def test_a_reason_is_shown_where_there_is_one_and_else_the_time_is_not(homes: Households) -> None:
    give(homes, "Petra", 0, visibility="unavailable", message="Lunch")
    give(homes, "Petra", 1, visibility="unavailable")
    give(homes, "Petra", 2, visibility="hidden", message="for staff")

    seen = shown(homes)

    assert seen["4:00 PM Lunch"] is False
    assert len(seen) == len(homes.slots["Petra"]) - 2
    assert not any("for staff" in words for words in seen)


@pytest.mark.parametrize("visibility", ["call", "unavailable", "hidden"])
def test_what_is_not_offered_cannot_be_booked_either(homes: Households, visibility: str) -> None:
    """BOOK-008, I6: whatever the form says, though the family saw it while it was offered."""
    give(homes, "Petra", 0, visibility=visibility, message="Lunch")

    answer = homes.book("alice", homes.pick("mia", "Petra", 0))

    assert answer.status_code in {404, 409}
    assert homes.all(Appointment) == []


def test_with_nothing_but_calls_the_family_is_told_to_call(homes: Households) -> None:
    for number in range(len(homes.slots["Petra"])):
        give(homes, "Petra", number, visibility="call")

    page = times(homes)

    assert "Call the school for a time with this teacher." in page


def test_a_teacher_of_call_times_alone_can_be_chosen_and_says_so_at_the_first_step(homes: Households) -> None:
    """PRODUCT 1.8: else no family would get to where it is told to call."""
    pick = homes.pick("mia", "Petra")
    for number in range(len(homes.slots["Petra"])):
        give(homes, "Petra", number, visibility="call" if number else "hidden")

    page = homes.browser("alice").get(f"{homes.base}/teachers?pick={pick}").text

    assert "Class of Petra. Call the school for a time with this teacher." in text_of(page)
    assert form_of(page, f"{homes.base}/teachers")["pick"] == [pick]


def test_a_teacher_whose_call_times_are_filled_is_full(homes: Households) -> None:
    with homes.database.transaction() as session:
        for slot in homes.slots["Petra"]:
            make_appointment(session, session.merge(slot), homes.people["charlie"])
    for number in range(len(homes.slots["Petra"])):
        give(homes, "Petra", number, visibility="call")

    page = homes.browser("alice").get(f"{homes.base}/teachers").text

    assert "Class of Petra. No free times left" in text_of(page)


def test_a_call_time_that_the_office_filled_is_not_shown(homes: Households) -> None:
    booked = homes.booked("alice", homes.pick("mia", "Petra", 0))
    give(homes, "Petra", 0, visibility="call")

    page = times(homes, "bob")

    assert booked.slot_id == homes.slots["Petra"][0].id
    assert "call the school" not in page


def test_a_time_that_was_moved_meanwhile_is_never_booked_at_its_new_time(homes: Households, now: datetime) -> None:
    """BOOK-038, by Move Slots of the office."""
    day = EVENING.date()
    typed = MoveInput(dates=[day], to=[day + timedelta(days=1)])
    with homes.database.transaction() as session:
        move_slots(session, session.get_one(Event, homes.event.id), typed, who=SYSTEM, now=now)

    answer = homes.book("alice", homes.pick("mia", "Petra", 0))

    assert answer.status_code == 409
    assert homes.all(Appointment) == []
