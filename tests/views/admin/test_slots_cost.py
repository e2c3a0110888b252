"""What the grid and the Slots menu ask of the database does not grow with teachers and slots."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from event_office import Office, open_office
from factories import make_resource
from online_office import time_stands_at
from statements import statements

from webapp.db import Database


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def asked(office: Office) -> dict[str, int]:
    """How many statements each page takes, by its address."""
    found = {}
    for deed in ("create", "update", "copy", "move", "delete"):
        form = office.form(deed, **({"visibility": "hidden"} if deed == "update" else {}))
        with statements(office.app) as sent:
            assert office.dora.post(office.path(f"slots/{deed}/preview"), form, htmx=True).status_code == 200
        found[deed] = len(sent)
    with statements(office.app) as sent:
        assert office.dora.get(office.path()).status_code == 200
    return found | {"grid": len(sent)}


def test_the_number_of_statements_is_fixed(office: Office) -> None:
    """Two teachers with two slots each, then thirty with as many, some of them booked."""
    for resource in (office.folake, office.hugh):
        office.booked(office.slots(resource, 2)[0])
    few = asked(office)

    with office.arranged() as session:
        more = [make_resource(session, office.event, name=f"Teacher {n}") for n in range(28)]
    for resource in more:
        office.booked(office.slots(resource, 2)[0], child_name=f"Child of {resource.name}")
    many = asked(office)

    assert many == few
    assert max(many.values()) <= 21
