"""Connect the school's Zoom account and map its teachers: Global Setup / Business / Integration Options."""

from typing import Any

from flask import Blueprint, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import anyone_signed_in, person, staff, who
from webapp.context import confab, database
from webapp.errors import N_, DomainError, Invalid, ProviderError
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.i18n import sentence
from webapp.models import Level
from webapp.models.event.event_settings import ZOOM
from webapp.rendering import is_htmx, page
from webapp.services.meeting.connection import (
    OtherAccount,
    connection_of,
    disconnect,
    finish,
    refuse_other_account,
    remember_grant,
)
from webapp.services.meeting.integration import integration
from webapp.services.meeting.map_contacts import start_mapping
from webapp.services.people.accounts import administrator_of
from webapp.services.people.notified import Notified, administrators_of, choose_notified, chosen_addresses
from webapp.services.people.school_settings import SchoolInput, stored_settings
from webapp.services.system.audit import record
from webapp.services.system.installation import hold_of, refuse_on_hold
from webapp.services.system.revoke import queue_revoke
from webapp.views.handshake import begun, leave

blueprint = Blueprint("setup", __name__)


@blueprint.get("/s/<school>/setup/business")
@staff(Level.ADMINISTRATOR)
def business(school: str) -> tuple[str, int]:
    return _page()


@blueprint.get("/s/<school>/zoom/connect")
@staff(Level.ADMINISTRATOR)
def connect(school: str) -> Response | tuple[str, int]:
    if not confab().settings.zoom_client_id:
        return _page(Invalid(N_("This installation has no Zoom app yet. Whoever runs it has to set its client ID.")))
    return leave(ZOOM, school)


@blueprint.get("/zoom/callback")
@anyone_signed_in
def callback() -> Response | tuple[str, int]:
    """Zoom sends the administrator back here, for every school; which one is known from the session."""
    try:
        kept = begun(ZOOM)
    except DomainError:
        with database().transaction() as db:
            record(db, "zoom.refused", who=who(), school_id=None, now=clock.now())
        raise
    with database().reading() as db:
        g.school, g.contact = administrator_of(db, kept["school"], person().login_id)
    g.within = None
    try:
        task = _connect(kept)
    except (DomainError, ProviderError) as error:
        return _page(error)
    return redirect(url_for("setup.business", school=kept["school"], mapping=task), 303)


@blueprint.post("/s/<school>/zoom/map")
@staff(Level.ADMINISTRATOR)
def remap(school: str) -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
    with database().transaction() as db:
        connection = connection_of(db, g.school.id, ZOOM)
        if connection is None or not connection.is_live:
            return ("", 204, {"HX-Refresh": "true"}) if is_htmx() else _page(Invalid(N_("Connect Zoom first.")))
        task = start_mapping(db, g.school.id, ZOOM, g.contact.id, clock.now())
    if is_htmx():
        return _partial(task.id)
    return redirect(url_for("setup.business", school=school, mapping=task.id), 303)


@blueprint.get("/s/<school>/zoom/mapping")
@staff(Level.ADMINISTRATOR)
def mapping(school: str) -> tuple[str, int]:
    return _partial(request.args.get("task", type=int))


@blueprint.post("/s/<school>/zoom/disconnect")
@staff(Level.ADMINISTRATOR)
def part(school: str) -> Response:
    with database().transaction() as db:
        connection = connection_of(db, g.school.id, ZOOM)
        tokens = disconnect(db, connection, who=who(), now=clock.now()) if connection else None
        # A copy of the data that is on hold must not end the grant that the original lives on.
        if connection and tokens and hold_of(db) is None:
            account = connection.account_id
            queue_revoke(db, g.school.id, ZOOM, tokens, account_id=account, now=clock.now())
    return redirect(url_for("setup.business", school=school), 303)


@blueprint.post("/s/<school>/setup/notified")
@staff(Level.ADMINISTRATOR)
def notify(school: str) -> Response | tuple[str, int]:
    form = Form.sent(Notified, request.form)
    if not form:
        return business_page(422, notified=form)
    with database().transaction() as db:
        choose_notified(db, g.school.id, form.value, who=who(), now=clock.now())
    return redirect(url_for("setup.business", school=school, _anchor="notified"), 303)


def _connect(kept: dict[str, Any]) -> int | None:
    """Two calls to Zoom while the administrator waits, then one transaction. Returns the mapping task's id."""
    if request.args.get("error"):
        raise Invalid(N_("Zoom was not connected: the permission was not given. You can try again at any time."))
    providers = confab().providers
    with database().reading() as db:
        refuse_on_hold(db)
    code = request.args.get("code", "")
    granted = finish(providers.grants[ZOOM], providers.meetings[ZOOM], code=code, verifier=kept["verifier"])
    now = clock.now()
    try:
        with database().reading() as db:
            refuse_other_account(db, g.school.id, ZOOM, granted.account, kept["account"])
    except OtherAccount:
        with database().transaction() as db:
            account = granted.account.account_id
            queue_revoke(db, g.school.id, ZOOM, granted.tokens, account_id=account, now=now)
        raise
    with database().transaction() as db:
        remember_grant(db, g.school, ZOOM, granted.tokens, granted.account, contact=g.contact, who=who(), now=now)
        return start_mapping(db, g.school.id, ZOOM, g.contact.id, now).id


def business_page(status: int = 200, **said: Any) -> tuple[str, int]:
    """The page with all its sections; `said` is what one of them has to tell."""
    return page("admin/setup/business.html", status, nav="setup", **(_facts() | said))


def _page(error: DomainError | ProviderError | None = None) -> tuple[str, int]:
    status = error.status if isinstance(error, DomainError) else 502 if error else 200
    if error:
        current_app.logger.info("zoom was not connected", extra={"reason": error.message})
    other = error.account_id if isinstance(error, OtherAccount) else ""
    return business_page(status, problem=_words(error), other_account=other)


def _partial(task: int | None) -> tuple[str, int]:
    return page("admin/setup/_zoom.html", 200, **(_facts() | {"watched": task}))


def _facts() -> dict[str, Any]:
    with database().reading() as db:
        known = integration(db, g.school, ZOOM)
        chosen, administrators = chosen_addresses(db, g.school.id), administrators_of(db, g.school.id)
    granted = known.connection.scopes if known.connection and known.is_live else ""
    return {
        "known": known,
        "extra_scopes": confab().providers.grants[ZOOM].extra_scopes(granted),
        "watched": request.args.get("mapping", type=int),
        "problem": "",
        "notified": Form(Notified, {"notified": "\n".join(chosen)}),
        "administrators": administrators,
        "settings": Form(SchoolInput, stored_settings(g.school)),
        "logo_problem": "",
    }


def _words(error: DomainError | ProviderError | None) -> str:
    if isinstance(error, ProviderError):
        return _("Zoom was not connected: %(reason)s", reason=sentence(error))
    return sentence(error) if error else ""
