"""Calendar files: read by another program they say the same, whatever is in a name."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from webapp.documents.calendar_file import CalendarEntry, Party, feed, google_link, invitation, plain

START = datetime(2026, 12, 3, 22, 30, tzinfo=UTC)
LINK = "https://linden.zoom.example/j/91422837710?pwd=a1B2c3"
ENTRY = CalendarEntry(
    uid="k3x9@linden.example",
    sequence=2,
    starts_at=START,
    ends_at=START + timedelta(minutes=15),
    title="Conference with Folake Adeyemi",
    description=f"Where: {LINK}\nAbout Mia",
    location=LINK,
    url=LINK,
    stamped_at=datetime(2026, 11, 23, 15, tzinfo=UTC),
)
SCHOOL, ROSA = Party("Linden Park School", "office@linden.example"), Party("Rosa Alvarez", "rosa@mail.example")


def sent(entry: CalendarEntry) -> bytes:
    return invitation(entry, organizer=SCHOOL, attendee=ROSA)


def test_another_program_reads_what_was_meant() -> None:
    [event] = vobject.readOne(sent(ENTRY).decode()).vevent_list

    assert event.uid.value == ENTRY.uid
    assert (event.dtstart.value, event.dtend.value) == (ENTRY.starts_at, ENTRY.ends_at)
    assert event.summary.value == ENTRY.title
    assert event.description.value == ENTRY.description
    assert (event.sequence.value, event.status.value, event.url.value) == ("2", "CONFIRMED", LINK)
    assert event.organizer.value.casefold() == "mailto:office@linden.example"


def test_an_invitation_is_a_request_and_a_cancellation_cancels() -> None:
    """ICS-017"""
    assert b"METHOD:REQUEST" in sent(ENTRY)
    gone = sent(replace(ENTRY, sequence=3, is_cancelled=True))
    assert b"METHOD:CANCEL" in gone
    assert b"STATUS:CANCELLED" in gone
    assert b"SEQUENCE:3" in gone


def test_whoever_sees_the_calendar_does_not_see_whom_it_is_with() -> None:
    """R103: as an entry that is made by us. PROVIDERS 2: private, for family names."""
    files = [sent(ENTRY), sent(replace(ENTRY, is_cancelled=True)), feed([ENTRY], name="x")]

    assert [vobject.readOne(file.decode()).vevent.contents["class"][0].value for file in files] == ["PRIVATE"] * 3


def test_the_same_appointment_gives_the_same_file() -> None:
    """ICS-015"""
    assert sent(ENTRY) == sent(ENTRY)


@pytest.mark.parametrize(
    "name",
    [
        "Mia\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nEND:VALARM",
        "Mia\nATTACH:https://evil.example",
        "Mia\x0bX-A:1\x85X-B:2\u2028X-C:3\u2029\x00",
        "half \ud800 letter",
        'Folake "F" Adeyemi; CN=x, y\\n',
    ],
    ids=["ICS-009", "line", "odd line ends", "ICS-011", "separators"],
)
def test_no_name_begins_a_property_or_a_component(name: str) -> None:
    """ICS-009, ICS-011"""
    entry = replace(ENTRY, title=name, description=name, location=name)
    content = invitation(entry, organizer=Party(name, "a@linden.example"), attendee=Party(name, "b@mail.example"))

    [event] = Calendar.from_ical(content).walk("VEVENT")
    assert {str(key) for key in event} == {
        *("UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION", "LOCATION", "STATUS", "URL"),
        "CLASS",
        *("ORGANIZER", "ATTENDEE"),
    }
    assert event["DESCRIPTION"] == plain(name)
    assert not event.subcomponents


def test_an_address_with_a_line_end_is_left_out() -> None:
    """ICS-014"""
    content = sent(replace(ENTRY, url="https://zoom.example/j/1\r\nX-EVIL:1"))

    assert b"X-EVIL" not in content
    assert b"\r\nURL" not in content


@given(st.text(min_size=1, max_size=200))
def test_lines_are_folded_by_octets_and_letters_stay_whole(name: str) -> None:
    """ICS-012"""
    content = sent(replace(ENTRY, description=name))

    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    [event] = Calendar.from_ical(content.decode()).walk("VEVENT")
    assert event["DESCRIPTION"] == plain(name)


def test_a_feed_without_entries_is_a_valid_calendar() -> None:
    """ICS-024"""
    calendar = vobject.readOne(feed([], name="Folake Adeyemi").decode())

    assert calendar.x_wr_calname.value == "Folake Adeyemi"
    assert not hasattr(calendar, "vevent")


def test_a_feed_holds_all_entries_and_no_invitation() -> None:
    content = feed([ENTRY, replace(ENTRY, uid="other@linden.example")], name="x").decode()

    assert len(vobject.readOne(content).vevent_list) == 2
    assert "METHOD:PUBLISH" in content
    assert "ATTENDEE" not in content


def test_google_is_offered_the_same_instant_and_words() -> None:
    link = google_link(replace(ENTRY, title="Müller & Söhne"))

    assert "dates=20261203T223000Z/20261203T224500Z" in link
    assert "text=M%C3%BCller%20%26%20S%C3%B6hne&" in link
