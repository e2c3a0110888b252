"""Make an appointment at the desk: a time of a teacher, a family that is known or new, and the child."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from webapp.errors import N_, Invalid, NotAllowed
from webapp.i18n import local_day
from webapp.models import Appointment, Contact, Event, Level, Resource
from webapp.models.event.slot import EITHER, VIRTUAL
from webapp.services.booking.book_for import book_for
from webapp.services.booking.customers import customer_of
from webapp.services.booking.family import Child, named_child
from webapp.services.booking.times import timetable_of
from webapp.services.booking.timetable import Time
from webapp.services.people.accounts import checked_email
from webapp.services.people.contacts import ContactInput, Ref, Words, add_contact
from webapp.services.people.families import link, student_called
from webapp.services.system.audit import Who


class MakeInput(BaseModel):
    """`customer` is a `Customer.key` among what was found by the words of `q`; without one the other fields say who is
    new. `ref` is a StudentID, `child` a name in a Simple PTA event. `type` counts where the slot leaves it open."""

    model_config = ConfigDict(str_strip_whitespace=True)

    slot: str = Field(min_length=1, max_length=40)
    customer: str = Field(default="", max_length=30)
    q: str = Field(default="", max_length=200)
    first: Words = ""
    last: Words = ""
    email: str = Field(default="", max_length=254)
    ref: Ref = ""
    child: Words = ""
    type: Literal["P", "V"] = "P"


@dataclass(frozen=True)
class Openings:
    """A teacher's times that have a place left, also those that families do not see."""

    event: Event
    resource: Resource
    times: Sequence[Time]

    @property
    def days(self) -> list[tuple[date, list[Time]]]:
        by_day = groupby(self.times, key=lambda time: local_day(time.starts_at, self.event.zone))
        return [(day, list(times)) for day, times in by_day]

    @property
    def has_open_kind(self) -> bool:
        return any(time.kind == EITHER for time in self.times)


def openings_of(session: Session, event: Event, resource: Resource, *, now: datetime) -> Openings:
    assert resource.id is not None
    table = timetable_of(session, event, [resource.id], None, [], now=now, at_desk=True)
    return Openings(event, resource, table.times(resource.id, []))


def may_add(editor: Contact, event: Event) -> bool:
    """In a PTA event whoever adds a parent ties them to a student, which is the office's to do."""
    return event.is_simple or editor.level >= Level.EVENT_ADMINISTRATOR


def make_appointment(
    session: Session,
    event: Event,
    resource: Resource,
    typed: MakeInput,
    *,
    editor: Contact,
    only_known: bool,
    who: Who,
    now: datetime,
) -> Appointment:
    """For a known family or a new one. Raises what `book_for` raises, Taken for an address that a contact has, and
    Invalid where nobody was chosen or typed."""
    if typed.customer:
        customer = customer_of(session, event, resource, typed.customer, typed.q, only_known=only_known)
        maker, child = customer.contact, customer.child or named_child(typed.child)
    else:
        if not may_add(editor, event):
            raise NotAllowed
        child = named_child(typed.child) if event.is_simple else _child(session, event, typed)
        maker = _added(session, event, typed, child, who=who, now=now)
    return book_for(
        session,
        event,
        maker,
        child,
        typed.slot,
        resource=resource.token,
        wants_virtual=typed.type == VIRTUAL,
        who=who,
        now=now,
    )


def _child(session: Session, event: Event, typed: MakeInput) -> Child:
    if not typed.ref:
        raise Invalid(N_("Choose a family, or type a new parent with the StudentID of their child."), field="ref")
    student = student_called(session, event.school_id, typed.ref)
    return Child(student.name, f"s{student.id}", student.id, student.token, student.grade)


def _added(session: Session, event: Event, typed: MakeInput, child: Child, *, who: Who, now: datetime) -> Contact:
    if not (typed.first or typed.last):
        raise Invalid(N_("Type the name of the parent."), field="last")
    wanted = ContactInput(first=typed.first, last=typed.last, email=checked_email(typed.email) if typed.email else "")
    maker = add_contact(session, event.school_id, wanted, who=who, now=now)
    if child.student_id is not None:
        student = student_called(session, event.school_id, typed.ref)
        link(session, maker, student, who=who, now=now)
    return maker
