"""Remove all customers of a level: nobody whom a coming appointment needs, even one that is being booked."""

from datetime import datetime

import pytest
from evening import Evening
from factories import make_contact
from sqlmodel import Session, select
from threads import in_turn

from webapp.db import Database
from webapp.models import Appointment, Contact, Level
from webapp.services.people.remove_level import OtherNumber, remove_level
from webapp.services.system.audit import SYSTEM
from webapp.services.system.invariants import broken


@pytest.mark.postgres
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_family_that_makes_its_first_booking_meanwhile_stays(database: Database, now: datetime) -> None:
    """On SQLite nobody else writes meanwhile."""
    with database.transaction() as session:
        evening = Evening(session, now)
        slot = evening.slot()
        make_contact(session, evening.school, "Bob")

    def family(session: Session) -> object:
        evening.session = session
        return evening.book(slot)

    def office(session: Session) -> object:
        return remove_level(session, evening.school.id or 0, Level.CUSTOMER, 2, who=SYSTEM, now=now)

    booked, refused = in_turn(database, family, office)

    assert isinstance(booked, list)
    assert isinstance(refused, OtherNumber)
    assert refused.values == {"n": 1}
    with database.reading() as session:
        assert len(session.exec(select(Contact).where(Contact.level == Level.CUSTOMER)).all()) == 2
        assert session.exec(select(Appointment)).one().contact_id == evening.alice.id


@pytest.mark.postgres
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_teacher_with_whom_a_family_books_meanwhile_stays(database: Database, now: datetime) -> None:
    """A booking looks at the teacher's row in no way that would wait for it, or be waited for."""
    with database.transaction() as session:
        evening = Evening(session, now)
        evening.teacher.level = Level.MAKER
        slot = evening.slot()

    def family(session: Session) -> object:
        evening.session = session
        return evening.book(slot)

    def office(session: Session) -> object:
        return remove_level(session, evening.school.id or 0, Level.MAKER, 1, who=SYSTEM, now=now)

    booked, refused = in_turn(database, family, office)

    assert isinstance(booked, list)
    assert isinstance(refused, OtherNumber)
    with evening.later(database) as session:
        assert session.get(Contact, evening.teacher.id) is not None
        assert broken(session, now=now) == []
