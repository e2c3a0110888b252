"""A deed of the Slots menu over many teachers runs by itself: its page tells how far it is, and of whom it stopped."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from event_office import FRIDAY, THURSDAY, Office, open_office, words
from factories import make_contact, make_resource, stored
from online_office import time_stands_at

from jobs.tasks import run_tasks
from webapp import clock
from webapp.db import Database
from webapp.models import Appointment, Audit, Grant, Level, Message, Resource, School, Slot, Task
from webapp.models.people.contact import is_last_first
from webapp.services.event import slots_task
from webapp.services.event.slots_task import run_slots
from webapp.services.system.errand import Claim, claim_due


@pytest.fixture
def office(database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Five teachers; eight slots are many, and two teachers are done at a time."""
    monkeypatch.setattr(slots_task, "LONG", 8)
    monkeypatch.setattr(slots_task, "_TEACHERS", 2)
    with time_stands_at(now):
        office = open_office(database, now)
        with office.arranged() as session:
            for n in range(3):
                make_resource(session, office.event, name=f"Teacher {n}")
        yield office


def started(office: Office, deed: str, **typed: Any) -> str:
    """The address of the page that tells how far it is."""
    answer = office.do(deed, **typed)
    assert answer.status_code == 303
    assert "/slots/task/" in answer.location, answer.location
    return str(answer.location)


def claimed(office: Office) -> Claim:
    with office.arranged() as session:
        [claim] = claim_due(session, Task, now=clock.now())
        return claim


def test_what_is_little_is_done_at_once_and_what_is_much_is_watched(office: Office) -> None:
    short = office.do("create", who="selected", resources=[str(office.hugh.id)])
    made = len(office.all(Slot))

    address = started(office, "create")
    before = office.dora.get(address).text, office.dora.get(f"{address}/progress").text
    waiting = len(office.all(Slot))
    run_tasks(office.app)
    after = office.dora.get(address).text, office.dora.get(f"{address}/progress").text

    assert ("/slots/task/" in short.location, made, waiting) == (False, 4, 4)
    for page in before:
        assert "Create Slots 0 of 5 teachers You can leave this page; it keeps running." in words(page)
        assert 'hx-trigger="every 1s"' in page
    for page in after:
        assert "Created 16 slots, 4 were already there" in words(page)
        assert 'hx-trigger="every' not in page
    assert len(office.all(Slot)) == 20


def test_the_button_pressed_twice_starts_one_and_both_lead_to_it(office: Office) -> None:
    form = office.form("create")

    answers = [office.dora.post(office.path("slots/create"), form) for _ in range(2)]

    assert answers[0].location == answers[1].location
    assert len(office.all(Task)) == 1


def test_only_what_the_button_said_is_started(office: Office) -> None:
    form = office.form("create")
    office.slots(office.hugh, 1)

    refused = office.dora.post(office.path("slots/create"), form)

    assert refused.status_code == 409
    assert "This is not what was counted." in words(refused.text)
    assert office.all(Task) == []


def test_update_copy_and_delete_come_to_what_they_come_to_at_once(office: Office) -> None:
    started(office, "create")
    run_tasks(office.app)
    booked = office.booked(office.all(Slot)[0])

    hidden = started(office, "update", visibility="hidden")
    run_tasks(office.app)
    copied = started(office, "copy")
    run_tasks(office.app)
    deleted = started(office, "delete")
    run_tasks(office.app)

    assert "Updated 20 slots, 1 of them booked" in words(office.dora.get(hidden).text)
    assert "Copied 20 slots, 0 were already there" in words(office.dora.get(copied).text)
    assert "Deleted 20 slots, 1 appointment turned red" in words(office.dora.get(deleted).text)
    assert office.again(booked).problem == "slot_removed"
    assert {slot.wall_start[:10] for slot in office.all(Slot) if not slot.removed_at} == {FRIDAY.isoformat()}


def test_a_long_move_goes_in_steps_and_a_family_with_many_teachers_is_mailed_once(office: Office) -> None:
    """Whoever books meanwhile waits for one step; the family's appointments go with the first of their teachers."""
    started(office, "create")
    run_tasks(office.app)
    first = {slot.resource_id: slot for slot in reversed(office.all(Slot))}
    rows = [office.booked(slot, child_name=f"Child {n}") for n, slot in enumerate(first.values())]

    moved = started(office, "move")
    run_tasks(office.app)

    steps = [json.loads(row.detail) for row in office.all(Audit) if row.action == "slots.move"]
    assert [(step["slots"], step["appointments"]) for step in steps] == [(11, 5), (6, 0), (3, 0)]
    assert "Moved 20 slots, 5 appointments along with them" in words(office.dora.get(moved).text)
    assert len({office.again(row).act for row in rows}) == 1
    assert len([m for m in office.all(Message) if m.kind == "confirmation" and not m.dropped_at and m.act]) == 1


def test_after_a_crash_it_goes_on_with_the_teachers_who_are_left(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RELIABILITY I7: what was done before is neither done nor counted again."""
    address = started(office, "create")
    steps = []

    def dies(*some: Any, **more: Any) -> Any:
        steps.append(1)
        if len(steps) == 2:
            raise KeyboardInterrupt
        return act(*some, **more)

    act = slots_task._act
    monkeypatch.setattr(slots_task, "_act", dies)
    with pytest.raises(KeyboardInterrupt):
        run_slots(office.database, claimed(office), clock.now)
    done = [task.done for task in office.all(Task)]
    with office.arranged() as session:
        session.get_one(Task, 1).due_at = clock.now()  # its lease is over
    run_tasks(office.app)

    assert done == [2]
    assert "Created 20 slots, 0 were already there" in words(office.dora.get(address).text)
    assert [row.action for row in office.all(Audit)].count("slots.create") == 3


def test_whoever_lost_the_claim_writes_nothing(office: Office) -> None:
    """RELIABILITY I14"""
    started(office, "create")
    claim = claimed(office)

    run_slots(office.database, Claim(claim.id, "another"), clock.now)

    assert office.all(Slot) == []


def test_where_it_cannot_go_on_it_names_teacher_and_time_and_says_what_was_done(office: Office) -> None:
    started(office, "create", capacity="2")
    run_tasks(office.app)
    last = max(office.all(Slot), key=lambda slot: (slot.resource_id, -(slot.id or 0)))
    office.booked(last)
    address = started(office, "update", capacity="1")
    office.booked(last, seat=2, child_name="Zoe")

    run_tasks(office.app)

    page = words(office.dora.get(address).text)
    assert "Thu, Dec 3, 4:00 PM with Teacher 2 holds 2 appointments." in page
    assert "4 of 5 teachers were done before: Updated 16 slots" in page
    assert "The rest is as it was." in page
    assert sorted(slot.capacity for slot in office.all(Slot)) == [1] * 16 + [2] * 4


def test_a_teacher_who_was_taken_out_meanwhile_is_passed_over(office: Office) -> None:
    """Never everybody instead of nobody."""
    address = started(office, "create")
    with office.arranged() as session:
        for resource in office.all(type(office.hugh)):
            if resource.name.startswith("Teacher"):
                session.delete(session.get_one(type(resource), resource.id))

    run_tasks(office.app)

    assert "Created 8 slots" in words(office.dora.get(address).text)


def test_the_page_is_of_its_event_and_school_only(office: Office) -> None:
    address = started(office, "create")
    number = address.rpartition("/")[2]
    event, _ = office.another_event()
    stranger = office.someone(Level.ADMINISTRATOR, school=office.another_school())
    viewer = office.someone(Level.MAKER)

    assert office.dora.get(office.path(f"slots/task/{number}", event)).status_code == 404
    assert office.dora.get(office.path("slots/task/999")).status_code == 404
    assert stranger.get(address).status_code == 404
    assert viewer.get(address).status_code == 403


def test_a_resource_administrator_starts_only_what_was_granted(office: Office) -> None:
    with office.arranged() as session:
        contact = make_contact(session, office.school, "Gus", level=Level.RESOURCE_ADMINISTRATOR)
        for resource in (office.folake, office.hugh):
            stored(session, Grant(school_id=contact.school_id, contact_id=contact.id or 0, resource_id=resource.id))
        gus = type(office.dora)(office.app)
        gus.sign_in(session, contact, now=clock.now())

    answer = office.do("create", gus)
    run_tasks(office.app)

    assert "/slots/task/" in answer.location
    assert {slot.resource_id for slot in office.all(Slot)} == {office.folake.id, office.hugh.id}
    assert office.all(Appointment) == []


def test_a_move_onto_its_own_days_goes_whole(office: Office) -> None:
    """Thursday's slots take Friday's places while Friday's leave them."""
    for resource in (office.folake, office.hugh):
        office.slots(resource, 4)
        office.slots(resource, 4, day=1)

    started(office, "move", dates=[THURSDAY.isoformat(), FRIDAY.isoformat()], to=FRIDAY.isoformat())
    run_tasks(office.app)

    [step] = [json.loads(row.detail) for row in office.all(Audit) if row.action == "slots.move"]
    assert (step["slots"], step["kept"]) == (16, 0)


def test_what_stays_in_a_long_move_is_counted_once(office: Office) -> None:
    """Alice's time with a teacher of the last step is taken; the other goes, and she is mailed of that alone."""
    started(office, "create")
    run_tasks(office.app)
    mine = {slot.resource_id: slot for slot in reversed(office.all(Slot))}
    last = max(office.all(Resource), key=lambda one: one.position)
    goes, stays = (office.booked(mine[one.id], child_name="Mia") for one in (office.folake, last))
    office.slots(last, 1, day=1)

    moved = started(office, "move")
    run_tasks(office.app)

    said = words(office.dora.get(moved).text)
    assert "Moved 19 slots, 1 appointment along with them" in said
    assert "1 booked slot" in said
    starts = {slot.id: slot.wall_start[:10] for slot in office.all(Slot)}
    assert [starts[row.slot_id] for row in (goes, stays)] == [FRIDAY.isoformat(), THURSDAY.isoformat()]


def test_the_school_s_way_to_write_names_ends_with_its_step(office: Office) -> None:
    """The next task of the same thread may be another school's."""
    with office.arranged() as session:
        session.get_one(School, office.event.school_id).names_last_first = True
    started(office, "create")

    run_slots(office.database, claimed(office), clock.now)

    assert len(office.all(Slot)) == 20
    assert not is_last_first.get()
