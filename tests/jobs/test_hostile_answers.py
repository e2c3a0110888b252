"""Whatever Zoom's answers look like on the way, an appointment ends with one meeting or with a reason, by itself.

The rows are those of the catalogue of abuse cases, PROV and OAUTH; our client, the jobs and the stand-in are real."""

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from evening import Evening
from factories import make_host, make_resource, make_teacher
from gateway import Gateway, Reply
from sqlmodel import col, select
from stages import an_order
from threads import at_once
from zoom_road import Road, open_road, second_process

from jobs.link_sync import sync_links
from webapp import clock
from webapp.db import Database
from webapp.models import Appointment, Connection, Meeting
from webapp.providers.http import call
from webapp.services.booking.agenda import agenda
from webapp.services.meeting import strays
from webapp.services.system.installation import life_of
from webapp.services.system.tokens import close_tokens, open_tokens

CREATE, READ = "POST /v2/users/[^/]+/meetings", "GET /v2/meetings/[0-9]+"
CHANGE, DELETE = "PATCH /v2/meetings/[0-9]+", "DELETE /v2/meetings/[0-9]+"
LIST, TOKEN = "GET /v2/users/[^/]+/meetings", "POST /oauth/token"
QUARANTINE, A_MINUTE, AN_HOUR = timedelta(seconds=140), timedelta(minutes=1), timedelta(hours=1)
TOO_FAST = {"code": 429, "message": "You have reached the maximum per-second rate limit for this API. Try again later."}
ALL_DAY = {"code": 429, "message": "You have reached the maximum daily rate limit for this API."}
GONE = Reply(404, {"code": 3001, "message": "Meeting does not exist: 98."})
NO_SCOPE = {"code": 4711, "message": "Invalid access token, does not contain scopes:[meeting:write:meeting:admin]."}


@pytest.fixture
def gateways() -> Iterator[list[Gateway]]:
    opened: list[Gateway] = []
    yield opened
    for gateway in opened:
        gateway.stop()


@pytest.fixture
def road(database: Database, now: datetime, gateways: list[Gateway]) -> Iterator[Road]:
    """One virtual appointment is booked, and nothing was called yet."""

    def by_way_of(url: str) -> str:
        gateways.append(Gateway(url))
        return gateways[0].url

    with open_road(database, now, by_way_of=by_way_of, quarantine_seconds=QUARANTINE.total_seconds()) as road:
        yield road


@pytest.fixture
def gateway(road: Road, gateways: list[Gateway]) -> Gateway:
    return gateways[0]


@pytest.fixture
def linked(road: Road, gateway: Gateway) -> Road:
    road.run()
    road.run(QUARANTINE)
    assert row(road).join_url
    gateway.seen.clear()
    return road


def row(road: Road) -> Meeting:
    """Of the appointment, the newest."""
    found = rows(road)[-1]
    assert found.appointment_id == road.appointment.id
    return found


def rows(road: Road) -> list[Meeting]:
    with road.database.reading() as session:
        mine = select(Meeting).where(col(Meeting.appointment_id) == road.appointment.id)
        return list(session.exec(mine.order_by(col(Meeting.id))))


def url(road: Road) -> str | None:
    with road.database.reading() as session:
        return agenda(session, col(Appointment.id) == road.appointment.id)[0].room.url


def ever(road: Road) -> list[int]:
    """How many meetings each appointment has had under one marker, deleted ones too."""
    return list(road.zoom.state()["markers_ever"].values())


def more(road: Road, n: int, evening: Evening | None = None) -> list[str]:
    """So many teachers more, each with an appointment of their own. Gives their hosts' keys."""
    evening = evening or road.evening
    names = [f"t{k}-{evening.school.id}@linden.example" for k in range(n)]
    keys = [road.zoom.add_user(name) for name in names]
    with evening.later(road.database, clock.now() - evening.now) as session:
        for key in keys:
            teacher = make_teacher(session, evening.school, "Ines", "Ito")
            make_host(session, teacher, remote_id=key)
            adult, child = evening.family("Bob", "Ben", teacher)
            evening.book(evening.slot(make_resource(session, evening.event, teacher)), maker=adult, child=child)
    return keys


def another_school(road: Road) -> str:
    """With its own connection, and an appointment. Gives its host's key."""
    with road.database.transaction() as session:
        other = Evening(session, clock.now(), "zoom")
        tokens = open_tokens(session, session.get_one(Connection, road.evening.connection.id))
        close_tokens(session, other.connection, tokens)
    [key] = more(road, 1, other)
    return key


def asked_about(road: Road) -> int:
    """Meetings of which the office is asked whether they may go."""
    with road.database.reading() as session:
        return len(strays.asked_about(session, road.evening.school.id or 0, now=clock.now()))


def unheard(forward: Callable[[], Reply]) -> Reply:
    """Done, and a gateway's page instead of the answer."""
    forward()
    return Reply(504, "<html><h1>504 Gateway Time-out</h1></html>")


def edited(**values: Any) -> Callable[[Callable[[], Reply]], Reply]:
    return lambda forward: forward().with_body(**values)


def creates(gateway: Gateway, key: str = "[^/]+") -> int:
    return len(gateway.calls(f"POST /v2/users/{key}/meetings"))


def test_a_pause_of_seven_seconds_is_kept_for_that_account_and_others_go_on(road: Road, gateway: Gateway) -> None:
    """PROV-001"""
    gateway.meddle(CREATE, Reply(429, TOO_FAST, {"Retry-After": "7"}))
    road.run()
    [colleague], elsewhere = more(road, 1), another_school(road)

    road.run(timedelta(seconds=6))
    within = creates(gateway), creates(gateway, colleague), creates(gateway, elsewhere)
    road.run(timedelta(seconds=4))

    assert within == (2, 0, 1)
    assert creates(gateway, colleague) == 1
    assert len(road.standing) == 3
    assert url(road)


@pytest.mark.parametrize(
    "written", ["2026-11-24T00:00:00Z", "2026-11-24T00:00:00+00:00", "Tue, 24 Nov 2026 00:00:00 GMT"]
)
def test_a_pause_that_is_written_as_a_time_is_kept(road: Road, gateway: Gateway, written: str) -> None:
    """PROV-002"""
    midnight = datetime(2026, 11, 24, tzinfo=UTC)
    gateway.meddle(CREATE, Reply(429, ALL_DAY, {"Retry-After": written}))

    road.run()
    told = row(road)
    road.run(midnight - clock.now() - timedelta(seconds=5))
    before = creates(gateway)
    road.run(A_MINUTE + timedelta(seconds=10))

    assert told.problem_code == "account_limit"
    assert told.due_at == midnight
    assert (before, creates(gateway), bool(url(road))) == (1, 2, True)


def test_a_server_in_trouble_ten_times_is_left_in_peace_and_ends_with_one_meeting(road: Road, gateway: Gateway) -> None:
    """PROV-004: the pauses grow, no two are alike, and nobody has to press anything."""
    for status in (500, 502, 503, 504) * 2 + (500, 502):
        gateway.meddle(".*", Reply(status, "<html>Oops</html>"))
    began, pauses = clock.now(), []
    while len(gateway.seen) < 10:
        seen = len(gateway.seen)
        road.run(max(timedelta(), (row(road).due_at or clock.now()) - clock.now()))
        waiting = row(road)
        assert waiting.due_at
        assert waiting.problem_at
        assert len(gateway.seen) <= seen + 1
        if len(gateway.seen) > seen:
            pauses.append((waiting.due_at - waiting.problem_at).total_seconds())
    for _ in range(4):
        road.run(timedelta(minutes=12))

    assert clock.now() - began > AN_HOUR
    assert max(pauses) > 300 > 10 > pauses[0]
    assert all(pause % 5 for pause in pauses)
    assert url(road)
    assert ever(road) == [1]


def test_while_a_provider_is_in_trouble_it_is_hardly_called_and_all_goes_on_after_it(
    road: Road, gateway: Gateway
) -> None:
    """PROV-004: the circuit opens for all appointments of the account, says so, and closes by itself. Another school's
    account is its own line."""
    more(road, 39)
    elsewhere = another_school(road)
    gateway.meddle(f"(?!.*{elsewhere}).*", Reply(503, "<html>Service Unavailable</html>"), times=None)

    for _ in range(20):
        road.run(timedelta(seconds=30))
    in_ten_minutes, told = len(gateway.seen), problems(road)
    gateway.leave()
    for _ in range(8):
        road.run(A_MINUTE)

    assert in_ten_minutes < 60
    assert "outage" in told
    assert len(road.standing) == 41
    assert set(ever(road)) == {1}


def problems(road: Road) -> set[str]:
    with road.database.reading() as session:
        return set(session.exec(select(Meeting.problem_code)))


def test_a_meeting_whose_answer_came_too_late_is_adopted(
    road: Road, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PROV-005"""
    given_up = threading.Event()

    def late(forward: Callable[[], Reply]) -> Reply:
        reply = forward()
        given_up.wait(10)
        return reply

    with monkeypatch.context() as patch:
        patch.setattr("webapp.providers.bearer.call", partial(call, deadline=0.5))
        gateway.meddle(CREATE, late)
        road.run()
    given_up.set()
    waiting = row(road)
    road.run(QUARANTINE)

    assert waiting.problem_code == "timeout"
    assert ever(road) == [1]
    assert [row(road).remote_id] == road.standing


class TestLinks:
    def test_one_that_is_missing_at_first_is_asked_for(self, road: Road, gateway: Gateway) -> None:
        """PROV-007"""
        gateway.meddle(CREATE, edited(join_url=None))

        road.run()

        assert url(road)
        assert ever(road) == [1]
        assert len(gateway.calls(READ)) == 1

    def test_one_that_stays_missing_is_an_issue_and_leaves_nothing_behind(self, road: Road, gateway: Gateway) -> None:
        """PROV-007"""
        gateway.meddle(CREATE, edited(join_url=None))
        gateway.meddle(READ, edited(join_url=None))

        road.run()
        road.run(AN_HOUR)

        told = row(road)
        assert (told.problem_code, told.due_at, url(road)) == ("bad_link", None, None)
        assert "no link" in (told.problem or "")
        assert (creates(gateway), road.standing) == (1, [])

    def test_one_that_cannot_be_asked_for_is_no_reason_for_a_second_meeting(self, road: Road, gateway: Gateway) -> None:
        """PROV-007"""
        gateway.meddle(CREATE, edited(join_url=None))
        gateway.meddle(READ, Reply(503, "<html>"))

        road.run()
        without = url(road)
        road.run(QUARANTINE)

        assert (without, bool(url(road))) == (None, True)
        assert ever(road) == [1]

    @pytest.mark.parametrize(
        "link",
        [
            "https://zoom.us.evil.example/j/98",
            "https://evil.example/zoom.us/j/98",
            "javascript:alert(document.cookie)//zoom.us",
            "http://169.254.169.254/latest/meta-data",
            "https://linden@zoom.us@evil.example/j/98",
            {"href": "https://zoom.us/j/98"},
        ],
        ids=str,
    )
    def test_one_that_leads_elsewhere_is_shown_to_nobody_and_somebody_is_told(
        self, road: Road, gateway: Gateway, caplog: pytest.LogCaptureFixture, link: object
    ) -> None:
        """PROV-008"""
        gateway.meddle(CREATE, edited(join_url=link))

        road.run()
        road.run(AN_HOUR)

        told = row(road)
        assert (told.problem_code, told.join_url, told.due_at, url(road)) == ("bad_link", None, None, None)
        assert [one.levelname for one in caplog.records if one.getMessage() == "bad link"] == ["ERROR"]
        assert (creates(gateway), road.standing) == (1, [])


class TestMarkers:
    def test_a_list_that_lags_behind_leads_to_no_second_meeting(self, road: Road, gateway: Gateway) -> None:
        """PROV-010: it is not even looked at before it must show what was made."""
        road.zoom.control("switches", list_lag=100)
        gateway.meddle(CREATE, unheard)

        road.run()
        for _ in range(4):
            road.run(timedelta(seconds=30))
        asked_early = gateway.calls(LIST)
        road.run(timedelta(seconds=30))

        assert asked_early == []
        assert url(road)
        assert (creates(gateway), ever(road)) == (1, [1])

    def test_of_two_of_ours_one_is_kept_and_the_other_deleted(
        self, road: Road, gateway: Gateway, caplog: pytest.LogCaptureFixture
    ) -> None:
        """PROV-011"""
        gateway.meddle(CREATE, lambda forward: (forward(), unheard(forward))[1])

        road.run()
        both = road.standing
        road.run(QUARANTINE)

        assert len(both) == 2
        assert road.standing == [row(road).remote_id]
        assert row(road).remote_id in both
        assert [one.meetings for one in caplog.records if one.getMessage() == "duplicates removed"] == [1]

    def test_the_one_that_families_have_is_kept_whichever_is_older(
        self, linked: Road, gateway: Gateway, caplog: pytest.LogCaptureFixture
    ) -> None:
        """PROV-011"""
        caplog.set_level(logging.INFO)
        mine = row(linked)
        second = linked.zoom.provider.make(an_order(mine.host_key, marker=mine.marker))
        assert set(linked.standing) == {mine.remote_id, second.remote_id}

        for _ in range(2):
            linked.sweep(QUARANTINE)

        assert linked.standing == [mine.remote_id]
        assert [one.strays for one in caplog.records if one.getMessage() == "sweep"] == [1]

    def test_what_is_not_marked_as_ours_is_never_touched(self, linked: Road, gateway: Gateway) -> None:
        """PROV-026: not in a sweep, not when the teacher's appointments are cancelled."""
        host = row(linked).host_key
        for marker in ("", "chess-club", "0123456789abcdef-0-AAAAAAAAAAAAAA"):
            linked.zoom.provider.make(an_order(host, marker=marker, topic="Chess club"))
        theirs = [one for one in linked.zoom.state()["meetings"] if one["topic"] == "Chess club"]

        for _ in range(2):
            linked.sweep(QUARANTINE)
        with linked.change():
            linked.evening.cancel(linked.appointment)
        linked.run()
        for _ in range(2):
            linked.sweep(QUARANTINE)

        assert len(theirs) == 3
        assert linked.zoom.state()["meetings"][1:] == theirs
        assert len(gateway.calls(DELETE)) == 1
        assert gateway.calls(CHANGE) == []
        assert asked_about(linked) == 0

    @pytest.mark.parametrize(("one_in", "astray", "goes"), [(20, 1, True), (20, 2, False), (1, 5, True), (1, 6, False)])
    def test_more_than_five_or_five_of_a_hundred_go_only_when_a_person_says_so(
        self,
        linked: Road,
        gateway: Gateway,
        monkeypatch: pytest.MonkeyPatch,
        one_in: int,
        astray: int,
        goes: bool,
    ) -> None:
        """PROV-025: of six meetings one in twenty is one; with another share five is the most."""
        monkeypatch.setattr(strays, "ONE_IN", one_in)
        more(linked, 5)
        linked.run()
        with linked.database.transaction() as session:
            life = life_of(session)
        for n in range(astray):
            linked.zoom.provider.make(an_order(row(linked).host_key, marker=f"{life}-lost-{n}"))

        for _ in range(3):
            linked.sweep(QUARANTINE)

        assert len(gateway.calls(DELETE)) == (astray if goes else 0)
        assert len(linked.standing) == 6 + (0 if goes else astray)
        assert asked_about(linked) == (0 if goes else astray)


def test_gone_when_it_is_to_be_deleted_is_as_good_as_deleted(linked: Road, gateway: Gateway) -> None:
    """PROV-013"""
    gateway.meddle(DELETE, GONE)
    with linked.change():
        linked.evening.cancel(linked.appointment)

    linked.run()
    linked.run(AN_HOUR)

    told = row(linked)
    assert (told.gone_at is not None, told.problem, told.due_at) == (True, None, None)
    assert len(gateway.calls(DELETE)) == 1


def test_gone_when_it_is_to_be_changed_is_made_anew_once(linked: Road, gateway: Gateway) -> None:
    """PROV-014"""
    linked.zoom.delete_in_portal(row(linked).remote_id or "")
    with linked.change():
        linked.evening.move(linked.appointment, linked.evening.slot(after=60))

    for _ in range(3):
        linked.run(QUARANTINE)

    assert (len(gateway.calls(CHANGE)), creates(gateway)) == (1, 1)
    assert linked.standing == [row(linked).remote_id]
    assert url(linked)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_missing_scope_is_named_and_not_asked_for_again(road: Road, gateway: Gateway, status: int) -> None:
    """PROV-016"""
    gateway.meddle(CREATE, Reply(status, NO_SCOPE), times=None)

    for _ in range(5):
        road.run(AN_HOUR)

    told = row(road)
    assert (told.problem_code, told.due_at) == ("scopes", None)
    assert "meeting:write:meeting:admin" in told.problem_detail
    assert creates(gateway) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(("calls", "at"), [(CREATE, "PROV-023"), (TOKEN, "OAUTH-020")])
def test_nobody_is_sent_to_an_address_inside(
    road: Road, gateway: Gateway, gateways: list[Gateway], status: int, calls: str, at: str
) -> None:
    """PROV-023, OAUTH-020: neither with an order nor with the refresh token; the connection is not taken for dead."""
    inside = Gateway("http://127.0.0.1:9")
    gateways.append(inside)
    gateway.meddle(calls, Reply(status, "", {"Location": f"{inside.url}/latest/meta-data"}))
    if at == "OAUTH-020":
        expire(road)

    road.run()
    road.run(QUARANTINE)

    assert inside.seen == []
    assert url(road)
    assert road.row(Connection).needs_reconnect_at is None
    assert ever(road) == [1]


def test_a_token_that_zoom_refuses_is_renewed_once_for_all_who_hold_it(road: Road, gateway: Gateway) -> None:
    """OAUTH-029: two processes, nine calls, nine times 401, one refresh; nobody fails of it."""
    more(road, 8)
    with road.database.transaction() as session:
        connection = session.get_one(Connection, road.evening.connection.id)
        tokens = open_tokens(session, connection)
        close_tokens(session, connection, type(tokens)(**vars(tokens) | {"access": "replaced-by-a-newer-one"}))

    with second_process(road) as second:
        at_once(lambda: sync_links(road.app), lambda: sync_links(second))

    assert len(gateway.calls(TOKEN)) == 1
    assert len(road.standing) == 9
    assert set(ever(road)) == {1}


def expire(road: Road) -> None:
    with road.database.transaction() as session:
        session.get_one(Connection, road.evening.connection.id).access_expires_at = clock.now()
