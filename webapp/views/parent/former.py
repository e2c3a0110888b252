"""Lead whoever opens a former address of an event to the same page at its present one."""

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from webapp.context import database
from webapp.errors import NotFound
from webapp.services.event.slug import present_address
from webapp.views.parent.frame import blueprint
from webapp.views.problems import refused


@blueprint.errorhandler(NotFound)
def lead_on(error: NotFound) -> Response:
    """Asked only where nothing was found; what was sent by a form is not sent on."""
    at = request.view_args or {}
    if request.method == "GET" and "event" in at and request.endpoint:
        with database().reading() as session:
            slug = present_address(session, at["school"], at["event"])
        if slug:
            query = request.query_string.decode("ascii", "ignore")
            address = url_for(request.endpoint, **at | {"event": slug})
            return redirect(f"{address}?{query}" if query else address, 302)
    return refused(error)
