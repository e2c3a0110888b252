"""Import the roster: upload, look at the dry run, apply."""

from flask import Blueprint, g, redirect, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.csrf import request_key
from webapp.errors import DomainError
from webapp.i18n import sentence
from webapp.models import ImportRun, Level
from webapp.rendering import page
from webapp.services.roster import import_run
from webapp.services.roster.report import Report

blueprint = Blueprint("importer", __name__, url_prefix="/s/<school>/importer")


@blueprint.get("")
@staff(Level.ADMINISTRATOR)
def importer(school: str) -> tuple[str, int]:
    return _start()


@blueprint.post("")
@staff(Level.ADMINISTRATOR)
def upload(school: str) -> Response | tuple[str, int]:
    sent = [(f.filename or "file", f.read()) for f in request.files.getlist("file") if f.filename]
    try:
        files = import_run.open_uploads(sent)
        with database().transaction() as session:
            run = import_run.try_upload(session, g.school, g.contact, files, now=clock.now())
    except DomainError as error:
        return _start(error)
    return redirect(url_for("importer.show", school=school, run=run.id), 303)


@blueprint.get("/<int(max=2147483647):run>")
@staff(Level.ADMINISTRATOR)
def show(school: str, run: int) -> tuple[str, int]:
    return _show(run)


@blueprint.post("/<int(max=2147483647):run>/apply")
@staff(Level.ADMINISTRATOR)
def apply(school: str, run: int) -> Response | tuple[str, int]:
    request_key()
    confirmed = request.form.get("confirmed", 0, type=int)
    same = frozenset(request.form.getlist("same"))
    fresh = None
    try:
        with database().reading() as session:
            plan = import_run.prepare(session, g.school, _run(session, run), same=same, now=clock.now())
            fresh = plan.report
        with database().transaction() as session:
            kept, now = _run(session, run), clock.now()
            import_run.apply_run(session, g.school, kept, plan, confirmed=confirmed, who=who(), now=now)
    except DomainError as error:
        # The same form sent twice gets the same answer.
        if not isinstance(error, import_run.AlreadyApplied):
            return _show(run, error, fresh)
    return redirect(url_for("importer.show", school=school, run=run), 303)


def _start(error: DomainError | None = None) -> tuple[str, int]:
    with database().reading() as session:
        runs = import_run.recent_runs(session, g.school, g.contact)
    words = sentence(error) if error else ""
    return page("admin/importer/start.html", error.status if error else 200, runs=runs, problem=words, nav="importer")


def _show(run: int, error: DomainError | None = None, fresh: Report | None = None) -> tuple[str, int]:
    """With the report that the dry run stored, or the fresh one of an Apply that was refused."""
    with database().reading() as session:
        kept = _run(session, run)
    report = fresh or import_run.report_of(kept)
    status = error.status if error else 200
    return page("admin/importer/run.html", status, run=kept, report=report, error=error, nav="importer")


def _run(session: Session, number: int) -> ImportRun:
    return import_run.run_of(session, g.school, g.contact, number)
