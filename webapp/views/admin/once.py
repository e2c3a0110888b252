"""Let a form act once, however often it is sent."""

from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from webapp import clock
from webapp.auth import who
from webapp.csrf import request_key
from webapp.services.booking.request_key import earlier_result, remember


def once(session: Session, action: str, *asked: object, deed: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the deed results in, or what the same form got before. Raises Invalid or KeyUsed for a key that is not
    ours, or was used for something else.
    """
    key = request_key()
    done = earlier_result(session, key, action, *asked)
    if done is None:
        done = deed()
        remember(session, key, action, *asked, result=done, login_id=who().login_id, now=clock.now())
    return done
