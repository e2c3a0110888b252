"""Let tests and the demo steer the stand-in of Google by JSON under /control."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Blueprint, request

from ..steering import content, create_steering
from .answers import zulu
from .faults import planned_answer
from .grants import revoke_grants
from .people import account_of, add_account, add_calendar, put_app, remove_calendar
from .portal import add_by_hand, delete_by_hand, edit_by_hand
from .records import Event
from .seeding import seed
from .state import GoogleState

KEY = "confab"
"""Confab's entries carry their key under this name, and are counted by it."""


def create_control(state: GoogleState) -> Blueprint:
    return create_steering(state, _ROUTES)


def overview(state: GoogleState, calls_after: int = 0) -> dict[str, Any]:
    """Everything a test may want to assert; secrets and tokens are left out."""
    with state.lock:
        events = list(state.events.values())
        return {
            "now": zulu(state.now()),
            "accounts": [asdict(account) for account in state.accounts.values()],
            "calendars": [asdict(calendar) for calendar in state.calendars.values()],
            "events": [asdict(event) for event in events],
            "keys": count_keys([event for event in events if not event.is_deleted]),
            "keys_ever": count_keys(events),
            "grants": [asdict(grant) for grant in state.grants.values()],
            "most_in_a_minute": dict(state.rates.most),
            "switches": asdict(state.switches),
            "planned": [asdict(planned) for planned in state.planned],
            "calls": [asdict(call) for call in state.calls if call.number > calls_after],
        }


def count_keys(events: list[Event]) -> dict[str, dict[str, int]]:
    """By calendar, how many entries carry each key: more than one is the failure that all the care is about."""
    found: dict[str, Counter[str]] = {}
    for event in events:
        if key := event.private.get(KEY):
            found.setdefault(event.calendar_id, Counter())[key] += 1
    return {calendar_id: dict(counts) for calendar_id, counts in found.items()}


def _overview(state: GoogleState) -> dict[str, Any]:
    return overview(state, int(request.args.get("calls_after", "0")))


def _reset(state: GoogleState) -> dict[str, Any]:
    """Events, log, counts and faults go; with a `seed` everything goes and the seed comes."""
    spec = content().get("seed")
    if spec is None:
        state.forget_events()
        return {}
    state.forget_everything()
    app = seed(state, **spec)
    return {"client_id": app.id, "client_secret": app.secret} if app else {}


def _switches(state: GoogleState) -> dict[str, Any]:
    return asdict(state.set_switches(**content()))


def _plan(state: GoogleState) -> dict[str, Any]:
    planned = planned_answer(content())
    state.plan(planned)
    return asdict(planned)


def _unplan(state: GoogleState) -> dict[str, Any]:
    with state.lock:
        state.planned.clear()
    return {}


def _add_account(state: GoogleState) -> dict[str, Any]:
    return asdict(add_account(state, content()))


def _add_calendar(state: GoogleState) -> dict[str, Any]:
    return asdict(add_calendar(state, content()))


def _remove_calendar(state: GoogleState, calendar_id: str) -> dict[str, Any]:
    remove_calendar(state, calendar_id)
    return {}


def _put_app(state: GoogleState) -> dict[str, Any]:
    put_app(state, content())
    return {}


def _add_event(state: GoogleState, calendar_id: str) -> dict[str, Any]:
    return asdict(add_by_hand(state, calendar_id, content()))


def _edit_event(state: GoogleState, calendar_id: str, event_id: str) -> dict[str, Any]:
    edit_by_hand(state, calendar_id, event_id, content())
    return {}


def _delete_event(state: GoogleState, calendar_id: str, event_id: str) -> dict[str, Any]:
    delete_by_hand(state, calendar_id, event_id)
    return {}


def _revoke(state: GoogleState) -> dict[str, Any]:
    """All grants, or those of the account with this `email`."""
    email = content().get("email")
    return {"revoked": revoke_grants(state, account_id=account_of(state, email).id if email else None)}


_EVENTS = "/calendars/<calendar_id>/events"
_ROUTES: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("GET", "/state", _overview),
    ("POST", "/reset", _reset),
    ("POST", "/switches", _switches),
    ("POST", "/answers", _plan),
    ("DELETE", "/answers", _unplan),
    ("POST", "/accounts", _add_account),
    ("POST", "/calendars", _add_calendar),
    ("DELETE", "/calendars/<calendar_id>", _remove_calendar),
    ("PATCH", "/app", _put_app),
    ("POST", _EVENTS, _add_event),
    ("PATCH", f"{_EVENTS}/<event_id>", _edit_event),
    ("DELETE", f"{_EVENTS}/<event_id>", _delete_event),
    ("POST", "/revoke", _revoke),
)
