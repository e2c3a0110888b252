"""What nobody looks at any more is free again within half a minute, and soon forgotten."""

from datetime import timedelta

import pytest
from evening import Evening
from outside import Outside
from sqlmodel import Session, select

from jobs.holds import release_holds
from jobs.housekeeping import keep_house
from webapp.db import Database
from webapp.models import Appointment, Occupancy
from webapp.services.booking.holds import HOLD

pytestmark = pytest.mark.both_databases


def standing(session: Session) -> list[bool]:
    return [row.is_standing for row in session.exec(select(Appointment).order_by(Appointment.id))]


def test_holds_end_by_the_job_and_are_forgotten_after_a_day_and_appointments_are_not(
    database: Database, outside: Outside
) -> None:
    with database.transaction() as session:
        evening = Evening(session, outside.now)
        bob, ben = evening.family("Bob", "Ben", evening.teacher)
        evening.book(evening.slot())
        evening.hold(evening.slot(), maker=bob, child=ben)
    seen = []

    for later in (timedelta(), HOLD, timedelta(days=2)):
        outside.now += later
        release_holds(outside.app)
        keep_house(outside.app)
        with database.reading() as session:
            seen.append(
                (standing(session), len({row.appointment_id for row in session.exec(select(Occupancy))} - {None}))
            )

    assert seen == [([True, True], 2), ([True, False], 1), ([True], 1)]
