"""Coming back from Zoom's consent page: only what this very person began here is carried out."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from app import Browser
from app import test_settings as settings_of
from conftest import KEY
from factories import make_contact
from sqlmodel import select
from stages import NEEDED, REDIRECT, ZoomStage
from zoom_office import Office, open_office, polled, words

from jobs.tasks import run_tasks
from webapp import clock
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Contact, Level
from webapp.sandbox.run import start_sandbox


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    settings = settings_of(f"sqlite:///{tmp_path / 'test.db'}", KEY, zoom_client_id="confab")
    return open_office(database, settings)


def nothing_came_of_it(office: Office) -> bool:
    return not office.connections() and not office.tasks() and not office.grants.used


def test_the_button_leads_to_the_authorise_page_and_back(office: Office) -> None:
    """R11"""
    begun = office.dora.get(f"/s/{office.school}/zoom/connect")
    state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]
    ended = office.come_back(state)

    assert begun.headers["Location"] == office.grants.authorize_url(state=state, verifier="")
    assert ended.status_code == 303
    assert ended.headers["Location"].startswith(f"/s/{office.school}/setup/business?mapping=")
    assert "Connected" in words(office.dora.get(ended.headers["Location"]).text)


@pytest.mark.parametrize("state", ["", "made-up", "ünïcode"])
def test_a_state_that_was_not_given_here_is_refused_and_written_down(office: Office, state: str) -> None:
    """R11, OAUTH-002"""
    office.begin()

    answer = office.come_back(state)

    assert answer.status_code == 400
    assert "Start again with the button." in words(answer.text)
    assert nothing_came_of_it(office)
    assert office.audited() == ["zoom.refused"]


def test_an_answer_without_a_beginning_is_refused(office: Office) -> None:
    """R11, OAUTH-006"""
    answer = office.come_back("some-state")

    assert answer.status_code == 400
    assert nothing_came_of_it(office)


def test_another_session_s_state_is_refused(office: Office) -> None:
    """R11, OAUTH-002, OAUTH-006"""
    other = office.someone(lambda session, school: make_contact(session, school, "Edgar", level=Level.ADMINISTRATOR))
    office.begin()

    answer = office.come_back(office.begin(other))

    assert answer.status_code == 400
    assert nothing_came_of_it(office)


def test_a_state_is_good_once(office: Office) -> None:
    """R11, OAUTH-003"""
    state = office.begin()
    first = office.come_back(state)

    again = office.come_back(state, code="another-code")

    assert (first.status_code, again.status_code) == (303, 400)
    assert office.grants.used == {f"code-{state}"}
    assert len(office.tasks()) == 1


def test_a_state_is_good_once_even_if_the_cookie_that_held_it_comes_back(office: Office) -> None:
    """OAUTH-003: a double click sends the answer twice with the same cookie."""
    state = office.begin()
    held = office.dora.client.get_cookie("confab")
    assert held is not None
    office.come_back(state)
    office.dora.client.set_cookie("confab", held.value)

    again = office.come_back(state, code="another-code")

    assert again.status_code == 400
    assert office.grants.used == {f"code-{state}"}
    assert len(office.tasks()) == 1
    assert office.audited() == ["zoom.connected", "zoom.refused"]


def test_a_wrong_answer_uses_the_state_up(office: Office) -> None:
    """R11"""
    state = office.begin()
    office.come_back("made-up")

    answer = office.come_back(state)

    assert answer.status_code == 400
    assert nothing_came_of_it(office)


def test_after_ten_minutes_the_state_is_too_old(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """R11"""
    state = office.begin()
    later = clock.now() + timedelta(minutes=10, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)

    answer = office.come_back(state)

    assert answer.status_code == 400
    assert "longer than ten minutes" in words(answer.text)
    assert nothing_came_of_it(office)


def test_a_missing_permission_is_named_and_nothing_is_connected(office: Office) -> None:
    """R12, OAUTH-012"""
    office.grants.missing = ["meeting:write:meeting:admin"]

    answer = office.come_back(office.begin())

    assert answer.status_code == 409
    assert "Missing: meeting:write:meeting:admin. Nothing was connected." in words(answer.text)
    assert "Not connected" in words(answer.text)
    assert office.connections() == []
    assert office.tasks() == []


def test_a_refusal_says_not_connected_and_shows_nothing_of_what_came_with_it(office: Office) -> None:
    """R12, OAUTH-008"""
    refused = {"code": "", "error": "access_denied", "error_description": "<script>alert(1)</script>"}

    answer = office.come_back(office.begin(), **refused)

    assert answer.status_code == 422
    assert "Zoom was not connected: the permission was not given." in words(answer.text)
    assert "Not connected" in words(answer.text)
    assert "alert(1)" not in answer.text
    assert "<h2" in answer.text
    assert nothing_came_of_it(office)


def test_trouble_at_zoom_is_said_in_its_words_and_nothing_is_connected(office: Office) -> None:
    office.grants.fail("exchange", ProviderError("%(service)s cannot be reached.", retry=True, service="Zoom"))

    answer = office.come_back(office.begin())

    assert answer.status_code == 502
    assert "Zoom was not connected: Zoom cannot be reached." in words(answer.text)
    assert office.connections() == []


def test_whoever_acts_as_a_teacher_connects_nothing(office: Office) -> None:
    """OAUTH-011"""
    office.add_teachers("teacher@linden.example")
    with office.database.reading() as session:
        teacher = session.exec(select(Contact.id).where(Contact.email == "teacher@linden.example")).one()
    state = office.begin()
    acting = office.dora.post(f"/s/{office.school}/as/{teacher}")

    begun = office.dora.get(f"/s/{office.school}/zoom/connect")
    ended = office.come_back(state)

    assert (acting.status_code, begun.status_code, ended.status_code) == (303, 403, 403)
    assert nothing_came_of_it(office)
    assert office.audited() == ["zoom.refused"]


def test_who_is_no_administrator_any_more_connects_nothing(office: Office) -> None:
    state = office.begin()
    with office.database.transaction() as session:
        session.get_one(Contact, 1).level = Level.EVENT_ADMINISTRATOR

    answer = office.come_back(state)

    assert answer.status_code == 403
    assert nothing_came_of_it(office)


def test_whoever_is_signed_out_meanwhile_signs_in_first(office: Office) -> None:
    answer = office.come_back("state", Browser(office.app))

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in")


def test_another_host_is_refused_and_never_gets_into_the_redirect_address(office: Office) -> None:
    """OAUTH-009"""
    state = office.begin()

    answer = office.dora.client.get(f"/zoom/callback?state={state}&code=x", headers={"Host": "evil.example"})
    page = office.dora.client.get(office.page, headers={"Host": "evil.example"})

    assert (answer.status_code, page.status_code) == (400, 400)
    assert "evil.example" not in answer.text
    assert nothing_came_of_it(office)


def test_an_installation_without_a_zoom_app_says_so(database: Database, tmp_path: Path) -> None:
    settings = settings_of(f"sqlite:///{tmp_path / 'test.db'}", KEY)
    office = open_office(database, settings)

    answer = office.dora.get(f"/s/{office.school}/zoom/connect")

    assert answer.status_code == 422
    assert "This installation has no Zoom app yet." in words(answer.text)


def test_the_whole_handshake_and_the_mapping_over_real_http(database: Database, tmp_path: Path) -> None:
    """R6, R11, R12, R14: with the real clients, against the stand-in of Zoom."""
    with start_sandbox() as sandbox:
        stage = ZoomStage(sandbox.zoom_url)
        stage.add_user("Lower.Case@linden.example")
        stage.add_user("waits@linden.example", status="pending")
        here = {"database_url": f"sqlite:///{tmp_path / 'test.db'}", "token_keys": (KEY,)}
        office = open_office(database, stage.settings.model_copy(update=here), over_http=True)
        office.add_teachers("lower.case@linden.example", "waits@linden.example", "nobody@linden.example")

        denied = _follow(office, stage, decision="deny")
        granted = _follow(office, stage, decision="allow")
        reused = office.dora.get(granted.request.full_path)
        partial = polled(office.dora.get(granted.headers["Location"]).text)
        run_tasks(office.app)
        ended = words(office.dora.htmx(partial).text)

        assert "Zoom was not connected: the permission was not given." in words(denied.text)
        assert reused.status_code == 400
        assert "1 teacher mapped, 2 not mapped" in ended
        assert "Connected office@linden.example, by Dora Office" in ended
        assert stage.calls("users")


def test_a_scope_left_out_at_the_consent_page_is_named(database: Database, tmp_path: Path) -> None:
    """R12: with the real clients, against the stand-in of Zoom."""
    with start_sandbox() as sandbox:
        stage = ZoomStage(sandbox.zoom_url)
        here = {"database_url": f"sqlite:///{tmp_path / 'test.db'}", "token_keys": (KEY,)}
        office = open_office(database, stage.settings.model_copy(update=here), over_http=True)

        answer = _follow(office, stage, decision="allow", scopes=[s for s in NEEDED if "write:meeting" not in s])

        assert answer.status_code == 409
        assert "Missing: meeting:write:meeting:admin. Nothing was connected." in words(answer.text)
        assert office.connections() == []


def _follow(office: Office, stage: ZoomStage, *, decision: str, scopes: list[str] = NEEDED) -> Any:
    """From the button over Zoom's consent page back to our answer, as a browser goes."""
    consent = office.dora.get(f"/s/{office.school}/zoom/connect").headers["Location"]
    assert requests.get(consent, timeout=5).status_code == 200
    asked = {name: values[0] for name, values in parse_qs(urlsplit(consent).query).items()}
    form = {**asked, "decision": decision, "user_id": stage.state()["users"][0]["id"], "scope": scopes}
    sent = requests.post(f"{stage.url}/oauth/authorize", data=form, allow_redirects=False, timeout=5)
    back = urlsplit(sent.headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == REDIRECT
    return office.dora.get(f"{back.path}?{back.query}")
