"""Meetings of the stand-in of Zoom: what it fills in, cuts off, ignores, overrides and refuses."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from sandbox_school import School

DIGITS_MESSAGE = (
    "Password provided does not match the password requirement settings set for this account. "
    "The password must follow these rules: [Password must contain only numeric characters.]"
)


def test_a_meeting_is_made_as_ordered(school: School) -> None:
    order = {"topic": "Ada and family", "agenda": "Ref a-1-x\nRoom 4", "password": "ab12cd"}

    made = school.made(timezone="America/Chicago", **order)

    assert made["id"] > 2**32
    assert made["host_id"] == school.user("ada").id
    assert {name: made[name] for name in order} == order
    assert (made["start_time"], made["timezone"], made["duration"]) == ("2026-12-03T16:00:00Z", "America/Chicago", 15)
    assert (made["type"], made["status"], made["creation_source"]) == (2, "waiting", "open_api")
    assert {**school.read(made["id"]), "start_url": ""} == {**made, "start_url": ""}


def test_a_local_start_is_read_in_the_zone_named_the_hosts_or_the_accounts(school: School) -> None:
    wall = "2026-12-03T10:00:00"

    named = school.made(start_time=wall, timezone="Asia/Tokyo")
    hosts = school.made("ben", start_time=wall)
    accounts = school.made("ada", start_time=wall)

    assert [made["start_time"] for made in (named, hosts, accounts)] == [
        "2026-12-03T01:00:00Z",
        "2026-12-03T09:00:00Z",
        "2026-12-03T16:00:00Z",
    ]
    assert [made["timezone"] for made in (named, hosts, accounts)] == ["Asia/Tokyo", "Europe/Berlin", "America/Chicago"]


@pytest.mark.parametrize("start", [{"start_time": "2020-01-01T00:00:00Z"}, {}])
def test_a_start_that_is_past_or_missing_becomes_now(school: School, start: dict[str, str]) -> None:
    reply = school.call("meetingCreate", "/users/ada@school.example/meetings", start)

    assert reply.body["start_time"] == "2026-11-23T15:00:00Z"


def test_topic_and_agenda_are_cut_off(school: School) -> None:
    reply = school.web.post(
        "/v2/users/ada@school.example/meetings",
        json={"topic": "t" * 300, "agenda": "a" * 3000},
        headers={"Authorization": f"Bearer {school.access}"},
    )

    made = school.read(reply.json["id"])

    assert (len(made["topic"]), len(made["agenda"])) == (200, 2000)
    assert len(school.listed()[0]["agenda"]) == 250


def test_a_passcode_is_made_when_none_is_given(school: School) -> None:
    school.control("PATCH", "/users/ada@school.example", {"rule": "digits"})

    made = school.made()
    without = school.made(default_password=False)

    assert made["password"].isdecimal()
    assert "password" not in without
    assert "pwd=" not in without["join_url"]


def test_a_locked_passcode_setting_makes_one_anyway(school: School) -> None:
    school.control("PATCH", "/account", {"locks": ["require_password"]})

    assert school.made(default_password=False)["password"]


def test_without_any_security_the_waiting_room_goes_on(school: School) -> None:
    open_meeting = school.made(default_password=False, settings={"join_before_host": True})
    school.control("PATCH", "/account", {"settings": {"auto_security": False}})
    allowed = school.made(default_password=False, settings={"join_before_host": True})

    assert open_meeting["settings"]["waiting_room"] is True
    assert open_meeting["settings"]["join_before_host"] is False
    assert allowed["settings"]["waiting_room"] is False


def test_a_passcode_against_the_rule_is_refused_in_zooms_words(school: School) -> None:
    school.control("PATCH", "/account", {"rule": "digits"})

    reply = school.make(password="ab12cd")

    assert reply.status == 400
    assert reply.body == {"code": 300, "message": DIGITS_MESSAGE}
    assert school.made(password="480215")["password"] == "480215"


@pytest.mark.parametrize("password", ["12345678901", "grün", "with space"])
def test_a_passcode_that_no_rule_allows_is_a_validation_error(school: School, password: str) -> None:
    reply = school.make(password=password)

    assert (reply.status, reply.code) == (400, 300)
    assert reply.body["errors"] == [{"field": "password", "message": "Invalid field."}]


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"duration": 0}, "duration"),
        ({"duration": 1441}, "duration"),
        ({"duration": "15"}, "duration"),
        ({"type": 7}, "type"),
        ({"topic": 5}, "topic"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"timezone": "America"}, "timezone"),
        ({"start_time": "2026-12-03 10:00"}, "start_time"),
        ({"start_time": "2026-13-03T10:00:00Z"}, "start_time"),
        ({"start_time": "2026-12-03T10:00:00+02:00"}, "start_time"),
        ({"settings": []}, "settings"),
        ({"settings": {"waiting_room": "yes"}}, "settings.waiting_room"),
        ({"settings": {"jbh_time": 7}}, "settings.jbh_time"),
        ({"settings": {"auto_recording": "always"}}, "settings.auto_recording"),
    ],
)
def test_a_bad_field_is_named(school: School, order: dict[str, object], field: str) -> None:
    created = school.make(**order)
    updated = school.change(school.made()["id"], **order)

    for reply in (created, updated):
        assert (reply.status, reply.code) == (400, 300)
        assert [error["field"] for error in reply.body["errors"]] == [field]


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(school: School, data: bytes) -> None:
    headers = {"Authorization": f"Bearer {school.access}"}

    answer = school.web.post("/v2/users/ada@school.example/meetings", data=data, headers=headers)

    assert answer.status_code == 400
    assert answer.json["code"] == 300


@pytest.mark.parametrize(
    ("host", "status", "code"),
    [("nobody", 404, 1001), ("elsewhere", 400, 1010), ("cleo", 400, 1120), ("eve", 400, 3161), ("dan", 404, 1001)],
)
def test_who_cannot_host_is_told_why(school: School, host: str, status: int, code: int) -> None:
    reply = school.make(host)

    assert (reply.status, reply.code) == (status, code)


def test_an_inactive_host_may_also_be_refused_as_one_who_cannot_host(school: School) -> None:
    school.control("POST", "/switches", {"inactive_code": 3161})

    assert school.make("dan").code == 3161


def test_nobody_can_be_scheduled_for(school: School) -> None:
    made = school.made()

    created = school.make(schedule_for="ben@school.example")
    moved = school.change(made["id"], schedule_for=school.user("ben").id)
    own = school.make(schedule_for="ADA@school.example")

    assert [reply.code for reply in (created, moved)] == [3000, 3000]
    assert own.status == 201


def test_the_personal_id_follows_the_users_setting_unless_said(school: School) -> None:
    school.control("PATCH", "/users/ada@school.example", {"settings": {"use_pmi": True}})
    pmi = school.user("ada").pmi

    by_default = school.made()
    asked_off = school.made(settings={"use_pmi": False})

    assert by_default["pmi"] == str(pmi)
    assert f"/j/{pmi}" in by_default["join_url"]
    assert "pmi" not in asked_off
    assert f"/j/{asked_off['id']}" in asked_off["join_url"]


def test_a_waiting_room_switches_off_joining_before_the_host(school: School) -> None:
    made = school.made(settings={"waiting_room": True, "join_before_host": True})
    school.change(made["id"], settings={"join_before_host": True})

    assert made["settings"]["join_before_host"] is False
    assert school.read(made["id"])["settings"]["join_before_host"] is False


def test_locked_settings_win_without_a_word(school: School) -> None:
    school.control("PATCH", "/account", {"settings": {"waiting_room": False}, "locks": ["waiting_room"]})

    made = school.made(settings={"waiting_room": True})
    changed = school.change(made["id"], settings={"waiting_room": True})

    assert made["settings"]["waiting_room"] is False
    assert changed.status == 204
    assert school.read(made["id"])["settings"]["waiting_room"] is False


def test_an_unknown_setting_is_dropped(school: School) -> None:
    made = school.made(settings={"levitation": True})

    assert "levitation" not in made["settings"]


def test_an_update_answers_nothing_and_changes_what_it_names(school: School) -> None:
    made = school.made(agenda="Ref a-1-x", settings={"waiting_room": True})

    reply = school.change(made["id"], topic="New topic", start_time="2026-12-04T17:00:00Z", duration=20)

    changed = school.read(made["id"])
    assert (reply.status, reply.text) == (204, "")
    assert (changed["topic"], changed["start_time"], changed["duration"]) == ("New topic", "2026-12-04T17:00:00Z", 20)
    assert (changed["agenda"], changed["join_url"], changed["uuid"]) == (made["agenda"], made["join_url"], made["uuid"])
    assert changed["settings"] == made["settings"]


def test_a_past_start_is_ignored_by_an_update(school: School) -> None:
    made = school.made()

    reply = school.change(made["id"], start_time="2020-01-01T00:00:00Z", topic="Still then")

    assert reply.status == 204
    assert school.read(made["id"])["start_time"] == "2026-12-03T16:00:00Z"
    assert school.read(made["id"])["topic"] == "Still then"


def test_a_new_passcode_changes_the_join_link(school: School) -> None:
    made = school.made(password="first1")

    school.change(made["id"], password="first1")
    same = school.read(made["id"])
    school.change(made["id"], password="second2")
    other = school.read(made["id"])

    assert same["join_url"] == made["join_url"]
    assert other["join_url"] != made["join_url"]
    assert other["password"] == "second2"


def test_an_update_holds_passcodes_to_the_rule_and_to_fewer_characters(school: School) -> None:
    made = school.made(password="fine!1")
    school.control("PATCH", "/account", {"rule": "digits"})

    against_rule = school.change(made["id"], password="abcdef")
    against_all = school.change(made["id"], password="1234!6")

    assert against_rule.body == {"code": 300, "message": DIGITS_MESSAGE}
    assert against_all.body["errors"][0]["field"] == "password"


def test_the_link_has_no_passcode_where_the_account_does_not_embed_it(school: School) -> None:
    school.control("PATCH", "/account", {"settings": {"embed_password_in_join_link": False}})

    made = school.made(password="ab12cd")

    assert "?" not in made["join_url"]
    assert made["password"] == "ab12cd"


def test_a_deleted_meeting_is_gone_until_it_is_recovered(school: School) -> None:
    made = school.made()

    first, again = school.delete(made["id"]), school.delete(made["id"])
    reads = [school.call("meeting", f"/meetings/{made['id']}"), school.change(made["id"], topic="x")]
    listed = school.listed()
    recovered = school.call("meetingStatus", f"/meetings/{made['id']}/status", {"action": "recover"})

    assert (first.status, first.text) == (204, "")
    assert [(reply.status, reply.code) for reply in (again, *reads)] == [(404, 3001)] * 3
    assert listed == []
    assert recovered.status == 204
    assert school.read(made["id"])["join_url"] == made["join_url"]


def test_only_what_was_there_can_be_recovered_or_ended(school: School) -> None:
    made = school.made()

    unknown = school.call("meetingStatus", "/meetings/123/status", {"action": "recover"})
    ended = school.call("meetingStatus", f"/meetings/{made['id']}/status", {"action": "end"})
    nonsense = school.call("meetingStatus", f"/meetings/{made['id']}/status", {"action": "dance"})

    assert (unknown.code, ended.status, nonsense.code) == (3001, 204, 300)


@pytest.mark.parametrize("meeting_id", ["0", "85746065", "abc", "１２３", "-5"])
def test_an_unknown_meeting_is_not_found(school: School, meeting_id: str) -> None:
    reply = school.call("meeting", f"/meetings/{meeting_id}")

    assert (reply.status, reply.code) == (404, 3001)


def test_a_meeting_expires_thirty_days_after_its_date(school: School) -> None:
    made = school.made()
    end = datetime(2026, 12, 3, 16, 15, tzinfo=UTC) + timedelta(days=30)

    school.clock.at = end.timestamp() + 1
    school.connect()

    assert school.call("meeting", f"/meetings/{made['id']}").code == 3001
    assert school.listed() == []


def test_a_host_sees_their_own_meetings_by_kind(school: School) -> None:
    past = school.made(topic="Past", start_time="2026-11-24T15:00:00Z")
    ahead = school.made(topic="Ahead", start_time="2026-12-03T15:00:00Z")
    school.made("ben")
    school.clock.at += 2 * 86400
    school.connect()

    kinds = ("scheduled", "upcoming", "upcoming_meetings", "previous_meetings", "live")
    seen = {kind: [meeting["id"] for meeting in school.listed(type=kind)] for kind in kinds}

    assert seen == {
        "scheduled": [past["id"], ahead["id"]],
        "upcoming": [ahead["id"]],
        "upcoming_meetings": [ahead["id"]],
        "previous_meetings": [past["id"]],
        "live": [],
    }
    assert school.call("meetings", "/users/me/meetings", type="secret").code == 300
    assert school.call("meetings", "/users/nobody@school.example/meetings").code == 1001


def test_a_list_of_meetings_has_pages_that_survive_a_deletion(school: School) -> None:
    made = [school.made(topic=f"Number {number}")["id"] for number in range(5)]

    first = school.call("meetings", "/users/ada@school.example/meetings", page_size=2)
    school.delete(made[0])
    token = first.body["next_page_token"]
    rest = school.call("meetings", "/users/ada@school.example/meetings", page_size=300, next_page_token=token)

    assert [meeting["id"] for meeting in first.body["meetings"]] == made[:2]
    assert [meeting["id"] for meeting in rest.body["meetings"]] == made[2:]
    assert rest.body["next_page_token"] == ""


def test_join_and_start_links_open_harmless_pages(school: School) -> None:
    made = school.made(topic="Ada & family", settings={"waiting_room": True})
    join, start = urlsplit(made["join_url"]), urlsplit(made["start_url"])

    with_key = school.web.get(f"{join.path}?{join.query}")
    without_key = school.web.get(join.path)
    as_host = school.web.get(f"{start.path}?{start.query}")

    assert "You would now be in the waiting room" in with_key.text
    assert "Ada &amp; family" in with_key.text
    assert "ask for the passcode" in without_key.text
    assert "You would now be the host" in as_host.text


def test_a_start_link_ends_after_two_hours_and_cannot_be_made_up(school: School) -> None:
    made = school.made()
    start = urlsplit(made["start_url"])

    made_up = school.web.get(f"{start.path}?zak=9999999999.abcdef")
    school.clock.at += 2 * 3600 + 1
    late = school.web.get(f"{start.path}?{start.query}")

    assert (made_up.status_code, late.status_code) == (403, 403)


def test_the_link_of_a_deleted_meeting_is_not_valid(school: School) -> None:
    made = school.made()
    school.delete(made["id"])

    page = school.web.get(urlsplit(made["join_url"]).path)

    assert page.status_code == 404
    assert "This meeting link is not valid" in page.text


def test_an_instant_meeting_has_no_start_and_is_not_scheduled(school: School) -> None:
    made = school.made(type=1)

    assert "start_time" not in made
    assert school.listed(type="scheduled") == []
    assert [meeting["id"] for meeting in school.listed(type="upcoming")] == [made["id"]]
