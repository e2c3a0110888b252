"""Say a refusal in Graph's words, or in those of its sign-in, without Flask."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ..answers import Answer

NOT_FOUND = "The specified object was not found in the store."
NO_ACCESS = "Access is denied. Check credentials and try again."


class GraphError(Exception):
    """`more` stands beside code and message."""

    def __init__(
        self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers, self.more = status, code, message, headers or {}, more

    def answer(self, now: float) -> Answer:
        inner = {"date": zulu(now).removesuffix("Z"), "request-id": request_id(), "client-request-id": request_id()}
        error = {"code": self.code, "message": self.message, **self.more, "innerError": inner}
        return Answer(self.status, {"error": error}, self.headers)


def not_found() -> GraphError:
    return GraphError(404, "ErrorItemNotFound", NOT_FOUND)


def denied() -> GraphError:
    return GraphError(403, "ErrorAccessDenied", NO_ACCESS)


def invalid(message: str, code: str = "ErrorInvalidRequest") -> GraphError:
    return GraphError(400, code, message)


class SignInError(Exception):
    """A refusal as the token endpoint words it; `number` is the one after AADSTS."""

    def __init__(self, number: int, message: str, error: str = "invalid_grant", *, status: int = 400) -> None:
        super().__init__(message)
        self.number, self.message, self.error, self.status = number, message, error, status

    def answer(self, now: float) -> Answer:
        at, trace, correlation = zulu(now).replace("T", " "), request_id(), request_id()
        said = f"AADSTS{self.number}: {self.message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {at}"
        body = {
            "error": self.error,
            "error_description": said,
            "error_codes": [self.number],
            "timestamp": at,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
        }
        return Answer(self.status, body, {"Cache-Control": "no-store, no-cache"})


def request_id() -> str:
    digits = secrets.token_hex(16)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def zulu(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
