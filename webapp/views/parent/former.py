"""Lead whoever opens a former address of an event to the same page at its present one."""

from flask import request
from werkzeug.wrappers import Response

from webapp.context import database
from webapp.errors import NotFound
from webapp.services.event.slug import present_address
from webapp.views.parent.frame import blueprint
from webapp.views.problems import led_to, not_found


@blueprint.errorhandler(NotFound)
def lead_on(error: NotFound) -> Response:
    """Asked only where nothing was found; what was sent by a form is not sent on."""
    at = request.view_args or {}
    if request.method == "GET" and "event" in at and request.endpoint:
        with database().reading() as session:
            slug = present_address(session, at["school"], at["event"])
        if slug:
            return led_to(at | {"event": slug})
    return not_found(error)
