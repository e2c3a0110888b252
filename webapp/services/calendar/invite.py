"""Mail teachers who have no calendar set up a link to Calendar Sync: one of them, or all who were not asked lately."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, DomainError, NotFound
from webapp.models import Contact
from webapp.models.people.sign_in_link import CALENDAR_SYNC
from webapp.services.meeting.calendar_status import can_be_invited, teachers_with_virtual_slots
from webapp.services.people.links import mail_link
from webapp.services.system.audit import Who

LATELY = timedelta(days=1)
"""All are not asked again within it; one teacher is, as often as the office wants."""


class CannotBeInvited(DomainError):
    message = N_("This teacher has a calendar set up by now, or has no email.")


@dataclass(frozen=True)
class Invited:
    """How many were mailed, and how many were left out because they had been lately."""

    mailed: int
    left_out: int = 0


def invite(session: Session, events: Collection[int], contact_id: int, *, who: Who, now: datetime) -> Invited:
    """One teacher with virtual slots in these events. Raises NotFound and CannotBeInvited."""
    rows = [row for row in _locked(session, events) if row.id == contact_id]
    if not rows:
        raise NotFound
    if not can_be_invited(rows[0]):
        raise CannotBeInvited
    _mail(session, [contact_id], who=who, now=now)
    return Invited(1)


def invite_all(session: Session, events: Collection[int], *, who: Who, now: datetime) -> Invited:
    """All of these events who can be asked and were not lately, whoever asks in the same moment."""
    able = [row for row in _locked(session, events) if can_be_invited(row)]
    due = [row.id for row in able if row.invited_at is None or row.invited_at <= now - LATELY]
    _mail(session, due, who=who, now=now)
    return Invited(len(due), len(able) - len(due))


def _locked(session: Session, events: Collection[int]) -> Sequence[Any]:
    """Read once nobody else is inviting them."""
    query = teachers_with_virtual_slots(events)
    ids = [row.id for row in session.execute(query)]
    session.execute(select(col(Contact.id)).where(col(Contact.id).in_(ids)).order_by(col(Contact.id)).with_for_update())
    return session.execute(query).all()


def _mail(session: Session, contacts: Collection[int], *, who: Who, now: datetime) -> None:
    query = select(Contact).where(col(Contact.id).in_(contacts)).order_by(col(Contact.id))
    for contact in session.execute(query).scalars().all():
        mail_link(session, contact, leads_to=CALENDAR_SYNC, who=who, now=now)
