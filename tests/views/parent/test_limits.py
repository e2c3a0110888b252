"""Families see the rules of UI Setup before they bite, and are told which one did."""

from datetime import timedelta

import pytest
from factories import EVENING, make_event, make_resource, make_slot, make_teacher
from households import Households, text_of

from webapp import clock
from webapp.services.booking.confirm import stamp


def test_how_many_are_left_is_said_before_anything_is_chosen(homes: Households) -> None:
    """Maximum Appointments per Event and Per Child."""
    homes.change(max_per_event=3, max_per_child=1)

    page = text_of(homes.browser("alice").get(f"{homes.base}/teachers").text)

    assert "You can make 3 more appointments in this event." in page
    assert page.count("1 more appointment for this child") == 2


def test_a_teacher_beyond_the_limit_is_explained_and_the_others_can_be_booked(homes: Households) -> None:
    homes.change(max_per_event=1)
    picks = [homes.pick("mia", "Folake"), homes.pick("leo", "Jonas")]

    page = text_of(homes.browser("alice").get(f"{homes.base}/times?pick={picks[0]}&pick={picks[1]}").text)
    answer = homes.book("alice", homes.pick("mia", "Folake", 0, "V"), homes.pick("leo", "Jonas", 3))

    assert page.count("In this event a family can have 1 at most.") == 1
    assert answer.status_code == 409
    assert "In this event a family can have 1 at most." in text_of(answer.text)
    assert homes.standing() == []


def test_a_full_day_disables_its_times_and_says_why(homes: Households) -> None:
    """Maximum Appointments Per Resource per Day: disabled times say why (issue 6)."""
    homes.change(max_per_day=1)
    homes.booked("charlie", homes.pick("zoe", "Jonas", 0))

    page = homes.browser("alice").get(f"{homes.base}/times?pick={homes.pick('leo', 'Jonas')}").text
    answer = homes.book("alice", homes.pick("leo", "Jonas", 3))
    with homes.database.transaction() as session:
        make_slot(session, homes.teachers["Jonas"], at=EVENING + timedelta(days=1), kind="V")
    both = homes.browser("alice").get(f"{homes.base}/times?pick={homes.pick('leo', 'Jonas')}").text

    assert "Jonas Eriksen takes no more appointments on these days." in text_of(page)
    assert text_of(both).count("no more on this day") == 5
    assert answer.status_code == 409
    assert "takes no more appointments on this day" in text_of(answer.text)


def test_times_too_close_to_anothers_are_disabled_and_none_is_proposed(homes: Households) -> None:
    """Allow back-to-back off: shown, proposed and kept with the gap."""
    homes.change(allows_back_to_back=False, gap_minutes=10)
    homes.booked("alice", homes.pick("mia", "Petra", 2))

    page = homes.browser("alice").get(f"{homes.base}/times?pick={homes.pick('leo', 'Jonas')}").text
    answer = homes.book("alice", homes.pick("leo", "Jonas", 3))
    both = homes.browser("alice").get(
        f"{homes.base}/times?pick={homes.pick('leo', 'Jonas')}&pick={homes.pick('mia', 'Folake')}"
    )

    assert text_of(page).count("too close") == 2
    assert "At least 10 minutes lie between two of your appointments." in text_of(page)
    assert (answer.status_code, len(homes.standing())) == (409, 1)
    assert "is less than 10 minutes from another of your appointments" in text_of(answer.text)
    assert "These times fit together" in text_of(both.text)


def test_a_time_that_has_closed_is_not_shown_and_a_late_form_is_told_so(homes: Households) -> None:
    """Close Appointment Booking: X hours before, and the rule stands on the page."""
    homes.change(booking_closes="hours_before", closes_hours=248)

    page = homes.browser("alice").get(f"{homes.base}/times?pick={homes.pick('leo', 'Jonas')}").text
    answer = homes.book("alice", homes.pick("leo", "Jonas", 2))

    assert page.count('name="t-') == 1
    assert "Times can be booked up to 248 hours before they begin." in text_of(page)
    assert answer.status_code == 409
    assert "cannot be booked any more" in text_of(answer.text)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"cancel_limit": 2, "cancel_unit": "weeks"}, "up to 2 weeks before it. After that, ask the school."),
        ({"cancel_limit": 20, "cancel_unit": "days"}, "up to 20 days before it."),
        ({"cancel_limit": 500, "cancel_unit": "hours"}, "up to 500 hours before it."),
        ({"cancel_unit": "never"}, "only the school can change or cancel"),
    ],
)
def test_within_the_limit_nothing_is_cancelled_or_moved_and_the_reason_is_said(
    homes: Households, settings: dict[str, object], rule: str
) -> None:
    """Appointment Cancellations: the buttons go, the reason stays, and a form sent all the same is refused."""
    mine = homes.booked("alice", homes.pick("leo", "Jonas", 0))
    homes.change(**settings)
    browser, at = homes.browser("alice"), f"{homes.base}/a/{mine.token}"

    page = browser.get(f"{homes.base}/mine").text
    asked = browser.get(f"{at}/cancel")
    cancelled = browser.post(f"{at}/cancel", {"key": homes.key()})
    moved = browser.post(f"{at}/move", {"key": homes.key(), "slot": homes.slots["Jonas"][3].token})

    assert rule in text_of(page)
    assert "Cannot be changed or cancelled here any more." in text_of(page)
    assert f"{at}/cancel" not in page
    assert rule in text_of(asked.text)
    assert 'method="post" action="' + at not in asked.text
    assert (cancelled.status_code, moved.status_code) == (409, 409)
    assert rule in text_of(cancelled.text)
    assert [a.slot_id for a in homes.standing()] == [mine.slot_id]


def test_what_is_farther_away_than_the_limit_can_be_cancelled_even_after_closing(homes: Households) -> None:
    """Closing the scheduler does not stop cancelling."""
    mine = homes.booked("alice", homes.pick("leo", "Jonas", 0))
    homes.change(cancel_limit=5, cancel_unit="days", closes_at=clock.now())

    answer = homes.browser("alice").post(f"{homes.base}/a/{mine.token}/cancel", {"key": homes.key()})

    assert answer.status_code == 303
    assert homes.standing() == []


def test_a_withdrawn_time_can_be_given_up_at_any_time(homes: Households) -> None:
    mine = homes.booked("alice", homes.pick("leo", "Jonas", 0))
    homes.change(cancel_unit="never")
    with homes.database.transaction() as session:
        session.get_one(type(mine), mine.id).problem = "slot_removed"

    page = homes.browser("alice").get(f"{homes.base}/mine").text

    assert f"/a/{mine.token}/move" in page


def test_the_rule_of_cancelling_is_said_before_it_bites(homes: Households) -> None:
    """On the page that books, and on those that cancel and move; not where one may cancel at any time."""
    booked = homes.booked("alice", homes.pick("leo", "Jonas", 0))
    pages = [
        homes.check(homes.pick("mia", "Petra", 3)),
        *(f"{homes.base}/a/{booked.token}/{deed}" for deed in ("cancel", "move")),
    ]
    said = "up to 2 days before it. After that, ask the school."

    before = [said in text_of(homes.browser("alice").get(page).text) for page in pages]
    homes.change(cancel_limit=2, cancel_unit="days")
    after = [said in text_of(homes.browser("alice").get(page).text) for page in pages]

    assert before == [False] * 3
    assert after == [True] * 3


def test_one_client_with_invented_names_has_one_time_at_a_time(homes: Households) -> None:
    """BOOK-035, RELIABILITY T2: whoever proved one address gets no more of an evening than it has times, whatever
    children they invent."""
    with homes.database.transaction() as session:
        simple = make_event(session, homes.school, type="simple_pta")
        resources = [make_resource(session, simple, make_teacher(session, homes.school)) for _ in range(3)]
        slots = {
            one.token: [make_slot(session, one, at=EVENING + timedelta(minutes=15 * n)) for n in (0, 1)]
            for one in resources
        }
    base, alice = f"/{homes.school.slug}/{simple.slug}", homes.browser("alice")

    statuses = []
    for n, (teacher, slot) in enumerate((teacher, slot) for teacher, its in slots.items() for slot in its):
        step = alice.post(f"{base}/teachers", {"child": f"Child {n}", "pick": f"new.{teacher}"}).location
        child = step.partition("pick=")[2].partition(".")[0]
        form = {"pick": f"{child}.{teacher}.{slot.token}", "seen": stamp(slot.token, slot.starts_at, slot.kind)}
        statuses.append(alice.post(f"{base}/book", form | {"key": homes.key()}).status_code)

    assert statuses == [303, 303, 409, 409, 409, 409]
    assert len(homes.standing()) == 2
