"""What follows from an appointment is recomputed from the rows, as often as one likes."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from evening import Evening
from factories import make_appointment, make_connection, make_host, make_resource, make_teacher
from outside import QUARANTINE, Outside
from sqlmodel import Session, col, select

from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, Meeting, Message, ResourceMember
from webapp.models.system.wished import ABSENT, PRESENT
from webapp.services.booking.agenda import agenda
from webapp.services.booking.consequences import follow
from webapp.services.booking.room import LINK, MAKING, MISSING, ROOM
from webapp.services.booking.wish_meetings import (
    BLOCKED,
    NEEDS_RECONNECT,
    NO_CONTACT,
    NOT_CONNECTED,
    NOT_MAPPED,
)
from webapp.services.system.errand import claim_due

pytestmark = pytest.mark.both_databases

LOST = ProviderError("Lost.", retry=True, arrived=True, code="timeout")
DOWN = ProviderError("Down.", retry=True, code="unreachable")
REFUSED = ProviderError("Refused.", retry=False, code="refused")
HOUR = timedelta(hours=1)


def state(session: Session) -> list[tuple[Any, ...]]:
    session.flush()
    session.expire_all()
    found = [*session.exec(select(Meeting)).all(), *session.exec(select(Message)).all()]
    return [tuple(sorted(row.model_dump().items(), key=str)) for row in found]


def room(evening: Evening, appointment: Appointment) -> tuple[str, str | None]:
    [entry] = agenda(evening.session, col(Appointment.id) == appointment.id)
    return entry.room.state, entry.room.url


def set_kind(evening: Evening, appointment: Appointment, *, is_virtual: bool) -> None:
    evening.again(appointment).is_virtual = is_virtual
    follow(evening.session, [appointment.id or 0], now=evening.now)


def test_a_virtual_booking_wishes_one_meeting_due_at_once(session: Session, now: datetime) -> None:
    """R4: in the booking's own transaction, and the job is woken."""
    evening = Evening(session, now, "zoom")

    [booked] = evening.book(evening.slot())

    meeting = evening.meeting(booked)
    assert (meeting.wish, meeting.due_at, meeting.provider) == (PRESENT, now, "zoom")
    assert (meeting.host_key, meeting.remote_id) == (f"z{evening.teacher.id}", None)
    assert len(meeting.marker) >= 20
    assert session.info["topics"] == {"meeting"}


@pytest.mark.parametrize(
    ("provider", "kind", "held"),
    [(None, "V", None), ("zoom", "P", None), ("zoom", "V", timedelta(minutes=5))],
)
def test_no_provider_in_person_or_a_mere_hold_wishes_none(
    session: Session, now: datetime, provider: str | None, kind: str, held: timedelta | None
) -> None:
    """R18, R73"""
    evening = Evening(session, now, provider)
    until = now + held if held else None
    appointment = make_appointment(session, evening.slot(kind=kind), evening.alice, held_until=until)

    follow(session, [appointment.id or 0], now=now)

    assert evening.meetings(appointment) == []
    assert len(evening.messages()) == (0 if held else 1)


def test_an_appointment_that_is_over_gets_no_meeting(session: Session, now: datetime) -> None:
    evening = Evening(session, now, "zoom")
    slot = evening.slot()
    appointment = make_appointment(session, slot, evening.alice)

    follow(session, [appointment.id or 0], now=slot.ends_at)

    assert evening.meetings(appointment) == []


def walk(database: Database, now: datetime, outside: Outside, steps: list[str]) -> tuple[Evening, Appointment]:
    """A virtual appointment after some of the things that happen to one."""
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
        outside.knows(f"z{evening.teacher.id}")
        [booked] = evening.book(evening.slot())
        then = evening.slot()
    jobs: dict[str, Callable[[], None]] = {
        "make": lambda: outside.tick(HOUR),
        "lose": lambda: outside.tick_failing("make", LOST),
        "down": lambda: outside.tick_failing("make", DOWN),
        "refuse": lambda: outside.tick_failing("make", REFUSED),
        "claim": lambda: claim(database, outside.now),
    }
    deeds: dict[str, Callable[[], None]] = {
        "move": lambda: evening.move(booked, then),
        "cancel": lambda: evening.cancel(booked),
        "unmap": lambda: setattr(evening.host, "state", "inactive"),
    }
    for step in steps:
        evening.now = outside.now
        if step in jobs:
            jobs[step]()
            continue
        with evening.later(database) as session:
            deeds[step]()
            follow(session, [booked.id or 0], now=evening.now)
    evening.now = outside.now
    return evening, booked


def claim(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        claim_due(session, Meeting, now=now)


WALKS = [
    [],
    ["make"],
    ["claim"],
    ["lose"],
    ["down"],
    ["refuse"],
    ["unmap"],
    ["make", "move"],
    ["make", "move", "claim"],
    ["make", "cancel"],
    ["lose", "cancel"],
    ["lose", "unmap"],
    ["make", "unmap"],
    ["move", "make", "cancel", "make"],
    ["refuse", "move"],
]


@pytest.mark.parametrize("steps", WALKS, ids=lambda steps: "-".join(steps) or "booked")
def test_following_twice_changes_nothing(database: Database, now: datetime, outside: Outside, steps: list[str]) -> None:
    """Nor does it call back what is under way, shorten a pause, or try again what was refused."""
    evening, booked = walk(database, now, outside, steps)

    with evening.later(database) as session:
        before = state(session)
        for minutes in (0, 1, 7):
            follow(session, [booked.id or 0], now=evening.now + timedelta(minutes=minutes))

        assert state(session) == before


def test_virtual_to_in_person_and_back_is_a_new_meeting(database: Database, now: datetime, outside: Outside) -> None:
    """R78: F20. The old one is removed, and a late removal cannot hit the new one."""
    evening, booked = walk(database, now, outside, ["make"])
    [first] = outside.meetings.standing()

    with evening.later(database):
        set_kind(evening, booked, is_virtual=False)
        in_person = room(evening, booked)
    with evening.later(database):
        set_kind(evening, booked, is_virtual=True)
        back = room(evening, booked)
    outside.tick()

    [second] = outside.meetings.standing()
    assert first.id != second.id
    assert first.marker != second.marker
    with evening.later(database):
        assert (in_person[0], back[0]) == (ROOM, MAKING)
        assert room(evening, booked) == (LINK, second.shown().join_url)
        assert [(m.wish, m.gone_at is None) for m in evening.meetings(booked)] == [(ABSENT, False), (PRESENT, True)]


def test_to_and_fro_before_anything_was_tried_calls_nobody_twice(
    database: Database, now: datetime, outside: Outside
) -> None:
    """RELIABILITY 2.3: book and cancel within a second make no meeting at all."""
    evening, booked = walk(database, now, outside, [])

    with evening.later(database):
        for is_virtual in (False, True, False):
            set_kind(evening, booked, is_virtual=is_virtual)
    outside.tick()

    assert outside.meetings.calls == []
    with evening.later(database):
        assert all(m.gone_at and m.due_at is None for m in evening.meetings(booked))


def test_turning_the_provider_off_removes_and_on_again_makes_anew(
    database: Database, now: datetime, outside: Outside
) -> None:
    """R22, R23: the typed link shows exactly while no provider is on."""
    evening, booked = walk(database, now, outside, ["make"])
    typed = "https://meet.school.example/adeyemi"
    shown = []

    for provider in (None, "zoom"):
        with evening.later(database) as session:
            evening.resource.virtual_room = typed
            evening.settings.provider = provider
            follow(session, [booked.id or 0], now=evening.now)
            shown.append(room(evening, booked))
        outside.tick()

    assert shown == [(LINK, typed), (MAKING, None)]
    [standing] = outside.meetings.standing()
    with evening.later(database):
        assert room(evening, booked) == (LINK, standing.shown().join_url)


def test_without_any_link_the_room_is_missing(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    [booked] = evening.book(evening.slot())

    assert room(evening, booked) == (MISSING, None)


def replace_lead(evening: Evening, outside: Outside, *, state: str = "mapped") -> str:
    """Another teacher leads the resource; returns the key of her user."""
    session = evening.session
    ines = make_teacher(session, evening.school, "Ines", "Ito")
    host = make_host(session, ines, state=state)
    outside.knows(host.remote_id)
    row = ResourceMember(resource_id=evening.resource.id, contact_id=ines.id, school_id=evening.school.id, position=-1)
    session.add(row)
    session.flush()
    return host.remote_id


def test_a_new_host_s_meeting_is_made_first_and_the_old_link_shows_until_then(
    database: Database, now: datetime, outside: Outside
) -> None:
    """R65: F24. RELIABILITY I10: two may exist for a moment, never two are shown and never none."""
    evening, booked = walk(database, now, outside, ["make"])
    [old] = outside.meetings.standing()

    with evening.later(database) as session:
        key = replace_lead(evening, outside)
        follow(session, [booked.id or 0], now=evening.now)
        meanwhile = room(evening, booked)
    outside.meetings.fail("make", DOWN)
    outside.tick()
    with evening.later(database):
        while_down = room(evening, booked)
    before = list(outside.meetings.calls)
    outside.tick(HOUR)

    assert meanwhile == while_down == (LINK, old.shown().join_url)
    assert outside.meetings.calls[len(before) :] == ["make", "remove"]
    [new] = outside.meetings.standing()
    assert new.host_key == key
    with evening.later(database):
        assert room(evening, booked) == (LINK, new.shown().join_url)
        assert sum(m.gone_at is None for m in evening.meetings(booked)) == 1


def test_a_host_changed_before_the_first_try_is_the_one_who_is_asked(
    database: Database, now: datetime, outside: Outside
) -> None:
    evening, booked = walk(database, now, outside, [])

    with evening.later(database) as session:
        key = replace_lead(evening, outside)
        follow(session, [booked.id or 0], now=evening.now)
        assert len(evening.meetings(booked)) == 1
    outside.tick()

    assert [m.host_key for m in outside.meetings.standing()] == [key]


def test_a_host_changed_and_changed_back_leaves_one_meeting(
    database: Database, now: datetime, outside: Outside
) -> None:
    evening, booked = walk(database, now, outside, ["make"])
    with evening.later(database) as session:
        replace_lead(evening, outside)
        follow(session, [booked.id or 0], now=evening.now)
    outside.meetings.fail("make", LOST)
    outside.tick()

    with evening.later(database) as session:
        session.delete(session.exec(select(ResourceMember).where(col(ResourceMember.position) == -1)).one())
        session.flush()
        follow(session, [booked.id or 0], now=evening.now)
    for _ in range(3):
        outside.tick(QUARANTINE)

    assert [m.host_key for m in outside.meetings.standing()] == [f"z{evening.teacher.id}"]


def test_a_new_host_who_cannot_be_asked_keeps_the_old_meeting(
    database: Database, now: datetime, outside: Outside
) -> None:
    evening, booked = walk(database, now, outside, ["make"])
    [old] = outside.meetings.standing()

    with evening.later(database) as session:
        replace_lead(evening, outside, state="pending")
        follow(session, [booked.id or 0], now=evening.now)
        assert room(evening, booked) == (LINK, old.shown().join_url)
    outside.tick()

    assert outside.meetings.standing() == [old]


def test_cancelled_before_the_first_try_nothing_is_asked(database: Database, now: datetime, outside: Outside) -> None:
    evening, booked = walk(database, now, outside, ["cancel"])

    outside.tick(HOUR)

    assert outside.meetings.calls == []
    with evening.later(database):
        [meeting] = evening.meetings(booked)
        assert (meeting.wish, meeting.gone_at, meeting.due_at) == (ABSENT, now, None)


def test_cancelled_after_a_try_of_unknown_outcome_it_is_looked_up_and_removed(
    database: Database, now: datetime, outside: Outside
) -> None:
    """A stamped errand without a remote id is not settled as absent before a look-up."""
    evening, booked = walk(database, now, outside, ["lose", "cancel"])
    outside.tick()
    early = list(outside.meetings.calls)

    outside.tick(QUARANTINE)

    assert early == ["make"]
    assert outside.meetings.calls == ["make", "find", "remove"]
    assert outside.meetings.standing() == []
    with evening.later(database):
        assert [m.gone_at is not None for m in evening.meetings(booked)] == [True]


BLOCKS: dict[str, Callable[[Evening], None]] = {
    NO_CONTACT: lambda e: e.session.delete(e.session.exec(select(ResourceMember)).one()),
    NOT_CONNECTED: lambda e: setattr(e.connection, "disconnected_at", e.now),
    NEEDS_RECONNECT: lambda e: setattr(e.connection, "needs_reconnect_at", e.now),
    NOT_MAPPED: lambda e: e.session.delete(e.host),
    **{
        name: (lambda e, name=name: setattr(e.host, "state", name))  # type: ignore[misc]
        for name in ("not_found", "pending", "inactive", "no_email", "cannot_host")
    },
}


@pytest.mark.parametrize("reason", BLOCKS)
def test_what_stands_in_the_way_is_said_and_no_call_is_spent(
    database: Database, now: datetime, outside: Outside, reason: str
) -> None:
    """Given up with its reason, at once."""
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
        booked = make_appointment(session, evening.slot(), evening.alice)
        BLOCKS[reason](evening)
        follow(session, [booked.id or 0], now=now)
    evening.host = None
    outside.tick(HOUR)

    with evening.later(database):
        meeting = evening.meeting(booked)
        assert (meeting.due_at, meeting.problem, meeting.problem_code) == (None, BLOCKED[reason], reason)
        assert (meeting.problem_at, meeting.wish) == (now, PRESENT)
    assert outside.meetings.calls == []


def test_once_the_teacher_is_mapped_the_link_comes_by_itself(
    database: Database, now: datetime, outside: Outside
) -> None:
    """R72: after mapping, with no action of the office."""
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
        assert evening.host
        evening.host.state = "not_found"
        session.flush()
        [booked] = evening.book(evening.slot())
    outside.knows(f"z{evening.teacher.id}")

    with evening.later(database) as session:
        evening.host.state = "mapped"
        follow(session, [booked.id or 0], now=evening.now)
    outside.tick()

    with evening.later(database):
        assert room(evening, booked)[0] == LINK
        assert evening.meeting(booked).problem is None


def test_what_the_provider_refused_for_good_is_tried_again_only_when_asked(
    database: Database, now: datetime, outside: Outside
) -> None:
    """R98: Retry."""
    evening, booked = walk(database, now, outside, ["refuse"])

    with evening.later(database) as session:
        follow(session, [booked.id or 0], now=evening.now)
    outside.tick(HOUR)
    unasked = list(outside.meetings.calls)
    with evening.later(database) as session:
        follow(session, [booked.id or 0], now=evening.now, retry=True)
    outside.tick()

    assert (unasked, outside.meetings.calls) == (["make"], ["make", "make"])
    assert len(outside.meetings.standing()) == 1


def test_a_refusal_in_the_provider_s_words_for_a_missing_user_is_no_block(
    database: Database, now: datetime, outside: Outside
) -> None:
    """The row of the host says mapped: only a new mapping or Retry is a new cause to try."""
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
        [booked] = evening.book(evening.slot())
    outside.tick()

    with evening.later(database, HOUR) as session:
        assert evening.meeting(booked).problem_code == "not_found"
        follow(session, [booked.id or 0], now=evening.now)
        assert evening.meeting(booked).due_at is None


def test_a_retry_while_it_is_being_tried_does_not_call_it_back(
    database: Database, now: datetime, outside: Outside
) -> None:
    """Else its answer would be thrown away, and the link wait for the quarantine."""
    evening, booked = walk(database, now, outside, [])

    def press_retry(method: str) -> None:
        with evening.later(database) as session:
            follow(session, [booked.id or 0], now=evening.now, retry=True)

    outside.meetings.on_call = press_retry
    outside.tick()

    assert outside.meetings.calls == ["make"]
    with evening.later(database):
        assert room(evening, booked)[0] == LINK


def test_a_host_lost_while_the_outcome_is_unknown_leaves_no_meeting_behind(
    database: Database, now: datetime, outside: Outside
) -> None:
    """What arrived is adopted though it could not be asked for any more."""
    evening, booked = walk(database, now, outside, ["lose", "unmap"])

    outside.tick(QUARANTINE)

    [made] = outside.meetings.standing()
    with evening.later(database):
        assert room(evening, booked) == (LINK, made.shown().join_url)


def test_a_host_lost_before_an_outcome_that_was_nothing_is_not_asked_again(
    database: Database, now: datetime, outside: Outside
) -> None:
    evening, booked = walk(database, now, outside, ["lose", "unmap"])
    outside.meetings.meetings.clear()

    outside.tick(QUARANTINE)

    assert outside.meetings.calls == ["make", "find"]
    with evening.later(database):
        assert evening.meeting(booked).problem_code == "inactive"


def test_of_two_who_follow_at_once_the_second_sees_what_the_first_wished(database: Database, now: datetime) -> None:
    """RELIABILITY I10: one current meeting, and nobody gets an error of the database."""
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
        booked = make_appointment(session, evening.slot(), evening.alice)
    came: list[object] = []

    def follow_too() -> None:
        with database.transaction() as session:
            follow(session, [booked.id or 0], now=now)
        came.append("done")

    other = threading.Thread(target=follow_too)
    with database.transaction() as session:
        follow(session, [booked.id or 0], now=now)
        other.start()
        other.join(0.3)
    other.join(10)

    assert came == ["done"]
    with evening.later(database):
        assert len(evening.meetings(booked)) == len(evening.messages()) == 1


def test_several_appointments_are_followed_together(session: Session, now: datetime) -> None:
    """R19, R66: a provider turned on with bookings present."""
    evening = Evening(session, now)
    families = [evening.family(f"P{n}", f"C{n}", evening.teacher) for n in range(5)]
    booked = [evening.book(evening.slot(), maker=a, child=c)[0] for a, c in families]
    evening.provider = evening.settings.provider = "zoom"
    make_connection(session, evening.school)
    make_host(session, evening.teacher)

    follow(session, [a.id or 0 for a in booked] * 2, now=now)

    assert [len(evening.meetings(a)) for a in booked] == [1] * 5
    assert len({evening.meeting(a).marker for a in booked}) == 5


def test_a_team_s_meeting_is_its_first_teacher_s_and_the_only_one(session: Session, now: datetime) -> None:
    """R63, R64"""
    evening = Evening(session, now, "zoom")
    ines = make_teacher(session, evening.school, "Ines", "Ito")
    make_host(session, ines)
    team = make_resource(session, evening.event, ines, evening.teacher)

    [booked] = evening.book(evening.slot(team))

    [meeting] = evening.meetings(booked)
    assert meeting.host_key == f"z{ines.id}"


def test_another_school_s_connection_and_host_do_not_help(session: Session, now: datetime) -> None:
    evening = Evening(session, now)
    Evening(session, now, "zoom")
    evening.settings.provider = "zoom"

    [booked] = evening.book(evening.slot())

    assert evening.meeting(booked).problem_code == NOT_CONNECTED
