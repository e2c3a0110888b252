"""Import the roster: upload, look at the dry run, apply."""

import json
from contextlib import suppress

from flask import Blueprint, g, redirect, request, url_for
from sqlmodel import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.csrf import request_key
from webapp.errors import DomainError, Invalid, NotFound
from webapp.i18n import gettext, sentence
from webapp.models import ImportRun, Level, Task
from webapp.rendering import page
from webapp.services.roster import import_run
from webapp.services.roster.columns import ANY_KIND, forget_columns, remembered
from webapp.services.roster.import_task import apply_task, is_large, start_apply
from webapp.services.roster.own_layouts import OWN
from webapp.services.roster.report import Report
from webapp.services.roster.sheet import ColumnsUnknown
from webapp.services.system.task import is_under_way

blueprint = Blueprint("importer", __name__, url_prefix="/s/<school>/importer")

TITLES = {layout.kind: layout.title for layout in OWN}


@blueprint.get("")
@staff(Level.ADMINISTRATOR)
def importer(school: str) -> tuple[str, int]:
    return _start()


@blueprint.post("")
@staff(Level.ADMINISTRATOR)
def upload(school: str) -> Response | tuple[str, int]:
    sent = [(f.filename or "file", f.read()) for f in request.files.getlist("file") if f.filename]
    try:
        files, kind, now = import_run.open_uploads(sent), _kind(), clock.now()
        with database().reading() as session:
            report = import_run.dry_run(session, g.school, files, kind=kind, now=now)
        with database().transaction() as session:
            run = import_run.keep_upload(session, g.school, g.contact, files, report, kind=kind, now=now)
    except ColumnsUnknown as error:
        with database().transaction() as session:
            unread = import_run.keep_unread(session, g.school, g.contact, files, now=clock.now())
        return _start(error, unread)
    except DomainError as error:
        return _start(error)
    return redirect(url_for("importer.show", school=school, run=run.id), 303)


@blueprint.post("/forget")
@staff(Level.ADMINISTRATOR)
def forget(school: str) -> Response:
    kind = request.form.get("kind", "")
    if kind not in TITLES:
        raise NotFound
    with database().transaction() as session:
        forget_columns(session, g.school.id, kind, who=who(), now=clock.now())
    return redirect(url_for("importer.importer", school=school), 303)


@blueprint.get("/<int(max=2147483647):run>")
@staff(Level.ADMINISTRATOR)
def show(school: str, run: int) -> Response | tuple[str, int]:
    with database().reading() as session:
        is_unread = _run(session, run).is_unread
    return redirect(url_for("importer.columns", school=school, run=run), 303) if is_unread else _show(run)


@blueprint.post("/<int(max=2147483647):run>/dates")
@staff(Level.ADMINISTRATOR)
def say_dates(school: str, run: int) -> Response | tuple[str, int]:
    try:
        _look_again(run, dates=request.form.get("dates") or "-")
    except NotFound:
        raise
    except DomainError as error:
        return _show(run, error)
    return redirect(url_for("importer.show", school=school, run=run), 303)


@blueprint.post("/<int(max=2147483647):run>/discard")
@staff(Level.ADMINISTRATOR)
def discard(school: str, run: int) -> Response | tuple[str, int]:
    try:
        with database().transaction() as session:
            import_run.discard(session, _run(session, run), now=clock.now())
    except import_run.AlreadyApplied as error:
        return _show(run, error)
    return redirect(url_for("importer.importer", school=school), 303)


@blueprint.get("/<int(max=2147483647):run>/columns")
@staff(Level.ADMINISTRATOR)
def columns(school: str, run: int) -> Response | tuple[str, int]:
    return _columns(run, request.args)


@blueprint.post("/<int(max=2147483647):run>/columns")
@staff(Level.ADMINISTRATOR)
def say_columns(school: str, run: int) -> Response | tuple[str, int]:
    number, kind = request.form.get("file", -1, type=int), request.form.get("kind", "")
    try:
        with database().reading() as session:
            table = import_run.table_of(_run(session, run), number)
        said = request.form.getlist("column")
        with database().transaction() as session:
            kept = _run(session, run)
            import_run.say_columns(session, g.school, kept, table, said, kind=kind, who=who(), now=clock.now())
        with suppress(ColumnsUnknown):  # of another file, which is asked about next
            _look_again(run)
    except NotFound:
        raise
    except DomainError as error:
        return _columns(run, request.form, error)
    return redirect(url_for("importer.show", school=school, run=run), 303)


@blueprint.post("/<int(max=2147483647):run>/apply")
@staff(Level.ADMINISTRATOR)
def apply(school: str, run: int) -> Response | tuple[str, int]:
    request_key()
    confirmed = request.form.get("confirmed", 0, type=int)
    same = frozenset(request.form.getlist("same"))
    fresh = None
    if _is_started(run, confirmed, same):
        return redirect(url_for("importer.show", school=school, run=run), 303)
    try:
        with database().reading() as session:
            plan = import_run.prepare(session, g.school, _run(session, run), same=same, now=clock.now())
            fresh = plan.report
        with database().transaction() as session:
            import_run.apply_run(
                session,
                g.school,
                _run(session, run),
                plan,
                confirmed=confirmed,
                marks_absent="absent" in request.form,
                who=who(),
                now=clock.now(),
            )
    except DomainError as error:
        # The same form sent twice gets the same answer.
        if not isinstance(error, import_run.AlreadyApplied):
            return _show(run, error, fresh)
    return redirect(url_for("importer.show", school=school, run=run), 303)


@blueprint.get("/<int(max=2147483647):run>/progress")
@staff(Level.ADMINISTRATOR)
def progress(school: str, run: int) -> Response | tuple[str, int]:
    with database().reading() as session:
        kept = _run(session, run)
        task = apply_task(session, kept)
    if task is None:
        return redirect(url_for("importer.show", school=school, run=run), 303)
    return page("admin/importer/_progress.html", 200, run=kept, task=task, problem=_problem(task))


def _look_again(run: int, *, dates: str = "") -> None:
    """Reading takes long: families who book do not wait for it."""
    with database().reading() as session:
        report = import_run.dry_run_again(session, g.school, _run(session, run), dates=dates, now=clock.now())
    with database().transaction() as session:
        import_run.keep_report(session, _run(session, run), report)


def _is_started(run: int, confirmed: int, same: frozenset[str]) -> bool:
    """A large import runs by itself; what is refused already is told at once, as for a small one."""
    with database().transaction() as session:
        kept = _run(session, run)
        is_ready = kept.content is not None and not kept.is_unread and is_large(kept)
        if not is_ready or (import_run.report_of(kept).left_out > confirmed and not same):
            return False
        start_apply(
            session,
            kept,
            confirmed=confirmed,
            same=same,
            marks_absent="absent" in request.form,
            who=who(),
            contact_id=g.contact.id,
            now=clock.now(),
        )
    return True


def _problem(task: Task | None) -> str:
    return gettext(task.problem, **json.loads(task.problem_values)) if task and task.problem else ""


def _kind() -> str:
    """The Data Type of all files; told by their columns where none was picked."""
    kind = request.form.get("kind", "")
    return kind if kind in TITLES else ANY_KIND


def _start(error: DomainError | None = None, unread: ImportRun | None = None) -> tuple[str, int]:
    with database().reading() as session:
        runs = import_run.recent_runs(session, g.school, g.contact)
        known = remembered(session, g.school.id)
    facts = {"runs": runs, "known": known, "unread": unread, "problem": sentence(error) if error else ""}
    status = error.status if error else 200
    return page("admin/importer/start.html", status, **facts, titles=TITLES, nav="importer")


def _columns(run: int, asked: MultiDict[str, str], error: DomainError | None = None) -> Response | tuple[str, int]:
    """The file that was asked about, else the first that is not recognised, with what is typed for it."""
    number, kind = asked.get("file", None, type=int), asked.get("kind", "")
    try:
        with database().reading() as session:
            kept = _run(session, run)
            found = import_run.columns_of(session, g.school, kept, number=number, kind=kind)
    except Invalid as invalid:
        return _start(invalid)
    if found is None:
        return _show(run)
    facts = {"run": kept, "found": found, "chosen": asked.getlist("column"), "error": error, "layouts": OWN}
    status = error.status if error else 200
    return page("admin/importer/columns.html", status, **facts, nav="importer")


def _show(run: int, error: DomainError | None = None, fresh: Report | None = None) -> tuple[str, int]:
    """With the report that the dry run stored, or the fresh one of an Apply that was refused."""
    with database().reading() as session:
        kept = _run(session, run)
        task = None if kept.applied_at else apply_task(session, kept)
    report = fresh or import_run.report_of(kept)
    status = error.status if error else 200
    return page(
        "admin/importer/run.html",
        status,
        run=kept,
        report=report,
        has_unread=report.has_unread,
        error=error,
        task=task,
        marks_absent="absent" in request.form,
        problem=_problem(task),
        is_running=task is not None and is_under_way(task),
        nav="importer",
    )


def _run(session: Session, number: int) -> ImportRun:
    return import_run.run_of(session, g.school, g.contact, number)
