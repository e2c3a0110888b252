"""Tests of step 3: all or nothing, once per form, and never what belongs to somebody else."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from app import Browser
from factories import EVENING, make_contact, make_event, make_guardian, make_resource, make_slot, make_teacher
from households import Households, form_of, play, text_of
from sqlalchemy import delete, select, text
from sqlmodel import col

from webapp import clock
from webapp.db import Database
from webapp.models import Class, Contact, Enrolment, Occupancy, RequestKey, Resource, Slot
from webapp.services.event.remove_teacher import remove_teacher
from webapp.services.system.audit import SYSTEM


def others(homes: Households, page: str, pick: str) -> int:
    """How many times can still be chosen for a pick."""
    return sum(f'name="t-{pick}"' in tag and " disabled" not in tag for tag in page.split("<input"))


@pytest.mark.both_databases
def test_two_people_book_one_slot_one_gets_it_and_the_other_the_free_slots_left(homes: Households) -> None:
    first = homes.book("alice", homes.pick("mia", "Folake", 0, "V"))
    second = homes.book("charlie", homes.pick("zoe", "Folake", 0, "V"), homes.pick("zoe", "Jonas", 3))

    assert first.status_code == 303
    assert second.status_code == 409
    words = "Thu, Dec 3, 4:00 PM with Folake Adeyemi was just taken. Choose another time."
    assert '<p class="error" tabindex="-1" autofocus>' in second.text
    assert words in text_of(second.text)
    assert others(homes, second.text, homes.pick("zoe", "Folake")) == 4
    assert "your other time" in text_of(second.text)
    kept = form_of(second.text, f"{homes.base}/times")
    assert kept[f"t-{homes.pick('zoe', 'Jonas')}"] == [homes.slots["Jonas"][3].token]
    assert kept[f"m-{homes.pick('zoe', 'Folake')}"] == ["V"]
    assert kept[f"t-{homes.pick('zoe', 'Folake')}"] == [homes.slots["Folake"][2].token]
    assert "The next best is Thu, Dec 3, 4:30 PM." in text_of(second.text)
    assert [a.contact_id for a in homes.standing()] == [homes.people["alice"].id]


@pytest.mark.both_databases
def test_many_at_the_same_moment_one_booking_and_a_clear_refusal_for_each_of_the_others(
    homes: Households, now: datetime
) -> None:
    crowd = 8
    with homes.database.transaction() as session:
        for n in range(crowd):
            parent = make_contact(session, homes.school, f"Parent {n}")
            make_guardian(session, parent, homes.children["zoe"])
            homes.browsers[f"p{n}"] = Browser(homes.app).sign_in(session, parent, now=now)
    start = threading.Barrier(crowd)

    def book(n: int) -> int:
        start.wait()
        return int(homes.book(f"p{n}", homes.pick("zoe", "Folake", 0, "V")).status_code)

    with ThreadPoolExecutor(crowd) as pool:
        answers = sorted(pool.map(book, range(crowd)))

    assert answers == [303] + [409] * (crowd - 1)
    assert len(homes.standing()) == 1


@contextmanager
def held_back(homes: Households, slot: Slot, crowd: int) -> Iterator[None]:
    """Where rows are locked, nobody gets at the slot before the whole crowd waits for it."""
    if homes.database.is_sqlite:
        yield
        return
    with homes.database.transaction() as session:
        session.execute(select(Slot).where(Slot.id == slot.id).with_for_update())
        yield
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        while session.execute(waiting).scalar_one() < crowd:
            time.sleep(0.01)


@pytest.mark.both_databases
def test_the_same_form_sent_three_times_at_once_is_one_booking_and_one_answer(homes: Households) -> None:
    key, pick = homes.key(), homes.pick("mia", "Folake", 0, "V")
    cookie = homes.browser("alice").client.get_cookie("confab")
    assert cookie
    for n in range(3):
        homes.browsers[f"tab{n}"] = Browser(homes.app)
        homes.browsers[f"tab{n}"].client.set_cookie("confab", cookie.value)

    with ThreadPoolExecutor(3) as pool:
        with held_back(homes, homes.slots["Folake"][0], 3):
            sent = [pool.submit(homes.book, f"tab{n}", pick, key=key) for n in range(3)]
        answers = {(answer.result().status_code, answer.result().location) for answer in sent}

    [(status, location)] = answers
    assert status == 303
    assert f"{homes.base}/booked/" in location
    assert len(homes.standing()) == 1


def test_the_same_form_sent_twice_makes_one_appointment_and_gets_the_same_answer(homes: Households) -> None:
    """BOOK-004"""
    key, pick = homes.key(), homes.pick("mia", "Folake", 0, "P")

    first, second = (homes.book("alice", pick, key=key) for _ in range(2))

    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert len(homes.standing()) == 1


def test_a_key_that_was_used_carries_no_other_request_and_a_refusal_does_not_use_it_up(homes: Households) -> None:
    """BOOK-005"""
    key = homes.key()
    homes.booked("charlie", homes.pick("zoe", "Jonas", 0))

    refused = homes.book("alice", homes.pick("leo", "Jonas", 0), key=key)
    booked = homes.book("alice", homes.pick("leo", "Jonas", 1), key=key)
    other = homes.book("alice", homes.pick("mia", "Petra", 4), key=key)

    assert (refused.status_code, booked.status_code, other.status_code) == (409, 303, 409)
    assert "This form was already used for something else." in text_of(other.text)
    assert len(homes.standing()) == 2


def test_without_a_key_of_ours_nothing_is_booked(homes: Households) -> None:
    for key in ("", "forged", "InNvbWV0aGluZyI.AAAAAAAAAAAAAAAAAAAAAAAAAAA"):
        answer = homes.book("alice", homes.pick("mia", "Petra", 0), key=key)
        assert answer.status_code == 422
        assert "This form is too old." in text_of(answer.text)

    assert homes.standing() == []


def test_all_chosen_times_are_booked_together_or_none(homes: Households) -> None:
    homes.booked("charlie", homes.pick("zoe", "Jonas", 1))

    answer = homes.book("alice", homes.pick("mia", "Petra", 0), homes.pick("leo", "Jonas", 1))

    assert answer.status_code == 409
    assert {a.contact_id for a in homes.standing()} == {homes.people["charlie"].id}
    assert homes.all(RequestKey) != []
    assert len([row for row in homes.all(Occupancy) if row.kind == "parent"]) == 15


def test_the_closing_second_is_the_last(homes: Households, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """BOOK-010: and by one clock for all hosts (`test_hosts_that_share_a_postgresql_share_its_time`)."""
    homes.change(closes_at=now)
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=0.999))
    assert homes.book("alice", homes.pick("mia", "Petra", 0)).status_code == 303
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=1))

    answer = homes.book("alice", homes.pick("leo", "Jonas", 1))

    assert answer.status_code == 409
    assert "Booking is closed." in text_of(answer.text)
    assert len(homes.standing()) == 1


def test_before_opening_nothing_is_booked(homes: Households, now: datetime) -> None:
    homes.change(opens_at=now + timedelta(hours=1))

    answer = homes.book("alice", homes.pick("mia", "Petra", 0))

    assert answer.status_code == 409
    assert "Booking has not opened yet." in text_of(answer.text)
    assert homes.standing() == []


def test_slots_of_another_school_another_event_or_hidden_ones_are_not_found(
    homes: Households, database: Database, now: datetime
) -> None:
    foreign = play(database, now=now)
    with homes.database.transaction() as session:
        event = make_event(session, homes.school)
        elsewhere = make_slot(session, make_resource(session, event, make_teacher(session, homes.school)), at=EVENING)
        session.get_one(Slot, homes.slots["Petra"][1].id).visibility = "hidden"
    teacher = homes.pick("mia", "Petra")

    for slot in (foreign.slots["Petra"][0].token, elsewhere.token, homes.slots["Petra"][1].token, "made-up"):
        answer = homes.book("alice", f"{teacher}.{slot}")
        assert answer.status_code == 404
        assert "One of the times is not offered any more." in text_of(answer.text)

    assert homes.standing() == []


def test_another_familys_child_is_not_found_and_a_teacher_of_another_child_is_refused(homes: Households) -> None:
    """BOOK-013"""
    zoe, jonas = homes.children["zoe"].token, homes.teachers["Jonas"].token

    for pick, status in ((homes.pick("zoe", "Folake", 0, "V"), 404), (homes.pick("mia", "Jonas", 0), 422)):
        assert homes.book("alice", pick).status_code == status
        assert homes.browser("alice").get(homes.check(pick)).status_code == status
    crossed = f"{homes.pick('mia', 'Petra')}.{homes.slots['Folake'][0].token}.V"
    assert homes.book("alice", crossed).status_code == 404
    assert homes.browser("alice").get(f"{homes.base}/times?pick={zoe}.{jonas}").status_code == 404
    assert homes.standing() == []


def at_each_step(homes: Households, *picks: str) -> list[Any]:
    """What Alice is answered who had got so far with these: times on and back, the last step, and the booking."""
    chosen = [pick.rpartition(".") for pick in picks]
    form = {"pick": [name for name, _, _ in chosen]} | {f"t-{name}": slot for name, _, slot in chosen}
    alice, query = homes.browser("alice"), "&".join(f"pick={pick}" for pick in picks)
    return [
        alice.get(f"{homes.base}/times?{query}"),
        alice.post(f"{homes.base}/times", form),
        alice.get(f"{homes.base}/check?{query}"),
        homes.book("alice", *picks),
    ]


@pytest.mark.both_databases
def test_who_has_left_a_class_meanwhile_is_told_so_at_the_first_step_and_keeps_the_other_choices(
    homes: Households,
) -> None:
    """BOOK-013: at each step the same words, and never a page that does not exist."""
    picks = [homes.pick("mia", "Petra", 0), homes.pick("leo", "Jonas", 2)]
    with homes.database.transaction() as session:
        petras = select(Class.id).where(Class.name == "Class of Petra", Class.school_id == homes.school.id)
        session.execute(delete(Enrolment).where(col(Enrolment.class_id).in_(petras)))

    answers = at_each_step(homes, *picks)
    swapped = homes.browser("alice").post(f"{homes.base}/times", {"pick": homes.pick("mia", "Petra")}, htmx=True)

    for answer in answers:
        assert answer.status_code == 422
        assert "Petra Dvořák does not teach Mia Alvarez." in text_of(answer.text)
        assert form_of(answer.text, f"{homes.base}/teachers")["pick"] == [homes.pick("leo", "Jonas")]
    assert swapped.headers["HX-Redirect"] == f"{homes.base}/times?pick={homes.pick('mia', 'Petra')}"
    assert homes.standing() == []


@pytest.mark.both_databases
def test_where_a_teacher_has_left_the_event_meanwhile_the_first_step_says_so_and_keeps_the_other_choices(
    homes: Households, now: datetime
) -> None:
    picks = [homes.pick("mia", "Petra", 0), homes.pick("leo", "Jonas", 2)]
    with homes.database.transaction() as session:
        remove_teacher(session, session.get_one(Resource, homes.teachers["Petra"].id), who=SYSTEM, now=now)

    for answer in at_each_step(homes, *picks):
        assert answer.status_code == 404
        assert "One of the times is not offered any more." in text_of(answer.text)
        assert form_of(answer.text, f"{homes.base}/teachers")["pick"] == [homes.pick("leo", "Jonas")]
    assert homes.standing() == []


def test_hostile_picks_are_not_found(homes: Households) -> None:
    """BOOK-037"""
    alice = homes.browser("alice")

    for hostile in ("1 OR 1=1--", "", "a", "a.b.c.X", "a.b.c.V.d", "../../x.y", "a.b.\0", "<script>.x", "ä.b"):
        answers = [
            homes.book("alice", hostile),
            alice.get(f"{homes.base}/times", query_string={"pick": hostile}),
            alice.get(f"{homes.base}/check", query_string={"pick": hostile}),
            alice.get(f"{homes.base}/teachers", query_string={"pick": hostile}),
            alice.post(f"{homes.base}/teachers", {"pick": hostile}),
            alice.post(f"{homes.base}/times", {"pick": hostile}),
        ]
        assert {answer.status_code for answer in answers} == {404}

    assert homes.standing() == []


def test_two_different_times_for_one_teacher_are_a_contradiction(homes: Households) -> None:
    """BOOK-029"""
    pick = homes.pick("mia", "Petra")
    fields = {"pick": pick, f"t-{pick}": [slot.token for slot in homes.slots["Petra"][:2]]}

    assert homes.book("alice", homes.pick("mia", "Petra", 0), homes.pick("mia", "Petra", 1)).status_code == 400
    assert homes.browser("alice").post(f"{homes.base}/times", fields).status_code == 400


def test_extra_fields_are_ignored(homes: Households) -> None:
    """BOOK-028"""
    bob = homes.people["bob"].id
    extra = {"status": "confirmed", "contact_id": bob, "is_virtual": "1", "seat": "9", "held_until": "2030-01-01"}

    homes.book("alice", homes.pick("mia", "Petra", 0), **extra)

    [booked] = homes.standing()
    assert (booked.contact_id, booked.is_virtual, booked.seat) == (homes.people["alice"].id, False, 1)


def test_online_cannot_be_had_where_only_in_person_is_offered(homes: Households) -> None:
    """BOOK-011"""
    answer = homes.book("alice", homes.pick("mia", "Petra", 0, "V"))

    assert answer.status_code == 422
    assert homes.standing() == []


def test_a_time_that_the_office_changed_since_is_not_booked_as_something_else(homes: Households) -> None:
    alice, pick = homes.browser("alice"), homes.pick("mia", "Petra", 0)
    confirmed = form_of(alice.get(homes.check(pick)).text, f"{homes.base}/book")
    with homes.database.transaction() as session:
        slot = session.get_one(Slot, homes.slots["Petra"][0].id)
        slot.starts_at, slot.ends_at = slot.starts_at + timedelta(hours=2), slot.ends_at + timedelta(hours=2)

    answer = alice.post(f"{homes.base}/book", confirmed)

    assert answer.status_code == 409
    assert "Thu, Dec 3, 6:00 PM with Petra Dvořák was just changed by the school." in text_of(answer.text)
    assert homes.standing() == []
    again = form_of(alice.get(homes.check(pick)).text, f"{homes.base}/book")
    assert alice.post(f"{homes.base}/book", again).status_code == 303


def test_when_too_many_write_at_once_the_same_button_stands_there_again(
    homes: Households, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.db.PATIENCE", 0.05)

    with homes.database.transaction() as session:
        session.execute(text("SELECT 1"))
        answer = homes.book("alice", homes.pick("mia", "Petra", 0))

    assert answer.status_code == 503
    assert "Many people are here right now. Nothing was changed." in text_of(answer.text)
    again = form_of(answer.text, f"{homes.base}/book")
    assert homes.browser("alice").post(f"{homes.base}/book", again).status_code == 303


def test_a_second_appointment_with_the_same_teacher_is_refused(homes: Households) -> None:
    homes.booked("alice", homes.pick("mia", "Petra", 0))

    answer = homes.book("alice", homes.pick("mia", "Petra", 3))

    assert answer.status_code == 409
    assert "Mia Alvarez already has an appointment with Petra Dvořák." in text_of(answer.text)


def test_one_person_is_never_in_two_places(homes: Households) -> None:
    homes.booked("alice", homes.pick("mia", "Petra", 0))

    answer = homes.book("alice", homes.pick("leo", "Jonas", 0))

    assert answer.status_code == 409
    assert "overlaps another of your appointments" in text_of(answer.text)


def nameless(homes: Households) -> None:
    with homes.database.transaction() as session:
        alice = session.get_one(Contact, homes.people["alice"].id)
        alice.first = alice.last = ""


def test_a_nameless_parent_is_asked_once_and_kept_with_the_booking(homes: Households) -> None:
    """BOOK-023: whatever a name looks like, it is only shown."""
    nameless(homes)
    alice = homes.browser("alice")
    page = alice.get(homes.check(homes.pick("mia", "Petra", 0)))
    assert 'autocomplete="given-name"' in page.text

    refused = homes.book("alice", homes.pick("mia", "Petra", 0), first=" \u200b ", last="Alvarez")
    booked = homes.book("alice", homes.pick("mia", "Petra", 0), first=" {{7*7}} Ana ", last="$(Link)")
    later = alice.get(homes.check(homes.pick("leo", "Jonas", 1)))

    assert refused.status_code == 422
    assert 'id="first-err"' in refused.text
    assert form_of(refused.text, f"{homes.base}/book")["last"] == ["Alvarez"]
    assert booked.status_code == 303
    assert "{{7*7}} Ana $(Link)" in later.text
    assert 'autocomplete="given-name"' not in later.text


def test_a_name_that_the_school_knows_is_kept(homes: Households) -> None:
    homes.book("alice", homes.pick("mia", "Petra", 0), first="Eve", last="Else")

    assert [c.name for c in homes.all(Contact) if c.id == homes.people["alice"].id] == ["Alice Alvarez"]


def test_a_refused_booking_keeps_no_name(homes: Households) -> None:
    nameless(homes)
    homes.booked("charlie", homes.pick("zoe", "Jonas", 0))

    answer = homes.book("alice", homes.pick("leo", "Jonas", 0), first="Ana", last="Alvarez")

    assert answer.status_code == 409
    assert [c.first for c in homes.all(Contact) if c.id == homes.people["alice"].id] == [""]


def test_the_name_that_was_typed_stays_with_a_new_family_while_it_looks_for_another_time(homes: Households) -> None:
    """BOOK-001: its typed data kept, in no address."""
    nameless(homes)
    homes.booked("charlie", homes.pick("zoe", "Jonas", 0))
    alice, typed = homes.browser("alice"), {"first": " Ana ", "last": "Álvarez <b>"}

    lost = homes.book("alice", homes.pick("leo", "Jonas", 0), **typed)
    fields = form_of(lost.text, f"{homes.base}/times")
    swapped = alice.post(f"{homes.base}/times", fields, htmx=True)
    check = alice.post(f"{homes.base}/times", form_of(swapped.text, f"{homes.base}/times"))
    form = form_of(check.text, f"{homes.base}/book")

    assert lost.status_code == 409
    assert (check.status_code, check.location) == (200, None)
    assert (form["first"], form["last"]) == ([" Ana "], ["Álvarez <b>"])
    assert alice.post(f"{homes.base}/book", form).status_code == 303
    assert [c.first for c in homes.all(Contact) if c.id == homes.people["alice"].id] == ["Ana"]


def test_the_check_page_shows_everything_once_more_and_leads_back_where_something_is_missing(
    homes: Households,
) -> None:
    alice = homes.browser("alice")

    page = alice.get(homes.check(homes.pick("mia", "Folake", 2, "V"), homes.pick("leo", "Jonas", 0)))
    without_time = alice.get(homes.check(homes.pick("mia", "Folake")))

    words = text_of(page.text)
    assert words.index("4:00 PM Jonas Eriksen Leo Alvarez, online") < words.index("4:30 PM Folake Adeyemi Mia Alvarez")
    assert f"Alice Alvarez {homes.people['alice'].email}" in words
    assert "Book 2 appointments" in words
    assert without_time.status_code == 303


def test_only_a_form_books(homes: Households) -> None:
    alice: Any = homes.browser("alice")

    assert alice.get(f"{homes.base}/book?pick={homes.pick('mia', 'Petra', 0)}").status_code == 405
    overridden = alice.get(f"{homes.base}/book?_method=POST", headers={"X-HTTP-Method-Override": "POST"})
    without_csrf = alice.client.post(f"{homes.base}/book", data={"pick": homes.pick("mia", "Petra", 0)})
    assert overridden.status_code == 405
    assert without_csrf.status_code == 403
    assert homes.standing() == []
