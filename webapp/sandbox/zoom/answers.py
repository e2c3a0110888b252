"""Say a refusal in Zoom's words: a code, a message, and for bad input the fields."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ..answers import Answer


class ZoomError(Exception):
    """A refusal as the REST API words it: a code, a message, and for bad input the fields."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        errors: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        body: dict[str, Any] = {"code": code, "message": message}
        self.answer = Answer(status, {**body, "errors": errors} if errors else body, headers or {})


def invalid(*problems: tuple[str, str]) -> ZoomError:
    errors = [{"field": name, "message": message} for name, message in problems]
    return ZoomError(400, 300, "Validation Failed.", errors=errors)


def zulu(at: float) -> str:
    """The instant in UTC to the second, as all of Zoom's answers have it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
