"""Turn Zoom's refusals into words for the office and a code on which an errand can act."""

import random
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from html import unescape
from typing import Any

from webapp.errors import N_, ProviderError
from webapp.providers.bearer import TOKEN
from webapp.providers.http import Answer
from webapp.providers.refusals import INVALID_GRANT, Refusal, as_error, one_line, unexplained, without_tags

GONE, PASSCODE = "gone", "passcode"
NOT_FOUND, INVALID = "not_found", "invalid"

_LAST_JITTER = 600
"""Seconds after midnight over which the hosts that used up their day begin again."""


_NO_USER = Refusal(NOT_FOUND, N_("Zoom does not know this teacher, or the user is not active. Check Pending Users."))
_PENDING = Refusal("pending", N_("This teacher was invited to Zoom and has not accepted the invitation yet."))
_NO_SCOPE = Refusal(
    "scopes", N_("Zoom does not let Confab do this: the app lacks a permission. An administrator has to connect again.")
)
_ACCESS = Refusal(TOKEN, N_("Zoom does not accept our access any more."), retry=True)

_BY_CODE = {
    124: _ACCESS,
    200: Refusal("plan", N_("The school's Zoom plan does not include this, or the administrator's role forbids it.")),
    300: Refusal(INVALID, N_("Zoom found the request invalid.")),
    1000: _PENDING,
    1001: _NO_USER,
    1010: _NO_USER,
    1120: _PENDING,
    3000: Refusal("refused", N_("Zoom refuses this meeting. It may have been changed into a webinar in Zoom.")),
    3001: Refusal(GONE, N_("The meeting does not exist in Zoom any more.")),
    3002: Refusal("running", N_("The meeting is running and cannot be deleted now."), retry=True),
    3161: Refusal("cannot_host", N_("This teacher's Zoom user may not hold meetings. Assign a licence in Zoom.")),
    4700: _NO_SCOPE,
    4711: _NO_SCOPE,
}
_OTHER = Refusal("refused", N_("Zoom refused the request."))
_PASSCODE = Refusal(PASSCODE, N_("Zoom's passcode rule does not allow our passcode: [%(rule)s]"))
_DEAD_GRANT = Refusal(INVALID_GRANT, N_("Zoom does not accept the connection any more. Connect again."))
_BAD_CLIENT = Refusal(
    "invalid_client", N_("Zoom does not accept this installation's client ID or client secret. Check the settings.")
)

_HOST_DAY = Refusal(
    "host_limit",
    N_("Zoom allows 100 new or changed meetings per teacher and day. It goes on after midnight UTC."),
    True,
)
_ACCOUNT_DAY = Refusal("account_limit", N_("The school's Zoom account has used up its calls for today."), retry=True)
_TOO_FAST = Refusal("rate", N_("Zoom asks us to go slower."), retry=True)
_CONCURRENT = Refusal("concurrent", N_("Zoom is still busy with another change of this teacher."), retry=True)

_DEAD_GRANT_CODES = frozenset({4735, 4738, 4741})
"""Its owner left, an administrator disabled it, it was revoked: the same cure, connect again."""


class ZoomDialect:
    """The REST API: a code and a message in JSON, and sometimes XML or a gateway's page."""

    service = "Zoom"

    def refused(self, answer: Answer) -> ProviderError:
        number, said = _code_and_words(answer)
        if answer.status == 429:
            return _limited(answer, said)
        if number is None:
            return unexplained(answer)
        if number == 300 and (rule := _broken_rule(said)):
            return _error(_PASSCODE, number, said, rule=rule)
        if answer.status == 401 and number not in {4700, 4711}:
            return _error(_ACCESS, number, said)
        if number == 3000 and "webinar info" in said.lower():
            return _error(_BY_CODE[3001], number, said)  # its host has changed it into a webinar
        return _error(_BY_CODE.get(number, _OTHER), number, said)


class ZoomOAuthDialect:
    """The token endpoint: an `error` word and a `reason`."""

    service = "Zoom"

    def refused(self, answer: Answer) -> ProviderError:
        number, said = _code_and_words(answer)
        if answer.status == 429:
            return _limited(answer, said)
        body = answer.json()
        word = str(body.get("error", "")) if isinstance(body, dict) else ""
        if word == INVALID_GRANT or number in _DEAD_GRANT_CODES:
            return _error(_DEAD_GRANT, number, said)
        if word == "invalid_client":
            return _error(_BAD_CLIENT, number, said)
        return _error(_OTHER, number, said) if word or number else unexplained(answer)


def passcode_suspected(error: ProviderError) -> ProviderError:
    """Some violations of the passcode rule are answered in XML, without words: worth one more try by the rule."""
    return ProviderError(_PASSCODE.message, retry=False, code=PASSCODE, detail=error.detail, rule="?")


def _error(
    refusal: Refusal, number: int | None, said: str, *, after: datetime | None = None, **values: Any
) -> ProviderError:
    return as_error(refusal, f"{number}: {said}" if number else said, after=after, **values)


def _limited(answer: Answer, said: str) -> ProviderError:
    """Headers cannot be relied on, so the words decide whom the limit stops."""
    lower = said.lower()
    if "particular user" in lower or ("daily" in lower and "(100)" in lower):
        return _error(_HOST_DAY, 429, said, after=_next_utc_day(answer.at))
    if "concurrent requests" in lower:
        return _error(_CONCURRENT, 429, said, after=answer.retry_after)
    refusal = _ACCOUNT_DAY if "daily" in lower else _TOO_FAST
    return _error(refusal, 429, said, after=answer.retry_after)


def _next_utc_day(at: datetime) -> datetime:
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return midnight + timedelta(seconds=random.uniform(1, _LAST_JITTER))  # noqa: S311 - jitter, not a secret


def _code_and_words(answer: Answer) -> tuple[int | None, str]:
    body = answer.json()
    if isinstance(body, dict):
        return _number(body.get("code")), _words(body)
    found = re.search(r"<code>\s*(\d+)\s*</code>.*?<message>(.*?)</message>", answer.text, re.DOTALL)
    if found:
        return int(found[1]), unescape(found[2]).strip()
    return None, without_tags(answer.text)


def _words(body: Mapping[str, Any]) -> str:
    fields = body.get("errors")
    named = [f"{one.get('field')}: {one.get('message')}" for one in fields or () if isinstance(one, dict)]
    said = str(body.get("message") or body.get("reason") or body.get("error") or "")
    return one_line("; ".join([said, *named]))


def _broken_rule(said: str) -> str:
    """Zoom's own sentence, which stands in brackets (R93)."""
    if "password" not in said.lower() and "passcode" not in said.lower():
        return ""
    found = re.search(r"\[(.+)\]", said)
    return found[1] if found else said


def _number(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None
