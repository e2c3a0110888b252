"""Preflight names each planted defect with its object and remedy, and nothing else; what is healed is gone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from factories import (
    EVENING,
    make_connection,
    make_contact,
    make_event,
    make_host,
    make_resource,
    make_school,
    make_slot,
    make_teacher,
    stored,
)
from sqlmodel import Session, select

from webapp.i18n import gettext
from webapp.models import (
    Connection,
    Event,
    EventSettings,
    Host,
    MessageText,
    Resource,
    ResourceMember,
    School,
    Slot,
    Task,
)
from webapp.providers.base import Tokens
from webapp.services.preflight.finding import AMBER, RED
from webapp.services.preflight.preflight import Preflight, preflight
from webapp.services.system.audit import SYSTEM
from webapp.services.system.installation import hold, resume
from webapp.services.system.tokens import close_tokens

RULE = '{"length": 6}'
FOLAKE = "Folake Adeyemi"

pytestmark = pytest.mark.both_databases


@dataclass
class Scene:
    """A clean school: Folake and Hugh are mapped and have four virtual quarters each; Zoom is on."""

    session: Session
    now: datetime
    school: School
    event: Event
    missing: list[str] = field(default_factory=list)

    def look(self) -> Preflight:
        self.session.flush()
        settings = self.settings
        return preflight(self.session, self.event, settings, missing_scopes=lambda _: self.missing, now=self.now)

    def named(self) -> list[tuple[str, str, tuple[str, ...]]]:
        found = self.look()
        both = [*found.red, *found.amber]
        assert all(gettext(one.heading, **one.values) and gettext(one.remedy) for one in both)
        return sorted((one.code, one.state, tuple(subject.name for subject in one.subjects)) for one in both)

    @property
    def settings(self) -> EventSettings:
        return self.session.get_one(EventSettings, self.event.id)

    @property
    def connection(self) -> Connection:
        return self.session.exec(select(Connection)).one()

    def resource(self, name: str = FOLAKE) -> Resource:
        return self.session.exec(select(Resource).where(Resource.name == name)).one()

    def host(self, name: str = FOLAKE) -> Host:
        member = select(ResourceMember.contact_id).where(ResourceMember.resource_id == self.resource(name).id)
        return self.session.exec(select(Host).where(Host.contact_id == self.session.exec(member).first())).one()

    def teacher(self, first: str, last: str, **host: Any) -> Resource:
        """One more, with four virtual quarters; mapped unless `host` says otherwise, unknown for `state=None`."""
        contact = make_teacher(self.session, self.school, first, last)
        if host.get("state", "mapped") is not None:
            make_host(self.session, contact, **{"passcode_rule": RULE, "checked_at": self.now} | host)
        resource = make_resource(self.session, self.event, contact)
        self.slots(resource)
        return resource

    def slots(self, resource: Resource, number: int = 4, **values: Any) -> list[Slot]:
        start = values.pop("at", EVENING)
        step = timedelta(minutes=values.get("minutes", 15))
        return [make_slot(self.session, resource, at=start + n * step, **{"kind": "V"} | values) for n in range(number)]


@pytest.fixture
def scene(session: Session, now: datetime) -> Scene:
    school = make_school(session)
    connection = make_connection(session, school, mapped_at=now - timedelta(hours=1))
    close_tokens(session, connection, Tokens("a", "r", now + timedelta(hours=1)))
    scene = Scene(session, now, school, make_event(session, school, settings={"provider": "zoom"}))
    scene.teacher("Folake", "Adeyemi")
    scene.teacher("Hugh", "Barlow")
    return scene


Heal = Callable[[], object]
Plant = Callable[[Scene], Heal]


def _set(find: Callable[[Scene], Any], **values: Any) -> Plant:
    def plant(scene: Scene) -> Heal:
        row = find(scene)
        were = {name: getattr(row, name) for name in values}

        def write(some: dict[str, Any]) -> None:
            for name, value in some.items():
                setattr(row, name, value(scene) if callable(value) else value)
            scene.session.flush()

        write(values)
        return lambda: write(were)

    return plant


def _of_host(**values: Any) -> Plant:
    return _set(lambda scene: scene.host(), **values)


def _of_connection(**values: Any) -> Plant:
    return _set(lambda scene: scene.connection, **values)


def _gone(find: Callable[[Scene], Any]) -> Plant:
    """A row that is missing, and comes back."""

    def plant(scene: Scene) -> Heal:
        row = find(scene)
        kept = type(row)(**row.model_dump())
        scene.session.delete(row)
        scene.session.flush()

        def heal() -> None:
            scene.session.expunge_all()
            stored(scene.session, kept)

        return heal

    return plant


def _without_slots(scene: Scene) -> Heal:
    resource = make_resource(
        scene.session, scene.event, make_teacher(scene.session, scene.school, "Ida", "Quist"), name="Ida Quist"
    )
    return lambda: scene.slots(resource, kind="P")


def _missing_scope(scene: Scene) -> Heal:
    scene.missing = ["meeting:delete:meeting:admin"]
    return scene.missing.clear


def _on_hold(scene: Scene) -> Heal:
    hold(scene.session, because="restored", who=SYSTEM, now=scene.now)
    return lambda: resume(scene.session, who=SYSTEM, now=scene.now)


def _no_room_macro(scene: Scene) -> Heal:
    """The written body instead of the schedule, and no word of the room in it."""
    owner = {"event_id": scene.event.id, "school_id": scene.school.id, "saved_at": scene.now}
    text = MessageText(**owner, kind="confirmation", uses_schedule=False, body="See you soon, $(FirstName)")
    row = stored(scene.session, text)
    return lambda: setattr(row, "body", "See you soon: $(Room)")


def _overdue(scene: Scene) -> Heal:
    due = scene.now - timedelta(minutes=11)
    task = stored(scene.session, Task(school_id=scene.school.id, kind="map_contacts", created_at=due, due_at=due))
    return lambda: setattr(task, "due_at", None)


def _all_in_person(scene: Scene) -> Heal:
    slots = scene.session.exec(select(Slot)).all()

    def become(kind: str) -> None:
        for slot in slots:
            slot.kind = kind

    become("P")
    return lambda: become("PV")


def _clock_change(scene: Scene) -> Heal:
    """The clocks of Chicago go forward on March 14, 2027."""
    [slot] = scene.slots(scene.resource(), 1, at=datetime(2027, 3, 14, 15, 0))
    return lambda: scene.session.delete(slot)


def _new_rules(scene: Scene) -> Heal:
    """As if Chicago had given up its summer time since the slots were made."""
    slot = scene.session.exec(select(Slot)).first()
    assert slot
    slot.starts_at, slot.ends_at = slot.starts_at + timedelta(hours=3), slot.ends_at + timedelta(hours=3)

    def heal() -> None:
        slot.starts_at, slot.ends_at = slot.starts_at - timedelta(hours=3), slot.ends_at - timedelta(hours=3)

    return heal


def _long_slot(scene: Scene) -> Heal:
    basic = _of_host(is_basic=True)(scene)
    [slot] = scene.slots(scene.resource(), 1, at=EVENING + timedelta(days=1), minutes=45)
    return lambda: (basic(), scene.session.delete(slot))


def _shared(scene: Scene) -> Heal:
    second = make_teacher(scene.session, scene.school, "Ida", "Quist")
    member = ResourceMember(
        resource_id=scene.resource().id, contact_id=second.id, school_id=scene.school.id, position=1
    )
    stored(scene.session, member)
    return _of_host(is_basic=True)(scene)


def _crowded(scene: Scene) -> Heal:
    [slot] = scene.slots(scene.resource(), 1, at=EVENING + timedelta(days=1), capacity=97)
    return lambda: setattr(slot, "capacity", 96)


def _no_provider(scene: Scene) -> Heal:
    """Hugh's link is typed, Folake's is not one."""
    scene.settings.provider = None
    scene.resource("Hugh Barlow").virtual_room = "https://meet.linden.example/barlow"
    scene.resource().virtual_room = "javascript:alert(1)"
    return lambda: setattr(scene.resource(), "virtual_room", "https://meet.linden.example/adeyemi")


def _hidden(scene: Scene) -> Heal:
    return _set(lambda s: s.resource(), virtual_room="https://meet.linden.example/a")(scene)


DEFECTS: dict[str, tuple[Plant, str, tuple[str, ...]]] = {
    "not_connected": (_of_connection(disconnected_at=lambda s: s.now), RED, ()),
    "needs_reconnect": (_of_connection(needs_reconnect_at=lambda s: s.now), RED, ()),
    "unreadable_tokens": (_of_connection(refresh_token="of another key"), RED, ()),
    "scopes": (_missing_scope, RED, ()),
    "never_checked": (_of_connection(mapped_at=None), AMBER, ()),
    "stale": (_of_connection(mapped_at=lambda s: s.now - timedelta(days=8)), AMBER, ()),
    "no_contact": (
        _gone(lambda s: s.session.exec(select(ResourceMember).order_by(ResourceMember.resource_id)).first()),  # type: ignore[arg-type]
        RED,
        (FOLAKE,),
    ),
    "not_mapped": (_gone(lambda s: s.host()), RED, (FOLAKE,)),
    "not_found": (_of_host(state="not_found", remote_id=""), RED, (FOLAKE,)),
    "pending": (_of_host(state="pending", remote_id=""), RED, (FOLAKE,)),
    "inactive": (_of_host(state="inactive"), RED, (FOLAKE,)),
    "no_email": (_of_host(state="no_email"), RED, (FOLAKE,)),
    "cannot_host": (_of_host(state="cannot_host"), RED, (FOLAKE,)),
    "basic": (_of_host(is_basic=True), AMBER, (FOLAKE,)),
    "basic_long": (_long_slot, RED, (FOLAKE,)),
    "basic_shared": (_shared, AMBER, (FOLAKE,)),
    "budget": (_crowded, AMBER, (FOLAKE,)),
    "passcode_unread": (_of_host(passcode_rule=""), AMBER, (FOLAKE,)),
    "passcode_impossible": (_of_host(passcode_rule='{"length": 12}'), RED, (FOLAKE,)),
    "all_in_person": (_all_in_person, RED, ()),
    "no_slots": (_without_slots, AMBER, ("Ida Quist",)),
    "clock_change": (_clock_change, AMBER, ("Sun, Mar 14",)),
    "other_times": (_new_rules, AMBER, ("Thu, Dec 3",)),
    "hidden_link": (_hidden, AMBER, (FOLAKE,)),
    "no_link": (_no_provider, RED, (FOLAKE,)),
    "no_room_macro": (_no_room_macro, AMBER, ()),
    "on_hold": (_on_hold, RED, ()),
    "jobs_stand_still": (_overdue, RED, ()),
}


def test_a_clean_school_shows_nothing_red_or_amber(scene: Scene) -> None:
    assert scene.named() == []
    assert {check.state for check in scene.look().checks} == {"green"}


@pytest.mark.parametrize("code", DEFECTS)
def test_a_planted_defect_is_named_alone_with_its_object_and_healed_it_is_gone(scene: Scene, code: str) -> None:
    """F1, F3, F4, F7, F10, F18, F20, F25; R29, R37, R57, R58, R71, R83, R95, ADMIN-036"""
    plant, state, subjects = DEFECTS[code]

    heal = plant(scene)

    assert scene.named() == [(code, state, subjects)]
    heal()
    assert scene.named() == []


def test_a_school_with_a_dozen_defects_has_each_named_and_nothing_else(scene: Scene) -> None:
    for first, state in (("Ada", "pending"), ("Ben", "inactive"), ("Cy", "not_found"), ("Di", None)):
        scene.teacher(first, "Moss", state=state, remote_id="")
    scene.teacher("Eve", "Moss", state="cannot_host")
    scene.teacher("Flo", "Moss", is_basic=True)
    scene.teacher("Gus", "Moss", passcode_rule='{"only_allow_numeric": true, "have_letter": true}')
    scene.teacher("Hal", "Moss", passcode_rule="")
    scene.teacher("Joy", "Moss").virtual_room = "https://meet.linden.example/joy"
    scene.slots(scene.teacher("Kit", "Moss"), 1, at=EVENING + timedelta(days=1), capacity=100)
    scene.slots(make_resource(scene.session, scene.event))
    _without_slots(scene)
    _clock_change(scene)
    _missing_scope(scene)
    _overdue(scene)

    assert scene.named() == [
        ("basic", AMBER, ("Flo Moss",)),
        ("budget", AMBER, ("Kit Moss",)),
        ("cannot_host", RED, ("Eve Moss",)),
        ("clock_change", AMBER, ("Sun, Mar 14",)),
        ("hidden_link", AMBER, ("Joy Moss",)),
        ("inactive", RED, ("Ben Moss",)),
        ("jobs_stand_still", RED, ()),
        ("no_contact", RED, ("Learning Support",)),
        ("no_slots", AMBER, ("Ida Quist",)),
        ("not_found", RED, ("Cy Moss",)),
        ("not_mapped", RED, ("Di Moss",)),
        ("passcode_impossible", RED, ("Gus Moss",)),
        ("passcode_unread", AMBER, ("Hal Moss",)),
        ("pending", RED, ("Ada Moss",)),
        ("scopes", RED, ()),
    ]


def test_a_team_is_judged_by_its_first_teacher_and_named_with_it(scene: Scene) -> None:
    """R64: the lead hosts; a second teacher without Zoom user is no defect."""
    lead = make_teacher(scene.session, scene.school, "Ida", "Quist")
    second = make_teacher(scene.session, scene.school, "Lou", "Quist")
    make_host(scene.session, lead, state="inactive")
    scene.slots(make_resource(scene.session, scene.event, lead, second, name="Grade 4 team"))

    assert scene.named() == [("inactive", RED, ("Grade 4 team (Ida Quist)",))]


def test_a_digits_only_rule_is_no_defect(scene: Scene) -> None:
    """R94: passcodes follow it at the first try."""
    scene.host().passcode_rule = '{"length": 10, "only_allow_numeric": true}'

    assert scene.named() == []


def test_what_is_over_removed_or_unavailable_counts_for_nothing(scene: Scene, now: datetime) -> None:
    hugh = scene.host("Hugh Barlow")
    hugh.state = "inactive"
    scene.slots(scene.resource("Hugh Barlow"), 1, at=datetime(2026, 11, 20, 16, 0))
    his = select(Slot).where(Slot.resource_id == scene.resource("Hugh Barlow").id)
    for n, slot in enumerate(slot for slot in scene.session.exec(his) if slot.ends_at > now):
        if n % 2:
            slot.removed_at = now
        else:
            slot.visibility = "unavailable"

    assert scene.named() == [("no_slots", AMBER, ("Hugh Barlow",))]


def test_an_event_that_is_over_has_nothing_to_answer_for(scene: Scene) -> None:
    scene.host().state = "inactive"
    scene.now += timedelta(days=30)
    scene.connection.mapped_at = scene.now

    assert scene.named() == []


def test_a_hold_explains_by_itself_why_work_waits(scene: Scene) -> None:
    _on_hold(scene)
    _overdue(scene)

    assert scene.named() == [("on_hold", RED, ())]


def test_forty_minutes_are_not_too_long_for_a_free_user(scene: Scene) -> None:
    """F7, R58: marked as free, and no more."""
    scene.host().is_basic = True
    scene.slots(scene.resource(), 1, at=EVENING + timedelta(days=1), minutes=40)

    assert scene.named() == [("basic", AMBER, (FOLAKE,))]


@pytest.mark.parametrize("provider", ["zoom", None])
def test_an_event_without_slots_has_nothing_to_answer_for(scene: Scene, provider: str | None) -> None:
    scene.settings.provider = provider
    for slot in scene.session.exec(select(Slot)):
        scene.session.delete(slot)

    found = scene.look()

    assert (scene.named(), found.facts.has_slots, found.facts.virtual) == ([], False, [])


def test_facts_are_of_this_event_and_school_alone(scene: Scene) -> None:
    other = make_event(scene.session, scene.school, settings={"provider": "zoom"})
    scene.slots(make_resource(scene.session, other))
    stranger = make_school(scene.session)
    make_connection(scene.session, stranger, needs_reconnect_at=scene.now)
    scene.slots(make_resource(scene.session, make_event(scene.session, stranger)))
    make_contact(scene.session, stranger)

    assert [(one.code) for one in scene.look().red] == []


def test_each_fact_from_outside_has_its_time(scene: Scene) -> None:
    """Of hosts the oldest counts."""
    scene.host().checked_at = scene.now - timedelta(hours=3)

    times = {check.title: check.as_of for check in scene.look().checks if check.as_of}

    read, oldest = datetime(2026, 11, 23, 14, 0, tzinfo=UTC), datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert times == {"Zoom connection": read, "Hosts": oldest, "Passcode rules": oldest}


def test_what_nobody_has_looked_at_is_not_called_well(scene: Scene) -> None:
    """After the app was taken away in Zoom nothing is known of its users."""
    scene.connection.disconnected_at = scene.now
    for host in scene.session.exec(select(Host)).all():
        scene.session.delete(host)
    scene.session.flush()

    checks = {check.title: check.state for check in scene.look().checks}

    assert checks["Zoom connection"] == "red"
    assert {"Hosts", "Passcode rules"}.isdisjoint(checks)
