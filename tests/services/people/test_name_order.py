"""People stand in the order of their names as the school writes them."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from factories import make_class, make_contact, make_event, make_resource, make_school, make_student, make_teacher
from sqlmodel import Session

from webapp.models import School
from webapp.models.people.contact import is_last_first
from webapp.services.event.from_roster import teams_to_take
from webapp.services.event.resources import resources_of
from webapp.services.event.sort_teachers import sort_by_name
from webapp.services.people.name_order import name_key
from webapp.services.people.search import SearchInput, search
from webapp.services.people.staff import staff_page
from webapp.services.roster.class_students import class_students
from webapp.services.system.audit import SYSTEM

NAMES = [("zoe", "Adams"), ("Emile", "Young"), ("Ann", "brown")]


@pytest.fixture(params=[False, True], ids=["First Last", "Last, First"])
def wanted(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """The first names in the order that the school's manner gives them."""
    token = is_last_first.set(request.param)
    yield ["zoe", "Ann", "Emile"] if request.param else ["Ann", "Emile", "zoe"]
    is_last_first.reset(token)


@pytest.fixture
def school(session: Session) -> School:
    return make_school(session)


def test_staff_and_contacts_stand_as_their_names_are_written(
    session: Session, school: School, wanted: list[str]
) -> None:
    """PRODUCT 1.2: Display Contact Name As."""
    for name in NAMES:
        make_contact(session, school, *name, level=1)

    staff = [one.contact.first for one in staff_page(session, school.id or 0, level=None, page=1).people]
    found = [one.first for one in search(session, school.id or 0, SearchInput()).people]

    assert staff == wanted
    assert found == wanted


def test_a_new_event_and_sort_teachers_have_the_same_order(
    session: Session, school: School, wanted: list[str], now: datetime
) -> None:
    """PRODUCT 1.2: it also drives Sort Teachers."""
    event = make_event(session, school)
    for name in NAMES:
        teacher = make_teacher(session, school, *name)
        make_class(session, school, teacher)
        make_resource(session, event, teacher)

    taken = [team.members[0].first for team in teams_to_take(session, school.id or 0, is_simple=False)]
    sort_by_name(session, event, who=SYSTEM, now=now)

    assert taken == wanted
    assert [it.members[0].first for it in resources_of(session, event)] == wanted


def test_the_students_of_a_class_do_too(session: Session, school: School, wanted: list[str]) -> None:
    students = [make_student(session, school, *name) for name in NAMES]
    row = make_class(session, school, make_teacher(session, school), *students)

    assert [one.first for one in class_students(session, row, page=1).students] == wanted


def test_accents_move_nobody() -> None:
    assert sorted(["Zoe", "Émile", "Ann"], key=lambda first: name_key(first, "")) == ["Ann", "Émile", "Zoe"]
