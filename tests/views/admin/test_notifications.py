"""Notification Setup and CUI Messages: the office writes, is helped where it mistypes, sees it, and nothing is lost."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from event_office import Office, open_office, words
from factories import make_appointment, make_contact, make_slot
from fakes import FakeMailer
from online_office import time_stands_at
from sqlmodel import select

from jobs.mail_delivery import deliver_mail
from webapp.db import Database
from webapp.models import Level, MessageText

KINDS = ("confirmation", "reminder", "cancellation", "calendar", "printable")


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def page(office: Office, kind: str = "confirmation") -> str:
    return str(office.dora.get(office.path(f"settings/notifications/{kind}")).text)


def save(office: Office, kind: str = "confirmation", **typed: str) -> Any:
    form = {"version": "0", "is_on": "1", "subject": "Hello", "body": "Where: $(Room)"} | typed
    return office.dora.post(office.path(f"settings/notifications/{kind}"), form)


def saved(office: Office) -> list[MessageText]:
    with office.database.reading() as session:
        return list(session.exec(select(MessageText).order_by(MessageText.version)))  # type: ignore[arg-type]


def test_confirmation_and_reminder_are_edited_switched_and_previewed(office: Office) -> None:
    """R51, R102: labels as users know them."""
    shown = words(page(office))
    for label in ("Confirmation email", "Reminder email", "Cancellation email", "Changed email", "Link is ready email"):
        assert label in shown
    assert "Resource Email Notification" in shown
    assert "Calendar Event Notification" in shown
    for label in ("Send Email", "Subject", "Email Body", "Insert Macros", "Preview"):
        assert label in shown
    assert "Replace the Email Body with the Printable Schedule of Appointments" in shown

    assert save(office, subject="Welcome, $(FirstName)").status_code == 303
    assert 'value="Welcome, $(FirstName)"' in page(office)
    assert "Welcome, Rosa" in words(page(office))


@pytest.mark.parametrize("kind", ["confirmation", "reminder", "changed", "links_ready"])
def test_a_new_event_mails_the_printable_schedule(office: Office, kind: str) -> None:
    """R52"""
    assert 'name="uses_schedule" value="1" checked' in page(office, kind)


def test_the_printable_schedule_of_a_new_event_has_the_room_macro(office: Office) -> None:
    """R53"""
    shown = office.dora.get(office.path("settings/cui-messages")).text

    assert 'name="location" value="$(Room)"' in shown
    assert "CUI Messages" in words(shown)


def test_a_mail_in_which_links_cannot_be_seen_is_called_out(office: Office) -> None:
    """R50"""
    warning = "There is no $(Room) here, so parents will not see where to go or which link to use."
    assert warning not in words(page(office))

    save(office, body="See you soon")

    assert warning in words(page(office))


def test_an_unknown_macro_is_refused_with_the_nearest_name_and_the_text_is_kept(office: Office) -> None:
    """PRODUCT 4"""
    answer = save(office, body="Where: $(Rom)")

    assert answer.status_code == 422
    assert "$(Rom) is not a macro. Did you mean $(Room)?" in words(answer.text)
    assert "Where: $(Rom)</textarea>" in answer.text
    assert saved(office) == []


def test_what_mails_cannot_hold_is_removed_and_named(office: Office) -> None:
    """MACRO-013, ADMIN-012"""
    answer = save(office, body="<p>$(Room)<script>alert(1)</script></p>")

    assert "Removed, since mails cannot hold it: <script>" in words(office.dora.get(answer.location).text)
    assert saved(office)[0].body == "<p>$(Room)</p>"


def test_a_text_that_is_too_long_is_refused(office: Office) -> None:
    """MACRO-021"""
    answer = save(office, body="x" * 50_001)

    assert (answer.status_code, saved(office)) == (422, [])
    assert "A text may have at most 50 kB." in words(answer.text)


def test_of_two_who_save_at_once_the_second_sees_both_texts(office: Office) -> None:
    """MACRO-025"""
    save(office, body="$(Room) first")

    answer = save(office, body="$(Room) second")

    assert answer.status_code == 409
    assert "saved another text meanwhile" in words(answer.text)
    assert "$(Room) second</textarea>" in answer.text
    again = save(office, body="$(Room) second", version="1")
    assert (again.status_code, [row.version for row in saved(office)]) == (303, [1, 2])


def test_the_original_comes_back_and_the_office_s_text_is_kept(office: Office) -> None:
    """MACRO-028"""
    save(office, body="$(Room) ours")

    office.dora.post(office.path("settings/notifications/confirmation/reset"), {})

    assert "$(Room) ours" not in page(office)
    assert saved(office)[0].body == "$(Room) ours"


def test_the_original_text_switches_no_mail_on_and_keeps_when_it_goes_out(office: Office) -> None:
    """MACRO-028: it is a text that was asked for."""
    address = office.path("settings/notifications/reminder")
    office.dora.post(address, {"version": "0", "subject": "Soon", "body": "$(Room) ours", "lead_hours": "72, 2"})

    office.dora.post(f"{address}/reset", {})

    was, now = saved(office)
    assert (was.body, now.body != was.body) == ("$(Room) ours", True)
    assert (now.is_on, now.lead_hours) == (was.is_on, was.lead_hours) == (False, "72,2")


def test_the_preview_shows_what_is_typed_and_saves_nothing(office: Office) -> None:
    form = {"version": "0", "subject": "For $(Student)", "body": "Where: $(Room)\n\n$(Teacher) {{7*7}}"}
    address = office.path("settings/notifications/confirmation/preview")

    shown = office.dora.post(address, form)
    wrong = office.dora.post(address, form | {"body": "$(Rom)"})

    assert "For Mia Alvarez" in words(shown.text)
    assert '<a href="https://zoom.us/j/91422837710?pwd=a1B2c3D4">' in shown.text
    assert "Folake Adeyemi {{7*7}}" in words(shown.text)
    assert "Did you mean $(Room)?" in words(wrong.text)
    assert saved(office) == []


def test_a_test_mail_goes_to_whoever_asks_for_it(office: Office) -> None:
    save(office, subject="Welcome", body="Where: $(Room)")

    office.dora.post(office.path("settings/notifications/confirmation/test"), {})
    deliver_mail(office.app)

    mailer = office.app.extensions["confab"].providers.mailer
    assert isinstance(mailer, FakeMailer)
    [mail] = mailer.sent
    assert mail.subject == "Test: Welcome"
    assert "Where: https://zoom.us/j/91422837710" in mail.text


@pytest.mark.parametrize("kind", ["changed", "links_ready", "resource"])
def test_each_mail_has_its_own_text_with_a_preview_a_switch_and_a_test(office: Office, kind: str) -> None:
    """PRODUCT 2.7"""
    assert save(office, kind, subject="Ours, $(Student)", body="Where: $(Room)").status_code == 303

    shown = page(office, kind)
    assert "Ours, Mia Alvarez" in words(shown)
    assert 'name="is_on" value="1" checked' in shown
    assert ('name="uses_schedule"' in shown) == (kind != "resource")
    office.dora.post(office.path(f"settings/notifications/{kind}/test"), {})
    deliver_mail(office.app)
    mailer = office.app.extensions["confab"].providers.mailer
    assert mailer.sent[-1].subject == "Test: Ours, Mia Alvarez"


def test_teachers_are_not_mailed_unless_the_office_says_so_and_it_sees_what_they_would_get(office: Office) -> None:
    shown = page(office, "resource")

    assert 'name="is_on" value="1">' in shown
    assert "To folake.adeyemi@school.example" in words(shown)
    assert "Booked: Mia Alvarez" in words(shown)
    assert "/reports/teachers-schedule?event=" in shown


@pytest.mark.parametrize("hours", ["", "0", "two", "24, 12, 6, 1", "721"])
def test_a_reminder_s_hours_are_whole_numbers_within_a_month(office: Office, hours: str) -> None:
    answer = save(office, "reminder", lead_hours=hours)

    assert (answer.status_code, saved(office)) == (422, [])
    assert 'id="ns-lead-err"' in answer.text


@pytest.mark.parametrize("level", [Level.VIEWER, Level.MAKER, Level.RESOURCE_ADMINISTRATOR])
def test_only_who_administers_the_event_reaches_it(office: Office, level: Level) -> None:
    browser = office.someone(level)

    assert browser.get(office.path("settings/notifications")).status_code == 403
    assert browser.post(office.path("settings/notifications/confirmation"), {}).status_code == 403


def test_an_unknown_kind_is_no_page(office: Office) -> None:
    assert office.dora.get(office.path("settings/notifications/invoice")).status_code == 404


def test_the_preview_is_for_the_appointment_or_the_sample_that_is_chosen(office: Office) -> None:
    """Issue 7.1: a real or sample appointment."""
    first, second = office.slots(office.folake, 2)
    earlier = office.booked(first, child_name="Mia")
    with office.arranged() as session:
        bob = make_contact(session, office.school, "Bob", "Weiss", email="bob@mail.example")
        newest = make_appointment(session, second, bob, child_name="Leo", booked_at=office.now)
    at = office.path("settings/notifications/confirmation")
    typed = {"version": "0", "is_on": "1", "subject": "Hello $(FirstName)", "body": "$(Room)"}

    plain = office.dora.get(at).text
    asked = [words(office.dora.get(f"{at}?shown={one}").text) for one in (earlier.id, newest.id, 0, 10**30, "x", 999)]
    sent = [words(office.dora.post(f"{at}/preview", typed | {"shown": one}).text) for one in (earlier.id, 0)]

    assert "Show preview for" in plain
    assert plain.index("Leo</option>") < plain.index("Mia</option>") < plain.index("A sample</option>")
    people = [office.alice.email or "", "bob@", "rosa.alvarez@", "bob@", "bob@", "bob@"]
    assert all(person in page for person, page in zip(people, asked, strict=True))
    assert ["Hello Alice" in sent[0], "Hello Rosa" in sent[1]] == [True, True]


def test_the_preview_of_another_event_s_appointment_is_not_shown(office: Office) -> None:
    """RELIABILITY T6"""
    _, teacher = office.another_event()
    with office.arranged() as session:
        slot = make_slot(session, teacher)
        bob = make_contact(session, office.school, "Bob", "Weiss", email="bob@mail.example")
        foreign = make_appointment(session, slot, bob, booked_at=office.now)

    page = words(office.dora.get(office.path(f"settings/notifications/confirmation?shown={foreign.id}")).text)

    assert "bob@mail.example" not in page
    assert "rosa.alvarez@" in page
