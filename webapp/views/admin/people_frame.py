"""Render what the Contacts page shows: the Search Control on the left, one person or a form on the right."""

from typing import Any

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from webapp.forms import Form
from webapp.rendering import page
from webapp.services.people.paging import Looked
from webapp.services.people.search import SearchInput

Answer = Response | tuple[str, int] | tuple[str, int, dict[str, str]]

CONTACT = "/contacts/<int(max=2147483647):contact_id>"
STUDENT = "/students/<int(max=2147483647):student>"


def people_page(template: str, status: int = 200, **values: Any) -> tuple[str, int, dict[str, str]]:
    """A whole page always; a swap takes its part of it, so that Back and reload meet a page too. What is refused keeps
    the address from which it was asked for: that of a deed has no page."""
    nothing: dict[str, Any] = {"search": Form(SearchInput), "found": None}
    made, status = page(f"admin/contacts/{template}.html", status, nav="contacts", **(nothing | values))
    return made, status, {"HX-Push-Url": "false"} if status >= 400 else {}


def looked() -> Looked:
    """What the list's own form asks for; nothing in particular where it cannot be read."""
    form = Form.sent(Looked, request.form)
    return form.value if form else Looked()


def to(endpoint: str, **values: Any) -> Response:
    return redirect(url_for(endpoint, school=g.school.slug, **values), 303)
