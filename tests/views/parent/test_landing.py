"""Tests of the way in: the school's open events, and an event that is open, closed, or not open yet."""

from datetime import datetime, timedelta
from urllib.parse import unquote

from app import Browser
from factories import make_event, make_guardian, make_school
from households import Households, text_of

from webapp.models import Appointment, Event


def test_the_school_page_lists_the_open_events_only(homes: Households, now: datetime) -> None:
    with homes.database.transaction() as session:
        make_event(session, homes.school, name="Closed Event", settings={"closes_at": now})
        make_event(session, homes.school, name="Later Event", settings={"opens_at": now + timedelta(minutes=1)})
        make_event(session, make_school(session), name="Foreign Event")

    page = Browser(homes.app).get(f"/{homes.school.slug}/")

    assert "Fall Conferences 2026 Open until Wednesday, December 2, 9:00 AM" in text_of(page.text)
    assert f'href="{homes.base}/"' in page.text
    for hidden in ("Closed Event", "Later Event", "Foreign Event"):
        assert hidden not in page.text


def test_a_school_without_open_events_says_so(homes: Households, now: datetime) -> None:
    homes.change(closes_at=now)

    page = Browser(homes.app).get(f"/{homes.school.slug}/")

    assert "No event is open for booking right now." in text_of(page.text)


def test_unknown_schools_and_events_and_the_event_of_another_school_are_not_found(homes: Households) -> None:
    visitor = Browser(homes.app)
    with homes.database.transaction() as session:
        other = make_school(session)

    for path in ("/nowhere/", f"/{homes.school.slug}/nowhere/", f"/{other.slug}/{homes.event.slug}/"):
        assert visitor.get(path).status_code == 404
        assert visitor.post(path, {"email": "a@mail.example"}).status_code in {404, 405}


def test_a_deleted_event_is_found_by_nobody_whether_signed_in_or_not(homes: Households, now: datetime) -> None:
    pages = ("", "mine", "teachers", "times", "mine/schedule")
    with homes.database.transaction() as session:
        session.get_one(Event, homes.event.id).deleted_at = now

    answers = [homes.browser("alice").get(f"{homes.base}/{page}") for page in pages]
    booking = homes.book("alice", homes.pick("mia", "Petra", 0))

    assert {answer.status_code for answer in [*answers, booking]} == {404}
    assert Browser(homes.app).get(f"{homes.base}/").status_code == 404


def test_an_event_says_until_when_it_is_open_when_it_opens_or_that_it_is_closed(
    homes: Households, now: datetime
) -> None:
    visitor, page = Browser(homes.app), f"{homes.base}/"

    assert "Booking is open until Wednesday, December 2, 9:00 AM." in text_of(visitor.get(page).text)
    homes.change(opens_at=now + timedelta(days=1))
    assert "Booking has not opened yet Booking opens Tuesday, November 24, 9:00 AM." in text_of(visitor.get(page).text)
    homes.change(opens_at=None)
    assert "Booking has not opened yet" in text_of(visitor.get(page).text)
    homes.change(opens_at=now - timedelta(days=2), closes_at=now)
    closed = text_of(visitor.get(page).text)
    assert "Booking is closed Sign in to see or cancel your appointments." in closed


def test_a_signed_in_family_goes_to_the_first_step_and_after_closing_to_its_appointments(
    homes: Households, now: datetime
) -> None:
    alice = homes.browser("alice")

    assert alice.get(f"{homes.base}/").location == f"{homes.base}/teachers"
    homes.change(closes_at=now)
    assert alice.get(f"{homes.base}/").location == f"{homes.base}/mine"
    for step in ("teachers", "times", "check"):
        assert alice.get(f"{homes.base}/{step}").status_code == 303


def test_administrators_may_look_at_a_closed_event_where_its_setting_says_so(homes: Households, now: datetime) -> None:
    homes.change(closes_at=now - timedelta(seconds=1), admins_may_preview=True)
    with homes.database.transaction() as session:
        make_guardian(session, homes.people["dora"], homes.children["mia"])

    seen = homes.browser("dora").get(f"{homes.base}/teachers")
    booking = homes.book("dora", homes.pick("mia", "Petra", 0))

    assert "This event is closed to parents but not to admins." in text_of(seen.text)
    assert booking.status_code == 409
    assert homes.browser("alice").get(f"{homes.base}/teachers").status_code == 303
    assert homes.all(Appointment) == []


def test_what_was_asked_for_before_signing_in_comes_after_it_and_nothing_else_does(homes: Households) -> None:
    visitor = Browser(homes.app)

    turned_away = visitor.get(f"{homes.base}/mine?x=1")
    assert turned_away.location == f"{homes.base}/?next={homes.base}/mine?x%3D1"
    assert f'name="next" value="{homes.base}/mine?x=1"' in visitor.get(turned_away.location).text
    for elsewhere in ("//evil.example", "https://evil.example/", "/sign-in", f"/{homes.school.slug}/", "/\\evil"):
        assert 'name="next"' not in visitor.get(f"{homes.base}/", query_string={"next": elsewhere}).text
    alice = homes.browser("alice")
    assert alice.get(f"{homes.base}/?next={homes.base}/mine").location == f"{homes.base}/mine"


def test_a_family_that_was_signed_out_is_sent_to_the_event_also_under_htmx(homes: Households) -> None:
    visitor = Browser(homes.app)

    answer = visitor.htmx(f"{homes.base}/a/some-token?n=3")

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == f"{homes.base}/"


def test_what_was_chosen_survives_the_sign_in_that_ended_on_the_form(homes: Households) -> None:
    """BOOK-034: of step 2 under HTMX and without it, and of step 3; a form that chose nothing leads to the event."""
    pick, other = homes.pick("mia", "Petra", 0), homes.pick("leo", "Jonas")
    name, _, slot = pick.rpartition(".")
    step_2 = {"pick": [name, other], f"t-{name}": slot}
    visitor = Browser(homes.app)
    visitor.get(f"{homes.base}/")

    answers = [
        visitor.post(f"{homes.base}/times", step_2, htmx=True),
        visitor.post(f"{homes.base}/times", step_2),
        visitor.post(f"{homes.base}/book", {"pick": [pick, other], "key": homes.key()}),
    ]
    led_to = [answer.headers.get("HX-Redirect") or answer.location for answer in answers]
    empty = visitor.post(f"{homes.base}/book", {"pick": "<odd>"})

    assert [answer.status_code for answer in answers] == [401, 303, 303]
    assert {unquote(address.partition("?next=")[2]) for address in led_to} == {
        f"{homes.base}/times?pick={pick}&pick={other}"
    }
    assert homes.browser("alice").get(led_to[0]).location == f"{homes.base}/times?pick={pick}&pick={other}"
    assert empty.location == f"{homes.base}/"
