"""Print an itinerary as PDF by way of HTML: nothing is fetched, links are whole, and each has a code to scan."""

import io
import logging
import re
from collections.abc import Sequence
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import Any

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pypdf import PdfReader, PdfWriter

from webapp import i18n
from webapp.documents.itinerary import Itinerary
from webapp.documents.letters import DROID, FONTS, lacks_letters, runs
from webapp.errors import N_, DomainError

LONGEST, LARGEST = 30.0, 2_000_000
"""Seconds that a document may take, and bytes of HTML that it may have."""

ROWS_OF_A_PAGE = 12
"""Of so many rows a document may have a single page."""

NOTHING = Markup("")
PAGES = "<!--pages-->"
"""Where the number of pages stands; what people write has no comments."""

_CODE = re.compile(r'(?<=<img )src="code-of:([^"]*)"')
"""A code to scan, of this address."""

_DROID_FACE = '@font-face { font-family: "Droid"; src: url("droid-fallback@6.0/DroidSansFallbackFull.ttf"); }'
_TEMPLATES = Path(__file__).parents[1] / "templates" / "documents"
logging.getLogger("xhtml2pdf").setLevel(logging.ERROR)


class Unprintable(DomainError):
    """The document cannot be made into a PDF; `reason` is for the log and holds no text of it."""

    message = N_("The PDF cannot be made right now. Print the page with your browser instead.")
    status = 503


def schedule_pdf(itinerary: Itinerary, *, title: str, about: str, lead: Markup = NOTHING) -> bytes:
    """The Printable Schedule. `about` says whose it is, `lead` is safe HTML that the office wrote above. Raises
    Unprintable."""
    return pdf_of_html(schedule_html(itinerary, title=title, about=about, lead=lead))


def schedule_html(itinerary: Itinerary, *, title: str, about: str, lead: Markup = NOTHING) -> str:
    return _laid_out("schedule.html", itinerary, title=title, about=about, lead=_written_html(lead))


def teacher_html(itinerary: Itinerary) -> str:
    """The same for a teacher: whom they meet, and where."""
    n = len(itinerary.lines)
    about = i18n.ngettext("%(n)s appointment", "%(n)s appointments", n)
    return _laid_out("teacher_schedule.html", itinerary, title=itinerary.recipient, about=about, lead=NOTHING)


def _laid_out(template: str, itinerary: Itinerary, **values: object) -> str:
    said = [itinerary.school, itinerary.event, itinerary.recipient, str(values["title"])]
    for line in itinerary.lines:
        said += [line.teacher, line.child, line.class_name, line.place, line.parent, line.service]
    shared = {
        "language": i18n.language(),
        "direction": i18n.direction(),
        "lacks_letters": any(map(lacks_letters, said)),
    }
    return _environment().get_template(template).render(itinerary=itinerary, **shared, **values)


def joined(documents: Sequence[bytes]) -> bytes:
    """PDFs as one file, one after the other."""
    together, content = PdfWriter(), io.BytesIO()
    for document in documents:
        together.append(io.BytesIO(document))
    together.write(content)
    return content.getvalue()


def pdf_of_html(html: str) -> bytes:
    """Of HTML in which all that people wrote is escaped or reduced to harmless tags. Only the bundled fonts can be
    read, and nothing is fetched. Raises Unprintable, and whatever the library makes of odd input."""
    html = _CODE.sub(lambda code: f'src="{picture(unescape(code[1]))}"', html)
    if html.count("<tr") <= ROWS_OF_A_PAGE:
        printed = _printed(html.replace(PAGES, "1"))
        if PAGES not in html or _number_of_pages(printed) == 1:
            return printed
    # To count its pages first takes the library twice as long.
    return _printed(html.replace(PAGES, "<pdf:pagecount>"))


def _printed(html: str) -> bytes:
    from xhtml2pdf import pisa
    from xhtml2pdf.config.resources import ResourceAccessPolicy

    policy = ResourceAccessPolicy.server(
        base_dir=FONTS, allow_remote=False, max_render_seconds=LONGEST, max_document_bytes=LARGEST
    )
    css = _css() + (_DROID_FACE if 'class="droid"' in html else "")
    content = io.BytesIO()
    made: Any = pisa.CreatePDF(html, dest=content, path=str(FONTS / "x"), default_css=css, resource_policy=policy)
    if made.err:
        raise Unprintable(reason="errors")
    return content.getvalue()


def _number_of_pages(printed: bytes) -> int:
    return len(PdfReader(io.BytesIO(printed)).pages)


def written(text: str) -> Markup:
    """The text as HTML, each part in a font that has its letters."""
    parts = [
        Markup('<span class="droid">{}</span>').format(part) if name == DROID else Markup("{}").format(part)
        for name, part in runs(text)
    ]
    return Markup("").join(parts)


@lru_cache(maxsize=1)
def _css() -> str:
    return (Path(__file__).parent / "schedule.css").read_text()


def qr(url: str) -> str:
    """Stands for the address as a picture to scan, until it is printed: drawing it costs more than all else here, and
    the process that prints has the lowest priority."""
    return f"code-of:{url}"


@lru_cache(maxsize=512)
def picture(url: str) -> str:
    """To scan, in a data URI."""
    # Any mask can be read: to find the best of eight takes four times as long.
    code = segno.make(url, error="m", mask=2, boost_error=False)
    return str(code.png_data_uri(scale=3, border=2))


def _written_html(html: Markup) -> Markup:
    """Safe HTML with its letters in fonts that have them; tags are ASCII and stay."""
    return Markup("").join(
        Markup('<span class="droid">{}</span>').format(Markup(part)) if name == DROID else Markup(part)  # noqa: S704
        for name, part in runs(str(html))
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    pages = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.globals.update(written=written, written_html=_written_html, qr=qr, comma=i18n.comma, stop=i18n.stop)
    pages.install_gettext_callables(i18n.gettext, i18n.plural, newstyle=True)  # type: ignore[attr-defined]
    return pages
