"""What the database itself refuses of slots."""

from datetime import datetime, timedelta

import pytest
from factories import EVENING, make_event, make_resource, make_school, make_slot
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session


def test_a_resource_has_one_slot_at_a_time_but_a_removed_one_gives_way(session: Session, now: datetime) -> None:
    event = make_event(session, make_school(session))
    resource, other = make_resource(session, event), make_resource(session, event)
    make_slot(session, resource, removed_at=now)
    make_slot(session, resource)
    make_slot(session, other)

    with pytest.raises(IntegrityError), session.begin_nested():
        make_slot(session, resource)


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "X"}, {"visibility": "gone"}, {"capacity": 0}, {"capacity": 1001}, {"minutes": 0}, {"minutes": -5}],
)
def test_a_slot_holds_only_known_values(session: Session, wrong: dict[str, object]) -> None:
    resource = make_resource(session, make_event(session, make_school(session)))

    with pytest.raises(IntegrityError), session.begin_nested():
        make_slot(session, resource, at=EVENING + timedelta(hours=1), **wrong)  # type: ignore[arg-type]
