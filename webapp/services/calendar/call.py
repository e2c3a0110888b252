"""Carry out one decided step at the calendar's provider, and say how to store what came of it."""

import logging

from webapp import faults
from webapp.errors import ProviderError
from webapp.providers.base import CalendarProvider, EntryOrder
from webapp.services.calendar import settle
from webapp.services.calendar.settle import Decision, Outcome, Store
from webapp.services.system.wishes import Step

log = logging.getLogger(__name__)


def carry_out(provider: CalendarProvider, decision: Decision) -> Outcome:
    """No transaction is open meanwhile. Raises ProviderError."""
    steps = {Step.MAKE: _make, Step.CHANGE: _change, Step.REMOVE: _remove, Step.LOOK_UP: _look_up}
    return Outcome(decision.claim, steps[decision.step](provider, decision, decision.order))


def _make(provider: CalendarProvider, decision: Decision, order: EntryOrder) -> Store:
    """A key that was used and is not there any more was made by an earlier call of ours, and then deleted."""
    try:
        made = provider.put(decision.calendar_id, order, by=decision.by)
    except ProviderError as error:
        if error.code != "used":
            raise
        return _deleted(decision)
    faults.point("cal.insert_done")
    return lambda rows, now: settle.store_made(rows, decision, made, now=now)


def _change(provider: CalendarProvider, decision: Decision, order: EntryOrder) -> Store:
    """What its owner did to it meanwhile is read first: another time is left as it is, as is the one that was told."""
    found = provider.read(decision.calendar_id, decision.remote_id) if decision.is_read_first else None
    if decision.is_read_first and found is None:
        return _deleted(decision)
    is_moved = bool(found and decision.told and (found.starts_at, found.ends_at) != decision.told)
    at, keeps_time = (decision.calendar_id, decision.remote_id), decision.told is not None
    try:
        made = provider.change(*at, order, keeps_time=keeps_time, by=decision.by)
    except ProviderError as error:
        if error.code != "gone":
            raise
        return _deleted(decision)
    faults.point("cal.update_done")
    return lambda rows, now: settle.store_made(rows, decision, made, is_moved=is_moved, now=now)


def _remove(provider: CalendarProvider, decision: Decision, _order: EntryOrder) -> Store:
    provider.remove(decision.calendar_id, decision.remote_id)
    faults.point("cal.delete_done")
    return lambda rows, now: settle.store_gone(rows, decision.claim, now=now)


def _look_up(provider: CalendarProvider, decision: Decision, order: EntryOrder) -> Store:
    """It was wished away while a call was under way that may have made it."""
    found = provider.find(decision.calendar_id, order.key)
    for made in found:
        provider.remove(decision.calendar_id, made.remote_id)
    if found:
        log.info("late entries removed", extra={"entries": len(found)})
    return lambda rows, now: settle.store_gone(rows, decision.claim, now=now)


def _deleted(decision: Decision) -> Store:
    return lambda rows, now: settle.store_deleted(rows, decision.claim, now=now)
