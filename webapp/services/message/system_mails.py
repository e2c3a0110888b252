"""Write what Confab itself has to say: codes, links, and what an administrator has to mend."""

import json

from sqlmodel import Session

from webapp import i18n
from webapp.documents import letter
from webapp.models import Message, School
from webapp.models.event.event_settings import ZOOM
from webapp.models.message.message import (
    CALENDAR_ENDED,
    NEEDS_RECONNECT,
    NEW_ADDRESS,
    NEW_SIGN_IN,
    OFFICE_MAIL,
    SIGN_IN_CODE,
    SIGN_IN_LINK,
)
from webapp.models.people.sign_in_link import CALENDAR_SYNC
from webapp.providers.base import Mail
from webapp.services.meeting.issues import missing_user
from webapp.services.meeting.sync_report import unmapped
from webapp.services.message.outage import ended_grant
from webapp.services.message.written import addressed
from webapp.services.people.codes import MINUTES
from webapp.services.people.links import leads_to
from webapp.services.system.vault import vault_of

_MOST_ERRORS = 100
"""Teachers that one report names; the page shows all."""


def of_system(session: Session, message: Message, *, base_url: str) -> Mail | None:
    school = session.get_one(School, message.school_id)
    if message.kind == SIGN_IN_CODE:
        code = vault_of(session).open(message.secret, row=f"message {message.dedupe_key}")
        return addressed(message, letter.sign_in_code(school=school.name, code=code, minutes=MINUTES))
    if message.kind == SIGN_IN_LINK:
        token = vault_of(session).open(message.secret, row=f"message {message.dedupe_key}")
        link = f"{base_url}/link/{token}"
        is_invitation = leads_to(session, message) == CALENDAR_SYNC
        said = letter.calendar_link if is_invitation else letter.sign_in_link
        return addressed(message, said(school=school.name, link=link, days=school.link_days))
    if message.kind in {NEW_SIGN_IN, NEW_ADDRESS}:
        written = letter.new_sign_in if message.kind == NEW_SIGN_IN else letter.new_address
        return addressed(message, written(school=school.name, at=i18n.moment(message.created_at, school.zone)))
    if message.kind == NEEDS_RECONNECT:
        page = f"{base_url}/s/{school.slug}/setup/business"
        return addressed(message, letter.needs_reconnect(school.name, page)) if ended_grant(session, message) else None
    if message.kind == CALENDAR_ENDED:
        ended, page = ended_grant(session, message), f"{base_url}/s/{school.slug}/calendar-sync"
        return addressed(message, letter.calendar_ended(school.name, ended.service, page)) if ended else None
    if message.kind == OFFICE_MAIL:
        written = json.loads(vault_of(session).open(message.secret, row=f"message {message.dedupe_key}"))
        return addressed(message, letter.office_mail(school=school.name, **written))
    return _sync_errors(session, message, school, base_url=base_url)


def _sync_errors(session: Session, message: Message, school: School, *, base_url: str) -> Mail | None:
    rows = unmapped(session, message.school_id, ZOOM)
    if not rows:
        return None
    errors = tuple(
        letter.SyncError(
            said=missing_user(name=row.name, email=row.email, remote_id=row.remote_id),
            email=row.email,
            remote_email=row.remote_email,
            page=f"{base_url}/s/{school.slug}/zoom/teachers/{row.contact_id}",
        )
        for row in rows[:_MOST_ERRORS]
    )
    pages = f"{base_url}/s/{school.slug}/online-meetings"
    return addressed(
        message, letter.sync_errors(school=school.name, errors=errors, more=len(rows) - len(errors), page=pages)
    )
