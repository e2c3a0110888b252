"""Sign in to Google or Outlook: to the provider's consent page, and back to Calendar Sync with a linked account."""

import hmac
from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, request, session, url_for

from webapp import clock
from webapp.auth import anyone_signed_in, as_oneself, person, staff, who, withheld_from_links
from webapp.context import confab, database
from webapp.errors import N_, DomainError, Invalid, NotAllowed, NotFound, ProviderError
from webapp.i18n import gettext as _
from webapp.i18n import sentence
from webapp.models import Contact, Level
from webapp.models.system.granted import SERVICES
from webapp.services.booking.request_key import take_key
from webapp.services.calendar.link import OtherCalendarAccount, find_account, refuse_other_account, remember_link
from webapp.services.people.accounts import staff_member
from webapp.services.people.manners import speak_as
from webapp.services.system.audit import record
from webapp.services.system.handshake import begin
from webapp.services.system.installation import refuse_on_hold
from webapp.services.system.revoke import queue_revoke
from webapp.views.admin.event_frame import Answer
from webapp.views.teacher.calendar_sync import sync_page

blueprint = Blueprint("calendar_sign_in", __name__)

HANDSHAKE_LASTS = 600
"""Seconds from leaving for the consent page until coming back."""


class WrongState(Invalid):
    message = N_("This answer does not belong to a sign-in that was begun here. Start again on Calendar Sync.")
    status = 400


@blueprint.get("/s/<school>/calendar-sync/<provider>/sign-in")
@staff(Level.VIEWER)
@as_oneself
@withheld_from_links
def sign_in(school: str, provider: str) -> Answer:
    if provider not in confab().providers.calendars:
        raise NotFound
    with database().reading() as db:
        refuse_on_hold(db)
    handshake = begin(confab().providers.grants[provider])
    session[_kept(provider)] = {
        "state": handshake.state,
        "verifier": handshake.verifier,
        "school": school,
        "login": person().login_id,
        "at": clock.now().timestamp(),
        "account": request.args.get("account", "")[:100],
    }
    return redirect(handshake.url, 303)


@blueprint.get("/oauth/<provider>")
@anyone_signed_in
def callback(provider: str) -> Answer:
    """The provider sends the teacher back here, for every school; which one is known from the session."""
    if provider not in confab().providers.calendars:
        raise NotFound
    try:
        begun = _begun(provider)
    except DomainError:
        with database().transaction() as db:
            record(db, "calendar.refused", who=who(), school_id=None, now=clock.now(), provider=provider)
        raise
    with database().reading() as db:
        g.school, g.contact = staff_member(db, begun["school"], person().login_id)
    speak_as(g.school)
    try:
        _link(provider, begun)
    except (DomainError, ProviderError) as error:
        return _refused(provider, error)
    flash(_("%(service)s is linked. Choose what to do with it, then click Save and Sync.", service=SERVICES[provider]))
    return redirect(url_for("calendar_sync.show", school=g.school.slug, _anchor=provider), 303)


def _begun(provider: str) -> dict[str, Any]:
    """What was begun in this browser with this provider. A look uses it up: here, and for an answer that was sent twice
    at once, in the database, since a cookie can come back. Raises WrongState, NotAllowed."""
    begun: dict[str, Any] = session.pop(_kept(provider), None) or {}
    if person().acting_as_id:
        raise NotAllowed(N_("This is not available while you are logged in as somebody else. Return first."))
    sent = request.args.get("state", "")
    is_ours = hmac.compare_digest(str(begun.get("state", "")).encode(), sent.encode()) and bool(sent)
    if not is_ours or begun["login"] != person().login_id:
        raise WrongState
    if clock.now().timestamp() - begun["at"] > HANDSHAKE_LASTS:
        raise WrongState(N_("That took longer than ten minutes. Start again on Calendar Sync."))
    with database().transaction() as db:
        if take_key(db, sent, "calendar.link", login_id=begun["login"], now=clock.now()) is not None:
            raise WrongState
    return begun


def _link(provider: str, begun: dict[str, Any]) -> None:
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
    found = find_account(grants, speak, provider, code=code, verifier=begun["verifier"])
    try:
        with database().transaction() as db:
            refuse_other_account(db, g.contact.id, provider, found.account, begun["account"])
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


def _kept(provider: str) -> str:
    """One handshake under way with each: an answer of one provider does for no other (OAUTH-005)."""
    return f"calendar {provider}"
