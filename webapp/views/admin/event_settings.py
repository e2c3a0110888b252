"""Change the settings of an event: UI Setup and Vendor UI Setup."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, g, url_for
from htmx_flask import request

from webapp import clock
from webapp.auth import staff, who
from webapp.context import confab, database
from webapp.errors import Invalid
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.i18n import ngettext
from webapp.models import EventSettings, Level
from webapp.models.event.event_settings import ZOOM
from webapp.services.booking.limits import beyond
from webapp.services.booking.untold import count_untold, mail_untold
from webapp.services.event.events import settings_to_change
from webapp.services.event.settings import RULES, UiSetupInput, VendorUiSetupInput, is_connected, save_vendor_ui_setup
from webapp.services.message.leaving import leaving_of_event
from webapp.services.preflight.finding import Finding
from webapp.services.preflight.opening import LinksWouldGo, ReasonNeeded, save_and_open
from webapp.views.admin.event_frame import EVENT, Answer, Frame, event_page, framed, go_to
from webapp.views.admin.events import public_address

blueprint = Blueprint("event_settings", __name__, url_prefix="/s/<school>")


@blueprint.get(f"{EVENT}/settings/ui-setup")
@staff(Level.EVENT_ADMINISTRATOR)
def ui_setup(school: str, event: int) -> Answer:
    return _ui_setup_page(event)


@blueprint.post(f"{EVENT}/settings/ui-setup")
@staff(Level.EVENT_ADMINISTRATOR)
def save_ui(school: str, event: int) -> Answer:
    form = Form.sent(UiSetupInput, request.form)
    if not form:
        return _ui_setup_page(event, form)
    try:
        with database().transaction() as session:
            frame = framed(session, event)
            missing = confab().providers.grants[ZOOM].missing_scopes
            was = settings_to_change(session, frame.event, address=form.value.slug).limits
            typed = form.over(_stored(frame))
            saved = save_and_open(session, frame.event, typed, missing_scopes=missing, who=who(), now=clock.now())
            more = beyond(session, event, saved.limits) if saved.limits != was else 0
    except Invalid as error:
        form.refuse(error)
        links = error.values["n"] if isinstance(error, LinksWouldGo) else 0
        return _ui_setup_page(event, form, error.red if isinstance(error, ReasonNeeded) else [], links)
    flash(_("Saved"))
    if more:
        flash(_kept(more))
    return go_to(url_for("event_settings.ui_setup", school=school, event=event))


@blueprint.post(f"{EVENT}/settings/mail-links")
@staff(Level.EVENT_ADMINISTRATOR)
def mail_links(school: str, event: int) -> Answer:
    with database().transaction() as session:
        parents = mail_untold(session, framed(session, event).event, who=who(), now=clock.now())
    flash(_mailed(parents) if parents else _("Nobody is left to be mailed."))
    return go_to(url_for("event_settings.ui_setup", school=school, event=event))


def _mailed(parents: int) -> str:
    return ngettext(
        "%(n)s parent is mailed as soon as all links are there.",
        "%(n)s parents are mailed, each as soon as all links are there.",
        parents,
    )


@blueprint.get(f"{EVENT}/settings/vendor-ui-setup")
@staff(Level.EVENT_ADMINISTRATOR)
def vendor_ui_setup(school: str, event: int) -> Answer:
    return _vendor_ui_setup_page(event)


@blueprint.post(f"{EVENT}/settings/vendor-ui-setup")
@staff(Level.EVENT_ADMINISTRATOR)
def save_vendor_ui(school: str, event: int) -> Answer:
    form = Form.sent(VendorUiSetupInput, request.form)
    if not form:
        return _vendor_ui_setup_page(event, form)
    with database().transaction() as session:
        frame = framed(session, event)
        typed = form.over(_stored_for_vendors(frame))
        save_vendor_ui_setup(session, frame.event, **typed.model_dump(), who=who(), now=clock.now())
    flash(_("Saved"))
    return go_to(url_for("event_settings.vendor_ui_setup", school=school, event=event))


def _kept(more: int) -> str:
    return ngettext(
        "%(n)s appointment is more than the limits allow now. It stays; no further one can be made.",
        "%(n)s appointments are more than the limits allow now. They stay; no further ones can be made.",
        more,
    )


def _vendor_ui_setup_page(event: int, refused: Form[VendorUiSetupInput] | None = None) -> Answer:
    with database().reading() as session:
        frame = framed(session, event)
    form = refused if refused is not None else _stored_for_vendors(frame)
    return event_page("admin/event/vendor_ui_setup.html", frame, 200 if refused is None else 422, form=form)


def _ui_setup_page(
    event: int, refused: Form[UiSetupInput] | None = None, red: Sequence[Finding] = (), links: object = 0
) -> Answer:
    """`links` would be taken away with the provider."""
    with database().reading() as session:
        frame = framed(session, event)
        connected = is_connected(session, g.school.id, ZOOM)
        untold = count_untold(session, frame.event, now=clock.now())
        leaving = leaving_of_event(session, frame.event, now=clock.now())
    form = refused if refused is not None else _stored(frame)
    address = public_address(frame.event)
    more = {"form": form, "is_connected": connected, "address": address, "red": red, "untold": untold}
    more["links"] = links
    more |= {"leaving": leaving, "of": 0}
    return event_page("admin/event/ui_setup.html", frame, 200 if refused is None else 422, **more)


def _stored(frame: Frame) -> Form[UiSetupInput]:
    settings, zone = frame.settings, frame.event.zone
    return Form(
        UiSetupInput,
        {
            "opens_at": _wall(settings.opens_at, zone),
            "closes_at": _wall(settings.closes_at, zone),
            "provider": settings.provider or "",
            "slug": frame.event.slug,
            **_values(settings, RULES),
        },
    )


def _stored_for_vendors(frame: Frame) -> Form[VendorUiSetupInput]:
    return Form(VendorUiSetupInput, _values(frame.settings, VendorUiSetupInput.model_fields))


def _values(settings: EventSettings, names: Iterable[str]) -> dict[str, Any]:
    return {name: "" if (value := getattr(settings, name)) is None else value for name in names}


def _wall(instant: datetime | None, zone: str) -> str:
    """As a datetime-local field wants it, on the clocks of the zone."""
    return instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M") if instant else ""
