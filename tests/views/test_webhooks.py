"""What Zoom tells by itself speeds healing up, and gives nobody else a way in."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from app import test_settings as settings_for
from factories import make_connection, make_contact, make_school
from online_office import time_stands_at
from sqlalchemy import event as sql_event
from sqlmodel import select
from threads import at_once
from zoom_hooks import (
    OTHER,
    PATH,
    SECRET,
    HookSchool,
    farewell,
    meeting_event,
    open_hook_school,
    signature,
    user_event,
)

from jobs.housekeeping import keep_house
from webapp import clock
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import AccountUser, Audit, Host, Level
from webapp.providers.base import NotSigned, Webhooks
from webapp.providers.zoom import zoom_webhooks
from webapp.services.meeting.map_contacts import GATHER
from webapp.services.meeting.receipts import BETWEEN_SIGHTINGS
from webapp.services.meeting.tokens import declare_dead
from webapp.services.system.audit import SYSTEM
from webapp.services.system.installation import hold

A_MINUTE = timedelta(minutes=1)


@pytest.fixture
def school(database: Database, now: datetime) -> Iterator[HookSchool]:
    with time_stands_at(now):
        yield open_hook_school(database, now)


def deleted(school: HookSchool, **values: Any) -> dict[str, Any]:
    return meeting_event("meeting.deleted", int(school.meeting().remote_id or 0), **values)


@pytest.mark.both_databases
def test_what_was_deleted_in_zoom_is_made_anew_within_half_a_minute(school: HookSchool) -> None:
    """HOOK-011: asked for twice by itself, for the event alone is not believed; the family is told once."""
    former = school.meeting().remote_id or ""
    mails = len(school.mailer.sent)
    school.zoom.remove(former)

    assert school.send(deleted(school)).status_code == 200
    school.run()
    after_one_sighting = school.meeting().remote_id
    school.run(BETWEEN_SIGHTINGS)
    school.run(timedelta(seconds=3))

    assert after_one_sighting == former
    assert school.meeting().remote_id not in {None, former}
    assert school.meeting().join_url
    assert len(school.zoom.standing()) == 1
    assert timedelta(seconds=30) > BETWEEN_SIGHTINGS + timedelta(seconds=9)
    school.run(A_MINUTE)
    assert len(school.mailer.sent) <= mails + 1


def test_our_own_removal_comes_back_and_changes_nothing(school: HookSchool) -> None:
    """FAILURES F26: 200, so that Zoom does not tell it again and again; Zoom is not even asked."""
    gone = deleted(school)
    with school.change():
        school.evening.cancel(school.appointment)
    school.run()
    calls = len(school.zoom.calls)

    first, again = school.send(gone), school.send(gone)
    school.run(A_MINUTE)

    assert (first.status_code, again.status_code) == (200, 200)
    assert school.zoom.standing() == []
    assert school.zoom.calls[calls:] == []


def test_a_deletion_told_while_our_own_is_under_way_is_not_looked_into(school: HookSchool) -> None:
    """FAILURES F26"""
    with school.change():
        school.evening.cancel(school.appointment)

    school.send(deleted(school))

    assert [one.due_at for one in school.receipts()] == [None]


def test_a_replayed_change_of_a_user_maps_nobody_again(school: HookSchool) -> None:
    """HOOK-005"""
    for _ in range(3):
        school.send(user_event("user.updated"))
        school.run(GATHER)

    assert school.zoom.calls.count("users") == 1


def test_a_wrong_signature_opens_nothing(school: HookSchool) -> None:
    """HOOK-002"""
    content = json.dumps(deleted(school)).encode()
    stamp = str(int(school.now.timestamp()))
    right = signature(content, stamp)
    wrong = ["", "v0=", right[3:], right[:-1], right + "0", f"v1={right[3:]}", signature(content, stamp, OTHER), "\xe9"]

    answers = [school.send(content, x_zm_signature=one).status_code for one in wrong]

    assert answers == [401] * len(wrong)
    assert school.receipts() == []


def test_the_signature_is_of_the_raw_body(school: HookSchool) -> None:
    """HOOK-003"""
    raw = json.dumps(deleted(school), indent=2).encode()
    again = json.dumps(json.loads(raw)).encode()
    stamp = str(int(school.now.timestamp()))

    answer = school.send(raw, x_zm_signature=signature(again, stamp), x_zm_request_timestamp=stamp)

    assert answer.status_code == 401


@pytest.mark.parametrize(("minutes", "status"), [(0, 200), (4.9, 200), (-4.9, 200), (5.1, 401), (-5.1, 401), (60, 401)])
def test_a_webhook_is_good_for_five_minutes_in_both_directions(school: HookSchool, minutes: float, status: int) -> None:
    """RELIABILITY T27"""
    assert school.send(deleted(school), late=timedelta(minutes=minutes)).status_code == status


@pytest.mark.parametrize("stamp", ["", "now", "-1", "1e9", "١٢٣٤٥٦٧٨٩٠", "9" * 400, "12345678901"])
def test_a_timestamp_that_is_none_is_refused(school: HookSchool, stamp: str) -> None:
    content = json.dumps(deleted(school)).encode()
    headers = {"x-zm-request-timestamp": stamp.encode().decode("latin-1"), "x-zm-signature": signature(content, stamp)}

    assert school.app.test_client().post(PATH, data=content, headers=headers).status_code == 401


def test_milliseconds_are_taken_too(school: HookSchool) -> None:
    """PROVIDERS 1.7: the unit is not stated."""
    content, stamp = json.dumps(deleted(school)).encode(), str(int(school.now.timestamp() * 1000))
    signed = {"x_zm_signature": signature(content, stamp), "x_zm_request_timestamp": stamp}

    assert school.send(content, **signed).status_code == 200


@pytest.mark.both_databases
def test_a_replay_has_no_second_effect(school: HookSchool) -> None:
    """HOOK-005"""
    event = deleted(school)

    answers = [school.send(event).status_code for _ in range(3)]

    assert answers == [200] * 3
    assert len(school.receipts()) == 1
    school.run()
    assert school.zoom.calls.count("read") == 1


@pytest.mark.both_databases
def test_of_the_same_notice_told_many_times_at_once_one_counts(school: HookSchool) -> None:
    """HOOK-005, RELIABILITY T27: each of them gets its 200; the database has the last word."""
    event = deleted(school)

    answers = at_once(*[lambda: school.send(event).status_code for _ in range(8)])

    assert answers == [200] * 8
    assert len(school.receipts()) == 1


def challenge(plain: Any) -> dict[str, Any]:
    return {"event": "endpoint.url_validation", "event_ts": 1, "payload": {"plainToken": plain}}


def test_a_validation_is_answered_with_the_secret_that_signed_it(school: HookSchool) -> None:
    """PROVIDERS 1.7"""
    answer = school.send(challenge("qgg8vlvZRS6UYooatFL8Aw"))

    encrypted = hmac.new(SECRET.encode(), b"qgg8vlvZRS6UYooatFL8Aw", hashlib.sha256).hexdigest()
    assert (answer.status_code, answer.json) == (
        200,
        {"plainToken": "qgg8vlvZRS6UYooatFL8Aw", "encryptedToken": encrypted},
    )


def test_an_unsigned_validation_is_refused_for_its_answer_would_sign_a_forged_event(school: HookSchool) -> None:
    """HOOK-006, RELIABILITY D13, M14"""
    stamp = str(int(school.now.timestamp()))
    forged = f"v0:{stamp}:" + json.dumps(farewell(school.now))

    unsigned = school.send(challenge(forged), x_zm_signature="")
    signed = school.send(challenge(forged))

    assert (unsigned.status_code, signed.status_code) == (401, 400)
    assert "encryptedToken" not in unsigned.text + signed.text


@pytest.mark.parametrize("plain", [7, None, ["a" * 20], "", "short", "a:bcdefghij", "{abcdefgh}", "a" * 129, "é" * 10])
def test_a_validation_without_a_proper_token_is_refused(school: HookSchool, plain: Any) -> None:
    """HOOK-008"""
    assert school.send(challenge(plain)).status_code == 400


def test_a_large_body_is_refused(school: HookSchool) -> None:
    """HOOK-008, HOOK-017: whoever signed it."""
    assert school.send(challenge("a" * 1_000_000)).status_code == 413
    assert school.send(b"x" * 10_000_000).status_code == 413


@pytest.mark.parametrize(
    "event",
    [
        meeting_event("meeting.summary_completed", 1),
        user_event("zoomroom.alert"),
        user_event("user.signed_in"),
        user_event("user.presence_status_updated"),
        {"event": "x"},
    ],
)
def test_an_unknown_event_is_quietly_taken_and_does_nothing(school: HookSchool, event: dict[str, Any]) -> None:
    """HOOK-009: who signs in has nobody mapped anew."""
    before = school.connection().map_due_at
    assert school.send(event).status_code == 200
    assert school.connection().map_due_at == before
    school.run()

    assert "read" not in school.zoom.calls
    assert school.tasks() == []


def test_a_meeting_that_is_not_ours_is_quietly_ignored(school: HookSchool) -> None:
    """FAILURES F26"""
    numbers = [123, "123", None, True, 1.5, [], {"id": 1}, "x" * 500, -3]

    answers = [school.send(meeting_event("meeting.deleted", one, ts=n)).status_code for n, one in enumerate(numbers)]
    school.run()

    assert answers == [200] * len(numbers)
    assert "read" not in school.zoom.calls


@pytest.mark.parametrize("kind", [int, str])
def test_an_id_may_be_a_number_or_a_text(school: HookSchool, kind: Any) -> None:
    """PROVIDERS 1.1: both are seen."""
    school.send(meeting_event("meeting.deleted", kind(school.meeting().remote_id)))
    school.run()

    assert school.zoom.calls.count("read") == 1


def test_an_event_that_says_deleted_of_a_meeting_that_stands_changes_nothing(school: HookSchool) -> None:
    """HOOK-011: an odd event alone is not trusted."""
    former = school.meeting().remote_id

    school.send(deleted(school))
    for _ in range(3):
        school.run(BETWEEN_SIGHTINGS)

    assert school.meeting().remote_id == former
    assert school.zoom.calls.count("read") == 1


def test_deleted_and_recovered_at_once_stays_as_it_is(school: HookSchool) -> None:
    former = school.meeting().remote_id or ""
    kept = school.zoom.meetings[former]
    school.zoom.remove(former)
    school.send(deleted(school))
    school.run()
    school.zoom.meetings[former] = kept
    school.run(BETWEEN_SIGHTINGS)
    school.run(A_MINUTE)

    assert school.meeting().remote_id == former
    assert school.zoom.calls.count("make") == 1


def test_an_update_out_of_order_never_moves_back_what_stands(school: HookSchool) -> None:
    """HOOK-012: what Zoom holds counts, not what the event says."""
    number = int(school.meeting().remote_id or 0)
    before = school.zoom.meetings[str(number)]

    school.send(meeting_event("meeting.updated", number, start_time="2020-01-01T00:00:00Z", topic="Old"))
    school.run()
    school.run(A_MINUTE)

    assert school.zoom.meetings[str(number)] == before
    assert school.zoom.calls.count("change") == 0


@pytest.mark.both_databases
def test_what_was_moved_in_zoom_is_moved_back(school: HookSchool) -> None:
    """RELIABILITY 2.4: the school's time counts; and our own change, told back to us, ends it."""
    number = school.meeting().remote_id or ""
    right = school.zoom.meetings[number]
    school.zoom.meetings[number] = replace(right, starts_at=right.starts_at + timedelta(hours=2))

    school.send(meeting_event("meeting.updated", int(number)))
    school.run()
    school.send(meeting_event("meeting.updated", int(number), ts=2))
    school.run()

    assert school.zoom.meetings[number].starts_at == right.starts_at
    assert school.zoom.calls.count("change") == 1


def test_a_passcode_changed_in_zoom_brings_the_new_link(school: HookSchool) -> None:
    number = school.meeting().remote_id or ""
    school.zoom.meetings[number] = replace(school.zoom.meetings[number], passcode="new123")

    school.send(meeting_event("meeting.updated", int(number)))
    school.run()

    assert school.meeting().passcode == "new123"
    assert "new123" in (school.meeting().join_url or "")


def test_while_zoom_does_not_answer_nothing_is_concluded(school: HookSchool) -> None:
    down = ProviderError("Down.", retry=True, code="unreachable")
    former = school.meeting().remote_id or ""
    school.zoom.remove(former)
    school.zoom.fail("read", down, times=2)

    school.send(deleted(school))
    school.run()
    unknown = school.meeting().remote_id
    for _ in range(4):
        school.run(A_MINUTE)

    assert unknown == former
    assert school.meeting().remote_id not in {None, former}


@pytest.mark.both_databases
def test_the_app_taken_away_in_zoom_destroys_tokens_and_linkage_at_once(school: HookSchool) -> None:
    """HOOK-014, PROVIDERS 1.1: within the answer; recorded; links that families hold still work and stay."""
    link = school.meeting().join_url
    school.send(user_event("user.updated"))
    school.run(GATHER)
    with school.database.reading() as session:
        assert session.exec(select(AccountUser)).all() != []
    began = time.monotonic()

    answer = school.send(farewell(clock.now()))

    assert time.monotonic() - began < 3
    connection = school.connection()
    assert answer.status_code == 200
    assert (connection.access_token, connection.refresh_token, connection.is_live) == ("", "", False)
    assert (connection.account_id, connection.account_name, connection.account_email) == ("", "", "")
    with school.database.reading() as session:
        assert session.exec(select(Host)).all() == session.exec(select(AccountUser)).all() == []
        assert "zoom.deauthorised" in session.exec(select(Audit.action)).all()
    school.run(A_MINUTE)
    assert school.meeting().join_url == link


@pytest.mark.both_databases
@pytest.mark.parametrize("has_died_before", [False, True])
def test_the_app_taken_away_in_zoom_is_mailed_to_the_administrators_once(
    school: HookSchool, has_died_before: bool
) -> None:
    """FAILURES F14, HOOK-014: also where the tokens were refused before the notice came."""
    with school.change() as session:
        make_contact(session, school.evening.school, "Dora", level=Level.ADMINISTRATOR, email="dora@linden.example")
        if has_died_before:
            declare_dead(session, school.evening.connection, now=school.now)

    school.send(farewell(school.now))
    school.send(farewell(school.now + A_MINUTE))
    school.run(A_MINUTE)

    [told] = [mail for mail in school.mailer.sent if mail.recipient == "dora@linden.example"]
    assert "Zoom needs to be connected again" in told.subject
    assert school.connection().needs_reconnect_at
    assert school.connection().disconnected_at is None
    assert school.connection().former_refresh_token == ""


@pytest.mark.parametrize("secret", [OTHER, ""])
def test_a_forged_farewell_touches_nothing(school: HookSchool, secret: str) -> None:
    """HOOK-015"""
    assert school.send(farewell(school.now), secret=secret).status_code == 401
    assert school.connection().is_live
    assert school.connection().access_token


def test_a_farewell_of_a_former_grant_or_of_another_app_is_ignored(school: HookSchool) -> None:
    """Zoom tries for more than an hour: by then the school may be connected anew."""
    before = (school.connection().connected_at or school.now) - A_MINUTE

    answers = [school.send(farewell(before)), school.send(farewell(school.now, client_id="another"))]

    assert [one.status_code for one in answers] == [200, 200]
    assert school.connection().is_live


def test_an_account_that_no_school_here_has_is_ignored(school: HookSchool) -> None:
    """HOOK-026"""
    events = [deleted(school, account_id="elsewhere"), farewell(school.now, account_id="elsewhere")]
    events += [farewell(school.now, account_id=""), {"event": "app_deauthorized", "payload": None}]

    assert [school.send(one).status_code for one in events] == [200] * 4
    assert school.connection().is_live
    assert school.receipts() == []


def test_another_schools_account_cannot_speak_of_our_meetings(school: HookSchool) -> None:
    """HOOK-026"""
    with school.database.transaction() as session:
        make_connection(session, make_school(session), account_id="theirs")

    assert school.send(deleted(school, account_id="theirs")).status_code == 200
    school.run()

    assert "read" not in school.zoom.calls


NESTED = b'{"event":' * 5_000 + b"1" + b"}" * 5_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"event=x",
        b"[]",
        b'[{"event": "x"}]',
        b"{}",
        b'{"event": 7}',
        b'{"event": NaN}',
        b'{"event": "x", "n": NaN}',
        b'{"event": "x", "n": Infinity}',
        b'{"event": "x", "event": "y"}',
        b'{"event": "x", "payload": {"a": 1, "a": 2}}',
        b'{"event": "x", "n": ' + b"9" * 9_000 + b"}",
        b"[" * 10_000 + b"]" * 10_000,
        NESTED,
        b'\xff\xfe{"event": "x"}',
    ],
)
def test_what_is_no_event_is_refused_without_a_fault(school: HookSchool, body: bytes) -> None:
    """HOOK-018"""
    assert school.send(body).status_code == 400


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_a_post_is_taken(school: HookSchool, method: str) -> None:
    """HOOK-020"""
    assert school.app.test_client().open(PATH, method=method).status_code == 405


def test_what_is_not_signed_costs_no_query_and_little_time(school: HookSchool) -> None:
    """HOOK-021: a flood of it does not reach the database, on which the booking pages wait."""
    statements: list[str] = []
    sql_event.listen(school.database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    client, body = school.app.test_client(), json.dumps(deleted(school)).encode()
    statements.clear()

    began = time.process_time()
    answers = {client.post(PATH, data=body).status_code for _ in range(200)}

    assert answers == {401}
    assert statements == []
    assert time.process_time() - began < 200 * 0.01


def test_a_webhook_is_acknowledged_before_its_work_is_done(school: HookSchool) -> None:
    """HOOK-023: Zoom hangs, and the answer comes all the same; nothing outside is called before the job runs."""
    school.zoom.gate.clear()
    calls, began = len(school.zoom.calls), time.monotonic()

    answer = school.send(deleted(school))

    assert answer.status_code == 200
    assert time.monotonic() - began < 1
    assert len(school.zoom.calls) == calls
    assert [one.due_at is not None for one in school.receipts()] == [True]
    school.zoom.gate.set()


def test_while_the_secret_is_changed_both_are_good_and_then_the_new_one(database: Database, now: datetime) -> None:
    """HOOK-024"""
    for secrets, statuses in (((OTHER, SECRET), [200, 200]), ((OTHER,), [401, 200])):
        reader = zoom_webhooks(settings_for("sqlite://", "k" * 40, zoom_webhook_secrets=secrets))["zoom"]
        assert [said_to(reader, secret, now) for secret in (SECRET, OTHER)] == statuses


def test_a_validation_is_answered_on_hold_and_without_a_database(school: HookSchool) -> None:
    """HOOK-027"""
    with school.database.transaction() as session:
        hold(session, because="maintenance", who=SYSTEM, now=school.now)
    on_hold = school.send(challenge("a" * 20))
    statements: list[str] = []
    sql_event.listen(school.database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))

    again = school.send(challenge("a" * 20))

    assert (on_hold.status_code, again.status_code) == (200, 200)
    assert statements == []


def test_without_a_secret_there_is_no_such_page(database: Database, now: datetime) -> None:
    with time_stands_at(now):
        school = open_hook_school(database, now, zoom_webhook_secrets=())

        assert school.send(deleted(school), secret="").status_code == 404


def test_what_is_stored_is_worked_on_though_the_answer_got_lost(
    school: HookSchool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RELIABILITY F25: the process dies between the commit and its answer; Zoom tells it again."""
    former, event = school.meeting().remote_id or "", deleted(school)
    school.zoom.remove(former)
    with monkeypatch.context() as dying:
        dying.setattr("webapp.faults.point", _die)
        lost = school.send(event)
    stored = len(school.receipts())

    again = school.send(event)
    school.run()
    school.run(BETWEEN_SIGHTINGS)

    assert (lost.status_code, stored, again.status_code, len(school.receipts())) == (500, 1, 200, 1)
    assert school.meeting().remote_id not in {None, former}


def test_five_hundred_changes_of_users_make_one_mapping(school: HookSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    """PROVIDERS 1.3: the appointments of who came get their links by it."""
    names = ("created", "invitation_accepted", "updated", "activated", "deactivated", "disassociated", "deleted")
    moment = school.now
    with monkeypatch.context() as at_once:
        at_once.setattr(clock, "now", lambda: moment)
        for n in range(500):
            assert school.send(user_event(f"user.{names[n % 7]}", ts=n, user=f"u{n}")).status_code == 200
        school.run()
    early = school.zoom.calls.count("users")
    school.run(GATHER)

    assert early == 0
    assert [task.ended_at is not None for task in school.tasks()] == [True]
    assert school.zoom.calls.count("users") == 1


@pytest.mark.both_databases
def test_a_user_changed_during_a_mapping_is_looked_at_by_the_next(school: HookSchool) -> None:
    during: list[int] = []

    def tell(method: str) -> None:
        if method == "users" and not during:
            during.append(school.send(user_event("user.created", ts=2)).status_code)

    school.send(user_event("user.created"))
    school.zoom.on_call = tell
    school.run(GATHER)
    school.run(GATHER)

    assert during == [200]
    assert school.zoom.calls.count("users") == 2


def test_the_connection_says_when_it_was_last_told_of_anything(school: HookSchool) -> None:
    """PROVIDERS 6.28: a subscription that falls silent can be seen."""
    before = school.connection().last_webhook_at
    school.send(meeting_event("meeting.started", "1"))

    told = school.connection().last_webhook_at
    assert before is None
    assert told is not None
    assert abs(told - school.now) < A_MINUTE


def test_receipts_are_forgotten_after_a_week_and_hold_nothing_of_what_was_said(school: HookSchool) -> None:
    """RELIABILITY 5.7"""
    school.send(deleted(school, topic="Mia Alvarez"))
    [receipt] = school.receipts()
    assert "Mia" not in repr(receipt)
    school.run(timedelta(days=6))
    keep_house(school.app)
    kept = len(school.receipts())
    school.run(timedelta(days=2))
    keep_house(school.app)

    assert (kept, school.receipts()) == (1, [])


def _die(name: str) -> None:
    if name == "webhook.stored":
        raise ConnectionAbortedError


def said_to(reader: Webhooks, secret: str, now: datetime) -> int:
    body, stamp = b'{"event": "x"}', str(int(now.timestamp()))
    headers = {"x-zm-request-timestamp": stamp, "x-zm-signature": signature(body, stamp, secret)}
    try:
        reader.read(headers, body, now=now)
    except NotSigned:
        return 401
    return 200
