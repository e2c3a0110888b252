"""Open an event to families: with red items in preflight a reason is asked for, and logged."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid
from webapp.models import Audit, Contact, Event, EventSettings
from webapp.models.event.event_settings import Window
from webapp.services.event.events import settings_to_change
from webapp.services.event.settings import UiSetupInput, count_links, save_ui_setup
from webapp.services.preflight.facts import MissingScopes
from webapp.services.preflight.finding import Finding
from webapp.services.preflight.preflight import preflight
from webapp.services.system import audit
from webapp.services.system.audit import Who

ACTION = "event.opened_with_red"
LONGEST_ITEMS = 2000


class ReasonNeeded(Invalid):
    """`red` are the findings that stand in the way."""

    message = N_("Links will fail. Put that right first, or say why you open all the same.")
    field = "reason"

    def __init__(self, red: list[Finding]) -> None:
        super().__init__()
        self.red = red


class LinksWouldGo(Invalid):
    """The provider is switched off in the middle of an event. Value: n, which the office has to confirm."""

    message = N_("Links that families have would stop working: %(n)s. Tick the box below if you mean it.")
    field = "provider"


@dataclass(frozen=True)
class OpenedWithRed:
    """The latest time that somebody opened in spite of red items. `by` is empty where the school knows them no more."""

    at: datetime
    by: str
    reason: str


def save_and_open(
    session: Session, event: Event, typed: UiSetupInput, *, missing_scopes: MissingScopes, who: Who, now: datetime
) -> EventSettings:
    """Save UI Setup. Raises ReasonNeeded or LinksWouldGo, on which the caller's transaction keeps nothing."""
    before = settings_to_change(session, event, address=typed.slug)
    was = before.window
    if before.provider and not typed.provider:
        _refuse_losing_links(session, event, typed, now=now)
    settings = save_ui_setup(session, event, typed, who=who, now=now)
    if not _opens(was, settings.window, now=now):
        return settings
    found = preflight(session, event, settings, missing_scopes=missing_scopes, now=now)
    if found.red:
        _log(session, event, found.red, typed.reason.strip(), who=who, now=now)
    return settings


def opened_with_red(session: Session, event: Event) -> OpenedWithRed | None:
    by = and_(col(Contact.login_id) == col(Audit.login_id), col(Contact.school_id) == event.school_id)
    query = (
        select(Audit, Contact)
        .outerjoin(Contact, by)
        .where(col(Audit.action) == ACTION, col(Audit.subject) == _subject(event))
        .where(col(Audit.school_id) == event.school_id)
        .order_by(col(Audit.id).desc())
    )
    row = session.execute(query.limit(1)).first()
    if row is None:
        return None
    return OpenedWithRed(row[0].at, row[1].name if row[1] else "", json.loads(row[0].detail)["reason"])


def _refuse_losing_links(session: Session, event: Event, typed: UiSetupInput, *, now: datetime) -> None:
    """By their number, so that one who confirmed 3 does not take away 40 (ADMIN-020)."""
    links = count_links(session, event, now=now)
    if links and typed.links_go != links:
        raise LinksWouldGo(n=links)


def _opens(was: Window, window: Window, *, now: datetime) -> bool:
    """Whether families may come, now or later, who could not or not then: moving the start of what is open already,
    or its end, is no opening."""
    if window.opens_at is None or window.has_closed(now) or was.is_open(now):
        return False
    return was.opens_at != window.opens_at or was.has_closed(now)


def _log(session: Session, event: Event, red: list[Finding], reason: str, *, who: Who, now: datetime) -> None:
    if not reason:
        raise ReasonNeeded(red)
    items = "; ".join(finding.item for finding in red)[:LONGEST_ITEMS]
    detail: dict[str, str | int | bool | None] = {"reason": reason, "items": items}
    audit.record(session, ACTION, who=who, school_id=event.school_id, subject=_subject(event), now=now, **detail)


def _subject(event: Event) -> str:
    return f"event {event.id}"
