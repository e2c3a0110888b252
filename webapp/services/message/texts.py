"""Keep what an office writes for the mails of an event: checked where it is typed, and never lost."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, Field, field_validator
from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from webapp.documents import macros, rich_text
from webapp.errors import N_, DomainError, Invalid
from webapp.i18n import gettext as _
from webapp.models import Appointment, Contact, Event, MessageText
from webapp.models.message.message import CHANGED, CONFIRMATION, LINKS_READY
from webapp.models.message.message_text import CALENDAR, CANCELLATION, PRINTABLE, REMINDER, RESOURCE
from webapp.models.people.contact import written_name
from webapp.services.event.inputs import Line, Paragraphs
from webapp.services.message.default_texts import OfficeText, as_read, default_text
from webapp.services.message.resource_told import begin_telling
from webapp.services.system import audit
from webapp.services.system.audit import Who

MAILS = (CONFIRMATION, REMINDER, CANCELLATION, CHANGED, LINKS_READY, RESOURCE)
KINDS = (*MAILS, CALENDAR)
"""In the order of Notification Setup."""

WITH_SCHEDULE = (CONFIRMATION, REMINDER, CHANGED, LINKS_READY)
"""Whose body the Printable Schedule can replace."""

LONGEST = 50_000
"""Letters of a text (MACRO-021)."""
MOST_LEADS, LONGEST_LEAD = 3, 24 * 30


@dataclass(frozen=True)
class Saved:
    """`removed` names the tags and attributes that were taken out of what was typed."""

    removed: tuple[str, ...]


class TextInput(BaseModel):
    """`version` is the one that the form was filled from. `lead_hours`: "48, 2"."""

    version: int = Field(ge=0)
    is_on: bool = False
    uses_schedule: bool = False
    subject: Line = Field(default="", max_length=200)
    body: Paragraphs = ""
    location: Line = Field(default="", max_length=200)
    file_name: Line = Field(default="", max_length=60)
    lead_hours: str = ""

    @field_validator("body")
    @classmethod
    def _not_too_long(cls, text: str) -> str:
        if len(text.encode()) > LONGEST:
            raise ValueError(N_("A text may have at most 50 kB."))
        return text

    @field_validator("file_name")
    @classmethod
    def _plain_name(cls, text: str) -> str:
        """Ends in .ics, and names no folder."""
        if re.search(r'[\\/:*?"<>|]', text):
            raise ValueError(N_('A file name has no / \\ : * ? " < > or |.'))
        return text if not text or text.lower().endswith(".ics") else f"{text[:56]}.ics"

    @field_validator("lead_hours")
    @classmethod
    def _hours(cls, text: str) -> str:
        parts = [part.strip() for part in text.split(",") if part.strip()]
        is_good = all(p.isascii() and p.isdigit() and 1 <= int(p) <= LONGEST_LEAD for p in parts)
        if not is_good or len(parts) > MOST_LEADS:
            raise ValueError(N_("Type up to three whole numbers of hours, such as 48, 2."))
        return ",".join(str(hours) for hours in sorted({int(part) for part in parts}, reverse=True))


class SavedMeanwhile(DomainError):
    message = N_("%(who)s saved another text meanwhile. Yours is still here: compare, and save again to replace it.")


def texts_of(session: Session, event_id: int) -> dict[str, OfficeText]:
    """By kind, what was saved last or stands by default."""
    newest = (
        select(func.max(col(MessageText.id)))
        .where(col(MessageText.event_id) == event_id)
        .group_by(col(MessageText.kind))
    )
    query = (
        select(MessageText, col(Contact.first), col(Contact.last))
        .outerjoin(Contact, col(Contact.id) == col(MessageText.saved_by_id))
        .where(col(MessageText.id).in_(newest))
    )
    rows = session.execute(query).all()
    saved = {row.kind: as_read(_office_text(row, written_name(first or "", last or ""))) for row, first, last in rows}
    return {kind: saved.get(kind) or default_text(kind) for kind in (*KINDS, PRINTABLE)}


def mails_all(*kinds: str) -> ColumnElement[bool]:
    """Whether the office has switched off none of these mails, in the event of the appointment that a query is about.
    What was never saved stands by default, and is on."""
    newer = aliased(MessageText)
    is_replaced = exists().where(
        col(newer.event_id) == col(MessageText.event_id),
        col(newer.kind) == col(MessageText.kind),
        col(newer.version) > col(MessageText.version),
    )
    of_event = (col(MessageText.event_id) == col(Appointment.event_id), col(MessageText.kind).in_(kinds))
    return ~exists().where(*of_event, col(MessageText.is_on).is_(False), ~is_replaced).correlate(Appointment)


def save_text(
    session: Session, event: Event, kind: str, typed: TextInput, *, who: Who, contact: Contact, now: datetime
) -> Saved:
    """Raises Invalid naming the field, and SavedMeanwhile where somebody else was quicker."""
    for field in ("subject", "body", "location"):
        macros.check(field, getattr(typed, field))
    current = texts_of(session, event.id or 0)[kind]
    if typed.version != current.version:
        raise SavedMeanwhile(who=current.saved_by or _("Somebody"))
    if not typed.subject:
        raise Invalid(N_("Type a title.") if kind in {CALENDAR, PRINTABLE} else N_("Type a subject."), field="subject")
    if kind == CALENDAR and not typed.location:
        raise Invalid(N_("Type a location, such as $(Room)."), field="location")
    if kind == REMINDER and typed.is_on and not typed.lead_hours:
        raise Invalid(N_("Say how many hours before the appointment, such as 24."), field="lead_hours")
    cleaned = rich_text.clean(typed.body)
    row = MessageText(
        school_id=event.school_id,
        event_id=event.id or 0,
        kind=kind,
        version=typed.version + 1,
        is_on=typed.is_on or kind in {CALENDAR, PRINTABLE},
        uses_schedule=typed.uses_schedule,
        subject=typed.subject,
        body=cleaned.source,
        location=typed.location,
        file_name=typed.file_name,
        lead_hours=typed.lead_hours,
        saved_at=now,
        saved_by_id=contact.id,
    )
    _insert(session, row)
    if kind == RESOURCE and typed.is_on and not current.is_on:
        begin_telling(session, event)
    _record(session, event, row, who=who, now=now)
    return Saved(cleaned.removed)


def reset_text(session: Session, event: Event, kind: str, *, who: Who, contact: Contact, now: datetime) -> None:
    """Back to the words that stood there by default; what was written stays among the versions (MACRO-028). Whether
    and when the mail goes out is no text, and stays as the office has set it."""
    current, default = texts_of(session, event.id or 0)[kind], default_text(kind)
    typed = TextInput(
        version=current.version,
        is_on=current.is_on,
        uses_schedule=default.uses_schedule,
        subject=default.subject,
        body=default.body,
        location=default.location,
        file_name=default.file_name,
        lead_hours=",".join(map(str, current.lead_hours)),
    )
    save_text(session, event, kind, typed, who=who, contact=contact, now=now)


def hiding(texts: Mapping[str, OfficeText]) -> list[str]:
    """The kinds of mails in which families would not see their links (R57)."""
    return [kind for kind in (*WITH_SCHEDULE, PRINTABLE) if texts[kind].hides_links]


def _office_text(row: MessageText, saved_by: str) -> OfficeText:
    return OfficeText(
        row.kind,
        row.version,
        is_on=row.is_on,
        uses_schedule=row.uses_schedule,
        subject=row.subject,
        body=row.body,
        location=row.location,
        file_name=row.file_name,
        lead_hours=tuple(int(hours) for hours in row.lead_hours.split(",") if hours),
        saved_at=row.saved_at,
        saved_by=saved_by,
    )


def _record(session: Session, event: Event, row: MessageText, *, who: Who, now: datetime) -> None:
    subject, kind, version = f"event {event.id}", row.kind, row.version
    at = event.school_id
    audit.record(session, "event.text", who=who, school_id=at, subject=subject, now=now, kind=kind, version=version)


def _insert(session: Session, row: MessageText) -> None:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise SavedMeanwhile(who=_("Somebody")) from error
