"""Give each event an address of plain letters that is its own within the school."""

import re
import unicodedata
from itertools import count

from sqlalchemy import delete, select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid
from webapp.models import Event, FormerAddress, School
from webapp.models.base import table_of
from webapp.models.people.school import RESERVED_SLUGS

LONGEST = 60


def event_slug(session: Session, school: School, typed: str, *, name: str) -> str:
    """The typed slug, or one made from the name; with a number where the school has that one already.

    Raises Invalid for a typed slug that is one of our own addresses or has no letter to keep.
    """
    wanted = folded(typed or name) or "event"
    if typed:
        _refuse_unusable(folded(typed))
    return _first_free(wanted, _taken(session, school) | RESERVED_SLUGS)


def change_address(session: Session, event: Event, typed: str) -> bool:
    """Whether it is another one now; the former one leads here from then on. Raises Invalid for one that cannot be, or
    that leads to another event."""
    assert event.id is not None
    wanted = folded(typed)
    if wanted == event.slug:
        return False
    _refuse_unusable(wanted)
    school = session.get_one(School, event.school_id)
    taken, former = _taken(session, school), _former(session, event.school_id)
    if wanted in taken and former.get(wanted) != event.id:
        raise Invalid(N_("Another event of the school has this address, or had it before."), field="slug")
    session.execute(delete(FormerAddress).where(_ROW.school_id == event.school_id, _ROW.slug == wanted))
    session.add(FormerAddress(school_id=event.school_id, slug=event.slug, event_id=event.id))
    event.slug = wanted
    session.add(event)
    session.flush()
    return True


def present_address(session: Session, school: str, former: str) -> str | None:
    """Of the event that had this address before, by short names."""
    query = (
        select(col(Event.slug))
        .join(FormerAddress, col(FormerAddress.event_id) == col(Event.id))
        .join(School, col(School.id) == col(FormerAddress.school_id))
        .where(col(School.slug) == school, col(FormerAddress.slug) == former)
    )
    found: str | None = session.execute(query).scalar_one_or_none()
    return found


def folded(text: str) -> str:
    """`Früh 2026!` becomes `fruh-2026`; what has no ASCII letters or digits becomes empty."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")[:LONGEST].strip("-")


def _refuse_unusable(wanted: str) -> None:
    if not wanted:
        raise Invalid(N_("Use letters and digits for the address."), field="slug")
    if wanted in RESERVED_SLUGS:
        raise Invalid(N_("Confab uses the address “%(slug)s” itself. Choose another one."), field="slug", slug=wanted)


def _first_free(wanted: str, taken: set[str]) -> str:
    if wanted not in taken:
        return wanted
    numbered = (f"{wanted[: LONGEST - 1 - len(str(n))]}-{n}" for n in count(2))
    return next(slug for slug in numbered if slug not in taken)


def lock_addresses(session: Session, school_id: int) -> None:
    """So that two events do not choose the same at once. Bookings, which only refer to the school, go on. Before any
    other lock: an import has the school first, and its events' settings after it."""
    session.execute(select(col(School.id)).where(col(School.id) == school_id).with_for_update(key_share=True)).all()


def _taken(session: Session, school: School) -> set[str]:
    assert school.id is not None
    lock_addresses(session, school.id)
    present = session.execute(select(col(Event.slug)).where(col(Event.school_id) == school.id)).scalars()
    return {*present, *_former(session, school.id)}


def _former(session: Session, school_id: int) -> dict[str, int]:
    """Events (ids) by the addresses that they had."""
    query = select(_ROW.slug, _ROW.event_id).where(_ROW.school_id == school_id)
    return {row.slug: row.event_id for row in session.execute(query)}


_ROW = table_of(FormerAddress).c
