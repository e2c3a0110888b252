"""Resources: who they are, and what is typed into their Room and Virtual Room cells."""

from datetime import datetime

import pytest
from factories import (
    make_contact,
    make_event,
    make_login,
    make_resource,
    make_school,
    make_slot,
    make_teacher,
)
from sqlmodel import Session, select

from webapp.errors import Invalid, NotFound
from webapp.i18n import sentence
from webapp.models import Audit, Resource
from webapp.services.event.resources import (
    Overwritten,
    Saved,
    add_teacher,
    has_virtual_slots,
    resource_of,
    resources_of,
    save_room,
    save_virtual_room,
)
from webapp.services.system.audit import SYSTEM, Who

LINK = "https://meet.example/adeyemi"


def make_one(session: Session, **values: str) -> Resource:
    return make_resource(session, make_event(session, make_school(session)), **values)


def test_the_virtual_room_column_is_there_exactly_with_virtual_slots(session: Session, now: datetime) -> None:
    """R46, R81: V and PV slots count, P slots and removed ones do not."""
    event = make_event(session, make_school(session))
    resource = make_resource(session, event)
    make_slot(session, resource, kind="P")
    removed = make_slot(session, resource, kind="V", removed_at=now)

    assert not has_virtual_slots(session, event.id or 0)

    removed.removed_at, removed.kind = None, "PV"
    removed.starts_at, removed.ends_at = removed.ends_at, removed.ends_at + (removed.ends_at - removed.starts_at)
    session.flush()
    assert has_virtual_slots(session, event.id or 0)


def test_a_typed_link_is_kept_and_http_upgraded(session: Session, now: datetime) -> None:
    """R47, R48."""
    resource = make_one(session)

    kept = save_virtual_room(session, resource, f" {LINK} ", was="", who=SYSTEM, now=now)
    session.expire_all()
    kept_url = resource.virtual_room
    upgraded = save_virtual_room(session, resource, "http://meet.example/b", was=LINK, who=SYSTEM, now=now)

    assert (kept, kept_url) == (Saved(LINK, was_upgraded=False), LINK)
    assert upgraded == Saved("https://meet.example/b", was_upgraded=True)
    assert resource.virtual_room == "https://meet.example/b"


def test_a_refused_link_leaves_the_old_value(session: Session, now: datetime) -> None:
    """R48, ROOM-002: the message stands at the field, the old value is kept."""
    resource = make_one(session, virtual_room=LINK)

    with pytest.raises(Invalid) as caught:
        save_virtual_room(session, resource, "javascript:alert(1)", was=LINK, who=SYSTEM, now=now)

    assert caught.value.field == "url"
    assert resource.virtual_room == LINK
    assert not session.exec(select(Audit)).all()


def test_an_emptied_cell_is_saved_as_empty(session: Session, now: datetime) -> None:
    resource = make_one(session, virtual_room=LINK)

    assert save_virtual_room(session, resource, " ", was=LINK, who=SYSTEM, now=now) == Saved("", was_upgraded=False)
    assert resource.virtual_room == ""


def test_of_two_who_edit_the_same_cell_the_second_sees_both_values(session: Session, now: datetime) -> None:
    """ROOM-024: the second save gets 409 with who and what; nothing is overwritten."""
    school = make_school(session)
    login = make_login(session, "dana@linden.example")
    make_contact(session, school, "Dana", "Whitlock", login_id=login.id)
    resource = make_resource(session, make_event(session, school))
    dana = Who(login.id)
    save_virtual_room(session, resource, LINK, was="", who=dana, now=now)

    with pytest.raises(Overwritten) as caught:
        save_virtual_room(session, resource, "https://meet.example/other", was="", who=SYSTEM, now=now)

    assert caught.value.status == 409
    assert caught.value.values == {"who": "Dana Whitlock", "current": LINK}
    assert "Dana Whitlock saved" in sentence(caught.value)
    assert resource.virtual_room == LINK


def test_a_cell_that_an_unknown_person_emptied_is_told_so(session: Session, now: datetime) -> None:
    resource = make_one(session, virtual_room="")

    with pytest.raises(Overwritten) as caught:
        save_virtual_room(session, resource, "https://meet.example/other", was=LINK, who=SYSTEM, now=now)

    assert sentence(caught.value) == "Somebody else emptied this meanwhile. Nothing was overwritten."


def test_the_same_save_sent_twice_is_no_conflict(session: Session, now: datetime) -> None:
    resource = make_one(session)
    first = save_virtual_room(session, resource, LINK, was="", who=SYSTEM, now=now)

    assert save_virtual_room(session, resource, LINK, was="", who=SYSTEM, now=now) == first


def test_a_room_is_saved_by_the_same_rules(session: Session, now: datetime) -> None:
    resource = make_one(session, room="112")

    saved = save_room(session, resource, "Lab 2", was="112", who=SYSTEM, now=now)
    with pytest.raises(Overwritten):
        save_room(session, resource, "Gym", was="112", who=SYSTEM, now=now)
    with pytest.raises(Invalid) as caught:
        save_room(session, resource, "javascript:alert(1)", was="Lab 2", who=SYSTEM, now=now)

    assert saved == Saved("Lab 2", was_upgraded=False)
    assert caught.value.field == "room"
    assert resource.room == "Lab 2"


def test_the_audit_says_who_saved_a_cell_but_not_what(session: Session, now: datetime) -> None:
    resource = make_one(session)

    save_virtual_room(session, resource, LINK, was="", who=Who(7, acting_as_id=9), now=now)

    row = session.exec(select(Audit)).one()
    assert (row.action, row.subject) == ("resource.virtual_room", f"resource {resource.id}")
    assert (row.login_id, row.acting_as_id) == (7, 9)
    assert "meet" not in row.detail


def test_a_resource_is_found_in_its_own_event_and_school_only(session: Session) -> None:
    school, other = make_school(session), make_school(session)
    event, second = make_event(session, school), make_event(session, school)
    resource = make_resource(session, event)
    [school_id, event_id, number] = [row.id or 0 for row in (school, event, resource)]

    assert resource_of(session, school_id, event_id, number) is resource
    for wrong in [(other.id, event_id), (school_id, second.id)]:
        with pytest.raises(NotFound):
            resource_of(session, wrong[0] or 0, wrong[1] or 0, number)


def test_resources_come_in_order_with_their_members_in_order(session: Session) -> None:
    school = make_school(session)
    folake, hugh = make_teacher(session, school), make_teacher(session, school, "Hugh", "Barlow")
    event = make_event(session, school)
    last = make_resource(session, event, position=9)
    team = make_resource(session, event, hugh, folake, position=3)
    make_resource(session, make_event(session, school), folake)

    assert [(r.resource, r.members) for r in resources_of(session, event)] == [(team, (hugh, folake)), (last, ())]


def test_a_teacher_is_added_after_the_others_once(session: Session, now: datetime) -> None:
    school = make_school(session)
    kenji = make_teacher(session, school, "Kenji", "Ito", room="Studio", virtual_room=LINK)
    event = make_event(session, school)
    make_resource(session, event, position=5)

    added = add_teacher(session, event, kenji, who=SYSTEM, now=now)
    with pytest.raises(Invalid):
        add_teacher(session, event, kenji, who=SYSTEM, now=now)

    assert (added.name, added.room, added.virtual_room, added.position) == ("Kenji Ito", "Studio", LINK, 6)
    assert resources_of(session, event)[1].members == (kenji,)


def test_a_teacher_of_another_school_is_not_found(session: Session, now: datetime) -> None:
    event = make_event(session, make_school(session))
    stranger = make_teacher(session, make_school(session))

    with pytest.raises(NotFound):
        add_teacher(session, event, stranger, who=SYSTEM, now=now)
