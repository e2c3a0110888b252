"""Apply a large import while somebody watches, or leaves; what stands in its way is told as for a small one."""

import json
from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.db import Database
from webapp.errors import DomainError, ProviderError
from webapp.models import ImportRun, School, Task
from webapp.services.roster.import_run import AlreadyApplied, apply_run, prepare, report_of
from webapp.services.system.audit import Who
from webapp.services.system.errand import DATABASE_TROUBLE, Claim
from webapp.services.system.task import Overtaken, end_task, is_under_way, progress, start_task

KIND = "apply_import"
LARGE = 2_000
"""Rows from which nobody should wait for the answer of a form."""

STEPS = 3


def is_large(run: ImportRun) -> bool:
    return report_of(run).rows_read >= LARGE


def start_apply(
    session: Session,
    run: ImportRun,
    *,
    confirmed: int,
    same: frozenset[str],
    marks_absent: bool,
    who: Who,
    contact_id: int | None,
    now: datetime,
) -> Task:
    """While one of this upload is under way, it is returned."""
    session.refresh(run, with_for_update=True)
    latest = apply_task(session, run)
    if latest and is_under_way(latest):
        return latest
    said = {"confirmed": confirmed, "same": sorted(same), "marks_absent": marks_absent}
    arguments = {"run": run.id, "login": who.login_id, "acting": who.acting_as_id} | said
    return start_task(session, run.school_id, KIND, arguments, contact_id, now)


def apply_task(session: Session, run: ImportRun) -> Task | None:
    """The latest of this upload, ended or not."""
    query = select(Task).where(col(Task.school_id) == run.school_id, col(Task.kind) == KIND)
    tasks = session.execute(query.order_by(col(Task.id).desc()).limit(20)).scalars()
    return next((task for task in tasks if json.loads(task.arguments)["run"] == run.id), None)


def run_import(database: Database, claim: Claim, clock: Callable[[], datetime]) -> None:
    """It can be repeated without harm: what was applied is not applied again."""
    try:
        _apply(database, claim, clock)
    except Overtaken:
        return
    except AlreadyApplied:
        with database.transaction() as session:
            end_task(session, claim, now=clock())
    except DATABASE_TROUBLE:
        raise
    except DomainError as error:
        problem = ProviderError(error.message, retry=False, code="refused")
        problem.values = error.values
        with database.transaction() as session:
            end_task(session, claim, problem=problem, now=clock())


def _apply(database: Database, claim: Claim, clock: Callable[[], datetime]) -> None:
    with database.reading() as session:
        task = session.execute(select(Task).where(col(Task.id) == claim.id)).scalar_one()
        said = json.loads(task.arguments)
    goes_on = partial(_tell, database, claim, clock, done=1)
    goes_on()
    with database.reading() as session:
        school, run = _upload(session, task.school_id, said["run"])
        plan = prepare(session, school, run, same=frozenset(said["same"]), beat=goes_on, now=clock())
    _tell(database, claim, clock, done=2)
    with database.transaction() as session:
        school, run = _upload(session, task.school_id, said["run"])
        who = Who(said["login"], said["acting"])
        agreed = {"confirmed": said["confirmed"], "marks_absent": said["marks_absent"]}
        apply_run(session, school, run, plan, **agreed, who=who, now=clock())
        if not end_task(session, claim, now=clock()):
            raise Overtaken


def _upload(session: Session, school_id: int, number: int) -> tuple[School, ImportRun]:
    return session.get_one(School, school_id), session.get_one(ImportRun, number)


def _tell(database: Database, claim: Claim, clock: Callable[[], datetime], *, done: int) -> None:
    with database.transaction() as session:
        if not progress(session, claim, done=done, total=STEPS, now=clock()):
            raise Overtaken
