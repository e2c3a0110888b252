"""Knock at Zoom's door without a key: is it there, and what time does it say it is."""

from datetime import datetime

from webapp.errors import N_, ProviderError
from webapp.providers.http import Answer, Nobody, call, new_session


def time_at_zoom(api_url: str) -> tuple[datetime, datetime]:
    """Zoom's time, in whole seconds, and ours when its answer came. Raises ProviderError where it cannot be reached."""
    door = _Door()
    try:
        answer = call(new_session(), "GET", f"{api_url.rstrip('/')}/users/me", dialect=door, auth=Nobody())
    except ProviderError:
        if door.answer is None:
            raise
        answer = door.answer
    if answer.provider_time is None:
        raise answer.unreadable()
    return answer.provider_time, answer.at


class _Door:
    """A Dialect for which being turned away is the answer."""

    service = "Zoom"

    def __init__(self) -> None:
        self.answer: Answer | None = None

    def refused(self, answer: Answer) -> ProviderError:
        self.answer = answer
        return ProviderError(N_("%(service)s does not let strangers in."), retry=False, service=self.service)
