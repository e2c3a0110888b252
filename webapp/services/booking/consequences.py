"""Recompute, idempotently, every wish that follows from an appointment: its meeting, its entries, its mails."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from webapp.portions import portions
from webapp.services.booking.wish_meetings import Fact, wish_first_meetings, wish_meetings
from webapp.services.booking.wish_messages import Act, wish_first_confirmation, wish_messages
from webapp.services.calendar.wish_entries import About, Place, wish_entries, wish_first_entries


def follow(
    session: Session,
    appointments: Iterable[int],
    *,
    now: datetime,
    retry: bool = False,
    retry_entries: bool = False,
    left: Collection[str] = (),
) -> None:
    """Bring the wishes of these appointments (ids) in line with the rows as they stand; all callers use this or
    `follow_first`, and no other code writes a wish. With `retry`, what a provider refused for good is tried once more:
    its cause may be gone; with `retry_entries` what a calendar refused, and no meeting. `left` names acts of booking
    that these appointments have left.
    """
    session.flush()
    for some in portions(sorted(set(appointments))):
        facts = wish_meetings(session, some, now=now, retry=retry)
        if any(fact.is_linked for fact in facts):
            wish_entries(session, [_about(fact) for fact in facts], now=now, retry=retry or retry_entries)
        wish_messages(session, {fact.act for fact in facts}, left=left, now=now)


def follow_first(
    session: Session,
    act: Act,
    facts: Sequence[Fact],
    *,
    places: Mapping[int, Sequence[Place]],
    is_told: bool = True,
    life: str | None = None,
    now: datetime,
) -> None:
    """As `follow`, for an act of booking whose appointments were all made in this transaction: nothing is looked up,
    since nobody can have wished anything for them yet, and they are locked by being new. `places` are the calendars of
    their teachers, by appointment. Without `is_told` the family learns of it when it is confirmed."""
    wish_first_meetings(session, facts, life=life, now=now)
    wish_first_entries(session, {_about(fact): places[fact.id] for fact in facts}, life=life, now=now)
    if not is_told:
        return
    is_waiting = any(fact.has_link_to_come for fact in facts)
    wish_first_confirmation(session, act, has_links_to_come=is_waiting, now=now)


def _about(fact: Fact) -> About:
    return About(fact.id, fact.school_id, fact.is_booked, fact.ends_at)
