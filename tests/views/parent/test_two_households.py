"""Two households of one child: what one has booked looks to the other like a time that anybody took."""

import re
from typing import Any

from factories import make_appointment, make_contact
from households import Households, text_of

from webapp.models import Appointment

UNIQUE = re.compile(r'(name="(?:csrf|key)" value=)"[^"]*"')
"""Made anew for each page."""


def as_seen(answer: Any) -> tuple[int, str]:
    return answer.status_code, UNIQUE.sub(r"\1", answer.text)


def all_that_alice_sees(homes: Households, link: str) -> dict[str, tuple[int, str]]:
    """Pages, refusals, files and the calendar link, where Mia is looked at and nothing of Alice's own is booked."""
    alice, folake, petra = homes.browser("alice"), homes.pick("mia", "Folake"), homes.pick("mia", "Petra")
    pages = ["teachers", "children", "mine", "mine/schedule", "mine/schedule.pdf", f"times?pick={folake}&pick={petra}"]
    seen = {page: alice.get(f"{homes.base}/{page}") for page in pages}
    for name, slot in (("Folake", 0), ("Petra", 0), ("Petra", 1)):
        pick = homes.pick("mia", name, slot, "P")
        seen[f"check {name} {slot}"] = alice.get(homes.check(pick))
        seen[f"choose {name} {slot}"] = alice.post(f"{homes.base}/times", {"pick": pick}, htmx=True)
    for name in ("Folake", "Petra"):
        seen[f"book {name}"] = homes.book("alice", homes.pick("mia", name, 0, "P"))
    seen["calendar"] = alice.get(link)
    return {step: as_seen(answer) for step, answer in seen.items()}


def test_a_booking_of_the_other_household_looks_like_times_that_strangers_took(homes: Households) -> None:
    """RELIABILITY T4. Mia cannot be in two places: while Bob has her with Folake, Petra's hour is gone for Alice."""
    alice = homes.browser("alice")
    alice.post(f"{homes.base}/mine/calendar")
    [link] = re.findall(r"/calendar/[0-9a-f]+\.ics", alice.get(f"{homes.base}/mine/calendar").text)[:1]
    theirs = homes.booked("bob", homes.pick("mia", "Folake", 0, "V"))
    homes.run_jobs()
    with_bob = all_that_alice_sees(homes, link)

    with homes.database.transaction() as session:
        session.delete(session.get_one(Appointment, theirs.id))
        stranger = make_contact(session, homes.school, "Zoe")
        for name in ("Folake", "Petra"):
            make_appointment(session, homes.slots[name][0], stranger)
    with_a_stranger = all_that_alice_sees(homes, link)

    assert {step for step in with_bob if with_bob[step] != with_a_stranger[step]} == set()
    assert "was just taken" in text_of(with_bob["book Petra"][1])
    assert not [mail for mail in homes.mailer.sent if "alice" in mail.recipient]


def test_what_one_household_booked_counts_in_no_limit_of_the_other(homes: Households) -> None:
    homes.change(max_per_event=1, max_per_child=1)
    homes.booked("bob", homes.pick("mia", "Folake", 0, "P"))

    assert homes.book("alice", homes.pick("mia", "Petra", 2)).status_code == 303
    mine = homes.browser("bob").get(f"{homes.base}/mine").text
    assert "Petra" not in mine


def test_a_move_to_an_hour_of_the_other_household_is_refused_as_one_that_was_taken(homes: Households) -> None:
    homes.booked("bob", homes.pick("mia", "Folake", 0, "P"))
    mine = homes.booked("alice", homes.pick("mia", "Petra", 2))

    form = {"key": homes.key(), "slot": homes.slots["Petra"][0].token}
    answer = homes.browser("alice").post(f"{homes.base}/a/{mine.token}/move", form)

    assert answer.status_code == 409
    words = text_of(answer.text)
    assert "was just taken" in words
    assert "overlaps" not in words
    assert "your other time" not in words
    [kept] = [a for a in homes.standing() if a.contact_id == mine.contact_id]
    assert kept.slot_id == mine.slot_id


def test_where_a_class_takes_one_appointment_the_refusal_names_no_other_household(homes: Households) -> None:
    """PRODUCT 1.11: separated parents for whom the school wants one each have twins of the student."""
    homes.booked("bob", homes.pick("mia", "Folake", 0, "P"))

    answer = homes.book("alice", homes.pick("mia", "Folake", 2, "P"))

    assert answer.status_code == 409
    assert "Folake Adeyemi takes no more appointments for Mia Alvarez here." in text_of(answer.text)
    assert "Somebody" not in text_of(answer.text)
