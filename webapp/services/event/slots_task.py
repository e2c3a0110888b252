"""Carry out a long deed of the Slots menu while somebody watches, or leaves: so many teachers at a time, each whole."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from webapp.db import Database
from webapp.errors import DomainError, NotFound, ProviderError
from webapp.models import Contact, Event, School, Task
from webapp.services.event.copy_slots import copy_slots, preview_copy
from webapp.services.event.create_slots import create_slots, preview_create
from webapp.services.event.delete_slots import delete_slots, preview_delete
from webapp.services.event.events import event_of
from webapp.services.event.move_slots import move_slots, preview_move
from webapp.services.event.report import teachers_of
from webapp.services.event.slots import SlotCounts, chosen_resources
from webapp.services.event.slots_menu import CopyForm, CreateForm, DeleteForm, MoveForm, Typed, UpdateForm
from webapp.services.event.update_slots import preview_update, update_slots
from webapp.services.people.manners import writing_as
from webapp.services.system.audit import Who
from webapp.services.system.errand import DATABASE_TROUBLE, Claim
from webapp.services.system.task import Overtaken, end_task, keep_step, start_task

KIND = "slots"
LONG = 5_000
"""Slots from which nobody should wait for the answer of a form."""

_AS_SLOTS = 10
"""An appointment takes as long as so many slots: its link, its mail and everybody's minutes follow."""

_TEACHERS = 20
"""At a time: families who book meanwhile wait no longer than for these."""


@dataclass(frozen=True)
class Deed:
    """The form, what counts and what acts."""

    shape: type[Typed]
    count: Callable[..., SlotCounts]
    act: Callable[..., SlotCounts]


DEEDS = {
    "create": Deed(CreateForm, preview_create, create_slots),
    "update": Deed(UpdateForm, preview_update, update_slots),
    "copy": Deed(CopyForm, preview_copy, copy_slots),
    "move": Deed(MoveForm, preview_move, move_slots),
    "delete": Deed(DeleteForm, preview_delete, delete_slots),
}


@dataclass(frozen=True)
class Progress:
    """`numbers` are those of `SlotCounts`, of what is done so far."""

    deed: str
    typed: Typed
    numbers: Mapping[str, int]


def is_long(counts: SlotCounts) -> bool:
    return counts.slots + _AS_SLOTS * counts.appointments >= LONG


def start_slots(
    session: Session, event: Event, contact: Contact, deed: str, typed: Typed, *, who: Who, now: datetime
) -> Task:
    """`typed` with the teachers chosen, and counted just now."""
    teachers = chosen_resources(session, event, typed.resources)
    arguments = {
        "event": event.id,
        "deed": deed,
        "typed": typed.model_dump(mode="json") | {"resources": teachers},
        "who": [who.login_id, who.acting_as_id],
    }
    task = start_task(session, event.school_id, KIND, arguments, contact.id, now)
    task.total = len(teachers)
    session.flush()
    return task


def task_of(session: Session, event: Event, task_id: int) -> Task:
    """It says numbers, and of whom it could not go on. Raises NotFound for another event's, or other work."""
    task = session.get(Task, task_id)
    if task is None or task.kind != KIND or task.school_id != event.school_id:
        raise NotFound
    if json.loads(task.arguments)["event"] != event.id:
        raise NotFound
    return task


def progress_of(task: Task) -> Progress:
    said = json.loads(task.arguments)
    typed = DEEDS[said["deed"]].shape.model_validate(said["typed"])
    return Progress(said["deed"], typed, json.loads(task.result or "{}"))


def run_slots(database: Database, claim: Claim, clock: Callable[[], datetime]) -> None:
    """Begun anew after a crash, it goes on with the teachers who are left; a refusal leaves those before as done."""
    try:
        while _next_step(database, claim, clock()):
            pass
    except Overtaken:
        return
    except DATABASE_TROUBLE:
        raise
    except DomainError as error:
        problem = ProviderError(error.message, retry=False, code="refused")
        problem.values = error.values
        with database.transaction() as session:
            result = json.loads(session.get_one(Task, claim.id).result)
            end_task(session, claim, result=result, problem=problem, now=clock())


def _next_step(database: Database, claim: Claim, now: datetime) -> bool:
    """The next teachers in one transaction with the note that they are done. False when none was left."""
    with database.transaction() as session:
        task = session.get_one(Task, claim.id)
        known, so_far = progress_of(task), json.loads(task.result or "{}")
        deed = DEEDS[known.deed]
        is_whole = isinstance(known.typed, MoveForm) and known.typed.goes_whole
        teachers = known.typed.resources[task.done :][: None if is_whole else _TEACHERS]
        if not teachers:
            end_task(session, claim, result=so_far, now=now)
            return False
        with writing_as(session.get_one(School, task.school_id)):
            numbers = _added(so_far, _act(session, task, deed, known.typed, teachers, now=now))
        keep_step(session, claim, done=task.done + len(teachers), result=numbers, now=now)
    return True


def _act(
    session: Session, task: Task, deed: Deed, typed: Typed, teachers: Sequence[int], *, now: datetime
) -> Mapping[str, int]:
    """With those who are still there: a selection that names nobody would mean everybody."""
    said = json.loads(task.arguments)
    event = event_of(session, task.school_id, said["event"])
    there = {number for number, _ in teachers_of(session, event)}
    present = [number for number in teachers if number in there]
    if not present:
        return {}
    who = Who(*said["who"])
    if isinstance(typed, MoveForm):
        everybody = typed.model_copy(update={"resources": [number for number in typed.resources if number in there]})
        return move_slots(session, event, everybody, first=present, who=who, now=now).numbers
    some = typed.model_copy(update={"resources": present})
    counts: SlotCounts = deed.act(session, event, some, who=who, now=now)
    return counts.numbers


def _added(so_far: Mapping[str, int], more: Mapping[str, int]) -> dict[str, Any]:
    return {name: so_far.get(name, 0) + more.get(name, 0) for name in {*so_far, *more}}
