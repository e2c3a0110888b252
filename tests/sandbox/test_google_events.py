"""Events of the stand-in of Google: ids that stay taken, series, lists in pages, free times, and who may do what."""

from pathlib import Path

import pytest
from google_desk import EVENTS, OFFICE, SCOPES, TEACHER, Desk, reason

from webapp.sandbox.google import GoogleState

KEY = "0123456789abcdefghijklmnopqrstuv"
SPAN = ("2026-12-03T16:00:00", "2026-12-03T17:00:00")


@pytest.fixture
def desk() -> Desk:
    return Desk().connect()


class TestIds:
    def test_an_id_is_chosen_by_the_client_and_taken_for_ever(self, desk: Desk) -> None:
        made = desk.add(*SPAN, id=KEY)
        twice = desk.add(*SPAN, id=KEY)
        gone, again = desk.call("DELETE", f"{EVENTS}/{KEY}"), desk.call("DELETE", f"{EVENTS}/{KEY}")
        after = desk.add(*SPAN, id=KEY)

        assert made.body["id"] == KEY
        assert reason(twice) == (409, "duplicate")
        assert (gone.status, reason(again)) == (204, (410, "deleted"))
        assert reason(after) == (409, "duplicate")
        assert desk.call("GET", f"{EVENTS}/{KEY}").body["status"] == "cancelled"
        assert desk.starts() == []
        assert len(desk.starts(showDeleted="true")) == 1

    @pytest.mark.parametrize("wrong", ["abcd", "ABCDEF", "wxyz12", "a-b-c-d", "a" * 1025])
    def test_only_what_base32hex_has_is_an_id(self, desk: Desk, wrong: str) -> None:
        assert reason(desk.add(*SPAN, id=wrong)) == (400, "invalid")

    def test_without_one_google_chooses_it_and_with_both_kinds_it_refuses(self, desk: Desk) -> None:
        assert len(desk.add(*SPAN).body["id"]) == 26
        assert reason(desk.add(*SPAN, id=KEY, iCalUID="x@y")) == (400, "invalid")

    @pytest.mark.parametrize(
        ("switch", "method", "status", "becomes"),
        [
            ("forbidden", "PATCH", 403, "cancelled"),
            ("forbidden", "PUT", 403, "cancelled"),
            ("unchanged", "PATCH", 200, "cancelled"),
            ("revived", "PUT", 200, "confirmed"),
        ],
    )
    def test_what_becomes_of_a_deleted_one_that_is_updated(
        self, desk: Desk, switch: str, method: str, status: int, becomes: str
    ) -> None:
        whole = desk.add(*SPAN, id=KEY).body
        desk.call("DELETE", f"{EVENTS}/{KEY}")
        desk.control("POST", "/switches", {"deleted_update": switch})

        answer = desk.call(method, f"{EVENTS}/{KEY}", {"start": whole["start"], "end": whole["end"]})

        assert answer.status == status
        assert desk.call("GET", f"{EVENTS}/{KEY}").body["status"] == becomes


class TestChanges:
    def test_a_patch_changes_what_it_names_and_an_update_replaces_all(self, desk: Desk) -> None:
        made = desk.add(*SPAN, id=KEY, summary="A", location="B", extendedProperties={"private": {"a": "1"}}).body

        patched = desk.call("PATCH", f"{EVENTS}/{KEY}", {"summary": "C", "extendedProperties": {"private": {"b": "2"}}})
        replaced = desk.call("PUT", f"{EVENTS}/{KEY}", {"start": made["start"], "end": made["end"]})

        assert (patched.body["summary"], patched.body["location"]) == ("C", "B")
        assert patched.body["extendedProperties"]["private"] == {"a": "1", "b": "2"}
        assert patched.body["sequence"] == 1
        assert {"summary", "location", "extendedProperties"}.isdisjoint(replaced.body)

    def test_null_takes_a_field_away_and_nothing_has_a_day_and_a_time(self, desk: Desk) -> None:
        desk.add(*SPAN, id=KEY, location="B")
        day = {"start": {"date": "2026-12-03"}, "end": {"date": "2026-12-04"}}
        only_day = {name: {**said, "dateTime": None, "timeZone": None} for name, said in day.items()}

        both = desk.call("PATCH", f"{EVENTS}/{KEY}", day)
        body = desk.call("PATCH", f"{EVENTS}/{KEY}", {"location": None, **only_day}).body

        assert reason(both) == (400, "invalid")

        assert "location" not in body
        assert (body["start"], body["end"]) == ({"date": "2026-12-03"}, {"date": "2026-12-04"})

    @pytest.mark.parametrize(
        ("said", "why"),
        [
            ({"end": None}, "required"),
            ({"end": {"date": "2026-12-03"}}, "invalid"),
            ({"end": {"dateTime": "2026-12-03T15:00:00Z"}}, "timeRangeEmpty"),
            ({"end": {"dateTime": "2026-12-04T15:00:00"}}, "required"),
            ({"start": {"dateTime": "soon"}}, "invalid"),
            ({"start": {"dateTime": "2026-12-03T16:00:00", "timeZone": "Mars/Base"}}, "invalid"),
            ({"visibility": "secret"}, "invalid"),
            ({"transparency": "glass"}, "invalid"),
            ({"summary": "x" * 1025}, "invalid"),
            ({"extendedProperties": {"private": {"n" * 45: "v"}}}, "invalid"),
            ({"recurrence": ["RRULE:FREQ=SECONDLY"]}, "invalid"),
            ({"recurrence": ["RRULE:FREQ=WEEKLY;BYDAY=XX"]}, "invalid"),
            ({"recurrence": ["RRULE:FREQ=DAILY;COUNT=many"]}, "invalid"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, desk: Desk, said: dict[str, object], why: str) -> None:
        assert reason(desk.add(*SPAN, **said)) == (400, why)

    def test_times_are_told_in_the_calendar_s_zone_or_the_one_that_is_asked_for(self, desk: Desk) -> None:
        made = desk.add(*SPAN, id=KEY).body
        asked = desk.call("GET", f"{EVENTS}/{KEY}", timeZone="Europe/Oslo").body

        assert made["start"] == {"dateTime": "2026-12-03T16:00:00-06:00", "timeZone": "America/Chicago"}
        assert asked["start"]["dateTime"] == "2026-12-03T23:00:00+01:00"


class TestLists:
    def test_pages_follow_each_other_and_their_tokens_hold_for_one_question(self, desk: Desk) -> None:
        for hour in range(10, 17):
            desk.add(f"2026-12-03T{hour}:00:00", f"2026-12-03T{hour}:30:00")

        first = desk.call("GET", EVENTS, maxResults=3).body
        desk.call("DELETE", f"{EVENTS}/{first['items'][0]['id']}")
        second = desk.call("GET", EVENTS, maxResults=3, pageToken=first["nextPageToken"]).body
        third = desk.call("GET", EVENTS, maxResults=3, pageToken=second["nextPageToken"]).body
        other = desk.call("GET", EVENTS, maxResults=4, pageToken=first["nextPageToken"])

        hours = [one["start"]["dateTime"][11:13] for page in (first, second, third) for one in page["items"]]
        assert hours == [str(hour) for hour in range(10, 17)]
        assert "nextPageToken" not in third
        assert reason(other) == (400, "invalid")

    def test_bounds_are_of_the_end_and_of_the_start_and_do_not_count_themselves(self, desk: Desk) -> None:
        for hour in (10, 11, 12, 13):
            desk.add(f"2026-12-03T{hour}:00:00", f"2026-12-03T{hour + 1}:00:00")

        found = desk.starts(timeMin="2026-12-03T11:00:00-06:00", timeMax="2026-12-03T13:00:00-06:00")

        assert [one[11:13] for one in found] == ["11", "12"]
        assert reason(desk.call("GET", EVENTS, timeMin="2026-12-03T00:00:00Z", timeMax="2026-12-03T00:00:00Z")) == (
            400,
            "timeRangeEmpty",
        )

    def test_properties_are_matched_whole_and_all_of_them(self, desk: Desk) -> None:
        for number, private in enumerate([{"a": "1"}, {"a": "1", "b": "2"}, {"a": "11"}, {}]):
            kept = {"extendedProperties": {"private": private}}
            desk.add(f"2026-12-03T1{number}:00:00", f"2026-12-03T1{number}:30:00", **kept)

        def hours(*wanted: str) -> list[str]:
            return [one[11:13] for one in desk.starts(privateExtendedProperty=list(wanted))]

        assert hours("a=1") == ["10", "11"]
        assert hours("a=1", "b=2") == ["11"]
        assert hours("a=") == []
        assert reason(desk.call("GET", EVENTS, privateExtendedProperty="a")) == (400, "invalid")

    @pytest.mark.parametrize(
        ("rule", "found"),
        [
            (["RRULE:FREQ=DAILY;COUNT=3"], ["26T09", "27T09", "28T09"]),
            (["RRULE:FREQ=DAILY;INTERVAL=2;UNTIL=20261030T235959Z"], ["26T09", "28T09", "30T09"]),
            (["RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=3"], ["26T09", "28T09", "02T09"]),
            (["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=America/Chicago:20261102T090000"], ["26T09", "09T09"]),
            (["RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=2"], ["26T09", "09T09"]),
        ],
    )
    def test_a_series_is_told_one_by_one_at_the_same_hour_of_the_wall(
        self, desk: Desk, rule: list[str], found: list[str]
    ) -> None:
        """The clocks change on the first of November 2026."""
        made = desk.add("2026-10-26T09:00:00", "2026-10-26T10:00:00", id=KEY, recurrence=rule)

        window = {"timeMin": "2026-10-01T00:00:00Z", "timeMax": "2026-12-01T00:00:00Z"}
        items = desk.call("GET", EVENTS, singleEvents="true", orderBy="startTime", **window).body["items"]

        assert made.status == 200, made.text
        assert [one["start"]["dateTime"][8:13] for one in items] == found
        assert {one["recurringEventId"] for one in items} == {KEY}
        assert items[0]["id"] == f"{KEY}_20261026T140000Z"
        assert len(desk.starts(**window)) == 1

    def test_days_of_a_series_stay_days(self, desk: Desk) -> None:
        desk.add("2026-10-30", "2026-11-01", recurrence=["RRULE:FREQ=WEEKLY;COUNT=2"])

        items = desk.call("GET", EVENTS, singleEvents="true").body["items"]

        assert [(one["start"]["date"], one["end"]["date"]) for one in items] == [
            ("2026-10-30", "2026-11-01"),
            ("2026-11-06", "2026-11-08"),
        ]
        assert [one["id"].rpartition("_")[2] for one in items] == ["20261030", "20261106"]

    def test_a_series_without_an_end_is_told_for_two_years(self, desk: Desk) -> None:
        desk.add(*SPAN, recurrence=["RRULE:FREQ=WEEKLY"])

        assert 100 < len(desk.starts(singleEvents="true")) < 110

    def test_only_the_fields_that_are_named_are_told(self, desk: Desk) -> None:
        desk.add(*SPAN, id=KEY, summary="Dentist", extendedProperties={"private": {"a": "1"}})

        body = desk.call("GET", EVENTS, fields="timeZone,items(id,start/dateTime,extendedProperties/private)").body

        start = {"dateTime": "2026-12-03T16:00:00-06:00"}
        item = {"id": KEY, "start": start, "extendedProperties": {"private": {"a": "1"}}}
        assert body == {"timeZone": "America/Chicago", "items": [item]}
        assert desk.call("GET", f"{EVENTS}/{KEY}", fields="*").body["summary"] == "Dentist"

    def test_of_many_guests_only_the_one_who_asks_may_be_told(self, desk: Desk) -> None:
        guests = [{"email": f"g{n}@x.example"} for n in range(30)]
        desk.add(*SPAN, attendees=[*guests, {"email": TEACHER, "self": True, "responseStatus": "declined"}])

        [item] = desk.call("GET", EVENTS, maxAttendees=1).body["items"]

        assert [one["email"] for one in item["attendees"]] == [TEACHER]
        assert item["attendeesOmitted"] is True


class TestFreeTimes:
    def ask(self, desk: Desk, *calendars: str, **more: str) -> dict[str, object]:
        window = {"timeMin": "2026-12-03T00:00:00-06:00", "timeMax": "2026-12-04T00:00:00-06:00"}
        body = {**window, "items": [{"id": one} for one in calendars], **more}
        found: dict[str, object] = desk.call("POST", "/freeBusy", body).body["calendars"]
        return found

    def test_spans_that_touch_are_one_and_what_is_free_or_declined_is_not_there(self, desk: Desk) -> None:
        declined = [{"email": TEACHER, "self": True, "responseStatus": "declined"}]
        desk.add("2026-12-03T10:00:00", "2026-12-03T11:00:00")
        desk.add("2026-12-03T10:30:00", "2026-12-03T12:00:00")
        desk.add("2026-12-03T12:00:00", "2026-12-03T12:30:00")
        desk.add("2026-12-03T14:00:00", "2026-12-03T15:00:00", transparency="transparent")
        desk.add("2026-12-03T15:00:00", "2026-12-03T16:00:00", attendees=declined)
        desk.add("2026-12-03T23:00:00", "2026-12-04T08:00:00", status="tentative")

        found = self.ask(desk, "primary", timeZone="America/Chicago")

        assert found["primary"] == {
            "busy": [
                {"start": "2026-12-03T10:00:00-06:00", "end": "2026-12-03T12:30:00-06:00"},
                {"start": "2026-12-03T23:00:00-06:00", "end": "2026-12-04T00:00:00-06:00"},
            ]
        }

    def test_a_calendar_that_cannot_be_seen_is_named_and_the_others_are_told(self, desk: Desk) -> None:
        desk.add(*SPAN)

        found = self.ask(desk, TEACHER, OFFICE)

        assert found[OFFICE] == {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}
        assert found[TEACHER] == {"busy": [{"start": "2026-12-03T22:00:00Z", "end": "2026-12-03T23:00:00Z"}]}

    def test_more_than_fifty_are_too_many(self, desk: Desk) -> None:
        window = {"timeMin": "2026-12-03T00:00:00Z", "timeMax": "2026-12-04T00:00:00Z"}

        reply = desk.call("POST", "/freeBusy", {**window, "items": [{"id": str(n)} for n in range(51)]})

        assert reason(reply) == (400, "tooManyCalendarsRequested")


class TestAccess:
    @pytest.fixture
    def shared(self, desk: Desk) -> str:
        made = desk.control("POST", "/calendars", {"email": OFFICE, "summary": "Of the office"})
        key: str = made["id"]
        return key

    def share(self, desk: Desk, calendar: str, role: str) -> None:
        desk.control("POST", "/calendars", {"email": TEACHER, "id": calendar, "role": role})

    def test_who_has_no_part_in_a_calendar_is_told_that_there_is_none(self, desk: Desk, shared: str) -> None:
        assert reason(desk.call("GET", f"/calendars/{shared}/events")) == (404, "notFound")
        assert reason(desk.call("GET", "/calendars/nobody/events")) == (404, "notFound")
        assert desk.call("GET", "/calendars/primary/events").status == 200

    def test_the_narrow_scope_opens_only_what_the_account_owns(self, desk: Desk, shared: str) -> None:
        path = f"/calendars/{shared}/events"
        span = {name: {"dateTime": f"{at}Z"} for name, at in zip(("start", "end"), SPAN, strict=True)}
        self.share(desk, shared, "writer")
        narrow = desk.call("POST", path, span)
        desk.connect(scope="https://www.googleapis.com/auth/calendar.events", granted=SCOPES)
        desk.connect(
            scope="https://www.googleapis.com/auth/calendar.events",
            granted=("https://www.googleapis.com/auth/calendar.events",),
        )
        wide = desk.call("POST", path, span)

        assert reason(narrow) == (403, "requiredAccessLevel")
        assert wide.status == 200

    @pytest.mark.parametrize(("least", "count"), [("freeBusyReader", 2), ("reader", 2), ("writer", 1), ("owner", 1)])
    def test_calendars_are_listed_by_what_one_may_do(self, desk: Desk, shared: str, least: str, count: int) -> None:
        self.share(desk, shared, "reader")

        items = desk.call("GET", "/users/me/calendarList", minAccessRole=least).body["items"]

        assert len(items) == count
        assert [one.get("primary", False) for one in items] == [True, False][:count]

    def test_a_permission_that_was_not_given_is_missed(self, desk: Desk) -> None:
        desk.connect(granted=SCOPES[1:])

        assert reason(desk.add(*SPAN)) == (403, "insufficientPermissions")
        assert desk.call("GET", "/users/me/calendarList").status == 200


class TestLimits:
    def test_a_person_has_so_many_calls_a_minute_and_the_minute_slides(self, desk: Desk) -> None:
        desk.control("POST", "/switches", {"user_limit": 3, "retry_after": 5})
        codes = [desk.call("GET", EVENTS).status for _ in range(4)]
        refused = desk.call("GET", EVENTS)
        desk.clock.at += 61

        assert codes == [200, 200, 200, 403]
        assert (reason(refused), refused.headers["Retry-After"]) == ((403, "userRateLimitExceeded"), "5")
        assert desk.call("GET", EVENTS).status == 200
        assert desk.control("GET", "/state")["most_in_a_minute"][desk.account().id] == 3

    def test_the_project_s_limit_is_shared_by_all(self, desk: Desk) -> None:
        desk.control("POST", "/switches", {"project_limit": 2, "limit_status": 429})
        desk.call("GET", EVENTS)
        desk.connect(email=OFFICE)
        codes = [desk.call("GET", "/users/me/calendarList").status for _ in range(2)]

        assert codes == [200, 429]

    def test_a_limit_of_none_stops_nobody(self, desk: Desk) -> None:
        desk.control("POST", "/switches", {"user_limit": 0, "project_limit": 0})
        for _ in range(20_000):
            desk.state.rates.admits("project", 0, desk.clock.at)

        assert desk.call("GET", EVENTS).status == 200


class TestSteering:
    def test_entries_are_counted_by_calendar_and_key(self, desk: Desk) -> None:
        for number in range(2):
            private = {"private": {"confab": "k1"}}
            desk.add(f"2026-12-03T1{number}:00:00", f"2026-12-03T1{number}:30:00", extendedProperties=private)
        gone = desk.add(*SPAN, extendedProperties={"private": {"confab": "k2"}}).body["id"]
        desk.call("DELETE", f"{EVENTS}/{gone}")

        state = desk.control("GET", "/state")

        assert state["keys"] == {TEACHER: {"k1": 2}}
        assert state["keys_ever"] == {TEACHER: {"k1": 2, "k2": 1}}

    def test_no_secret_is_told(self, desk: Desk) -> None:
        told = desk.web.get("/control/state").text

        assert not [one for one in (desk.access, desk.refresh, desk.app.secret, desk.state.secret) if one in told]

    def test_a_fault_may_come_before_the_work_or_after_it(self, desk: Desk) -> None:
        desk.control("POST", "/answers", {"kind": "status", "status": 503})
        desk.control("POST", "/answers", {"kind": "status", "status": 500, "done": True})

        codes = [desk.add(*SPAN).status for _ in range(3)]

        assert codes == [503, 500, 200]
        assert len(desk.starts()) == 2

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/switches", {"user_limit": "many"}),
            ("/switches", {"limit_status": 500}),
            ("/answers", {"kind": "limit:moon"}),
            ("/accounts", {"email": "nobody"}),
            ("/accounts", {"email": TEACHER}),
            ("/accounts", {"email": "new@school.example", "timezone": "Mars/Base"}),
            ("/calendars", {"email": "nobody@school.example"}),
            ("/calendars", {"email": TEACHER, "role": "king"}),
            (f"/calendars/{TEACHER}/events", {"start": {}}),
            ("/calendars/nobody/events", {}),
        ],
    )
    def test_what_makes_no_sense_is_refused_with_a_sentence(self, desk: Desk, path: str, body: object) -> None:
        answer = desk.web.post(f"/control{path}", json=body)

        assert answer.status_code == 400
        assert answer.json["error"]

    def test_a_restart_keeps_everything_but_faults(self, tmp_path: Path) -> None:
        desk = Desk(state=GoogleState(tmp_path / "google.json")).connect()
        desk.add(*SPAN, id=KEY, summary="Ünïcode")
        desk.control("POST", "/answers", {"kind": "drop"})

        again = Desk(state=GoogleState(tmp_path / "google.json"))
        again.access = desk.access

        assert again.call("GET", f"{EVENTS}/{KEY}").body["summary"] == "Ünïcode"
        assert again.app.id != desk.app.id
        assert not again.state.planned
        again.control("POST", "/reset", {})
        assert again.starts() == []
