"""Send webhooks as Zoom does, written down once more from its description and not from our receiver."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from app import fake_providers, make_app
from app import test_settings as settings_for
from evening import Evening
from fakes import FakeMailer, FakeMeetings
from flask import Flask
from sqlmodel import Session, col, select

from jobs.link_sync import sync_links
from jobs.mail_delivery import deliver_mail
from jobs.tasks import plan_mappings, run_tasks
from jobs.webhooks import read_webhooks
from webapp import clock
from webapp.db import Database
from webapp.models import Appointment, Connection, Meeting, Task, WebhookReceipt
from webapp.providers.base import Tokens
from webapp.providers.zoom import zoom_webhooks
from webapp.services.system.tokens import close_tokens

SECRET, OTHER = "webhook-secret-of-the-tests", "webhook-secret-of-somebody-else"
CLIENT = "our-client-id"
PATH = "/zoom/webhook"


def signature(body: bytes, timestamp: str, secret: str = SECRET) -> str:
    signed = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def meeting_event(event: str, number: Any, *, account_id: str = "acc", ts: int = 1, **values: Any) -> dict[str, Any]:
    thing = {"uuid": "u==", "id": number, "host_id": "h", "topic": "T", "type": 2} | values
    payload = {"account_id": account_id, "operator": "dora@linden.example", "object": thing}
    return {"event": event, "event_ts": ts, "payload": payload}


def user_event(event: str, *, ts: int = 1, user: str = "z1") -> dict[str, Any]:
    return {"event": event, "event_ts": ts, "payload": {"account_id": "acc", "object": {"id": user}}}


def farewell(at: datetime, *, account_id: str = "acc", client_id: str = CLIENT) -> dict[str, Any]:
    payload = {
        "account_id": account_id,
        "user_id": "u",
        "client_id": client_id,
        "deauthorization_time": at.isoformat().replace("+00:00", "Z"),
        "signature": "x",
    }
    return {"event": "app_deauthorized", "payload": payload}


@dataclass
class HookSchool:
    """A connected school with one virtual appointment and its link, and Zoom's end of the wire."""

    database: Database
    app: Flask
    zoom: FakeMeetings
    mailer: FakeMailer
    evening: Evening
    appointment: Appointment = field(init=False)

    @property
    def now(self) -> datetime:
        return clock.now()

    def send(self, content: Any, *, secret: str = SECRET, late: timedelta = timedelta(), **headers: str) -> Any:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        timestamp = str(int((self.now - late).timestamp()))
        signed = {"x-zm-request-timestamp": timestamp, "x-zm-signature": signature(body, timestamp, secret)}
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.app.test_client().post(PATH, data=body, content_type="application/json", headers=signed | more)

    def run(self, by: timedelta = timedelta()) -> None:
        """What the scheduler does `by` later."""
        clock.move(clock.now() - datetime.now(self.now.tzinfo) + by)
        for job in (read_webhooks, plan_mappings, run_tasks, sync_links, deliver_mail):
            job(self.app)

    def meeting(self) -> Meeting:
        with self.database.reading() as session:
            query = select(Meeting).where(col(Meeting.appointment_id) == self.appointment.id)
            return session.exec(query.order_by(col(Meeting.id).desc())).first() or Meeting()

    def connection(self) -> Connection:
        with self.database.reading() as session:
            return session.exec(select(Connection)).one()

    def receipts(self) -> list[WebhookReceipt]:
        with self.database.reading() as session:
            return list(session.exec(select(WebhookReceipt)))

    def tasks(self) -> list[Task]:
        with self.database.reading() as session:
            return list(session.exec(select(Task)))

    def change(self) -> Any:
        return self.evening.later(self.database)


def open_hook_school(database: Database, now: datetime, **values: Any) -> HookSchool:
    """Call it while the clock stands at `now`."""
    zoom, mailer = FakeMeetings(), FakeMailer()
    key = "tests-only-token-key-0123456789abcdef"
    url = database.engine.url.render_as_string(hide_password=False)
    defaults = {"zoom_webhook_secrets": (SECRET,), "zoom_client_id": CLIENT}
    settings = settings_for(url, key, **(defaults | values))
    providers = replace(fake_providers(zoom, mailer), webhooks=zoom_webhooks(settings))
    app = make_app(settings, providers)
    wired = app.extensions["confab"]
    wired.database.dispose()
    app.extensions["confab"] = replace(wired, database=database)
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
        _close(session, evening)
    user = zoom.add_user(evening.teacher.email or "")
    zoom.directory[-1] = type(user)(f"z{evening.teacher.id}", user.email, user.name, "active")
    school = HookSchool(database, app, zoom, mailer, evening)
    with school.change():
        school.appointment = evening.book(evening.slot())[0]
    school.run()
    assert school.meeting().remote_id, school.meeting()
    return school


def _close(session: Session, evening: Evening) -> None:
    assert evening.connection is not None
    expires = evening.now + timedelta(hours=1)
    close_tokens(session, evening.connection, Tokens("a", "r", expires, "", ""))
