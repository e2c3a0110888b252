"""Show a page of consent, and send the browser back to who asked."""

from urllib.parse import urlencode, urlsplit, urlunsplit

from flask import Response, redirect, render_template
from werkzeug.wrappers import Response as BaseResponse


def consent_page(template: str, status: int, **values: object) -> Response:
    return Response(render_template(template, **values), status=status, content_type="text/html; charset=utf-8")


def sent_back(redirect_uri: str, state: str | None, **answer: str) -> BaseResponse:
    """To the client's address, with its own state unchanged."""
    parts = urlsplit(redirect_uri)
    added = urlencode(answer if state is None else {**answer, "state": state})
    query = f"{parts.query}&{added}" if parts.query else added
    return redirect(urlunsplit(parts._replace(query=query)), 302)
