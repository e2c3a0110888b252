"""Word what a service refuses: our code and sentence for it, with its own words kept as the detail."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.errors import N_, ProviderError
from webapp.providers.http import Answer

UNEXPLAINED, INVALID_GRANT = "unexplained", "invalid_grant"


@dataclass(frozen=True)
class Refusal:
    """What one of a service's codes means: our word for it, the message id, and whether waiting helps."""

    code: str
    message: str
    retry: bool = False


def as_error(refusal: Refusal, detail: str, *, after: datetime | None = None, **values: Any) -> ProviderError:
    return ProviderError(
        refusal.message, retry=refusal.retry, after=after, code=refusal.code, detail=detail[:1000], **values
    )


def unexplained(answer: Answer) -> ProviderError:
    """A gateway's page on the way to the service passes; a 400 in a strange format does not."""
    said = without_tags(answer.text)
    message = N_("%(service)s refused the request without saying why.")
    refusal = Refusal(UNEXPLAINED, message, retry=answer.status != 400)
    detail = f"HTTP {answer.status}: {said}"
    return as_error(refusal, detail, after=answer.retry_after, service=answer.service)


def without_tags(text: str) -> str:
    return one_line(re.sub(r"<[^>]*>", " ", text))


def one_line(text: str) -> str:
    return " ".join(text.split())[:600]
