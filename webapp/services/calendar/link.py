"""Link a teacher to a calendar account of their own, let them say what is done with it, and part from it."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import delete, select
from sqlmodel import Session, col

from webapp.db import wake
from webapp.errors import N_, DomainError, Invalid, NotAllowed, ProviderError
from webapp.models import BusyTime, CalendarLink, Contact
from webapp.models.system.granted import SERVICES
from webapp.portions import portions
from webapp.providers.base import CalendarProvider, Grants, RemoteAccount, RemoteCalendar, Tokens, TokenStore
from webapp.services.calendar.follow_link import follow_link, leave_account
from webapp.services.people.once import made_once
from webapp.services.system.audit import Who, record
from webapp.services.system.errand import settled
from webapp.services.system.handshake import exchange
from webapp.services.system.installation import hold_of
from webapp.services.system.revoke import queue_revoke
from webapp.services.system.tokens import FreshGrant, close_tokens, open_tokens

MOST_CALENDARS = 200
IMPORT = "calendar_import"
"""What wakes the job that reads busy times, and lets be what stood against those that are forgotten."""


class OtherCalendarAccount(DomainError):
    """Held until its owner confirms (OAUTH-021): what was written to the former account could not be taken back."""

    message = N_(
        "You signed in as %(new)s, but %(former)s was linked before. Nothing was changed. Sign in as %(former)s, or "
        "change to the other account below."
    )

    def __init__(self, former: CalendarLink, found: RemoteAccount) -> None:
        self.account_id = found.account_id
        super().__init__(new=found.email or found.name, former=former.account_email or former.account_name)


class NotLinked(DomainError):
    """Values: service."""

    message = N_("%(service)s is not linked any more. Sign in to it again.")


@dataclass(frozen=True)
class Found:
    """What came of the consent, before it is stored."""

    tokens: Tokens
    account: RemoteAccount
    calendars: tuple[RemoteCalendar, ...]


class SyncInput(BaseModel):
    """What Save and Sync sends. `is_mine` says that an account of another address is the teacher's own."""

    calendar: str = Field(default="", max_length=512)
    is_import: bool = False
    is_mine: bool = False


def find_account(
    grants: Grants, speak: Callable[[TokenStore], CalendarProvider], provider: str, *, code: str, verifier: str
) -> Found:
    """Three or four calls, as for `exchange`."""
    tokens = exchange(grants, code=code, verifier=verifier, service=SERVICES[provider])
    client = speak(FreshGrant(tokens))
    return Found(tokens, client.account(), tuple(client.calendars()[:MOST_CALENDARS]))


def refuse_other_account(session: Session, contact_id: int, provider: str, found: RemoteAccount, agreed: str) -> None:
    """`agreed` is the account that the teacher was told of and chose, if any. Raises OtherCalendarAccount."""
    former = link_of(session, contact_id, provider)
    is_other = former is not None and former.account_id not in {"", found.account_id}
    if former and is_other and agreed != found.account_id:
        raise OtherCalendarAccount(former, found)


def remember_link(
    session: Session, contact: Contact, provider: str, found: Found, *, who: Who, now: datetime
) -> CalendarLink:
    """Of the same account as before, everything goes on as it was set; of another, nothing begins before Save and Sync,
    and what stands on the former is left there."""
    assert contact.id is not None
    number = contact.id
    new = CalendarLink(school_id=contact.school_id, contact_id=number, provider=provider)
    link = link_of(session, number, provider, locked=True) or made_once(
        session, new, lambda: link_of(session, number, provider, locked=True)
    )
    if link.account_id != found.account.account_id:
        _end_grant(session, link, _held(session, link), now=now)
        _leave_account(session, link, now=now)
    account = found.account
    link.account_id, link.account_name = account.account_id[:100], account.name[:200]
    link.account_email = account.email[:254]
    link.writable = json.dumps([[one.key, one.name] for one in found.calendars])
    link.connected_at, link.disconnected_at, link.needs_reconnect_at = now, None, None
    link.refresh_claim = link.refresh_lease_until = None
    _set_reading(link, now=now)
    close_tokens(session, link, found.tokens)
    _record(session, link, "calendar.linked", who=who, now=now)
    _follow(session, link, now=now)
    return link


def save_link(
    session: Session, contact: Contact, provider: str, typed: SyncInput, *, who: Who, now: datetime
) -> CalendarLink:
    """The third step (R33). Raises NotLinked, Invalid, or NotAllowed where the office would answer for the teacher."""
    assert contact.id is not None
    link = link_of(session, contact.id, provider, locked=True)
    if link is None or not link.is_live:
        raise NotLinked(service=SERVICES[provider])
    _refuse_unconfirmed(link, contact, typed, who)
    names = dict(calendars_of(link))
    if typed.calendar not in names and (typed.calendar or not typed.is_import):
        raise Invalid(N_("Choose a calendar of the list."), field="calendar")
    link.calendar_id, link.calendar_name = typed.calendar, names.get(typed.calendar, "")[:250]
    link.is_import, link.saved_at = typed.is_import, now
    _set_reading(link, now=now)
    if not link.is_import:
        _forget_busy_times(session, link)
    _record(session, link, "calendar.saved", who=who, now=now, is_import=link.is_import)
    _follow(session, link, now=now)
    return link


def part_from(session: Session, link: CalendarLink, *, who: Who, now: datetime) -> None:
    """The tokens are dropped and the busy times forgotten at once. What stands on the calendar stays: nothing may be
    written there any more."""
    held = _held(session, link)
    link.access_token = link.refresh_token = link.former_refresh_token = ""
    link.access_expires_at = link.refresh_claim = link.refresh_lease_until = None
    link.disconnected_at = now
    _set_reading(link, now=now)
    _forget_busy_times(session, link)
    _record(session, link, "calendar.disconnected", who=who, now=now)
    wake(session, IMPORT)
    session.flush()
    _end_grant(session, link, held, now=now)


def part_from_all(session: Session, contact_ids: Collection[int], *, who: Who, now: datetime) -> None:
    """For people who are leaving: whatever account they linked."""
    query = select(CalendarLink).where(col(CalendarLink.disconnected_at).is_(None)).order_by(col(CalendarLink.id))
    for some in portions(sorted(set(contact_ids))):
        theirs = query.where(col(CalendarLink.contact_id).in_(some)).with_for_update()
        for link in session.execute(theirs).scalars().all():
            part_from(session, link, who=who, now=now)


def links_of(session: Session, contact_id: int) -> list[CalendarLink]:
    query = select(CalendarLink).where(col(CalendarLink.contact_id) == contact_id)
    return list(session.execute(query.order_by(col(CalendarLink.provider))).scalars())


def link_of(session: Session, contact_id: int, provider: str, *, locked: bool = False) -> CalendarLink | None:
    query = select(CalendarLink).where(
        col(CalendarLink.contact_id) == contact_id, col(CalendarLink.provider) == provider
    )
    if locked:
        # Entries that are wished meanwhile name the link, and hold an appointment for which its owner waits.
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.execute(query).scalar_one_or_none()


def calendars_of(link: CalendarLink) -> list[tuple[str, str]]:
    """Keys and names of the calendars to choose from, as they were when the account was linked."""
    return [(key, name) for key, name in json.loads(link.writable)]


def is_asked_about(link: CalendarLink, contact: Contact) -> bool:
    """Whether the teacher has yet to say that the account is theirs, since its address is not the one we know."""
    is_same = (link.account_email or "").lower() == (contact.email or "").lower()
    return link.saved_at is None and bool(link.account_email and contact.email) and not is_same


def _refuse_unconfirmed(link: CalendarLink, contact: Contact, typed: SyncInput, who: Who) -> None:
    if not is_asked_about(link, contact):
        return
    if who.acting_as_id:
        raise NotAllowed(N_("The account has another address than the teacher. Only they can say that it is theirs."))
    if not typed.is_mine:
        raise Invalid(N_("Tick that this account is yours, or disconnect it."), field="is_mine")


def _held(session: Session, link: CalendarLink) -> Tokens | None:
    """None where there is no living grant, or no key opens it."""
    try:
        return open_tokens(session, link)
    except ProviderError:
        return None


def _end_grant(session: Session, link: CalendarLink, held: Tokens | None, *, now: datetime) -> None:
    """At the provider, as soon as may be. A copy of the data that is on hold must not end the grant that the original
    lives on."""
    if held and hold_of(session) is None:
        queue_revoke(session, link.school_id, link.provider, held, account_id=link.account_id, now=now)


def _leave_account(session: Session, link: CalendarLink, *, now: datetime) -> None:
    """Nothing of what was set holds for another one."""
    leave_account(session, link, now=now)
    _forget_busy_times(session, link)
    link.calendar_id = link.calendar_name = ""
    link.is_import, link.saved_at, link.synced_at = False, None, None


def _set_reading(link: CalendarLink, *, now: datetime) -> None:
    """The errand of the row: due at once where busy times are wanted; a reading under way keeps nothing."""
    for name, value in settled().items():
        setattr(link, name, value)
    if link.is_live and link.is_import and link.saved_at:
        link.due_at = now


def _forget_busy_times(session: Session, link: CalendarLink) -> None:
    """What was red for them is let be within seconds, by the job that reads them."""
    session.execute(delete(BusyTime).where(col(BusyTime.link_id) == link.id))
    link.synced_at = None


def _follow(session: Session, link: CalendarLink, *, now: datetime) -> None:
    session.flush()
    follow_link(session, link, now=now)
    wake(session, IMPORT)


def _record(session: Session, link: CalendarLink, action: str, *, who: Who, now: datetime, **detail: bool) -> None:
    subject = f"contact {link.contact_id}"
    record(
        session, action, who=who, school_id=link.school_id, subject=subject, now=now, provider=link.provider, **detail
    )
