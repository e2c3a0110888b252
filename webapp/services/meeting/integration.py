"""Say how a school's connection to a provider stands, for Integration Options."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from webapp.models import Connection, Contact, School, Task
from webapp.services.meeting.connection import connection_of
from webapp.services.meeting.map_contacts import KIND
from webapp.services.meeting.mapping_report import MappingReport, mapping_report
from webapp.services.system.health import CLOCK_WARNING
from webapp.services.system.task import latest_task


@dataclass(frozen=True)
class Integration:
    """`connected_by` is a name; `task` the latest mapping, running or ended."""

    connection: Connection | None
    connected_by: str
    has_teachers: bool
    task: Task | None
    report: MappingReport

    @property
    def is_live(self) -> bool:
        return bool(self.connection and self.connection.is_live)

    @property
    def needs_reconnect(self) -> bool:
        is_dead = self.connection and self.connection.needs_reconnect_at and not self.connection.disconnected_at
        return bool(is_dead) and not self.is_old_type

    @property
    def is_old_type(self) -> bool:
        """R90"""
        return bool(self.connection and self.connection.is_old_type and not self.connection.disconnected_at)

    @property
    def is_clock_off(self) -> bool:
        """FAILURES F16"""
        ahead = self.connection.clock_ahead if self.connection else None
        return ahead is not None and abs(ahead) > CLOCK_WARNING

    @property
    def problem(self) -> tuple[str, dict[str, Any]] | None:
        """The message id of what went wrong after the last call that succeeded, and its values."""
        if self.connection is None or self.connection.problem is None:
            return None
        return self.connection.problem, json.loads(self.connection.problem_values)

    @property
    def is_mapping(self) -> bool:
        return bool(self.task and self.task.ended_at is None and self.task.due_at is not None)

    @property
    def task_problem(self) -> tuple[str, dict[str, Any]] | None:
        """The message id of why the latest mapping failed, and its values."""
        if self.task is None or self.task.problem is None or self.is_mapping:
            return None
        return self.task.problem, json.loads(self.task.problem_values)


def integration(session: Session, school: School, provider: str) -> Integration:
    assert school.id is not None
    connection = connection_of(session, school.id, provider)
    by = session.get(Contact, connection.connected_by_id) if connection and connection.connected_by_id else None
    teachers = select(func.count()).where(col(Contact.school_id) == school.id, col(Contact.teacher_ref).is_not(None))
    return Integration(
        connection=connection,
        connected_by=by.name if by else "",
        has_teachers=session.execute(teachers).scalar_one() > 0,
        task=latest_task(session, school.id, KIND),
        report=mapping_report(session, school.id, provider),
    )
