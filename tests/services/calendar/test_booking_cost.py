"""Booking pays one statement for calendars, and only where the teacher has chosen one."""

from datetime import datetime

import pytest
from evening import Evening
from factories import make_resource, make_teacher
from outside import Outside
from statements import Statement, statements

from webapp.db import Database
from webapp.models import Resource

pytestmark = pytest.mark.both_databases


def test_a_booking_costs_one_statement_more_where_the_teacher_has_linked_a_calendar(
    database: Database, now: datetime, outside: Outside
) -> None:
    with database.transaction() as session:
        evening = Evening(session, now)
        linked, plain = (make_teacher(session, evening.school, name) for name in ("Linda", "Paul"))
        resources = [make_resource(session, evening.event, teacher) for teacher in (linked, plain)]
        families = [evening.family(f"Parent {n}", f"Child {n}", linked, plain) for n in range(4)]
    before = booked(database, outside, evening, resources[1], families[0])
    with evening.later(database):
        evening.linked(linked)

    of_another = booked(database, outside, evening, resources[1], families[1])
    of_theirs = booked(database, outside, evening, resources[0], families[2])

    assert len(of_another) == len(before)
    assert len(of_theirs) == len(before) + 1
    assert [text for text, _ in of_theirs if "calendarentry" in text and text.startswith("INSERT")]


def booked(
    database: Database, outside: Outside, evening: Evening, resource: Resource, family: tuple[object, object]
) -> list[Statement]:
    """What booking one time asks of the database."""
    with evening.later(database):
        slot = evening.slot(resource, kind="P")
    with evening.later(database), statements(outside.app) as asked:
        evening.book(slot, maker=family[0], child=family[1])  # type: ignore[arg-type]
    return [one for one in asked if one[0] != "BEGIN"]
