"""Word what happened as Zoom's events do, and tell it to the apps that asked for it."""

import secrets
from dataclasses import replace
from typing import Any

from .answers import zulu
from .links import join_url
from .outbox import deliver, sealed
from .records import App, Grant, Meeting, User
from .state import ZoomState

_CHANGES = ("topic", "duration", "timezone", "agenda")


def subscribe(state: ZoomState, url: str, secret: str) -> None:
    """Save the address for all apps, once it has shown that it knows the secret. Raises ValueError."""
    plain = secrets.token_urlsafe(16)
    challenge = {"event": "endpoint.url_validation", "event_ts": _ms(state), "payload": {"plainToken": plain}}
    status, answer = deliver(url, secret, challenge, at=state.now())
    if status != 200 or answer != {"plainToken": plain, "encryptedToken": sealed(secret, plain.encode())}:
        raise ValueError(f"URL validation failed: the address answered {status or 'nothing'}.")
    with state.change():
        for app in list(state.apps.values()):
            state.apps[app.id] = replace(app, webhook_url=url, webhook_secret=secret)


def tell_meeting(state: ZoomState, event: str, meeting: Meeting, former: Meeting | None = None) -> None:
    thing = _meeting(state, meeting)
    payload: dict[str, Any] = {**_operator(state), "object": thing}
    if event == "meeting.created":
        settings = {name: meeting.settings[name] for name in ("use_pmi", "alternative_hosts")}
        payload["object"] = {**thing, "join_url": _link(state, meeting), "settings": settings}
    if former is not None:
        changed = _changed(state, meeting, former)
        payload |= {"object": changed[0], "old_object": changed[1], "time_stamp": _ms(state)}
    _tell(state, event, payload)


def tell_user(state: ZoomState, user: User, former: User | None) -> None:
    """`former` is None of a new user."""
    whom = {"id": user.id, "first_name": user.first_name, "last_name": user.last_name, "email": user.email}
    payload: dict[str, Any] = {**_operator(state), "object": {**whom, "type": user.type}}
    event = _user_event(user, former)
    if event == "user.created":
        payload["creation_type"] = "create"
    if event == "user.invitation_accepted":
        payload = {"object": payload["object"]}
    _tell(state, event, payload)


def tell_farewell(state: ZoomState, grant: Grant) -> None:
    """To the app alone that was removed."""
    app = state.apps.get(grant.client_id)
    if app is None or not app.webhook_url:
        return
    payload = {
        "user_id": grant.user_id,
        "account_id": state.account.id,
        "client_id": app.id,
        "deauthorization_time": zulu(state.now()),
        "signature": sealed(app.webhook_secret, grant.id.encode()),
        "event_ts": _ms(state),
    }
    _send(state, app, {"event": "app_deauthorized", "payload": payload})


def _tell(state: ZoomState, event: str, payload: dict[str, Any]) -> None:
    """To whom is installed."""
    installed = {grant.client_id for grant in state.grants.values() if grant.revoked_at is None}
    content = {"event": event, "event_ts": _ms(state), "payload": {"account_id": state.account.id, **payload}}
    for app in state.apps.values():
        if app.webhook_url and app.id in installed:
            _send(state, app, content)


def _send(state: ZoomState, app: App, content: dict[str, Any]) -> None:
    state.outbox.put(app.webhook_url, app.webhook_secret, content)


def _meeting(state: ZoomState, meeting: Meeting) -> dict[str, Any]:
    start = {} if meeting.start_at is None else {"start_time": zulu(meeting.start_at)}
    return {
        "uuid": meeting.uuid,
        "id": _number(state, meeting),
        "host_id": meeting.host_id,
        "topic": meeting.topic,
        "type": meeting.type,
        **start,
        "duration": meeting.duration,
        "timezone": meeting.timezone,
    }


def _changed(state: ZoomState, meeting: Meeting, former: Meeting) -> tuple[dict[str, Any], dict[str, Any]]:
    """The id and what changed, as it is and as it was. That it became a webinar is no type that these events have."""
    new: dict[str, Any] = {"id": _number(state, meeting)}
    old: dict[str, Any] = {"id": _number(state, meeting)}
    pairs = {name: (getattr(meeting, name), getattr(former, name)) for name in _CHANGES}
    pairs["host_id"] = (meeting.host_id, former.host_id)
    pairs["password"] = (meeting.passcode, former.passcode)
    if meeting.start_at is not None and former.start_at is not None:
        pairs["start_time"] = (zulu(meeting.start_at), zulu(former.start_at))
    for name, (now, before) in pairs.items():
        if now != before:
            new[name], old[name] = now, before
    return new, old


def _number(state: ZoomState, meeting: Meeting) -> int | str:
    return str(meeting.id) if state.switches.webhook_ids == "text" else meeting.id


def _link(state: ZoomState, meeting: Meeting) -> str:
    return join_url(state, meeting, state.users[meeting.host_id], state.public_url)


def _operator(state: ZoomState) -> dict[str, str]:
    who = next((user for user in state.users.values() if user.is_admin), None)
    return {"operator": who.email, "operator_id": who.id} if who else {"operator": "", "operator_id": ""}


def _user_event(user: User, former: User | None) -> str:
    if former is None:
        return "user.created"
    if user.status == former.status or user.status == "pending":
        return "user.updated"
    if user.status == "inactive":
        return "user.deactivated"
    return "user.invitation_accepted" if former.status == "pending" else "user.activated"


def _ms(state: ZoomState) -> int:
    return int(state.now() * 1000)
