"""Add accounts, calendars and apps from plain data, refusing what makes no sense with a sentence."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .records import ROLES, Account, App, Calendar
from .state import GoogleState

Values = Mapping[str, Any]


def add_account(state: GoogleState, values: Values) -> Account:
    """With its primary calendar. Raises ValueError. Needs `email`."""
    _refuse_unknown(values, "email name timezone")
    email, zone = str(values.get("email", "")), _zone(values.get("timezone", "America/New_York"))
    if "@" not in email:
        raise ValueError("email must be an address")
    with state.change():
        if state.account_with_email(email):
            raise ValueError(f"{email} is an account already")
        number = str(100_000_000_000_000_000_000 + secrets.randbelow(10**20))
        account = Account(number, state.next_sequence(), email, str(values.get("name", "")) or email, zone)
        state.accounts[account.id] = account
        roles = {account.id: "owner"}
        state.calendars[email] = Calendar(email, state.next_sequence(), email, zone, roles, is_primary=True)
    return account


def add_calendar(state: GoogleState, values: Values) -> Calendar:
    """One more, of the account with this `email`, on which it has a `role`; an `id` that is known is shared with it."""
    _refuse_unknown(values, "email summary role timezone id")
    role = values.get("role", "owner")
    if role not in ROLES:
        raise ValueError(f"role must be one of {', '.join(ROLES)}")
    with state.change():
        account = account_of(state, str(values.get("email", "")))
        key = str(values.get("id") or f"c_{secrets.token_hex(16)}@group.calendar.google.com")
        known = state.calendars.get(key)
        zone = _zone(values.get("timezone", known.timezone if known else account.timezone))
        summary = str(values.get("summary") or (known.summary if known else "Calendar"))
        sequence = known.sequence if known else state.next_sequence()
        roles = {**(known.roles if known else {}), account.id: role}
        state.calendars[key] = Calendar(key, sequence, summary, zone, roles)
        return state.calendars[key]


def remove_calendar(state: GoogleState, calendar_id: str) -> None:
    """As its owner deletes it. Raises ValueError."""
    with state.change():
        calendar = state.calendars.get(calendar_id)
        if calendar is None or calendar.deleted_at is not None or calendar.is_primary:
            raise ValueError("there is no such calendar, or it is a primary one")
        state.calendars[calendar_id] = replace(calendar, deleted_at=state.now())


def put_app(state: GoogleState, values: Values) -> App:
    """Add the app, or bring the one with this client id up to date; redirects are only added."""
    _refuse_unknown(values, "client_id client_secret name redirect_uris is_testing")
    with state.change():
        known = state.apps.get(values.get("client_id", ""))
        app = App(
            id=values.get("client_id") or f"{secrets.token_hex(12)}.apps.googleusercontent.com",
            secret=values.get("client_secret") or (known.secret if known else f"GOCSPX-{secrets.token_urlsafe(21)}"),
            name=values.get("name") or (known.name if known else "Sandbox app"),
            redirect_uris=tuple(
                dict.fromkeys([*(known.redirect_uris if known else ()), *values.get("redirect_uris", ())])
            ),
            is_testing=bool(values.get("is_testing", known.is_testing if known else False)),
        )
        state.apps[app.id] = app
        return app


def account_of(state: GoogleState, email: str) -> Account:
    account = state.account_with_email(email)
    if account is None:
        raise ValueError(f"there is no account {email}")
    return account


def _zone(name: Any) -> str:
    try:
        ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("timezone must be an IANA name") from None
    return str(name)


def _refuse_unknown(values: Values, allowed: str) -> None:
    unknown = sorted(set(values) - set(allowed.split()))
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}")
