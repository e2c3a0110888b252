"""The Printable Schedule on paper: links that can be clicked and scanned, names in any script, and nothing fetched."""

import builtins
import io
import re
import socket
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup
from pypdf import PdfReader
from xhtml2pdf.config.resources import RenderLimitError

from webapp import i18n
from webapp.documents.itinerary import Day, Itinerary, Line
from webapp.documents.letters import FONTS
from webapp.documents.paper import NOTHING, pdf_of_html, schedule_html, schedule_pdf, teacher_html

LINK = "https://lindenpark.zoom.example/j/91422837710?pwd=" + "Qk1vT2RmYzJ1NnhHc3l0ZUw5M2dGUT09" * 4


def line(teacher: str = "Folake Adeyemi", *, url: str | None = LINK, place: str = "", waits: bool = False) -> Line:
    is_virtual = url is not None or waits
    return Line("4:30 PM", 15, teacher, "Mia", "Grade 3", is_virtual, place, url, "a1B2" if url else "", waits)


def itinerary_of(*lines: Line) -> Itinerary:
    return Itinerary(
        "Linden Park School",
        "Fall Conferences",
        "Rosa Alvarez",
        "Central Time",
        "https://linden.example/mine",
        (Day("Thursday, December 3", lines),),
    )


def printed(*lines: Line, lead: Markup = NOTHING) -> PdfReader:
    content = schedule_pdf(itinerary_of(*lines), title="Printable Schedule", about="Rosa Alvarez", lead=lead)
    return PdfReader(io.BytesIO(content))


def text(pdf: PdfReader) -> str:
    return "\n".join(page.extract_text() for page in pdf.pages)


def links(pdf: PdfReader) -> set[str]:
    notes: list[Any] = [note.get_object() for page in pdf.pages for note in page.get("/Annots") or []]
    return {note["/A"]["/URI"] for note in notes}


def test_a_long_link_is_clickable_whole_and_has_a_code_to_scan() -> None:
    """R55, R59"""
    pdf = printed(line())

    assert LINK in links(pdf)
    assert LINK in text(pdf).replace("\n", "")
    assert len(pdf.pages[0].images) == 1


def test_it_says_where_each_appointment_takes_place() -> None:
    pdf = printed(line(), line(url=None, place="Room 12"), line(url=None, waits=True))

    words = text(pdf)
    assert "Room 12" in words
    assert "Your link is being made. We will email it." in words
    assert "Passcode: a1B2" in words


def test_many_appointments_take_several_pages_and_none_is_lost() -> None:
    pdf = printed(*(line(f"Teacher Number{n:03}") for n in range(40)))

    assert len(pdf.pages) > 3
    assert all(f"Teacher Number{n:03}" in text(pdf) for n in range(40))


@pytest.mark.parametrize(
    "name",
    [
        "Zażółć Gęślą-Jaźń",
        "Екатерина Иванова",
        "Ελένη",
        "王小明",
        "さくら",
        "Nguyễn Thị Ánh",
        "Anna 王 Müller",
    ],
)
def test_names_of_the_shipped_scripts_are_printed(name: str) -> None:
    """OUT-007"""
    assert name in text(printed(line(name)))


def test_arabic_is_joined_and_runs_from_right_to_left() -> None:
    """OUT-007: letters in their joined forms, the last one at the left."""
    words = text(printed(line("محمد", url=None, place="12")))

    assert any("\ufe70" <= letter <= "\ufeff" or "\u0600" <= letter <= "\u06ff" for letter in words)
    assert "?" not in words


def test_letters_that_no_font_has_are_said() -> None:
    """OUT-007"""
    words = text(printed(line("ꦗꦮ")))

    assert "Letters that cannot be printed here stand as “?”." in words


HOSTILE = [
    '<img src="https://tracker.example/p.gif">',
    '<img src="http://127.0.0.1:9/p.gif">',
    '<img src="file:///etc/passwd">',
    '<img src="../../../../../../etc/passwd">',
    '<link rel="stylesheet" href="https://evil.example/x.css">',
    '<style>@import url("https://evil.example/x.css"); @font-face { font-family: x; src: url("/etc/passwd") }</style>',
    '<pdf:barcode value="1"/><pdf:font src="/etc/passwd" name="x"/>',
    '<object data="/etc/passwd"></object><iframe src="/etc/passwd"></iframe>',
    '<div style="background-image: url(http://127.0.0.1:9/)">x</div>',
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_html_opens_no_connection_and_reads_no_file(hostile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """BOOK-025, BOOK-026, MACRO-015, T23: even where it were not escaped before."""
    opened: list[str] = []
    really = builtins.open

    def spy(path: Any, *arguments: Any, **named: Any) -> Any:
        opened.append(str(path))
        return really(path, *arguments, **named)

    def refuse(*_: object) -> None:
        opened.append("connection")
        raise OSError("refused")

    pdf_of_html("<p>warm</p>")
    monkeypatch.setattr(builtins, "open", spy)
    monkeypatch.setattr(io, "open", spy)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with suppress(Exception):  # it may be refused as a whole
        assert b"root:" not in pdf_of_html(f"<p>before</p>{hostile}<p>after</p>")

    assert not [path for path in opened if path == "connection" or "passwd" in path]


def test_names_with_markup_are_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """BOOK-025"""
    assert '<img src="https://e.example/">' in text(printed(line('<img src="https://e.example/">')))


def test_the_bundled_fonts_have_their_licences() -> None:
    assert all((folder / "LICENSE").exists() for folder in FONTS.iterdir() if folder.is_dir())


def test_a_document_beyond_the_limit_is_refused() -> None:
    """OUT-008"""
    with pytest.raises(RenderLimitError):
        pdf_of_html("x" * 2_100_000)


def test_what_the_office_wrote_stands_above(tmp_path: Path) -> None:
    assert "Welcome 你好" in text(printed(line(), lead=Markup("<p>Welcome 你好</p>")))


def starts(pdf: PdfReader) -> dict[str, float]:
    """Of each piece of text, the distance from the left at which its line begins."""
    found: dict[str, float] = {}

    def note(words: str, moved: list[float], at: list[float], *_: object) -> None:
        if words.strip():
            found.setdefault(words.strip(), moved[4] + at[4])

    pdf.pages[0].extract_text(visitor_text=note)
    return found


def test_in_arabic_the_columns_run_from_the_right_and_full_stops_stand_at_the_left() -> None:
    with i18n.speaking("ar"):
        arabic = printed(line("Petra", url=None, place="Room 12"), line("Jonas"))
    english = printed(line("Petra", url=None, place="Room 12"))

    at, there = starts(arabic), starts(english)
    assert there["4:30 PM"] < there["Petra"]
    # An hour of English would be turned; Arabic has its own.
    assert at["Petra"] < at["PM 4:30"]
    assert ".(Central Time)" in at  # drawn from left to right
    assert len(arabic.pages[0].images) == 1


@pytest.mark.parametrize(
    ("language", "comma", "stop"),
    [("en", ", ", ". "), ("ar", "، ", ". "), ("zh", "，", "。")],
)
def test_names_are_parted_as_the_language_parts_them(language: str, comma: str, stop: str) -> None:
    itinerary = itinerary_of(replace(line(), parent="Rosa Alvarez", service="Speech"))
    with i18n.speaking(language):
        family = schedule_html(itinerary, title="", about="")
        teacher = teacher_html(itinerary)

    assert f"Linden Park School{comma}Fall Conferences" in shown(family)
    assert f"Mia{comma}Grade 3" in shown(family)
    assert f"Rosa Alvarez{comma}Grade 3{stop}Speech" in shown(teacher)


def shown(html: str) -> str:
    """Without the tags that choose a font."""
    return re.sub(r"</?span[^>]*>", "", html)
