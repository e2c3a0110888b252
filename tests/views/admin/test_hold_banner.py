"""Every page of the office says that nothing leaves, why, and how that ends; parents book as always."""

from pathlib import Path

import pytest
from app import test_settings as settings_of
from conftest import KEY
from factories import make_contact, make_event
from sqlmodel import select
from zoom_office import Office, open_office, words

from webapp import clock
from webapp.db import Database
from webapp.models import Level, School
from webapp.services.system.audit import SYSTEM
from webapp.services.system.installation import hold, resume

SAID = "No mail leaves, not even a sign-in code, and no online meeting is made, changed or removed."


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    settings = settings_of(f"sqlite:///{tmp_path / 'test.db'}", KEY, zoom_client_id="confab")
    return open_office(database, settings)


def put_on_hold(office: Office, because: str) -> None:
    with office.database.transaction() as session:
        hold(session, because=because, who=SYSTEM, now=clock.now())


@pytest.mark.parametrize("path", ["setup/business", "events", "online-meetings", "importer", ""])
def test_each_page_of_the_office_says_so_with_the_reason_and_the_command(office: Office, path: str) -> None:
    put_on_hold(office, "Restored from <b>last night</b>")

    answer = office.dora.client.get(f"/s/{office.school}/{path}", follow_redirects=True)

    assert answer.status_code == 200
    assert SAID in words(answer.text)
    assert "Restored from &lt;b&gt;last night&lt;/b&gt;" in answer.text
    assert "<code>./confab resume</code>" in answer.text


def test_it_is_gone_once_the_installation_is_resumed(office: Office) -> None:
    put_on_hold(office, "")
    held = office.dora.get(office.page).text
    with office.database.transaction() as session:
        resume(session, who=SYSTEM, now=clock.now())

    resumed = office.dora.get(office.page).text

    assert SAID in words(held)
    assert "Reason:" not in words(held)
    assert "hold" not in words(resumed)


def test_pages_of_teachers_and_parents_say_nothing_of_it(office: Office) -> None:
    put_on_hold(office, "")
    teacher = office.someone(lambda session, school: make_contact(session, school, "Folake", level=Level.VIEWER))
    with office.database.transaction() as session:
        event = make_event(session, session.exec(select(School)).one()).slug

    seen = teacher.client.get(f"/s/{office.school}/", follow_redirects=True)
    parents = office.dora.client.get(f"/{office.school}/{event}/", follow_redirects=True)

    assert (seen.status_code, parents.status_code) == (200, 200)
    assert SAID not in words(seen.text + parents.text)


def test_nobody_connects_a_copy_that_is_on_hold(office: Office) -> None:
    """D6"""
    begun = office.begin()
    put_on_hold(office, "")

    refused = office.dora.get(f"/s/{office.school}/zoom/connect")
    late = office.come_back(begun)

    assert (refused.status_code, late.status_code) == (409, 409)
    assert "on hold" in words(refused.text)
    assert office.zoom.calls == []
    assert office.grants.used == set()
    assert office.connections() == []


def test_a_copy_that_is_on_hold_drops_its_tokens_and_leaves_the_originals_grant_alone(office: Office) -> None:
    """D6"""
    office.connect()
    put_on_hold(office, "")

    answer = office.dora.post(f"/s/{office.school}/zoom/disconnect")

    [connection] = office.connections()
    assert answer.status_code == 303
    assert (connection.is_live, connection.access_token, connection.refresh_token) == (False, "", "")
    assert [task for task in office.tasks() if task.kind == "revoke"] == []
