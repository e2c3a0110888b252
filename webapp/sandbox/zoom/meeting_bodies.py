"""Say a meeting in the API's words: in full to who asks for it, in short in a list."""

import hashlib
import hmac
from typing import Any

from .answers import zulu
from .calls import Call
from .links import join_url
from .records import Meeting, User
from .state import ZoomState

START_LINK_LIFE = 2 * 3600
LISTED_AGENDA = 250


def start_key(state: ZoomState, meeting_id: int, expires: int) -> str:
    content = f"{meeting_id}.{expires}"
    seal = hmac.new(state.secret.encode(), content.encode(), hashlib.sha256).hexdigest()[:32]
    return f"{expires}.{seal}"


def listed_meeting(call: Call, meeting: Meeting) -> dict[str, Any]:
    host = call.state.users[meeting.host_id]
    return {**_common(call, meeting, host), "agenda": meeting.agenda[:LISTED_AGENDA]}


def meeting_body(call: Call, meeting: Meeting, host: User) -> dict[str, Any]:
    expires = int(call.now) + START_LINK_LIFE
    shown = {
        **_common(call, meeting, host),
        "assistant_id": "",
        "host_email": host.email,
        "status": "waiting",
        "start_url": f"{call.site}/s/{meeting.id}?zak={start_key(call.state, meeting.id, expires)}",
        "settings": meeting.settings,
        "pre_schedule": meeting.pre_schedule,
        "creation_source": "open_api",
    }
    return {**shown, **_passcodes(meeting)} if meeting.passcode else shown


def _common(call: Call, meeting: Meeting, host: User) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "uuid": meeting.uuid,
        "id": meeting.id,
        "host_id": meeting.host_id,
        "topic": meeting.topic,
        "type": meeting.type,
        "duration": meeting.duration,
        "timezone": meeting.timezone,
        "agenda": meeting.agenda,
        "created_at": zulu(meeting.created_at),
        "join_url": join_url(call.state, meeting, host, call.site),
    }
    if meeting.start_at is not None:
        shown["start_time"] = zulu(meeting.start_at)
    return {**shown, "pmi": str(meeting.pmi)} if meeting.pmi else shown


def _passcodes(meeting: Meeting) -> dict[str, str]:
    """Telephones and room systems have digits only, made from the meeting so that they stay."""
    digits = str(int(hashlib.sha256(meeting.passcode_key.encode()).hexdigest(), 16))[-6:]
    numeric = meeting.passcode if meeting.passcode.isdecimal() else digits
    return {
        "password": meeting.passcode,
        "h323_password": numeric,
        "pstn_password": numeric,
        "encrypted_password": meeting.passcode_key,
    }
