"""Say whether customers may book in an event, until when or from when."""

from dataclasses import dataclass
from datetime import datetime

from webapp import i18n
from webapp.i18n import gettext as _
from webapp.models import Event, EventSettings

OPEN, NOT_YET, CLOSED = "open", "not_yet", "closed"


@dataclass(frozen=True)
class Availability:
    """`words` name the next change in the event's own time."""

    state: str
    words: str


def availability(event: Event, settings: EventSettings, *, now: datetime) -> Availability:
    if settings.has_closed(now):
        return Availability(CLOSED, _("Closed"))
    if settings.is_open(now):
        return Availability(OPEN, _open_words(event, settings.closes_at))
    return Availability(NOT_YET, _not_yet_words(event, settings.opens_at))


def _open_words(event: Event, closes_at: datetime | None) -> str:
    if closes_at is None:
        return _("Booking open")
    return _("Booking open until %(moment)s", moment=i18n.moment(closes_at, event.zone))


def _not_yet_words(event: Event, opens_at: datetime | None) -> str:
    if opens_at is None:
        return _("Not open yet")
    return _("Not open yet, opens %(moment)s", moment=i18n.moment(opens_at, event.zone))
