"""A family is told once when a link is another than they were mailed, and of nothing that they were never told."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from evening import Evening
from factories import make_class, make_host, make_resource, make_teacher
from outside import Outside
from sqlmodel import Session, select

from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, Message, ResourceMember
from webapp.services.booking.consequences import follow
from webapp.services.booking.untold import count_untold, mail_untold
from webapp.services.event.settings import future_appointments
from webapp.services.message.deliver import FOLLOW_UP_WITHIN
from webapp.services.system.audit import SYSTEM

pytestmark = pytest.mark.both_databases

DOWN = ProviderError("Down.", retry=True, code="unreachable")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def evening(database: Database, now: datetime, outside: Outside) -> Evening:
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
    outside.knows(f"z{evening.teacher.id}")
    return evening


def told(outside: Outside) -> list[str]:
    return [mail.subject for mail in outside.mailer.sent]


def links(outside: Outside) -> set[str]:
    return {meeting.shown().join_url for meeting in outside.meetings.standing()}


def give_to_another_host(session: Session, evening: Evening, outside: Outside) -> None:
    ines = make_teacher(session, evening.school, "Ines", "Ito")
    outside.knows(make_host(session, ines).remote_id)
    lead = {"resource_id": evening.resource.id, "contact_id": ines.id, "school_id": evening.school.id, "position": -1}
    session.add(ResourceMember(**lead))
    session.flush()
    follow(session, future_appointments(session, evening.event, now=evening.now), now=evening.now)


@pytest.mark.parametrize("withdrawn", [1, 2])
def test_of_a_time_that_the_school_has_withdrawn_no_link_is_mailed(
    database: Database, evening: Evening, outside: Outside, withdrawn: int
) -> None:
    with evening.later(database) as session:
        make_class(session, evening.school, evening.teacher, evening.mia, appointments_allowed=2)
        booked = [evening.book(evening.slot())[0] for _ in range(2)]
    outside.tick()

    with evening.later(database) as session:
        for appointment in booked[:withdrawn]:
            evening.again(appointment).problem = "slot_removed"
        give_to_another_host(session, evening, outside)
    outside.tick()
    outside.tick(FOLLOW_UP_WITHIN)

    new = outside.mailer.sent[2:]
    assert len(links(outside)) == 2
    assert [sum(link in mail.text for link in links(outside)) for mail in new] == [1] * (2 - withdrawn)


def test_a_new_host_s_links_are_mailed_once_however_often_the_family_booked(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """R65: two acts of booking, one mail, when the last of its links is there and never before."""
    with evening.later(database) as session:
        make_class(session, evening.school, evening.teacher, evening.mia, appointments_allowed=2)
        evening.book(evening.slot())
        evening.book(evening.slot())
    outside.tick()
    before = links(outside)

    with evening.later(database) as session:
        give_to_another_host(session, evening, outside)
    outside.meetings.fail("make", DOWN)
    outside.tick()
    early = told(outside)[2:]
    outside.tick(MINUTE)
    outside.tick(FOLLOW_UP_WITHIN)

    assert early == []
    assert told(outside)[2:] == ["Your links have changed, Fall Conferences 2026"]
    text = outside.mailer.sent[-1].text
    assert len(links(outside)) == 2
    assert all(link in text for link in links(outside))
    assert not any(link in text for link in before)


def test_a_meeting_deleted_at_the_provider_and_made_anew_is_told(
    database: Database, evening: Evening, outside: Outside
) -> None:
    with evening.later(database):
        evening.book(evening.slot())
    outside.tick()
    [made] = outside.meetings.standing()
    outside.meetings.meetings[made.id] = replace(made, removed=True)

    for _n in range(4):
        outside.sweep(3 * MINUTE)
        outside.tick(MINUTE)

    assert told(outside)[1:] == ["Your links have changed, Fall Conferences 2026"]
    [link] = links(outside)
    assert link in outside.mailer.sent[-1].text


def test_a_link_that_was_promised_is_mailed_even_after_the_follow_up_left_without_it(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """One of two links comes hours later: "We will email it" was said, and is kept."""
    with evening.later(database) as session:
        other = make_teacher(session, evening.school, "Tomo", "Ito")
        make_class(session, evening.school, other, evening.mia)
        late = make_resource(session, evening.event, other)
        evening.book(evening.slot(), evening.slot(late))
    outside.tick()
    outside.tick(2 * MINUTE)
    outside.tick(FOLLOW_UP_WITHIN)
    before = len(told(outside))

    with evening.later(database) as session:
        outside.knows(make_host(session, other).remote_id)
        follow(session, future_appointments(session, evening.event, now=evening.now), now=evening.now, retry=True)
    outside.tick()
    outside.tick(FOLLOW_UP_WITHIN)

    assert len(told(outside)) == before + 1
    assert links(outside)
    assert all(link in outside.mailer.sent[-1].text for link in links(outside))


def test_the_same_link_is_not_told_again(database: Database, evening: Evening, outside: Outside) -> None:
    with evening.later(database):
        evening.book(evening.slot())
    outside.tick()

    with evening.later(database) as session:
        evening.event.name = "Fall Evening"
        session.add(evening.event)
        follow(session, future_appointments(session, evening.event, now=evening.now), now=evening.now)
    outside.tick()
    outside.tick(FOLLOW_UP_WITHIN)

    assert len(told(outside)) == 1


def test_a_provider_that_is_turned_on_late_mails_nobody_unasked(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """R67: they were told the teacher's own link, or that the school sends one."""
    use(database, evening, None)
    with evening.later(database):
        evening.book(evening.slot())
    outside.tick()

    use(database, evening, "zoom")
    outside.tick()
    outside.tick(FOLLOW_UP_WITHIN)

    assert links(outside)
    assert len(told(outside)) == 1


def test_the_office_may_have_them_mailed_each_parent_once(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """R67: the page offers it, with how many they are."""
    use(database, evening, None)
    with evening.later(database) as session:
        make_class(session, evening.school, evening.teacher, evening.mia, appointments_allowed=3)
        evening.book(evening.slot())
        evening.book(evening.slot())
        evening.book(evening.slot(kind="P", after=300))
    outside.tick()
    use(database, evening, "zoom")
    outside.tick()

    with evening.later(database) as session:
        offered = count_untold(session, evening.event, now=evening.now)
        mailed = [mail_untold(session, evening.event, who=SYSTEM, now=evening.now) for _ in range(2)]
        left = count_untold(session, evening.event, now=evening.now)
    before = len(told(outside))
    outside.tick(MINUTE)
    outside.tick(FOLLOW_UP_WITHIN)

    assert (offered, mailed, left) == (1, [1, 0], 0)
    [mail] = outside.mailer.sent[before:]
    assert len(links(outside)) == 2
    assert all(link in mail.text for link in links(outside))


def test_asked_before_the_links_are_there_it_is_one_mail_with_all_of_them(
    database: Database, evening: Evening, outside: Outside
) -> None:
    use(database, evening, None)
    with evening.later(database) as session:
        make_class(session, evening.school, evening.teacher, evening.mia, appointments_allowed=3)
        evening.book(evening.slot(), evening.slot())
    outside.tick()
    use(database, evening, "zoom")

    with evening.later(database) as session:
        mail_untold(session, evening.event, who=SYSTEM, now=evening.now)
    before = len(told(outside))
    outside.tick()
    outside.tick(MINUTE)

    [mail] = outside.mailer.sent[before:]
    assert len(links(outside)) == 2
    assert all(link in mail.text for link in links(outside))


def test_nothing_is_offered_where_a_mail_will_speak_of_the_link_anyway(
    database: Database, evening: Evening, outside: Outside
) -> None:
    with evening.later(database) as session:
        evening.book(evening.slot())
        early = count_untold(session, evening.event, now=evening.now)
    outside.tick()
    outside.tick(MINUTE)

    with evening.later(database) as session:
        assert (early, count_untold(session, evening.event, now=evening.now)) == (0, 0)


def test_a_mail_that_did_not_go_out_at_first_still_tells(
    database: Database, evening: Evening, outside: Outside
) -> None:
    with evening.later(database):
        evening.book(evening.slot())
    outside.tick()
    with evening.later(database) as session:
        give_to_another_host(session, evening, outside)
    outside.mailer.fail("send", DOWN)
    outside.tick()
    outside.tick(5 * MINUTE)
    outside.tick(FOLLOW_UP_WITHIN)

    assert told(outside)[1:] == ["Your links have changed, Fall Conferences 2026"]


def test_cancelled_before_it_left_nothing_else_is_told(database: Database, evening: Evening, outside: Outside) -> None:
    with evening.later(database):
        [booked] = evening.book(evening.slot())
    outside.tick()
    with evening.later(database) as session:
        give_to_another_host(session, evening, outside)
    outside.meetings.fail("make", DOWN)
    outside.tick()
    with evening.later(database):
        evening.cancel(booked)
    for _n in range(3):
        outside.tick(FOLLOW_UP_WITHIN)

    assert [subject.partition(":")[0] for subject in told(outside)][1:] == ["Cancelled"]
    with database.reading() as session:
        assert [mail.kind for mail in session.exec(select(Message)) if mail.due_at] == []


def use(database: Database, evening: Evening, provider: str | None) -> None:
    with evening.later(database) as session:
        evening.settings.provider = provider
        session.add(evening.settings)
        booked = session.exec(select(Appointment.id)).all()
        follow(session, [number for number in booked if number], now=evening.now)
