"""Say what tests and the demo may ask of the stand-in, and steer in it, by JSON under /control."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from flask import request

from ..planned import planned_answer
from ..steering import content
from . import desk
from .answers import zulu
from .faults import ALL_KINDS
from .grants import end_grants
from .records import Calendar, Event
from .seeding import add_calendar, add_mailbox, seed
from .state import MicrosoftState

# Confab's property is named so; its value is what entries are counted by.
_KEY = re.compile(r"Name confab$")


def overview(state: MicrosoftState, calls_after: int = 0) -> dict[str, Any]:
    """Everything a test may want to assert; secrets and tokens are left out."""
    with state.lock:
        events = list(state.events.values())
        return {
            "now": zulu(state.now()),
            "mailboxes": [asdict(one) for one in state.mailboxes.values()],
            "calendars": [asdict(one) for one in state.calendars.values()],
            "events": [_event(one) for one in events],
            "keys": count_keys(event for event in events if event.deleted_at is None),
            "keys_ever": count_keys(events),
            "grants": [asdict(one) for one in state.grants.values()],
            "at_once": dict(state.throttle.seen_at_once),
            "throttled": dict(state.throttle.refused),
            "switches": asdict(state.switches),
            "planned": [asdict(planned) for planned in state.planned],
            "calls": [asdict(call) for call in state.calls if call.number > calls_after],
        }


def key_of(event: Event) -> str:
    return next((value for name, value in event.properties.items() if _KEY.search(name)), "")


def count_keys(events: Iterable[Event]) -> dict[str, dict[str, int]]:
    """By calendar, how many events carry each key: more than one is the failure that all the care is about."""
    found: dict[str, Counter[str]] = {}
    for event in events:
        if key := key_of(event):
            found.setdefault(event.calendar_id, Counter())[key] += 1
    return {calendar_id: dict(counts) for calendar_id, counts in found.items()}


def _event(event: Event) -> dict[str, Any]:
    times = {"starts_at": zulu(event.starts_at), "ends_at": zulu(event.ends_at)}
    return {**asdict(event), **times, "key": key_of(event), "stands": event.deleted_at is None}


def _overview(state: MicrosoftState) -> dict[str, Any]:
    return overview(state, int(request.args.get("calls_after", "0")))


def _reset(state: MicrosoftState) -> dict[str, Any]:
    """Events, log, counts and faults go; with a `seed` everything goes and the seed comes."""
    spec = content().get("seed")
    if spec is None:
        state.forget_events()
        return {}
    state.forget_everything()
    app = seed(state, **spec)
    return {"client_id": app.id, "client_secret": app.secret} if app else {}


def _switches(state: MicrosoftState) -> dict[str, Any]:
    return asdict(state.set_switches(**content()))


def _plan(state: MicrosoftState) -> dict[str, Any]:
    planned = planned_answer(content(), ALL_KINDS)
    state.plan(planned)
    return asdict(planned)


def _unplan(state: MicrosoftState) -> dict[str, Any]:
    with state.lock:
        state.planned.clear()
    return {}


def _add_mailbox(state: MicrosoftState) -> dict[str, Any]:
    mailbox = add_mailbox(state, content())
    return {**asdict(mailbox), "calendar_id": state.calendars_of(mailbox.id)[0].id}


def _add_calendar(state: MicrosoftState) -> dict[str, Any]:
    wanted = content()
    can_edit = bool(wanted.get("can_edit", True))
    return asdict(add_calendar(state, _mailbox_id(state), str(wanted.get("name", "")), can_edit=can_edit))


def _share_calendar(state: MicrosoftState) -> dict[str, Any]:
    return asdict(desk.share_calendar(state, _named(state).id, can_edit=bool(content().get("can_edit"))))


def _delete_calendar(state: MicrosoftState) -> dict[str, Any]:
    desk.delete_calendar(state, _named(state).id)
    return {}


def _add_event(state: MicrosoftState) -> dict[str, Any]:
    """With `copies`, each an hour after the one before, so many events more."""
    values = content()
    calendar = _named(state)
    rest = {name: value for name, value in values.items() if name not in {"email", "calendar", "copies"}}
    event = desk.add_event(state, calendar.id, rest)
    desk.add_copies(state, event, int(values.get("copies", 0)))
    return _event(event)


def _edit_event(state: MicrosoftState, event_id: str) -> dict[str, Any]:
    return _event(desk.edit_event(state, event_id, content()))


def _delete_event(state: MicrosoftState, event_id: str) -> dict[str, Any]:
    desk.delete_event(state, event_id)
    return {}


def _revoke(state: MicrosoftState) -> dict[str, Any]:
    wanted = content()
    email, at_once = str(wanted.get("email", "")), bool(wanted.get("at_once", True))
    return {"revoked": end_grants(state, str(wanted.get("why", "consent")), email=email, at_once=at_once)}


def _mailbox_id(state: MicrosoftState) -> str:
    mailbox = state.mailbox_with(str(content().get("email", "")))
    if mailbox is None:
        raise ValueError("There is no mailbox of this address.")
    return mailbox.id


def _named(state: MicrosoftState) -> Calendar:
    """The calendar with the id or name `calendar` of the mailbox `email`; without one its default calendar."""
    wanted = str(content().get("calendar", ""))
    own = state.calendars_of(_mailbox_id(state))
    found = next((one for one in own if wanted in {one.id, one.name} or (not wanted and one.is_default)), None)
    if found is None:
        raise ValueError("There is no such calendar.")
    return found


ROUTES: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("GET", "/state", _overview),
    ("POST", "/reset", _reset),
    ("POST", "/switches", _switches),
    ("POST", "/answers", _plan),
    ("DELETE", "/answers", _unplan),
    ("POST", "/mailboxes", _add_mailbox),
    ("POST", "/calendars", _add_calendar),
    ("PATCH", "/calendars", _share_calendar),
    ("DELETE", "/calendars", _delete_calendar),
    ("POST", "/events", _add_event),
    ("PATCH", "/events/<event_id>", _edit_event),
    ("DELETE", "/events/<event_id>", _delete_event),
    ("POST", "/revoke", _revoke),
)
