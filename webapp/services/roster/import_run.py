"""Keep an upload between its dry run and its Apply, and what came of it."""

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, update
from sqlmodel import Session, col

from webapp.errors import N_, DomainError, Invalid, NotFound
from webapp.models import Contact, ImportRun, School
from webapp.models.roster.import_run import NOTHING_READ
from webapp.services.roster import upload
from webapp.services.roster.columns import ANY_KIND, Unclear, layouts_of, name_columns, unclear
from webapp.services.roster.import_roster import ImportPlan, apply_import, plan_import
from webapp.services.roster.read_files import Table
from webapp.services.roster.read_roster import read_tables
from webapp.services.roster.report import Report
from webapp.services.roster.times import DAY_FIRST, MONTH_FIRST
from webapp.services.system.audit import Who

SHOWN = 10


class AlreadyApplied(DomainError):
    message = N_("This file was already imported. Upload it again to import it once more.")


class Discarded(DomainError):
    message = N_("This preview was discarded. Upload the file again to import it.")


class LeftOutNotConfirmed(Invalid):
    message = N_("Rows that would be left out: %(n)s. Confirm this, or correct the file and upload it again.")
    field = "confirmed"


def open_uploads(uploads: Sequence[tuple[str, bytes]]) -> dict[str, bytes]:
    """One zip, or one or several files. Raises Invalid for none, for two of one name, and for too much together."""
    files: dict[str, bytes] = {}
    room = upload.MOST_BYTES
    for name, content in uploads:
        for inner, bytes_ in upload.open_upload(name, content).items():
            if inner in files:
                raise Invalid(N_("There are two files named %(file)s. Choose one of them."), field="file", file=inner)
            files[inner] = bytes_
            room -= len(bytes_)
        if room < 0:
            raise Invalid(upload.TOO_BIG, field="file", file=name)
    if not files:
        raise Invalid(N_("Choose the roster's files, or a zip of them."), field="file")
    return files


def dry_run(
    session: Session, school: School, files: dict[str, bytes], *, kind: str = ANY_KIND, now: datetime
) -> Report:
    """Reads only, and may take long: call it before the transaction that keeps it. Raises Invalid when refused."""
    return plan_import(session, school, files, kind=kind, now=now).report


def keep_upload(
    session: Session,
    school: School,
    contact: Contact,
    files: dict[str, bytes],
    report: Report,
    *,
    kind: str = ANY_KIND,
    now: datetime,
) -> ImportRun:
    """With what its dry run said; nothing of the roster changes."""
    return _keep(session, school, contact, files, report.dumps(), kind=kind, now=now)


def keep_unread(
    session: Session, school: School, contact: Contact, files: dict[str, bytes], *, now: datetime
) -> ImportRun:
    """An upload that was refused since its columns are not known, kept until somebody says what they are."""
    return _keep(session, school, contact, files, NOTHING_READ, now=now)


def columns_of(session: Session, school: School, run: ImportRun, *, number: int | None, kind: str) -> Unclear | None:
    """What has to be said of the columns of an upload; None once all its files are recognised. Raises Invalid."""
    assert school.id is not None
    layouts = layouts_of(session, school.id)
    return unclear(read_tables(_content(run)), layouts, number=number, kind=kind)


def say_columns(
    session: Session,
    school: School,
    run: ImportRun,
    table: Table,
    columns: Sequence[str],
    *,
    kind: str,
    who: Who,
    now: datetime,
) -> None:
    """Remember them for the school. A file of another kind than the Data Type of the upload ends that: dry run and
    Apply both go by the columns then. Raises Invalid."""
    assert school.id is not None
    if kind != run.kind:
        run.kind = ANY_KIND
    name_columns(session, school.id, table, kind, columns, who=who, now=now)


def table_of(run: ImportRun, number: int) -> Table:
    """One of the upload's tables, which takes long. Raises Invalid, NotFound."""
    tables = read_tables(_content(run))
    if not 0 <= number < len(tables):
        raise NotFound
    return tables[number]


def run_of(session: Session, school: School, contact: Contact, run_id: int) -> ImportRun:
    """What was applied concerns every Administrator of the school, a dry run only who made it. Raises NotFound."""
    query = select(ImportRun).where(col(ImportRun.id) == run_id, *_shown_to(school, contact))
    run: ImportRun | None = session.execute(query).scalar_one_or_none()
    if run is None:
        raise NotFound
    return run


def recent_runs(session: Session, school: School, contact: Contact) -> list[ImportRun]:
    query = select(ImportRun).where(*_shown_to(school, contact)).order_by(col(ImportRun.id).desc())
    return list(session.execute(query.limit(SHOWN)).scalars())


def dry_run_again(session: Session, school: School, run: ImportRun, *, dates: str = "", now: datetime) -> Report:
    """As `dry_run`, of a kept upload; `dates` is how somebody says now that they are written. Raises Invalid."""
    if dates not in {"", MONTH_FIRST, DAY_FIRST}:
        raise Invalid(N_("Choose one of the list."), field="dates")
    said = dates or report_of(run).dates
    return plan_import(session, school, _content(run), kind=run.kind, dates=said, now=now).report


def keep_report(session: Session, run: ImportRun, report: Report) -> None:
    """Of another dry run. Raises AlreadyApplied, Discarded."""
    session.refresh(run, with_for_update=True)
    _refuse_ended(run)
    run.report = report.dumps()


def report_of(run: ImportRun) -> Report:
    return Report.loads(run.report)


def prepare(
    session: Session,
    school: School,
    run: ImportRun,
    *,
    same: frozenset[str] = frozenset(),
    beat: Callable[[], None] = lambda: None,
    now: datetime,
) -> ImportPlan:
    """Read the kept upload once more, with the slow part done: call it before the transaction that applies. `beat` is
    called from time to time meanwhile."""
    dates = report_of(run).dates
    plan = plan_import(session, school, _content(run), kind=run.kind, same=same, dates=dates, now=now)
    plan.hash_passwords(beat=beat)
    return plan


def apply_run(
    session: Session,
    school: School,
    run: ImportRun,
    plan: ImportPlan,
    *,
    confirmed: int,
    marks_absent: bool = False,
    who: Who,
    now: datetime,
) -> Report:
    """Take the sound rows in this transaction. `confirmed` is how many rows the person agreed to leave out.

    Raises LeftOutNotConfirmed, AlreadyApplied.
    """
    session.refresh(run, with_for_update=True)
    _refuse_ended(run)
    report = apply_import(session, school, plan, marks_absent=marks_absent, who=who, now=now)
    if report.left_out > confirmed:
        raise LeftOutNotConfirmed(n=report.left_out)
    run.report, run.applied_at, run.content = report.dumps(), now, None
    return report


def discard(session: Session, run: ImportRun, *, now: datetime) -> None:
    """The names in it are deleted at once. Raises AlreadyApplied; discarding twice is fine."""
    session.refresh(run, with_for_update=True)
    if run.applied_at:
        raise AlreadyApplied
    run.discarded_at, run.content, run.report = run.discarded_at or now, None, _numbers(run.report)


def forget_uploads(session: Session, *, before: datetime) -> None:
    """The names in what nobody applied: of its report the numbers stay."""
    is_kept = col(ImportRun.content).is_not(None)
    old = select(col(ImportRun.id), col(ImportRun.report)).where(col(ImportRun.created_at) < before, is_kept)
    for number, report in session.execute(old).all():
        forgetting = update(ImportRun).where(col(ImportRun.id) == number, is_kept)
        session.execute(forgetting.values(content=None, report=_numbers(report)))


def _numbers(report: str) -> str:
    """Of an upload that was never read there are none."""
    return report if report == NOTHING_READ else Report.loads(report).numbers().dumps()


def _shown_to(school: School, contact: Contact) -> tuple[ColumnElement[bool], ...]:
    may_see = or_(col(ImportRun.applied_at).is_not(None), col(ImportRun.contact_id) == contact.id)
    return col(ImportRun.school_id) == school.id, may_see


def _keep(
    session: Session,
    school: School,
    contact: Contact,
    files: dict[str, bytes],
    report: str,
    *,
    kind: str = ANY_KIND,
    now: datetime,
) -> ImportRun:
    assert school.id is not None
    run = ImportRun(
        school_id=school.id,
        contact_id=contact.id,
        kind=kind,
        filename=", ".join(files)[:255],
        content=_packed(files),
        report=report,
        created_at=now,
    )
    session.add(run)
    session.flush()
    return run


def _refuse_ended(run: ImportRun) -> None:
    if run.applied_at:
        raise AlreadyApplied
    if run.discarded_at:
        raise Discarded


def _content(run: ImportRun) -> dict[str, bytes]:
    _refuse_ended(run)
    if run.content is None:
        raise Invalid(N_("This upload is older than a day and was deleted. Upload the file again."))
    return _unpacked(run.content)


def _packed(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _unpacked(content: bytes) -> dict[str, bytes]:
    """All of it: what was not meant was left out before it was packed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
