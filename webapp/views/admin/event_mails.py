"""Hold the mails of an event, release them or discard them, and see how far those are that leave."""

from flask import Blueprint, flash, request, url_for

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import DomainError
from webapp.i18n import gettext as _
from webapp.i18n import ngettext, sentence
from webapp.models import Level
from webapp.models.message.message_text import CALENDAR
from webapp.services.message.hold_mails import discard_mails, hold_mails, release_mails
from webapp.services.message.leaving import leaving_of_event
from webapp.services.message.older_invites import resend_invites
from webapp.views.admin.event_frame import EVENT, Answer, event_page, framed, go_to

blueprint = Blueprint("event_mails", __name__, url_prefix="/s/<school>")

MAILS = f"{EVENT}/mails"


@blueprint.get(f"{MAILS}/leaving")
@staff(Level.EVENT_ADMINISTRATOR)
def leaving(school: str, event: int) -> Answer:
    """The part that asks for itself while mails leave; `of` is how many it began with."""
    with database().reading() as session:
        frame = framed(session, event)
        now_leaving = leaving_of_event(session, frame.event, now=clock.now())
    of = request.args.get("of", 0, type=int)
    return event_page("admin/event/_leaving.html", frame, leaving=now_leaving, of=of)


@blueprint.post(f"{MAILS}/hold")
@staff(Level.EVENT_ADMINISTRATOR)
def hold(school: str, event: int) -> Answer:
    with database().transaction() as session:
        hold_mails(session, framed(session, event).event, who=who(), now=clock.now())
    flash(_("Held. Nothing about this event is mailed until you release it."))
    return _back(school, event)


@blueprint.post(f"{MAILS}/release")
@staff(Level.EVENT_ADMINISTRATOR)
def release(school: str, event: int) -> Answer:
    with database().transaction() as session:
        n = release_mails(session, framed(session, event).event, who=who(), now=clock.now())
    flash(ngettext("Released. %(n)s mail is on its way.", "Released. %(n)s mails are on their way.", n))
    return _back(school, event)


@blueprint.post(f"{MAILS}/discard")
@staff(Level.EVENT_ADMINISTRATOR)
def discard(school: str, event: int) -> Answer:
    """Only as many as the page said."""
    seen = request.form.get("number", -1, type=int)
    try:
        with database().transaction() as session:
            n = discard_mails(session, framed(session, event).event, seen, who=who(), now=clock.now())
        flash(ngettext("%(n)s mail was discarded.", "%(n)s mails were discarded.", n))
    except DomainError as error:
        if error.status == 404:
            raise
        flash(sentence(error))
    return _back(school, event)


@blueprint.post(f"{MAILS}/invites")
@staff(Level.EVENT_ADMINISTRATOR)
def invites(school: str, event: int) -> Answer:
    """Calendar entries in the words of today, to those who have older ones."""
    with database().transaction() as session:
        n = resend_invites(session, framed(session, event).event, who=who(), now=clock.now())
    told = ngettext("%(n)s parent is mailed.", "%(n)s parents are mailed.", n)
    flash(told if n else _("Nobody is left to be mailed."))
    return go_to(url_for("notifications.one", school=school, event=event, kind=CALENDAR))


def _back(school: str, event: int) -> Answer:
    return go_to(url_for("notifications.setup", school=school, event=event))
