"""Give each event an address of plain letters that is its own within the school."""

import re
import unicodedata
from itertools import count

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid
from webapp.models import Event, School
from webapp.models.people.school import RESERVED_SLUGS

LONGEST = 60


def event_slug(session: Session, school: School, typed: str, *, name: str) -> str:
    """The typed slug, or one made from the name; with a number where the school has that one already.

    Raises Invalid for a typed slug that is one of our own addresses or has no letter to keep.
    """
    wanted = folded(typed or name) or "event"
    if typed and not folded(typed):
        raise Invalid(N_("Use letters and digits for the address."), field="slug")
    if typed and wanted in RESERVED_SLUGS:
        raise Invalid(N_("Confab uses the address “%(slug)s” itself. Choose another one."), field="slug", slug=wanted)
    return _first_free(wanted, _taken(session, school) | RESERVED_SLUGS)


def folded(text: str) -> str:
    """`Früh 2026!` becomes `fruh-2026`; what has no ASCII letters or digits becomes empty."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")[:LONGEST].strip("-")


def _first_free(wanted: str, taken: set[str]) -> str:
    if wanted not in taken:
        return wanted
    numbered = (f"{wanted[: LONGEST - 1 - len(str(n))]}-{n}" for n in count(2))
    return next(slug for slug in numbered if slug not in taken)


def _taken(session: Session, school: School) -> set[str]:
    """Read with the school's row locked, so that two events made at once do not choose the same."""
    session.execute(select(col(School.id)).where(col(School.id) == school.id).with_for_update())
    return set(session.execute(select(col(Event.slug)).where(col(Event.school_id) == school.id)).scalars())
