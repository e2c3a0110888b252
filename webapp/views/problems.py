"""Turn every refusal into a page or partial that tells the truth, and no fault into more than one sentence."""

import logging
from typing import Any

from flask import Flask, g, make_response, redirect, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from webapp.context import database
from webapp.db import trouble
from webapp.errors import DomainError, NotFound, Unsure
from webapp.i18n import gettext as _
from webapp.i18n import sentence
from webapp.rendering import page
from webapp.services.people.schools import present_school

log = logging.getLogger(__name__)


def init_problems(app: Flask) -> None:
    app.register_error_handler(NotFound, not_found)
    app.register_error_handler(DomainError, refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _fault)


def not_found(error: NotFound) -> Response:
    """Where a school had this short name before, the same page is at its present one; what was sent by a form is not
    sent on."""
    at = request.view_args or {}
    if request.method == "GET" and "school" in at and request.endpoint:
        with database().reading() as session:
            slug = present_school(session, at["school"])
        if slug:
            return led_to(at | {"school": slug})
    return refused(error)


def led_to(at: dict[str, Any]) -> Response:
    """The page that was asked for, with other parts in its address."""
    query = request.query_string.decode("ascii", "ignore")
    address = url_for(request.endpoint or "", **at)
    return redirect(f"{address}?{query}" if query else address, 302)


def refused(error: DomainError) -> Response:
    return _answer(error.status, sentence(error))


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    cause: Any = getattr(error, "original_exception", None)
    if cause and (reason := trouble(cause)):
        # On the way to another error's page: the school's former names are looked up there.
        return _no_database(cause, reason)
    if isinstance(error.response, Response):
        return error.response
    words = {
        404: _("This page does not exist, or it is not yours to see."),
        405: _("This address cannot be opened like that. Go back and use the button."),
        413: _("That is too large. Files may have up to 32 megabytes."),
    }
    response = _answer(status, words.get(status, _("The request could not be understood.")))
    if allowed := getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(allowed)
    return response


def _fault(error: Exception) -> Response:
    if reason := trouble(error):
        return _no_database(error, reason)
    log.exception("a request failed", exc_info=error, extra={"route": str(request.url_rule)})
    return _answer(500, _("Something went wrong here. Nothing was changed."))


def _no_database(error: Exception, reason: str) -> Response:
    """It comes back by itself, and so may the reader. Nothing was kept of a transaction that failed, unless an earlier
    one of the same request was (and where that cannot be told, `Database.transaction` raises Unsure)."""
    log.error(
        "the database could not be used", exc_info=error, extra={"route": str(request.url_rule), "reason": reason}
    )
    if g.get("has_committed"):
        return refused(Unsure())
    return _answer(503, _("Something went wrong here. Nothing was changed."))


def _answer(status: int, words: str) -> Response:
    # The error page is not part of any school's or event's frame: what failed may be the very loading of it.
    g.pop("school", None)
    headings = {403: _("Not allowed"), 404: _("Not found"), 503: _("One moment")}
    heading = headings.get(status, _("That did not work"))
    return make_response(*page("errors/error.html", status, heading=heading, words=words))
