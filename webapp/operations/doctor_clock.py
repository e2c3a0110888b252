"""Judge this machine's clock, by which tokens, leases and the hours of booking go, against another's."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

from webapp import clock
from webapp.operations.finding import Finding, bad, ok, warn

_OFF, _FAR_OFF = timedelta(seconds=2), timedelta(seconds=20)


def clock_finding(name: str, whose: str, theirs: datetime, ours: datetime) -> Finding:
    """Zoom tells whole seconds, so that less than one is no difference."""
    off = abs(ours - theirs)
    words = f"{off.total_seconds():.0f} s {'ahead of' if ours > theirs else 'behind'} {whose}"
    todo = "Tokens and due times go by it. Let the system keep it: timedatectl set-ntp true"
    if off >= _FAR_OFF:
        return bad(name, words, todo)
    return warn(name, words, todo) if off > _OFF else ok(name, f"as {whose}")


def database_clock(session: Session) -> Finding:
    """Of several machines with one PostgreSQL each asks it, so that any two of them are known to agree."""
    before = clock.of_machine()
    theirs: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return clock_finding("database clock", "PostgreSQL's", theirs, before + (clock.of_machine() - before) / 2)
