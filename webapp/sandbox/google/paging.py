"""Cut lists into pages by a signed token that knows the last entry shown."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .answers import invalid
from .calls import Call
from .state import GoogleState

T = TypeVar("T")
Place = list[Any]
"""Where an entry stands in the order of its list, in what JSON can hold."""


def page_of(
    call: Call, rows: Sequence[T], place: Callable[[T], Place], *, usual: int, largest: int
) -> tuple[list[T], dict[str, str]]:
    """The rows of the page asked for, and the token of the next if there is one. The token holds for this very
    question only."""
    size = _size(call.query.get("maxResults", str(usual)), min(largest, call.state.switches.page_limit))
    after = _read(call, call.query.get("pageToken", ""))
    rest = sorted((row for row in rows if after is None or place(row) > after), key=place)
    page = rest[:size]
    return page, {"nextPageToken": _made(call, place(page[-1]))} if len(rest) > size else {}


def _size(text: str, largest: int) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise invalid("maxResults", f"Invalid integer value: '{text}'.", "invalidParameter")
    return min(int(text), largest)


def _made(call: Call, place: Place) -> str:
    content = json.dumps(place)
    return base64.urlsafe_b64encode(f"{_seal(call, content)}{content}".encode()).decode().rstrip("=")


def _read(call: Call, token: str) -> Place | None:
    if not token:
        return None
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    except ValueError:
        raise invalid("pageToken", "Invalid value") from None
    seal, content = text[:_SEAL], text[_SEAL:]
    if not hmac.compare_digest(seal.encode(), _seal(call, content).encode()):
        raise invalid("pageToken", "Invalid value")
    place: Place = json.loads(content)
    return place


_SEAL = 16


def _seal(call: Call, content: str) -> str:
    asked = sorted((name, value) for name, value in call.query.items(multi=True) if name != "pageToken")
    text = f"{call.account.id}|{asked}|{content}"
    return hmac.new(_key(call.state), text.encode(), hashlib.sha256).hexdigest()[:_SEAL]


def _key(state: GoogleState) -> bytes:
    return state.secret.encode()
