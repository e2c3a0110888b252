"""Events: their settings, addresses and zones, and the resources that they take from the roster."""

from datetime import datetime

import pytest
from factories import make_class, make_event, make_school, make_student, make_teacher, stored
from pydantic import ValidationError
from sqlmodel import Session, select

from webapp.errors import Invalid, NotFound
from webapp.i18n import sentence
from webapp.models import Audit, ClassTeacher, Event, School
from webapp.services.event.events import EventInput, add_event, event_list, event_of, settings_of, zones
from webapp.services.event.resources import resources_of
from webapp.services.system.audit import SYSTEM


def add(session: Session, school: School, now: datetime, **typed: str) -> Event:
    values = {"name": "Fall Conferences 2026", "zone": "America/Chicago"} | typed
    return add_event(session, school, EventInput.model_validate(values), who=SYSTEM, now=now)


def test_a_new_event_has_no_provider_and_is_not_open(session: Session, now: datetime) -> None:
    """R20: empty is the default for a new event."""
    school = make_school(session)

    event = add(session, school, now, location="Main building", description="Bring a pen.\nOr two.")

    settings = settings_of(session, event)
    assert settings.provider is None
    assert not settings.is_open(now)
    assert not settings.shows_appointment_type
    assert (event.location, event.created_at) == ("Main building", now)
    assert session.exec(select(Audit.action)).one() == "event.add"


def test_a_schools_events_are_its_own(session: Session, now: datetime) -> None:
    school, other = make_school(session), make_school(session)
    older, newer = make_event(session, school), add(session, school, now)
    foreign = make_event(session, other)

    assert event_list(session, school.id or 0) == [newer, older]
    assert event_of(session, school.id or 0, older.id or 0) is older
    with pytest.raises(NotFound):
        event_of(session, school.id or 0, foreign.id or 0)


def test_a_pta_event_takes_one_resource_per_team_of_class_teachers(session: Session, now: datetime) -> None:
    school = make_school(session)
    folake = make_teacher(session, school, room="112", virtual_room="https://meet.example/folake")
    hugh = make_teacher(session, school, "Hugh", "Barlow")
    make_teacher(session, school, "Kenji", "Ito")  # teaches no class
    mia = make_student(session, school)
    make_class(session, school, folake, mia, group_name="")
    make_class(session, school, folake, group_name="Lower School")
    make_class(session, school, hugh, mia, group_name="Upper School")
    shared = make_class(session, school, folake)
    stored(session, ClassTeacher(class_id=shared.id, contact_id=hugh.id, school_id=school.id, position=1))

    event = add(session, school, now)

    taken = resources_of(session, event)
    assert [(r.resource.name, r.resource.group_name, r.members) for r in taken] == [
        ("Folake Adeyemi", "Lower School", (folake,)),
        ("Folake Adeyemi, Hugh Barlow", "", (folake, hugh)),
        ("Hugh Barlow", "Upper School", (hugh,)),
    ]
    assert [r.resource.room for r in taken] == ["112", "112", ""]
    assert taken[0].resource.virtual_room == "https://meet.example/folake"
    assert [r.resource.position for r in taken] == [0, 1, 2]


def test_the_same_teachers_in_another_order_are_another_team(session: Session, now: datetime) -> None:
    """R64: the first leads, so the order is part of the team."""
    school = make_school(session)
    folake, hugh = make_teacher(session, school), make_teacher(session, school, "Hugh", "Barlow")
    for lead, second in [(folake, hugh), (hugh, folake), (folake, hugh)]:
        klass = make_class(session, school, lead)
        stored(session, ClassTeacher(class_id=klass.id, contact_id=second.id, school_id=school.id, position=1))

    event = add(session, school, now)

    assert [r.members for r in resources_of(session, event)] == [(folake, hugh), (hugh, folake)]


def test_a_simple_event_takes_every_teacher_of_this_school(session: Session, now: datetime) -> None:
    school, other = make_school(session), make_school(session)
    teachers = [make_teacher(session, school, "Kenji", "Ito"), make_teacher(session, school)]
    make_teacher(session, other)

    event = add(session, school, now, type="simple_pta")

    assert [r.members for r in resources_of(session, event)] == [(teachers[1],), (teachers[0],)]


@pytest.mark.parametrize(
    ("name", "typed", "slug"),
    [
        ("Fall Conferences 2026", "", "fall-conferences-2026"),
        ("Früh · Été!", "", "fruh-ete"),
        ("\u4e09\u8005\u9762\u8ac7", "", "event"),
        ("Calendar", "", "calendar-2"),
        ("Fall", "Parents Evening", "parents-evening"),
        ("x" * 200, "", "x" * 60),
    ],
)
def test_the_address_is_made_of_plain_letters(
    session: Session, now: datetime, name: str, typed: str, slug: str
) -> None:
    school = make_school(session)

    assert add(session, school, now, name=name, slug=typed).slug == slug


def test_an_address_that_is_taken_gets_a_number_in_this_school_only(session: Session, now: datetime) -> None:
    school, other = make_school(session), make_school(session)

    slugs = [add(session, school, now, name="x" * 70).slug for _ in range(3)]

    assert slugs == ["x" * 60, "x" * 58 + "-2", "x" * 58 + "-3"]
    assert add(session, other, now, name="x" * 70).slug == "x" * 60


@pytest.mark.parametrize("typed", ["sign-in", "Static", "!!!", "\u4e09"])
def test_an_address_that_is_ours_or_has_no_letters_is_refused(session: Session, now: datetime, typed: str) -> None:
    school = make_school(session)

    with pytest.raises(Invalid) as caught:
        add(session, school, now, slug=typed)

    assert caught.value.field == "slug"
    assert not event_list(session, school.id or 0)


@pytest.mark.parametrize(
    ("zone", "suggestion"),
    [("EST", "America/Chicago"), ("", "America/Chicago"), ("../UTC", "UTC"), ("America/NewYork", "America/New_York")],
)
def test_an_unknown_zone_is_refused_with_a_suggestion(
    session: Session, now: datetime, zone: str, suggestion: str
) -> None:
    """ADMIN-002."""
    school = make_school(session)

    with pytest.raises(Invalid) as caught:
        add(session, school, now, zone=zone)

    assert caught.value.field == "zone"
    assert suggestion in sentence(caught.value)


def test_the_zones_on_offer_are_places() -> None:
    assert {"America/New_York", "Asia/Kolkata", "UTC"} < set(zones())
    assert "EST" not in zones()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "  "},
        {"name": "x" * 201},
        {"name": "a\x00b"},
        {"type": "roster"},
        {"location": "a\nb"},
        {"description": "\x00"},
        {"date_label": "\u202e"},
    ],
)
def test_what_no_column_can_hold_is_refused_at_its_field(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        EventInput.model_validate({"name": "Fall", "zone": "UTC"} | wrong)

    assert caught.value.errors()[0]["loc"] == tuple(wrong)
