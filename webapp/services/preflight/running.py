"""Whether anything is done at all: an installation on hold, or whose jobs stand still, makes no link."""

from datetime import timedelta

from webapp.errors import N_
from webapp.services.preflight.facts import Facts
from webapp.services.preflight.finding import RED, Check, Finding

STANDS_STILL = timedelta(minutes=10)
"""Work that was due so long ago is worked on by nobody: jobs look every few seconds."""


def running(facts: Facts) -> Check:
    return Check(
        N_("Background work"), N_("Links and mails are worked on."), tuple(filter(None, (_hold(facts), _stuck(facts))))
    )


def _hold(facts: Facts) -> Finding | None:
    if facts.hold is None:
        return None
    return Finding(
        "on_hold",
        RED,
        N_("This installation is on hold: no link is made and no mail leaves."),
        N_("Whoever runs Confab ends the hold with ./confab resume. Everything that waits follows by itself."),
    )


def _stuck(facts: Facts) -> Finding | None:
    """A hold explains by itself why work waits."""
    waiting = [one for one in facts.overdue if one.since <= facts.now - STANDS_STILL]
    if not waiting or facts.hold:
        return None
    minutes = max(int((facts.now - one.since).total_seconds() // 60) for one in waiting)
    return Finding(
        "jobs_stand_still",
        RED,
        N_("Background work stands still: something has been due for %(minutes)s minutes."),
        N_("Whoever runs Confab looks with ./confab doctor, and starts the process that runs the jobs."),
        values={"minutes": minutes},
    )
