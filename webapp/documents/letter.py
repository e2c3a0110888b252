"""Turn values into the text and HTML of a mail, in the language that is being spoken."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from webapp import i18n
from webapp.documents.itinerary import Itinerary

_LINK = re.compile(r"(https://[^\s<>\"']*[^\s<>\"'.,;:!?)])")
_BLOCK = re.compile(r"\n\s*\n")
_TEMPLATES = Path(__file__).parents[1] / "templates" / "mail"


@dataclass(frozen=True)
class Letter:
    subject: str
    text: str
    html: str


def confirmation(itinerary: Itinerary) -> Letter:
    """All appointments of one act of booking, with their links where they are there."""
    n = len(itinerary.lines)
    subject = i18n.ngettext(
        "Your appointment, %(event)s", "Your %(n)s appointments, %(event)s", n, event=itinerary.event
    )
    return _written("confirmation", subject, itinerary=itinerary, heading=i18n.gettext("You are booked"), note="")


def changed(itinerary: Itinerary) -> Letter:
    """All appointments of one move, at their new times."""
    n = len(itinerary.lines)
    subject = i18n.ngettext(
        "Changed: your appointment, %(event)s", "Changed: your %(n)s appointments, %(event)s", n, event=itinerary.event
    )
    heading = i18n.ngettext("Your appointment has changed", "Your appointments have changed", n)
    note = i18n.gettext("This replaces what we sent before.")
    return _written("confirmation", subject, itinerary=itinerary, heading=heading, note=note)


def links_ready(itinerary: Itinerary) -> Letter:
    """The one follow-up: what the Confirmation could not say yet."""
    is_partial = any(line.is_waiting for line in itinerary.lines)
    words = i18n.gettext("Your links so far, %(event)s") if is_partial else i18n.gettext("Your links, %(event)s")
    subject = words % {"event": itinerary.event}
    return _written("confirmation", subject, itinerary=itinerary, heading=i18n.gettext("Your links"), note="")


def new_links(itinerary: Itinerary) -> Letter:
    """All appointments of a family, when some link is another than they were told."""
    subject = i18n.gettext("Your links have changed, %(event)s", event=itinerary.event)
    heading = i18n.gettext("Your links have changed")
    note = i18n.gettext("Please use these links. They replace all that we sent before.")
    return _written("confirmation", subject, itinerary=itinerary, heading=heading, note=note)


def calendar_entries(itinerary: Itinerary) -> Letter:
    """With the entries of a family's appointments anew."""
    subject = i18n.gettext("Your calendar entries, %(event)s", event=itinerary.event)
    heading = i18n.gettext("Your calendar entries, anew")
    note = i18n.gettext("Nothing has changed but the words of the entries. They replace those that we sent before.")
    return _written("confirmation", subject, itinerary=itinerary, heading=heading, note=note)


def reminder(itinerary: Itinerary) -> Letter:
    """What is coming on one day."""
    subject = i18n.gettext("Reminder: your appointments, %(event)s", event=itinerary.event)
    heading = i18n.gettext("Your coming appointments")
    return _written("confirmation", subject, itinerary=itinerary, heading=heading, note="")


def by_office(subject: str, text: str, html: Markup) -> Letter:
    """In the office's own words; `html` is safe."""
    page = _environment().get_template("by_office.html")
    shared = {"subject": subject, "language": i18n.language(), "direction": i18n.direction(), "body": html}
    return Letter(subject, text.strip() + "\n", page.render(shared))


def table(itinerary: Itinerary) -> Letter:
    """The appointments alone, for the macro of that name."""
    return _written("_appointments", "", itinerary=itinerary)


@dataclass(frozen=True)
class SyncError:
    """One teacher: the sentence with its five parts (R69), both addresses side by side, and where to mend it (R70)."""

    said: str
    email: str
    remote_email: str
    page: str


def sync_errors(*, school: str, errors: Sequence[SyncError], more: int, page: str) -> Letter:
    subject = i18n.gettext("Confab and Zoom Synchronization Errors")
    return _written("sync_errors", subject, school=school, errors=errors, more=more, page=page)


def sign_in_code(*, school: str, code: str, minutes: int) -> Letter:
    shown = f"{code[:3]} {code[3:]}"
    subject = i18n.gettext("Your code for %(school)s: %(code)s", school=school, code=shown)
    return _written("sign_in_code", subject, school=school, code=shown, minutes=minutes)


def sign_in_link(*, school: str, link: str, days: int) -> Letter:
    subject = i18n.gettext("Your sign-in link for %(school)s", school=school)
    return _written("sign_in_link", subject, school=school, link=link, days=days)


def calendar_link(*, school: str, link: str, days: int) -> Letter:
    """A sign-in link that leads to Calendar Sync."""
    subject = i18n.gettext("Your conferences at %(school)s in your own calendar", school=school)
    return _written("calendar_link", subject, school=school, link=link, days=days)


def new_sign_in(*, school: str, at: str) -> Letter:
    """After a sign-in by link: a forwarded one is noticed by whom it was meant for."""
    subject = i18n.gettext("New sign-in at %(school)s", school=school)
    return _written("new_sign_in", subject, school=school, at=at)


def new_address(*, school: str, at: str) -> Letter:
    """To the old address, when somebody now signs in with another."""
    subject = i18n.gettext("Your address at %(school)s was changed", school=school)
    return _written("new_address", subject, school=school, at=at)


def needs_reconnect(school: str, page: str) -> Letter:
    subject = i18n.gettext("Zoom needs to be connected again, %(school)s", school=school)
    return _written("needs_reconnect", subject, school=school, page=page)


def calendar_ended(school: str, service: str, page: str) -> Letter:
    subject = i18n.gettext(
        "Your %(service)s calendar needs to be linked again, %(school)s", service=service, school=school
    )
    return _written("calendar_ended", subject, school=school, service=service, page=page)


def office_mail(*, school: str, subject: str, text: str) -> Letter:
    """What the office typed: plain text, of which only whole addresses that begin with https:// become links."""
    blocks = _BLOCK.split(text.replace("\r\n", "\n"))
    paragraphs = [[_LINK.split(line) for line in block.split("\n")] for block in blocks]
    return _written("office_mail", subject, school=school, paragraphs=paragraphs, typed=text)


def _written(name: str, subject: str, **values: object) -> Letter:
    pages = _environment()
    shared = {"subject": subject, "language": i18n.language(), "direction": i18n.direction(), **values}
    text = pages.get_template(f"{name}.txt").render(shared)
    return Letter(subject, text.strip() + "\n", pages.get_template(f"{name}.html").render(shared))


@cache
def _environment() -> Environment:
    pages = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.install_gettext_callables(i18n.gettext, i18n.plural, newstyle=True)  # type: ignore[attr-defined]
    pages.globals["comma"] = i18n.comma
    return pages
