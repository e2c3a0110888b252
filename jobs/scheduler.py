"""Tick: the schedule lives in memory, the work in rows, so that any number of processes may tick."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from apscheduler.events import (
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_SUBMITTED,
    EVENT_SCHEDULER_SHUTDOWN,
    JobSubmissionEvent,
    SchedulerEvent,
)
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from jobs.calendar_export import export_entries
from jobs.calendar_import import import_busy_times
from jobs.holds import release_holds
from jobs.housekeeping import keep_house, note_sizes
from jobs.keep_alive import keep_alive
from jobs.link_sync import follow_overlooked, sync_links
from jobs.mail_delivery import deliver_mail
from jobs.meeting_sweep import sweep_meetings
from jobs.reminders import remind
from jobs.resource_mails import tell_resources
from jobs.tasks import plan_mappings, run_tasks
from jobs.webhooks import read_webhooks
from webapp.context import Confab


class Job(NamedTuple):
    run: Callable[[Flask], None]
    seconds: int


SCHEDULE = {
    "meeting": Job(sync_links, 3),
    "calendar": Job(export_entries, 3),
    "calendar_import": Job(import_busy_times, 10),
    "mail": Job(deliver_mail, 3),
    "task": Job(run_tasks, 3),
    "webhook": Job(read_webhooks, 3),
    "sweep": Job(sweep_meetings, 30),
    "mapping": Job(plan_mappings, 10),
    "overlooked": Job(follow_overlooked, 60),
    "hold": Job(release_holds, 30),
    "reminder": Job(remind, 60),
    "resource": Job(tell_resources, 20),
    "keep_alive": Job(keep_alive, 3600),
    "statistics": Job(note_sizes, 10),
    "housekeeping": Job(keep_house, 3600),
}
"""By the topic that a commit wakes: what runs, and how often at the least."""

LOOK = 5.0
"""Seconds between two looks at the clock on the wall."""

SET_BACK = 2.0
"""Seconds; a clock that is only kept right loses less from one look to the next."""


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
    _note_ticks(scheduler, app)
    confab: Confab = app.extensions["confab"]
    confab.database.after_commit.append(lambda topics: wake(scheduler, topics))
    scheduler.start()
    _mind_the_clock(scheduler)
    return scheduler


def _mind_the_clock(scheduler: BackgroundScheduler) -> None:
    """The timer waits for a time on the wall. Where the clock is set back, as on a machine that started with a wrong
    one, no job would run until it is as late again."""
    ended = threading.Event()

    def end(_event: SchedulerEvent) -> None:
        ended.set()

    def watch() -> None:
        ahead = _ahead()
        while not ended.wait(LOOK):
            was, ahead = ahead, _ahead()
            if was - ahead > SET_BACK:
                wake(scheduler, set(SCHEDULE))

    scheduler.add_listener(end, EVENT_SCHEDULER_SHUTDOWN)
    threading.Thread(target=watch, name="clock", daemon=True).start()


def _ahead() -> float:
    """Seconds by which the clock on the wall is ahead of the one that nobody can set."""
    return datetime.now(UTC).timestamp() - time.monotonic()


def _note_ticks(scheduler: BackgroundScheduler, app: Flask) -> None:
    """For /readyz: when each job was last due here, on the monotonic clock, and how often it should be. A tick that
    finds its job still running counts: it is the timer that must not have died."""
    ticks: dict[str, tuple[float, int]] = {topic: (time.monotonic(), job.seconds) for topic, job in SCHEDULE.items()}

    def note(event: JobSubmissionEvent) -> None:
        ticks[event.job_id] = (time.monotonic(), SCHEDULE[event.job_id].seconds)

    scheduler.add_listener(note, EVENT_JOB_SUBMITTED | EVENT_JOB_MAX_INSTANCES)
    app.extensions["ticks"] = ticks


def wake(scheduler: BackgroundScheduler, topics: set[str]) -> None:
    for topic in topics & SCHEDULE.keys():
        try:
            scheduler.modify_job(topic, next_run_time=datetime.now(UTC))
        except JobLookupError:
            return  # the process is ending; another one, or the next start, finds the row
