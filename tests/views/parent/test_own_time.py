"""School time is named on every page with times; who is elsewhere sees their own beside it, unless they hide it."""

from datetime import timedelta

import pytest
from app import Browser
from factories import EVENING, make_slot
from households import Households, text_of

from webapp.models import Event, Resource


def page(homes: Households, zone: str = "", path: str = "") -> str:
    browser = homes.browser("alice")
    if zone:
        browser.client.set_cookie("zone", zone)
    answer = browser.get(path or f"{homes.base}/times?pick={homes.pick('leo', 'Jonas')}")
    assert answer.status_code == 200
    return text_of(answer.text)


def test_the_own_time_stands_beside_the_schools_where_it_differs(homes: Households) -> None:
    said = page(homes, "America/Los_Angeles")

    assert "4:15 PM 2:15 PM your time" in said
    assert "All times are school time (Central Time). Your time (Pacific Time) stands beside it." in said


def test_each_page_that_says_a_time_names_the_zone_of_the_school(homes: Households) -> None:
    """BOOK-046: also before anybody has signed in, or booked, and where an appointment is cancelled."""
    named = "All times are school time (Central Time)."
    token = homes.booked("bob", homes.pick("leo", "Jonas", 0)).token
    bob, stranger = homes.browser("bob"), Browser(homes.app)
    bob.client.set_cookie("zone", "America/Los_Angeles")

    school = text_of(stranger.get(f"/{homes.school.slug}/").text)
    landing = text_of(stranger.get(f"{homes.base}/").text)
    empty = page(homes, "America/Los_Angeles", f"{homes.base}/mine")
    asked = text_of(bob.get(f"{homes.base}/a/{token}/cancel").text)
    bob.post(f"{homes.base}/a/{token}/cancel", {"key": homes.key()})
    cancelled = text_of(bob.get(f"{homes.base}/mine").text)

    assert "Open until Wednesday, December 2, 9:00 AM, Central Time" in school
    assert [named in said for said in (landing, empty, asked, cancelled)] == [True] * 4
    assert "stands beside it" not in landing + empty
    assert "2:00 PM your time" in asked
    assert "2:00 PM your time. Cancelled" in cancelled


def test_on_another_day_the_own_time_says_which(homes: Households) -> None:
    assert "4:15 PM Fri, Dec 4, 7:15 AM your time" in page(homes, "Asia/Tokyo")


@pytest.mark.parametrize(
    "zone",
    ["", "UTC", "Etc/GMT+5", "America/Chicago", "America/Winnipeg", "Nowhere/Atlantis", "../../etc/passwd", "x" * 999],
)
def test_without_another_zone_there_is_school_time_alone(homes: Households, zone: str) -> None:
    """Also where no script runs, or what it says is no zone."""
    said = page(homes, zone)

    assert "All times are school time (Central Time)." in said
    assert "PM your time" not in said
    assert "my time" not in said


def test_where_both_zones_are_called_alike_the_own_one_is_named_with_its_city(homes: Households) -> None:
    """BOOK-046: in summer Phoenix is an hour behind Denver, and both are called Mountain Time."""
    with homes.database.transaction() as session:
        session.get_one(Event, homes.event.id).zone = "America/Denver"
        summer = EVENING + timedelta(days=210)
        make_slot(session, session.get_one(Resource, homes.teachers["Jonas"].id), at=summer)

    said = page(homes, "America/Phoenix")

    assert "All times are school time (Mountain Time). Your time (Mountain Time, Phoenix) stands beside it." in said
    assert "PM your time" in said


def test_who_hides_the_own_time_does_not_see_it_again_until_they_show_it(homes: Households) -> None:
    here = f"{homes.base}/times?pick={homes.pick('leo', 'Jonas')}"
    page(homes, "America/Los_Angeles")
    browser = homes.browser("alice")

    back = browser.post(f"{homes.base}/clock", {"show": "school", "next": here})
    hidden = page(homes)
    browser.post(f"{homes.base}/clock", {"show": "both", "next": "https://evil.example/"})
    shown = page(homes)

    assert back.location == here
    assert "2:15 PM" not in hidden
    assert "Show my time (Pacific Time)" in hidden
    assert "2:15 PM your time" in shown


def test_my_appointments_and_the_last_step_show_it_too(homes: Households) -> None:
    homes.booked("alice", homes.pick("leo", "Jonas", 0))

    mine = page(homes, "America/Los_Angeles", f"{homes.base}/mine")
    check = page(homes, "America/Los_Angeles", homes.check(homes.pick("mia", "Petra", 3)))

    assert "2:00 PM your time" in mine
    assert "2:45 PM your time" in check
