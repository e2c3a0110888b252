"""Import a roster: the dry run and Apply take the same road, so that the one says exactly what the other does."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from webapp import faults
from webapp.errors import Busy
from webapp.models import Level, School
from webapp.services.event.renamed import renaming
from webapp.services.people.accounts import password_hash
from webapp.services.people.manners import writing_as
from webapp.services.roster.absent import mark_absent
from webapp.services.roster.apply import write_lists
from webapp.services.roster.columns import ANY_KIND, layouts_of
from webapp.services.roster.decide import decide
from webapp.services.roster.facts import Roster
from webapp.services.roster.load import load_lists
from webapp.services.roster.read_roster import read_roster
from webapp.services.roster.report import Report
from webapp.services.roster.rooms import write_rooms
from webapp.services.roster.write_evenings import hold_events, write_times
from webapp.services.system import audit
from webapp.services.system.audit import Who

HASHES_TO_A_BEAT = 50
"""Five seconds, or some more on a busy machine; a lease lasts a minute."""

_MET = frozenset(
    {"23503", "23505", "SQLITE_CONSTRAINT_FOREIGNKEY", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE"}
)
"""What two who write at once may run into. Any other constraint is broken by ourselves, and as often as we try."""


@dataclass
class ImportPlan:
    """What the files say, and what that would change in the database as it was when they were read."""

    roster: Roster = field(repr=False)
    report: Report
    same: frozenset[str] = frozenset()
    new_passwords: dict[str, str] = field(default_factory=dict, repr=False)
    hashes: dict[str, str] = field(default_factory=dict, repr=False)

    def hash_passwords(self, *, beat: Callable[[], None] = lambda: None) -> None:
        """Takes 0.1 s for each: call it before the transaction that applies, which else does it. `beat` is called from
        time to time, by who has to say meanwhile that the work goes on."""
        missing = [email for email in self.new_passwords if email not in self.hashes]
        for nth, email in enumerate(missing, start=1):
            self.hashes[email] = password_hash(self.new_passwords[email], level=Level.VIEWER)
            if nth % HASHES_TO_A_BEAT == 0:
                beat()


def plan_import(
    session: Session,
    school: School,
    files: dict[str, bytes],
    *,
    kind: str = ANY_KIND,
    same: frozenset[str] = frozenset(),
    dates: str = "",
    now: datetime,
) -> ImportPlan:
    """Reads only. `kind` is the Data Type of all files, `dates` says how theirs are written, `same` are the questions
    answered with yes. Raises Invalid where the files are refused whole."""
    roster = read_roster(files, layouts_of(session, _id(school), kind), dates=dates)
    lists = load_lists(session, _id(school), roster, now=now)
    lists.doubts.same = same
    with writing_as(school):
        report = decide(roster, lists, now=now)
    report.dates = dates
    return ImportPlan(roster, report, same, new_passwords=lists.new_passwords)


def apply_import(
    session: Session, school: School, plan: ImportPlan, *, marks_absent: bool = False, who: Who, now: datetime
) -> Report:
    """Write the sound rows in this transaction; with `marks_absent` the files are all of the school.

    The report is new: somebody may have changed the roster meanwhile.

    Raises Busy where two people change the same row at once; nothing is written then.
    """
    school_id = _id(school)
    _take_turn(session, school_id)
    hold_events(session, school_id, plan.roster)
    lists = load_lists(session, school_id, plan.roster, now=now)
    lists.doubts.same = plan.same
    with writing_as(school):
        report = decide(plan.roster, lists, now=now)
    if marks_absent:
        mark_absent(lists, now=now)
    plan.new_passwords = lists.new_passwords
    plan.hash_passwords()
    hashes = {email: plan.hashes[email] for email in lists.new_passwords}
    try:
        with renaming(session, school_id, lists.people.renamed, now=now):
            write_lists(session, school_id, lists, hashes=hashes, now=now)
        write_rooms(session, school_id, lists.new_cells, who=who, now=now)
        with writing_as(school):
            write_times(session, school_id, lists.evenings, who=who, now=now)
    except IntegrityError as error:
        if _code(error) in _MET:
            raise Busy from error
        raise
    _record(session, school_id, report, who=who, now=now)
    faults.point("import.before_commit")
    return report


def _code(error: IntegrityError) -> str:
    """Of PostgreSQL or of SQLite."""
    code: str = getattr(error.orig, "sqlstate", "") or getattr(error.orig, "sqlite_errorname", "")
    return code


def _take_turn(session: Session, school_id: int) -> None:
    """One import at a time in a school; bookings, which only refer to the school, go on."""
    session.execute(select(col(School.id)).where(col(School.id) == school_id).with_for_update(key_share=True)).all()


def _record(session: Session, school_id: int, report: Report, *, who: Who, now: datetime) -> None:
    tallies = {"created": report.created, "updated": report.updated}
    counts = {f"{action} {kind}": n for action, tally in tallies.items() for kind, n in tally.items() if n}
    if report.rooms:
        counts["rooms"] = report.rooms
    audit.record(
        session,
        "roster.import",
        who=who,
        school_id=school_id,
        subject=f"school {school_id}",
        now=now,
        left_out=report.left_out,
        **counts,
    )


def _id(school: School) -> int:
    assert school.id is not None
    return school.id
