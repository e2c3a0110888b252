"""Show the calendars of each account and let them be changed there, as their owners do it in Google Calendar."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for

from ..forms import create_page, typed_plan, typed_switches, whole
from . import portal
from .answers import zulu
from .control import KEY
from .faults import CHOICES, KINDS, RANGES, planned_answer
from .grants import revoke_grants
from .moments import Span, span_of, wall
from .people import add_account, add_calendar, remove_calendar
from .records import ROLES, Account, Calendar, Event
from .scopes import METHODS
from .state import GoogleState

_ANSWERS = ("mine", "accepted", "tentative", "needsAction", "declined")
"""What the owner said to somebody else's invitation; their own has no guests."""


def create_pages(state: GoogleState) -> Blueprint:
    pages = create_page(state, _home, _ACTIONS)

    @pages.get("/accounts/<account_id>")
    def account(account_id: str) -> tuple[str, int]:
        return _account(state, account_id)

    return pages


def _home(state: GoogleState, problem: str | None) -> str:
    with state.lock:
        return render_template(
            "google/home.html",
            problem=problem,
            now=zulu(state.now()),
            apps=list(state.apps.values()),
            accounts=[_summary(state, one) for one in state.accounts.values()],
            switches=asdict(state.switches),
            numbers=list(RANGES),
            choices=CHOICES,
            planned=state.planned,
            kinds=KINDS,
            operations=(*METHODS, "token", "*"),
            usual="events.insert",
        )


def _account(state: GoogleState, account_id: str) -> tuple[str, int]:
    with state.lock:
        account = state.accounts.get(account_id)
        if account is None:
            return _home(state, "There is no such account."), 404
        calendars = [_calendar(state, one, account) for one in state.calendars_of(account.id)]
        tomorrow = wall(_now(state), account.timezone).date() + timedelta(days=1)
        row = _summary(state, account)
        page = render_template(
            "google/account.html", row=row, calendars=calendars, tomorrow=tomorrow, roles=ROLES, answers=_ANSWERS
        )
        return page, 200


def _summary(state: GoogleState, account: Account) -> dict[str, Any]:
    now = state.now()
    living = [one for one in state.grants.values() if one.account_id == account.id and one.is_living(now)]
    calendars = state.calendars_of(account.id)
    events = [event for one in calendars for event in state.events_on(one.id) if not event.is_deleted]
    return {"account": account, "grants": len(living), "calendars": len(calendars), "events": len(events)}


def _calendar(state: GoogleState, calendar: Calendar, account: Account) -> dict[str, Any]:
    events = [event for event in state.events_on(calendar.id) if not event.is_deleted]
    rows = [_event(event, span_of(event.said, calendar.timezone), calendar) for event in events]
    return {
        "calendar": calendar,
        "role": calendar.role_of(account.id),
        "events": sorted(rows, key=lambda row: row["starts_at"]),
    }


def _event(event: Event, span: Span, calendar: Calendar) -> dict[str, Any]:
    start, end = wall(span.starts_at, calendar.timezone), wall(span.ends_at, calendar.timezone)
    own = [one for one in event.said.get("attendees", []) if one.get("self")]
    return {
        "event": event,
        "starts_at": start,
        "when": f"{start:%Y-%m-%d}" if span.is_day else f"{start:%Y-%m-%d %H:%M} to {end:%H:%M}",
        "is_ours": KEY in event.private,
        "answer": own[0].get("responseStatus", "") if own else "",
    }


def _now(state: GoogleState) -> datetime:
    return datetime.fromisoformat(zulu(state.now()))


def _add_account(state: GoogleState) -> str:
    add_account(state, {name: request.form.get(name, "").strip() for name in ("email", "name", "timezone")})
    return "accounts"


def _add_calendar(state: GoogleState, account_id: str) -> str:
    account = _known(state, account_id)
    summary, role = request.form.get("summary", "").strip(), request.form.get("role", "owner")
    add_calendar(state, {"email": account.email, "summary": summary, "role": role})
    return _place(account_id)


def _remove_calendar(state: GoogleState, account_id: str) -> str:
    remove_calendar(state, request.form.get("calendar_id", ""))
    return _place(account_id)


def _add_event(state: GoogleState, account_id: str) -> str:
    account, calendar_id = _known(state, account_id), request.form.get("calendar_id", "")
    portal.add_by_hand(state, calendar_id, {**_typed_event(account), **_typed_span(account.timezone)})
    return _place(account_id)


def _typed_event(account: Account) -> dict[str, Any]:
    form, answer = request.form, request.form.get("answer", "mine")
    said: dict[str, Any] = {"summary": form.get("summary", "").strip() or "Private"}
    if answer != "mine":
        own = {"email": account.email, "self": True, "responseStatus": answer}
        said["attendees"] = [{"email": "somebody@elsewhere.example", "organizer": True}, own]
    if "free" in form:
        said["transparency"] = "transparent"
    return {**said, "recurrence": ["RRULE:FREQ=WEEKLY"]} if "weekly" in form else said


def _typed_span(zone: str) -> dict[str, Any]:
    """Raises ValueError."""
    day = date.fromisoformat(request.form.get("day", ""))
    if "is_day" in request.form:
        return {"start": {"date": day.isoformat()}, "end": {"date": (day + timedelta(days=1)).isoformat()}}
    start = datetime.fromisoformat(f"{day}T{request.form.get('time', '')}")
    end = start + timedelta(minutes=whole(request.form.get("minutes", "")))
    return {name: {"dateTime": at.isoformat(), "timeZone": zone} for name, at in (("start", start), ("end", end))}


def _edit_event(state: GoogleState, account_id: str) -> str:
    summary, later = request.form.get("summary", "").strip(), request.form.get("minutes_later", "").strip()
    values: dict[str, Any] = {"summary": summary} if summary else {}
    values["minutes_later"] = whole(later) if later else 0
    portal.edit_by_hand(state, *_named_event(), values)
    return _place(account_id)


def _delete_event(state: GoogleState, account_id: str) -> str:
    portal.delete_by_hand(state, *_named_event())
    return _place(account_id)


def _named_event() -> tuple[str, str]:
    return request.form.get("calendar_id", ""), request.form.get("event_id", "")


def _remove_app(state: GoogleState, account_id: str) -> str:
    revoke_grants(state, account_id=account_id)
    return _place(account_id)


def _set_testing(state: GoogleState) -> str:
    with state.change():
        for app in state.apps.values():
            state.apps[app.id] = replace(app, is_testing="is_testing" in request.form)
    return "accounts"


def _set_switches(state: GoogleState) -> str:
    state.set_switches(**typed_switches(RANGES, CHOICES))
    return "faults"


def _plan(state: GoogleState) -> str:
    state.plan(planned_answer(typed_plan()))
    return "faults"


def _unplan(state: GoogleState) -> str:
    with state.lock:
        state.planned.clear()
    return "faults"


def _known(state: GoogleState, account_id: str) -> Account:
    account = state.accounts.get(account_id)
    if account is None:
        raise ValueError("there is no such account")
    return account


def _place(account_id: str) -> str:
    return url_for("pages.account", account_id=account_id)


_ACTIONS: dict[str, Callable[..., str]] = {
    "/accounts": _add_account,
    "/testing": _set_testing,
    "/accounts/<account_id>/calendars": _add_calendar,
    "/accounts/<account_id>/calendars/delete": _remove_calendar,
    "/accounts/<account_id>/events": _add_event,
    "/accounts/<account_id>/events/edit": _edit_event,
    "/accounts/<account_id>/events/delete": _delete_event,
    "/accounts/<account_id>/remove-app": _remove_app,
    "/switches": _set_switches,
    "/answers": _plan,
    "/answers/clear": _unplan,
}
