"""Collect what families may read, and say what a catalogue lacks of it: `python tests/catalogues.py es`."""

import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

WEBAPP = Path(__file__).parents[1] / "webapp"

Words = str | tuple[str, ...]

FOR_FAMILIES = (
    "templates/parent/*.html",
    "templates/shell/base.html",
    "templates/shell/_fixed.html",
    "templates/shell/parent.html",
    "templates/shell/_field.html",
    "templates/errors/*.html",
    "templates/mail/_appointments.*",
    "templates/mail/confirmation.*",
    "templates/mail/sign_in_code.*",
    "templates/documents/schedule.html",
    "csrf.py",
    "errors.py",
    "forms.py",
    "documents/letter.py",
    "documents/paper.py",
    "documents/slips.py",
    "services/booking/*.py",
    "services/message/written.py",
    "services/message/default_texts.py",
    "services/message/macro_values.py",
    "services/event/availability.py",
    "services/people/accounts.py",
    "services/people/children.py",
    "services/people/claim_codes.py",
    "services/people/codes.py",
    "services/people/names.py",
    "services/people/sign_up.py",
    "views/problems.py",
    "views/parent/*.py",
)
FOR_THE_OFFICE = {"book_for", "desk", "listed", "make", "red", "shift", "wish_meetings"}
"""Modules among them that families never hear from."""

_BY_THE_WAY = {
    "$(Status): $(Student), $(Date), $(Time)",
    "$(Status): $(Student), with $(FirstName) $(LastName)\n$(Date), $(Time)\nWhere: $(Room)",
    "Your schedule: $(E_LINK)\n\n$(V_NAME)",
    "Conference about $(Student)",
    "Moved",
    "Closed",
    "Booking open",
    "Booking open until %(moment)s",
    "Not open yet",
    "Not open yet, opens %(moment)s",
    "Times can be booked until %(time)s of their day.",
    "Times can be booked until %(time)s of the day before.",
    "Times can be booked up to %(n)s hour before they begin.",
    "The link is being made. It will stand in Teachers Schedule.",
    "Online. There is no link yet.",
    "%(n)s appointment",
    "Confab and Zoom Synchronization Errors",
    "Your sign-in link for %(school)s",
    "Your conferences at %(school)s in your own calendar",
    "New sign-in at %(school)s",
    "Your address at %(school)s was changed",
    "Zoom needs to be connected again, %(school)s",
    "Your %(service)s calendar needs to be linked again, %(school)s",
}
"""To teachers and the office, from modules that speak to families too."""

_KEYWORDS: Any = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
_PLACE = re.compile(r"%\(\w+\)s|\$\(\w+\)|</?\w+>")


_OF_NO_USE = re.compile(r'"(?!Language:|Plural-Forms|MIME-Version|Content-)[A-Z][A-Za-z-]+: .*\\n"$')
"""Heads of a catalogue that name times, people and tools."""


def sources() -> Iterator[Path]:
    for pattern in FOR_FAMILIES:
        found = sorted(WEBAPP.glob(pattern))
        assert found, f"{pattern} finds nothing"
        yield from (path for path in found if path.stem not in FOR_THE_OFFICE)


@cache
def template() -> Catalog:
    """Every message that a family may read."""
    collected = Catalog()
    for path in sources():
        for _line, message, _comments, _context in _messages(path):
            if first_of(message) not in _BY_THE_WAY:
                collected.add(message)
    return collected


def catalogue(language: str) -> Catalog:
    with _path(language).open("rb") as file:
        return read_po(file, locale=language)


def messages(of: Catalog) -> dict[Words, Words]:
    """By message, its translation; of both, the forms where it has a plural."""
    return {message.id: message.string for message in of if message.id}


def places(text: str) -> list[str]:
    """What is filled in, and the tags around: the same in each language, in any order."""
    return sorted(_PLACE.findall(text))


def first_of(message: Words) -> str:
    return message if isinstance(message, str) else message[0]


def forms(message: Words) -> tuple[str, ...]:
    return (message,) if isinstance(message, str) else tuple(message)


def _messages(path: Path) -> Iterable[tuple[int, Words, list[str], str | None]]:
    method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
    with path.open("rb") as file:
        yield from extract(method, file, keywords=_KEYWORDS)


def _path(language: str) -> Path:
    return WEBAPP / "translations" / language / "LC_MESSAGES" / "messages.po"


def bring_up_to_date(language: str) -> list[Words]:
    """Write the catalogue anew, without what nobody says any more; gives what has no translation yet."""
    known = catalogue(language)
    old, wanted = messages(known), messages(template())
    fresh = Catalog(locale=language, header_comment=known.header_comment, fuzzy=False)
    for message in wanted:
        fresh.add(message, old.get(message, ""))
    write(fresh, language)
    return [message for message in wanted if message not in old or not all(forms(old[message]))]


def write(translated: Catalog, language: str) -> None:
    """In the order in which the words stand in our files, with no head but what is read."""
    content = BytesIO()
    write_po(content, translated, width=0, no_location=True)
    lines = content.getvalue().decode().splitlines(keepends=True)
    path = _path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line for line in lines if not _OF_NO_USE.match(line)))


if __name__ == "__main__":
    for missing in bring_up_to_date(sys.argv[1]):
        print(missing)
