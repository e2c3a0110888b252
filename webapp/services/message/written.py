"""Write a family's or a teacher's appointments by the office's words, or as the Printable Schedule."""

from dataclasses import dataclass, replace

from markupsafe import Markup

from webapp import i18n
from webapp.documents import letter, macros, rich_text
from webapp.documents.itinerary import Itinerary
from webapp.documents.paper import schedule_html
from webapp.models import Message
from webapp.models.message.message import CHANGED, CONFIRMATION, INVITES, LINKS_READY, NEW_LINKS, NEW_ROOMS
from webapp.models.message.message_text import PRINTABLE, REMINDER
from webapp.providers.base import Mail
from webapp.services.message.default_texts import OfficeText
from webapp.services.message.facts import Facts
from webapp.services.message.texts import WITH_SCHEDULE

_HEADED = {
    CONFIRMATION: letter.confirmation,
    CHANGED: letter.changed,
    LINKS_READY: letter.links_ready,
    NEW_LINKS: letter.new_links,
    NEW_ROOMS: letter.changed,
    REMINDER: letter.reminder,
}
LONGEST_SUBJECT = 200


@dataclass(frozen=True)
class Written:
    """`schedule` as in `compose.Draft`."""

    letter: letter.Letter
    schedule: str


def written(facts: Facts, kind: str, text: OfficeText) -> Written:
    """By the office's words, or as the Printable Schedule with its PDF (R52)."""
    itinerary = facts.itinerary()
    if kind == INVITES:
        return Written(letter.calendar_entries(itinerary), "")
    if not text.uses_schedule or text.kind not in WITH_SCHEDULE:
        return Written(_by_office(facts, text, itinerary), "")
    headed = _HEADED[kind](itinerary)
    if text.version:
        headed = replace(headed, subject=_subject(facts, text))
    return Written(headed, schedule_of(facts))


def heading_of(facts: Facts) -> tuple[str, Markup]:
    """The title of the Printable Schedule, and the safe HTML above its appointments."""
    text, values = facts.texts[PRINTABLE], facts.values()
    lead = macros.as_html(rich_text.as_html(text.body), facts.shared(), values)
    return macros.as_line(text.subject, facts.shared(), values), lead


def schedule_of(facts: Facts) -> str:
    """The HTML of the Printable Schedule, in the words of CUI Messages, without what the school has withdrawn; empty
    where nothing is left of it."""
    facts = replace(facts, entries=[entry for entry in facts.entries if not entry.is_withdrawn])
    if not facts.entries:
        return ""
    title, lead = heading_of(facts)
    return schedule_html(facts.itinerary(), title=title, about=facts.entries[0].parent, lead=lead)


def _by_office(facts: Facts, text: OfficeText, itinerary: Itinerary) -> letter.Letter:
    table = letter.table(itinerary)
    shared, values = facts.shared(text=table.text, html=Markup(table.html)), facts.said()  # noqa: S704 - our template
    html = macros.as_html(rich_text.as_html(text.body), shared, values)
    html = rich_text.without_dead_links(html, i18n.gettext("link not available"))
    words = macros.as_text(rich_text.as_text(text.body), shared, values)
    return letter.by_office(_subject(facts, text), words, html)


def _subject(facts: Facts, text: OfficeText) -> str:
    """Cut at LONGEST_SUBJECT letters (MACRO-012)."""
    subject = macros.as_line(text.subject, facts.shared(), facts.values())
    return subject if len(subject) <= LONGEST_SUBJECT else subject[: LONGEST_SUBJECT - 1] + "…"


def addressed(message: Message, written: letter.Letter) -> Mail:
    return Mail(message.recipient, written.subject, written.text, written.html, message.message_id)
