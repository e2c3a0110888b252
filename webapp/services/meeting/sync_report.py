"""Tell the Notification Contacts which teachers Zoom does not know: one report per run that finds news (R68–R70).

A run that finds what the last report told is silent: a daily mail that says nothing new is not read."""

import hashlib
import secrets
from datetime import datetime

from sqlmodel import Session

from webapp.db import wake
from webapp.models import Message
from webapp.models.message.message import SYNC_ERRORS
from webapp.services.meeting.connection import connection_of
from webapp.services.meeting.mapping_report import MappingRow, mapping_report
from webapp.services.people.notified import notification_contacts


def report_sync_errors(session: Session, school_id: int, provider: str, *, now: datetime) -> None:
    """One mail per Notification Contact. Once all is well it is forgotten, so that the same trouble is told again."""
    connection = connection_of(session, school_id, provider)
    if connection is None:
        return
    found = _digest(unmapped(session, school_id, provider))
    if found == connection.reported:
        return
    connection.reported = found
    if not found:
        return
    run = secrets.token_hex(8)
    for n, address in enumerate(notification_contacts(session, school_id), start=1):
        session.add(_message(school_id, address, f"{SYNC_ERRORS}.{run}.{n}", now=now))
    session.flush()
    wake(session, "mail")


def unmapped(session: Session, school_id: int, provider: str) -> list[MappingRow]:
    return [row for row in mapping_report(session, school_id, provider).rows if not row.is_mapped]


def _digest(rows: list[MappingRow]) -> str:
    told = sorted((row.contact_id, row.state, row.remote_id, row.email) for row in rows)
    return hashlib.sha256(repr(told).encode()).hexdigest() if told else ""


def _message(school_id: int, address: str, key: str, *, now: datetime) -> Message:
    return Message(
        school_id=school_id,
        kind=SYNC_ERRORS,
        recipient=address,
        dedupe_key=key,
        message_id=key,
        created_at=now,
        due_at=now,
    )
