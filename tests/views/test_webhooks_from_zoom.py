"""The stand-in of Zoom tells our pages over real HTTP, and our jobs ask it: healed, however badly it tells."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app import test_settings as settings_for
from conftest import KEY
from evening import Evening
from flask import Flask
from online_office import time_stands_at
from sqlmodel import col, select
from stages import ZoomStage

from jobs.link_sync import sync_links
from jobs.tasks import plan_mappings, run_tasks
from jobs.webhooks import read_webhooks
from webapp import clock, create_app
from webapp.db import Database
from webapp.models import Appointment, Connection, Host, Meeting, WebhookReceipt
from webapp.sandbox.run import RunningSandbox, start_sandbox
from webapp.sandbox.servers import WebServer, listen
from webapp.services.meeting.map_contacts import GATHER
from webapp.services.meeting.receipts import BETWEEN_SIGHTINGS
from webapp.services.meeting.tokens import close_tokens

SECRET = "the-secret-token-of-the-app"
IN_TIME = timedelta(seconds=30)


@dataclass
class Road:
    """A connected school with one link, the stand-in that made it, and our pages on a port of their own."""

    database: Database
    app: Flask
    sandbox: RunningSandbox
    zoom: ZoomStage
    appointment: Appointment

    def run(self, by: timedelta = timedelta()) -> None:
        clock.move(clock.now() - datetime.now(UTC) + by)
        for job in (read_webhooks, plan_mappings, run_tasks, sync_links):
            job(self.app)

    def heal(self) -> None:
        """All that the scheduler does within the half minute after the next word from Zoom."""
        for _ in range(4):
            self.run(BETWEEN_SIGHTINGS + timedelta(seconds=2))

    def told(self, count: int) -> list[tuple[str, int]]:
        assert self.sandbox.zoom.outbox.wait_for(count), self.sandbox.zoom.outbox.sent
        return self.sandbox.zoom.outbox.sent[:count]

    def row(self, table: Any) -> Any:
        with self.database.reading() as session:
            return session.exec(select(table).order_by(col(table.id).desc())).first()

    @property
    def standing(self) -> list[str]:
        return [str(one["id"]) for one in self.zoom.state()["meetings"] if one["stands"] and one["type"] == 2]


@pytest.fixture
def road(database: Database, now: datetime) -> Iterator[Road]:
    with start_sandbox() as sandbox, time_stands_at(now):
        zoom = ZoomStage(sandbox.zoom_url)
        zoom.control("switches", clock_offset=(now - datetime.now(UTC)).total_seconds())
        app, evening = _school(database, zoom, now)
        listening = listen("127.0.0.1", 0)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/zoom/webhook"
        pages = WebServer(app, listening)
        pages.start()
        with evening.later(database):
            [appointment] = evening.book(evening.slot())
        road = Road(database, app, sandbox, zoom, appointment)
        road.run()
        assert road.row(Meeting).join_url, road.row(Meeting)
        zoom.control("webhooks", url=address, secret=SECRET)
        yield road
        sandbox.stop()
        pages.stop()


def _school(database: Database, zoom: ZoomStage, now: datetime) -> tuple[Flask, Evening]:
    url = database.engine.url.render_as_string(hide_password=False)
    names = ("zoom_client_id", "zoom_client_secret", "zoom_oauth_url", "zoom_api_url", "zoom_link_hosts")
    theirs = {name: getattr(zoom.settings, name) for name in names}
    app = create_app(settings_for(url, KEY, zoom_webhook_secrets=(SECRET,), **theirs))
    app.extensions["confab"].database.dispose()
    app.extensions["confab"] = replace(app.extensions["confab"], database=database)
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
        assert evening.connection is not None
        assert evening.host is not None
        evening.connection.account_id = zoom.state()["account"]["id"]
        evening.host.remote_id = zoom.add_user(evening.teacher.email or "")
        close_tokens(session, evening.connection, replace(zoom.store.current(), expires_at=now + timedelta(hours=1)))
    return app, evening


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


def test_turned_into_a_webinar_it_is_made_anew(road: Road) -> None:
    [former] = road.standing
    road.zoom.control(f"meetings/{former}", method="PATCH", webinar=True)
    road.told(1)
    road.heal()

    assert road.standing == [road.row(Meeting).remote_id] != [former]


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
