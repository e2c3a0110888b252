"""The Printable Schedule and the calendar files of a family: their own appointments, with the link that counts."""

import io
import re

import vobject
from households import Households, text_of
from pypdf import PdfReader

from webapp.models import Appointment, MessageText
from webapp.models.booking.appointment import SLOT_REMOVED


def booked_online(homes: Households, name: str = "alice") -> str:
    """The link of the appointment, once it is there."""
    homes.booked(name, homes.pick("leo", "Jonas", 0))
    homes.run_jobs()
    [meeting] = homes.meetings.standing()
    return meeting.shown().join_url


def links(content: bytes) -> set[str]:
    pages = PdfReader(io.BytesIO(content)).pages
    return {note.get_object()["/A"]["/URI"] for page in pages for note in page.get("/Annots") or []}


def test_the_printable_schedule_has_the_link_on_the_page_and_in_the_pdf(homes: Households) -> None:
    """R55, R59, R99: one value everywhere, without a change of any text."""
    link = booked_online(homes)
    alice = homes.browser("alice")

    page, pdf = alice.get(f"{homes.base}/mine/schedule"), alice.get(f"{homes.base}/mine/schedule.pdf")

    assert f'href="{link}" data-url="{link}"' in page.text
    assert page.text.count('<img class="print" src="data:image/png') == 1
    assert link in links(pdf.data)
    assert pdf.content_type == "application/pdf"


def test_without_appointments_it_says_so_and_prints_nothing(homes: Households) -> None:
    alice = homes.browser("alice")

    assert "You have no appointments in this event." in text_of(alice.get(f"{homes.base}/mine/schedule").text)
    assert alice.get(f"{homes.base}/mine/schedule.pdf").status_code == 303


def test_the_confirmation_is_the_schedule_with_its_pdf_and_a_calendar_file(homes: Households) -> None:
    """R52, R59, R61, R88: what is passed on opens without signing in to Confab."""
    link = booked_online(homes)

    [mail] = [mail for mail in homes.mailer.sent if "alice" in mail.recipient]

    [pdf] = mail.attachments
    assert (pdf.filename, pdf.content_type) == ("Printable Schedule.pdf", "application/pdf")
    assert link in links(pdf.content)
    assert link in mail.text
    [entry] = mail.invitations
    [event] = vobject.readOne(entry.content.decode()).vevent_list
    assert link in event.description.value
    assert (event.url.value, entry.method) == (link, "REQUEST")


def test_an_appointment_keeps_its_uid_and_counts_its_changes(homes: Households) -> None:
    """ICS-015, ICS-017: FAILURES F42. A move is the same entry with a higher number."""
    booked_online(homes)
    alice = homes.browser("alice")
    [appointment] = homes.standing()
    page = alice.get(f"{homes.base}/a/{appointment.token}/move").text
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key
    moved = alice.post(
        f"{homes.base}/a/{appointment.token}/move", {"key": key[1], "slot": homes.slots["Jonas"][2].token}
    )
    assert moved.status_code == 303, text_of(moved.text)
    homes.run_jobs()

    files = [file for mail in homes.mailer.sent for file in mail.invitations]
    first, second = (vobject.readOne(file.content.decode()).vevent for file in files)
    assert first.uid.value == second.uid.value
    assert (first.sequence.value, second.sequence.value) == ("0", "1")
    assert first.dtstart.value != second.dtstart.value


def test_an_appointment_is_added_to_a_calendar_by_file_or_by_google(homes: Households) -> None:
    link = booked_online(homes)
    alice = homes.browser("alice")
    [appointment] = homes.standing()

    page = alice.get(f"{homes.base}/a/{appointment.token}/details").text
    file = alice.get(f"{homes.base}/a/{appointment.token}/calendar.ics")

    assert "https://calendar.google.com/calendar/render?action=TEMPLATE" in page
    assert vobject.readOne(file.text).vevent.url.value == link
    assert file.content_type == "text/calendar; charset=utf-8"


def test_a_time_that_the_school_has_withdrawn_is_neither_printed_nor_offered_to_calendars(homes: Households) -> None:
    """It may be confirmed yet: a calendar that has it already hears that it is not sure."""
    withdrawn = homes.booked("alice", homes.pick("leo", "Jonas", 0), homes.pick("mia", "Petra", 2))
    with homes.database.transaction() as session:
        session.get_one(Appointment, withdrawn.id).problem = SLOT_REMOVED
    alice, its = homes.browser("alice"), f"{homes.base}/a/{withdrawn.token}"

    page, pdf = alice.get(f"{homes.base}/mine/schedule"), alice.get(f"{homes.base}/mine/schedule.pdf")
    details, file = alice.get(f"{its}/details"), alice.get(f"{its}/calendar.ics")

    printed = PdfReader(io.BytesIO(pdf.data)).pages[0].extract_text()
    for shown in (text_of(page.text), printed):
        assert "Petra" in shown
        assert "Jonas" not in shown
    assert "The school has withdrawn this time." in text_of(details.text)
    assert "calendar" not in text_of(details.text).lower()
    assert vobject.readOne(file.text).vevent.status.value == "TENTATIVE"


def test_nobody_else_reads_them(homes: Households) -> None:
    """ICS-003: a stranger's appointment is not found."""
    booked_online(homes)
    [appointment] = homes.standing()
    charlie = homes.browser("charlie")

    for page in ("details", "calendar.ics"):
        assert charlie.get(f"{homes.base}/a/{appointment.token}/{page}").status_code == 404
    assert "Jonas" not in charlie.get(f"{homes.base}/mine/schedule").text


def test_the_page_is_in_the_words_of_cui_messages_as_the_pdf_is(homes: Households) -> None:
    booked_online(homes)
    with homes.database.transaction() as session:
        owner = {"event_id": homes.event.id, "school_id": homes.school.id, "kind": "printable"}
        text = {"subject": "Your evening", "body": "Welcome, $(FirstName)", "location": "Come to $(Room)"}
        session.add(MessageText(**owner, **text, saved_at=homes.event.created_at))
    alice = homes.browser("alice")

    page = text_of(alice.get(f"{homes.base}/mine/schedule").text)
    pdf = PdfReader(io.BytesIO(alice.get(f"{homes.base}/mine/schedule.pdf").data)).pages[0].extract_text()

    for shown in (page, pdf):
        assert "Your evening" in shown
        assert "Welcome, Alice" in shown
        assert "Come to https://" in " ".join(shown.split())
