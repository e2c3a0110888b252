"""Put beside appointments what their families were asked: the service, and each question in the order of the event."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import exists, or_, select
from sqlmodel import Session, col

from webapp.i18n import gettext
from webapp.models import Answer, Appointment, AppointmentField, Event, Service

_SERVICE = "service"


@dataclass(frozen=True)
class Answers:
    """Headings by column; what was answered by appointment (id) and column."""

    heads: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[int, Mapping[str, str]] = field(default_factory=dict)

    def row(self, appointment_id: int) -> dict[str, str]:
        """A text for each column, empty where nothing was answered."""
        given = self.given.get(appointment_id, {})
        return {column: given.get(column, "") for column in self.heads}


NO_ANSWERS = Answers()


def answers_in(session: Session, event: Event) -> Answers:
    """At most four queries. A question that is asked no more is there if somebody has answered it (R79, R80)."""
    assert event.id is not None
    fields = _fields(session, event.id)
    given: dict[int, dict[str, str]] = {}
    for number, service in _services(session, event.id):
        given.setdefault(number, {})[_SERVICE] = service
    for number, asked, text in _answers(session, event.id):
        given.setdefault(number, {})[f"q{asked}"] = text
    heads = {_SERVICE: gettext("Service")} if _has_services(session, event.id, given) else {}
    return Answers(heads | {f"q{number}": label for number, label in fields}, given)


def _fields(session: Session, event_id: int) -> list[tuple[int, str]]:
    has_answers = exists().where(col(Answer.field_id) == col(AppointmentField.id))
    query = select(col(AppointmentField.id), col(AppointmentField.label)).where(
        col(AppointmentField.event_id) == event_id, or_(col(AppointmentField.is_used), has_answers)
    )
    return [(row.id, row.label) for row in session.execute(query.order_by(col(AppointmentField.id)))]


def _services(session: Session, event_id: int) -> list[tuple[int, str]]:
    query = select(col(Appointment.id), col(Appointment.service)).where(
        col(Appointment.event_id) == event_id, col(Appointment.service) != ""
    )
    return [(row.id, row.service) for row in session.execute(query)]


def _answers(session: Session, event_id: int) -> list[tuple[int, int, str]]:
    query = (
        select(col(Answer.appointment_id), col(Answer.field_id), col(Answer.text))
        .join(Appointment, col(Appointment.id) == col(Answer.appointment_id))
        .where(col(Appointment.event_id) == event_id, col(Answer.field_id).is_not(None))
    )
    return [(row.appointment_id, row.field_id, row.text) for row in session.execute(query)]


def _has_services(session: Session, event_id: int, given: Mapping[int, Mapping[str, str]]) -> bool:
    if any(_SERVICE in answers for answers in given.values()):
        return True
    query = select(col(Service.id)).where(col(Service.event_id) == event_id).limit(1)
    return session.execute(query).first() is not None
