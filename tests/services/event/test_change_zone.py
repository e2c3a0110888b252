"""A changed time zone: bookings are promises of wall time (RELIABILITY 2.7, I15)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from evening import Evening
from factories import EVENING, make_event, make_resource, make_slot
from outside import Outside
from sqlmodel import Session, select
from threads import in_turn

from webapp.db import Database
from webapp.errors import DomainError, Invalid, ProviderError
from webapp.models import Audit, Event, Meeting, Message, Occupancy, Slot
from webapp.services.event.change_zone import Elsewhere, ZoneChanged, change_zone
from webapp.services.event.copy_slots import CopyInput, copy_slots
from webapp.services.event.create_slots import SlotsInput, create_slots
from webapp.services.event.events import settings_of
from webapp.services.event.move_plan import MoveInput
from webapp.services.event.move_slots import move_slots
from webapp.services.event.zone_plan import ZonePlan, plan_zone
from webapp.services.meeting.awaited import awaited
from webapp.services.meeting.issue_rows import cause_of, issue_row
from webapp.services.system.audit import SYSTEM
from webapp.services.system.invariants import broken

CHICAGO, NEW_YORK, BERLIN = "America/Chicago", "America/New_York", "Europe/Berlin"


def changed(evening: Evening, zone: str, *, tell: bool = False, was: str | None = None) -> ZonePlan:
    was = evening.event.zone if was is None else was
    return change_zone(evening.session, evening.event, zone, was=was, tell=tell, who=SYSTEM, now=evening.now)


def minutes(session: Session) -> list[tuple[str, int]]:
    rows = session.exec(select(Occupancy.kind, Occupancy.tick).order_by(Occupancy.kind, Occupancy.tick))
    return [(kind, tick) for kind, tick in rows]


def state(evening: Evening, *slots: Slot) -> tuple[object, ...]:
    starts = [slot.starts_at for slot in slots]
    return starts, minutes(evening.session), settings_of(evening.session, evening.event).opens_at


@pytest.mark.both_databases
def test_wall_times_stay_and_instants_people_and_settings_move_with_them(session: Session, now: datetime) -> None:
    """I15: a stored instant changes only because somebody moved it, and then all that hangs on it."""
    evening = Evening(session, now)
    [appointment] = evening.book(evening.slot())
    rest = [evening.slot() for _ in range(11)]
    closes = datetime(2026, 12, 1, 18, 0, tzinfo=ZoneInfo(CHICAGO))
    settings_of(session, evening.event).closes_at = closes.astimezone(UTC)
    session.flush()
    held = minutes(session)

    plan = changed(evening, NEW_YORK)

    session.expire_all()
    slot = session.get_one(Slot, appointment.slot_id)
    assert (plan.slots, plan.appointments, plan.families) == (12, 1, 1)
    assert slot.wall_start == "2026-12-03T16:00"
    assert slot.starts_at == EVENING.replace(tzinfo=ZoneInfo(NEW_YORK)).astimezone(UTC)
    assert {one.minutes for one in [slot, *rest]} == {15}
    assert all(one.removed_at is None for one in rest)
    assert minutes(session) == [(kind, tick - 60) for kind, tick in held]
    assert settings_of(session, evening.event).closes_at == closes.replace(tzinfo=ZoneInfo(NEW_YORK)).astimezone(UTC)
    assert (evening.event.zone, evening.event.zone_changed_at) == (NEW_YORK, now)
    assert session.exec(select(Audit.action).where(Audit.action == "event.zone")).one()


@pytest.mark.both_databases
def test_a_change_back_restores_everything(session: Session, now: datetime) -> None:
    """RELIABILITY 2.7: undo."""
    evening = Evening(session, now)
    evening.book(evening.slot())
    slots = [evening.slot() for _ in range(3)]
    removed = evening.slot(removed_at=now)
    before = (
        [one.starts_at for one in [*slots, removed]],
        minutes(session),
        settings_of(session, evening.event).opens_at,
    )

    changed(evening, BERLIN)
    changed(evening, CHICAGO)

    session.expire_all()
    after = (
        [one.starts_at for one in [*slots, removed]],
        minutes(session),
        settings_of(session, evening.event).opens_at,
    )
    assert after == before
    assert removed.removed_at == now


def test_meetings_are_re_timed_and_their_links_kept(database: Database, outside: Outside, now: datetime) -> None:
    """R40: when an event's zone is changed while links are made, the meetings are re-timed and links kept."""
    with database.transaction() as session:
        evening = Evening(session, now, provider="zoom")
        outside.knows(evening.host.remote_id or "")
        evening.book(evening.slot())
    outside.tick()
    with database.transaction() as session:
        link = session.exec(select(Meeting)).one().join_url
    with evening.later(database):
        plan = changed(evening, NEW_YORK)
    outside.tick(timedelta(minutes=5))

    [made] = outside.meetings.meetings.values()
    with database.reading() as session:
        [meeting] = session.exec(select(Meeting)).all()
    assert plan.links == 1
    assert link
    assert meeting.join_url == link
    assert not made.removed
    assert made.starts_at == EVENING.replace(tzinfo=ZoneInfo(NEW_YORK)).astimezone(UTC)


def test_a_link_that_is_still_awaited_is_made_for_the_new_time(
    database: Database, outside: Outside, now: datetime
) -> None:
    """R40: while links are pending."""
    with database.transaction() as session:
        evening = Evening(session, now, provider="zoom")
        outside.knows(evening.host.remote_id or "")
        evening.book(evening.slot())
    with evening.later(database):
        changed(evening, NEW_YORK)
    outside.tick()

    [made] = outside.meetings.meetings.values()
    assert made.starts_at == EVENING.replace(tzinfo=ZoneInfo(NEW_YORK)).astimezone(UTC)


def test_a_call_that_fails_afterwards_says_that_the_zone_was_changed(
    database: Database, outside: Outside, now: datetime
) -> None:
    """R40: the row says "time zone changed on (date)" if a call fails."""
    with database.transaction() as session:
        evening = Evening(session, now, provider="zoom")
        outside.knows(evening.host.remote_id or "")
        evening.book(evening.slot())
    outside.tick()
    with evening.later(database):
        changed(evening, NEW_YORK)
    outside.now += timedelta(minutes=5)
    outside.tick_failing("change", ProviderError("Zoom says no", retry=False, code="3000"))

    with database.reading() as session:
        [row] = awaited(session, session.exec(select(Event.id)).all(), now=outside.now)
        issue = issue_row(cause_of(row, now=outside.now) or "", [row], now=outside.now)

    assert issue.zone_changed == "Nov 23, 2026"


def test_each_family_is_mailed_once_where_that_is_wanted_and_else_nobody(session: Session, now: datetime) -> None:
    """RELIABILITY 2.7: one mail per family."""
    evening = Evening(session, now)
    evening.book(evening.slot())
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    evening.book(evening.slot(), maker=bob, child=ben)
    before = len(session.exec(select(Message)).all())

    changed(evening, NEW_YORK)
    quietly = len(session.exec(select(Message)).all())
    changed(evening, BERLIN, tell=True)

    told = session.exec(select(Message).where(Message.created_at >= now)).all()[before:]
    assert quietly == before
    assert sorted(message.recipient for message in told) == sorted([evening.alice.email, bob.email])


def test_times_that_the_new_zone_skips_are_named_and_nothing_changes(session: Session, now: datetime) -> None:
    """RELIABILITY 2.7: 2:30 on the night of the spring change exists in UTC and not in Chicago."""
    evening = Evening(session, now)
    event = make_event(session, evening.school, zone="UTC")
    resource = make_resource(session, event, evening.teacher)
    make_slot(session, resource, at=datetime(2027, 3, 14, 2, 30), zone="UTC")
    evening.event = event

    plan = plan_zone(session, event, CHICAGO, now=now)
    with pytest.raises(Invalid) as refused:
        changed(evening, CHICAGO)

    assert (plan.missing, plan.is_possible) == (("2027-03-14T02:30",), False)
    assert refused.value.field == "zone"
    assert event.zone == "UTC"


def test_of_a_time_that_comes_twice_there_the_earlier_is_meant_and_it_is_said(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    event = make_event(session, evening.school, zone="UTC")
    slot = make_slot(
        session, make_resource(session, event, evening.teacher), at=datetime(2027, 11, 7, 1, 30), zone="UTC"
    )
    evening.event = event

    plan = changed(evening, CHICAGO)

    session.expire_all()
    assert plan.twice == ("2027-11-07T01:30",)
    assert slot.starts_at == datetime(2027, 11, 7, 6, 30, tzinfo=UTC)
    assert slot.minutes == 15


@pytest.mark.both_databases
def test_nobody_gets_into_two_appointments_at_once(session: Session, now: datetime) -> None:
    """I2, I3: with another event the new times collide, so nothing changes."""
    evening = Evening(session, now)
    evening.book(evening.slot())
    other = make_event(session, evening.school, zone=NEW_YORK)
    clash = make_slot(session, make_resource(session, other, evening.teacher), at=EVENING, zone=NEW_YORK)
    bob, ben = evening.family("Bob", "Ben", evening.teacher)
    first, evening.event, evening.settings = evening.event, other, settings_of(session, other)
    evening.book(clash, maker=bob, child=ben)
    evening.event = first

    with pytest.raises(Elsewhere), session.begin_nested():
        changed(evening, NEW_YORK)

    session.expire_all()
    assert session.get_one(Event, first.id).zone == CHICAGO


@pytest.mark.parametrize("zone", ["EST", "", "../UTC", "GMT+3", "Europe/Atlantis", "x" * 60])
def test_what_is_no_zone_is_refused_with_a_suggestion(session: Session, now: datetime, zone: str) -> None:
    """ADMIN-002"""
    evening = Evening(session, now)

    with pytest.raises(Invalid) as refused:
        changed(evening, zone)

    assert refused.value.values["suggestion"]
    assert evening.event.zone == CHICAGO


def test_a_zone_that_somebody_changed_meanwhile_is_not_changed_again(session: Session, now: datetime) -> None:
    evening = Evening(session, now)

    with pytest.raises(ZoneChanged):
        changed(evening, NEW_YORK, was=BERLIN)
    with pytest.raises(Invalid):
        changed(evening, CHICAGO)


def test_all_promises_of_the_database_hold_afterwards(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        evening = Evening(session, now)
        evening.book(evening.slot())
        changed(evening, BERLIN, tell=True)

    with database.reading() as session:
        assert not broken(session, now=now)


NEXT_DAY = date(2026, 12, 4)
_CREATE = SlotsInput(dates=[NEXT_DAY], from_time="16:00", to_time="17:00", duration=15)
_DEEDS = {
    "create": (create_slots, _CREATE),
    "copy": (copy_slots, CopyInput(dates=[EVENING.date()], to=[NEXT_DAY])),
    "move": (move_slots, MoveInput(dates=[EVENING.date()], to=[NEXT_DAY])),
}


@pytest.mark.postgres
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("zone_is_first", [True, False])
@pytest.mark.parametrize("deed", _DEEDS)
def test_slots_that_are_made_or_moved_meanwhile_are_at_the_times_that_they_show(
    database: Database, now: datetime, deed: str, zone_is_first: bool
) -> None:
    """I15. On SQLite nobody else writes meanwhile."""
    with database.transaction() as session:
        evening = Evening(session, now)
        evening.slot()
    act, typed = _DEEDS[deed]

    def office(session: Session) -> object:
        return act(session, session.get_one(Event, evening.event.id), typed, who=SYSTEM, now=now)

    def other_zone(session: Session) -> object:
        event = session.get_one(Event, evening.event.id)
        return change_zone(session, event, NEW_YORK, was=CHICAGO, tell=False, who=SYSTEM, now=now)

    came = in_turn(database, *((other_zone, office) if zone_is_first else (office, other_zone)))

    assert not any(isinstance(result, DomainError) for result in came)
    with database.reading() as session:
        slots = session.exec(select(Slot)).all()
    walls = [datetime.fromisoformat(slot.wall_start).replace(tzinfo=ZoneInfo(NEW_YORK)) for slot in slots]
    assert [slot.starts_at for slot in slots] == walls
    assert NEXT_DAY in {wall.date() for wall in walls}
