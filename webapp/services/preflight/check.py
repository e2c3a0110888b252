"""Check now: queue the real look at Zoom, which a job carries out, and say how far it is."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from webapp.models import Contact, EventSettings, Task
from webapp.services.meeting.connection import connection_of
from webapp.services.meeting.map_contacts import KIND, start_mapping
from webapp.services.system.installation import hold_of
from webapp.services.system.task import latest_task


@dataclass(frozen=True)
class Progress:
    """`problem` is the message id of why the latest check did not finish, with its values."""

    is_running: bool
    done: int
    total: int
    problem: tuple[str, dict[str, Any]] | None


def start_check(session: Session, settings: EventSettings, contact: Contact, *, now: datetime) -> Task | None:
    """The mapping's own task: it renews the token where that is due, reads the users and each host's passcode rule,
    and stores them with the time. None where there is nothing that could be asked."""
    connection = connection_of(session, settings.school_id, settings.provider) if settings.provider else None
    if connection is None or not connection.is_live or hold_of(session):
        return None
    return start_mapping(session, settings.school_id, connection.provider, contact.id, now)


def progress_of(session: Session, school_id: int) -> Progress:
    task = latest_task(session, school_id, KIND)
    if task is None:
        return Progress(is_running=False, done=0, total=0, problem=None)
    is_running = task.ended_at is None and task.due_at is not None
    problem = None if is_running or not task.problem else (task.problem, json.loads(task.problem_values))
    return Progress(is_running, task.done, task.total, problem)
