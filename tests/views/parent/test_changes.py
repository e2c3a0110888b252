"""Tests of cancelling and moving: once, by a form, until the appointment begins, with the link following."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from households import Households, form_of, text_of
from sqlalchemy import update

from webapp import clock
from webapp.models import Appointment, Audit, SignIn, Slot
from webapp.models.booking.appointment import STANDS_YET


def cancel(homes: Households, token: str, *, name: str = "alice", key: str | None = None) -> Any:
    return homes.browser(name).post(f"{homes.base}/a/{token}/cancel", {"key": key or homes.key()})


def move(homes: Households, token: str, slot: Slot, kind: str = "", *, name: str = "alice", key: str = "") -> Any:
    form = {"key": key or homes.key(), "slot": slot.token, "kind": kind}
    return homes.browser(name).post(f"{homes.base}/a/{token}/move", form)


def begin(homes: Households, slot: Slot) -> None:
    """The clock strikes the appointment's time."""
    clock.move(slot.starts_at - datetime.now(UTC) + timedelta(seconds=1))
    with homes.database.transaction() as session:
        session.execute(update(SignIn).values(expires_at=slot.starts_at + timedelta(days=1)))


def test_cancelling_asks_first_then_deletes_the_meeting_once_and_frees_the_time(homes: Households) -> None:
    """R100: the meeting goes, the slot is free, and My Appointments says so with a way to book again."""
    token = homes.booked("alice", homes.pick("leo", "Jonas", 0)).token
    homes.run_jobs()
    asked = homes.browser("alice").get(f"{homes.base}/a/{token}/cancel")
    assert "Cancel this appointment?" in text_of(asked.text)
    assert len(homes.standing()) == 1

    answer = homes.browser("alice").post(
        f"{homes.base}/a/{token}/cancel", form_of(asked.text, f"{homes.base}/a/{token}/cancel")
    )
    homes.run_jobs()
    homes.run_jobs()

    assert answer.location == f"{homes.base}/mine"
    mine = text_of(homes.browser("alice").get(answer.location).text)
    assert "4:00 PM Jonas Eriksen Leo Alvarez, Thu, Dec 3. Cancelled Book again" in mine
    assert homes.meetings.standing() == []
    assert homes.meetings.calls.count("remove") == 1
    assert homes.book("charlie", homes.pick("zoe", "Jonas", 0)).status_code == 303


def test_pressing_cancel_again_gets_the_same_answer_and_from_another_page_the_truth(homes: Households) -> None:
    """BOOK-040"""
    token, key = homes.booked("alice", homes.pick("mia", "Petra", 0)).token, homes.key()
    homes.run_jobs()
    told = len(homes.mailer.sent_to(homes.people["alice"].email or ""))

    answers = [cancel(homes, token, key=key), cancel(homes, token, key=key), cancel(homes, token)]

    assert [answer.status_code for answer in answers] == [303, 303, 409]
    assert "This appointment is already cancelled." in text_of(answers[2].text)
    assert "This appointment is cancelled" in text_of(answers[2].text)
    assert f"/a/{token}/cancel" not in answers[2].text
    assert len([row for row in homes.all(Audit) if row.action == "appointment.cancel"]) == 1
    homes.run_jobs()
    assert len(homes.mailer.sent_to(homes.people["alice"].email or "")) == told + 1 == 2


def test_opening_the_pages_or_their_links_changes_nothing(homes: Households) -> None:
    """BOOK-041"""
    token = homes.booked("alice", homes.pick("leo", "Jonas", 0)).token
    alice = homes.browser("alice")

    for path in ("cancel", "move", "cancel?key=1", f"move?slot={homes.slots['Jonas'][1].token}"):
        assert alice.get(f"{homes.base}/a/{token}/{path}").status_code == 200
        assert alice.client.head(f"{homes.base}/a/{token}/{path}").status_code == 200

    assert [a.slot_id for a in homes.standing()] == [homes.slots["Jonas"][0].id]


def test_closing_stops_booking_but_not_cancelling(homes: Households, now: datetime) -> None:
    token = homes.booked("alice", homes.pick("mia", "Petra", 0)).token
    homes.change(closes_at=now)

    page = text_of(homes.browser("alice").get(f"{homes.base}/mine").text)
    answer = cancel(homes, token)

    assert "Booking is closed." in page
    assert "Book another appointment" not in page
    assert answer.status_code == 303
    assert homes.standing() == []


def test_what_has_begun_can_be_neither_cancelled_nor_moved(homes: Households) -> None:
    token = homes.booked("alice", homes.pick("mia", "Petra", 0)).token
    begin(homes, homes.slots["Petra"][0])

    answers = [cancel(homes, token), move(homes, token, homes.slots["Petra"][3])]
    page = homes.browser("alice").get(f"{homes.base}/mine")

    for answer in answers:
        assert answer.status_code == 409
        assert "This appointment has begun" in text_of(answer.text)
    assert f"{token}/cancel" not in page.text
    assert [a.slot_id for a in homes.standing()] == [homes.slots["Petra"][0].id]


def test_a_move_retimes_the_meeting_frees_the_old_time_and_takes_the_other(homes: Households) -> None:
    """R100: one meeting, changed once."""
    token = homes.booked("alice", homes.pick("leo", "Jonas", 0)).token
    homes.run_jobs()
    page = homes.browser("alice").get(f"{homes.base}/a/{token}/move")
    assert "Yours until you choose another time" in text_of(page.text)
    assert homes.slots["Jonas"][0].token not in page.text

    answer = move(homes, token, homes.slots["Jonas"][4])
    homes.run_jobs()
    homes.run_jobs()

    assert answer.location == f"{homes.base}/mine"
    assert "5:00 PM Jonas Eriksen" in text_of(homes.browser("alice").get(answer.location).text)
    [meeting] = homes.meetings.standing()
    assert meeting.starts_at == homes.slots["Jonas"][4].starts_at
    assert homes.meetings.calls.count("make") == homes.meetings.calls.count("change") == 1
    assert homes.book("charlie", homes.pick("zoe", "Jonas", 0)).status_code == 303
    assert homes.book("charlie", homes.pick("zoe", "Jonas", 4)).status_code == 409


def test_the_page_of_a_booking_that_was_moved_since_leads_to_my_appointments(homes: Households) -> None:
    """Who opens it again, or goes back to it, has booked; and it stays nobody else's."""
    booked = homes.booked("alice", homes.pick("mia", "Petra", 0))
    page = f"{homes.base}/booked/{booked.act}"
    move(homes, booked.token, homes.slots["Petra"][2])

    again, stranger = homes.browser("alice").get(page), homes.browser("bob").get(page)

    assert again.location == f"{homes.base}/mine"
    assert stranger.status_code == 404
    assert homes.browser("alice").get(f"{homes.base}/booked/made-up").status_code == 404


def test_the_same_move_sent_twice_is_one_move(homes: Households) -> None:
    token, key = homes.booked("alice", homes.pick("mia", "Petra", 0)).token, homes.key()

    answers = [move(homes, token, homes.slots["Petra"][2], key=key) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert len([row for row in homes.all(Audit) if row.action == "appointment.move"]) == 1


def test_moving_to_a_time_just_taken_keeps_the_old_one_and_shows_what_is_left(homes: Households) -> None:
    """BOOK-043"""
    token = homes.booked("alice", homes.pick("leo", "Jonas", 0)).token
    homes.booked("charlie", homes.pick("zoe", "Jonas", 1))

    answer = move(homes, token, homes.slots["Jonas"][1])

    assert answer.status_code == 409
    assert "Thu, Dec 3, 4:15 PM with Jonas Eriksen was just taken." in text_of(answer.text)
    assert homes.slots["Jonas"][2].token in answer.text
    assert homes.slots["Jonas"][1].token not in answer.text
    assert homes.slots["Jonas"][0].id in {a.slot_id for a in homes.standing()}


def test_a_move_to_nowhere_another_teacher_or_another_kind_is_refused(homes: Households) -> None:
    token = homes.booked("alice", homes.pick("mia", "Folake", 0, "V")).token
    with homes.database.transaction() as session:
        session.get_one(Slot, homes.slots["Folake"][2].id).kind = "P"
    unchosen = homes.browser("alice").post(f"{homes.base}/a/{token}/move", {"key": homes.key(), "kind": "V"})

    assert unchosen.status_code == 422
    assert "Choose a time with Folake Adeyemi." in text_of(unchosen.text)
    assert move(homes, token, homes.slots["Petra"][3]).status_code == 422
    other_kind = move(homes, token, homes.slots["Folake"][2], "V")
    assert other_kind.status_code == 422
    assert "is in person only." in text_of(other_kind.text)
    assert move(homes, token, Slot(token="made-up"), "V").status_code == 404
    assert move(homes, token, homes.slots["Folake"][0], "V").status_code == 422
    assert [a.slot_id for a in homes.standing()] == [homes.slots["Folake"][0].id]


def test_in_person_and_online_can_change_with_the_time(homes: Households) -> None:
    token = homes.booked("alice", homes.pick("mia", "Folake", 0, "V")).token
    homes.run_jobs()

    answer = move(homes, token, homes.slots["Folake"][1], "P")
    homes.run_jobs()

    assert answer.status_code == 303
    assert [a.is_virtual for a in homes.standing()] == [False]
    assert homes.meetings.standing() == []


def test_a_withdrawn_time_is_said_and_can_be_changed(homes: Households) -> None:
    appointment = homes.booked("alice", homes.pick("mia", "Petra", 0))
    with homes.database.transaction() as session:
        session.get_one(Appointment, appointment.id).problem = "slot_removed"
        session.get_one(Slot, appointment.slot_id).removed_at = homes.event.created_at

    page = text_of(homes.browser("alice").get(f"{homes.base}/mine").text)

    assert "The school has withdrawn this time." in page
    assert move(homes, appointment.token, homes.slots["Petra"][1]).status_code == 303


@pytest.mark.parametrize("problem", STANDS_YET)
def test_what_the_office_has_to_decide_on_stands_for_the_family_and_is_said_as_any_other(
    homes: Households, problem: str
) -> None:
    """Beyond what the class allows by now, or against the teacher's own calendar: nothing was withdrawn."""
    appointment = homes.booked("alice", homes.pick("mia", "Petra", 0))
    homes.change(cancel_unit="never")
    with homes.database.transaction() as session:
        session.get_one(Appointment, appointment.id).problem = problem

    page = text_of(homes.browser("alice").get(f"{homes.base}/mine").text)

    assert "withdrawn" not in page
    assert "Room: 112" in page
    assert cancel(homes, appointment.token).status_code == 409


def test_what_the_office_booked_against_a_rule_and_not_confirmed_is_not_shown(homes: Households) -> None:
    appointment = homes.booked("alice", homes.pick("mia", "Petra", 0))
    with homes.database.transaction() as session:
        session.get_one(Appointment, appointment.id).problem = "rule"

    assert "Petra" not in homes.browser("alice").get(f"{homes.base}/mine").text
    assert cancel(homes, appointment.token).status_code == 404


def test_booked_again_a_cancelled_appointment_is_listed_no_more(homes: Households) -> None:
    cancel(homes, homes.booked("alice", homes.pick("mia", "Petra", 0)).token)
    cancel(homes, homes.booked("alice", homes.pick("mia", "Petra", 1)).token)
    alice = homes.browser("alice")
    assert alice.get(f"{homes.base}/mine").text.count("Dvořák</bdi></b>") == 1

    homes.booked("alice", homes.pick("mia", "Petra", 2))

    assert "Cancelled" not in alice.get(f"{homes.base}/mine").text


def test_a_time_that_the_office_has_put_on_another_day_since_is_not_moved_to(homes: Households) -> None:
    """RELIABILITY I6: the page says which times it showed, so that nobody comes on a day that they did not choose."""
    token = homes.booked("alice", homes.pick("leo", "Jonas", 0)).token
    address, wanted = f"{homes.base}/a/{token}/move", homes.slots["Jonas"][1]
    form = form_of(homes.browser("alice").get(address).text, address) | {"slot": wanted.token}
    with homes.database.transaction() as session:
        day = {"starts_at": wanted.starts_at + timedelta(days=1), "ends_at": wanted.ends_at + timedelta(days=1)}
        session.execute(update(Slot).where(Slot.id == wanted.id).values(version=Slot.version + 1, **day))

    refused = homes.browser("alice").post(address, form)

    assert refused.status_code == 409
    assert "was just changed by the school. Look at the times again." in text_of(refused.text)
    assert [appointment.slot_id for appointment in homes.standing()] == [homes.slots["Jonas"][0].id]
    again = form_of(refused.text, address) | {"slot": wanted.token, "key": homes.key()}
    assert homes.browser("alice").post(address, again).status_code == 303
