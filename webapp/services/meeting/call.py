"""Carry out one decided step at the provider, and say how to store what came of it."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlmodel import Session

from webapp.errors import ProviderError
from webapp.providers.base import MadeMeeting, MeetingOrder, MeetingProvider
from webapp.services.meeting import settle
from webapp.services.meeting.decide import Decision
from webapp.services.meeting.settle import Outcome
from webapp.services.system.wishes import Step

log = logging.getLogger(__name__)


Store = Callable[[Session, datetime], bool]


def carry_out(provider: MeetingProvider, decision: Decision) -> Outcome:
    """No transaction is open meanwhile. Raises ProviderError."""
    assert decision.order is not None
    steps = {
        Step.MAKE: _make,
        Step.CHANGE: _change,
        Step.REMOVE: _remove,
        Step.LOOK_UP: _look_up,
    }
    store = steps[decision.step](provider, decision, decision.order)
    return Outcome(decision.claim, decision.appointment_id, store)


def _make(provider: MeetingProvider, decision: Decision, order: MeetingOrder) -> Store:
    """A refused passcode is tried once more, after reading the host's rule again (R94)."""
    try:
        return _keep(decision, order, provider.make(order, by=decision.by))
    except ProviderError as error:
        if error.code != "passcode" or decision.has_read_rule:
            raise
    rule = provider.passcode_rule(order.host_key)
    return lambda session, now: settle.store_rule(session, decision, rule, now=now)


def _change(provider: MeetingProvider, decision: Decision, order: MeetingOrder) -> Store:
    try:
        return _keep(decision, order, provider.change(decision.remote_id, order, by=decision.by))
    except ProviderError as error:
        if error.code != "gone":
            raise
    return lambda session, now: settle.store_gone(session, decision.claim, now=now)


def _remove(provider: MeetingProvider, decision: Decision, _order: MeetingOrder) -> Store:
    provider.remove(decision.remote_id)
    return lambda session, now: settle.store_gone(session, decision.claim, now=now)


def _look_up(provider: MeetingProvider, decision: Decision, order: MeetingOrder) -> Store:
    """Adopt what an earlier call left; of several keep the oldest and remove the rest."""
    found = provider.find(order.host_key, order.marker)
    if not found:
        return lambda session, now: settle.store_not_found(session, decision.claim, now=now)
    for duplicate in found[1:]:
        provider.remove(duplicate.remote_id)
    if found[1:]:
        log.warning("duplicates removed", extra={"meetings": len(found) - 1})
    return partial(_adopt, decision, order, found[0])


def _adopt(decision: Decision, order: MeetingOrder, made: MadeMeeting, session: Session, now: datetime) -> bool:
    return settle.store_adopted(session, decision.claim, order, made, now=now)


def _keep(decision: Decision, order: MeetingOrder, made: MadeMeeting) -> Store:
    return lambda session, now: settle.store_made(session, decision.claim, order, made, now=now)
