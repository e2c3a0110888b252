"""Say what an entry shall be, whether the provider was told just that, and how it is known for ours."""

import hashlib
import secrets

from webapp.models import CalendarEntry, School
from webapp.providers.base import EntryOrder
from webapp.services.booking.agenda import Entry
from webapp.services.calendar.said import said_of

_BASE32HEX = "0123456789abcdefghijklmnopqrstuv"
_LETTERS = 16


def new_key(life: str) -> str:
    """At most 64 letters of Google's alphabet (a to v and digits), 80 random bits, never used for another entry.

    It stands in the row before the first call, so that any number of calls makes one entry. `life` says which
    installation made it, in which life of its data (`webapp/services/meeting/order.py`)."""
    return f"{key_prefix(life)}{''.join(secrets.choice(_BASE32HEX) for _ in range(_LETTERS))}"


def key_prefix(life: str) -> str:
    """What all keys of a life begin with, or of an installation, where only that is given. Its parts are hexadecimal
    and decimal, so that the letter between them ends each."""
    return f"{life.replace('-', 'g')}g"


def order_of(entry: CalendarEntry, appointment: Entry, school: School, *, base_url: str) -> EntryOrder:
    """From the rows as they stand."""
    said = said_of(school, appointment, base_url=base_url)
    return EntryOrder(
        key=entry.key,
        summary=said.summary,
        description=said.description,
        location=said.location,
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        zone=appointment.zone,
    )


def digest(order: EntryOrder) -> str:
    """Equal digests need no call."""
    told = (order.summary, order.description, order.location, order.starts_at, order.ends_at, order.zone)
    return hashlib.sha256("\0".join(map(str, told)).encode()).hexdigest()
