"""What somebody did at the provider behind our back is found and healed, and nobody's meetings are swept away."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from evening import Evening
from factories import make_host, make_resource, make_teacher
from fakes import FakeMeeting
from outside import QUARANTINE, Outside
from sqlmodel import col, select
from threads import at_once

from jobs.link_sync import sync_links
from jobs.meeting_sweep import sweep_meetings
from jobs.webhooks import read_webhooks
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, Connection, Meeting, Slot, Stray, Sweep
from webapp.services.booking.agenda import agenda
from webapp.services.meeting import strays
from webapp.services.meeting.receipts import BETWEEN_SIGHTINGS
from webapp.services.meeting.sweep import LATER, SOON, look_now
from webapp.services.system.audit import SYSTEM
from webapp.services.system.installation import begin_again, hold, life_of, mark_as_copy, resume

pytestmark = pytest.mark.both_databases

DOWN = ProviderError("Down.", retry=True, code="unreachable")
NO_USER = ProviderError("No user.", retry=False, code="not_found")


@pytest.fixture
def evening(database: Database, now: datetime, outside: Outside) -> Evening:
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
    outside.knows(f"z{evening.teacher.id}")
    return evening


@pytest.fixture
def linked(database: Database, evening: Evening, outside: Outside) -> Appointment:
    with evening.later(database):
        booked = evening.book(evening.slot())[0]
    outside.tick()
    outside.tick(QUARANTINE)
    outside.meetings.calls.clear()
    return booked


def life(database: Database) -> str:
    with database.transaction() as session:
        return life_of(session)


def put(outside: Outside, evening: Evening, *markers: str) -> None:
    """Meetings that nobody of us knows of, at the teacher's."""
    for n, marker in enumerate(markers):
        number = f"7{n}{len(outside.meetings.meetings)}"
        meeting = FakeMeeting(number, f"z{evening.teacher.id}", marker, "Chess club", outside.now, 15, "x")
        outside.meetings.meetings[number] = meeting


def remove_behind_our_back(outside: Outside) -> None:
    for number, meeting in outside.meetings.meetings.items():
        outside.meetings.meetings[number] = replace(meeting, removed=True)


def markers(outside: Outside) -> set[str]:
    return {meeting.marker for meeting in outside.meetings.standing()}


def url(database: Database, appointment: Appointment) -> str | None:
    with database.reading() as session:
        return agenda(session, col(Appointment.id) == appointment.id)[0].room.url


def sweeps(database: Database) -> Sequence[Sweep]:
    with database.reading() as session:
        return session.exec(select(Sweep)).all()


def asked_about(database: Database, evening: Evening, outside: Outside) -> list[strays.AskedAbout]:
    with database.reading() as session:
        return strays.asked_about(session, evening.school.id or 0, now=outside.now)


def twice(outside: Outside) -> None:
    for _ in range(2):
        outside.sweep(QUARANTINE + SOON)
        outside.tick()


def test_a_meeting_that_was_deleted_in_zoom_is_made_anew_after_two_looks(
    database: Database, linked: Appointment, outside: Outside
) -> None:
    """R100: nobody has to notice first."""
    was = url(database, linked)
    remove_behind_our_back(outside)

    outside.sweep()
    outside.tick()
    after_one = len(outside.meetings.standing())
    twice(outside)

    [one] = outside.meetings.standing()
    assert after_one == 0
    assert url(database, linked) == one.shown().join_url != was


@pytest.mark.parametrize("deed", ["deleted", "moved", "given another passcode"])
def test_without_a_webhook_the_next_look_heals_what_was_done_in_zoom(
    database: Database, linked: Appointment, outside: Outside, deed: str
) -> None:
    """Asked for by itself, twice where it is not there, within seconds of the look that missed it."""
    with database.reading() as session:
        starts_at = session.exec(select(Slot.starts_at).where(Slot.id == linked.slot_id)).one()
    if deed == "deleted":
        remove_behind_our_back(outside)
    elif deed == "moved":
        edit(outside, starts_at=outside.now + timedelta(days=20))
    else:
        edit(outside, passcode="0000000000")

    outside.sweep(SOON)
    read_webhooks(outside.app)
    outside.now += BETWEEN_SIGHTINGS
    read_webhooks(outside.app)
    outside.tick()

    [one] = outside.meetings.standing()
    assert one.starts_at == starts_at
    assert url(database, linked) == one.shown().join_url


def edit(outside: Outside, **values: object) -> FakeMeeting:
    """Somebody edits the one meeting at the provider."""
    [one] = outside.meetings.standing()
    outside.meetings.meetings[one.id] = replace(one, **values)
    return one


def test_a_meeting_that_was_moved_in_zoom_is_moved_back_after_two_looks(
    database: Database, linked: Appointment, outside: Outside
) -> None:
    was, link = edit(outside, starts_at=outside.now + timedelta(days=20)).starts_at, url(database, linked)

    outside.sweep()
    outside.tick()
    after_one = outside.meetings.calls.count("change")
    twice(outside)

    [one] = outside.meetings.standing()
    assert (after_one, outside.meetings.calls.count("change")) == (0, 1)
    assert (one.starts_at, url(database, linked)) == (was, link)
    outside.meetings.calls.clear()
    twice(outside)
    assert set(outside.meetings.calls) == {"coming"}


def test_a_passcode_changed_in_zoom_is_found_and_families_are_shown_the_link_that_works(
    database: Database, linked: Appointment, outside: Outside
) -> None:
    edit(outside, passcode="Other1")

    twice(outside)

    [one] = outside.meetings.standing()
    assert url(database, linked) == one.shown().join_url


def test_a_meeting_given_to_another_host_in_zoom_is_made_anew_under_the_right_one(
    database: Database, evening: Evening, linked: Appointment, outside: Outside
) -> None:
    """PROVIDERS 1.3: deleting a user in Zoom may hand the meetings to somebody else."""
    was = edit(outside, host_key="zsomebody")

    for _ in range(4):
        twice(outside)

    [ours] = outside.meetings.standing()
    assert ours.id != was.id
    assert ours.host_key == f"z{evening.teacher.id}"
    assert url(database, linked) == ours.shown().join_url


def test_a_list_that_still_shows_the_former_time_moves_nothing(
    database: Database, evening: Evening, linked: Appointment, outside: Outside
) -> None:
    [one] = outside.meetings.standing()
    former = one.listed()
    with evening.later(database):
        evening.move(linked, evening.slot(after=60))
    outside.tick()
    outside.meetings.calls.clear()
    outside.meetings.lagging = [former]

    outside.sweep()
    outside.meetings.lagging = None
    twice(outside)

    assert set(outside.meetings.calls) == {"coming"}


def test_what_a_list_does_not_show_but_stands_is_left_alone(
    database: Database, linked: Appointment, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for by itself before it is made anew: lists are cut, and lag."""
    monkeypatch.setattr(outside.meetings, "coming", lambda host_key: [])
    was = url(database, linked)

    for _ in range(3):
        twice(outside)

    assert url(database, linked) == was
    assert len(outside.meetings.standing()) == 1


def test_what_was_just_made_is_not_missed(
    database: Database, evening: Evening, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    with evening.later(database):
        evening.book(evening.slot())
    outside.tick()
    outside.sweep()
    monkeypatch.setattr(outside.meetings, "coming", lambda host_key: [])

    outside.sweep(QUARANTINE - timedelta(seconds=1))

    with database.reading() as session:
        assert session.exec(select(Meeting)).one().missed_at is None


def test_one_that_is_seen_again_begins_anew(
    database: Database, linked: Appointment, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sightings, not two ever."""
    with monkeypatch.context() as patch:
        patch.setattr(outside.meetings, "coming", lambda host_key: [])
        outside.sweep(QUARANTINE)
    outside.sweep(QUARANTINE)

    with database.reading() as session:
        assert session.exec(select(Meeting)).one().missed_at is None


def test_a_stray_of_ours_is_removed_after_two_looks(
    database: Database, evening: Evening, linked: Appointment, outside: Outside
) -> None:
    """RELIABILITY I11: such as one whose row was lost with a crash of the disk."""
    [mine] = markers(outside)
    put(outside, evening, f"{life(database)}-lost")

    outside.sweep(QUARANTINE)
    assert markers(outside) == {mine, f"{life(database)}-lost"}
    outside.sweep(QUARANTINE)

    assert markers(outside) == {mine}


def test_two_processes_that_look_at_once_ask_once_and_remove_a_stray_once(
    database: Database, evening: Evening, linked: Appointment, outside: Outside
) -> None:
    """RELIABILITY 2.8: sweep/sweep."""
    [mine] = markers(outside)
    put(outside, evening, f"{life(database)}-lost")
    outside.sweep(QUARANTINE)
    outside.now += QUARANTINE
    with database.transaction() as session:
        look_now(session, now=outside.now)
    outside.meetings.calls.clear()

    at_once(*[lambda: sweep_meetings(outside.app)] * 2)

    assert outside.faults == []
    assert [outside.meetings.calls.count(call) for call in ("coming", "remove")] == [1, 1]
    assert markers(outside) == {mine}


def test_what_is_made_while_somebody_looks_is_not_taken_for_a_stray(
    database: Database, evening: Evening, linked: Appointment, outside: Outside
) -> None:
    """RELIABILITY 2.8: sweep/create; the list has it before our row knows of it."""
    with evening.later(database):
        bob, ben = evening.family("Bob", "Ben", evening.teacher)
        evening.book(evening.slot(), maker=bob, child=ben)
    for _ in range(2):
        outside.now += QUARANTINE
        with database.transaction() as session:
            look_now(session, now=outside.now)

        at_once(lambda: sweep_meetings(outside.app), lambda: sync_links(outside.app))

    assert outside.faults == []
    assert "remove" not in outside.meetings.calls
    with database.reading() as session:
        assert markers(outside) == set(session.exec(select(Meeting.marker)))


def test_a_second_meeting_of_one_marker_goes_and_the_one_that_families_have_stays(
    database: Database, linked: Appointment, outside: Outside
) -> None:
    [mine] = outside.meetings.standing()
    outside.meetings.meetings["5"] = replace(mine, id="5")

    twice(outside)

    assert outside.meetings.standing() == [mine]
    assert url(database, linked) == mine.shown().join_url


def test_what_others_made_is_never_touched(
    database: Database, evening: Evening, linked: Appointment, outside: Outside
) -> None:
    """A teacher's own meetings, another installation's, and what only looks like ours."""
    foreign = ["", "0123456789abcdef-0-AAAAAAAAAAAAAA", "-", life(database)[:8]]
    [mine] = markers(outside)
    put(outside, evening, *foreign)

    for _ in range(3):
        twice(outside)

    assert markers(outside) == {mine, *foreign}
    assert "remove" not in outside.meetings.calls
    assert asked_about(database, evening, outside) == []


@pytest.mark.parametrize(
    "bring_back",
    [partial(begin_again, because="restored", who=SYSTEM), partial(mark_as_copy, because="copied into place")],
    ids=["restored", "copied"],
)
def test_of_an_earlier_life_of_the_data_nothing_is_removed_unasked(
    database: Database, evening: Evening, linked: Appointment, outside: Outside, bring_back: Callable[..., object]
) -> None:
    """RELIABILITY D6: after a restore the newer meetings are those that families have in their mails."""
    put(outside, evening, f"{life(database)}-newer")
    with database.transaction() as session:
        bring_back(session, now=outside.now)
        resume(session, who=SYSTEM, now=outside.now)

    for _ in range(3):
        twice(outside)

    assert len(markers(outside)) == 2
    [asked] = asked_about(database, evening, outside)
    assert asked.teacher == "Folake Adeyemi"


def test_beyond_the_brake_the_office_is_asked_and_its_word_is_done(
    database: Database, evening: Evening, linked: Appointment, outside: Outside
) -> None:
    """RELIABILITY D6"""
    [mine] = markers(outside)
    lost = [f"{life(database)}-lost-{n}" for n in range(3)]
    put(outside, evening, *lost)
    twice(outside)
    assert markers(outside) == {mine, *lost}

    [one, two, three] = [stray.id for stray in asked_about(database, evening, outside)]
    with database.transaction() as session:
        strays.decide(session, evening.school.id or 0, [one, two], remove=True, who=SYSTEM, now=outside.now)
        strays.decide(session, evening.school.id or 0, [three], remove=False, who=SYSTEM, now=outside.now)
    twice(outside)

    assert markers(outside) == {mine, lost[2]}
    assert asked_about(database, evening, outside) == []


def test_the_brake_counts_all_hosts_of_the_school_and_what_went_today(
    database: Database, evening: Evening, linked: Appointment, outside: Outside
) -> None:
    """Else each of sixty teachers would let five go."""
    with evening.later(database) as session:
        ines = make_teacher(session, evening.school, "Ines", "Ito")
        make_host(session, ines)
        other = make_resource(session, evening.event, ines)
        bob, ben = evening.family("Bob", "Ben", ines)
        evening.book(evening.slot(other), maker=bob, child=ben)
    outside.knows(f"z{ines.id}")
    outside.tick()
    put(outside, evening, f"{life(database)}-one")
    twice(outside)
    gone_first = len(outside.meetings.standing())
    number = next(iter(outside.meetings.meetings))
    at_ines = replace(outside.meetings.meetings[number], id="88", host_key=f"z{ines.id}", removed=False)
    outside.meetings.meetings["88"] = replace(at_ines, marker=f"{life(database)}-two")
    twice(outside)
    same_day = len(outside.meetings.standing())

    outside.sweep(timedelta(days=1))

    assert (gone_first, same_day, len(outside.meetings.standing())) == (2, 3, 2)


def test_another_school_s_strays_are_not_shown_nor_decided(
    database: Database, evening: Evening, linked: Appointment, outside: Outside
) -> None:
    put(outside, evening, *(f"{life(database)}-lost-{n}" for n in range(3)))
    twice(outside)
    with database.transaction() as session:
        other = Evening(session, outside.now).school.id or 0
        ids = [stray.id or 0 for stray in session.exec(select(Stray))]
        strays.decide(session, other, ids, remove=True, who=SYSTEM, now=outside.now)
        assert strays.asked_about(session, other, now=outside.now) == []
    twice(outside)

    assert len(markers(outside)) == 4


def test_a_call_that_arrived_after_it_was_given_up_is_adopted(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """RELIABILITY 2.4: later than any quarantine allows for; still not a second meeting."""
    with evening.later(database):
        [booked] = evening.book(evening.slot())
    outside.tick()
    [made] = outside.meetings.standing()
    with database.transaction() as session:
        row = session.exec(select(Meeting)).one()
        row.remote_id = row.join_url = row.linked_at = None
        row.due_at = outside.now + timedelta(hours=2)  # after a look-up that found nothing, Zoom said "too many"
        session.add(Sweep(school_id=row.school_id, provider="zoom", host_key=row.host_key, due_at=outside.now))

    outside.sweep(QUARANTINE)
    outside.tick()

    assert outside.meetings.standing() == [made]
    assert url(database, booked) == made.shown().join_url


def test_a_host_with_an_appointment_soon_is_looked_at_every_two_minutes_else_hourly(
    database: Database, evening: Evening, linked: Appointment, outside: Outside
) -> None:
    outside.sweep()
    far = sweeps(database)[0].due_at
    assert far == outside.now + LATER

    with database.reading() as session:
        starts_at = agenda(session, col(Appointment.id) == linked.id)[0].starts_at
    outside.now = starts_at - timedelta(hours=3)
    outside.sweep()

    assert sweeps(database)[0].due_at == outside.now + SOON


@pytest.mark.parametrize("trouble", [DOWN, NO_USER], ids=lambda error: error.code)
def test_from_no_answer_nothing_is_concluded(
    database: Database, linked: Appointment, outside: Outside, trouble: ProviderError
) -> None:
    outside.meetings.fail("coming", trouble)
    outside.sweep()

    [row] = sweeps(database)
    assert row.due_at
    assert row.due_at >= outside.now + SOON
    with database.reading() as session:
        assert session.exec(select(Meeting)).one().missed_at is None


def test_neither_on_hold_nor_without_a_connection_anything_is_asked(
    database: Database, linked: Appointment, outside: Outside
) -> None:
    outside.sweep()
    outside.meetings.calls.clear()
    with database.transaction() as session:
        hold(session, because="copy", who=SYSTEM, now=outside.now)
    outside.sweep(LATER)
    with database.transaction() as session:
        resume(session, who=SYSTEM, now=outside.now)
        session.exec(select(Connection)).one().disconnected_at = outside.now
    outside.sweep(LATER)

    assert outside.meetings.calls == []


def test_an_idle_tick_writes_nothing(database: Database, linked: Appointment, outside: Outside) -> None:
    outside.sweep()
    before = sweeps(database)
    outside.now += timedelta(seconds=30)
    sweep_meetings(outside.app)

    assert sweeps(database) == before


def test_one_that_was_just_removed_and_still_shows_is_not_a_new_one(
    database: Database, evening: Evening, linked: Appointment, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists lag behind; else the brake would forget what went today."""
    put(outside, evening, f"{life(database)}-lost")
    stale = outside.meetings.coming(f"z{evening.teacher.id}")
    twice(outside)
    monkeypatch.setattr(outside.meetings, "coming", lambda host_key: stale)

    outside.sweep(timedelta(seconds=100))

    with database.reading() as session:
        assert session.exec(select(Stray)).one().removed_at is not None
