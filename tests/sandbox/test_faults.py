"""Faults of the stand-in of Zoom, over the wire where the wire is what breaks."""

import threading
import time
from collections.abc import Iterator

import pytest
import requests
from sandbox_school import SPEC, School

from webapp.sandbox.run import RunningSandbox
from webapp.sandbox.zoom import seed


class Client:
    """A connected app that talks to a running stand-in over HTTP."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        seed(sandbox.zoom, **SPEC)
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {School(state=sandbox.zoom).connect().access}"
        sandbox.zoom.public_url = sandbox.zoom_url

    def make(self, agenda: str = "Ref a-1-x", timeout: float = 10) -> requests.Response:
        url = f"{self.sandbox.zoom_url}/v2/users/ada@school.example/meetings"
        return self.session.post(url, json={"topic": "Conference", "agenda": agenda}, timeout=timeout)

    def control(self, method: str, path: str, body: object = None) -> dict[str, object]:
        response = self.session.request(method, f"{self.sandbox.zoom_url}/control{path}", json=body, timeout=10)
        assert response.status_code == 200, response.text
        content: dict[str, object] = response.json()
        return content


@pytest.fixture
def client(running: RunningSandbox) -> Iterator[Client]:
    client = Client(running)
    yield client
    client.session.close()


def test_creating_can_be_told_to_fail_some_times(school: School) -> None:
    school.control("POST", "/answers", {"status": 503, "times": 2})

    statuses = [school.web.post("/v2/users/ada@school.example/meetings", json={}).status_code for _ in range(2)]
    after = school.make()

    assert statuses == [503, 503]
    assert after.status == 201
    assert len(school.listed()) == 1


def test_a_dropped_connection_leaves_the_meeting_behind(client: Client) -> None:
    client.control("POST", "/answers", {"kind": "drop"})

    with pytest.raises(requests.ConnectionError):
        client.make()

    seen = client.control("GET", "/state")
    assert seen["markers"] == {"a-1-x": 1}
    assert [call["status"] for call in seen["calls"] if call["operation"] == "meetingCreate"] == [0]
    assert client.make("Ref a-1-y").status_code == 201


def test_a_connection_can_be_dropped_before_anything_is_done(client: Client) -> None:
    client.control("POST", "/answers", {"kind": "drop", "done": False})

    with pytest.raises(requests.ConnectionError):
        client.make()

    assert client.control("GET", "/state")["meetings"] == []


@pytest.mark.parametrize(
    ("kind", "status", "content_type", "text", "meetings"),
    [
        ("empty", 200, "application/json", "", 1),
        ("malformed", 201, "application/json", '{"id": 98', 1),
        ("xml", 400, "application/xml", "<?xml", 0),
        ("html", 502, "text/html", "502 Bad Gateway", 0),
    ],
)
def test_bodies_can_be_wrong(
    client: Client, kind: str, status: int, content_type: str, text: str, meetings: int
) -> None:
    client.control("POST", "/answers", {"kind": kind})

    answer = client.make()

    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith(content_type)
    assert text in answer.text
    assert len(client.sandbox.zoom.meetings) == meetings


def test_an_answer_can_drip_so_that_only_a_deadline_for_all_of_it_ends_the_wait(client: Client) -> None:
    client.control("POST", "/answers", {"kind": "drip"})
    url = f"{client.sandbox.zoom_url}/v2/users/ada@school.example/meetings"

    with client.session.post(url, json={"agenda": "Ref a-1-x"}, timeout=10, stream=True) as answer:
        begun = time.monotonic()
        first = [next(answer.iter_content(1)) for _ in range(2)]
        waited = time.monotonic() - begun

    assert (answer.status_code, first[0]) == (201, b"{")
    assert waited > 0.5
    assert client.control("GET", "/state")["markers"] == {"a-1-x": 1}


def test_work_that_is_refused_is_not_hidden_by_a_fault(school: School) -> None:
    school.control("POST", "/answers", {"kind": "empty"})

    reply = school.make("nobody")

    assert reply.code == 1001


@pytest.mark.parametrize("kind", ["second", "day", "host", "concurrent"])
def test_each_limit_can_be_played(school: School, kind: str) -> None:
    school.control("POST", "/answers", {"kind": f"limit:{kind}", "operation": "users"})

    reply = school.call("users", "/users")

    assert (reply.status, reply.code) == (429, 429)


def test_a_fault_can_meet_any_operation_and_be_lifted(school: School) -> None:
    school.control("POST", "/answers", {"operation": "*", "times": None})
    broken = [school.web.get("/v2/users/me").status_code, school.web.post("/oauth/token").status_code]

    school.control("DELETE", "/answers")

    assert broken == [500, 500]
    assert school.call("user", "/users/me").status == 200


def test_a_share_of_the_calls_can_fail(school: School) -> None:
    school.control("POST", "/answers", {"operation": "user", "times": None, "share": 0.5})

    statuses = [school.web.get("/v2/users/me").status_code for _ in range(200)]

    assert 40 < statuses.count(500) < 160


@pytest.mark.parametrize(
    "plan",
    [
        {"kind": "explode"},
        {"status": 99},
        {"share": 0},
        {"times": 0},
        {"surprise": 1},
        {"status": "x"},
        {"kind": "drip", "done": False},
    ],
)
def test_a_senseless_fault_is_refused(school: School, plan: dict[str, object]) -> None:
    answer = school.control("POST", "/answers", plan, status=400)

    assert answer["error"]
    assert school.state.planned == []


@pytest.mark.parametrize(
    "switch",
    [
        {"create_delay": 61},
        {"create_delay": -1},
        {"create_delay": "soon"},
        {"create_delay": "nan"},
        {"limit_headers": "funny"},
        {"gravity": 0},
    ],
)
def test_a_senseless_switch_is_refused(school: School, switch: dict[str, object]) -> None:
    before = school.state.switches

    answer = school.control("POST", "/switches", switch, status=400)

    assert answer["error"]
    assert school.state.switches == before


def test_a_delay_holds_back_the_answer_but_not_the_meeting(client: Client) -> None:
    client.control("POST", "/switches", {"create_delay": 60})
    waiting = threading.Thread(target=client.make)
    waiting.start()

    made = _until(lambda: client.sandbox.zoom.all_meetings())
    is_held_back = waiting.is_alive()
    client.sandbox.stop()
    waiting.join(5)

    assert len(made) == 1
    assert is_held_back
    assert not waiting.is_alive()


def test_a_caller_who_gives_up_finds_the_meeting_in_the_list(client: Client) -> None:
    client.control("POST", "/switches", {"create_delay": 60})

    with pytest.raises(requests.Timeout):
        client.make(timeout=0.2)

    url = f"{client.sandbox.zoom_url}/v2/users/ada@school.example/meetings"
    listed = client.session.get(url, params={"type": "upcoming"}, timeout=5).json()["meetings"]
    assert [meeting["agenda"] for meeting in listed] == ["Ref a-1-x"]


def test_a_list_shows_the_world_some_seconds_ago(school: School) -> None:
    school.state.set_switches(list_lag=10)
    made = school.made()
    at_once = school.listed()

    school.clock.at += 10
    later = school.listed()
    school.delete(made["id"])
    after_delete = school.listed()
    school.clock.at += 10
    at_last = school.listed()

    assert [len(seen) for seen in (at_once, later, after_delete, at_last)] == [0, 1, 1, 0]
    assert school.call("meeting", f"/meetings/{made['id']}").status == 404


def test_grants_can_be_revoked_behind_the_apps_back(school: School) -> None:
    answer = school.control("POST", "/revoke")

    assert answer == {"revoked": 1}
    assert school.call("user", "/users/me").code == 124
    assert school.token(grant_type="refresh_token", refresh_token=school.refresh).status == 400


def test_a_user_can_be_deactivated_and_renamed(school: School) -> None:
    school.control("PATCH", "/users/ada@school.example", {"status": "inactive", "email": "ada.r@school.example"})

    assert school.call("user", "/users/ada@school.example").code == 1001
    assert school.call("user", "/users/ada.r@school.example").body["status"] == "inactive"
    assert school.make("ada.r").code == 1001


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/users", {"email": "ADA@school.example"}),
        ("POST", "/users", {"email": "nothing"}),
        ("POST", "/users", {}),
        ("POST", "/users", {"email": "x@school.example", "type": 9}),
        ("POST", "/users", {"email": "x@school.example", "role": "king"}),
        ("PATCH", "/users/nobody@school.example", {"status": "active"}),
        ("PATCH", "/users/ada@school.example", {"email": "ben@school.example"}),
        ("PATCH", "/users/ada@school.example", {"id": "x"}),
        ("PATCH", "/users/ada@school.example", {"rule": {"length": 11}}),
        ("PATCH", "/users/ada@school.example", {"rule": "hard"}),
        ("PATCH", "/account", {"plan": "golden"}),
        ("PATCH", "/account", {"timezone": "Nowhere"}),
        ("PATCH", "/account", {"locks": ["gravity"]}),
        ("PATCH", "/account", {"settings": {"gravity": True}}),
        ("DELETE", "/meetings/123", None),
        ("POST", "/reset", {"seed": {"users": [{"mail": "x"}]}}),
        ("POST", "/switches", []),
    ],
)
def test_control_refuses_nonsense_with_a_sentence(school: School, method: str, path: str, body: object) -> None:
    answer = school.control(method, path, body, status=400)

    assert answer["error"]


def test_the_state_tells_what_was_called_and_made(school: School) -> None:
    before = school.control("GET", "/state")["calls"][-1]["number"]
    first = school.made(agenda="Ref a-1-x\nmore")
    school.made(agenda="Ref a-1-x")
    school.made(agenda="no marker")
    school.delete(first["id"])

    seen = school.control("GET", f"/state?calls_after={before}")

    assert [(call["method"], call["operation"], call["status"]) for call in seen["calls"]] == [
        ("POST", "meetingCreate", 201),
        ("POST", "meetingCreate", 201),
        ("POST", "meetingCreate", 201),
        ("DELETE", "meetingDelete", 204),
    ]
    assert seen["calls"][0]["path"] == "/v2/users/ada@school.example/meetings"
    assert seen["markers"] == {"a-1-x": 1}
    assert seen["markers_ever"] == {"a-1-x": 2}
    assert [meeting["stands"] for meeting in seen["meetings"]] == [False, True, True]
    assert len(seen["users"]) == 6


def test_the_state_gives_no_secrets_away(school: School) -> None:
    text = school.web.get("/control/state").text

    assert not any(secret in text for secret in (school.access, school.refresh, school.app.secret, school.state.secret))


def test_a_reset_forgets_what_happened_but_not_who_is_there(school: School) -> None:
    school.made()
    school.control("POST", "/switches", {"create_delay": 1})
    school.control("POST", "/answers", {})

    school.control("POST", "/reset")

    seen = school.control("GET", "/state")
    assert (seen["meetings"], seen["calls"], seen["planned"], seen["writes"]) == ([], [], [], {})
    assert seen["switches"]["create_delay"] == 0
    assert school.call("users", "/users").body["total_records"] == 4


def test_a_reset_with_a_seed_begins_a_new_world(school: School) -> None:
    seed_spec = {"users": [{"email": "zoe@school.example"}], "app": {"name": "Confab", "redirect_uris": ["https://x/"]}}

    app = school.control("POST", "/reset", {"seed": seed_spec})

    assert [user.email for user in school.state.all_users()] == ["zoe@school.example"]
    assert list(school.state.apps) == [app["client_id"]]
    assert school.call("user", "/users/me").code == 124


def _until(found: object, seconds: float = 5.0) -> object:
    """Asks again until there is something: the other thread is on its way."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = found()  # type: ignore[operator]
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError("nothing came")
