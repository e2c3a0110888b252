"""Where many want one time, whoever comes too late is told so without standing in the line of those who book."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from app import Browser
from factories import make_contact, make_guardian
from households import Households, text_of
from hypothesis import given
from hypothesis import strategies as st
from statements import statements

from webapp.services.booking.confirm import stamp, times_seen
from webapp.services.booking.glance import MOMENT, MOST_KEPT, Glances, Sought

TAKEN = "Thu, Dec 3, 4:00 PM with Folake Adeyemi was just taken. Choose another time."


@pytest.fixture
def late(homes: Households, now: datetime) -> list[str]:
    """Three families who want what Alice has booked."""
    names = ["dan", "eve", "fay"]
    with homes.database.transaction() as session:
        for name in names:
            parent = make_contact(session, homes.school, name)
            make_guardian(session, parent, homes.children["zoe"])
            homes.browsers[name] = Browser(homes.app).sign_in(session, parent, now=now)
    homes.booked("alice", homes.pick("mia", "Folake", 0, "V"))
    return names


@pytest.mark.both_databases
def test_the_second_who_comes_too_late_hears_the_same_and_waits_for_nobody_who_writes(
    homes: Households, late: list[str]
) -> None:
    pick = homes.pick("zoe", "Folake", 0, "V")
    first = homes.book("dan", pick)
    with statements(homes.app) as asked, homes.database.transaction():
        second = homes.book("eve", pick)

    assert first.status_code == second.status_code == 409
    assert TAKEN in text_of(first.text)
    assert TAKEN in text_of(second.text)
    assert {text.split()[0] for text, _ in asked} <= {"BEGIN", "SELECT"}
    assert len(homes.standing()) == 1


@pytest.mark.both_databases
def test_who_has_the_time_gets_the_same_answer_again_however_many_wanted_it(homes: Households, late: list[str]) -> None:
    key, pick = homes.key(), homes.pick("leo", "Jonas", 3)
    mine = homes.book("alice", pick, key=key)
    assert homes.book("charlie", homes.pick("zoe", "Jonas", 3)).status_code == 409

    again = homes.book("alice", pick, key=key)

    assert (again.status_code, again.location) == (303, mine.location)


def test_what_was_given_back_can_be_booked_by_those_who_came_too_late(homes: Households, late: list[str]) -> None:
    pick = homes.pick("zoe", "Folake", 0, "V")
    assert homes.book("dan", pick).status_code == 409
    [appointment] = homes.standing()
    homes.browser("alice").post(f"{homes.base}/a/{appointment.token}/cancel", {"key": homes.key()})

    assert homes.book("eve", pick).status_code == 303


def test_after_the_closing_second_booking_is_closed_not_taken(
    homes: Households, late: list[str], now: datetime
) -> None:
    pick = homes.pick("zoe", "Folake", 0, "V")
    homes.book("dan", pick)
    homes.change(closes_at=now - timedelta(seconds=1))

    assert "Booking is closed." in text_of(homes.book("eve", pick).text)


def test_a_family_that_has_an_appointment_with_the_teacher_is_told_that_first(
    homes: Households, late: list[str]
) -> None:
    homes.book("dan", homes.pick("zoe", "Folake", 0, "V"))
    homes.booked("eve", homes.pick("zoe", "Folake", 1, "V"))

    refused = homes.book("eve", homes.pick("zoe", "Folake", 0, "V"))

    assert "already has an appointment with Folake Adeyemi" in text_of(refused.text)


def test_who_comes_too_late_in_the_same_moment_is_shown_what_the_one_before_saw(
    homes: Households, late: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crowd asks for one teacher's times once in a moment, and each for what is their own."""
    monkeypatch.setattr("webapp.views.parent.booking._glances", Glances(now=lambda: 0.0))
    pick = homes.pick("zoe", "Folake", 0, "V")
    homes.book("dan", pick)
    with statements(homes.app) as first:
        told = homes.book("eve", pick)
    with statements(homes.app) as second:
        again = homes.book("fay", pick)

    assert (told.status_code, again.status_code) == (409, 409)
    assert TAKEN in text_of(again.text)
    assert _times_shown(told.text) == _times_shown(again.text) != []
    assert len(second) == len(first) - 2


def test_who_holds_something_is_shown_their_own_times_and_not_what_others_saw(
    homes: Households, late: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others see a time as taken while it is held; whoever holds it can have it."""
    monkeypatch.setattr("webapp.views.parent.booking._glances", Glances(now=lambda: 0.0))
    pick, name, held = homes.pick("zoe", "Folake", 0, "V"), homes.pick("zoe", "Folake"), homes.slots["Folake"][2].token
    homes.book("dan", pick)
    form = {"pick": [name], f"t-{name}": held, f"m-{name}": "V"}
    assert homes.browser("fay").post(f"{homes.base}/times", form).status_code == 303
    others = homes.book("eve", pick)

    own = homes.book("fay", pick)

    assert (others.status_code, own.status_code) == (409, 409)
    assert held not in _times_shown(others.text)
    assert held in _times_shown(own.text)


def test_what_was_seen_is_looked_at_again_after_a_moment_and_for_other_teachers() -> None:
    now, looks = [0.0], iter(range(9))
    glances = Glances(now=lambda: now[0])

    assert [glances.at("a")(lambda: next(looks)) for _ in range(2)] == [0, 0]
    assert glances.at("b")(lambda: next(looks)) == 1
    now[0] += MOMENT
    assert glances.at("a")(lambda: next(looks)) == 2
    assert glances.at("b", "a")(lambda: next(looks)) == 3


def test_only_so_many_glances_are_kept() -> None:
    glances = Glances(now=lambda: 0.0)
    for n in range(MOST_KEPT + 1):
        glances.at(n)(lambda: "seen")

    assert glances.at(1)(lambda: "anew") == "seen"
    assert glances.at(0)(lambda: "anew") == "anew"


def test_only_so_many_times_are_kept_and_the_newest_stay() -> None:
    sought = Sought()
    sought.note([f"t{n}" for n in range(MOST_KEPT)])
    sought.note(["newest"])

    assert sought.has_any(["newest"])
    assert sought.has_any(["t1"])
    assert not sought.has_any(["t0"])


@given(st.datetimes(datetime(2000, 1, 1), datetime(2999, 1, 1)), st.sampled_from(["P", "V", "PV"]), st.text())
def test_of_a_form_s_stamps_the_minutes_are_read_and_nothing_else(at: datetime, kind: str, other: str) -> None:
    minute = at.replace(second=0, microsecond=0, tzinfo=UTC)

    assert times_seen([stamp("slot", minute, kind), "slot.9999999999.P", "slot..P", f"{other}.x"]) == {"slot": minute}


def _times_shown(page: str) -> list[str]:
    """The slots (tokens) of the times to choose from."""
    return re.findall(r'type="radio"[^>]* name="t-[^"]*" value="([^"]+)"', page)
