"""Sign in to Google or Outlook: to the provider's consent page, and back to Calendar Sync with a linked account."""

from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, request, url_for

from webapp import clock
from webapp.auth import anyone_signed_in, as_oneself, person, staff, who, withheld_from_links
from webapp.context import confab, database
from webapp.errors import N_, DomainError, Invalid, NotFound, ProviderError
from webapp.i18n import gettext as _
from webapp.i18n import sentence
from webapp.models import Contact, Level
from webapp.models.system.granted import SERVICES
from webapp.services.calendar.link import OtherCalendarAccount, find_account, refuse_other_account, remember_link
from webapp.services.people.accounts import staff_member
from webapp.services.people.manners import speak_as
from webapp.services.system.audit import record
from webapp.services.system.installation import refuse_on_hold
from webapp.services.system.revoke import queue_revoke
from webapp.views.admin.event_frame import Answer
from webapp.views.handshake import begun, leave
from webapp.views.teacher.calendar_sync import sync_page

blueprint = Blueprint("calendar_sign_in", __name__)


@blueprint.get("/s/<school>/calendar-sync/<provider>/sign-in")
@staff(Level.VIEWER)
@as_oneself
@withheld_from_links
def sign_in(school: str, provider: str) -> Answer:
    if provider not in confab().providers.calendars:
        raise NotFound
    return leave(provider, school)


@blueprint.get("/oauth/<provider>")
@anyone_signed_in
def callback(provider: str) -> Answer:
    """The provider sends the teacher back here, for every school; which one is known from the session."""
    if provider not in confab().providers.calendars:
        raise NotFound
    try:
        kept = begun(provider)
    except DomainError:
        with database().transaction() as db:
            record(db, "calendar.refused", who=who(), school_id=None, now=clock.now(), provider=provider)
        raise
    with database().reading() as db:
        g.school, g.contact = staff_member(db, kept["school"], person().login_id)
    g.within = None
    speak_as(g.school)
    try:
        _link(provider, kept)
    except (DomainError, ProviderError) as error:
        return _refused(provider, error)
    flash(_("%(service)s is linked. Choose what to do with it, then click Save and Sync.", service=SERVICES[provider]))
    return redirect(url_for("calendar_sync.show", school=g.school.slug, _anchor=provider), 303)


def _link(provider: str, kept: dict[str, Any]) -> None:
    """Some calls to the provider while the teacher waits, then one transaction."""
    service = SERVICES[provider]
    if request.args.get("error"):
        raise Invalid(
            N_("%(service)s was not linked: the permission was not given. You can try again at any time."),
            service=service,
        )
    providers, now = confab().providers, clock.now()
    with database().reading() as db:
        refuse_on_hold(db)
    code = request.args.get("code", "")
    grants, speak = providers.grants[provider], providers.calendars[provider]
    found = find_account(grants, speak, provider, code=code, verifier=kept["verifier"])
    try:
        with database().transaction() as db:
            refuse_other_account(db, g.contact.id, provider, found.account, kept["account"])
            contact = db.get_one(Contact, g.contact.id)
            remember_link(db, contact, provider, found, who=who(), now=now)
    except OtherCalendarAccount:
        with database().transaction() as db:
            account = found.account.account_id
            queue_revoke(db, g.school.id, provider, found.tokens, account_id=account, now=now)
        raise


def _refused(provider: str, error: DomainError | ProviderError) -> Answer:
    """Back on the page, with a sentence: nothing was linked."""
    current_app.logger.info("a calendar was not linked", extra={"reason": error.message})
    other = {"provider": provider, "account": error.account_id} if isinstance(error, OtherCalendarAccount) else None
    if isinstance(error, ProviderError):
        words = _("%(service)s was not linked: %(reason)s", service=SERVICES[provider], reason=sentence(error))
        return sync_page(502, problem=words, other=other)
    return sync_page(error.status, problem=sentence(error), other=other)
