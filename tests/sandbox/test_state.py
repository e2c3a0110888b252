"""The state of the stand-in of Zoom: durable when it has a file, whole at any moment, right under many threads."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sandbox_school import SPEC, School

from webapp.sandbox.storage import StateFile, replace_bytes
from webapp.sandbox.zoom import ZoomState, seed
from webapp.sandbox.zoom.control import overview


def test_a_second_start_finds_everything_again(tmp_path: Path) -> None:
    file = tmp_path / "zoom.json"
    first = School(state=ZoomState(file)).connect()
    first.control("PATCH", "/account", {"rule": "digits", "locks": ["waiting_room"]})
    made, deleted = first.made("ben", topic="東京 & Äpfel", password="480215"), first.made()
    first.delete(deleted["id"])
    before = overview(first.state)

    second = School(state=ZoomState(file), access=first.access, refresh=first.refresh)

    after = overview(second.state)
    assert {name: after[name] for name in ("account", "users", "meetings", "grants", "writes")} == {
        name: before[name] for name in ("account", "users", "meetings", "grants", "writes")
    }
    assert second.app == first.app
    assert second.read(made["id"])["join_url"] == made["join_url"]
    assert second.token(grant_type="refresh_token", refresh_token=first.refresh).status == 200
    second.made()
    assert [meeting.sequence for meeting in second.state.all_meetings()] == [7, 8, 9]


def test_each_change_is_in_the_file_before_its_answer(tmp_path: Path) -> None:
    file = tmp_path / "zoom.json"
    school = School(state=ZoomState(file)).connect()

    made = school.made()

    content = json.loads(file.read_text())
    assert [meeting["id"] for meeting in content["meetings"]] == [made["id"]]
    assert list(tmp_path.iterdir()) == [file]


def test_seeding_again_keeps_what_people_changed(tmp_path: Path) -> None:
    file = tmp_path / "zoom.json"
    first = School(state=ZoomState(file))
    first.control("PATCH", "/users/cleo@school.example", {"status": "active"})
    first.control("PATCH", "/account", {"name": "Elm Street School"})

    state = ZoomState(file)
    more = {**SPEC, "users": [*SPEC["users"], {"email": "new@school.example"}]}
    app = seed(state, **{**more, "app": {"name": "Confab", "redirect_uris": ["https://moved.example/back"]}})

    cleo, new = state.user_with_email("cleo@school.example"), state.user_with_email("new@school.example")
    assert (cleo and cleo.status, new and new.status) == ("active", "active")
    assert state.account.name == "Elm Street School"
    assert app is not None
    assert (app.id, app.secret) == (first.app.id, first.app.secret)
    assert app.redirect_uris == (*first.app.redirect_uris, "https://moved.example/back")


def test_the_app_may_bring_its_own_credentials() -> None:
    state = ZoomState()

    app = seed(state, app={"client_id": "me", "client_secret": "mine", "name": "X", "redirect_uris": ["https://x/"]})

    assert app == state.apps["me"]
    assert app.secret == "mine"


def test_a_seed_with_a_mistake_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown: mail"):
        seed(ZoomState(), users=[{"mail": "x@school.example"}])


def test_many_threads_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "zoom.json"
    school = School(state=ZoomState(file)).connect()
    school.state.set_switches(daily_limit=0)
    headers = {"Authorization": f"Bearer {school.access}"}

    def make(number: int) -> int:
        body = {"agenda": f"Ref a-1-{number}"}
        answer = school.web.application.test_client().post("/v2/users/me/meetings", json=body, headers=headers)
        return int(answer.json["id"])

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(make, range(200)))

    assert len(set(made)) == 200
    assert {meeting["id"] for meeting in json.loads(file.read_text())["meetings"]} == set(made)
    assert len(ZoomState(file).meetings) == 200


def test_the_daily_limit_holds_under_many_threads() -> None:
    school = School().connect()
    headers = {"Authorization": f"Bearer {school.access}"}

    def make(_: int) -> int:
        client = school.web.application.test_client()
        return client.post("/v2/users/me/meetings", json={}, headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(make, range(130)))

    assert (statuses.count(201), statuses.count(429)) == (100, 30)


def test_a_failed_write_leaves_the_former_file(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    replace_bytes(file, b'{"whole": 1}')

    def broken() -> tuple[int, str]:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        StateFile(file, broken).save(1)

    assert StateFile(file, broken).read() == {"whole": 1}


def test_one_write_serves_all_who_wait_for_it(tmp_path: Path) -> None:
    written = []

    def snapshot() -> tuple[int, str]:
        written.append(1)
        return 5, "{}"

    file = StateFile(tmp_path / "state.json", snapshot)
    for version in (3, 4, 5):
        file.save(version)

    assert len(written) == 1
