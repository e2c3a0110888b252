"""Objects made of a statement's own rows are what the ORM would have loaded."""

from datetime import datetime

import pytest
from evening import Evening
from sqlalchemy import inspect, select
from sqlmodel import Session, SQLModel, col

from webapp.models import Contact, Event, EventSettings, School
from webapp.models.base import columns_of, objects_of

MODELS: list[type[SQLModel]] = [School, Contact, Event, EventSettings]


@pytest.mark.both_databases
def test_an_object_of_a_statement_s_row_is_the_one_that_the_orm_loads(session: Session, now: datetime) -> None:
    evening = Evening(session, now, provider="zoom")
    session.flush()
    theirs = (evening.school, evening.alice, evening.event, session.get_one(EventSettings, evening.event.id))
    query = (
        select(*columns_of(*MODELS))
        .join(Contact, col(Contact.school_id) == col(School.id))
        .join(Event, col(Event.school_id) == col(School.id))
        .join(EventSettings, col(EventSettings.event_id) == col(Event.id))
        .where(col(Contact.id) == evening.alice.id)
    )

    made = [*objects_of(session.connection().execute(query).one(), *MODELS)]

    for ours, its in zip(made, theirs, strict=True):
        assert ours.model_dump() == its.model_dump()
        assert inspect(ours).detached
        assert inspect(ours).identity_key == inspect(its).identity_key
        assert session.merge(ours) is its
    assert made[1].name == evening.alice.name


def test_where_an_outer_join_found_no_row_there_is_no_object() -> None:
    nothing = [None for _ in columns_of(School, Contact)]

    assert [*objects_of(nothing, School, Contact)] == [None, None]
