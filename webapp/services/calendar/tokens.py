"""Keep the tokens of calendar links, and stop the work of one whose grant has died."""

from datetime import datetime

from sqlmodel import Session

from webapp.models import CalendarLink
from webapp.services.message.outage import tell_of_ended_calendar
from webapp.services.system.audit import SYSTEM, record
from webapp.services.system.tokens import StoredTokens


class LinkTokens(StoredTokens[CalendarLink]):
    table = CalendarLink

    def declare_dead(self, session: Session, row: CalendarLink, *, now: datetime) -> None:
        declare_dead(session, row, now=now)


def declare_dead(session: Session, link: CalendarLink, *, now: datetime) -> None:
    """Its entries and its busy times stay as they are, and go on once the person has signed in there again."""
    link.needs_reconnect_at = now
    subject = f"contact {link.contact_id}"
    record(session, "calendar.needs_reconnect", who=SYSTEM, school_id=link.school_id, subject=subject, now=now)
    tell_of_ended_calendar(session, link, now=now)
