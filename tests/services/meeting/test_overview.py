"""Every coming virtual appointment is linked, on the way, or stands in Issues with its reason: each counted once."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from factories import (
    EVENING,
    make_appointment,
    make_calendar_link,
    make_connection,
    make_contact,
    make_event,
    make_host,
    make_resource,
    make_school,
    make_slot,
    make_teacher,
)
from online_office import link, meeting_of, refuse, virtual
from sqlalchemy import event as sql_event
from sqlmodel import Session, select

from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Contact, Event, EventSettings, Host, Meeting, Resource
from webapp.services.booking.consequences import follow
from webapp.services.meeting.budget import LIGHT, note_limit
from webapp.services.meeting.issue_rows import IssueRow
from webapp.services.meeting.overview import Overview, held_up, overview
from webapp.services.system.errand import ASK_AGAIN_AFTER, claim_due

MINUTE = timedelta(minutes=1)
SLOW = ProviderError("Zoom did not answer in time.", retry=True, code="timeout", detail="503")
REFUSED = ProviderError("Zoom refused the request.", retry=False, code="refused", detail="300: no")


class Linden:
    """A school with Zoom connected, one event that uses it, and Folake who is mapped."""

    def __init__(self, session: Session, now: datetime) -> None:
        self.session, self.now = session, now
        self.school = make_school(session)
        self.connection = make_connection(session, self.school)
        self.event = make_event(session, self.school, settings={"provider": "zoom"})
        self.alice = make_contact(session, self.school)
        self.folake = self.teacher("Folake", "Adeyemi")

    def teacher(self, first: str, last: str, state: str = "mapped", event: Event | None = None) -> Resource:
        contact = make_teacher(self.session, self.school, first, last)
        if state == "mapped":
            make_host(self.session, contact)
        elif state:
            make_host(self.session, contact, state=state, remote_id="", remote_email="")
        return make_resource(self.session, event or self.event, contact)

    def seen(self, *events: Event, later: timedelta = timedelta()) -> Overview:
        ids = [event.id or 0 for event in events or (self.event,)]
        return overview(self.session, self.school.id or 0, ids, now=self.now + later)

    def issue(self, *events: Event, later: timedelta = timedelta()) -> IssueRow:
        [row] = self.seen(*events, later=later).issues
        return row


@pytest.fixture
def linden(session: Session, now: datetime) -> Linden:
    return Linden(session, now)


def test_the_three_states_add_up_to_all_coming_virtual_appointments(linden: Linden, session: Session) -> None:
    linked, waiting, refused = (virtual(session, linden.folake, linden.alice, now=linden.now) for _ in range(3))
    link(session, linked)
    refuse(session, refused, REFUSED, now=linden.now)

    counts = linden.seen().counts

    assert (counts.linked, counts.on_the_way, counts.need_attention, counts.total) == (1, 1, 1, 3)
    assert counts.sentence == "1 link on the way, 1 appointment needs attention."
    assert [row.id for row in linden.seen().sync] == [waiting.id]
    assert [one.id for one in linden.issue().appointments] == [refused.id]


@pytest.mark.parametrize("state", ["inactive", "not_found"])
def test_a_link_whose_teacher_can_hold_no_meeting_any_more_needs_somebody(
    linden: Linden, session: Session, state: str
) -> None:
    """R68: the family can join, and nobody of the school can start it; Retry looks at Zoom's users again."""
    linked = virtual(session, linden.folake, linden.alice, now=linden.now)
    link(session, linked)
    session.exec(select(Host)).one().state = state

    assert (linden.seen().counts.linked, linden.seen().counts.need_attention) == (0, 1)
    assert linden.issue().code == state
    assert linden.issue().can_retry


def test_in_person_cancelled_held_and_past_appointments_stand_nowhere(linden: Linden, session: Session) -> None:
    """R39"""
    make_appointment(session, make_slot(session, linden.folake), linden.alice)
    for n, values in enumerate(({"cancelled_at": linden.now}, {"held_until": linden.now + MINUTE})):
        virtual(session, linden.folake, linden.alice, now=linden.now, at=EVENING + (n + 5) * MINUTE * 20, **values)
    virtual(session, linden.folake, linden.alice, now=linden.now, at=EVENING - timedelta(days=30))

    seen = linden.seen()

    assert (seen.counts.total, seen.sync, seen.issues) == (0, (), ())


def test_a_waiting_appointment_says_who_when_since_when_and_how_often_it_was_tried(
    linden: Linden, session: Session
) -> None:
    """R26"""
    appointment = virtual(session, linden.folake, linden.alice, now=linden.now, child_name="Mia Alvarez")
    refuse(session, appointment, SLOW, tries=3, now=linden.now + MINUTE)

    [row] = linden.seen(later=6 * MINUTE).sync

    assert (row.teacher, row.parent, row.child) == ("Folake Adeyemi", "Alice Alvarez", "Mia Alvarez")
    assert (row.event, row.since, row.minutes, row.tries) == ("Fall Conferences 2026", linden.now, 6, 3)
    assert row.problem == "Zoom did not answer in time."
    assert row.how_far.startswith("Tries so far: 3. Next at 9:0")


def test_a_try_that_is_going_on_is_called_so(linden: Linden, session: Session) -> None:
    virtual(session, linden.folake, linden.alice, now=linden.now)
    claim_due(session, Meeting, now=linden.now)

    [row] = linden.seen().sync

    assert row.how_far == "Try 1 is going on now."


def test_after_forty_minutes_the_row_stands_in_issues_as_taking_longer_than_usual(
    linden: Linden, session: Session
) -> None:
    """R27, R38"""
    appointment = virtual(session, linden.folake, linden.alice, now=linden.now)
    refuse(session, appointment, SLOW, tries=9, now=linden.now)

    before, after = linden.seen(later=39 * MINUTE), linden.seen(later=40 * MINUTE)

    assert (len(before.sync), before.issues, after.sync) == (1, (), ())
    [issue] = after.issues
    assert issue.advice.heading == "Taking longer than usual"
    assert "No link after 40 minutes. Tries so far: 9. Zoom did not answer in time." in issue.advice.words
    assert any("Export Setup is blank" in step for step in issue.advice.steps)
    assert issue.messages == ("503",)


def test_a_blank_export_is_named_as_a_cause_to_check_and_a_ticked_one_is_not(linden: Linden, session: Session) -> None:
    """R38, PRODUCT 3.14"""
    appointment = virtual(session, linden.folake, linden.alice, now=linden.now)
    refuse(session, appointment, SLOW, tries=9, now=linden.now)
    [blank] = linden.seen(later=40 * MINUTE).issues
    teacher = session.get_one(Contact, blank.lead_id)

    make_calendar_link(session, teacher, calendar_id="c", saved_at=linden.now)

    [ticked] = linden.seen(later=40 * MINUTE).issues
    said = "Export Setup is blank. Zoom links do not need it; the teacher's own calendar does."
    assert (blank.advice.steps[1], blank.advice.steps[0::2]) == (said, ticked.advice.steps)


@pytest.mark.parametrize("code", ["host_limit", "account_limit"])
def test_a_daily_limit_is_named_once_it_takes_long(linden: Linden, session: Session, code: str) -> None:
    appointment = virtual(session, linden.folake, linden.alice, now=linden.now)
    tomorrow = linden.now + timedelta(hours=10)
    refuse(session, appointment, ProviderError("Limit.", retry=True, after=tomorrow, code=code), now=linden.now)

    issue = linden.issue(later=41 * MINUTE)

    assert issue.advice.heading.startswith("Daily limit")
    assert "Next try: Mon, Nov 23, 7:00 PM." in issue.advice.words


@pytest.mark.parametrize(
    ("state", "heading"),
    [
        ("", "Not mapped to a Zoom user yet"),
        ("not_found", "Not found in Zoom, or not active"),
        ("pending", "Invited to Zoom, not accepted yet"),
        ("inactive", "Deactivated in Zoom"),
        ("no_email", "No email on the contact record"),
        ("cannot_host", "Has no Zoom licence to hold meetings"),
    ],
)
def test_a_teacher_who_cannot_host_is_an_issue_at_once_with_each_appointment(
    linden: Linden, session: Session, state: str, heading: str
) -> None:
    """R29, R30"""
    hugh = linden.teacher("Hugh", "Barlow", state)
    booked = [virtual(session, hugh, linden.alice, now=linden.now) for _ in range(3)]

    issue = linden.issue()

    assert (issue.teacher, issue.event, issue.advice.heading) == ("Hugh Barlow", "Fall Conferences 2026", heading)
    assert [one.id for one in issue.appointments] == [one.id for one in booked]
    assert all("Alice Alvarez" in one.parent and one.when for one in issue.appointments)
    assert len(issue.advice.steps) >= 2
    assert issue.can_retry


def test_both_sides_of_a_missing_user_and_the_five_parts_of_the_report_are_shown(
    linden: Linden, session: Session
) -> None:
    virtual(session, linden.teacher("Hugh", "Barlow", "not_found"), linden.alice, now=linden.now)
    hugh = session.exec(select(Contact).where(Contact.first == "Hugh")).one()

    issue = linden.issue()

    assert issue.host
    assert (issue.host.email, issue.host.remote_email, issue.host.remote_id) == (hugh.email, "", "")
    assert issue.messages == (
        f"Other Error: Confab User: Hugh Barlow, {hugh.email}, Zoom User ID: none was not found in Zoom or is not "
        "active. Check Pending Users section of your Zoom Account.",
    )


def test_a_passcode_refused_twice_shows_the_rule_in_brackets_and_the_five_steps(
    linden: Linden, session: Session
) -> None:
    """R95, R96, R97: the portal's five steps, that it is the meeting's passcode, and what to do about a padlock."""
    appointment = virtual(session, linden.folake, linden.alice, now=linden.now)
    rule = "Password must contain only numeric characters."
    refuse(session, appointment, ProviderError("[%(rule)s]", retry=False, code="passcode", rule=rule), now=linden.now)

    issue = linden.issue()

    assert issue.advice.heading == "Zoom refused the passcode twice"
    assert f"[{rule}] This is the meeting passcode, not a sign-in password." in issue.advice.words
    steps = (
        "Admin or Owner",
        "Account Management, Account Settings, Meeting",
        "Passcode Requirement",
        "numeric",
        "Save",
    )
    assert len(issue.advice.steps) == len(steps)
    assert all(words in step for words, step in zip(steps, issue.advice.steps, strict=True))
    assert "A padlock there must be opened at account level first." in issue.advice.steps[2]


@pytest.mark.parametrize("gone", ["disconnected_at", "needs_reconnect_at"])
def test_without_a_live_connection_the_steps_lead_to_it(linden: Linden, session: Session, gone: str) -> None:
    appointment = virtual(session, linden.folake, linden.alice, now=linden.now)
    setattr(linden.connection, gone, linden.now)
    follow(session, [appointment.id or 0], now=linden.now)

    issue = linden.issue()

    assert issue.is_of_connection
    assert not issue.can_retry
    assert "Connect and Map Contacts" in " ".join(issue.advice.steps)


def test_what_concerns_the_connection_is_one_issue_with_each_appointment_of_all_teachers(
    linden: Linden, session: Session
) -> None:
    """R29: sixty teachers are not told sixty times what an Administrator does once. It stands before all others."""
    other = make_event(session, linden.school, name="Spring", settings={"provider": "zoom"})
    hugh = linden.teacher("Aaron", "Barlow", "pending")
    virtual(session, hugh, linden.alice, now=linden.now)
    linden.connection.needs_reconnect_at = linden.now
    places = [linden.folake, linden.teacher("Nina", "Novak"), linden.teacher("Nina", "Novak", event=other)]
    concerned = [virtual(session, place, linden.alice, now=linden.now) for place in places]

    shown = linden.seen(linden.event, other)

    issue, pending = shown.issues
    assert {one.id for one in issue.appointments} == {appointment.id for appointment in concerned}
    assert {one.teacher for one in issue.appointments} == {"Folake Adeyemi", "Nina Novak"}
    assert (issue.event, issue.resource_ids) == ("Fall Conferences 2026, Spring", [place.id for place in places])
    assert (issue.code, pending.code) == ("needs_reconnect", "pending")
    assert shown.counts.causes == len(shown.issues)


@pytest.mark.parametrize(
    ("gone", "code"), [("disconnected_at", "not_connected"), ("needs_reconnect_at", "needs_reconnect")]
)
def test_links_whose_teachers_are_unknown_without_a_connection_are_one_issue_of_the_connection(
    linden: Linden, session: Session, gone: str, code: str
) -> None:
    """R29, FAILURES F14: who a teacher is in Zoom was forgotten with the connection, and no Retry finds out."""
    places = [linden.folake, linden.teacher("Nina", "Novak")]
    linked, other, waiting = (virtual(session, place, linden.alice, now=linden.now) for place in [*places, places[0]])
    for appointment in (linked, other):
        link(session, appointment)
    for host in session.exec(select(Host)).all():
        session.delete(host)
    setattr(linden.connection, gone, linden.now)
    follow(session, [waiting.id or 0], now=linden.now)

    issue = linden.issue()

    assert (issue.code, issue.is_of_connection, issue.can_retry) == (code, True, False)
    assert {one.id for one in issue.appointments} == {linked.id, other.id, waiting.id}


@pytest.mark.parametrize(
    ("code", "step"), [("scopes", "Disconnect, then Connect"), ("invalid_grant", "Connect and Map"), ("plan", "Retry")]
)
def test_a_refusal_for_good_has_a_reason_steps_and_the_providers_words(
    linden: Linden, session: Session, code: str, step: str
) -> None:
    """R30"""
    appointment = virtual(session, linden.folake, linden.alice, now=linden.now)
    error = ProviderError("The plan does not include this.", retry=False, code=code, detail="200: plan")
    refuse(session, appointment, error, now=linden.now)

    issue = linden.issue()

    assert "The plan does not include this." in issue.advice.heading + issue.advice.words
    assert step in " ".join(issue.advice.steps)
    assert issue.messages == ("200: plan",)
    assert issue.can_retry


@pytest.mark.parametrize("is_linked", [False, True])
def test_what_only_the_operator_can_mend_stands_in_issues_at_once_although_it_is_tried_again(
    linden: Linden, session: Session, is_linked: bool
) -> None:
    """R29, R30: one issue for all teachers, whose steps do not send the office to connect anew."""
    places = [linden.folake, linden.teacher("Nina", "Novak")]
    concerned = [virtual(session, place, linden.alice, now=linden.now) for place in places]
    refused = ProviderError("Zoom does not accept our secret.", retry=False, code="invalid_client")
    for appointment in concerned:
        if is_linked:
            link(session, appointment)
        refuse(session, appointment, refused, now=linden.now)
        meeting_of(session, appointment).due_at = linden.now + ASK_AGAIN_AFTER
    session.flush()

    issue = linden.issue()

    assert {one.id for one in issue.appointments} == {appointment.id for appointment in concerned}
    assert "Zoom does not accept our secret." in issue.advice.words
    assert "Next try: Mon, Nov 23, 10:00 AM." in issue.advice.words
    assert issue.advice.steps == (
        "Tell whoever runs Confab, who finds the reason in its log.",
        "The links follow by themselves.",
    )
    assert linden.seen().counts.on_the_way == 0


def test_a_change_that_the_provider_was_not_told_of_is_an_issue_although_the_link_works(
    linden: Linden, session: Session
) -> None:
    appointment = virtual(session, linden.folake, linden.alice, now=linden.now)
    link(session, appointment)
    refuse(session, appointment, REFUSED, now=linden.now)

    assert linden.issue().advice.heading == "Zoom was not told of a change"
    assert linden.seen().counts.linked == 0


def test_a_resource_without_contact_stands_in_issues(linden: Linden, session: Session) -> None:
    """R37"""
    support = make_resource(session, linden.event)
    virtual(session, support, linden.alice, now=linden.now)

    issue = linden.issue()

    assert (issue.teacher, issue.advice.heading) == ("Learning Support", "No contact attached")
    assert issue.is_without_contact
    assert not issue.can_retry


class TestWithoutProvider:
    @pytest.fixture
    def studio(self, linden: Linden, session: Session) -> Event:
        return make_event(session, linden.school, name="Open Studio Evening")

    @pytest.mark.parametrize("typed", ["", "http://meet.linden.example/ito", "javascript:alert(1)"])
    def test_a_teacher_without_a_link_that_can_be_shown_is_an_issue(
        self, linden: Linden, session: Session, studio: Event, typed: str
    ) -> None:
        """R29"""
        kenji = linden.teacher("Kenji", "Ito", "", studio)
        kenji.virtual_room = typed
        virtual(session, kenji, linden.alice, now=linden.now)

        issue = linden.issue(studio)

        assert issue.advice.heading == "No link typed, no provider on"
        assert (issue.event_id, issue.resource_ids, issue.is_without_link) == (studio.id, [kenji.id], True)
        assert "Type the link" in issue.advice.steps[0]

    def test_a_typed_link_counts_as_linked(self, linden: Linden, session: Session, studio: Event) -> None:
        kenji = linden.teacher("Kenji", "Ito", "", studio)
        kenji.virtual_room = "https://meet.linden.example/ito"
        virtual(session, kenji, linden.alice, now=linden.now)

        counts = linden.seen(studio).counts

        assert (counts.linked, counts.total) == (1, 1)

    def test_a_resource_without_contact_is_an_issue_here_too(
        self, linden: Linden, session: Session, studio: Event
    ) -> None:
        """R37"""
        linked = make_resource(session, studio, virtual_room="https://meet.linden.example/s", name="Support")
        bare = make_resource(session, studio, name="Therapy")
        for resource in (linked, bare):
            virtual(session, resource, linden.alice, now=linden.now)

        support, therapy = linden.seen(studio).issues

        assert support.advice.heading == therapy.advice.heading == "No contact attached"
        assert "type a link" in therapy.advice.steps[-1]
        assert len(support.advice.steps) == len(therapy.advice.steps) - 1


def test_one_cause_at_one_teacher_is_one_row_and_two_causes_are_two(linden: Linden, session: Session) -> None:
    first, second, third = (virtual(session, linden.folake, linden.alice, now=linden.now) for _ in range(3))
    for appointment in (first, second):
        refuse(session, appointment, REFUSED, now=linden.now)
    refuse(session, third, ProviderError("Other.", retry=False, code="plan"), now=linden.now)

    seen = linden.seen()

    assert sorted((row.code, len(row.appointments)) for row in seen.issues) == [("plan", 1), ("refused", 2)]
    assert (seen.counts.causes, seen.counts.need_attention) == (2, 3)


def test_only_the_events_asked_for_are_looked_at(linden: Linden, session: Session) -> None:
    other = make_event(session, linden.school, settings={"provider": "zoom"})
    virtual(session, linden.teacher("Hugh", "Barlow", "pending", other), linden.alice, now=linden.now)

    assert linden.seen(linden.event).counts.total == 0
    assert linden.seen(linden.event, other).counts.total == linden.seen(other).counts.need_attention == 1


def test_links_follow_once_the_teacher_is_mapped_and_the_wait_begins_then(linden: Linden, session: Session) -> None:
    """R72"""
    appointment = virtual(session, linden.teacher("Hugh", "Barlow", "not_found"), linden.alice, now=linden.now)
    host = session.exec(select(Host).where(Host.state == "not_found")).one()
    three_days = timedelta(days=3)

    host.state, host.remote_id = "mapped", "z9"
    follow(session, [appointment.id or 0], now=linden.now + three_days, retry=True)
    seen = linden.seen(later=three_days)

    assert seen.issues == ()
    assert [(row.id, row.minutes) for row in seen.sync] == [(appointment.id, 0)]


def test_a_wish_that_was_never_written_down_does_not_wait_unseen(linden: Linden, session: Session) -> None:
    appointment = virtual(session, linden.folake, linden.alice, now=linden.now)
    session.delete(meeting_of(session, appointment))
    session.flush()

    assert [row.id for row in linden.seen().sync] == [appointment.id]
    assert linden.issue(later=41 * MINUTE).code == "slow"


def test_switching_the_provider_off_ends_the_wait(linden: Linden, session: Session) -> None:
    virtual(session, linden.folake, linden.alice, now=linden.now)
    session.get_one(EventSettings, linden.event.id).provider = None
    session.flush()

    assert linden.issue().is_without_link


def test_reports_learn_which_links_are_held_up(linden: Linden, session: Session) -> None:
    virtual(session, linden.folake, linden.alice, now=linden.now)
    blocked = virtual(session, linden.teacher("Hugh", "Barlow", "pending"), linden.alice, now=linden.now)

    assert held_up(session, [linden.event.id or 0], now=linden.now) == {blocked.id}


class TestVersion:
    def test_it_stays_while_nothing_changes_and_the_minute_is_the_same(self, linden: Linden, session: Session) -> None:
        virtual(session, linden.folake, linden.alice, now=linden.now)

        first, second = linden.seen(), linden.seen(later=timedelta(seconds=50))

        assert (first.sync_version, first.issues_version) == (second.sync_version, second.issues_version)
        assert first.seconds == 3

    def test_it_changes_when_a_link_is_stored_and_then_a_quiet_section_asks_seldom(
        self, linden: Linden, session: Session
    ) -> None:
        appointment = virtual(session, linden.folake, linden.alice, now=linden.now)
        before = linden.seen()

        link(session, appointment)
        after = linden.seen()

        assert before.sync_version != after.sync_version
        assert before.issues_version != after.issues_version
        assert after.seconds == 20


@pytest.fixture
def asked(database: Database) -> Iterator[list[str]]:
    """The statements that were sent to the database."""
    statements: list[str] = []

    def note(*event: object) -> None:
        statements.append(str(event[2]))

    sql_event.listen(database.engine, "before_cursor_execute", note)
    yield statements
    sql_event.remove(database.engine, "before_cursor_execute", note)


def test_the_number_of_queries_is_the_same_for_two_rows_and_for_eighty(
    linden: Linden, session: Session, asked: list[str]
) -> None:
    hugh = linden.teacher("Hugh", "Barlow", "not_found")

    def count(rows: int) -> int:
        for _ in range(rows):
            for resource in (linden.folake, hugh):
                virtual(session, resource, linden.alice, now=linden.now)
        session.flush()
        asked.clear()
        linden.seen()
        return len([statement for statement in asked if statement.startswith("SELECT")])

    few, many = count(1), count(39)

    assert few == many == 5
    assert linden.seen().counts.total == 80


def test_a_pause_of_the_whole_account_is_shown_with_its_end_and_a_parked_row_with_its_next_try(
    linden: Linden, session: Session
) -> None:
    """PROVIDERS 1.5: "goes on at"; another school sees nothing of it, and it is gone when it is over."""
    meeting = meeting_of(session, virtual(session, linden.folake, linden.alice, now=linden.now))
    limited = ProviderError("Used up.", retry=True, code="account_limit", after=linden.now + timedelta(hours=3))
    note_limit(session, linden.connection, meeting, limited, label=LIGHT, now=linden.now)
    meeting.problem, meeting.problem_code, meeting.due_at = limited.message, limited.code, limited.after
    session.flush()

    shown, elsewhere = linden.seen(), overview(session, make_school(session).id or 0, [], now=linden.now)

    assert (shown.goes_on_at, elsewhere.goes_on_at) == (limited.after, None)
    assert shown.sync[0].how_far.startswith("Goes on at ")
    assert shown.sync_version != linden.seen(later=timedelta(hours=4)).sync_version
    assert linden.seen(later=timedelta(hours=3)).goes_on_at is None
