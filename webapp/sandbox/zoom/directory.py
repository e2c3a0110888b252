"""Add and change the account, its users and its apps from plain data, refusing what makes no sense with a sentence."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .events import tell_user
from .limits import RATES
from .orders import is_zone
from .passcodes import LONGEST
from .records import DIGITS_RULE, PLAIN_RULE, Account, App, User
from .scopes import DEFAULT_SCOPES
from .settings import DEFAULTS, PASSCODE_LOCK
from .state import ZoomState
from .users import ROLES, STATUSES, TYPES

Values = Mapping[str, Any]
_RULES = {"plain": PLAIN_RULE, "digits": DIGITS_RULE}
_USER_FIELDS = frozenset(
    "email first_name last_name type status role timezone settings rule invitation_expired".split()
)
_ACCOUNT_FIELDS = frozenset("name plan timezone settings rule locks outsiders".split())
_APP_FIELDS = frozenset("client_id client_secret name redirect_uris scopes".split())


def add_user(state: ZoomState, values: Values) -> User:
    """Raises ValueError. Needs `email`; everything else has a default."""
    checked = _checked_user(values)
    email = checked.get("email", "")
    with state.change():
        if state.user_with_email(email):
            raise ValueError(f"{email} is a user already")
        user = User(
            id=secrets.token_urlsafe(16),
            sequence=state.next_sequence(),
            pmi=2_000_000_000 + secrets.randbelow(7_999_999_999),
            created_at=state.now(),
            **{"email": "", "first_name": "", "last_name": "", **checked},
        )
        if "@" not in user.email:
            raise ValueError("email must be an address")
        state.put_user(user)
    tell_user(state, user, None)
    return user


def change_user(state: ZoomState, user_id: str, values: Values) -> User:
    """Raises ValueError, also for an id that nobody has."""
    checked = _checked_user(values)
    with state.change():
        user = state.users.get(user_id)
        if user is None:
            raise ValueError("there is no such user")
        other = state.user_with_email(checked.get("email", user.email))
        if other and other.id != user.id:
            raise ValueError(f"{other.email} is a user already")
        changed = state.put_user(replace(user, **checked))
    tell_user(state, changed, user)
    return changed


def change_account(state: ZoomState, values: Values) -> Account:
    """Raises ValueError."""
    checked = _checked_account(values)
    with state.change():
        state.account = replace(state.account, **checked)
        return state.account


def put_app(state: ZoomState, values: Values) -> App:
    """Add the app, or bring the one with this client id (else this name) up to date; redirects are only added."""
    _refuse_unknown(values, _APP_FIELDS)
    with state.change():
        known = _known_app(state, values)
        app = App(
            id=values.get("client_id") or (known.id if known else secrets.token_urlsafe(16)),
            secret=values.get("client_secret") or (known.secret if known else secrets.token_urlsafe(24)),
            name=values.get("name") or (known.name if known else "Sandbox app"),
            redirect_uris=_merged(known.redirect_uris if known else (), values.get("redirect_uris", ())),
            scopes=tuple(values.get("scopes") or (known.scopes if known else DEFAULT_SCOPES)),
            webhook_url=known.webhook_url if known else "",
            webhook_secret=known.webhook_secret if known else "",
        )
        state.apps[app.id] = app
        return app


def _known_app(state: ZoomState, values: Values) -> App | None:
    if values.get("client_id"):
        return state.apps.get(values["client_id"])
    return next((app for app in state.apps.values() if app.name == values.get("name")), None)


def _merged(held: tuple[str, ...], added: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*held, *added]))


def _checked_user(values: Values) -> dict[str, Any]:
    _refuse_unknown(values, _USER_FIELDS)
    _choose(values, "type", TYPES)
    _choose(values, "status", STATUSES)
    _choose(values, "role", ROLES)
    _check_zone(values)
    _check_settings(values.get("settings", {}))
    return {**values, **({"rule": checked_rule(values["rule"])} if values.get("rule") is not None else {})}


def _checked_account(values: Values) -> dict[str, Any]:
    _refuse_unknown(values, _ACCOUNT_FIELDS)
    _choose(values, "plan", RATES)
    _check_zone(values)
    _check_settings(values.get("settings", {}))
    _check_settings(dict.fromkeys(set(values.get("locks", ())) - {PASSCODE_LOCK}))
    checked = dict(values)
    if "rule" in values:
        checked["rule"] = checked_rule(values["rule"])
    return checked | {name: tuple(values[name]) for name in ("locks", "outsiders") if name in values}


def checked_rule(rule: str | Values) -> dict[str, Any]:
    """`plain`, `digits`, or any fields of Zoom's meeting_password_requirement."""
    if isinstance(rule, str):
        if rule not in _RULES:
            raise ValueError(f"rule must be one of {', '.join(_RULES)}, or an object")
        return dict(_RULES[rule])
    _refuse_unknown(rule, frozenset(PLAIN_RULE))
    whole = {**PLAIN_RULE, **rule}
    if not 0 <= whole["length"] <= LONGEST or whole["consecutive_characters_length"] not in {0, 4, 5, 6, 7, 8}:
        raise ValueError(f"length must be at most {LONGEST}, consecutive_characters_length 0 or 4 to 8")
    return whole


def _check_settings(settings: Values) -> None:
    _refuse_unknown(settings, frozenset(DEFAULTS))


def _check_zone(values: Values) -> None:
    if values.get("timezone") and not is_zone(values["timezone"]):
        raise ValueError("timezone must be an IANA name")


def _choose(values: Values, name: str, allowed: Any) -> None:
    if name in values and values[name] not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}")


def _refuse_unknown(values: Values, allowed: frozenset[str]) -> None:
    unknown = sorted(set(values) - allowed)
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}")
