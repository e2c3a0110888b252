"""Long work has a row that says how far it is and what came of it."""

import json
from datetime import datetime, timedelta

from factories import make_school
from sqlmodel import Session

from webapp.errors import ProviderError
from webapp.models import Task
from webapp.services.system.errand import Claim, claim_due
from webapp.services.system.task import end_task, latest_task, progress, start_task


def claimed(session: Session, now: datetime) -> tuple[Task, Claim]:
    task = start_task(session, make_school(session).id or 0, "map_contacts", {"provider": "zoom"}, None, now)
    [claim] = claim_due(session, Task, now=now)
    session.refresh(task)
    return task, claim


def test_a_task_is_due_at_once_and_wakes_its_job(session: Session, now: datetime) -> None:
    task = start_task(session, make_school(session).id or 0, "map_contacts", {"provider": "zoom"}, None, now)

    assert (task.due_at, task.created_at, json.loads(task.arguments)) == (now, now, {"provider": "zoom"})
    assert session.info["topics"] == {"task"}


def test_progress_keeps_the_claim_and_a_stranger_s_claim_writes_nothing(session: Session, now: datetime) -> None:
    task, claim = claimed(session, now)
    later = now + timedelta(seconds=50)

    told = progress(session, claim, done=5, total=12, now=later)
    refused = progress(session, Claim(claim.id, "stale"), done=9, total=9, now=later)

    session.refresh(task)
    assert (told, refused) == (True, False)
    assert (task.done, task.total, task.due_at) == (5, 12, later + timedelta(seconds=60))


def test_a_task_ends_with_its_result(session: Session, now: datetime) -> None:
    task, claim = claimed(session, now)

    assert end_task(session, claim, result={"mapped": 3}, now=now)

    session.refresh(task)
    assert (task.ended_at, task.due_at, task.claim, json.loads(task.result)) == (now, None, None, {"mapped": 3})
    assert not end_task(session, claim, now=now)


def test_a_task_ends_with_its_problem_and_is_not_due_again_by_itself(session: Session, now: datetime) -> None:
    task, claim = claimed(session, now)

    end_task(session, claim, problem=ProviderError("Down: %(what)s", retry=True, code="x", what="all"), now=now)

    session.refresh(task)
    assert (task.ended_at, task.due_at, task.problem, task.problem_code) == (now, None, "Down: %(what)s", "x")
    assert json.loads(task.problem_values) == {"what": "all"}


def test_the_latest_task_of_a_kind_and_school_is_found(session: Session, now: datetime) -> None:
    school_id = make_school(session).id or 0
    start_task(session, school_id, "map_contacts", {}, None, now)
    newest = start_task(session, school_id, "map_contacts", {}, None, now)
    start_task(session, school_id, "import", {}, None, now)
    start_task(session, make_school(session).id or 0, "map_contacts", {}, None, now)

    assert latest_task(session, school_id, "map_contacts") is newest
    assert latest_task(session, school_id, "mail") is None
