"""Two who sign in, or are added, in the same moment are the same person, and two schools never share a short name."""

from datetime import datetime

import pytest
from factories import make_school
from sqlmodel import select
from threads import at_once

from webapp.db import Database
from webapp.errors import Invalid
from webapp.models import Contact, Login, School
from webapp.services.people.accounts import contact_for, login_for
from webapp.services.people.schools import add_school

pytestmark = pytest.mark.both_databases


def test_a_first_sign_in_from_two_tabs_makes_one_login_and_one_contact(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        school_id = make_school(session).id
    for n in range(12):

        def sign_in(email: str = f"new{n}@linden.example") -> int | None:
            with database.transaction() as session:
                login = login_for(session, email, now=now)
                return contact_for(session, session.get_one(School, school_id), login, now=now).id

        first, second = at_once(sign_in, sign_in)

        assert isinstance(first, int)
        assert first == second
    with database.reading() as session:
        assert len(session.exec(select(Login)).all()) == 12
        assert len(session.exec(select(Contact)).all()) == 12


def test_of_two_schools_with_one_short_name_the_second_is_told_so(database: Database, now: datetime) -> None:
    def add() -> int | None:
        with database.transaction() as session:
            return add_school(session, slug="linden", name="Linden", zone="America/Chicago", now=now).id

    came = at_once(add, add)

    [refused] = [one for one in came if isinstance(one, Invalid)]
    assert refused.field == "slug"
    assert sum(isinstance(one, int) for one in came) == 1
