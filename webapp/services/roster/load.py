"""Load what the database has of a school's roster, in a fixed number of queries."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from sqlalchemy import CompoundSelect, Select, case, func, or_, select
from sqlmodel import Session, col

from webapp.models import Appointment, Class, ClassTeacher, Contact, Enrolment, Guardian, Level, Login, Slot, Student
from webapp.portions import portions
from webapp.services.booking.still_outside import is_still_outside
from webapp.services.roster.evenings import load_evenings
from webapp.services.roster.facts import Roster
from webapp.services.roster.held import HeldClass, HeldLogin, HeldPerson, HeldStudent, Lists, People
from webapp.services.roster.rooms import load_rooms


def load_lists(session: Session, school_id: int, roster: Roster, *, now: datetime) -> Lists:
    lists = Lists(
        students={student.student_ref: student for student in _students(session, school_id)},
        classes={klass.class_ref: klass for klass in _classes(session, school_id)},
        people=_people(session, school_id),
        logins=_logins(session, school_id, {fact.email for fact in roster.teachers if fact.email}),
        enrolled=_enrolled(session, school_id),
    )
    _load_ties(session, school_id, lists)
    lists.rooms = load_rooms(session, school_id, roster, now=now)
    lists.evenings = load_evenings(session, school_id, roster)
    if any(fact.is_delete for fact in roster.students):
        lists.with_appointments = _students_of(session, school_id, _coming(now))
        lists.leaving = _students_of(session, school_id, _leaving())
    return lists


def needed_for(students: Collection[int | None], *, now: datetime) -> CompoundSelect[int | None]:
    """Which of these students an appointment keeps from being deleted."""
    of_them = col(Appointment.student_id).in_(students)
    return _coming(now).where(of_them).union_all(_leaving().where(of_them))


def _coming(now: datetime) -> Select[int | None]:
    """An expired hold is no appointment; what has passed keeps nobody, as in Contacts."""
    return (
        select(col(Appointment.student_id))
        .join(Slot, col(Slot.id) == col(Appointment.slot_id))
        .where(
            col(Appointment.cancelled_at).is_(None),
            or_(col(Appointment.held_until).is_(None), col(Appointment.held_until) > now),
            col(Slot.ends_at) > now,
        )
    )


def _leaving() -> Select[int | None]:
    return select(col(Appointment.student_id)).where(is_still_outside())


def _students(session: Session, school_id: int) -> Iterator[HeldStudent]:
    columns = (
        Student.id,
        Student.student_ref,
        Student.first,
        Student.last,
        Student.security_value,
        Student.grade,
        Student.absent_since,
    )
    query = select(*map(col, columns)).where(col(Student.school_id) == school_id)
    return (HeldStudent(*row) for row in session.execute(query))


def _classes(session: Session, school_id: int) -> Iterator[HeldClass]:
    columns = (Class.id, Class.class_ref, Class.name, Class.group_name, Class.appointments_allowed)
    query = select(*map(col, columns)).where(col(Class.school_id) == school_id)
    return (HeldClass(*row) for row in session.execute(query))


def _people(session: Session, school_id: int) -> People:
    columns = (
        Contact.id,
        Contact.login_id,
        Contact.email,
        Contact.first,
        Contact.last,
        Contact.level,
        Contact.teacher_ref,
        Contact.parent_ref,
        Contact.room,
        Contact.virtual_room,
        Contact.absent_since,
    )
    people = People()
    for row in session.execute(select(*map(col, columns)).where(col(Contact.school_id) == school_id)):
        people.add(HeldPerson(*row))
    return people


def _enrolled(session: Session, school_id: int) -> set[tuple[str, str]]:
    query = (
        select(col(Class.class_ref), col(Student.student_ref))
        .join(Enrolment, col(Enrolment.class_id) == col(Class.id))
        .join(Student, col(Student.id) == col(Enrolment.student_id))
        .where(col(Enrolment.school_id) == school_id)
    )
    return {(class_ref, student_ref) for class_ref, student_ref in session.execute(query)}


def _load_ties(session: Session, school_id: int, lists: Lists) -> None:
    """Who teaches which class, and who is whose parent."""
    by_id = {person.id: person for person in lists.people.everyone}
    for contact_id, class_ref in session.execute(_teaching(school_id)):
        lists.teams.setdefault(class_ref, []).append(by_id[contact_id])
    for contact_id, student_ref in session.execute(_guarding(school_id)):
        lists.tied.add((by_id[contact_id], student_ref))


def _teaching(school_id: int) -> Select[int, str]:
    return (
        select(col(ClassTeacher.contact_id), col(Class.class_ref))
        .join(Class, col(Class.id) == col(ClassTeacher.class_id))
        .where(col(ClassTeacher.school_id) == school_id)
        .order_by(col(ClassTeacher.class_id), col(ClassTeacher.position))
    )


def _guarding(school_id: int) -> Select[int, str]:
    return (
        select(col(Guardian.contact_id), col(Student.student_ref))
        .join(Student, col(Student.id) == col(Guardian.student_id))
        .where(col(Guardian.school_id) == school_id)
    )


def _logins(session: Session, school_id: int, emails: Iterable[str]) -> dict[str, HeldLogin]:
    found: dict[str, HeldLogin] = {}
    for some in portions(sorted(emails)):
        for login_id, email, has_password, elsewhere, level in session.execute(_login_query(school_id, some)):
            is_ours = elsewhere == 0 and (level or 0) < Level.EVENT_ADMINISTRATOR
            found[email] = HeldLogin(login_id, has_password, is_ours)
    return found


def _login_query(school_id: int, emails: list[str]) -> Select[int | None, str, bool, int, int]:
    elsewhere = func.count(case((col(Contact.school_id) != school_id, 1)))
    return (
        select(
            col(Login.id), col(Login.email), col(Login.password_hash).is_not(None), elsewhere, func.max(Contact.level)
        )
        .outerjoin(Contact, col(Contact.login_id) == col(Login.id))
        .where(col(Login.email).in_(emails))
        .group_by(col(Login.id))
    )


def _students_of(session: Session, school_id: int, appointments: Select[int | None]) -> set[int]:
    query = appointments.where(col(Appointment.school_id) == school_id, col(Appointment.student_id).is_not(None))
    return {student_id for student_id in session.execute(query.distinct()).scalars() if student_id is not None}
