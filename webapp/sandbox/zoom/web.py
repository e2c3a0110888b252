"""Bring answers to the wire, also the one that never arrives."""

from flask import Response, jsonify, request

from ..servers import DRIP, HANG_UP
from .answers import Answer
from .state import ZoomState


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


def site(state: ZoomState) -> str:
    """The stand-in's own address without a slash at the end, the same in all links that it gives."""
    return state.public_url or request.host_url.rstrip("/")
