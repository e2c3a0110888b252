"""Limits of the stand-in of Zoom: 100 creates and updates per host and UTC day, and calls per second."""

import pytest
from sandbox_school import School

from webapp.sandbox.zoom.limits import RateWindow

HOST_MESSAGE = (
    "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted for this "
    "particular user. You may resume these requests at GMT 00:00:00."
)


def test_a_host_has_a_hundred_creates_and_updates_a_day(school: School) -> None:
    made = [school.made() for _ in range(60)]
    changed = [school.change(one["id"], topic="Other").status for one in made[:40]]

    refused = [school.make(), school.change(made[0]["id"], topic="Again")]
    other_host = school.make("ben")
    still_allowed = [school.delete(made[1]["id"]).status, school.call("meeting", f"/meetings/{made[0]['id']}").status]

    assert changed == [204] * 40
    assert [(reply.status, reply.body["message"]) for reply in refused] == [(429, HOST_MESSAGE)] * 2
    assert other_host.status == 201
    assert still_allowed == [204, 200]


def test_a_refused_order_counts_too(school: School) -> None:
    school.state.set_switches(daily_limit=2)

    statuses = [school.make(duration=0).status, school.make(duration=0).status, school.make().status]

    assert statuses == [400, 400, 429]


def test_the_day_ends_at_midnight_utc(school: School) -> None:
    school.state.set_switches(daily_limit=1)
    before = [school.make().status, school.make().status]

    school.control("POST", "/switches", {"clock_offset": 9 * 3600})
    school.connect()
    after = school.make().status

    assert before == [201, 429]
    assert after == 201


def test_without_a_daily_limit_nobody_is_stopped(school: School) -> None:
    school.state.set_switches(daily_limit=0)

    assert {school.make().status for _ in range(105)} == {201}


@pytest.mark.parametrize(
    ("dialect", "present", "absent"),
    [
        ("documented", {"X-RateLimit-Type": "Daily-limit", "Retry-After": "2026-11-24T00:00:00Z"}, set()),
        ("observed", {"x-ratelimit-limit": "6000", "x-ratelimit-remaining": "5893"}, {"Retry-After"}),
        ("seconds", {"Retry-After": "32400"}, {"X-RateLimit-Type"}),
        ("http_date", {"Retry-After": "Tue, 24 Nov 2026 00:00:00 GMT"}, {"X-RateLimit-Type"}),
        ("bare", {}, {"Retry-After", "X-RateLimit-Type", "X-RateLimit-Category"}),
    ],
)
def test_each_dialect_has_its_headers(school: School, dialect: str, present: dict[str, str], absent: set[str]) -> None:
    school.state.set_switches(limit_headers=dialect, daily_limit=1)
    school.make()

    refused = school.make()

    assert refused.status == 429
    assert present.items() <= refused.headers.items()
    assert not absent & {name.title() for name in refused.headers} | absent & set(refused.headers)


def test_calls_per_second_are_free_unless_enforced(school: School) -> None:
    assert {school.call("user", "/users/me").status for _ in range(90)} == {200}


def test_calls_per_second_are_enforced_per_label_by_plan(school: School) -> None:
    school.control("PATCH", "/account", {"plan": "free"})
    school.state.set_switches(enforce_rates=True)

    light = [school.call("user", "/users/me") for _ in range(5)]
    medium = [school.call("users", "/users").status for _ in range(3)]

    assert [reply.status for reply in light] == [200, 200, 200, 200, 429]
    assert light[4].headers["X-RateLimit-Type"] == "QPS"
    assert medium == [200, 200, 429]


def test_calls_count_when_they_arrive_however_late_they_are_answered() -> None:
    """F12: what a busy machine answers in a bunch has not come in one."""
    window = RateWindow()
    arrived = [n / 28 for n in range(60)]
    looked_at = [*arrived[:20:2], *arrived[1:20:2], *arrived[20:]]

    assert all(window.admits("LIGHT", "pro", at) for at in looked_at)
    assert [window.admits("LIGHT", "pro", arrived[-1] + 0.01) for _ in range(4)] == [True, True, False, False]


def test_good_answers_name_their_label_only(school: School) -> None:
    headers = school.call("users", "/users").headers

    assert {name for name in headers if name.lower().startswith("x-ratelimit")} == {"X-RateLimit-Category"}
    assert headers["X-RateLimit-Category"] == "Medium"
