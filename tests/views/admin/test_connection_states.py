"""Global Setup / Business says how the connection stands, and asks before anything is taken or given up."""

from datetime import timedelta
from pathlib import Path

import pytest
from app import test_settings as settings_of
from conftest import KEY
from sqlmodel import select
from zoom_office import Office, open_office, words

from jobs.tasks import run_tasks
from webapp import clock
from webapp.db import Database
from webapp.models import Connection
from webapp.providers.base import RemoteAccount


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    settings = settings_of(f"sqlite:///{tmp_path / 'test.db'}", KEY, zoom_client_id="confab")
    return open_office(database, settings)


def change(office: Office, **values: object) -> None:
    with office.database.transaction() as session:
        connection = session.exec(select(Connection)).one()
        for name, value in values.items():
            setattr(connection, name, value)


def shown(office: Office) -> str:
    return words(office.dora.get(office.page).text)


def mapped(office: Office) -> None:
    office.map()


class TestHealth:
    def test_the_last_call_and_the_last_renewal_are_shown(self, office: Office) -> None:
        mapped(office)
        before = shown(office)
        change(office, called_at=clock.now())

        assert "Last successful call None yet" in before
        assert "Permission last renewed" in before
        assert "Last successful call None yet" not in shown(office)

    def test_the_last_problem_is_shown_in_words(self, office: Office) -> None:
        mapped(office)
        change(
            office,
            problem="%(service)s did not answer in time.",
            problem_values='{"service": "Zoom"}',
            problem_at=clock.now(),
        )

        assert "Zoom did not answer in time." in shown(office)

    @pytest.mark.parametrize(("ahead", "warns"), [(20, False), (-20, False), (21, True), (-21, True)])
    def test_a_clock_that_is_off_by_more_than_twenty_seconds_is_said(
        self, office: Office, ahead: int, warns: bool
    ) -> None:
        """F16"""
        mapped(office)
        change(office, clock_ahead=ahead)

        assert ("differs by 21 seconds from Zoom's" in shown(office)) is warns

    def test_scopes_beyond_need_are_named_and_the_connection_works(self, office: Office) -> None:
        """OAUTH-030"""
        mapped(office)
        before = shown(office)
        change(office, scopes="all report:read:admin")

        assert "more than Confab needs" not in before
        assert "more than Confab needs: report:read:admin." in shown(office)
        assert "Connected" in shown(office)


class TestOldType:
    def test_it_is_recognised_explained_and_leads_to_the_new_one(self, office: Office) -> None:
        """R90: a banner says to set up the Admin Managed app, and links to it."""
        mapped(office)
        change(office, grant_type="account_credentials")
        calls = list(office.zoom.calls)

        page = office.dora.get(office.page).text
        remapped = office.dora.post(f"/s/{office.school}/zoom/map")
        of_an_old_page = office.dora.post(f"/s/{office.school}/zoom/map", htmx=True)

        assert "Old type of connection, not used" in words(page)
        assert f'href="/s/{office.school}/zoom/connect">Set up the Admin Managed app</a>' in page
        assert "Connect Zoom first." in words(remapped.text)
        assert (of_an_old_page.text, of_an_old_page.headers["HX-Refresh"]) == ("", "true")
        assert office.zoom.calls == calls

    def test_connecting_anew_replaces_it(self, office: Office) -> None:
        """R90, R91"""
        mapped(office)
        change(office, grant_type="account_credentials", account_id="")

        office.connect()

        (connection,) = office.connections()
        assert connection.is_live
        assert "Old type" not in shown(office)


class TestAnotherAccount:
    def test_it_is_asked_about_and_nothing_is_taken(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        """OAUTH-021"""
        mapped(office)
        monkeypatch.setattr(office.zoom, "account", lambda: RemoteAccount("other", "Elm", "office@elm.example"))

        answer = office.come_back(office.begin())

        assert answer.status_code == 409
        assert "office@elm.example instead of office@linden.example" in words(answer.text)
        assert [c.account_id for c in office.connections()] == ["acc"]
        run_tasks(office.app)
        assert len(office.grants.revoked) == 1
        assert f'href="/s/{office.school}/zoom/connect?account=other"' in answer.text

    def test_who_confirms_gets_the_account_that_was_named_and_no_third_one(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """OAUTH-021"""
        mapped(office)
        found = [RemoteAccount("third", "Oak", "office@oak.example"), RemoteAccount("other", "Elm", "e@elm.example")]
        monkeypatch.setattr(office.zoom, "account", lambda: found.pop(0))

        answers = [office.come_back(confirmed(office)).status_code for _ in range(2)]

        assert answers == [409, 303]
        assert [c.account_id for c in office.connections()] == ["other"]


def confirmed(office: Office) -> str:
    answer = office.dora.get(f"/s/{office.school}/zoom/connect?account=other")
    return str(answer.headers["Location"].split("state=")[1])


class TestReconnecting:
    def test_after_a_revoked_grant_the_same_row_lives_again_and_its_problem_is_gone(self, office: Office) -> None:
        """OAUTH-014: resumes after reconnecting."""
        mapped(office)
        change(office, needs_reconnect_at=clock.now() - timedelta(hours=1), problem="x", problem_at=clock.now())
        before = shown(office)

        office.connect()

        (connection,) = office.connections()
        assert "Needs to be connected again" in before
        assert (connection.is_live, connection.problem) == (True, None)


def test_disconnect_says_first_what_stops_and_what_stays(office: Office) -> None:
    """R13"""
    mapped(office)

    page = office.dora.get(office.page).text

    dialog = words(page[page.index('<dialog id="dlg-part"') :].split("</dialog>")[0])
    assert "It stops: no meeting is made, moved or removed any more" in dialog
    assert "It stays: meetings and links that exist go on working" in dialog
    assert office.connections()[0].is_live
