"""Keep the switch that says whether this installation may speak to the outside, and why not (RELIABILITY D6)."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import String, cast, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from webapp.db import wake
from webapp.errors import N_, DomainError
from webapp.models import Installation
from webapp.services.system import audit
from webapp.services.system.audit import Who

LONGEST_REASON = 500
_OURS = 1
LIFE = (
    select(col(Installation.instance) + "-" + cast(col(Installation.epoch), String))
    .where(col(Installation.id) == _OURS)
    .scalar_subquery()
)
"""As `life_of`, for a query that asks for something else too; NULL where nobody has asked yet."""
_LIFE = select(LIFE)


@dataclass(frozen=True)
class Hold:
    """Since when nothing leaves, and why."""

    since: datetime
    because: str


class OnHold(DomainError):
    message = N_("This installation is on hold: nothing outside is called until somebody resumes it.")


def hold_of(session: Session) -> Hold | None:
    """None where the outside may be spoken to. One look by key: the jobs ask before each round of work."""
    query = select(col(Installation.held_at), col(Installation.held_because)).where(col(Installation.id) == _OURS)
    row = session.execute(query).first()
    return Hold(row[0], row[1]) if row and row[0] else None


def refuse_on_hold(session: Session) -> None:
    """For the few calls to the outside that a person makes. Raises OnHold."""
    if hold_of(session):
        raise OnHold


def hold(session: Session, *, because: str, who: Who, now: datetime) -> None:
    """Idempotent; the newer reason counts, the earlier time stays."""
    held = hold_of(session)
    _write(session, held_at=held.since if held else now, held_because=because[:LONGEST_REASON])
    audit.record(session, "installation.hold", who=who, school_id=None, now=now)


def resume(session: Session, *, who: Who, now: datetime) -> bool:
    """False where it was not on hold. What became due meanwhile goes out at once."""
    if hold_of(session) is None:
        return False
    _write(session, held_at=None, held_because="")
    audit.record(session, "installation.resume", who=who, school_id=None, now=now)
    for topic in ("meeting", "calendar", "mail", "task"):
        wake(session, topic)
    return True


def begin_again(session: Session, *, because: str, who: Who, now: datetime) -> int:
    """What a restored database does before anything else: on hold, in a new epoch, which is returned.

    The epoch counts minutes since 1970, so that two restores of one backup never share theirs."""
    hold(session, because=because, who=who, now=now)
    epoch = _next_epoch(session, now=now)
    _write(session, epoch=epoch)
    audit.record(session, "installation.restored", who=who, school_id=None, now=now, epoch=epoch)
    return epoch


def mark_as_copy(session: Session, *, because: str, now: datetime) -> None:
    """On hold, in a new epoch, as `begin_again` leaves it: what the original goes on to make is not the copy's to
    remove. Nothing was done in this life of the data that the audit could tell of."""
    _write(session, held_at=now, held_because=because, epoch=_next_epoch(session, now=now))


def epoch_of(session: Session) -> int:
    query = select(col(Installation.epoch)).where(col(Installation.id) == _OURS)
    return session.execute(query).scalar_one_or_none() or 0


def life_of(session: Session) -> str:
    """`<instance>-<epoch>`: which installation this is, in which life of its data. Another after each restore."""
    life: str | None = session.connection().execute(_LIFE).scalar()
    if life is None:
        _write(session, epoch=0)
        life = session.connection().execute(_LIFE).scalar_one()
    return life


def restored_at(session: Session) -> datetime | None:
    """When this life of the data began; None in the first."""
    epoch = epoch_of(session)
    return datetime.fromtimestamp(epoch * 60, UTC) if epoch else None


def note_check(session: Session, *, now: datetime) -> None:
    """All invariants were seen to hold."""
    _write(session, checked_at=now)


def last_check(session: Session) -> datetime | None:
    query = select(col(Installation.checked_at)).where(col(Installation.id) == _OURS)
    return session.execute(query).scalar_one_or_none()


def _next_epoch(session: Session, *, now: datetime) -> int:
    """Later than the one before, whatever the clock says."""
    return max(epoch_of(session) + 1, int(now.timestamp()) // 60)


def _write(session: Session, **values: object) -> None:
    dialect: Any = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    row = {"id": _OURS, "instance": secrets.token_hex(8), "epoch": 0, "held_because": ""}
    session.execute(dialect.insert(Installation).values(**row).on_conflict_do_nothing())
    session.execute(update(Installation).where(col(Installation.id) == _OURS).values(**values))
