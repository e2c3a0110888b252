"""Tests of step 1: the teachers of each child, what cannot be chosen, and how much the page asks the database."""

from datetime import timedelta

from factories import (
    EVENING,
    make_appointment,
    make_event,
    make_resource,
    make_school,
    make_slot,
    make_teacher,
)
from households import Households, form_of, text_of

from webapp.models import Appointment
from webapp.models.booking.appointment import BROKEN_RULE


def test_each_child_has_their_own_teachers_with_class_and_kind(homes: Households) -> None:
    page = text_of(homes.browser("alice").get(f"{homes.base}/teachers").text)

    leo, mia = page.split("Mia Alvarez")[0], page.split("Mia Alvarez")[1]
    assert "Jonas Eriksen Class of Jonas. Online" in leo
    assert "Folake Adeyemi Class of Folake. In person or online" in mia
    assert "Petra Dvořák Class of Petra. In person" in mia
    assert "Folake" not in leo
    assert "Jonas" not in mia


def test_a_full_teacher_says_so_and_cannot_be_ticked(homes: Households) -> None:
    for slot in homes.slots["Petra"]:
        with homes.database.transaction() as session:
            make_appointment(session, slot, homes.people["charlie"])

    page = homes.browser("alice").get(f"{homes.base}/teachers?pick={homes.pick('mia', 'Petra')}")

    assert "Class of Petra. No free times left" in text_of(page.text)
    assert f'value="{homes.pick("mia", "Petra")}" disabled' in page.text


def test_a_booked_teacher_says_so_with_the_way_to_the_appointment(homes: Households) -> None:
    homes.booked("alice", homes.pick("mia", "Petra", 0))

    alice, bob = (homes.browser(name).get(f"{homes.base}/teachers") for name in ("alice", "bob"))

    assert "Petra Dvořák Class of Petra. You have an appointment See it, Petra Dvořák" in text_of(alice.text)
    assert homes.pick("mia", "Petra") not in alice.text
    assert "You have an appointment" not in bob.text


def test_what_the_office_made_against_a_rule_takes_the_time_and_is_not_shown_before_it_is_confirmed(
    homes: Households,
) -> None:
    """PRODUCT 3.7: My Appointments would not have it. It counts and blocks all the same, with the gap after it."""
    booked = homes.booked("alice", homes.pick("mia", "Petra", 2))
    homes.change(allows_back_to_back=False, gap_minutes=5)
    with homes.database.transaction() as session:
        session.get_one(Appointment, booked.id).problem = f"{BROKEN_RULE}:per_day"
    alice, petra, folake = homes.browser("alice"), homes.pick("mia", "Petra"), homes.pick("mia", "Folake")

    teachers, times = alice.get(f"{homes.base}/teachers"), alice.get(f"{homes.base}/times?pick={petra}&pick={folake}")

    assert "Class of Petra. No free times left" in text_of(teachers.text)
    assert f'value="{petra}" disabled' in teachers.text
    assert "No free times left. You can continue without this teacher." in text_of(times.text)
    for page in (teachers, times):
        assert "See it" not in page.text
    assert "your other time" not in times.text
    offered = [slot.token for slot in homes.slots["Folake"] if f'value="{slot.token}"' in times.text]
    assert offered == [homes.slots["Folake"][n].token for n in (0, 4, 5)]


def test_hidden_past_and_removed_times_do_not_count_as_free(homes: Households) -> None:
    with homes.database.transaction() as session:
        for slot in homes.slots["Petra"][:3]:
            session.get_one(type(slot), slot.id).visibility = "hidden"
        for slot in homes.slots["Petra"][3:]:
            session.get_one(type(slot), slot.id).removed_at = slot.starts_at

    page = homes.browser("alice").get(f"{homes.base}/teachers")

    assert "Class of Petra. No free times left" in text_of(page.text)


def test_going_on_without_a_teacher_is_refused_in_words(homes: Households) -> None:
    answer = homes.browser("alice").post(f"{homes.base}/teachers", {})

    assert answer.status_code == 422
    assert "Choose at least one teacher." in text_of(answer.text)


def test_the_bar_counts_what_is_ticked(homes: Households) -> None:
    alice, picks = homes.browser("alice"), [homes.pick("mia", "Folake"), homes.pick("mia", "Petra")]

    chosen = alice.get(f"{homes.base}/teachers?pick={picks[0]}&pick={picks[1]}")
    count = alice.htmx(f"{homes.base}/teachers/count?pick={picks[0]}")

    assert "2 teachers chosen" in text_of(chosen.text)
    assert text_of(count.text) == "1 teacher chosen"


def test_nothing_is_counted_for_an_event_that_is_not_there_or_another_school_s(homes: Households) -> None:
    with homes.database.transaction() as session:
        there = make_event(session, make_school(session))
    pages = [f"/{homes.school.slug}/nothing", f"/{homes.school.slug}/{there.slug}", f"/nowhere/{homes.event.slug}"]

    answers = [homes.browser("alice").htmx(f"{page}/teachers/count") for page in pages]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


def test_the_search_of_a_simple_event_keeps_the_name_and_the_ticks(homes: Households) -> None:
    with homes.database.transaction() as session:
        simple = make_event(session, homes.school, type="simple_pta")
        tokens = []
        for n, name in enumerate(("Petra Dvořák", "Jonas Eriksen", "Hugh Barlow")):
            resource = make_resource(session, simple, make_teacher(session, homes.school, *name.split()))
            make_slot(session, resource, at=EVENING + timedelta(minutes=15 * n))
            tokens.append(resource.token)
    base, alice = f"/{homes.school.slug}/{simple.slug}", homes.browser("alice")
    typed = {"child": "Mia", "q": "dvorak", "pick": [f"new.{tokens[2]}"], "find": "1"}

    found = alice.get(alice.post(f"{base}/teachers", typed).location)
    nameless = alice.get(alice.post(f"{base}/teachers", typed | {"child": "", "q": "nobody"}).location)
    refused = alice.post(f"{base}/teachers", {"child": " \u200b ", "pick": [f"new.{tokens[2]}"]})

    fields = form_of(found.text, f"{base}/teachers")
    assert (fields["child"], fields["q"], fields["pick"]) == (["Mia"], ["dvorak"], [f"new.{tokens[2]}"])
    assert "Petra Dvořák" in found.text
    assert "Jonas Eriksen" not in found.text
    assert form_of(nameless.text, f"{base}/teachers")["pick"] == [f"new.{tokens[2]}"]
    assert refused.status_code == 422
    assert 'id="child-err"' in refused.text
    assert "Mia" not in alice.post(f"{base}/teachers", typed).location


def test_after_a_new_sign_in_a_simple_event_asks_for_the_name_again_and_keeps_the_teachers(homes: Households) -> None:
    with homes.database.transaction() as session:
        simple = make_event(session, homes.school, type="simple_pta")
        resource = make_resource(session, simple, make_teacher(session, homes.school))
        make_slot(session, resource)
    base, alice = f"/{homes.school.slug}/{simple.slug}", homes.browser("alice")

    for step in ("times", "check"):
        sent_back = alice.get(f"{base}/{step}?pick=forgotten.{resource.token}")
        assert sent_back.location.startswith(f"{base}/teachers?")
    fields = form_of(alice.get(sent_back.location).text, f"{base}/teachers")

    assert fields["pick"] == [f"new.{resource.token}"]
    assert fields["child"] == [""]
