"""Tests of what a family's page costs: few statements, whatever the number of teachers and children, each by index."""

from datetime import timedelta
from typing import Any

import pytest
from factories import EVENING, make_class, make_guardian, make_resource, make_slot, make_student, make_teacher
from households import Households
from statements import Statement, reading_the_past, statements, sweeping

from webapp.models import Event, School

COST = {"teachers": 5, "count": 1, "times": 5, "choose": 5, "check": 5, "booked": 2, "mine": 2, "row": 2, "children": 2}
"""SELECTs, of which the first tells who asks, and of which event."""

LARGEST = 16_000
"""Bytes."""


def settle(homes: Households, *, children: int, teachers: int, times: int = 4, kind: str = "P") -> list[str]:
    """Picks of Alice: each of so many children with a share of the teachers, of whom each has so many times."""
    with homes.database.transaction() as session:
        students = [make_student(session, homes.school, f"Child {n}") for n in range(children)]
        for student in students:
            make_guardian(session, homes.people["alice"], student)
        picks = []
        for n in range(teachers):
            teacher, student = make_teacher(session, homes.school, f"Teacher {n}"), students[n % children]
            make_class(session, homes.school, teacher, student)
            resource = make_resource(session, homes.event, teacher)
            for turn in range(times):
                make_slot(session, resource, at=EVENING + timedelta(hours=n % 8, minutes=15 * turn), kind=kind)
            picks.append(f"{student.token}.{resource.token}")
    return picks


def walk(homes: Households, picks: list[str]) -> dict[str, list[Statement]]:
    """What each page asks for, from the list of teachers to the page that waits for a link."""
    browser = homes.browser("alice")
    asked: dict[str, list[Statement]] = {}

    def note(step: str, path: str, typed: dict[str, Any] | None = None) -> None:
        with statements(homes.app) as asked[step]:
            answer = (
                browser.get(homes.base + path) if typed is None else browser.post(homes.base + path, typed, htmx=True)
            )
        assert answer.status_code == 200, (step, answer.location)

    query = "&".join(f"pick={pick}" for pick in picks)
    appointment = homes.booked("alice", homes.pick("leo", "Jonas", 5))
    note("teachers", "/teachers")
    note("count", f"/teachers/count?{query}")
    note("times", f"/times?{query}")
    note("choose", "/times", {"pick": picks})
    note("check", f"/check?pick={homes.pick('mia', 'Petra', 0)}")
    note("booked", f"/booked/{appointment.act}")
    note("mine", "/mine")
    note("row", f"/a/{appointment.token}")
    note("children", "/children")
    return asked


def selects(asked: dict[str, list[Statement]]) -> dict[str, int]:
    return {step: sum(text.startswith("SELECT") for text, _ in sent) for step, sent in asked.items()}


@pytest.mark.both_databases
@pytest.mark.parametrize(("children", "teachers"), [(1, 3), (3, 30)])
def test_the_number_of_statements_does_not_grow_with_children_and_teachers(
    homes: Households, children: int, teachers: int
) -> None:
    asked = walk(homes, settle(homes, children=children, teachers=teachers))

    assert selects(asked) == COST


def test_all_that_a_page_reads_is_of_one_transaction(homes: Households) -> None:
    """Who asks and what they see are of one state of the database."""
    asked = walk(homes, settle(homes, children=1, teachers=3))

    begun = {step: sum(text.startswith("BEGIN") for text, _ in sent) for step, sent in asked.items()}
    assert begun == dict.fromkeys(COST, 1) | {"choose": 2}


@pytest.mark.parametrize(("path", "status"), [("/mine", 200), ("/a/nothing", 404), ("/", 303)])
def test_a_page_gives_its_connection_back_when_it_is_answered(homes: Households, path: str, status: int) -> None:
    pool = homes.app.extensions["confab"].database.engine.pool

    # What a request leaves in the context of the application would else be cleared away with it.
    with homes.app.app_context():
        answer = homes.browser("alice").get(homes.base + path)

        assert (answer.status_code, pool.checkedout()) == (status, 0)


def test_a_page_costs_the_same_in_a_large_school_and_a_full_event(homes: Households) -> None:
    """SQLite, which knows no sizes, finds everything by an index that leads to the family's own."""
    asked = walk(homes, settle(homes, children=3, teachers=30))

    assert sweeping(homes.app, [statement for sent in asked.values() for statement in sent]) == []


def test_booking_costs_the_same_in_a_full_event(homes: Households) -> None:
    """Within the only write transaction of SQLite least of all may the times of other families be read, nor all that
    this one has given back."""
    picks = [homes.pick("mia", "Petra", 0), homes.pick("leo", "Jonas", 4), homes.pick("mia", "Folake", 2, "V")]
    chosen = [pick.split(".") for pick in picks]
    form: dict[str, Any] = {"pick": [f"{child}.{teacher}" for child, teacher, *_ in chosen]}
    form |= {f"t-{child}.{teacher}": slot for child, teacher, slot, *_ in chosen}

    with statements(homes.app) as asked:
        held = homes.browser("alice").post(f"{homes.base}/times", form | {f"m-{form['pick'][2]}": "V"})
        booked = homes.book("alice", *picks)

    assert (held.location, booked.status_code) == (homes.check(*picks), 303)
    assert sweeping(homes.app, asked) == []
    assert reading_the_past(homes.app, asked) == []


def test_times_cost_the_same_however_often_a_family_has_changed_its_mind(homes: Households) -> None:
    asked = walk(homes, settle(homes, children=2, teachers=4))

    of_booking = [statement for step in ("count", "times", "choose", "check") for statement in asked[step]]
    assert reading_the_past(homes.app, of_booking) == []


def test_a_page_says_what_the_office_has_just_changed(homes: Households) -> None:
    """What a crowd reads of its event is made into objects once, not kept."""
    browser = homes.browser("alice")
    before = browser.get(f"{homes.base}/mine").text
    with homes.database.transaction() as session:
        session.get_one(Event, homes.event.id).name = "Winter Conferences"
        session.get_one(School, homes.school.id).name = "Lakeside School"
    after = browser.get(f"{homes.base}/mine").text

    assert "Winter Conferences" not in before
    assert "<b>Lakeside School</b><small>Winter Conferences</small>" in after


@pytest.mark.parametrize("kind", ["P", "PV"])
def test_the_page_of_times_stays_small(homes: Households, kind: str) -> None:
    """Three teachers of sixteen times each, uncompressed, as the server sends it: a phone waits for it on the evening
    on which booking opens. Also where each may be in person or online."""
    picks = settle(homes, children=1, teachers=3, times=16, kind=kind)

    page = homes.browser("alice").get(f"{homes.base}/times?" + "&".join(f"pick={pick}" for pick in picks))

    assert page.text.count('type="radio"') >= 3 * 16
    assert len(page.data) < LARGEST


def test_the_cookie_is_written_when_something_in_it_changed_and_not_because_the_family_is_elsewhere(
    homes: Households,
) -> None:
    browser = homes.browser("alice")
    first = browser.get(f"{homes.base}/mine")
    with browser.client.session_transaction() as cookie:
        cookie.update({"_id": "of another network", "_fresh": True})
    second = browser.get(f"{homes.base}/mine")

    assert "confab=" in first.headers["Set-Cookie"]
    assert (second.status_code, "Set-Cookie" in second.headers) == (200, False)
    assert "Cookie" in second.vary
