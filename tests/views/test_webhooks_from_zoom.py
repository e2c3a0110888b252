"""The stand-in of Zoom tells our pages over real HTTP, and our jobs ask it: healed, however badly it tells."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import delete
from zoom_road import SECRET, Road, open_road

from webapp import clock
from webapp.db import Database
from webapp.models import Connection, Host, Meeting, WebhookReceipt
from webapp.sandbox.servers import WebServer, listen
from webapp.services.meeting.map_contacts import GATHER
from webapp.services.meeting.receipts import BETWEEN_SIGHTINGS

IN_TIME = timedelta(seconds=30)


@pytest.fixture
def road(database: Database, now: datetime) -> Iterator[Road]:
    with open_road(database, now) as road:
        listening = listen("127.0.0.1", 0)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/zoom/webhook"
        pages = WebServer(road.app, listening)
        pages.start()
        road.run()
        assert road.row(Meeting).join_url, road.row(Meeting)
        road.zoom.control("webhooks", url=address, secret=SECRET)
        yield road
        road.sandbox.stop()
        pages.stop()


def test_deleted_in_the_portal_and_healed_within_half_a_minute(road: Road) -> None:
    """HOOK-011, RELIABILITY 2.4"""
    [former] = road.standing
    road.zoom.delete_in_portal(former)
    assert road.told(1) == [("meeting.deleted", 200)]
    began = clock.now()
    road.run()
    road.run(BETWEEN_SIGHTINGS)
    road.run()

    assert clock.now() - began < IN_TIME
    assert road.standing == [road.row(Meeting).remote_id] != [former]
    assert road.row(Connection).last_webhook_at is not None


@pytest.mark.parametrize(
    "switches",
    [
        {"webhook_twice": True},
        {"webhook_order": "mixed"},
        {"webhook_ids": "text"},
        {"webhook_delay": 1},
        {"webhook_twice": True, "webhook_order": "mixed", "webhook_ids": "text", "webhook_delay": 1},
    ],
    ids=lambda switches: "+".join(switches),
)
def test_however_it_is_told_one_meeting_stands(road: Road, switches: dict[str, Any]) -> None:
    """PROVIDERS 7.8"""
    [former] = road.standing
    road.zoom.control("switches", **switches)
    road.zoom.control(f"meetings/{former}", method="PATCH", minutes_later=60)
    road.zoom.delete_in_portal(former)
    road.told(4 if switches.get("webhook_twice") else 2)
    road.heal()

    assert road.standing == [road.row(Meeting).remote_id] != [former]
    assert set(road.zoom.state()["markers"].values()) == {1}


def test_what_is_forged_is_refused_and_heals_nothing(road: Road) -> None:
    """HOOK-002"""
    [former] = road.standing
    road.zoom.control("switches", webhook_forged=True)
    road.zoom.delete_in_portal(former)

    assert road.told(1) == [("meeting.deleted", 401)]
    assert road.row(WebhookReceipt) is None


def test_moved_in_the_portal_and_moved_back(road: Road) -> None:
    [number] = road.standing
    right = road.zoom.meeting(number)["start_time"]
    road.zoom.control(f"meetings/{number}", method="PATCH", minutes_later=60)
    road.told(1)
    road.heal()

    assert road.zoom.meeting(number)["start_time"] == right
    assert road.told(2)[1] == ("meeting.updated", 200)
    road.heal()
    assert len(road.zoom.calls("meetingUpdate")) == 1


@pytest.mark.parametrize("told_by", ["webhook", "sweep", "change"])
def test_turned_into_a_webinar_it_is_made_anew_and_the_webinar_is_its_host_s(road: Road, told_by: str) -> None:
    """F28: the same appointment has a new meeting; what the host made of the former one is neither changed nor
    deleted, not even when the appointment is cancelled."""
    [former] = road.standing
    road.run(timedelta(minutes=5))
    road.zoom.control(f"meetings/{former}", method="PATCH", webinar=True)
    webinar = road.zoom.meeting(former)
    assert road.told(1) == [("meeting.updated", 200)]

    if told_by != "webhook":
        with road.database.transaction() as session:
            session.exec(delete(WebhookReceipt))
    if told_by == "webhook":
        road.heal()
    elif told_by == "sweep":
        for _ in range(3):
            road.sweep()
    else:
        with road.change():
            road.evening.move(road.appointment, road.evening.slot())
        road.run()
    [anew] = road.standing
    assert anew == road.row(Meeting).remote_id != former

    with road.change():
        road.evening.cancel(road.appointment)
    road.run()
    road.sweep()

    assert road.standing == []
    assert road.zoom.meeting(former) == webinar


def test_our_own_deletion_echoes_and_nothing_follows(road: Road) -> None:
    """FAILURES F26"""
    with road.database.transaction() as session:
        row = session.get_one(Meeting, road.row(Meeting).id)
        row.wish, row.due_at = "absent", clock.now()
    road.run()

    assert road.told(1) == [("meeting.deleted", 200)]
    asked = len(road.zoom.calls("meeting"))
    road.heal()
    assert road.standing == []
    assert len(road.zoom.calls("meeting")) == asked


def test_a_teacher_deactivated_in_zoom_is_mapped_anew_by_itself(road: Road) -> None:
    email = next(user["email"] for user in road.zoom.state()["users"] if user["role"] == "member")
    road.zoom.control(f"users/{email}", method="PATCH", status="inactive")
    assert road.told(1) == [("user.deactivated", 200)]
    road.run(GATHER)

    assert road.row(Host).state == "inactive"


def test_the_app_removed_in_zoom_leaves_no_token_here(road: Road) -> None:
    """HOOK-014"""
    road.zoom.control("revoke")

    assert road.told(1) == [("app_deauthorized", 200)]
    connection = road.row(Connection)
    assert (connection.access_token, connection.refresh_token, connection.account_id) == ("", "", "")
    assert not connection.is_live
