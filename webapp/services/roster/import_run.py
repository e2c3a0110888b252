"""Keep an upload between its dry run and its Apply, and what came of it."""

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import Session, col

from webapp.errors import N_, DomainError, Invalid, NotFound
from webapp.models import Contact, ImportRun, School
from webapp.services.roster import upload
from webapp.services.roster.import_roster import ImportPlan, apply_import, plan_import
from webapp.services.roster.report import Report
from webapp.services.system.audit import Who

SHOWN = 10


class AlreadyApplied(DomainError):
    message = N_("This file was already imported. Upload it again to import it once more.")


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


def try_upload(
    session: Session, school: School, contact: Contact, files: dict[str, bytes], *, now: datetime
) -> ImportRun:
    """The dry run: nothing of the roster changes, the upload and its report are kept. Raises Invalid when refused."""
    plan = plan_import(session, school, files, now=now)
    assert school.id is not None
    run = ImportRun(
        school_id=school.id,
        contact_id=contact.id,
        filename=", ".join(files)[:255],
        content=_packed(files),
        report=plan.report.dumps(),
        created_at=now,
    )
    session.add(run)
    session.flush()
    return run


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


def report_of(run: ImportRun) -> Report:
    return Report.loads(run.report)


def prepare(
    session: Session, school: School, run: ImportRun, *, same: frozenset[str] = frozenset(), now: datetime
) -> ImportPlan:
    """Read the kept upload once more, with the slow part done: call it before the transaction that applies."""
    if run.applied_at:
        raise AlreadyApplied
    if run.content is None:
        raise Invalid(N_("This upload is older than a day and was deleted. Upload the file again."))
    plan = plan_import(session, school, _unpacked(run.content), same=same, now=now)
    plan.hash_passwords()
    return plan


def apply_run(
    session: Session, school: School, run: ImportRun, plan: ImportPlan, *, confirmed: int, who: Who, now: datetime
) -> Report:
    """Take the sound rows in this transaction. `confirmed` is how many rows the person agreed to leave out.

    Raises LeftOutNotConfirmed, AlreadyApplied.
    """
    session.refresh(run, with_for_update=True)
    if run.applied_at:
        raise AlreadyApplied
    report = apply_import(session, school, plan, who=who, now=now)
    if report.left_out > confirmed:
        raise LeftOutNotConfirmed(n=report.left_out)
    run.report, run.applied_at, run.content = report.dumps(), now, None
    return report


def _shown_to(school: School, contact: Contact) -> tuple[ColumnElement[bool], ...]:
    may_see = or_(col(ImportRun.applied_at).is_not(None), col(ImportRun.contact_id) == contact.id)
    return col(ImportRun.school_id) == school.id, may_see


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
