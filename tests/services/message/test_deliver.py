"""One Confirmation per act of booking to its maker alone, and one follow-up for the links that came later."""

import io
import threading
from datetime import datetime, timedelta
from functools import partial

import pytest
from evening import Evening
from factories import make_class, make_contact, make_guardian, make_resource, make_teacher
from outside import Outside
from pypdf import PdfReader
from sqlmodel import Session, select

from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, Meeting, Message, MessageText
from webapp.models.message.message import CHANGED, CONFIRMATION, LINKS_READY
from webapp.providers.base import MadeMeeting, Mail
from webapp.services.booking.consequences import follow
from webapp.services.meeting.decide import decide
from webapp.services.meeting.settle import Outcome, store, store_made
from webapp.services.message.deliver import FOLLOW_UP_WITHIN, GIVE_UP_AFTER, next_mail, store_sent
from webapp.services.system.errand import claim_due

pytestmark = pytest.mark.both_databases

DOWN = ProviderError("Down.", retry=True, code="unreachable")
LOST = ProviderError("Lost.", retry=True, arrived=True, code="timeout")
MINUTE = timedelta(minutes=1)
WAITING = "Your link is being made."


@pytest.fixture
def evening(database: Database, now: datetime, outside: Outside) -> Evening:
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
    outside.knows(f"z{evening.teacher.id}")
    return evening


def book(database: Database, evening: Evening, number: int = 1, **slot: object) -> list[Appointment]:
    """So many appointments in one act."""
    with evening.later(database) as session:
        teachers = [evening.resource]
        for n in range(1, number):
            other = make_teacher(session, evening.school, f"Teacher{n}", "Ito")
            make_class(session, evening.school, other, evening.mia)
            teachers.append(make_resource(session, evening.event, other))
        return evening.book(*[evening.slot(teacher, **slot) for teacher in teachers])


def mails(outside: Outside) -> list[Mail]:
    return outside.mailer.sent


def messages(database: Database) -> list[Message]:
    with database.reading() as session:
        return list(session.exec(select(Message).order_by(Message.id)).all())


def link(outside: Outside) -> str:
    return outside.meetings.standing()[0].shown().join_url


def test_the_confirmation_goes_as_soon_as_its_link_is_there(
    database: Database, evening: Evening, outside: Outside
) -> None:
    book(database, evening)

    outside.tick()

    [mail] = mails(outside)
    assert mail.recipient == evening.alice.email
    assert mail.subject == "Your appointment, Fall Conferences 2026"
    assert link(outside) in mail.text
    assert link(outside) in mail.html
    assert "4:00 PM" in mail.text
    assert "Folake Adeyemi" in mail.text


def test_only_the_maker_is_mailed(database: Database, evening: Evening, outside: Outside) -> None:
    """R60: Bob is the other linked parent."""
    with evening.later(database) as session:
        bob = make_contact(session, evening.school, "Bob")
        make_guardian(session, bob, evening.mia)
    book(database, evening)

    outside.tick()
    outside.tick(FOLLOW_UP_WITHIN)

    assert [mail.recipient for mail in mails(outside)] == [evening.alice.email]


def test_an_in_person_booking_is_confirmed_at_once(database: Database, evening: Evening, outside: Outside) -> None:
    book(database, evening, kind="P")

    outside.tick()

    assert "112" in mails(outside)[0].text


def test_an_act_of_several_bookings_is_one_mail_with_all_of_them(
    database: Database, evening: Evening, outside: Outside
) -> None:
    book(database, evening, 3, kind="P")

    outside.tick()

    [mail] = mails(outside)
    assert mail.subject == "Your 3 appointments, Fall Conferences 2026"
    assert [mail.text.count(name) for name in ("Adeyemi", "Teacher1", "Teacher2")] == [1, 1, 1]


def test_without_its_link_it_waits_two_minutes_and_says_so(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """R62"""
    outside.meetings.fail("make", DOWN, times=99)
    book(database, evening)
    outside.tick()
    outside.tick(2 * MINUTE - timedelta(seconds=1))
    early = list(mails(outside))

    outside.tick(timedelta(seconds=1))

    assert early == []
    assert WAITING in mails(outside)[0].text


def late_link(database: Database, evening: Evening, outside: Outside, after: timedelta) -> None:
    """The Confirmation leaves without the link, which comes `after` it."""
    outside.meetings.fail("make", LOST)
    book(database, evening)
    outside.tick()
    outside.meetings.fail("find", DOWN, times=99)
    outside.tick(2 * MINUTE)
    outside.meetings._planned.clear()
    outside.tick(after)


def test_the_link_that_comes_later_is_mailed_once(database: Database, evening: Evening, outside: Outside) -> None:
    """R62: one follow-up."""
    late_link(database, evening, outside, 3 * MINUTE)
    outside.tick(FOLLOW_UP_WITHIN)
    outside.tick(FOLLOW_UP_WITHIN)

    confirmation, follow_up = mails(outside)
    assert (WAITING in confirmation.text, link(outside) in confirmation.text) == (True, False)
    assert follow_up.subject == "Your links, Fall Conferences 2026"
    assert link(outside) in follow_up.text
    assert confirmation.message_id != follow_up.message_id


def test_a_link_that_comes_while_the_confirmation_is_on_its_way_is_mailed_too(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """The mail that has left says "We will email it"."""
    outside.meetings.fail("make", DOWN)
    book(database, evening)
    outside.tick()
    outside.now += 2 * MINUTE
    with database.transaction() as session:
        [claim] = claim_due(session, Message, now=outside.now)
    with database.transaction() as session:
        left = next_mail(session, claim, base_url="https://confab.example", now=outside.now)

    outside.tick(timedelta(seconds=5))
    with database.transaction() as session:
        store_sent(session, claim, now=outside.now)
    outside.tick()

    assert left
    assert WAITING in left.mail.text
    [follow_up] = mails(outside)
    assert link(outside) in follow_up.text


def test_of_two_last_links_that_are_stored_at_once_the_second_sees_the_first(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """Else each would leave the mail waiting for the other."""
    with evening.later(database) as session:
        make_class(session, evening.school, evening.teacher, evening.mia, appointments_allowed=2)
        evening.book(evening.slot(), evening.slot())
    with database.transaction() as session:
        claims = claim_due(session, Meeting, now=outside.now)
        decisions = [decide(session, claim, quarantine=MINUTE, now=outside.now) for claim in claims]

    def store_link(session: Session, number: int) -> None:
        made = MadeMeeting(f"8{number}", f"https://zoom.us/j/8{number}", "x")
        order = decisions[number].order or pytest.fail("nothing to make")
        keep = partial(store_made, claim=claims[number], order=order, made=made)
        outcome = Outcome(claims[number], decisions[number].appointment_id, lambda db, now: keep(db, now=now))
        store(session, [outcome], now=outside.now)

    def store_second() -> None:
        with database.transaction() as session:
            store_link(session, 1)

    other = threading.Thread(target=store_second)
    with database.transaction() as session:
        store_link(session, 0)
        other.start()
        other.join(0.3)
    other.join(10)

    assert [message.due_at for message in messages(database)] == [outside.now]


def test_after_ten_minutes_the_links_that_are_there_are_mailed_and_the_rest_is_said(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """R62: with what is there; the other teacher is not mapped."""
    outside.meetings.fail("make", DOWN, times=99)
    book(database, evening, 2)
    outside.tick()
    outside.tick(2 * MINUTE)
    outside.meetings._planned.clear()
    outside.tick(5 * MINUTE)
    early = len(mails(outside))

    outside.tick(5 * MINUTE)

    assert early == 1
    [_, follow_up] = mails(outside)
    assert follow_up.subject == "Your links so far, Fall Conferences 2026"
    assert link(outside) in follow_up.text
    assert WAITING in follow_up.text


def test_no_follow_up_goes_without_news_and_it_goes_when_there_is(
    database: Database, evening: Evening, outside: Outside
) -> None:
    outside.meetings.fail("make", LOST)
    book(database, evening)
    outside.tick()
    outside.meetings.fail("find", DOWN, times=99)
    outside.tick(2 * MINUTE)
    outside.tick(FOLLOW_UP_WITHIN)
    outside.tick(60 * MINUTE)
    meanwhile = len(mails(outside))

    outside.meetings._planned.clear()
    outside.tick(60 * MINUTE)

    assert meanwhile == 1
    assert [link(outside) in mail.text for mail in mails(outside)] == [False, True]


def test_a_follow_up_whose_appointment_was_cancelled_is_dropped(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """Also when the others of the act were told all there is."""
    outside.meetings.fail("make", DOWN, times=99)
    [virtual, _] = book(database, evening, 2)
    with evening.later(database) as session:
        other = session.get_one(Appointment, _.id)
        other.is_virtual = False
        follow(session, [other.id or 0], now=evening.now)
    outside.tick()
    outside.tick(2 * MINUTE)
    with evening.later(database):
        evening.cancel(virtual)
    for _n in range(3):
        outside.tick(FOLLOW_UP_WITHIN)

    assert [mail.subject.partition(":")[0] for mail in mails(outside)][1:] == ["Cancelled"]
    [follow_up] = [message for message in messages(database) if message.kind == LINKS_READY]
    assert (follow_up.sent_at, follow_up.due_at) == (None, None)
    assert follow_up.dropped_at


def test_cancelled_before_it_left_the_mail_is_dropped(database: Database, evening: Evening, outside: Outside) -> None:
    [booked] = book(database, evening)
    with evening.later(database):
        evening.cancel(booked)

    outside.tick()
    outside.tick(3 * MINUTE)

    assert mails(outside) == []
    [message] = messages(database)
    assert (message.dropped_at, message.due_at, message.sent_at) == (evening.now, None, None)


def test_one_of_two_cancelled_before_it_left_is_not_in_the_mail(
    database: Database, evening: Evening, outside: Outside
) -> None:
    [_, second] = book(database, evening, 2, kind="P")
    with evening.later(database):
        evening.cancel(second)

    outside.tick()

    [mail] = mails(outside)
    assert "Teacher1" not in mail.text
    assert "Adeyemi" in mail.text


@pytest.mark.parametrize("uses_schedule", [True, False])
def test_what_the_school_withdrew_before_the_mail_left_is_said_and_not_printed(
    database: Database, evening: Evening, outside: Outside, uses_schedule: bool
) -> None:
    """In our words and in the office's."""
    [_, second] = book(database, evening, 2, kind="P")
    with evening.later(database) as session:
        evening.again(second).problem = "slot_removed"
        owner = {"event_id": evening.event.id, "school_id": evening.school.id, "kind": CONFIRMATION}
        text = {"subject": "Hi", "body": "$(Teacher): $(Room)", "uses_schedule": uses_schedule}
        session.add(MessageText(**owner, **text, saved_at=evening.now))

    outside.tick()

    [mail] = mails(outside)
    for words in (mail.text, mail.html):
        assert words.count("The school has withdrawn this time.") == 1
        assert words.index("112") < words.index("Teacher1") < words.index("withdrawn")
    printed = [PdfReader(io.BytesIO(pdf.content)).pages[0].extract_text() for pdf in mail.attachments]
    assert [("Adeyemi" in page, "Teacher1" in page) for page in printed] == [(True, False)] * uses_schedule


def test_a_move_is_confirmed_anew_and_the_unsent_mail_of_the_old_time_dropped(
    database: Database, evening: Evening, outside: Outside
) -> None:
    [booked] = book(database, evening)
    with evening.later(database):
        evening.move(booked, evening.slot(after=60))

    outside.tick()

    [mail] = mails(outside)
    assert "5:00 PM" in mail.text
    assert "4:00 PM" not in mail.text
    assert [(bool(m.sent_at), bool(m.dropped_at)) for m in messages(database)] == [(False, True), (True, False)]


def test_who_is_moved_twice_at_once_is_mailed_one_change(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """They have a Confirmation: a second one would be another appointment to them."""
    [booked] = book(database, evening)
    outside.tick()
    outside.tick()
    for after in (60, 75):
        with evening.later(database):
            evening.move(booked, evening.slot(after=after))
    outside.tick()

    first, second = mails(outside)
    kinds = [(m.kind, bool(m.sent_at), bool(m.dropped_at)) for m in messages(database)]
    assert kinds == [(CONFIRMATION, True, False), (CHANGED, False, True), (CHANGED, True, False)]
    assert ("4:00 PM" in first.text, "5:15 PM" in second.text) == (True, True)


def test_a_follow_up_of_a_moved_appointment_does_not_stay_behind(
    database: Database, evening: Evening, outside: Outside
) -> None:
    outside.meetings.fail("make", DOWN, times=99)
    [booked] = book(database, evening)
    outside.tick()
    outside.tick(2 * MINUTE)
    with evening.later(database):
        evening.move(booked, evening.slot(after=60))
    outside.meetings._planned.clear()
    outside.tick(60 * MINUTE)

    kinds = [(m.kind, bool(m.sent_at), bool(m.dropped_at)) for m in messages(database)]
    assert kinds == [(CONFIRMATION, True, False), (LINKS_READY, False, True), (CHANGED, True, False)]


def test_the_mail_says_what_is_true_when_it_leaves(database: Database, evening: Evening, outside: Outside) -> None:
    """R99: a link that changed meanwhile is the one that is mailed."""
    outside.mailer.fail("send", DOWN)
    [booked] = book(database, evening)
    outside.tick()
    [old] = outside.meetings.standing()
    with evening.later(database) as session:
        for is_virtual in (False, True):
            evening.again(booked).is_virtual = is_virtual
            follow(session, [booked.id or 0], now=evening.now)
    outside.tick(MINUTE)

    [mail] = mails(outside)
    assert link(outside) in mail.text
    assert old.shown().join_url not in mail.text


def test_a_refused_address_is_given_up_and_nothing_brings_it_back(
    database: Database, evening: Evening, outside: Outside
) -> None:
    outside.mailer.fail("send", ProviderError("The mail server refuses this address", retry=False, code="550"))
    [booked] = book(database, evening)
    outside.tick()
    with evening.later(database) as session:
        follow(session, [booked.id or 0], now=evening.now + MINUTE, retry=True)
    outside.tick(60 * MINUTE)

    assert mails(outside) == []
    [message] = messages(database)
    assert (message.due_at, message.problem_code, message.sent_at) == (None, "550", None)


def test_a_passing_trouble_is_tried_again_with_the_same_message_id_and_its_pause_kept(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """RELIABILITY I13, OUT-010."""
    seen: list[str] = []
    send = outside.mailer.send
    outside.mailer.send = lambda mail: (seen.append(mail.message_id), send(mail))[1]
    outside.mailer.fail("send", ProviderError("Busy.", retry=True, arrived=True))
    [booked] = book(database, evening, kind="P")
    outside.tick()
    with evening.later(database) as session:
        due = messages(database)[0].due_at
        follow(session, [booked.id or 0], now=evening.now + timedelta(seconds=1))
    kept = messages(database)[0].due_at
    outside.tick(MINUTE)

    assert due == kept
    assert len(seen) == 2
    assert len(set(seen)) == 1


def test_a_mail_that_left_as_the_process_died_comes_twice_at_most_under_the_same_message_id(
    database: Database, evening: Evening, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OUT-011, RELIABILITY I13: the server took it, and nobody lived to write that down."""
    seen: list[str] = []
    send = outside.mailer.send

    def taken(mail: Mail) -> None:
        send(mail)
        seen.append(mail.message_id)
        if len(seen) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(outside.mailer, "send", taken)
    book(database, evening, kind="P")
    with pytest.raises(KeyboardInterrupt):
        outside.tick()
    for _ in range(3):
        outside.tick(2 * MINUTE)

    assert len(seen) == 2
    assert len(set(seen)) == 1


def test_after_three_days_of_trouble_it_is_given_up(database: Database, evening: Evening, outside: Outside) -> None:
    outside.mailer.fail("send", DOWN, times=9)
    book(database, evening, kind="P")
    outside.tick()
    outside.tick(GIVE_UP_AFTER)
    still_due = messages(database)[0].due_at

    outside.tick(60 * MINUTE)

    assert still_due
    assert messages(database)[0].due_at is None


def test_without_an_address_nothing_is_sent(database: Database, evening: Evening, outside: Outside) -> None:
    with evening.later(database):
        evening.alice.email = None
    book(database, evening, kind="P")

    outside.tick()

    assert mails(outside) == []
    assert messages(database)[0].dropped_at


@pytest.mark.parametrize("by_now", ["alice@right.example", None])
def test_what_waited_goes_to_the_address_that_the_family_has_by_now(
    database: Database, evening: Evening, outside: Outside, by_now: str | None
) -> None:
    """The office corrects a misspelt one while a mail is tried again."""
    outside.mailer.fail("send", DOWN)
    book(database, evening, kind="P")
    outside.tick()
    with evening.later(database):
        evening.alice.email = by_now

    outside.tick(MINUTE)

    assert [mail.recipient for mail in mails(outside)] == ([by_now] if by_now else [])
    [message] = messages(database)
    assert bool(message.dropped_at) == (by_now is None)


def test_a_name_is_text_in_the_mail_and_never_markup(database: Database, evening: Evening, outside: Outside) -> None:
    with evening.later(database):
        evening.resource.name = "<b>Bobby</b> & \r\n.\r\nSons"
        evening.mia.last = "</p><script>"
    book(database, evening, kind="P")

    outside.tick()

    [mail] = mails(outside)
    assert "<script>" not in mail.html
    assert "&lt;b&gt;Bobby&lt;/b&gt; &amp;" in mail.html
    assert "<b>Bobby</b> &" in mail.text


def test_a_family_that_was_confirmed_reads_of_a_move_that_it_changed(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """PRODUCT 2.7: in the words of Changed, with the new time and the same link."""
    [booked] = book(database, evening)
    outside.tick()
    with evening.later(database):
        evening.move(booked, evening.slot(after=60))
    outside.tick(MINUTE)

    confirmation, changed = mails(outside)
    assert changed.subject == "Changed: your appointment, Fall Conferences 2026"
    assert "5:00 PM" in changed.text
    assert link(outside) in confirmation.text
    assert link(outside) in changed.text
    assert [a.filename for a in changed.attachments] == ["Printable Schedule.pdf"]


@pytest.mark.parametrize("kind", [CONFIRMATION, CHANGED, LINKS_READY])
def test_each_mail_has_a_text_and_a_switch_of_its_own(
    database: Database, evening: Evening, outside: Outside, kind: str
) -> None:
    write(database, evening, kind, subject=f"{kind}: $(Teacher)", body="Where: $(Room)")
    the_three_mails(database, evening, outside)

    [mail] = [mail for mail in mails(outside) if mail.subject == f"{kind}: Folake Adeyemi"]
    assert len(mails(outside)) == 3
    assert ("Where: https://" in mail.text) == (kind != CONFIRMATION)


@pytest.mark.parametrize(
    ("kind", "others"),
    [(CONFIRMATION, {CHANGED}), (CHANGED, {CONFIRMATION, LINKS_READY}), (LINKS_READY, {CONFIRMATION, CHANGED})],
)
def test_a_mail_that_is_switched_off_is_not_sent(
    database: Database, evening: Evening, outside: Outside, kind: str, others: set[str]
) -> None:
    write(database, evening, kind, subject="Off", body="$(Room)", is_on=False)
    the_three_mails(database, evening, outside)

    assert {message.kind for message in messages(database) if message.sent_at} == others


def test_a_new_link_is_mailed_although_changed_is_off(database: Database, evening: Evening, outside: Outside) -> None:
    """R65: a family with a dead link would wait in vain."""
    write(database, evening, CHANGED, subject="Off", body="$(Room)", is_on=False)
    [booked] = book(database, evening)
    outside.tick()
    with evening.later(database) as session:
        for is_virtual in (False, True):
            evening.again(booked).is_virtual = is_virtual
            follow(session, [booked.id or 0], now=evening.now)
    for _ in range(3):
        outside.tick(FOLLOW_UP_WITHIN)

    assert link(outside) in mails(outside)[-1].text
    assert len(mails(outside)) == 2


def test_with_confirmations_off_a_cancellation_is_mailed_all_the_same(
    database: Database, evening: Evening, outside: Outside
) -> None:
    write(database, evening, CONFIRMATION, subject="Off", body="$(Room)", is_on=False)
    [booked] = book(database, evening, kind="P")
    outside.tick()
    with evening.later(database, MINUTE):
        evening.cancel(booked)
    outside.tick(MINUTE)

    assert [mail.subject.partition(":")[0] for mail in mails(outside)] == ["Cancelled"]


def write(database: Database, evening: Evening, kind: str, *, is_on: bool = True, **words: str) -> None:
    with evening.later(database) as session:
        owner = {"event_id": evening.event.id, "school_id": evening.school.id, "kind": kind}
        session.add(MessageText(**owner, **words, is_on=is_on, uses_schedule=False, saved_at=evening.now))


def the_three_mails(database: Database, evening: Evening, outside: Outside) -> None:
    """Confirmed without its link, then told the link, then moved."""
    late_link(database, evening, outside, 3 * MINUTE)
    outside.tick(FOLLOW_UP_WITHIN)
    with database.reading() as session:
        [booked] = session.exec(select(Appointment)).all()
    evening.now = outside.now
    with evening.later(database):
        evening.move(booked, evening.slot(after=60))
    outside.tick(FOLLOW_UP_WITHIN)
