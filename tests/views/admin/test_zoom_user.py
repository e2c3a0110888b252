"""A teacher's Zoom user is chosen on a plain page: suggested, searched, undone, or looked up again."""

import re
from pathlib import Path

import pytest
from app import test_settings as settings_of
from conftest import KEY
from factories import make_contact, make_school, make_teacher
from sqlmodel import select
from zoom_office import Office, open_office, words

from jobs.tasks import run_tasks
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Contact, Host, Level, NotificationContact


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    settings = settings_of(f"sqlite:///{tmp_path / 'test.db'}", KEY, zoom_client_id="confab")
    office = open_office(database, settings)
    office.add_teachers("folake@linden.example", first="Folake")
    return office


def address(office: Office, deed: str = "") -> str:
    with office.database.reading() as session:
        teacher = session.exec(select(Contact).where(Contact.first == "Folake")).one()
    return f"/s/{office.school}/zoom/teachers/{teacher.id}{deed}"


def host(office: Office) -> Host:
    with office.database.reading() as session:
        return session.exec(select(Host)).one()


def test_a_suggestion_in_the_dialog_is_used_by_one_click(office: Office) -> None:
    """F4, R15"""
    near = office.zoom.add_user("folake@zoom-linden.example")

    shown = office.map()

    assert "Did you mean folake, folake@zoom-linden.example?" in words(shown)
    button = re.search(r'<button [^>]*name="user" value="([^"]+)" formmethod="post" formaction="([^"]+)"', shown)
    assert button
    assert button.groups() == (near.key, address(office, "/pick"))
    answer = office.dora.post(button[2], {"user": button[1]})
    assert answer.headers["Location"] == address(office)
    assert (host(office).state, host(office).remote_id) == ("mapped", near.key)
    assert "Chosen by hand" in words(office.dora.get(address(office)).text)


def test_the_list_is_searched_on_the_server_and_a_choice_is_undone(office: Office) -> None:
    chosen = office.zoom.add_user("zz.top@linden.example")
    office.zoom.add_user("other@linden.example")
    office.map()

    found = words(office.dora.get(address(office) + "?q=ZZ").text)
    nobody = words(office.dora.get(address(office) + "?q=nobody").text)
    office.dora.post(address(office, "/pick"), {"user": chosen.key})
    office.dora.post(address(office, "/unpick"))

    assert "zz.top@linden.example" in found
    assert "other@linden.example" not in found
    assert "No Zoom user has this name or email." in nobody
    assert (host(office).state, host(office).picked_at) == ("not_found", None)


def test_a_user_of_another_teacher_is_refused_in_words(office: Office) -> None:
    office.add_teachers("hugh@linden.example", first="Hugh")
    hughs = office.zoom.add_user("hugh@linden.example")
    office.map()

    answer = office.dora.post(address(office, "/pick"), {"user": hughs.key})

    assert answer.status_code == 409
    assert "belongs to Hugh N0 already" in words(answer.text)
    assert "Used by Hugh N0" in words(answer.text)


def test_re_map_this_teacher_asks_zoom_by_an_errand(office: Office) -> None:
    """R70: the page itself asks nobody."""
    office.map()
    user = office.zoom.add_user("folake@linden.example")
    office.zoom.calls.clear()

    office.dora.post(address(office, "/look-up"))
    waiting = words(office.dora.get(address(office)).text)
    assert office.zoom.calls == []
    run_tasks(office.app)

    assert "Zoom is being asked for this teacher" in waiting
    assert host(office).remote_id == user.key


def test_a_look_up_that_failed_is_told_with_its_reason_and_gone_once_one_succeeds(office: Office) -> None:
    """RELIABILITY 2.3: nothing given up vanishes."""
    office.map()
    office.zoom.fail("user", ProviderError("Zoom refused the request.", retry=False, code="refused"))
    office.dora.post(address(office, "/look-up"))
    run_tasks(office.app)
    failed = words(office.dora.get(address(office)).text)
    office.dora.post(address(office, "/look-up"))
    again = words(office.dora.get(address(office)).text)
    run_tasks(office.app)
    done = words(office.dora.get(address(office)).text)

    said = "The last mapping did not finish: Zoom refused the request."
    assert said in failed
    assert "Re-map this teacher" in failed
    assert said not in again + done


def test_below_administrator_nothing_is_chosen_and_another_schools_teacher_is_not_there(office: Office) -> None:
    """Charlie's school sees nothing of ours."""
    dan = office.someone(lambda session, school: make_contact(session, school, level=Level.EVENT_ADMINISTRATOR))
    with office.database.transaction() as session:
        stranger = make_teacher(session, make_school(session), "Stella").id
    theirs = f"/s/{office.school}/zoom/teachers/{stranger}"

    refused = [dan.get(address(office))] + [dan.post(address(office, d)) for d in ("/pick", "/unpick", "/look-up")]
    missing = [office.dora.get(theirs)] + [office.dora.post(theirs + d) for d in ("/pick", "/unpick", "/look-up")]

    assert {answer.status_code for answer in refused} == {403}
    assert {answer.status_code for answer in missing} == {404}


def test_notification_contacts_are_kept_checked_and_by_default_the_administrators(office: Office) -> None:
    """R68"""
    page = office.dora.get(office.page).text
    deed = f"/s/{office.school}/setup/notified"

    bad = office.dora.post(deed, {"notified": "it@linden.example\nnobody"})
    office.dora.post(deed, {"notified": "it@linden.example\noffice@linden.example"})

    assert 'placeholder="dora@linden.example"' in page
    assert bad.status_code == 422
    assert "Type email addresses, one per line." in words(bad.text)
    assert "nobody</textarea>" in bad.text
    with office.database.reading() as session:
        kept = session.exec(select(NotificationContact.email).order_by(NotificationContact.id)).all()
    assert list(kept) == ["it@linden.example", "office@linden.example"]
    assert "it@linden.example\noffice@linden.example</textarea>" in office.dora.get(office.page).text
