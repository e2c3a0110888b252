"""Cancel, confirm or write to many appointments at once, as work that goes on while somebody watches it."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from webapp.db import Database, wake
from webapp.errors import DomainError, NotFound
from webapp.models import Appointment, Contact, Message, Task
from webapp.models.message.message import OFFICE_MAIL
from webapp.portions import portions
from webapp.providers.base import Providers
from webapp.services.booking.book_for import confirm_appointment
from webapp.services.booking.cancel import cancel_appointment
from webapp.services.booking.errors import AppointmentMoved
from webapp.services.event.inputs import Line, Paragraphs
from webapp.services.system import audit
from webapp.services.system.audit import Who
from webapp.services.system.errand import DATABASE_TROUBLE, Claim
from webapp.services.system.task import Overtaken, end_task, keep_step, progress, start_task
from webapp.services.system.vault import vault_of

KIND = "appointments"
DELETE, CONFIRM, MAIL = "delete", "confirm", "mail"
_AT_ONCE = 100

Deed = Literal["delete", "confirm", "mail"]


class MailInput(BaseModel):
    """What the office writes: plain text, in which addresses that begin with https:// become links."""

    model_config = ConfigDict(str_strip_whitespace=True)

    subject: Line = Field(min_length=1, max_length=150)
    text: Paragraphs = Field(min_length=1, max_length=10_000)


def start_bulk(
    session: Session,
    contact: Contact,
    deed: Deed,
    appointments: Sequence[int],
    *,
    mail: MailInput | None = None,
    who: Who,
    now: datetime,
) -> Task:
    """`appointments` are such as the contact may change; `mail` is what is written, encrypted as it waits."""
    numbers = sorted(set(appointments))
    arguments = {"deed": deed, "appointments": numbers, "who": [who.login_id, who.acting_as_id]}
    task = start_task(session, contact.school_id, KIND, arguments, contact.id, now)
    if mail is not None:
        closed = vault_of(session).close(mail.model_dump_json(), row=f"task {task.id} mail")
        task.arguments = json.dumps(arguments | {"mail": closed})
    task.total = len(numbers)
    audit.record(
        session,
        f"appointments.{deed}",
        who=who,
        school_id=contact.school_id,
        subject=f"task {task.id}",
        now=now,
        appointments=task.total,
    )
    session.flush()
    return task


def bulk_of(session: Session, school_id: int, task_id: int) -> Task:
    """It says numbers only. Raises NotFound for another school's, or other work."""
    task = session.get(Task, task_id)
    if task is None or task.kind != KIND or task.school_id != school_id:
        raise NotFound
    return task


@dataclass(frozen=True)
class Result:
    """What came of it: `left` were passed over, or have no address."""

    deed: str
    changed: int
    left: int


def result_of(task: Task) -> Result:
    known = json.loads(task.result or "{}")
    return Result(json.loads(task.arguments)["deed"], known.get("changed", 0), known.get("left", 0))


def run_bulk(database: Database, _providers: Providers, claim: Claim, now: Callable[[], datetime]) -> None:
    """Each in a transaction of its own. Begun anew after a crash, it goes on where it was."""
    with database.reading() as session:
        task = session.get_one(Task, claim.id)
        arguments, school_id = json.loads(task.arguments), task.school_id
    run = _mail if arguments["deed"] == MAIL else _change
    with suppress(Overtaken):
        run(database, claim, arguments, school_id, now)


def _change(
    database: Database, claim: Claim, arguments: dict[str, Any], school_id: int, now: Callable[[], datetime]
) -> None:
    """What somebody did before us, or what needs nothing, is counted as left as it was."""
    with database.reading() as session:
        task = session.get_one(Task, claim.id)
    change = cancel_appointment if arguments["deed"] == DELETE else confirm_appointment
    numbers, who, changed = arguments["appointments"], Who(*arguments["who"]), result_of(task).changed
    for done, number in enumerate(numbers[task.done :], start=task.done + 1):
        try:
            with database.transaction() as session:
                _change_one(session, change, number, school_id, who=who, now=now())
                keep_step(session, claim, done=done, result={"changed": changed + 1}, now=now())
            changed += 1
        except DATABASE_TROUBLE:
            raise
        except DomainError:
            with database.transaction() as session:
                keep_step(session, claim, done=done, result={"changed": changed}, now=now())
    with database.transaction() as session:
        result = {"changed": changed, "left": len(numbers) - changed}
        _end(session, claim, len(numbers), result, now=now())


def _change_one(
    session: Session, change: Callable[..., None], number: int, school_id: int, *, who: Who, now: datetime
) -> None:
    """Whoever moved it at this moment moved it before us. Raises NotFound, and what the change raises."""
    appointment = session.get(Appointment, number)
    if appointment is None or appointment.school_id != school_id:
        raise NotFound
    try:
        change(session, appointment, who=who, now=now)
    except AppointmentMoved:
        change(session, appointment, who=who, now=now)


def _mail(
    database: Database, claim: Claim, arguments: dict[str, Any], school_id: int, now: Callable[[], datetime]
) -> None:
    """One message to each parent, however many appointments they have."""
    with database.reading() as session:
        mail = vault_of(session).open(arguments["mail"], row=f"task {claim.id} mail")
        people = _makers(session, arguments["appointments"], school_id)
    reachable = [(number, email) for number, email in people if email]
    done = 0
    for some in portions(reachable, _AT_ONCE):
        done += len(some)
        with database.transaction() as session:
            _write(session, claim, school_id, mail, some, now=now())
        if not _tell(database, claim, done, len(reachable), now()):
            return
    with database.transaction() as session:
        result = {"changed": len(reachable), "left": len(people) - len(reachable)}
        _end(session, claim, len(reachable), result, now=now())


def _makers(session: Session, appointments: Sequence[int], school_id: int) -> list[tuple[int, str | None]]:
    """Each once, with their address."""
    found: dict[int, str | None] = {}
    for some in portions(appointments, _AT_ONCE):
        query = (
            select(col(Contact.id), col(Contact.email))
            .join(Appointment, col(Appointment.contact_id) == col(Contact.id))
            .where(col(Appointment.id).in_(some), col(Contact.school_id) == school_id)
        )
        found |= {row.id: row.email for row in session.execute(query)}
    return sorted(found.items())


def _write(
    session: Session, claim: Claim, school_id: int, mail: str, people: Sequence[tuple[int, str]], *, now: datetime
) -> None:
    keys = {number: f"{OFFICE_MAIL}:{claim.id}:{number}" for number, _ in people}
    sent = select(col(Message.dedupe_key)).where(col(Message.dedupe_key).in_(keys.values()))
    known = set(session.execute(sent).scalars())
    for number, email in people:
        key = keys[number]
        if key in known:
            continue
        session.add(
            Message(
                school_id=school_id,
                contact_id=number,
                kind=OFFICE_MAIL,
                recipient=email,
                dedupe_key=key,
                message_id=key.replace(":", "."),
                secret=vault_of(session).close(mail, row=f"message {key}"),
                created_at=now,
                due_at=now,
            )
        )
    wake(session, "mail")


def _tell(database: Database, claim: Claim, done: int, total: int, now: datetime) -> bool:
    with database.transaction() as session:
        return progress(session, claim, done=done, total=total, now=now)


def _end(session: Session, claim: Claim, total: int, result: dict[str, int], *, now: datetime) -> None:
    """What was written is forgotten with the work."""
    if progress(session, claim, done=total, total=total, now=now):
        task = session.get_one(Task, claim.id)
        kept = json.loads(task.arguments)
        kept.pop("mail", None)
        task.arguments = json.dumps(kept)
        session.flush()
        end_task(session, claim, result=result, now=now)
