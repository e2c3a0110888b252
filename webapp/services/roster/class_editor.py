"""Edit a class of the roster: what it is called and allows, who teaches it, and who sits in it."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from webapp.errors import N_, NotFound
from webapp.models import Appointment, Class, ClassTeacher, Contact
from webapp.models.booking.appointment import OVER_LIMIT
from webapp.services.booking.over_limit import hold_bookings, mark_over_limit
from webapp.services.people.contacts import Taken, Words, without_control
from webapp.services.people.staff import staff_besides
from webapp.services.system import audit
from webapp.services.system.audit import Who


class ClassInput(BaseModel):
    """`class_ref` is the ClassID by which the Importer finds it; `appointments_allowed` is PTAN: how many a student may
    have in this class."""

    model_config = ConfigDict(str_strip_whitespace=True)

    class_ref: Annotated[str, Field(min_length=1, max_length=255), AfterValidator(without_control)]
    name: Annotated[str, Field(max_length=200), AfterValidator(without_control)] = ""
    group_name: Words = ""
    appointments_allowed: int = Field(ge=0, le=999)


def class_of(session: Session, school_id: int, class_id: int) -> Class:
    """Raises NotFound for another school's."""
    query = select(Class).where(col(Class.id) == class_id, col(Class.school_id) == school_id)
    row: Class | None = session.execute(query).scalar_one_or_none()
    if row is None:
        raise NotFound
    return row


def class_to_change(session: Session, school_id: int, class_id: int) -> Class:
    """As `class_of`, as it stands now, while nobody books."""
    hold_bookings(session, school_id)
    row = class_of(session, school_id, class_id)
    session.refresh(row, with_for_update={"key_share": True})
    return row


def save_class(session: Session, row: Class, typed: ClassInput, *, who: Who, now: datetime) -> int:
    """Of a class to change: how many appointments are over what it allows now; they turn red, and the families keep
    them. Raises Taken for another class's ClassID."""
    fill_class(session, row, typed)
    mark_over_limit(session, row.school_id)
    _record(session, row, "class.change", who=who, now=now)
    over = (col(Appointment.class_id) == row.id, col(Appointment.problem) == OVER_LIMIT)
    query = select(func.count(col(Appointment.id))).where(*over, col(Appointment.cancelled_at).is_(None))
    number: int = session.execute(query).scalar_one()
    return number


def fill_class(session: Session, row: Class, typed: ClassInput) -> None:
    """Raises Taken for a ClassID that another class has."""
    _refuse_taken(session, row, typed.class_ref)
    try:
        with session.begin_nested():
            for name, value in typed.model_dump(include=set(ClassInput.model_fields)).items():
                setattr(row, name, value)
            session.add(row)
            session.flush()
    except IntegrityError:
        # Somebody was quicker: say which.
        _refuse_taken(session, row, typed.class_ref)
        raise


def class_teachers(session: Session, row: Class) -> list[Contact]:
    """In order; the first leads."""
    query = (
        select(Contact)
        .join(ClassTeacher, col(ClassTeacher.contact_id) == col(Contact.id))
        .where(col(ClassTeacher.class_id) == row.id)
        .order_by(col(ClassTeacher.position), col(ClassTeacher.contact_id))
    )
    return list(session.execute(query).scalars())


def may_teach(session: Session, row: Class) -> list[Contact]:
    """Staff of the school who do not teach the class, by name."""
    taken = select(col(ClassTeacher.contact_id)).where(col(ClassTeacher.class_id) == row.id)
    return staff_besides(session, row.school_id, taken)


def add_class_teacher(session: Session, row: Class, contact_id: int, *, who: Who, now: datetime) -> None:
    """After the others. Events keep their teams. Raises NotFound for who is not of the staff."""
    team = _locked(session, row)
    if any(one.contact_id == contact_id for one in team):  # by a second click
        return
    if all(one.id != contact_id for one in may_teach(session, row)):
        raise NotFound
    last = max((one.position for one in team), default=-1)
    ties = {"class_id": row.id or 0, "contact_id": contact_id, "school_id": row.school_id}
    session.add(ClassTeacher(**ties, position=last + 1))
    _record(session, row, "class.teachers", who=who, now=now, added=contact_id)


def drop_class_teacher(session: Session, row: Class, contact_id: int, *, who: Who, now: datetime) -> None:
    """What families booked stays. Who is gone already is no trouble."""
    for one in _locked(session, row):
        if one.contact_id == contact_id:
            session.delete(one)
            _record(session, row, "class.teachers", who=who, now=now, removed=contact_id)


def raise_class_teacher(session: Session, row: Class, contact_id: int, *, who: Who, now: datetime) -> None:
    """One place nearer to the first. Raises NotFound for who does not teach the class."""
    team = _locked(session, row)
    place = next((n for n, one in enumerate(team) if one.contact_id == contact_id), None)
    if place is None:
        raise NotFound
    if place:
        team.insert(place - 1, team.pop(place))
    for position, one in enumerate(team):
        one.position = position
    _record(session, row, "class.teachers", who=who, now=now, raised=contact_id)


def _locked(session: Session, row: Class) -> list[ClassTeacher]:
    """Of two who change the teachers of a class, the second sees what the first did."""
    session.execute(select(col(Class.id)).where(col(Class.id) == row.id).with_for_update())
    query = select(ClassTeacher).where(col(ClassTeacher.class_id) == row.id).execution_options(populate_existing=True)
    in_order = query.order_by(col(ClassTeacher.position), col(ClassTeacher.contact_id))
    return list(session.execute(in_order).scalars())


def _refuse_taken(session: Session, row: Class, ref: str) -> None:
    query = select(Class).where(col(Class.school_id) == row.school_id, col(Class.class_ref) == ref)
    holder = session.execute(query).scalar_one_or_none()
    if holder is not None and holder.id != row.id:
        raise Taken(N_("%(holder)s has this ClassID already."), field="class_ref", holder=holder.name or ref)


def _record(session: Session, row: Class, action: str, *, who: Who, now: datetime, **detail: int) -> None:
    session.flush()
    subject = f"class {row.id}"
    audit.record(session, action, who=who, school_id=row.school_id, subject=subject, now=now, **detail)
