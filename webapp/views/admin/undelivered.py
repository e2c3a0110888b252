"""Undelivered mails: what was given up, why, and Retry once the address is mended; for Event Administrators, of their
events."""

from flask import Blueprint, flash, g, redirect, request, url_for
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.i18n import gettext as _
from webapp.i18n import ngettext
from webapp.models import Level
from webapp.rendering import page
from webapp.services.message.undelivered import (
    PER_PAGE,
    dismiss_mail,
    retry_mails,
    undelivered_count,
    undelivered_mails,
)

blueprint = Blueprint("undelivered", __name__, url_prefix="/s/<school>/undelivered")

Answer = Response | tuple[str, int]
MESSAGE = "/<int(max=2147483647):message>"


@blueprint.get("/")
@staff(Level.EVENT_ADMINISTRATOR)
def overview(school: str) -> Answer:
    asked = request.args.get("page", 1, type=int)
    with database().reading() as session:
        total = undelivered_count(session, g.contact)
        number = min(max(asked, 1), max(1, -(-total // PER_PAGE)))
        mails = undelivered_mails(session, g.contact, page=number)
    values = {"mails": mails, "total": total, "number": number, "has_more": number * PER_PAGE < total}
    return page("admin/undelivered.html", nav="undelivered", **values)


@blueprint.post("/retry")
@staff(Level.EVENT_ADMINISTRATOR)
def retry_all(school: str) -> Answer:
    return _retried(None)


@blueprint.post(f"{MESSAGE}/retry")
@staff(Level.EVENT_ADMINISTRATOR)
def retry(school: str, message: int) -> Answer:
    return _retried(message)


@blueprint.post(f"{MESSAGE}/dismiss")
@staff(Level.EVENT_ADMINISTRATOR)
def dismiss(school: str, message: int) -> Answer:
    with database().transaction() as session:
        is_done = dismiss_mail(session, g.contact, message, who=who(), now=clock.now())
    flash(_("Dismissed. The contact's Log goes on telling of it.") if is_done else _("It is not here any more."))
    return redirect(url_for("undelivered.overview", school=school), 303)


def _retried(message: int | None) -> Answer:
    with database().transaction() as session:
        tried = retry_mails(session, g.contact, message, who=who(), now=clock.now())
    told = ngettext("%(n)s mail is on its way again.", "%(n)s mails are on their way again.", tried)
    flash(told if tried else _("Nothing was tried again: there is no address, or it is not here any more."))
    return redirect(url_for("undelivered.overview", school=g.school.slug), 303)
