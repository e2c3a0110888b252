"""While a family is on the last form its times are held: it sees until when, can ask for longer, and gives them up."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from households import Households, form_of, text_of

from webapp import clock
from webapp.models import Appointment, Meeting, Message

FIVE = timedelta(minutes=5)


def go_on(homes: Households, *slots: tuple[str, str, int], name: str = "alice") -> Any:
    """With the button of step 2."""
    picks = [homes.pick(child, teacher) for child, teacher, _ in slots]
    times = {f"t-{homes.pick(child, teacher)}": homes.slots[teacher][n].token for child, teacher, n in slots}
    return homes.browser(name).post(f"{homes.base}/times", {"pick": picks} | times)


def check_page(homes: Households, *slots: tuple[str, str, int], name: str = "alice") -> str:
    answer = go_on(homes, *slots, name=name)
    assert answer.status_code == 303, text_of(answer.text)
    return str(homes.browser(name).get(answer.location).text)


def holds(homes: Households) -> list[Appointment]:
    return [one for one in homes.standing() if one.held_until]


def set_clock(instant: datetime) -> None:
    clock.move(instant - datetime.now(UTC))


def longer(page: str) -> str:
    [address] = re.findall(r'formaction="([^"]+)"', page)
    return address


@pytest.mark.both_databases
def test_who_goes_on_to_the_last_step_holds_the_times_and_nobody_else_is_offered_them(homes: Households) -> None:
    """Nothing is made or mailed of it, and the family's own pages offer it all the same."""
    page = check_page(homes, ("leo", "Jonas", 2))

    theirs = homes.browser("charlie").get(f"{homes.base}/times?pick={homes.pick('zoe', 'Jonas')}").text
    ours = homes.browser("alice").get(f"{homes.base}/times?pick={homes.pick('leo', 'Jonas')}").text
    mine = text_of(homes.browser("alice").get(f"{homes.base}/mine").text)
    assert "We are holding these times for you until 9:05 AM." in text_of(page)
    assert "I need more time" in text_of(page)
    assert "4:30 PM" not in re.findall(r"\d:\d\d PM", theirs)
    assert "4:30 PM" in re.findall(r"\d:\d\d PM", ours)
    assert "your other time" not in ours
    assert "You have no appointments." in mine
    assert [homes.all(table) for table in (Meeting, Message)] == [[], []]


@pytest.mark.both_databases
def test_what_was_held_is_booked_by_the_button_of_the_last_step(homes: Households) -> None:
    page = check_page(homes, ("leo", "Jonas", 2), ("mia", "Petra", 4))
    held = {one.id for one in holds(homes)}

    answer = homes.browser("alice").post(f"{homes.base}/book", form_of(page, f"{homes.base}/book"))

    assert answer.status_code == 303
    assert {one.id for one in homes.standing()} == held
    assert holds(homes) == []
    assert len(homes.all(Message)) == 1


def test_a_time_that_somebody_holds_is_lost_by_name_and_the_nearest_to_it_is_offered(homes: Households) -> None:
    check_page(homes, ("zoe", "Jonas", 2), name="charlie")

    answer = go_on(homes, ("leo", "Jonas", 2))

    said = text_of(answer.text)
    assert answer.status_code == 409
    assert "Thu, Dec 3, 4:30 PM with Jonas Eriksen was just taken." in said
    assert "The next best is Thu, Dec 3, 4:15 PM." in said
    assert {one.contact_id: one.slot_id for one in holds(homes)} == {
        homes.people["charlie"].id: homes.slots["Jonas"][2].id,
        homes.people["alice"].id: homes.slots["Jonas"][1].id,
    }
    assert go_on(homes, ("leo", "Jonas", 1)).status_code == 303


def test_a_plan_that_lost_a_time_is_held_whole_with_the_next_best(homes: Households) -> None:
    check_page(homes, ("zoe", "Jonas", 2), name="charlie")

    answer = go_on(homes, ("mia", "Petra", 0), ("leo", "Jonas", 2))

    assert answer.status_code == 409
    mine = [one for one in holds(homes) if one.contact_id == homes.people["alice"].id]
    assert {one.slot_id for one in mine} == {homes.slots["Petra"][0].id, homes.slots["Jonas"][1].id}
    assert len({one.act for one in mine}) == 1


def test_who_needs_more_time_has_it_with_and_without_javascript(homes: Households, now: datetime) -> None:
    page = check_page(homes, ("leo", "Jonas", 2))
    set_clock(now + timedelta(minutes=4))
    form, address = form_of(page, f"{homes.base}/book"), longer(page)

    swapped = homes.browser("alice").post(address, form, htmx=True)
    whole = homes.browser("alice").post(address, form)

    assert swapped.text.lstrip().startswith('<p class="note" id="hold"')
    assert whole.status_code == 200
    assert form_of(whole.text, f"{homes.base}/book")["pick"] == form["pick"]
    for answer in (swapped, whole):
        assert "We are holding these times for you until 9:09 AM." in text_of(answer.text)


def test_who_leaves_gives_the_times_back_at_once_and_a_late_word_of_it_spoils_nothing(homes: Households) -> None:
    page = check_page(homes, ("leo", "Jonas", 2))
    [address] = re.findall(r'data-left="([^"]+)"', page)
    theirs = homes.browser("charlie").post(address, {})
    before = len(holds(homes))

    left = homes.browser("alice").post(address, {})
    after = len(holds(homes))
    check_page(homes, ("leo", "Jonas", 2))
    homes.browser("alice").post(address, {})

    assert (theirs.status_code, left.status_code) == (404, 204)
    assert (before, after, len(holds(homes))) == (1, 0, 1)


def test_an_idle_familys_times_are_free_again_and_its_own_page_says_so(homes: Households, now: datetime) -> None:
    page = check_page(homes, ("leo", "Jonas", 2))
    [address] = re.findall(r'hx-get="([^"]+/hold/[^"]+)"', page)
    form = form_of(page, f"{homes.base}/book")
    set_clock(now + FIVE + timedelta(seconds=30))

    said = homes.browser("alice").get(address).text
    theirs = homes.browser("charlie").get(f"{homes.base}/times?pick={homes.pick('zoe', 'Jonas')}").text
    booked = homes.browser("alice").post(f"{homes.base}/book", form)

    assert "We no longer hold these times for you." in text_of(said)
    assert "hx-trigger" not in said
    assert "4:30 PM" in re.findall(r"\d:\d\d PM", theirs)
    assert booked.status_code == 303


def test_a_co_parent_is_not_offered_what_the_other_holds_for_the_child(homes: Households) -> None:
    check_page(homes, ("leo", "Jonas", 2))

    page = homes.browser("bob").get(f"{homes.base}/times?pick={homes.pick('leo', 'Jonas')}").text

    assert "4:30 PM" not in re.findall(r"\d:\d\d PM", page)


def test_the_office_sees_that_a_family_is_creating_the_appointment(homes: Households) -> None:
    """PRODUCT 1.9: orange."""
    check_page(homes, ("leo", "Jonas", 2))

    page = homes.browser("dora").get(f"/s/{homes.school.slug}/e/{homes.event.id}/?date=2026-12-03").text

    assert page.count('<a class="slot hold"') == 1
