"""The stand-in of Microsoft behaves as Graph's calendar and its sign-in do, also where our client would never go."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from microsoft_stage import PETRA, MicrosoftStage

from webapp.errors import ProviderError
from webapp.sandbox.microsoft import MicrosoftState, create_microsoft, seed
from webapp.sandbox.microsoft.desk import add_event
from webapp.sandbox.microsoft.recurrence import checked, occurrences
from webapp.sandbox.run import start_sandbox

REDIRECT = "http://127.0.0.1:5000/oauth/microsoft"
IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}
LESSON: dict[str, Any] = {
    "subject": "Lesson",
    "start": {"dateTime": "2026-12-03T16:00:00", "timeZone": "W. Europe Standard Time"},
    "end": {"dateTime": "2026-12-03T17:00:00", "timeZone": "W. Europe Standard Time"},
}


@dataclass
class Desk:
    """The stand-in within this process, with Petra signed in."""

    state: MicrosoftState
    client: FlaskClient
    token: str = ""

    @property
    def page(self) -> str:
        return f"/mailboxes/{next(iter(self.state.mailboxes))}"

    def connect(self, scopes: str = "offline_access User.Read Calendars.ReadWrite") -> dict[str, Any]:
        app = next(iter(self.state.apps.values()))
        form = {
            "client_id": app.id,
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": scopes,
            "mailbox_id": next(iter(self.state.mailboxes)),
            "granted": scopes.split(),
            "decision": "allow",
        }
        answer = self.client.post("/common/oauth2/v2.0/authorize", data=form)
        code = answer.headers["Location"].partition("code=")[2]
        tokens = self.tokens(grant_type="authorization_code", code=code, redirect_uri=REDIRECT)
        self.token = tokens.get("access_token", "")
        return tokens

    def tokens(self, **form: str) -> dict[str, Any]:
        app = next(iter(self.state.apps.values()))
        sent = {"client_id": app.id, "client_secret": app.secret, **form}
        said: dict[str, Any] = self.client.post("/common/oauth2/v2.0/token", data=sent).get_json()
        return said

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Status and body."""
        headers = {"Authorization": f"Bearer {self.token}", **headers}
        answer = self.client.open(f"/v1.0{path}", method=method, json=body, headers=headers)
        return answer.status_code, answer.get_json(silent=True)


def make_desk(path: Path | None = None) -> Desk:
    state = MicrosoftState(path)
    petra = {"email": PETRA, "name": "Petra Vogel", "zone": "W. Europe Standard Time"}
    seed(state, mailboxes=[petra], app={"name": "Confab", "redirect_uris": [REDIRECT]})
    return Desk(state, create_microsoft(state).test_client())


@pytest.fixture
def desk() -> Desk:
    desk = make_desk()
    desk.connect()
    return desk


class TestSigningIn:
    @pytest.mark.parametrize(
        ("asked", "number"),
        [
            ({"client_id": "somebody-else"}, "AADSTS700016"),
            ({"redirect_uri": "https://evil.example/"}, "AADSTS50011"),
            ({"scope": "Mail.Read"}, "AADSTS70011"),
            ({"scope": ""}, "AADSTS70011"),
        ],
    )
    def test_who_cannot_be_trusted_with_a_redirect_gets_none(
        self, desk: Desk, asked: dict[str, str], number: str
    ) -> None:
        app = next(iter(desk.state.apps))
        query = {"client_id": app, "redirect_uri": REDIRECT, "response_type": "code", "scope": "User.Read", **asked}

        answer = desk.client.get("/common/oauth2/v2.0/authorize", query_string=query)

        assert answer.status_code == 400
        assert number in answer.text
        assert "Location" not in answer.headers

    def test_the_consent_page_offers_every_account_and_each_scope(self, desk: Desk) -> None:
        app = next(iter(desk.state.apps))
        query = {
            "client_id": app,
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": "User.Read",
            "state": "<s>",
        }

        page = desk.client.get("/common/oauth2/v2.0/authorize", query_string=query).text

        assert PETRA in page
        assert 'name="granted" value="User.Read" checked' in page
        assert 'value="&lt;s&gt;"' in page

    def test_the_scopes_that_are_told_leave_out_the_lasting_one(self, desk: Desk) -> None:
        tokens = desk.connect()

        assert tokens["scope"] == "User.Read Calendars.ReadWrite profile openid email"
        assert tokens["expires_in"] == 3599
        assert tokens["refresh_token"]

    def test_access_tokens_serve_on_for_their_hour_unless_the_service_is_told(self, desk: Desk) -> None:
        desk.client.post("/control/revoke", json={"why": "password", "at_once": False})
        serving = desk.ask("GET", "/me")[0]
        desk.client.post("/control/switches", json={"clock_offset": 3601})

        assert (serving, desk.ask("GET", "/me")[0]) == (200, 401)

    def test_a_refresh_token_dies_of_ninety_days_without_use(self, desk: Desk) -> None:
        tokens = desk.connect()
        desk.client.post("/control/switches", json={"clock_offset": 91 * 24 * 3600})

        refused = desk.tokens(grant_type="refresh_token", refresh_token=tokens["refresh_token"])

        assert (refused["error"], refused["error_codes"]) == ("invalid_grant", [700082])


class TestIds:
    def test_without_the_preference_an_id_ends_with_a_move_to_another_calendar(self, desk: Desk) -> None:
        _, made = desk.ask("POST", "/me/events", LESSON)
        _, lasting = desk.ask("GET", f"/me/events/{made['id']}", **IMMUTABLE)
        school = desk.client.post("/control/calendars", json={"email": PETRA, "name": "School"}).get_json()["id"]

        desk.client.patch(f"/control/events/{lasting['id']}", json={"calendar_id": school})

        assert made["id"] != lasting["id"]
        assert desk.ask("GET", f"/me/events/{made['id']}")[0] == 404
        assert desk.ask("GET", f"/me/events/{lasting['id']}", **IMMUTABLE)[0] == 200

    def test_another_s_events_and_calendars_are_not_found(self, desk: Desk) -> None:
        other = desk.client.post("/control/mailboxes", json={"email": "max@linden.example", "name": "Max"}).get_json()
        theirs = add_event(desk.state, other["calendar_id"], LESSON)

        assert desk.ask("GET", f"/me/events/{theirs.id}", **IMMUTABLE)[0] == 404
        assert desk.ask("DELETE", f"/me/events/{theirs.id}", **IMMUTABLE)[0] == 404
        assert desk.ask("GET", f"/me/calendars/{other['calendar_id']}/events")[0] == 404


class TestTimes:
    def test_they_are_told_in_the_zone_that_is_preferred(self, desk: Desk) -> None:
        made = desk.ask("POST", "/me/events", LESSON, Prefer='outlook.timezone="Tokyo Standard Time"')[1]
        plain = desk.ask("GET", f"/me/events/{made['id']}")[1]

        assert made["start"] == {"dateTime": "2026-12-04T00:00:00.0000000", "timeZone": "Tokyo Standard Time"}
        assert plain["start"] == {"dateTime": "2026-12-03T15:00:00.0000000", "timeZone": "UTC"}
        assert plain["originalStartTimeZone"] == "W. Europe Standard Time"

    def test_a_whole_day_is_midnight_to_midnight_in_any_zone(self, desk: Desk) -> None:
        day = {
            "subject": "Trip",
            "isAllDay": True,
            "start": {"dateTime": "2026-12-03T00:00:00", "timeZone": "W. Europe Standard Time"},
            "end": {"dateTime": "2026-12-04T00:00:00", "timeZone": "W. Europe Standard Time"},
        }

        made = desk.ask("POST", "/me/events", day, Prefer='outlook.timezone="Hawaiian Standard Time"')[1]

        assert made["start"]["dateTime"] == "2026-12-03T00:00:00.0000000"
        assert desk.ask("POST", "/me/events", {**LESSON, "isAllDay": True})[0] == 400

    def test_a_zone_that_nobody_knows_is_refused(self, desk: Desk) -> None:
        wrong = {**LESSON, "start": {"dateTime": "2026-12-03T16:00:00", "timeZone": "Mars"}}

        assert desk.ask("POST", "/me/events", wrong)[0] == 400
        assert desk.ask("GET", "/me/events", Prefer='outlook.timezone="Mars"')[0] == 400

    @pytest.mark.parametrize(
        ("pattern", "span", "days"),
        [
            ({"type": "daily", "interval": 2}, {"type": "numbered", "numberOfOccurrences": 3}, ["03", "05", "07"]),
            (
                {"type": "weekly", "interval": 1, "daysOfWeek": ["thursday", "friday"]},
                {"type": "endDate", "endDate": "2026-12-11"},
                ["03", "04", "10", "11"],
            ),
            ({"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 3}, {"type": "noEnd"}, ["03"]),
        ],
    )
    def test_series_are_expanded(self, pattern: dict[str, Any], span: dict[str, Any], days: list[str]) -> None:
        series = checked({"pattern": pattern, "range": {"startDate": "2026-12-03", **span}})

        found = occurrences(series, datetime(2026, 12, 3, 16), date(2026, 12, 31))

        assert [f"{at:%d}" for at in found] == days

    @pytest.mark.parametrize("pattern", [{"type": "relativeYearly"}, {}])
    def test_a_series_that_is_not_expanded_here_is_refused(self, desk: Desk, pattern: dict[str, Any]) -> None:
        series = {"pattern": pattern, "range": {"type": "noEnd", "startDate": "2026-12-03"}}

        assert desk.ask("POST", "/me/events", {**LESSON, "recurrence": series})[0] == 400


class TestLists:
    def test_ten_come_at_once_unless_more_are_asked_for_and_the_next_link_leads_on(self, desk: Desk) -> None:
        desk.client.post("/control/events", json={"email": PETRA, "copies": 24, **LESSON})

        first = desk.ask("GET", "/me/events")[1]
        second = desk.ask("GET", first["@odata.nextLink"].partition("/v1.0")[2])[1]
        all_of_them = desk.ask("GET", "/me/events?$top=1000")[1]

        assert (len(first["value"]), len(second["value"]), len(all_of_them["value"])) == (10, 10, 25)
        assert "@odata.nextLink" not in all_of_them

    def test_a_view_that_is_filtered_by_a_property_is_an_error_of_the_server(self, desk: Desk) -> None:
        """As seen at Graph, which says nothing of it."""
        window = "startDateTime=2026-12-01T00:00:00Z&endDateTime=2026-12-31T00:00:00Z"
        mark = "singleValueExtendedProperties/Any(ep: ep/id eq 'String {x} Name y' and ep/value ne null)"

        assert desk.ask("GET", f"/me/calendarView?{window}&$filter={mark}")[0] == 500
        assert desk.ask("GET", f"/me/events?$filter={mark}")[0] == 200


class TestRepeatedCreates:
    def test_the_same_call_makes_no_second_event(self, desk: Desk) -> None:
        first = desk.ask("POST", "/me/events", {**LESSON, "transactionId": "t-1"})
        second = desk.ask("POST", "/me/events", {**LESSON, "transactionId": "t-1"})

        assert (first[0], second[0]) == (201, 201)
        assert first[1]["id"] == second[1]["id"]
        assert len(desk.state.events) == 1

    def test_another_content_with_the_same_value_is_refused_and_the_first_one_named(self, desk: Desk) -> None:
        first = desk.ask("POST", "/me/events", {**LESSON, "transactionId": "t-1"})[1]

        status, body = desk.ask("POST", "/me/events", {**LESSON, "subject": "Other", "transactionId": "t-1"})

        assert (status, body["error"]["code"]) == (400, "ErrorDuplicateTransactionId")
        assert body["error"]["@event.existingEventId"] == first["id"]

    def test_the_value_cannot_be_changed_later(self, desk: Desk) -> None:
        made = desk.ask("POST", "/me/events", {**LESSON, "transactionId": "t-1"})[1]

        assert desk.ask("PATCH", f"/me/events/{made['id']}", {"transactionId": "t-2"})[0] == 400


@pytest.fixture
def stage() -> Iterator[MicrosoftStage]:
    with start_sandbox() as running:
        yield MicrosoftStage(running.microsoft_url)


class TestLimits:
    def test_four_calls_for_one_mailbox_are_answered_at_once_and_a_fifth_is_refused(
        self, stage: MicrosoftStage
    ) -> None:
        stage.switch(answer_delay=0.5)
        own = list(range(5))

        with ThreadPoolExecutor(5) as pool:
            answers = list(pool.map(lambda _: status_of(stage.provider.account), own))

        assert sorted(answers) == ["concurrent", "ok", "ok", "ok", "ok"]
        mailbox = stage.state()["mailboxes"][0]["id"]
        assert (stage.state()["at_once"][mailbox], stage.state()["throttled"][mailbox]) == (4, 1)

    def test_the_window_opens_again(self, stage: MicrosoftStage) -> None:
        stage.switch(window_limit=1, window=0.3)

        refused = [status_of(stage.provider.account) for _ in range(2)]
        stage.switch(window=0.1)

        assert refused == ["ok", "rate"]
        assert eventually(lambda: status_of(stage.provider.account)) == "ok"


def status_of(work: Callable[[], Any]) -> str:
    try:
        work()
    except ProviderError as error:
        return error.code
    return "ok"


def eventually(work: Callable[[], str]) -> str:
    ends = time.monotonic() + 5
    while (found := work()) != "ok" and time.monotonic() < ends:
        time.sleep(0.05)
    return found


class TestTheFile:
    def test_everything_is_there_after_a_restart(self, tmp_path: Path) -> None:
        path = tmp_path / "microsoft.json"
        before = make_desk(path)
        tokens = before.connect()
        made = before.ask("POST", "/me/events", {**LESSON, "transactionId": "t-1"}, **IMMUTABLE)[1]

        after = Desk(MicrosoftState(path), before.client, tokens["access_token"])
        after.client = create_microsoft(after.state).test_client()

        assert after.ask("GET", f"/me/events/{made['id']}", **IMMUTABLE)[1]["subject"] == "Lesson"
        assert after.ask("POST", "/me/events", {**LESSON, "transactionId": "t-1"}, **IMMUTABLE)[1]["id"] == made["id"]
        assert after.tokens(grant_type="refresh_token", refresh_token=tokens["refresh_token"])["access_token"]

    def test_seeding_again_adds_only_what_is_new(self, tmp_path: Path) -> None:
        desk = make_desk(tmp_path / "microsoft.json")

        app = seed(
            desk.state,
            mailboxes=[{"email": PETRA.upper(), "name": "Other"}, {"email": "max@linden.example", "name": "Max"}],
            app={"name": "Confab", "redirect_uris": ["http://127.0.0.1:5001/oauth/microsoft"]},
        )

        assert [one.name for one in desk.state.mailboxes.values()] == ["Petra Vogel", "Max"]
        assert app is not None
        assert len(app.redirect_uris) == 2


class TestThePage:
    """The teacher's calendar, as they see and change it."""

    def test_it_shows_what_is_on_each_calendar_by_the_clock_of_its_owner(self, desk: Desk) -> None:
        lesson = {**LESSON, "start": {"dateTime": "2026-12-03T15:00:00", "timeZone": "UTC"}}
        desk.ask("POST", "/me/events", {**lesson, "subject": "<script>alert(1)</script>"})

        home, page = desk.client.get("/").text, desk.client.get(desk.page).text

        assert f'href="{desk.page}"' in home
        assert "2026-12-03 16:00 to 17:00" in page
        assert "&lt;script&gt;" in page
        assert "<script" not in page

    def test_an_event_is_added_moved_and_deleted(self, desk: Desk) -> None:
        calendar = next(iter(desk.state.calendars))
        form = {"calendar_id": calendar, "subject": "Dentist", "day": "2026-12-03", "time": "09:00", "minutes": "45"}

        added = desk.client.post(f"{desk.page}/events", data={**form, "show_as": "oof", "weekly": "on"})
        event = next(iter(desk.state.events.values()))
        named = {"event_id": event.id}
        moved = desk.client.post(f"{desk.page}/events/edit", data={**named, "subject": "Doctor", "minutes_later": "30"})
        shifted = desk.state.events[event.id]
        deleted = desk.client.post(f"{desk.page}/events/delete", data=named)

        assert [answer.status_code for answer in (added, moved, deleted)] == [303, 303, 303]
        assert {answer.headers["Location"] for answer in (added, moved, deleted)} == {desk.page}
        assert (event.start, event.end, event.show_as) == ("2026-12-03T09:00:00", "2026-12-03T09:45:00", "oof")
        assert (shifted.subject, shifted.start) == ("Doctor", "2026-12-03T09:30:00")
        assert event.recurrence is not None
        assert desk.state.events_of(calendar) == []

    def test_a_whole_day_is_added(self, desk: Desk) -> None:
        calendar = next(iter(desk.state.calendars))

        form = {"calendar_id": calendar, "day": "2026-12-03", "is_all_day": "on"}
        desk.client.post(f"{desk.page}/events", data=form)

        event = next(iter(desk.state.events.values()))
        assert (event.is_all_day, event.start, event.end) == (True, "2026-12-03T00:00:00", "2026-12-04T00:00:00")

    def test_a_calendar_is_added_and_deleted_with_all_that_lies_in_it(self, desk: Desk) -> None:
        desk.client.post(f"{desk.page}/calendars", data={"name": "School", "can_edit": "on"})
        school = next(one for one in desk.state.calendars.values() if one.name == "School")
        event = add_event(desk.state, school.id, LESSON)

        desk.client.post(f"{desk.page}/calendars/delete", data={"calendar_id": school.id})

        assert school.can_edit
        assert [one.name for one in desk.state.calendars_of(school.mailbox_id)] == ["Calendar"]
        assert desk.ask("GET", f"/me/events/{event.id}", **IMMUTABLE)[0] == 404

    @pytest.mark.parametrize(
        ("path", "form"),
        [
            ("/mailboxes/PETRA/events", {"day": "yesterday"}),
            ("/mailboxes/PETRA/events", {"day": "2026-12-03", "time": "9 o'clock"}),
            ("/mailboxes/PETRA/events", {"day": "2026-12-03", "time": "09:00", "calendar_id": "nothing"}),
            ("/mailboxes/nobody/events", {"day": "2026-12-03"}),
            ("/mailboxes/PETRA/events/delete", {"event_id": "nothing"}),
            ("/mailboxes/PETRA/events/edit", {"event_id": "nothing"}),
            ("/mailboxes/PETRA/calendars/delete", {"calendar_id": "nothing"}),
            ("/mailboxes/PETRA/grants/end", {"why": "boredom"}),
            ("/mailboxes", {"email": PETRA}),
            ("/switches", {"window": "long"}),
            ("/answers", {"kind": "explode", "status": "500", "times": "1"}),
        ],
    )
    def test_what_makes_no_sense_is_said_on_the_page(self, desk: Desk, path: str, form: dict[str, str]) -> None:
        answer = desk.client.post(path.replace("/mailboxes/PETRA", desk.page), data=form)

        assert answer.status_code == 422
        assert 'role="alert"' in answer.text

    def test_nobody_s_page_is_not_found(self, desk: Desk) -> None:
        assert desk.client.get("/mailboxes/nobody").status_code == 404

    def test_the_app_is_sent_away(self, desk: Desk) -> None:
        desk.client.post(f"{desk.page}/grants/end", data={"email": PETRA, "why": "consent"})

        assert desk.ask("GET", "/me")[0] == 401
