"""Turn Google's refusals into words for the teacher and a code on which an errand can act."""

from dataclasses import replace
from typing import Any

from webapp.errors import N_, ProviderError
from webapp.providers.bearer import TOKEN
from webapp.providers.http import Answer
from webapp.providers.refusals import INVALID_GRANT, Refusal, as_error, one_line, unexplained

NOT_FOUND, DUPLICATE, GONE, FORBIDDEN = "not_found", "duplicate", "gone", "forbidden"
NO_CALENDAR, USED, INVALID_TOKEN = "no_calendar", "used", "invalid_token"
NO_REFRESH = "no_refresh_token"

_ACCESS = Refusal(TOKEN, N_("Google does not accept our access any more."), retry=True)
_TOO_FAST = Refusal("rate", N_("Google asks us to go slower."), retry=True)
_NO_SCOPE = Refusal(
    "scopes", N_("Google does not let Confab do this: a permission is missing. Link the calendar again and allow all.")
)
_NOT_ENABLED = Refusal("not_enabled", N_("The Calendar API is not switched on in this installation's Google project."))
_FORBIDDEN = Refusal(FORBIDDEN, N_("Google does not let this account change the entry."))
_MISSING = Refusal(NOT_FOUND, N_("The entry does not exist in Google Calendar."))
_OTHER = Refusal("refused", N_("Google refused the request."))

_BY_REASON = {
    "rateLimitExceeded": _TOO_FAST,
    "userRateLimitExceeded": _TOO_FAST,
    "dailyLimitExceeded": Refusal("quota", N_("This installation has used up its calls to Google for today."), True),
    "quotaExceeded": Refusal("quota", N_("This Google account has used up what Google allows its calendar for now.")),
    "insufficientPermissions": _NO_SCOPE,
    "accessNotConfigured": _NOT_ENABLED,
}
"""Of a 403: most mean never, some mean later (PROVIDERS 2)."""

_BY_STATUS = {
    400: Refusal("invalid", N_("Google found the request invalid.")),
    401: _ACCESS,
    403: _FORBIDDEN,
    404: _MISSING,
    409: Refusal(DUPLICATE, N_("Google has an entry of this key already.")),
    410: Refusal(GONE, N_("The entry was deleted in Google Calendar.")),
    429: _TOO_FAST,
}

_DEAD_GRANT = Refusal(INVALID_GRANT, N_("Google does not accept the connection any more. Link the calendar again."))
_BAD_CLIENT = Refusal(
    "invalid_client", N_("Google does not accept this installation's client ID or client secret. Check the settings.")
)
_BY_WORD = {
    INVALID_GRANT: _DEAD_GRANT,
    "invalid_client": _BAD_CLIENT,
    "unauthorized_client": _BAD_CLIENT,
    INVALID_TOKEN: replace(_DEAD_GRANT, code=INVALID_TOKEN),
}
_NO_CALENDAR = Refusal(
    NO_CALENDAR, N_("This calendar does not exist in Google any more, or may not be written to. Choose another one.")
)
_USED = Refusal(USED, N_("The entry was on this calendar before and was deleted there."))
_NO_REFRESH = Refusal(
    NO_REFRESH, N_("Google gave access for an hour only. Remove Confab from your Google account and link it again.")
)


class GoogleDialect:
    """The REST API: `error` with a code, a message and a list of reasons."""

    service = "Google"

    def refused(self, answer: Answer) -> ProviderError:
        reason, said = _reason_and_words(answer)
        if not said and answer.status not in {401, 404, 410, 429}:
            return unexplained(answer)
        refusal = _BY_STATUS.get(answer.status, _OTHER)
        if answer.status == 403:
            refusal = _BY_REASON.get(reason, _FORBIDDEN)
        return as_error(refusal, f"{reason}: {said}" if reason else said, after=answer.retry_after)


class GoogleOAuthDialect:
    """The token endpoint: an `error` word and a description."""

    service = "Google"

    def refused(self, answer: Answer) -> ProviderError:
        body = answer.json()
        word = body.get("error") if isinstance(body, dict) else None
        if answer.status == 429:
            return as_error(_TOO_FAST, one_line(answer.text), after=answer.retry_after)
        if not isinstance(body, dict) or not isinstance(word, str):
            return unexplained(answer)
        said = one_line(f"{word}: {body.get('error_description') or ''}")
        return as_error(_BY_WORD.get(word, _OTHER), said)


def no_calendar(error: ProviderError) -> ProviderError:
    return as_error(_NO_CALENDAR, error.detail)


def used(error: ProviderError) -> ProviderError:
    return as_error(_USED, error.detail)


def gone(error: ProviderError) -> ProviderError:
    return as_error(_BY_STATUS[410], error.detail)


def no_refresh_token() -> ProviderError:
    return as_error(_NO_REFRESH, "")


def _reason_and_words(answer: Answer) -> tuple[str, str]:
    """The first reason, and all that is said; empty where the answer is none of Google's."""
    body = answer.json()
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "", ""
    listed: list[Any] = error["errors"] if isinstance(error.get("errors"), list) else []
    reasons = [str(one.get("reason") or "") for one in listed if isinstance(one, dict)]
    return next(iter(reasons), ""), one_line(str(error.get("message") or answer.status))
