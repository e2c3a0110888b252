"""Say whether customers may book in an event, until when or from when."""

from dataclasses import dataclass
from datetime import datetime

from webapp import i18n
from webapp.i18n import gettext as _
from webapp.i18n import ngettext
from webapp.models import Event, EventSettings
from webapp.models.event.event_settings import DAYS, DAYS_BEFORE, HOURS, HOURS_BEFORE, NEVER

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


def cancelling_words(settings: EventSettings) -> str:
    """Until when families can cancel, as a sentence; empty where they can at any time."""
    n = settings.cancel_limit
    if settings.cancel_unit == NEVER:
        return _("In this event only the school can change or cancel an appointment.")
    if n == 0:
        return ""
    if settings.cancel_unit == HOURS:
        return ngettext(
            "You can change or cancel an appointment up to %(n)s hour before it. After that, ask the school.",
            "You can change or cancel an appointment up to %(n)s hours before it. After that, ask the school.",
            n,
        )
    if settings.cancel_unit == DAYS:
        return ngettext(
            "You can change or cancel an appointment up to %(n)s day before it. After that, ask the school.",
            "You can change or cancel an appointment up to %(n)s days before it. After that, ask the school.",
            n,
        )
    return ngettext(
        "You can change or cancel an appointment up to %(n)s week before it. After that, ask the school.",
        "You can change or cancel an appointment up to %(n)s weeks before it. After that, ask the school.",
        n,
    )


def closing_words(settings: EventSettings) -> str:
    """Until when a single time can be booked, as a sentence; empty where that is until it begins."""
    if settings.booking_closes == HOURS_BEFORE:
        n = settings.closes_hours
        return ngettext(
            "Times can be booked up to %(n)s hour before they begin.",
            "Times can be booked up to %(n)s hours before they begin.",
            n,
        )
    if settings.booking_closes == DAYS_BEFORE:
        at, n = i18n.wall_clock(settings.closes_time), settings.closes_days
        if n == 0:
            return _("Times can be booked until %(time)s of their day.", time=at)
        return ngettext(
            "Times can be booked until %(time)s of the day before.",
            "Times can be booked until %(time)s, %(n)s days before their day.",
            n,
            time=at,
        )
    return ""


def _open_words(event: Event, closes_at: datetime | None) -> str:
    if closes_at is None:
        return _("Booking open")
    return _("Booking open until %(moment)s", moment=i18n.moment(closes_at, event.zone))


def _not_yet_words(event: Event, opens_at: datetime | None) -> str:
    if opens_at is None:
        return _("Not open yet")
    return _("Not open yet, opens %(moment)s", moment=i18n.moment(opens_at, event.zone))
