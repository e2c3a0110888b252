"""Show the calendars of each mailbox and let them be changed there, as their owners do it in Outlook."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for

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
from .zones import WINDOWS, zone_named

_SHOWN_AS = ("busy", "tentative", "oof", "workingElsewhere", "free")
_RESPONSES = ("organizer", "accepted", "tentativelyAccepted", "notResponded", "declined")


def create_pages(state: MicrosoftState) -> Blueprint:
    pages = create_page(state, _home, _ACTIONS)

    @pages.get("/mailboxes/<mailbox_id>")
    def mailbox(mailbox_id: str) -> tuple[str, int]:
        return _page(state, mailbox_id)

    return pages


def _home(state: MicrosoftState, problem: str | None) -> str:
    with state.lock:
        return render_template(
            "microsoft/home.html",
            problem=problem,
            now=zulu(state.now()),
            mailboxes=[_summary(state, one) for one in sorted(state.mailboxes.values(), key=lambda one: one.name)],
            zones=list(WINDOWS),
            switches=asdict(state.switches),
            numbers=list(RANGES),
            choices=CHOICES,
            planned=state.planned,
            kinds=ALL_KINDS,
            operations=(*OPERATIONS, "token", "*"),
            usual="eventCreate",
        )


def _page(state: MicrosoftState, mailbox_id: str) -> tuple[str, int]:
    with state.lock:
        mailbox = state.mailboxes.get(mailbox_id)
        if mailbox is None:
            return _home(state, "There is no such mailbox."), 404
        today = datetime.fromtimestamp(state.now(), UTC).astimezone(zone_named(mailbox.zone)).date()
        page = render_template(
            "microsoft/mailbox.html",
            row=_summary(state, mailbox),
            calendars=[_calendar(state, one, mailbox) for one in state.calendars_of(mailbox.id)],
            tomorrow=today + timedelta(days=1),
            shown_as=_SHOWN_AS,
            responses=_RESPONSES,
            endings=list(ENDINGS),
        )
        return page, 200


def _summary(state: MicrosoftState, mailbox: Mailbox) -> dict[str, Any]:
    living = [one for one in state.grants.values() if one.mailbox_id == mailbox.id and not one.ended]
    calendars = state.calendars_of(mailbox.id)
    events = [event for one in calendars for event in state.events_of(one.id)]
    return {"mailbox": mailbox, "grants": len(living), "calendars": len(calendars), "events": len(events)}


def _calendar(state: MicrosoftState, calendar: Calendar, mailbox: Mailbox) -> dict[str, Any]:
    rows = [_event(one, mailbox) for one in state.events_of(calendar.id)]
    return {"calendar": calendar, "events": sorted(rows, key=lambda row: str(row["when"]))}


def _event(event: Event, mailbox: Mailbox) -> dict[str, Any]:
    zone = zone_named(mailbox.zone)
    start, end = (datetime.fromtimestamp(at, UTC).astimezone(zone) for at in (event.starts_at, event.ends_at))
    when = event.start[:10] if event.is_all_day else f"{start:%Y-%m-%d %H:%M} to {end:%H:%M}"
    return {"event": event, "when": when, "is_ours": bool(key_of(event))}


def _add_mailbox(state: MicrosoftState) -> str:
    add_mailbox(state, {name: request.form.get(name, "").strip() for name in ("email", "name", "zone")})
    return "mailboxes"


def _add_calendar(state: MicrosoftState, mailbox_id: str) -> str:
    add_calendar(state, mailbox_id, request.form.get("name", ""), can_edit="can_edit" in request.form)
    return _place(mailbox_id)


def _delete_calendar(state: MicrosoftState, mailbox_id: str) -> str:
    desk.delete_calendar(state, request.form.get("calendar_id", ""))
    return _place(mailbox_id)


def _add_event(state: MicrosoftState, mailbox_id: str) -> str:
    mailbox = state.mailboxes.get(mailbox_id)
    if mailbox is None:
        raise ValueError("There is no such mailbox.")
    form = request.form
    values = {
        **_typed_span(mailbox.zone),
        "subject": form.get("subject", "").strip() or "Private",
        "showAs": form.get("show_as", "busy"),
        "response": form.get("response", "organizer"),
    }
    desk.add_event(state, form.get("calendar_id", ""), values)
    return _place(mailbox_id)


def _typed_span(zone: str) -> dict[str, Any]:
    """Raises ValueError."""
    form, day = request.form, date.fromisoformat(request.form.get("day", ""))
    is_all_day = "is_all_day" in form
    start = datetime.combine(day, time() if is_all_day else time.fromisoformat(form.get("time", "")))
    end = start + (timedelta(days=1) if is_all_day else timedelta(minutes=whole(form.get("minutes", "60"))))
    span = {name: {"dateTime": at.isoformat(), "timeZone": zone} for name, at in (("start", start), ("end", end))}
    return {**span, "isAllDay": is_all_day, "recurrence": _weekly(day) if "weekly" in form else None}


def _weekly(day: date) -> dict[str, Any]:
    days = {"type": "weekly", "interval": 1, "daysOfWeek": [f"{day:%A}".lower()], "firstDayOfWeek": "sunday"}
    return {"pattern": days, "range": {"type": "noEnd", "startDate": day.isoformat()}}


def _edit_event(state: MicrosoftState, mailbox_id: str) -> str:
    subject, later = request.form.get("subject", "").strip(), request.form.get("minutes_later", "").strip()
    values: dict[str, Any] = {"subject": subject} if subject else {}
    desk.edit_event(state, request.form.get("event_id", ""), {**values, "minutes_later": later or 0})
    return _place(mailbox_id)


def _delete_event(state: MicrosoftState, mailbox_id: str) -> str:
    desk.delete_event(state, request.form.get("event_id", ""))
    return _place(mailbox_id)


def _end_grants(state: MicrosoftState, mailbox_id: str) -> str:
    end_grants(state, request.form.get("why", ""), email=request.form.get("email", ""))
    return _place(mailbox_id)


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


def _place(mailbox_id: str) -> str:
    return url_for("pages.mailbox", mailbox_id=mailbox_id)


_ACTIONS: dict[str, Callable[..., str]] = {
    "/mailboxes": _add_mailbox,
    "/mailboxes/<mailbox_id>/calendars": _add_calendar,
    "/mailboxes/<mailbox_id>/calendars/delete": _delete_calendar,
    "/mailboxes/<mailbox_id>/events": _add_event,
    "/mailboxes/<mailbox_id>/events/edit": _edit_event,
    "/mailboxes/<mailbox_id>/events/delete": _delete_event,
    "/mailboxes/<mailbox_id>/grants/end": _end_grants,
    "/switches": _set_switches,
    "/answers": _plan,
    "/answers/clear": _unplan,
}
