"""The pages for people of the stand-in of Google: every form does what it says, or says why not."""

import pytest
from google_desk import EVENTS, TEACHER, Desk

KEY = "abcde12345"


@pytest.fixture
def desk() -> Desk:
    return Desk().connect()


def posted(desk: Desk, path: str, **form: object) -> str:
    """The page that the redirect leads to."""
    answer = desk.web.post(path, data=form)
    assert answer.status_code == 303, answer.text
    return desk.web.get(answer.headers["Location"]).text


def here(desk: Desk, what: str = "") -> str:
    return f"/accounts/{desk.account().id}{what}"


def test_a_calendar_shows_what_the_app_made_and_what_is_private(desk: Desk) -> None:
    ours = {"private": {"confab": "k"}}
    desk.add("2026-12-03T16:00:00", "2026-12-03T16:15:00", summary="Ben <b>& family</b>", extendedProperties=ours)
    desk.add("2026-12-04", "2026-12-05", summary="Trip", recurrence=["RRULE:FREQ=WEEKLY"])

    page, home = desk.web.get(here(desk)).text, desk.web.get("/").text

    assert "Ben &lt;b&gt;&amp; family&lt;/b&gt;" in page
    assert "2026-12-03 16:00 to 16:15" in page
    assert page.count("made by the app") == 1
    assert "RRULE:FREQ=WEEKLY" in page
    assert f'href="{here(desk)}"' in home


def test_pages_need_nothing_from_elsewhere(desk: Desk) -> None:
    for path in ("/", here(desk)):
        answer = desk.web.get(path)

        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
        assert "<script" not in answer.text
        assert " style=" not in answer.text


@pytest.mark.parametrize(
    ("ticked", "shown"),
    [
        ({}, "2026-12-03 16:00 to 17:00"),
        ({"is_day": "on"}, "2026-12-03<"),
        ({"weekly": "on"}, "RRULE:FREQ=WEEKLY"),
        ({"free": "on"}, "<td>free</td>"),
        ({"answer": "declined"}, "busy, declined"),
    ],
)
def test_the_teacher_adds_what_is_private(desk: Desk, ticked: dict[str, str], shown: str) -> None:
    form = {"calendar_id": TEACHER, "summary": "Dentist", "day": "2026-12-03", "time": "16:00", "minutes": "60"}

    page = posted(desk, here(desk, "/events"), **{**form, **ticked})

    assert "Dentist" in page
    assert shown in page
    assert "made by the app" not in page


@pytest.mark.parametrize("wrong", [{"day": ""}, {"time": "late"}, {"minutes": "-5"}, {"calendar_id": "nobody"}])
def test_a_wrong_event_is_refused_on_the_page(desk: Desk, wrong: dict[str, str]) -> None:
    form = {"calendar_id": TEACHER, "day": "2026-12-03", "time": "16:00", "minutes": "60", **wrong}

    answer = desk.web.post(here(desk, "/events"), data=form)

    assert answer.status_code == 422
    assert 'class="problem"' in answer.text
    assert not desk.starts()


def test_the_teacher_moves_renames_and_deletes_an_entry(desk: Desk) -> None:
    desk.add("2026-12-03T16:00:00", "2026-12-03T16:15:00", id=KEY, summary="Conference")
    named = {"calendar_id": TEACHER, "event_id": KEY}

    moved = posted(desk, here(desk, "/events/edit"), **named, minutes_later="45", summary="Mine")
    seen = desk.call("GET", f"{EVENTS}/{KEY}").body
    gone = posted(desk, here(desk, "/events/delete"), **named)
    again = desk.web.post(here(desk, "/events/delete"), data=named)

    assert "2026-12-03 16:45 to 17:00" in moved
    assert (seen["summary"], seen["start"]["dateTime"]) == ("Mine", "2026-12-03T16:45:00-06:00")
    assert "Nothing yet." in gone
    assert desk.call("GET", f"{EVENTS}/{KEY}").body["status"] == "cancelled"
    assert again.status_code == 422


def test_a_whole_day_is_moved_by_days(desk: Desk) -> None:
    desk.add("2026-10-31", "2026-11-02", id=KEY)

    page = posted(desk, here(desk, "/events/edit"), calendar_id=TEACHER, event_id=KEY, minutes_later="1440")

    body = desk.call("GET", f"{EVENTS}/{KEY}").body
    assert "2026-11-01<" in page
    assert (body["start"]["date"], body["end"]["date"]) == ("2026-11-01", "2026-11-03")


def test_calendars_and_accounts_come_and_calendars_go(desk: Desk) -> None:
    page = posted(desk, here(desk, "/calendars"), summary="Conferences", role="owner")
    calendar = desk.state.calendars_of(desk.account().id)[1].id
    after = posted(desk, here(desk, "/calendars/delete"), calendar_id=calendar)
    home = posted(desk, "/accounts", email="new@school.example", name="Nya Ny", timezone="Europe/Oslo")
    primary = desk.web.post(here(desk, "/calendars/delete"), data={"calendar_id": TEACHER})

    assert "Conferences" in page
    assert "Conferences" not in after
    assert "Nya Ny" in home
    assert primary.status_code == 422
    assert desk.web.get("/accounts/nobody").status_code == 404


def test_the_teacher_takes_the_app_away(desk: Desk) -> None:
    page = posted(desk, here(desk, "/remove-app"))

    assert "0 living grants" in page
    assert desk.call("GET", EVENTS).status == 401


def test_faults_are_planned_cleared_and_switched(desk: Desk) -> None:
    planned = posted(desk, "/answers", operation="events.insert", kind="limit:user", status="500", times="2")
    cleared = posted(desk, "/answers/clear")
    switched = posted(desk, "/switches", user_limit="7", limit_status="429", deleted_update="revived")
    wrong = desk.web.post("/switches", data={"user_limit": "many"})

    assert "events.insert: limit:user, 2×" in planned
    assert "limit:user, 2×" not in cleared
    assert 'name="user_limit" type="number" step="any" required value="7"' in switched
    assert (desk.state.switches.limit_status, desk.state.switches.deleted_update) == (429, "revived")
    assert (wrong.status_code, "must be a number" in wrong.text) == (422, True)
