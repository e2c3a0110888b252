"""Global Setup / Business / Integration Options: one connection for the school, and what became of each teacher."""

import re
import sqlite3
from pathlib import Path

import pytest
from app import test_settings as settings_of
from conftest import KEY
from factories import make_contact, make_school, make_teacher
from zoom_office import LABEL, Office, open_office, polled, words

from jobs.tasks import run_tasks
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Level
from webapp.services.system.tokens import open_tokens


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    settings = settings_of(f"sqlite:///{tmp_path / 'test.db'}", KEY, zoom_client_id="confab")
    return open_office(database, settings)


def test_the_zoom_integration_stands_in_integration_options_of_global_setup_business(office: Office) -> None:
    """R8"""
    page = office.dora.get(office.page).text

    assert re.search(r"<h1>Global Setup</h1>", page)
    assert re.search(r'aria-current="page">Business</a>', page)
    section = page[page.index(">Integration Options</h2>") :]
    assert "<h3>Zoom Integration</h3>" in section


@pytest.mark.parametrize(
    "level", [Level.VIEWER, Level.MAKER, Level.RESOURCE_ADMINISTRATOR, Level.EVENT_ADMINISTRATOR], ids=str
)
def test_staff_below_administrator_reach_neither_the_page_nor_its_deeds(office: Office, level: Level) -> None:
    """R9"""
    browser = office.someone(lambda session, school: make_contact(session, school, level=level))

    seen = [browser.get(f"/s/{office.school}/{part}") for part in ("setup/business", "zoom/connect", "zoom/mapping")]
    sent = [browser.post(f"/s/{office.school}/zoom/{deed}") for deed in ("map", "disconnect")]

    assert {answer.status_code for answer in seen + sent} == {403}
    assert office.tasks() == []
    assert office.grants.revoked == []


def test_families_and_strangers_do_not_learn_that_the_page_is_there(office: Office) -> None:
    """R9"""
    alice = office.someone(make_contact)
    charlie = office.someone(
        lambda session, _: make_contact(session, make_school(session), "Charlie", level=Level.ADMINISTRATOR)
    )

    answers = [browser.get(office.page) for browser in (alice, charlie)]
    answers += [browser.post(f"/s/{office.school}/zoom/map") for browser in (alice, charlie)]

    assert {answer.status_code for answer in answers} == {404}


def test_the_button_is_a_link_while_not_connected_and_a_form_once_connected(office: Office) -> None:
    """R10"""
    before = office.dora.get(office.page).text
    after = office.connect().text

    link = re.search(rf'<a class="btn small primary" href="([^"]+)">{LABEL}</a>', before)
    assert link
    assert link[1] == f"/s/{office.school}/zoom/connect"
    assert "Not connected" in words(before)
    assert re.search(rf'<form method="post" action="/s/{office.school}/zoom/map".*?>{LABEL}</button></form>', after)
    assert f">{LABEL}</a>" not in after


def test_a_school_without_teachers_is_told_to_import_them_first_and_may_connect_all_the_same(office: Office) -> None:
    """R7"""
    without = office.dora.get(office.page).text
    office.add_teachers("a@linden.example")
    with_one = office.dora.get(office.page).text

    assert "Import your teachers first" in words(without)
    assert f'<a href="/s/{office.school}/importer">Open the Importer</a>' in without
    assert f">{LABEL}</a>" in without
    assert "Import your teachers first" not in words(with_one)


def test_connected_shows_the_account_who_connected_and_when_and_how_to_part(office: Office) -> None:
    """R6, R13"""
    page = office.connect()

    text = words(page.text)
    assert "Connected office@linden.example, by Dora Office, " in text
    assert re.search(r"by Dora Office, \w{3}, \w{3} \d+, \d+:\d\d [AP]M", text)
    assert "Disconnect" in text
    [connection] = office.connections()
    assert connection.is_live
    assert office.audited() == ["zoom.connected"]


def test_the_tokens_are_on_no_page_and_unreadable_in_the_database(office: Office, tmp_path: Path) -> None:
    """R13"""
    shown = office.connect().text + office.map()

    with office.database.reading() as session:
        tokens = open_tokens(session, office.connections()[0])
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("test.db*"))
    for secret in (tokens.access, tokens.refresh):
        assert secret not in shown
        assert secret.encode() not in stored
    assert sqlite3.connect(tmp_path / "test.db").execute("SELECT count(*) FROM connection").fetchone() == (1,)


def test_disconnect_drops_the_tokens_and_revokes_the_grant(office: Office) -> None:
    """R13"""
    office.connect()

    answer = office.dora.post(f"/s/{office.school}/zoom/disconnect")
    calls_of_the_request = len(office.grants.revoked)
    run_tasks(office.app)

    [connection] = office.connections()
    assert answer.status_code == 303
    assert (connection.access_token, connection.refresh_token, connection.is_live) == ("", "", False)
    assert (calls_of_the_request, len(office.grants.revoked)) == (0, 1)
    assert "Not connected" in words(office.dora.get(office.page).text)
    assert office.audited() == ["zoom.connected", "zoom.disconnected"]


def test_mapping_follows_the_connection_and_matches_by_email_whatever_its_case(office: Office) -> None:
    """R14, R15"""
    office.add_teachers("a@linden.example", "b@linden.example", "c@linden.example")
    office.zoom.add_user("A@Linden.Example")
    office.zoom.add_user("b@linden.example")

    page = office.connect().text
    run_tasks(office.app)
    ended = office.dora.htmx(polled(page)).text

    assert "Mapping contacts" in words(page)
    assert "You can leave this page" in words(page)
    assert "hx-trigger" not in ended
    assert "2 teachers mapped, 1 not mapped" in words(dialog(ended))
    assert "Teacher N2: not found in Zoom." in words(ended)


def test_the_dialog_counts_and_names_each_teacher_and_opens_by_itself_only_once_the_mapping_ended(
    office: Office,
) -> None:
    """R15, R16"""
    office.add_teachers("a@linden.example", "b@linden.example", "c@linden.example", "d@linden.example", None)
    office.zoom.add_user("a@linden.example")
    office.zoom.add_user("b@linden.example", status="pending")
    office.zoom.add_user("c@linden.example", status="inactive")

    ended = office.map()
    later = office.dora.get(office.page).text

    told = words(dialog(ended))
    assert "1 teacher mapped, 4 not mapped" in told
    for count in ("Mapped: 1", "Pending: 1", "Inactive: 1", "Not found: 1", "No email here: 1"):
        assert count in told
    assert "Teacher N1 b@linden.example Pending in Zoom In Zoom: b@linden.example" in told
    assert "Teacher N3 d@linden.example Not found In Zoom: none found" in told
    assert "data-open" in ended
    assert 'data-dialog="dlg-map">Show mapping</button>' in later
    assert "data-open" not in later
    assert words(dialog(later)) == told


def test_mapping_again_keeps_the_connection_and_shows_what_is_new(office: Office) -> None:
    """R10, R16, R17"""
    office.add_teachers("a@linden.example")
    assert "0 teachers mapped, 1 not mapped" in words(office.map())
    office.zoom.add_user("a@linden.example")

    partial = office.dora.post(f"/s/{office.school}/zoom/map", htmx=True)
    run_tasks(office.app)
    ended = office.dora.htmx(polled(partial.text)).text

    assert partial.status_code == 200
    assert "1 teacher mapped, 0 not mapped" in words(dialog(ended))
    assert len(office.connections()) == 1
    assert office.audited() == ["zoom.connected"]


def test_without_javascript_the_button_leads_back_to_the_page(office: Office) -> None:
    office.map()

    answer = office.dora.post(f"/s/{office.school}/zoom/map")
    page = office.dora.get(answer.headers["Location"]).text

    assert answer.status_code == 303
    assert "Mapping contacts" in words(page)


def test_mapping_is_refused_before_anything_is_connected(office: Office) -> None:
    answer = office.dora.post(f"/s/{office.school}/zoom/map")

    assert answer.status_code == 422
    assert "Connect Zoom first." in words(answer.text)
    assert office.tasks() == []


def test_free_users_are_marked_and_a_paid_one_is_asked_for(office: Office) -> None:
    """R58"""
    office.add_teachers("a@linden.example", "b@linden.example")
    office.zoom.add_user("a@linden.example", is_basic=True)
    office.zoom.add_user("b@linden.example")

    told = words(dialog(office.map()))

    assert "1 teacher has a free Zoom user, whose meetings end after 40 minutes. A paid one is required." in told
    assert "Teacher N0 a@linden.example Mapped Free user" in told
    assert told.count("Free user") == 1


def test_a_mapping_that_zoom_breaks_off_says_why_and_can_be_started_again(office: Office) -> None:
    office.add_teachers("a@linden.example")
    office.zoom.add_user("a@linden.example")
    office.zoom.fail("users", ProviderError("%(service)s did not answer in time.", retry=True, service="Zoom"))

    broken = office.map()
    partial = office.dora.post(f"/s/{office.school}/zoom/map", htmx=True)
    run_tasks(office.app)
    ended = office.dora.htmx(polled(partial.text)).text

    assert "The last mapping did not finish: Zoom did not answer in time." in words(broken)
    assert "data-open" not in broken
    assert "1 teacher mapped, 0 not mapped" in words(ended)
    assert "did not finish" not in words(ended)


def test_names_and_addresses_are_shown_as_text(office: Office) -> None:
    with office.database.transaction() as session:
        school = make_school(session)
        make_teacher(session, school, "<script>alert(1)</script>", "N", email="a@linden.example")
    office.school = school.slug
    dora = office.someone(
        lambda session, school: make_contact(session, school, "<b>Dora</b>", level=Level.ADMINISTRATOR)
    )
    office.dora = dora

    page = office.map() + office.dora.get(office.page).text

    assert "<script>alert" not in page
    assert "<b>Dora" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; N" in page


def dialog(html: str) -> str:
    begin = html.index('<dialog id="dlg-map"')
    return html[begin : html.index("</dialog>", begin)]
