"""The page for people of the stand-in of Zoom: every form does what it says, or says why not."""

import pytest
from sandbox_school import School


def posted(school: School, path: str, **form: object) -> str:
    """The page that the redirect leads to."""
    answer = school.web.post(path, data=form)
    assert answer.status_code == 303, answer.text
    return school.web.get(answer.headers["Location"]).text


def test_the_page_shows_account_users_and_meetings(school: School) -> None:
    made = school.made("ben", topic="Ben <b>& family</b>", timezone="Europe/Berlin")

    page = school.web.get("/").text

    assert "Maple Street School" in page
    assert "cleo@school.example" in page
    assert "Ben &lt;b&gt;&amp; family&lt;/b&gt;" in page
    assert "2026-12-03 16:00 UTC" in page
    assert "2026-12-03 17:00 CET, Europe/Berlin" in page
    assert f"Join {made['id']}" in page
    assert "Confab, 10 permissions" in page


def test_pages_need_nothing_from_elsewhere(school: School) -> None:
    answer = school.web.get("/")
    css = school.web.get("/static/sandbox.css", buffered=True)

    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert "<script" not in answer.text
    assert " style=" not in answer.text
    assert css.status_code == 200


def test_a_user_can_be_added(school: School) -> None:
    page = posted(school, "/users", email="zoe@school.example", first_name="Zoe", type="1", status="pending")

    assert "zoe@school.example" in page
    assert [user["email"] for user in school.call("users", "/users", status="pending").body["users"]] == [
        "cleo@school.example",
        "zoe@school.example",
    ]


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"email": "ADA@school.example", "status": "active"}, "is a user already"),
        ({"email": "nobody", "status": "active"}, "email must be an address"),
        ({"email": "zoe@school.example", "status": "asleep"}, "status must be one of"),
        ({"email": "zoe@school.example", "status": "active", "type": "x"}, "is not a whole number"),
    ],
)
def test_a_wrong_user_is_refused_on_the_page(school: School, form: dict[str, str], message: str) -> None:
    answer = school.web.post("/users", data=form)

    assert answer.status_code == 422
    assert message in answer.text
    assert len(school.state.users) == 6


def test_a_status_can_be_changed(school: School) -> None:
    posted(school, f"/users/{school.user('cleo').id}/status", status="active")

    assert school.make("cleo").status == 201


def test_a_meeting_can_be_deleted(school: School) -> None:
    made = school.made()

    page = posted(school, f"/meetings/{made['id']}/delete")
    again = school.web.post(f"/meetings/{made['id']}/delete")

    assert "There is no meeting yet." in page
    assert school.call("meeting", f"/meetings/{made['id']}").code == 3001
    assert (again.status_code, "There is no such meeting." in again.text) == (422, True)


def test_the_delay_can_be_set_from_0_to_60(school: School) -> None:
    page = posted(school, "/delay", create_delay="45")
    refused = school.web.post("/delay", data={"create_delay": "61"})

    assert 'value="45"' in page
    assert (refused.status_code, school.state.switches.create_delay) == (422, 45)


def test_passcode_rules_can_be_set_for_one_user_and_for_all(school: School) -> None:
    ada = school.user("ada").id
    posted(school, f"/users/{ada}/rule", digits="on")
    one = [school.make(name, password="ab12cd").status for name in ("ada", "ben")]
    posted(school, f"/users/{ada}/rule")
    posted(school, "/account/rule", digits="on")
    everybody = [school.make(name, password="ab12cd").status for name in ("ada", "ben")]
    posted(school, "/account/rule")

    assert (one, everybody) == ([400, 201], [400, 400])
    assert school.make(password="ab12cd").status == 201


def test_switches_can_be_set(school: School) -> None:
    posted(school, "/switches", list_lag="5", clock_offset="-60", enforce_rates="on", limit_headers="bare")

    switches = school.state.switches
    assert (switches.list_lag, switches.clock_offset, switches.enforce_rates, switches.limit_headers) == (
        5.0,
        -60.0,
        True,
        "bare",
    )


def test_faults_can_be_planned_and_cleared(school: School) -> None:
    page = posted(school, "/answers", kind="status", status="503", times="3", operation="meetingCreate")
    failed = school.web.post("/v2/users/me/meetings").status_code
    cleared = posted(school, "/answers/clear")

    assert "meetingCreate: answer with the status 503, 3×" in page
    assert failed == 503
    assert "Clear planned faults" not in cleared


def test_an_app_can_be_removed(school: School) -> None:
    grant = next(iter(school.state.grants))

    page = posted(school, f"/grants/{grant}/remove")

    assert "No app is connected." in page
    assert school.call("user", "/users/me").code == 124


def test_a_host_can_rename_move_and_convert_a_meeting(school: School) -> None:
    """PROVIDERS 7.8"""
    number = school.made()["id"]

    page = posted(school, f"/meetings/{number}/edit", topic="By its host", minutes_later="30")
    changed = school.read(number)
    posted(school, f"/meetings/{number}/convert")

    assert "By its host" in page
    assert (changed["topic"], changed["start_time"]) == ("By its host", "2026-12-03T16:30:00Z")
    assert school.call("meeting", f"/meetings/{number}").code == 3000


def test_webhooks_can_be_made_to_misbehave(school: School) -> None:
    """PROVIDERS 7.8"""
    numbers = {"create_delay": 0, "latency": 0, "list_lag": 0, "clock_offset": 0, "refresh_grace": 0}
    posted(school, "/switches", **numbers, daily_limit=100, webhook_delay=9, webhook_order="on", webhook_ids="on")

    switches = school.state.switches
    assert (switches.webhook_delay, switches.webhook_order, switches.webhook_ids) == (9, "mixed", "text")
    assert (switches.webhook_twice, switches.webhook_forged) == (False, False)
