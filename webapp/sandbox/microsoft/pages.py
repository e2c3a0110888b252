"""Show a teacher's calendar and let it be changed there; every form works without scripts and redirects back."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, render_template, request

from ..forms import create_page, typed_plan, typed_switches, whole
from ..planned import planned_answer
from . import desk
from .answers import zulu
from .api import OPERATIONS
from .control import key_of
from .faults import ALL_KINDS, CHOICES, RANGES
from .grants import ENDINGS, end_grants
from .records import Calendar, Event, Mailbox
from .seeding import add_calendar, add_mailbox
from .state import MicrosoftState
from .zones import WINDOWS

_SHOWN_AS = ("busy", "tentative", "oof", "workingElsewhere", "free")
_RESPONSES = ("organizer", "accepted", "tentativelyAccepted", "notResponded", "declined")


def create_pages(state: MicrosoftState) -> Blueprint:
    return create_page(state, _home, _ACTIONS)


def _home(state: MicrosoftState, problem: str | None) -> str:
    with state.lock:
        return render_template("microsoft/home.html", problem=problem, **_view(state))


def _view(state: MicrosoftState) -> dict[str, Any]:
    return {
        "now": zulu(state.now()),
        "mailboxes": [_mailbox(state, one) for one in sorted(state.mailboxes.values(), key=lambda one: one.name)],
        "zones": list(WINDOWS),
        "shown_as": _SHOWN_AS,
        "responses": _RESPONSES,
        "endings": list(ENDINGS),
        "tomorrow": (date.fromisoformat(zulu(state.now())[:10]) + timedelta(days=1)).isoformat(),
        "switches": asdict(state.switches),
        "numbers": list(RANGES),
        "choices": CHOICES,
        "planned": state.planned,
        "kinds": ALL_KINDS,
        "usual": "eventCreate",
        "operations": (*OPERATIONS, "token", "*"),
    }


def _mailbox(state: MicrosoftState, mailbox: Mailbox) -> dict[str, Any]:
    linked = [one for one in state.grants.values() if one.mailbox_id == mailbox.id and not one.ended]
    calendars = [_calendar(state, one) for one in state.calendars_of(mailbox.id)]
    return {"mailbox": mailbox, "linked": len(linked), "calendars": calendars}


def _calendar(state: MicrosoftState, calendar: Calendar) -> dict[str, Any]:
    events = sorted(state.events_of(calendar.id), key=lambda one: one.start)
    return {"calendar": calendar, "events": [_event(one) for one in events]}


def _event(event: Event) -> dict[str, Any]:
    start, end = datetime.fromisoformat(event.start), datetime.fromisoformat(event.end)
    when = f"{start:%Y-%m-%d}" if event.is_all_day else f"{start:%Y-%m-%d %H:%M} to {end:%H:%M}"
    return {"event": event, "when": when, "is_ours": bool(key_of(event))}


def _add_mailbox(state: MicrosoftState) -> str:
    add_mailbox(state, {name: request.form.get(name, "").strip() for name in ("email", "name", "zone")})
    return "mailboxes"


def _add_calendar(state: MicrosoftState, mailbox_id: str) -> str:
    add_calendar(state, mailbox_id, request.form.get("name", ""), can_edit="can_edit" in request.form)
    return "mailboxes"


def _delete_calendar(state: MicrosoftState) -> str:
    desk.delete_calendar(state, request.form.get("calendar_id", ""))
    return "mailboxes"


def _add_event(state: MicrosoftState) -> str:
    form, calendar_id = request.form, request.form.get("calendar_id", "")
    calendar = state.calendars.get(calendar_id)
    zone = state.mailboxes[calendar.mailbox_id].zone if calendar else "UTC"
    day, is_all_day = date.fromisoformat(form.get("day", "")), "is_all_day" in form
    start = datetime.combine(day, datetime.min.time() if is_all_day else _clock(form.get("time", "")))
    end = start + (timedelta(days=1) if is_all_day else timedelta(minutes=whole(form.get("minutes", "60"))))
    weekly = {"type": "weekly", "interval": 1, "daysOfWeek": [f"{start:%A}".lower()], "firstDayOfWeek": "sunday"}
    values = {
        "subject": form.get("subject", "").strip() or "Private",
        "start": {"dateTime": start.isoformat(), "timeZone": zone},
        "end": {"dateTime": end.isoformat(), "timeZone": zone},
        "isAllDay": is_all_day,
        "showAs": form.get("show_as", "busy"),
        "response": form.get("response", "organizer"),
    }
    if "weekly" in form:
        values["recurrence"] = {"pattern": weekly, "range": {"type": "noEnd", "startDate": day.isoformat()}}
    desk.add_event(state, calendar_id, values)
    return "mailboxes"


def _edit_event(state: MicrosoftState, event_id: str) -> str:
    subject, later = request.form.get("subject", "").strip(), request.form.get("minutes_later", "").strip()
    values: dict[str, Any] = {"subject": subject} if subject else {}
    desk.edit_event(state, event_id, {**values, "minutes_later": later or 0})
    return "mailboxes"


def _delete_event(state: MicrosoftState, event_id: str) -> str:
    desk.delete_event(state, event_id)
    return "mailboxes"


def _end_grants(state: MicrosoftState) -> str:
    end_grants(state, request.form.get("why", ""), email=request.form.get("email", ""))
    return "mailboxes"


def _set_switches(state: MicrosoftState) -> str:
    state.set_switches(**typed_switches(RANGES, CHOICES))
    return "faults"


def _plan(state: MicrosoftState) -> str:
    state.plan(planned_answer(typed_plan(), ALL_KINDS))
    return "faults"


def _unplan(state: MicrosoftState) -> str:
    with state.lock:
        state.planned.clear()
    return "faults"


def _clock(text: str) -> Any:
    return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - what a clock on the wall shows


_ACTIONS: dict[str, Callable[..., str]] = {
    "/mailboxes": _add_mailbox,
    "/mailboxes/<mailbox_id>/calendars": _add_calendar,
    "/calendars/delete": _delete_calendar,
    "/events": _add_event,
    "/events/<event_id>/edit": _edit_event,
    "/events/<event_id>/delete": _delete_event,
    "/grants/end": _end_grants,
    "/switches": _set_switches,
    "/answers": _plan,
    "/answers/clear": _unplan,
}
