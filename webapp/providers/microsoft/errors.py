"""Turn the refusals of Microsoft Graph and its sign-in into words for people and a code on which an errand can act."""

import re
from collections.abc import Sequence
from typing import Any

from webapp.errors import N_, ProviderError
from webapp.providers.bearer import TOKEN
from webapp.providers.http import Answer
from webapp.providers.refusals import INVALID_GRANT, Refusal, as_error, one_line, unexplained

GONE, DENIED, DUPLICATE = "gone", "denied", "duplicate"

_ACCESS = Refusal(TOKEN, N_("Microsoft does not accept our access any more."), retry=True)
_GONE = Refusal(GONE, N_("This does not exist in the Outlook calendar any more."))
_DENIED = Refusal(DENIED, N_("Microsoft does not let Confab write to this calendar."))
_NO_MAILBOX = Refusal("no_mailbox", N_("This Microsoft account has no mailbox in the cloud, and so no calendar."))
_FULL = Refusal("full", N_("The Outlook mailbox is full."), retry=True)
_CONFLICT = Refusal("conflict", N_("The entry was being changed in Outlook at the same moment."), retry=True)
_DUPLICATE = Refusal(DUPLICATE, N_("The Outlook calendar has had this entry before."))
_INVALID = Refusal("invalid", N_("Microsoft found the request invalid."))
_OTHER = Refusal("refused", N_("Microsoft refused the request."))
_TOO_FAST = Refusal("rate", N_("Microsoft asks us to go slower."), retry=True)
_CONCURRENT = Refusal("concurrent", N_("Microsoft is still busy with other calls for this mailbox."), retry=True)

_DEAD_GRANT = Refusal(INVALID_GRANT, N_("Microsoft does not accept the connection any more. Sign in to Outlook again."))
_BAD_CLIENT = Refusal(
    "invalid_client",
    N_("Microsoft does not accept this installation's client ID or client secret. Check the settings."),
)
_OLD_SECRET = Refusal(
    "invalid_client",
    N_("This installation's client secret for Microsoft has expired. Make a new one in Microsoft Entra."),
)
_PASSES = Refusal("unavailable", N_("Microsoft's sign-in is not available just now."), retry=True)
_NO_SCOPE = Refusal("scopes", N_("Sign in to Outlook again and allow what was not allowed: %(missing)s"))
NOT_LASTING = Refusal("scopes", N_("Microsoft gave no lasting access. Sign in again and allow all that is asked for."))

_BY_CODE = {
    "ErrorItemNotFound": _GONE,
    "ErrorAccessDenied": _DENIED,
    "Authorization_RequestDenied": _DENIED,
    "ErrorCannotWriteToCalendar": _DENIED,
    "ErrorDuplicateTransactionId": _DUPLICATE,
    "ErrorIrresolvableConflict": _CONFLICT,
    "ErrorQuotaExceeded": _FULL,
    "MailboxNotEnabledForRESTAPI": _NO_MAILBOX,
    "MailboxNotSupportedForRESTAPI": _NO_MAILBOX,
    "MailboxNotHostedInExchangeOnline": _NO_MAILBOX,
}
_BY_STATUS = {400: _INVALID, 401: _ACCESS, 403: _DENIED, 404: _GONE, 409: _CONFLICT, 412: _CONFLICT}

_DEAD = frozenset({INVALID_GRANT, "interaction_required", "consent_required", "login_required"})
"""Of the last three a Conditional Access policy or an administrator is the cause: the cure is the same, sign in."""
_CLIENT = frozenset({"invalid_client", "unauthorized_client"})
_WAIT = frozenset({"temporarily_unavailable", "server_error"})
_EXPIRED_SECRET = re.compile(r"\bAADSTS7000222\b")


class GraphDialect:
    """The REST API: `{"error": {"code", "message", …}}`, and sometimes a gateway's page."""

    service = "Microsoft"

    def refused(self, answer: Answer) -> ProviderError:
        error = _object(answer.json(), "error")
        code, said = str(error.get("code") or ""), str(error.get("message") or "")
        if answer.status == 429:
            refusal = _CONCURRENT if "concurrency" in said.lower() else _TOO_FAST
            return _error(answer, refusal, code, said)
        if not code:
            return unexplained(answer)
        refusal = _BY_CODE.get(code) or _BY_STATUS.get(answer.status, _OTHER)
        return _error(answer, refusal, code, said, existing=_existing(error))


class SignInDialect:
    """The token endpoint: an `error` word, and a description that begins with an AADSTS number."""

    service = "Microsoft"

    def refused(self, answer: Answer) -> ProviderError:
        body = answer.json()
        word, said = (str(body.get(name) or "") if isinstance(body, dict) else "" for name in _NAMES)
        if answer.status == 429:
            return _error(answer, _TOO_FAST, word, said)
        return _error(answer, _meaning(word, said), word, said) if word else unexplained(answer)


_NAMES = ("error", "error_description")


def _meaning(word: str, said: str) -> Refusal:
    if _EXPIRED_SECRET.search(said):
        return _OLD_SECRET
    if word in _CLIENT:
        return _BAD_CLIENT
    if word in _DEAD:
        return _DEAD_GRANT
    return _PASSES if word in _WAIT else _OTHER


def _error(answer: Answer, refusal: Refusal, code: str, said: str, **values: Any) -> ProviderError:
    """`existing` among the values is the id of the entry that a repeated transactionId made, where it is told."""
    return as_error(refusal, one_line(f"{code}: {said}"), after=answer.retry_after, **values)


def without_scope(error: ProviderError, missing: Sequence[str]) -> ProviderError:
    """Graph says the same of a calendar that is somebody else's and of a permission that was not granted."""
    return as_error(_NO_SCOPE, error.detail, missing=", ".join(missing))


def _existing(error: dict[str, Any]) -> str:
    return str(error.get("@event.existingEventId") or "")


def _object(body: object, name: str) -> dict[str, Any]:
    part = body.get(name) if isinstance(body, dict) else None
    return part if isinstance(part, dict) else {}
