"""Hold an answer of a stand-in until it goes out, also the one that never arrives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, jsonify, request

from .servers import DRIP, HANG_UP


@dataclass(frozen=True)
class Answer:
    """`body` is sent as JSON, or as it is if it is a text; `dropped` ends the connection without an answer, `drips`
    sends a byte a second."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    dropped: bool = False
    drips: bool = False

    @property
    def is_good(self) -> bool:
        return self.status < 300 and not self.dropped


def send(answer: Answer) -> Response:
    if answer.dropped:
        return _hang_up()
    response = Response(status=answer.status) if answer.body is None else _with_body(answer)
    response.headers.update(answer.headers)
    if answer.drips:
        request.environ.get(DRIP, lambda: None)()
    return response


def _with_body(answer: Answer) -> Response:
    if isinstance(answer.body, str):
        return Response(answer.body, status=answer.status, content_type=answer.content_type)
    response = jsonify(answer.body)
    response.status_code = answer.status
    return response


def _hang_up() -> Response:
    """Under a server that cannot do that (a test client) the caller gets the 500."""
    request.environ.get(HANG_UP, lambda: None)()
    return Response(status=500)
