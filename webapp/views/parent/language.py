"""Change the language that a family reads, in this browser and, once signed in, in their pages and mails everywhere."""

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from webapp import auth
from webapp.auth import public
from webapp.context import database
from webapp.i18n import LANGUAGES
from webapp.languages import remember_in_browser
from webapp.redirects import local_path
from webapp.services.people.own_language import choose
from webapp.views.parent.frame import address, blueprint


@blueprint.post("/<school>/language")
@public
def choose_language(school: str) -> Response:
    """What is no language of ours is English."""
    typed = request.form.get("language", "")
    chosen = typed if typed in LANGUAGES else "en"
    if (contact := auth.own_contact()) is not None:
        with database().transaction() as db:
            choose(db, contact, chosen)
    target = local_path(request.form.get("back")) or url_for("parent.school", school=school)
    response = redirect(target, 303)
    remember_in_browser(response, chosen)
    return response


@blueprint.app_template_global()
def here() -> str:
    """Where the reader goes on in another language: this page, or after a form that was refused the event's first."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    at = request.view_args or {}
    return address("landing") if at.keys() == {"school", "event"} else ""
