"""A mail says the same in text and HTML, with whole links and names as they are."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from webapp import i18n
from webapp.documents.itinerary import Day, Itinerary, Line
from webapp.documents.letter import Letter, confirmation, links_ready, sign_in_code

LINK = "https://linden.zoom.us/j/90000000001?pwd=aB3-x&uname=A%20B&tk=" + "x" * 200
PAGE = "https://conferences.linden.example/linden/fall-2026/mine"

VIRTUAL = Line(
    time="4:30 PM",
    minutes=15,
    teacher="Folake Adeyemi",
    child="Mia Alvarez",
    class_name="Grade 4",
    is_virtual=True,
    place="",
    url=LINK,
    passcode="A1<b>&2",
    is_waiting=False,
)
WAITING = replace(VIRTUAL, time="4:45 PM", url=None, passcode="", is_waiting=True)
WITHOUT_LINK = replace(VIRTUAL, time="5:00 PM", url=None, passcode="")
IN_ROOM = replace(VIRTUAL, time="5:15 PM", url=None, passcode="", is_virtual=False, place="Room 112")
AT_SCHOOL = replace(IN_ROOM, time="5:30 PM", place="")

HOSTILE = [
    "Zoë O’Hara-Müller",
    "محمد بن عبد الله",
    "山田 太郎",
    "Ng " + "Wolfeschlegelsteinhausenbergerdorff" * 3,
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }} {% raw %} {# x #}",
    "%(event)s %s %%",
    "$(Link) ${SECRET}",
    "&lt;b&gt; &amp; &",
    "\u202eevil\u202c",
]


class Links(HTMLParser):
    """Every address that a click in the mail leads to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.hrefs += [value or "" for name, value in attributes if name in {"href", "src", "background", "action"}]


def an_itinerary(*lines: Line, **values: str) -> Itinerary:
    plain = {
        "school": "Linden Park School",
        "event": "Fall Conferences 2026",
        "recipient": "Alice Alvarez",
        "zone": "Central Time",
        "page": PAGE,
    }
    return Itinerary(**plain | values, days=(Day("Thursday, December 3", lines or (VIRTUAL,)),))


def words(page: str) -> str:
    body = re.sub("</?bdi>", "", page.partition("<body")[2].partition(">")[2])
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def both(letter: Letter) -> Iterator[str]:
    """What is read in each of the two."""
    yield " ".join(letter.text.split())
    yield words(letter.html)


def test_one_appointment_is_told_with_all_that_one_needs() -> None:
    """R60"""
    letter = confirmation(an_itinerary())

    assert letter.subject == "Your appointment, Fall Conferences 2026"
    for read in both(letter):
        for said in (
            "You are booked",
            "Fall Conferences 2026, Linden Park School",
            "Thursday, December 3",
            "4:30 PM",
            "Folake Adeyemi",
            "Mia Alvarez, Grade 4",
            LINK,
            "Passcode: A1<b>&2",
            "All times are school time (Central Time).",
            "See, change or cancel your appointments",
        ):
            assert said in read


def test_the_text_reads_like_a_letter() -> None:
    text = confirmation(an_itinerary(replace(VIRTUAL, url="https://zoom.us/j/1", passcode=""), AT_SCHOOL)).text

    assert text == (
        "You are booked\nFall Conferences 2026, Linden Park School\n\nThursday, December 3\n\n"
        "4:30 PM, 15 minutes, Folake Adeyemi\nMia Alvarez, Grade 4\nhttps://zoom.us/j/1\n\n"
        "5:30 PM, 15 minutes, Folake Adeyemi\nMia Alvarez, Grade 4\nIn person, at school\n\n"
        "All times are school time (Central Time).\n\n"
        f"See, change or cancel your appointments:\n{PAGE}\n"
    )


def test_links_are_whole_and_on_a_line_of_their_own() -> None:
    """R3: whoever reads the text can click or copy it, and the HTML leads to the very same."""
    letter = confirmation(an_itinerary(VIRTUAL, replace(VIRTUAL, url="https://linden.zoom.us/j/2?a=1&b=2")))

    assert {LINK, "https://linden.zoom.us/j/2?a=1&b=2", PAGE} <= set(letter.text.splitlines())
    assert Links(letter.html).hrefs == [LINK, "https://linden.zoom.us/j/2?a=1&b=2", PAGE]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (WAITING, "Your link is being made. We will email it."),
        (WITHOUT_LINK, "Online. The school will send the link."),
        (IN_ROOM, "Room 112"),
        (AT_SCHOOL, "In person, at school"),
    ],
)
def test_each_kind_of_place_has_its_words_and_only_these(line: Line, said: str) -> None:
    all_words = ("Your link is being made", "The school will send", "Room 112", "In person", "zoom.us")
    others = [other for other in all_words if other not in said]

    for read in both(confirmation(an_itinerary(line))):
        assert said in read
        assert not [other for other in others if other in read]
        assert "Passcode" not in read
        assert "None" not in read


def test_a_link_typed_as_the_room_can_be_clicked() -> None:
    line = replace(IN_ROOM, place="https://map.example/room", url="https://map.example/room")

    letter = confirmation(an_itinerary(line))

    assert Links(letter.html).hrefs == ["https://map.example/room", PAGE]


def test_without_a_passcode_or_class_there_is_no_empty_place_for_it() -> None:
    for read in both(confirmation(an_itinerary(replace(VIRTUAL, passcode="", class_name="")))):
        assert "Passcode" not in read
        assert "Mia Alvarez," not in read


def test_several_appointments_are_one_letter_in_their_order() -> None:
    """R60: one per act of booking."""
    itinerary = replace(
        an_itinerary(), days=(Day("Thursday, December 3", (VIRTUAL, WAITING)), Day("Friday, December 4", (IN_ROOM,)))
    )

    letter = confirmation(itinerary)

    assert letter.subject == "Your 3 appointments, Fall Conferences 2026"
    for read in both(letter):
        order = [read.index(said) for said in ("Thursday", "4:30 PM", "4:45 PM", "Friday", "5:15 PM")]
        assert order == sorted(order)


def test_the_follow_up_says_whether_all_links_are_there() -> None:
    whole, partial = links_ready(an_itinerary(VIRTUAL)), links_ready(an_itinerary(VIRTUAL, WAITING))

    assert whole.subject == "Your links, Fall Conferences 2026"
    assert partial.subject == "Your links so far, Fall Conferences 2026"
    for read in (*both(whole), *both(partial)):
        assert LINK in read
        assert "You are booked" not in read


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_a_name_whatever_it_looks_like(name: str) -> None:
    """RELIABILITY T14, D10: escaped in HTML, as it is in the text, and never evaluated."""
    line = replace(VIRTUAL, teacher=name, child=name, class_name=name, passcode=name)
    plain = Links(confirmation(an_itinerary()).html)

    letter = confirmation(an_itinerary(line, event=name, school=name, zone=name))

    assert f"4:30 PM, 15 minutes, {name}\n{name}, {name}\n" in letter.text
    assert f"Passcode: {name}\n" in letter.text
    assert letter.subject == f"Your appointment, {name}"
    assert " ".join(name.split()) in words(letter.html)
    assert Links(letter.html).tags == plain.tags
    assert Links(letter.html).hrefs == plain.hrefs


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@effort(max_examples=60, deadline=None)
@given(teacher=texts, child=texts, place=texts, event=texts)
def test_no_name_adds_a_tag_or_a_link(teacher: str, child: str, place: str, event: str) -> None:
    line = replace(IN_ROOM, teacher=teacher, child=child, place=place)
    plain = Links(confirmation(an_itinerary(IN_ROOM)).html)

    letter = confirmation(an_itinerary(line, event=event))

    assert Links(letter.html).tags == plain.tags
    assert Links(letter.html).hrefs == plain.hrefs
    assert teacher in letter.text
    assert child in letter.text


def test_names_of_either_direction_leave_their_neighbours_in_place() -> None:
    line = replace(VIRTUAL, teacher="משה כהן", child="محمد", class_name="كيتا 4")

    page = confirmation(an_itinerary(line)).html

    for name in (line.teacher, line.child, line.class_name):
        assert f"<bdi>{name}</bdi>" in page


def test_nothing_is_loaded_when_the_mail_is_opened() -> None:
    page = confirmation(an_itinerary(VIRTUAL, WAITING, IN_ROOM)).html

    assert not {"img", "script", "link", "style", "iframe", "form", "video"} & Links(page).tags
    assert "url(" not in page


def test_a_code_is_shown_in_two_groups_in_subject_and_text() -> None:
    letter = sign_in_code(school="Linden Park & Co", code="012345", minutes=10)

    assert letter.subject == "Your code for Linden Park & Co: 012 345"
    for read in both(letter):
        assert "012 345" in read
        assert "Linden Park & Co" in read
        assert "It works for 10 minutes." in read
    assert Links(letter.html).hrefs == []


def test_a_mail_says_its_language_and_direction() -> None:
    with i18n.speaking("en"):
        page = confirmation(an_itinerary()).html

    assert '<html lang="en" dir="ltr">' in page


def test_a_mail_is_as_narrow_as_a_phone_whatever_it_holds() -> None:
    """Looked at with 390 points: long links and names break, and no table is wider than the screen."""
    page = confirmation(an_itinerary(VIRTUAL, WAITING, IN_ROOM)).html

    assert [int(width) for width in re.findall(r'width="(\d+)"', page) if int(width) > 100] == []
    assert "word-break: break-word" in page
