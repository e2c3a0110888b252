"""Cut lists into pages by a signed token that lives 15 minutes and knows the last row shown."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from .answers import ZoomError
from .state import ZoomState

TOKEN_LIFE = 15 * 60.0


class Numbered(Protocol):
    @property
    def sequence(self) -> int: ...


N = TypeVar("N", bound=Numbered)


def page_of(
    state: ZoomState, rows: Sequence[N], query: Mapping[str, str], *, largest: int, subject: str
) -> tuple[list[N], dict[str, Any]]:
    """The rows of the page asked for, and the frame that Zoom puts around them.

    `rows` are in order of their sequence; `subject` binds a token to one list.
    """
    size = _page_size(query.get("page_size", "30"), largest)
    after = _read_token(state, query.get("next_page_token", ""), subject)
    rest = [row for row in rows if row.sequence > after]
    page = rest[:size]
    token = _make_token(state, page[-1].sequence, subject) if len(rest) > size else ""
    frame = {
        "next_page_token": token,
        "page_count": -(-len(rows) // size),
        "page_size": size,
        "total_records": len(rows),
    }
    return page, frame


def _page_size(text: str, largest: int) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ZoomError(400, 300, "Invalid parameter: `page_size`.")
    return min(int(text), largest)


def _make_token(state: ZoomState, last: int, subject: str) -> str:
    content = f"{last}.{int(state.now() + TOKEN_LIFE)}"
    return f"{content}.{_signature(state, content, subject)}"


def _read_token(state: ZoomState, token: str, subject: str) -> int:
    """The sequence after which the page begins; 0 is the beginning."""
    if not token:
        return 0
    content, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(state, content, subject).encode()):
        raise _bad_token()
    last, _, expires = content.partition(".")
    if int(expires) < state.now():
        raise _bad_token()
    return int(last)


def _bad_token() -> ZoomError:
    return ZoomError(400, 300, "The next page token is invalid or expired.")


def _signature(state: ZoomState, content: str, subject: str) -> str:
    return hmac.new(state.secret.encode(), f"{subject}|{content}".encode(), hashlib.sha256).hexdigest()[:24]
