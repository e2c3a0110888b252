"""Tick: the schedule lives in memory, the work in rows, so that any number of processes may tick."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from jobs.housekeeping import keep_house
from jobs.link_sync import sync_links
from jobs.mail_delivery import deliver_mail
from jobs.tasks import run_tasks
from webapp.context import Confab


class Job(NamedTuple):
    run: Callable[[Flask], None]
    seconds: int


SCHEDULE = {
    "meeting": Job(sync_links, 3),
    "mail": Job(deliver_mail, 3),
    "task": Job(run_tasks, 3),
    "housekeeping": Job(keep_house, 3600),
}
"""By the topic that a commit wakes: what runs, and how often at the least."""


def start(app: Flask) -> BackgroundScheduler:
    """Start ticking in this process, and be woken after each commit that made errands due."""
    # A tick that finds its job still running is skipped: the run drains what became due meanwhile.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(timezone=UTC)
    for topic, job in SCHEDULE.items():
        scheduler.add_job(
            job.run,
            "interval",
            args=[app],
            seconds=job.seconds,
            id=topic,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
    confab: Confab = app.extensions["confab"]
    confab.database.after_commit.append(lambda topics: wake(scheduler, topics))
    scheduler.start()
    return scheduler


def wake(scheduler: BackgroundScheduler, topics: set[str]) -> None:
    for topic in topics & SCHEDULE.keys():
        try:
            scheduler.modify_job(topic, next_run_time=datetime.now(UTC))
        except JobLookupError:
            return  # the process is ending; another one, or the next start, finds the row
