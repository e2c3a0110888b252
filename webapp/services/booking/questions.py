"""Ask what an event asks for each appointment, and keep the answers with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import Session

from webapp.errors import N_, DomainError, Invalid
from webapp.models import Answer, Appointment, AppointmentField, Service
from webapp.models.base import table_of
from webapp.models.event.appointment_field import CHOICE
from webapp.prepared import Prepared
from webapp.services.people.folding import is_visible

LONGEST = 1000


@dataclass(frozen=True)
class Field:
    """A question; `choices` where the answer is one of them."""

    id: int
    label: str
    choices: tuple[str, ...]
    is_required: bool

    def name(self, pick: str) -> str:
        """Of the input that holds the answer for one appointment."""
        return f"q{self.id}-{pick}"


@dataclass(frozen=True)
class Questions:
    """What is asked for each appointment. `services` are pairs of id and name; one has to be chosen."""

    services: tuple[tuple[int, str], ...] = ()
    fields: tuple[Field, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.services or self.fields)

    def name_of_service(self, pick: str) -> str:
        return f"service-{pick}"


@dataclass(frozen=True)
class Answered:
    """Of one appointment: the service's name, and the answers by question."""

    service: str
    answers: tuple[tuple[Field, str], ...]


class Unanswered(Invalid):
    """`errors` by the name of the input."""

    message = N_("Some questions are not answered yet.")

    def __init__(self, errors: dict[str, DomainError]) -> None:
        super().__init__()
        self.errors = errors


def questions_of(session: Session, event_id: int) -> Questions:
    """Two queries: for an event that asks."""
    asked = {"event": event_id}
    services = tuple((row.id, row.name) for row in _SERVICES.all(session, asked))
    return Questions(services, tuple(_field(row) for row in _FIELDS.all(session, asked)))


def read_answers(questions: Questions, picks: Sequence[str], typed: Mapping[str, str]) -> list[Answered]:
    """One for each pick (its name), in their order. Raises Unanswered."""
    errors: dict[str, DomainError] = {}
    read = [_read(questions, pick, typed, errors) for pick in picks]
    if errors:
        raise Unanswered(errors)
    return read


def keep_answers(session: Session, school_id: int, appointments: Sequence[int], given: Sequence[Answered]) -> None:
    """In the transaction that made the appointments (ids), in their order."""
    connection = session.connection()
    pairs = list(zip(appointments, given, strict=True))
    served = [{"of": number, "text": answered.service} for number, answered in pairs if answered.service]
    if served:
        connection.execute(_SERVE, served)
    rows = [
        {"school_id": school_id, "appointment_id": number, "field_id": field.id, "label": field.label, "text": text}
        for number, answered in pairs
        for field, text in answered.answers
    ]
    if rows:
        connection.execute(insert(table_of(Answer)), rows)


def answers_of(session: Session, appointments: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """The questions with their answers, by appointment (id)."""
    row = table_of(Answer).c
    query = select(row.appointment_id, row.label, row.text).where(row.appointment_id.in_(appointments))
    found: dict[int, list[tuple[str, str]]] = {}
    for number, label, text in session.connection().execute(query.order_by(row.id)):
        found.setdefault(number, []).append((label, text))
    return found


def _field(row: Any) -> Field:
    # With one space between words, as what was sent is read.
    choices = tuple(" ".join(line.split()) for line in row.options.splitlines()) if row.kind == CHOICE else ()
    return Field(row.id, row.label, choices, row.is_required)


def _read(questions: Questions, pick: str, typed: Mapping[str, str], errors: dict[str, DomainError]) -> Answered:
    chosen, name = typed.get(questions.name_of_service(pick), ""), questions.name_of_service(pick)
    services = {str(number): service for number, service in questions.services}
    if services and chosen not in services:
        errors[name] = Invalid(N_("This is not offered any more. Choose another.") if chosen else N_("Choose one."))
    answers = []
    for field in questions.fields:
        text = " ".join(typed.get(field.name(pick), "").split())
        if error := _problem(field, text):
            errors[field.name(pick)] = error
        elif text:
            answers.append((field, text))
    return Answered(services.get(chosen, ""), tuple(answers))


def _problem(field: Field, text: str) -> DomainError | None:
    if not text:
        return Invalid(N_("Fill this in.")) if field.is_required else None
    if field.choices and text not in field.choices:
        return Invalid(N_("Choose one of the list."))
    if len(text) > LONGEST:
        return Invalid(N_("Use at most %(most)s characters."), most=LONGEST)
    if not is_visible(text):
        return Invalid(N_("Use one line of text, without invisible characters."))
    return None


_SERVICE, _FIELD, _ROW = table_of(Service).c, table_of(AppointmentField).c, table_of(Appointment)
_SERVICES = Prepared(
    select(_SERVICE.id, _SERVICE.name).where(_SERVICE.event_id == bindparam("event")).order_by(_SERVICE.id)
)
_FIELDS = Prepared(
    select(_FIELD.id, _FIELD.label, _FIELD.kind, _FIELD.options, _FIELD.is_required)
    .where(_FIELD.event_id == bindparam("event"), _FIELD.is_used)
    .order_by(_FIELD.id)
)
_SERVE = update(_ROW).where(_ROW.c.id == bindparam("of")).values(service=bindparam("text"))
