"""Put values in the place of macros: one pass over an allow-list, each value made safe for the place where it lands."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from webapp.errors import N_, Invalid

APPOINTMENT, CONTACT, EVENT, ACCOUNT = "appointment", "contact", "event", "account"
SECTIONS: Mapping[str, tuple[str, ...]] = {
    APPOINTMENT: (
        *("Room", "Date", "Time", "EndTime", "Duration", "Teacher", "Student", "Class", "AppointmentType", "Service"),
        *("MeetingPasscode", "CancelLink", "Status"),
    ),
    CONTACT: ("FirstName", "LastName", "Email"),
    EVENT: ("E_NAME", "E_DATE", "E_LOCATION", "E_DESCRIPTION", "E_LINK", "AppointmentsTable"),
    ACCOUNT: ("V_NAME",),
}
"""PRODUCT 4, in the order of Insert Macros. `AppointmentsTable` is about all appointments of the mail."""

ROOM, TABLE = "Room", "AppointmentsTable"
_NAMES = {name.casefold(): name for names in SECTIONS.values() for name in names}
_OF_APPOINTMENT = frozenset(SECTIONS[APPOINTMENT])
# `$Room` is written for `$(Room)` in older texts (R56).
_MACRO = re.compile(r"\$\((?P<name>[A-Za-z_]{1,40})\)|\$Room\b(?!\()", re.IGNORECASE)
_BEGUN = re.compile(r"\$\(")
_IN_ATTRIBUTE = re.compile(r"""<[^<>]*=\s*["']?[^"'<>]*$""")
_PARAGRAPHS = re.compile(r"(\n[ \t]*\n\s*)")


@dataclass(frozen=True)
class Value:
    """What a macro stands for: words, the checked https address that they open or None, and HTML where it has its own
    form (of the table)."""

    text: str
    url: str | None = None
    html: Markup | None = None


Values = Mapping[str, Value]


def check(field: str, template: str) -> None:
    """Raises Invalid naming the field: a macro that is not known, with the nearest name, or one that does not end."""
    for found in _BEGUN.finditer(template):
        macro = _MACRO.match(template, found.start())
        if macro is None:
            rest = template[found.start() : found.start() + 20].split("\n")[0]
            words = N_("%(macro)s does not end, or is not a macro. Write $(Room), with both brackets.")
            raise Invalid(words, field=field, macro=rest)
        if _name_of(macro) is None:
            raise _unknown(field, macro["name"])


def names_in(template: str) -> frozenset[str]:
    return frozenset(name for macro in _MACRO.finditer(template) if (name := _name_of(macro)))


def as_text(template: str, shared: Values, appointments: Sequence[Values]) -> str:
    """The text with its values. A paragraph that names an appointment is repeated for each of them."""
    return "".join(_filled(part, values, _plain) for part, values in _parts(template, shared, appointments))


def as_line(template: str, shared: Values, appointments: Sequence[Values]) -> str:
    """One line, such as a subject: what it says of an appointment is said of the first."""
    first = appointments[0] if appointments else {}
    return " ".join(_filled(template, {**shared, **first}, _plain).split())


def as_html(template: Markup, shared: Values, appointments: Sequence[Values]) -> Markup:
    """The same for a text that is safe HTML: words are escaped, an address becomes a link, and in an attribute it
    stands bare, or not at all where there is none."""
    return Markup("").join(
        Markup(_filled(part, values, _marked_up))  # noqa: S704 - safe HTML, and values that were escaped
        for part, values in _parts(str(template), shared, appointments)
    )


def _parts(template: str, shared: Values, appointments: Sequence[Values]) -> Iterator[tuple[str, Values]]:
    pieces = _PARAGRAPHS.split(template)
    for paragraph, gap in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
        if not names_in(paragraph) & _OF_APPOINTMENT:
            yield paragraph + gap, shared
            continue
        for n, values in enumerate(appointments, start=1):
            yield paragraph + (gap if n == len(appointments) else gap or "\n\n"), {**shared, **values}


def _filled(template: str, values: Values, form: Callable[[Value, str], str]) -> str:
    """`form` gets the value and the template before it."""
    parts, end = [], 0
    for macro in _MACRO.finditer(template):
        parts.append(template[end : macro.start()])
        name, end = _name_of(macro), macro.end()
        known = values.get(name) if name else None
        parts.append(form(known, template[: macro.start()]) if known else "" if name else macro[0])
    return "".join([*parts, template[end:]])


def _plain(value: Value, _before: str) -> str:
    return value.text


def _marked_up(value: Value, before: str) -> str:
    if _IN_ATTRIBUTE.search(before[-2100:]):
        return str(escape(value.url or ""))
    if value.html is not None:
        return str(value.html)
    return str(Markup('<a href="{}">{}</a>').format(value.url, value.text) if value.url else escape(value.text))


def _name_of(macro: "re.Match[str]") -> str | None:
    return _NAMES.get((macro["name"] or ROOM).casefold())


def _unknown(field: str, name: str) -> Invalid:
    nearest = difflib.get_close_matches(name.casefold(), _NAMES, n=1, cutoff=0.5)
    if not nearest:
        words = N_("$(%(name)s) is not a macro. Choose one from Insert Macros.")
        return Invalid(words, field=field, name=name)
    words = N_("$(%(name)s) is not a macro. Did you mean $(%(nearest)s)?")
    return Invalid(words, field=field, name=name, nearest=_NAMES[nearest[0]])
