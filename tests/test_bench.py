"""What is measured can be measured again: a benchmark that does not run shows nothing."""

from datetime import datetime

import pytest
from evening import Evening
from sqlmodel import select

from bench.places import forget_bookings
from webapp.db import Database
from webapp.models import Appointment, Audit, Occupancy

pytestmark = pytest.mark.both_databases


def test_between_two_runs_all_bookings_are_forgotten_and_the_audit_is_kept(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        evening = Evening(session, now)
        [booked] = evening.book(evening.slot())
        evening.cancel(booked)
        evening.book(evening.slot())

    forget_bookings(database)

    with database.reading() as session:
        assert session.exec(select(Appointment)).all() == []
        assert session.exec(select(Occupancy)).all() == []
        assert [entry.action for entry in session.exec(select(Audit))] == ["appointment.cancel"]
