"""Tests of step 2: times that fit together, each to be changed, with a reason at those that cannot be chosen."""

import re
from datetime import timedelta
from typing import Any

from factories import EVENING, make_appointment, make_class, make_resource, make_slot
from households import Households, form_of, text_of
from sqlmodel import Session, select

from webapp.models import Contact, Meeting, Message, Occupancy, Resource, ResourceMember, Slot


def times(homes: Households, *picks: str, name: str = "alice") -> Any:
    return homes.browser(name).get(f"{homes.base}/times?" + "&".join(f"pick={pick}" for pick in picks))


def send(homes: Households, fields: dict[str, Any], *, htmx: bool = False) -> Any:
    return homes.browser("alice").post(f"{homes.base}/times", fields, htmx=htmx)


def options_of(page: str, name: str) -> dict[str, str]:
    """What stands at each time of a pick."""
    labels = re.findall(rf'<label>(<input[^>]*name="t-{re.escape(name)}"[^>]*>)(.*?)</label>', page, re.S)
    shown = [(text_of(words), control) for control, words in labels]
    return {words: "chosen" if " checked" in c else "no" if " disabled" in c else "free" for words, c in shown}


def teacher_of(session: Session, homes: Households, teacher: str) -> Contact:
    query = select(ResourceMember).where(ResourceMember.resource_id == homes.teachers[teacher].id)
    return session.get_one(Contact, session.exec(query).one().contact_id)


def test_the_proposed_times_fit_together_and_the_others_say_why_not(homes: Households) -> None:
    folake, petra, jonas = homes.pick("mia", "Folake"), homes.pick("mia", "Petra"), homes.pick("leo", "Jonas")

    page = times(homes, folake, petra, jonas)

    fields = form_of(page.text, f"{homes.base}/times")
    starts = {slot.token: slot.starts_at for slots in homes.slots.values() for slot in slots}
    chosen = [starts[fields[f"t-{pick}"][0]] for pick in (folake, petra, jonas)]
    assert len(set(chosen)) == 3
    assert max(chosen) - min(chosen) == timedelta(minutes=30)
    assert list(options_of(page.text, folake).values()).count("no") == 2
    assert sum("your other time" in words for words in options_of(page.text, folake)) == 2
    assert "All times are school time (Central Time)." in text_of(page.text)
    assert "4:00 to 4:45 PM" in text_of(page.text)


def test_in_person_or_online_has_to_be_chosen_and_nothing_is_preselected(homes: Households) -> None:
    """R77: without the choice there is a message at that teacher, and nothing goes on."""
    folake, petra = homes.pick("mia", "Folake"), homes.pick("mia", "Petra")
    page = times(homes, folake, petra)
    fields = form_of(page.text, f"{homes.base}/times")
    assert f"m-{folake}" not in fields
    assert f'name="m-{petra}"' not in page.text

    refused = send(homes, fields)
    online = send(homes, fields | {f"m-{folake}": "V"})

    assert refused.status_code == 422
    assert "Choose in person or online for Folake Adeyemi." in text_of(refused.text)
    assert form_of(refused.text, f"{homes.base}/times") == fields
    assert online.status_code == 303
    [slot] = fields[f"t-{folake}"]
    assert f"{folake}.{slot}.V" in online.location
    assert homes.browser("alice").get(homes.check(f"{folake}.{slot}")).location.startswith(f"{homes.base}/times?")


def test_a_teacher_booked_elsewhere_at_that_time_is_shown_as_busy(homes: Households) -> None:
    with homes.database.transaction() as session:
        other = make_resource(session, homes.event, teacher_of(session, homes, "Petra"), name="Team")
        make_appointment(session, make_slot(session, other, at=EVENING), homes.people["charlie"])

    page = times(homes, homes.pick("mia", "Petra"))

    assert options_of(page.text, homes.pick("mia", "Petra"))["4:00 PM teacher is busy"] == "no"


def test_a_change_shows_at_once_what_fits_now_with_the_same_root(homes: Households) -> None:
    folake, petra = homes.pick("mia", "Folake"), homes.pick("mia", "Petra")
    fields = form_of(times(homes, folake, petra).text, f"{homes.base}/times")
    fields |= {f"t-{folake}": [homes.slots["Folake"][5].token]}

    answer = send(homes, fields, htmx=True)

    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div id="times">')
    assert options_of(answer.text, folake)["5:15 PM"] == "chosen"
    assert options_of(answer.text, petra)["5:15 PM your other time"] == "no"


def test_a_change_that_finds_another_time_lost_says_so_at_once_and_leaves_the_focus_where_it_is(
    homes: Households,
) -> None:
    """BOOK-001: what is next best is never shown as if the family had chosen it."""
    petra, jonas = homes.pick("mia", "Petra"), homes.pick("leo", "Jonas")
    fields = {
        "pick": [petra, jonas],
        f"t-{petra}": homes.slots["Petra"][2].token,
        f"t-{jonas}": homes.slots["Jonas"][4].token,
    }
    with homes.database.transaction() as session:
        make_appointment(session, homes.slots["Petra"][2], homes.people["charlie"])

    answer = send(homes, fields, htmx=True)

    assert answer.status_code == 200
    assert "with Petra Dvořák is not free any more. The next best is Thu, Dec 3, 4:45 PM." in text_of(answer.text)
    assert "These times fit together" not in text_of(answer.text)
    assert "autofocus" not in answer.text
    assert options_of(answer.text, jonas)["5:00 PM"] == "chosen"


def test_overlapping_choices_are_refused_at_the_teacher(homes: Households) -> None:
    petra, jonas = homes.pick("mia", "Petra"), homes.pick("leo", "Jonas")
    chosen = {f"t-{petra}": homes.slots["Petra"][0].token, f"t-{jonas}": homes.slots["Jonas"][0].token}

    answer = send(homes, {"pick": [petra, jonas]} | chosen)

    assert answer.status_code == 422
    assert "overlaps another of your appointments" in text_of(answer.text)


def test_a_time_taken_meanwhile_is_named_the_next_best_is_offered_and_the_rest_is_kept(homes: Households) -> None:
    petra, jonas = homes.pick("mia", "Petra"), homes.pick("leo", "Jonas")
    fields = {
        "pick": [petra, jonas],
        f"t-{petra}": homes.slots["Petra"][2].token,
        f"t-{jonas}": homes.slots["Jonas"][4].token,
    }
    with homes.database.transaction() as session:
        make_appointment(session, homes.slots["Petra"][2], homes.people["charlie"])

    sent = send(homes, fields)
    seen = times(homes, homes.pick("mia", "Petra", 2), homes.pick("leo", "Jonas", 4))

    assert sent.status_code == 409
    for page in (sent.text, seen.text):
        assert "The time that you chose with Petra Dvořák is not free any more." in text_of(page)
        assert "The next best is Thu, Dec 3, 4:45 PM." in text_of(page)
        assert "4:30 PM" not in options_of(page, petra)
        assert options_of(page, petra)["4:45 PM"] == "chosen"
        assert options_of(page, jonas)["5:00 PM"] == "chosen"


def test_no_time_chosen_is_asked_for_unless_none_can_be(homes: Households) -> None:
    petra, jonas = homes.pick("mia", "Petra"), homes.pick("leo", "Jonas")

    unchosen = send(homes, {"pick": [petra]})
    for slot in homes.slots["Petra"]:
        with homes.database.transaction() as session:
            make_appointment(session, slot, homes.people["charlie"])
    page = times(homes, petra, jonas)
    going_on = send(homes, form_of(page.text, f"{homes.base}/times"))
    alone = send(homes, {"pick": [petra]})

    assert unchosen.status_code == 422
    assert "Choose a time with Petra Dvořák." in text_of(unchosen.text)
    assert "No free times left. You can continue without this teacher." in text_of(page.text)
    assert going_on.status_code == 303
    assert petra not in going_on.location
    assert alone.status_code == 422
    assert "None of these teachers has a time that fits." in text_of(alone.text)


def test_one_teacher_of_two_siblings_gets_two_different_times(homes: Households) -> None:
    with homes.database.transaction() as session:
        make_class(session, homes.school, teacher_of(session, homes, "Petra"), homes.children["leo"])
    mia, leo = homes.pick("mia", "Petra"), homes.pick("leo", "Petra")

    fields = form_of(times(homes, mia, leo).text, f"{homes.base}/times")

    assert fields[f"t-{mia}"] != fields[f"t-{leo}"]


def test_a_co_parents_appointment_for_a_sibling_takes_no_time_away(homes: Households) -> None:
    homes.booked("bob", homes.pick("leo", "Jonas", 0))

    page = times(homes, homes.pick("mia", "Petra"), homes.pick("leo", "Jonas"))

    assert "4:00 PM your other time" not in options_of(page.text, homes.pick("mia", "Petra"))
    assert homes.book("alice", homes.pick("mia", "Petra", 0)).status_code == 303


def test_fixed_kinds_stand_at_the_times_and_cannot_be_chosen_against(homes: Households) -> None:
    folake = homes.pick("mia", "Folake")
    with homes.database.transaction() as session:
        session.get_one(Slot, homes.slots["Folake"][1].id).kind = "P"
        session.get_one(Slot, homes.slots["Folake"][2].id).kind = "V"

    page = times(homes, folake)
    against = send(homes, {"pick": folake, f"t-{folake}": homes.slots["Folake"][1].token, f"m-{folake}": "V"})
    without = send(homes, {"pick": folake, f"t-{folake}": homes.slots["Folake"][2].token})

    assert {"4:15 PM in person", "4:30 PM online"} <= options_of(page.text, folake).keys()
    assert against.status_code == 422
    assert "is in person only. Choose another time, or in person." in text_of(against.text)
    assert without.status_code == 303


def test_to_walk_between_rooms_there_is_time_and_what_is_closer_says_so(homes: Households) -> None:
    """The walking time of UI Setup is kept by what we propose; a family may come closer."""
    folake, petra = homes.pick("mia", "Folake"), homes.pick("mia", "Petra")
    with homes.database.transaction() as session:
        session.get_one(Resource, homes.teachers["Folake"].id).room = "Gym"

    page = times(homes, folake, petra)
    fields = form_of(page.text, f"{homes.base}/times") | {f"m-{folake}": "P"}
    close = send(homes, fields | {f"t-{petra}": homes.slots["Petra"][1].token}, htmx=True)
    online = send(homes, fields | {f"t-{petra}": homes.slots["Petra"][1].token, f"m-{folake}": "V"}, htmx=True)
    going_on = send(homes, fields | {f"t-{petra}": homes.slots["Petra"][1].token})

    assert options_of(page.text, folake)["4:00 PM"] == "chosen"
    assert options_of(page.text, petra)["4:30 PM"] == "chosen"
    assert options_of(page.text, petra)["4:15 PM little time to walk"] == "free"
    assert "There is little time to walk between some of these rooms." in text_of(close.text)
    assert "little time to walk" not in text_of(online.text)
    assert going_on.status_code == 303


def test_the_plan_keeps_away_from_what_the_family_has_and_stays_on_its_day(homes: Households) -> None:
    """A teacher who could be met on an earlier day is met beside the others."""
    petra = homes.teachers["Petra"]
    with homes.database.transaction() as session:
        make_slot(session, petra, at=EVENING - timedelta(days=1), kind="P")
        make_appointment(session, homes.slots["Jonas"][2], homes.people["alice"], is_virtual=True)

    page = times(homes, homes.pick("mia", "Petra"))

    assert "4:15 to 4:30 PM" in text_of(page.text)
    assert options_of(page.text, homes.pick("mia", "Petra"))["4:30 PM your other time"] == "no"


def test_where_not_all_can_be_met_the_limit_goes_to_those_who_can(homes: Households) -> None:
    """A teacher without a free time takes no place within Maximum Appointments per Event."""
    homes.change(max_per_event=1)
    for slot in homes.slots["Petra"]:
        with homes.database.transaction() as session:
            make_appointment(session, slot, homes.people["charlie"])

    page = times(homes, homes.pick("mia", "Petra"), homes.pick("leo", "Jonas"))

    assert options_of(page.text, homes.pick("leo", "Jonas"))["4:00 PM"] == "chosen"


def test_two_siblings_share_what_is_left_of_a_teachers_day(homes: Households) -> None:
    """Maximum Appointments Per Resource per Day: the second sibling is offered the other day."""
    petra, eve = homes.teachers["Petra"], EVENING + timedelta(days=1)
    homes.change(max_per_day=1)
    with homes.database.transaction() as session:
        make_class(session, homes.school, teacher_of(session, homes, "Petra"), homes.children["leo"])
        later = make_slot(session, petra, at=eve, kind="P")

    page = times(homes, homes.pick("mia", "Petra"), homes.pick("leo", "Petra"))

    fields = form_of(page.text, f"{homes.base}/times")
    assert {fields[f"t-{homes.pick(child, 'Petra')}"][0] for child in ("mia", "leo")} == {
        homes.slots["Petra"][0].token,
        later.token,
    }


def test_looking_takes_nothing_and_choosing_books_nothing(homes: Households) -> None:
    folake = homes.pick("mia", "Folake")

    times(homes, folake)
    homes.browser("alice").get(homes.check(homes.pick("mia", "Folake", 0, "V")))
    taken = [homes.standing(), homes.all(Occupancy)]
    send(homes, {"pick": folake, f"t-{folake}": homes.slots["Folake"][0].token, f"m-{folake}": "V"})

    assert taken == [[], []]
    assert [one.held_until is not None for one in homes.standing()] == [True]
    assert [homes.all(table) for table in (Meeting, Message)] == [[], []]
