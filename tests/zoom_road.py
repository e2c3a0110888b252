"""The whole road to Zoom: a connected school with one link, the stand-in that made it, and jobs that speak HTTP."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app import test_settings as settings_for
from evening import Evening
from flask import Flask
from online_office import time_stands_at
from sqlmodel import col, select
from stages import ZoomStage

from jobs.link_sync import sync_links
from jobs.meeting_sweep import sweep_meetings
from jobs.tasks import plan_mappings, run_tasks
from jobs.webhooks import read_webhooks
from webapp import clock, create_app
from webapp.db import Database
from webapp.models import Appointment
from webapp.sandbox.run import RunningSandbox, start_sandbox
from webapp.services.meeting.receipts import BETWEEN_SIGHTINGS
from webapp.services.meeting.sweep import SOON
from webapp.services.system.tokens import close_tokens

KEY = "tests-only-token-key-0123456789abcdef"
SECRET = "the-secret-token-of-the-app"


@dataclass
class Road:
    database: Database
    app: Flask
    sandbox: RunningSandbox
    zoom: ZoomStage
    evening: Evening
    appointment: Appointment

    def run(self, by: timedelta = timedelta()) -> None:
        """What the scheduler does `by` later."""
        self._wait(by)
        for job in (read_webhooks, plan_mappings, run_tasks, sync_links):
            job(self.app)

    def sweep(self, by: timedelta = SOON) -> None:
        """A look at all hosts, and the work that it wished."""
        self._wait(by)
        self.app.extensions.pop("jobs.meeting_sweep", None)
        sweep_meetings(self.app)
        sync_links(self.app)

    def heal(self) -> None:
        """All that the scheduler does within the half minute after the next word from Zoom."""
        for _ in range(4):
            self.run(BETWEEN_SIGHTINGS + timedelta(seconds=2))

    def change(self) -> Any:
        """A transaction of people at the school."""
        return self.evening.later(self.database, clock.now() - self.evening.now)

    def told(self, count: int) -> list[tuple[str, int]]:
        assert self.sandbox.zoom.outbox.wait_for(count), self.sandbox.zoom.outbox.sent
        return self.sandbox.zoom.outbox.sent[:count]

    def row(self, table: Any) -> Any:
        with self.database.reading() as session:
            return session.exec(select(table).order_by(col(table.id).desc())).first()

    @property
    def standing(self) -> list[str]:
        return [str(one["id"]) for one in self.zoom.state()["meetings"] if one["stands"] and one["type"] == 2]

    def _wait(self, by: timedelta) -> None:
        clock.move(clock.now() - datetime.now(UTC) + by)
        ahead = (clock.now() - datetime.now(UTC)).total_seconds()
        self.zoom.control("switches", clock_offset=ahead)


@contextmanager
def open_road(
    database: Database, now: datetime, *, by_way_of: Callable[[str], str] = lambda url: url, **settings: Any
) -> Iterator[Road]:
    """`by_way_of` gives the address at which our client finds the stand-in at `url`."""
    with start_sandbox() as sandbox, time_stands_at(now):
        zoom = ZoomStage(sandbox.zoom_url)
        zoom.control("switches", clock_offset=(now - datetime.now(UTC)).total_seconds())
        address = by_way_of(sandbox.zoom_url)
        app, evening = _school(database, zoom, now, address, settings)
        with evening.later(database):
            [appointment] = evening.book(evening.slot())
        yield Road(database, app, sandbox, zoom, evening, appointment)
        sandbox.stop()


@contextmanager
def second_process(road: Road) -> Iterator[Flask]:
    """The same application on the same database, with nothing in memory that it shares with the first."""
    app = create_app(road.app.extensions["confab"].settings)
    yield app
    app.extensions["confab"].database.dispose()


def _school(
    database: Database, zoom: ZoomStage, now: datetime, address: str, settings: dict[str, Any]
) -> tuple[Flask, Evening]:
    url = database.engine.url.render_as_string(hide_password=False)
    theirs: dict[str, Any] = {name: getattr(zoom.settings, name) for name in ("zoom_client_id", "zoom_client_secret")}
    theirs |= {"zoom_link_hosts": (*zoom.settings.zoom_link_hosts, "zoom.us")}
    theirs |= {"zoom_oauth_url": address, "zoom_api_url": f"{address}/v2", "zoom_webhook_secrets": (SECRET,)}
    app = create_app(settings_for(url, KEY, **(theirs | settings)))
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
