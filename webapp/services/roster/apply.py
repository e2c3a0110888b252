"""Write what was decided, in bulk statements whose number does not grow with the rows of the files."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, insert, select, update
from sqlmodel import Session, col

from webapp import faults
from webapp.errors import Busy
from webapp.models import Class, ClassTeacher, Contact, Enrolment, Guardian, Level, Login, Student
from webapp.models.base import new_token
from webapp.portions import portions
from webapp.services.booking.over_limit import hold_bookings, mark_over_limit
from webapp.services.people.feeds import stop_feeds
from webapp.services.people.sign_in import end_months
from webapp.services.roster.held import Held, HeldPerson, HeldStudent, Lists
from webapp.services.roster.load import needed_for

Columns = dict[str, Hashable]


def write_lists(session: Session, school_id: int, lists: Lists, *, hashes: Mapping[str, str], now: datetime) -> None:
    """`hashes` has the hash of each new password by address. Raises Busy where a deleted student was booked for."""
    session.flush()
    if any(klass.is_limited_anew for klass in lists.classes.values()):
        hold_bookings(session, school_id)
    own: Columns = {"school_id": school_id}
    _delete_students(session, lists.gone, now=now)
    _write(session, Student, lists.students.values(), lambda: own | {"token": new_token()})
    _write_logins(session, school_id, lists.people.named, hashes, now=now)
    _free_unique_values(session, lists.people.everyone)
    _write(session, Contact, lists.people.everyone, lambda: own | {"token": new_token(), "created_at": now})
    stop_feeds(session, _moved(lists.people.everyone))
    faults.point("import.mid_rows")
    _write(session, Class, lists.classes.values(), lambda: own)
    mark_over_limit(session, school_id)
    _write_teams(session, own, lists)
    _write_ties(session, own, lists)


def _delete_students(session: Session, gone: list[HeldStudent], *, now: datetime) -> None:
    """The lock makes a booking for one of them wait, and then find the student gone."""
    for ids in portions([student.id for student in gone]):
        session.execute(select(col(Student.id)).where(col(Student.id).in_(ids)).with_for_update()).all()
        if session.execute(needed_for(ids, now=now).limit(1)).first() is not None:
            raise Busy
        session.execute(delete(Student).where(col(Student.id).in_(ids)))


def _write(
    session: Session, table: type[Student | Contact | Class], held: Iterable[Held], extra: Callable[[], Columns]
) -> None:
    """Changed rows first: they may give up an address or an ID that a new row takes."""
    rows = list(held)
    new = [row for row in rows if row.id is None]
    _change(session, table, ((row.id, row.changes) for row in rows if row.id is not None))
    if new:
        inserted = insert(table).returning(col(table.id), sort_by_parameter_order=True)
        ids = session.execute(inserted, [extra() | row.columns() for row in new]).scalars()
        for row, row_id in zip(new, ids, strict=True):
            row.id = row_id


def _change(
    session: Session, table: type[Student | Contact | Class], changes: Iterable[tuple[int, Mapping[str, Hashable]]]
) -> None:
    """Nothing but what changed, for somebody may have written the rest since it was loaded. One statement for all rows
    that change in the same columns."""
    alike: dict[tuple[str, ...], list[Columns]] = {}
    for row_id, columns in changes:
        if columns:
            alike.setdefault(tuple(columns), []).append({"id": row_id, **columns})
    for some in alike.values():
        session.execute(update(table), some)


def _write_logins(
    session: Session, school_id: int, people: Iterable[HeldPerson], hashes: Mapping[str, str], *, now: datetime
) -> None:
    """One for each address in the installation, without a password unless the file brought one."""
    unlinked = [person for person in people if person.email and person.login_id is None]
    emails = sorted({person.email for person in unlinked if person.email})
    known = _login_ids(session, emails)
    missing = [email for email in emails if email not in known]
    if missing:
        session.execute(insert(Login), [{"email": email, "epoch": 0, "created_at": now} for email in missing])
        known |= _login_ids(session, missing)
    for person in unlinked:
        person.login_id = known[person.email or ""]
    _drop_foreign_passwords(session, school_id, [person.login_id for person in unlinked if person.login_id])
    _end_months(session, people, now=now)
    _write_passwords(session, school_id, hashes)


def _login_ids(session: Session, emails: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in portions(emails):
        rows = session.execute(select(col(Login.email), col(Login.id)).where(col(Login.email).in_(some)))
        found |= {email: login_id for email, login_id in rows if login_id is not None}
    return found


def _drop_foreign_passwords(session: Session, school_id: int, logins: Sequence[int]) -> None:
    """As `accounts.tie` does for one."""
    gone = {"password_hash": None, "password_school_id": None, "epoch": col(Login.epoch) + 1}
    for some in portions(logins):
        foreign = (col(Login.id).in_(some), col(Login.password_school_id) != school_id)
        session.execute(update(Login).where(*foreign).values(gone))


def _end_months(session: Session, people: Iterable[HeldPerson], *, now: datetime) -> None:
    """Of whoever became staff, or staff of this login."""
    promoted = {
        person.login_id
        for person in people
        if person.login_id and person.level > Level.CUSTOMER and not _was_staff_here(person)
    }
    end_months(session, promoted, now=now)


def _was_staff_here(person: HeldPerson) -> bool:
    return person.was["level"] != Level.CUSTOMER and person.was["login_id"] == person.login_id


def _write_passwords(session: Session, school_id: int, hashes: Mapping[str, str]) -> None:
    """Never over a password that is there, nor for whom another school has tied to the login meanwhile."""
    if not hashes:
        return
    is_elsewhere = exists().where(col(Contact.login_id) == col(Login.id), col(Contact.school_id) != school_id)
    open_login = update(Login).where(
        col(Login.email) == bindparam("address"), col(Login.password_hash).is_(None), ~is_elsewhere
    )
    rows = [{"address": email, "password_hash": hashed} for email, hashed in hashes.items()]
    given = {"password_hash": bindparam("password_hash"), "password_school_id": school_id}
    session.connection().execute(open_login.values(given), rows)


def _free_unique_values(session: Session, people: Iterable[HeldPerson]) -> None:
    """Addresses and IDs may wander between contacts, in any order."""
    _change(session, Contact, ((person.id, _given_up(person)) for person in people if person.id is not None))


def _given_up(person: HeldPerson) -> Columns:
    unique = ("email", "teacher_ref", "parent_ref")
    return {name: None for name in person.changes if name in unique and person.was[name] is not None}


def _moved(people: Iterable[HeldPerson]) -> list[int]:
    """Who has another address than before. Accounts that teachers linked stay: each was consented to by its owner, and
    a school that renames its mail domain would lose every teacher's calendar at once."""
    return [person.id for person in people if person.id and person.was["email"] not in (None, person.email)]


def _write_teams(session: Session, own: Columns, lists: Lists) -> None:
    ids = {ref: lists.classes[ref].id for ref in lists.new_teams}
    for some in portions(ids.values()):
        session.execute(delete(ClassTeacher).where(col(ClassTeacher.class_id).in_(some)))
    members = [
        own | {"class_id": ids[ref], "contact_id": person.id, "position": position}
        for ref, team in lists.new_teams.items()
        for position, person in enumerate(team)
    ]
    if members:
        session.execute(insert(ClassTeacher), members)


def _write_ties(session: Session, own: Columns, lists: Lists) -> None:
    enrolled = [
        own | {"class_id": lists.classes[class_ref].id, "student_id": lists.students[student_ref].id}
        for class_ref, student_ref in lists.new_enrolled
    ]
    if enrolled:
        session.execute(insert(Enrolment), enrolled)
    tied = [
        own | {"contact_id": person.id, "student_id": lists.students[student_ref].id}
        for person, student_ref in lists.new_tied
    ]
    if tied:
        session.execute(insert(Guardian), tied)
