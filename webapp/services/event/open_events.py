"""Say in which events families may book now, and find the one whose address they opened."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from webapp.errors import NotFound
from webapp.models import Contact, Event, EventSettings, Level, School
from webapp.models.base import columns_of, objects_of, table_of
from webapp.models.event.event_settings import Limits
from webapp.prepared import Prepared
from webapp.services.event.availability import cancelling_words, closing_words

_BY_SLUGS = Prepared(
    select(*columns_of(Event, EventSettings))
    .select_from(table_of(Event))
    .join(EventSettings, col(EventSettings.event_id) == col(Event.id))
    .join(School, col(School.id) == col(Event.school_id))
    .where(col(School.slug) == bindparam("school"), col(Event.slug) == bindparam("event"))
    .where(col(Event.deleted_at).is_(None))
)


@dataclass(frozen=True)
class Round:
    """An event with its settings, as families meet it."""

    event: Event
    settings: EventSettings

    def is_open(self, now: datetime) -> bool:
        return self.settings.is_open(now)

    def has_closed(self, now: datetime) -> bool:
        return self.settings.has_closed(now)

    def says_when(self, now: datetime) -> bool:
        """Whether an instant stands on the page that says if booking is open."""
        if self.has_closed(now):
            return False
        return bool(self.settings.closes_at if self.is_open(now) else self.settings.opens_at)

    @property
    def limits(self) -> Limits:
        return self.settings.limits

    @property
    def cancelling(self) -> str:
        """Until when families can cancel, as a sentence; empty where they can at any time."""
        return cancelling_words(self.settings)

    @property
    def closing(self) -> str:
        """Until when a single time can be booked, as a sentence; empty where that is until it begins."""
        return closing_words(self.settings)

    def may_look(self, contact: Contact, *, now: datetime) -> bool:
        """Families while booking is open; administrators at all times, where the event's setting says so."""
        may_preview = self.settings.admins_may_preview and contact.level >= Level.EVENT_ADMINISTRATOR
        return self.is_open(now) or may_preview


def round_of(session: Session, school: str, event: str) -> Round:
    """By the two short names of an address. Raises NotFound."""
    row = _BY_SLUGS.first(session, {"school": school, "event": event})
    if row is None:
        raise NotFound
    return Round(*objects_of(row, Event, EventSettings))


def open_events(session: Session, school: School, *, now: datetime) -> list[Round]:
    """The one that closes first comes first."""
    query = (
        select(Event, EventSettings)
        .join(EventSettings, col(EventSettings.event_id) == col(Event.id))
        .where(col(Event.school_id) == school.id, col(Event.deleted_at).is_(None))
        .order_by(col(EventSettings.closes_at).is_(None), col(EventSettings.closes_at), col(Event.name))
    )
    rounds = [Round(*row) for row in session.execute(query)]
    return [found for found in rounds if found.is_open(now)]
