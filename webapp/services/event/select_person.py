"""Select Person: find who may become a teacher of an event among the school's people, or add somebody new."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import or_, select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid
from webapp.models import Contact, Event, Level, Resource
from webapp.services.event.inputs import LARGEST_ID
from webapp.services.event.resources import add_teacher, resources_of
from webapp.services.event.slots import lock_event
from webapp.services.people.contacts import ContactInput, add_contact
from webapp.services.people.folding import holds
from webapp.services.people.name_order import name_key
from webapp.services.system.audit import Who

MOST_SHOWN = 50


class PersonSearch(BaseModel):
    """Empty fields ask for nothing."""

    model_config = ConfigDict(str_strip_whitespace=True)

    last: str = Field(default="", max_length=100)
    first: str = Field(default="", max_length=100)
    email: str = Field(default="", max_length=254)


class ChosenPeople(BaseModel):
    people: list[Annotated[int, Field(ge=1, le=LARGEST_ID)]] = Field(min_length=1, max_length=500)


@dataclass(frozen=True)
class Candidate:
    """`is_in_event`: they have a schedule of their own here already."""

    id: int
    name: str
    email: str
    is_in_event: bool


@dataclass(frozen=True)
class Candidates:
    """The first of those found, by name, and how many there are in all."""

    people: Sequence[Candidate]
    total: int


def find_people(session: Session, event: Event, editor: Contact, asked: PersonSearch) -> Candidates:
    found = [one for one in session.execute(_findable(editor)).scalars() if _is_asked_for(one, asked)]
    found.sort(key=lambda one: (name_key(one.first, one.last), one.id))
    here = _alone_in(session, event)
    shown = (Candidate(one.id, one.name, one.email or "", one.id in here) for one in found[:MOST_SHOWN])
    return Candidates(tuple(shown), len(found))


def add_people(
    session: Session, event: Event, editor: Contact, chosen: Collection[int], *, who: Who, now: datetime
) -> list[Resource]:
    """Each gets a schedule of their own, after the others; who has one keeps it. Raises Invalid for somebody whom the
    editor cannot find."""
    # Of two who add at once, the second sees whom the first brought.
    lock_event(session, event)
    rows = session.execute(_findable(editor).where(col(Contact.id).in_(sorted(set(chosen))))).scalars()
    people = {one.id: one for one in rows}
    if set(chosen) - set(people):
        raise Invalid(N_("Somebody whom you chose is not there any more. Search again."), field="people")
    here = _alone_in(session, event)
    new = [people[number] for number in dict.fromkeys(chosen) if number not in here]
    return [add_teacher(session, event, one, who=who, now=now) for one in new]


def add_somebody_new(session: Session, event: Event, typed: ContactInput, *, who: Who, now: datetime) -> Resource:
    """A contact of the school, an Appointment Viewer where they have an address to sign in with, and their schedule.
    Raises Taken for an address that somebody has."""
    lock_event(session, event)
    level = Level.VIEWER if typed.email else Level.CUSTOMER
    contact = add_contact(session, event.school_id, typed, level=level, who=who, now=now)
    return add_teacher(session, event, contact, who=who, now=now)


def _findable(editor: Contact) -> Any:
    """Whom the school knows as a customer only is found by Administrators: for others they are nobody's business."""
    query = select(Contact).where(col(Contact.school_id) == editor.school_id)
    if editor.level >= Level.ADMINISTRATOR:
        return query
    return query.where(or_(col(Contact.level) > Level.CUSTOMER, col(Contact.teacher_ref).is_not(None)))


def _is_asked_for(one: Contact, asked: PersonSearch) -> bool:
    return holds(one.last, asked.last) and holds(one.first, asked.first) and holds(one.email or "", asked.email)


def _alone_in(session: Session, event: Event) -> set[int | None]:
    return {it.members[0].id for it in resources_of(session, event) if len(it.members) == 1}
