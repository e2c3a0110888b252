"""Send people only to our own pages, whatever a link asked for (RELIABILITY D9)."""

import re

from flask import current_app, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

_PLAIN = re.compile(r"/[A-Za-z0-9_\-./?=&%+]*")
_HIDDEN = ("%09", "%0a", "%0d", "%5c", "%00")


def local_path(target: str | None) -> str | None:
    """The address of one of our GET pages, rebuilt from its parts, or None."""
    if not target or not _PLAIN.fullmatch(target) or target.startswith("//"):
        return None
    if any(hidden in target.lower() for hidden in _HIDDEN):
        return None
    path, _, query = target.partition("?")
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None
    try:
        endpoint, values = adapter.match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return None
    return url_for(endpoint, **values) + (f"?{query}" if query else "")
