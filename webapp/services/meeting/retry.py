"""Try again at once what stands in Online Meeting Issues, and leave alone what is being tried already."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session

from webapp.models import Contact
from webapp.services.booking.consequences import follow
from webapp.services.meeting.awaited import awaited
from webapp.services.meeting.connection import connection_of
from webapp.services.meeting.issue_rows import cause_of
from webapp.services.meeting.issues import OF_HOST
from webapp.services.meeting.map_contacts import start_mapping
from webapp.services.system import audit
from webapp.services.system.audit import Who


def retry(
    session: Session, events: Collection[int], resources: Collection[int], *, contact: Contact, who: Who, now: datetime
) -> int:
    """The issues of these resources, or where none is named of all in these events. Where a teacher stands in the way,
    the provider's users are read again too: the links follow once the teacher is found (R72). Returns the number of
    appointments."""
    rows = [
        row
        for row in awaited(session, events, now=now)
        if (not resources or row.resource_id in resources) and row.provider and not row.is_running
    ]
    causes = {row.id: cause for row in rows if (cause := cause_of(row, now=now))}
    follow(session, causes, now=now, retry=True)
    waiting_for_host = {row.provider for row in rows if row.provider and causes.get(row.id) in OF_HOST}
    for provider in sorted(waiting_for_host):
        _read_users_again(session, provider, contact, now=now)
    subject = f"{len(resources)} resources" if resources else "all issues"
    if len(resources) == 1:
        subject = f"resource {next(iter(resources))}"
    school_id = contact.school_id
    audit.record(
        session, "meeting.retry", who=who, school_id=school_id, subject=subject, now=now, appointments=len(causes)
    )
    return len(causes)


def _read_users_again(session: Session, provider: str, contact: Contact, *, now: datetime) -> None:
    connection = connection_of(session, contact.school_id, provider)
    if connection and connection.is_live:
        start_mapping(session, contact.school_id, provider, contact.id, now)
