"""Fork workers that run one job, of meetings, entries or mails, as wsgi.py starts it: waits are seconds and keep their
order.

An answer is awaited for less time than a lease lasts (RELIABILITY 2.3), and the quarantine, which the test sets, is
longer than a call may take to begin, to be carried out and to show in the list (2.4.5): outside of tests they are 15 s,
60 s and 140 s.

All is imported once, so that a worker that was killed is replaced at once. A line of the input asks for a worker; the
output says `pid` when it has begun and `pid status` when it has ended. All end with the input.
"""

import os
import signal
import sys
from datetime import timedelta
from functools import partial
from typing import NoReturn

from jobs import scheduler
from webapp import create_app
from webapp.config import Settings
from webapp.documents.paper import pdf_of_html
from webapp.logs import set_up_logs
from webapp.providers import bearer, http
from webapp.services.calendar import settle as calendar_settle
from webapp.services.meeting import decide
from webapp.services.system import errand

DEADLINE = PROMPT = 1.0
LEASE = timedelta(seconds=6)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(seconds=4)
TICK = 1


def hasten(job: str) -> None:
    bearer.call = partial(http.call, deadline=DEADLINE)
    errand.LEASE, errand.FIRST_PAUSE, errand.LONGEST_PAUSE = LEASE, FIRST_PAUSE, LONGEST_PAUSE
    decide.PROMPT = calendar_settle.PROMPT = PROMPT
    only = scheduler.SCHEDULE[job]._replace(seconds=TICK)
    scheduler.SCHEDULE.clear()
    scheduler.SCHEDULE[job] = only


def work(job: str, lifeline: int) -> NoReturn:
    """Alone in its process group, until it is killed or its parent ends."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ticking = scheduler.start(create_app(Settings.from_env()))
    scheduler.wake(ticking, {job})  # as if a booking had just been committed here
    os.read(lifeline, 1)
    os._exit(0)


def report_the_dead(*_: object) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        os.write(1, f"{pid} {os.waitstatus_to_exitcode(status)}\n".encode())


def main() -> None:
    [job] = sys.argv[1:]
    set_up_logs()
    hasten(job)
    pdf_of_html("<p>warm</p>")
    lifeline, held = os.pipe()
    signal.signal(signal.SIGCHLD, report_the_dead)
    for _ in sys.stdin:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        pid = os.fork()
        if not pid:
            os.close(held)
            work(job, lifeline)
        os.write(1, f"{pid}\n".encode())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


if __name__ == "__main__":
    main()
