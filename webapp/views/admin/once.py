"""Let a form act once, however often it is sent."""

from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from webapp import clock
from webapp.auth import who
from webapp.csrf import request_key
from webapp.services.booking.request_key import keep_result, take_key


def once(session: Session, action: str, *asked: object, deed: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the deed results in, or what the same form got before. Raises Invalid or KeyUsed for a key that is not
    ours, or was used for something else or by somebody else.
    """
    key = request_key()
    done = take_key(session, key, action, *asked, login_id=who().login_id, now=clock.now())
    if done is None:
        done = deed()
        keep_result(session, key, done)
    return done
