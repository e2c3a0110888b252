"""What a new event takes over from an earlier one, and what it must not."""

from datetime import UTC, datetime
from typing import Any

import pytest
from factories import make_event, make_resource, make_school, make_slot, make_teacher, stored
from sqlalchemy import Boolean, Integer, String
from sqlmodel import Session, select

from webapp.errors import Invalid, NotFound
from webapp.models import Audit, Event, EventSettings, Grant, Level, ResourceMember, School, Service, Slot
from webapp.models.base import table_of
from webapp.services.event.copy_setup import NOT_COPIED
from webapp.services.event.details import DetailsInput, duplicate_event, save_details
from webapp.services.event.events import EventInput, add_event, event_of, settings_of
from webapp.services.event.resources import resources_of
from webapp.services.system.audit import SYSTEM

OPENS, CLOSES = datetime(2025, 11, 1, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC)


def last_year(session: Session, school: School, **values: Any) -> Event:
    """With every setting another than the default."""
    event = make_event(session, school, name="Fall Conferences 2025", **values)
    settings = settings_of(session, event)
    for column in table_of(EventSettings).columns:
        if column.foreign_keys or column.name in NOT_COPIED or column.nullable:
            continue
        kind = column.type
        if isinstance(kind, Boolean):
            setattr(settings, column.name, not getattr(settings, column.name))
        elif isinstance(kind, Integer):
            setattr(settings, column.name, getattr(settings, column.name) + 1)
        elif isinstance(kind, String) and not getattr(settings, column.name):
            setattr(settings, column.name, "x")
    settings.provider, settings.opens_at, settings.closes_at = "zoom", OPENS, CLOSES
    settings.mails_held_at = OPENS
    session.flush()
    return event


def add_like(session: Session, school: School, template: Event, now: datetime, **typed: Any) -> Event:
    values = {"name": "Fall Conferences 2026", "zone": school.zone, "template": template.id} | typed
    return add_event(session, school, EventInput.model_validate(values), who=SYSTEM, now=now)


def test_settings_of_the_template_are_copied_but_for_provider_and_booking_times(
    session: Session, now: datetime
) -> None:
    """R20: the provider is not copied from a template event. Whatever settings there will be, they are copied."""
    school = make_school(session)
    template = last_year(session, school)

    event = add_like(session, school, template, now)

    theirs, ours = settings_of(session, template).model_dump(), settings_of(session, event).model_dump()
    assert {name for name in theirs if theirs[name] != ours[name]} == NOT_COPIED | {"event_id"}
    assert (ours["provider"], ours["opens_at"], ours["closes_at"]) == (None, None, None)
    assert theirs["provider"] == "zoom"


def test_services_and_fields_of_the_template_are_asked_in_the_new_event_too(session: Session, now: datetime) -> None:
    """PRODUCT 1.3: settings are copied from the template event; the template keeps its own."""
    school = make_school(session)
    template = last_year(session, school)
    stored(session, Service(school_id=school.id, event_id=template.id, name="Sprachförderung"))

    event = add_like(session, school, template, now)

    services = session.exec(select(Service)).all()
    assert {(row.event_id, row.name) for row in services} == {
        (template.id, "Sprachförderung"),
        (event.id, "Sprachförderung"),
    }


def test_teachers_come_from_the_roster_the_template_or_not_yet(session: Session, now: datetime) -> None:
    school = make_school(session)
    template = last_year(session, school, type="simple_pta")
    folake, hugh = make_teacher(session, school), make_teacher(session, school, "Hugh", "Barlow", room="9")
    team = make_resource(session, template, hugh, name="Our team", room="112", virtual_room="https://meet.example/x")
    stored(session, ResourceMember(resource_id=team.id, contact_id=folake.id, school_id=school.id, position=1))

    taken = {
        teachers: resources_of(session, add_like(session, school, template, now, type="simple_pta", teachers=teachers))
        for teachers in ("roster", "template", "none")
    }

    assert [[one.first for one in it.members] for it in taken["roster"]] == [["Folake"], ["Hugh"]]
    [copied] = taken["template"]
    assert [one.first for one in copied.members] == ["Hugh", "Folake"]
    assert (copied.resource.name, copied.resource.room) == ("Our team", "112")
    assert copied.resource.virtual_room == team.virtual_room
    assert copied.resource.token != team.token
    assert taken["none"] == []


def test_nobody_gets_rights_in_a_new_event_because_they_had_them_in_its_template(
    session: Session, now: datetime
) -> None:
    school = make_school(session)
    template = last_year(session, school)
    bob = make_teacher(session, school, "Bob", level=Level.EVENT_ADMINISTRATOR)
    stored(session, Grant(school_id=school.id, contact_id=bob.id, event_id=template.id))

    add_like(session, school, template, now, teachers="template")

    assert len(session.exec(select(Grant)).all()) == 1


def test_another_schools_event_is_no_template(session: Session, now: datetime) -> None:
    school, other = make_school(session), make_school(session)
    foreign = make_event(session, other)

    with pytest.raises(Invalid) as refused:
        add_like(session, school, foreign, now)

    assert refused.value.field == "template"
    assert session.exec(select(Event).where(Event.school_id == school.id)).all() == []


def test_the_templates_teachers_need_a_template(session: Session, now: datetime) -> None:
    school = make_school(session)
    typed = EventInput(name="Fall", zone=school.zone, teachers="template")

    with pytest.raises(Invalid) as refused:
        add_event(session, school, typed, who=SYSTEM, now=now)

    assert refused.value.field == "template"


@pytest.mark.both_databases
def test_a_duplicate_has_the_same_settings_and_teachers_in_order_and_no_slots(session: Session, now: datetime) -> None:
    """PRODUCT 1.3: Duplicate PTA, for a second round on the same roster. R20: the provider stays behind."""
    school = make_school(session)
    event = last_year(session, school, zone="Europe/Berlin", description="Bring a pen.")
    folake, hugh = make_teacher(session, school), make_teacher(session, school, "Hugh", "Barlow")
    team = make_resource(session, event, hugh, position=2, group_name="Upper School", room="7")
    stored(session, ResourceMember(resource_id=team.id, contact_id=folake.id, school_id=school.id, position=1))
    make_resource(session, event, folake, position=1)
    make_slot(session, team)

    copy = duplicate_event(session, event, DetailsInput(name="Second round"), who=SYSTEM, now=now)

    made = resources_of(session, copy)
    assert (copy.type, copy.zone, copy.slug) == (event.type, "Europe/Berlin", "second-round")
    assert [[one.first for one in it.members] for it in made] == [["Folake"], ["Hugh", "Folake"]]
    assert (made[1].resource.group_name, made[1].resource.room) == ("Upper School", "7")
    assert settings_of(session, copy).provider is None
    assert session.exec(select(Slot).where(Slot.event_id == copy.id)).all() == []
    assert session.exec(select(Audit.action)).all() == ["event.duplicate"]
    assert len(resources_of(session, event)) == 2


def test_edited_details_are_words_and_change_neither_zone_nor_address(session: Session, now: datetime) -> None:
    school = make_school(session)
    event = make_event(session, school)
    before = (event.zone, event.slug, event.type)
    typed = DetailsInput(name="Früh 2026 ✏️", date_label="3. und 4. Dezember", location="Aula", category="Fall")

    save_details(session, event, typed, who=SYSTEM, now=now)

    kept = event_of(session, school.id or 0, event.id or 0)
    assert (kept.name, kept.date_label, kept.location, kept.category) == tuple(
        getattr(typed, name) for name in ("name", "date_label", "location", "category")
    )
    assert (kept.zone, kept.slug, kept.type) == before
    with pytest.raises(NotFound):
        event_of(session, (school.id or 0) + 1, event.id or 0)
