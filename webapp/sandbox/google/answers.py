"""Say a refusal in Google's words: a code, a message and a reason."""

from datetime import UTC, datetime
from typing import Any

from ..answers import Answer

RATE, USER_RATE, QUOTA = "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"


class GoogleError(Exception):
    """A refusal as the REST API words it."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        domain: str = "global",
        location: tuple[str, str] | None = None,
        retry_after: float = 0,
    ) -> None:
        super().__init__(message)
        one: dict[str, Any] = {"domain": domain, "reason": reason, "message": message}
        if location:
            one |= {"locationType": location[0], "location": location[1]}
        headers = {"Retry-After": f"{retry_after:g}"} if retry_after else {}
        self.answer = Answer(status, {"error": {"errors": [one], "code": status, "message": message}}, headers)


def not_found() -> GoogleError:
    """Also where the caller has no access: the two are never told apart."""
    return GoogleError(404, "notFound", "Not Found")


def invalid(name: str, message: str = "Bad Request", reason: str = "invalid") -> GoogleError:
    return GoogleError(400, reason, message, location=("parameter", name))


def forbidden(message: str = "Forbidden", reason: str = "forbidden") -> GoogleError:
    return GoogleError(403, reason, message)


def limited(kind: str, retry_after: float = 0) -> GoogleError:
    """`kind` is one of LIMITS."""
    status, reason, message = LIMITS[kind]
    return GoogleError(status, reason, message, domain="usageLimits", retry_after=retry_after)


LIMITS = {
    "project": (403, RATE, "Rate Limit Exceeded"),
    "user": (403, USER_RATE, "User Rate Limit Exceeded"),
    "429": (429, RATE, "Rate Limit Exceeded"),
    "quota": (403, QUOTA, "Calendar usage limits exceeded."),
}


def zulu(at: float) -> str:
    """The instant in UTC with three digits of the second, as Google writes its own."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(at * 1000) % 1000:03}Z"
