"""Calendar Sync: what is done with a teacher's own calendar, and the private link that needs no sign-in."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, g, redirect, request, session, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import as_oneself, staff, who, withheld_from_links
from webapp.context import confab, database
from webapp.errors import Invalid, NotFound
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.models import CalendarLink, Contact, Level
from webapp.models.people.feed import TEACHER
from webapp.models.people.sign_in_link import CALENDAR_SYNC
from webapp.models.system.granted import SERVICES
from webapp.rendering import page
from webapp.services.calendar.follow_link import put_back as put_back_entries
from webapp.services.calendar.link import (
    NotLinked,
    SyncInput,
    calendars_of,
    is_asked_about,
    link_of,
    links_of,
    part_from,
    save_link,
)
from webapp.services.calendar.sync_status import SyncStatus, sync_status
from webapp.services.people.feeds import feed_of, is_secret_of, make_feed, stop_feed
from webapp.services.people.links import mail_link
from webapp.views.admin.event_frame import Answer, go_to
from webapp.views.admin.once import once

blueprint = Blueprint("calendar_sync", __name__, url_prefix="/s/<school>/calendar-sync")

FEED = "teacher_feed"
"""Where a browser keeps the secret of the link that it made."""


@dataclass(frozen=True)
class Panel:
    """One provider of the page. `link` is None where none is linked; `is_asked` as of `is_asked_about`."""

    provider: str
    link: CalendarLink | None
    form: Form[SyncInput]
    calendars: list[tuple[str, str]]
    status: SyncStatus | None
    is_asked: bool = False

    @property
    def service(self) -> str:
        return SERVICES[self.provider]


@blueprint.get("")
@staff(Level.VIEWER)
def show(school: str) -> Answer:
    return sync_page()


@blueprint.get("/<provider>/status")
@staff(Level.VIEWER)
def status(school: str, provider: str) -> Answer:
    """Nothing, where the reader has this state already. Once the link was disconnected, or its grant has died, the page
    around this part is another one: it is loaded anew."""
    with database().reading() as db:
        panel = _panel(db, _offered(provider))
    if panel.link is None or panel.status is None or not panel.link.is_live:
        return "", 204, {"HX-Refresh": "true"}
    if request.args.get("v") == panel.status.version:
        return "", 204
    return page("teacher/_calendar_status.html", panel=panel, now=clock.now())


@blueprint.post("/<provider>")
@staff(Level.VIEWER)
def save(school: str, provider: str) -> Answer:
    form = Form.sent(SyncInput, request.form)
    if not form:
        return sync_page(422, forms={_offered(provider): form})
    try:
        with database().transaction() as db:
            save_link(db, db.get_one(Contact, g.contact.id), _offered(provider), form.value, who=who(), now=clock.now())
    except (Invalid, NotLinked) as error:
        form.refuse(error)
        return sync_page(error.status, forms={provider: form})
    flash(_("Saved. It is synced now, and kept up to date from here on."))
    return _to_page(provider)


@blueprint.post("/<provider>/put-back")
@staff(Level.VIEWER)
def put_back(school: str, provider: str) -> Answer:
    """What the owner of the calendar deleted there stands on it again."""
    with database().transaction() as db:
        link = link_of(db, g.contact.id, _offered(provider), locked=True)
        if link and link.is_export:
            put_back_entries(db, link, now=clock.now())
            flash(_("They are put back on your calendar."))
    return _to_page(provider)


@blueprint.post("/<provider>/disconnect")
@staff(Level.VIEWER)
@as_oneself
@withheld_from_links
def disconnect(school: str, provider: str) -> Answer:
    with database().transaction() as db:
        link = link_of(db, g.contact.id, _offered(provider), locked=True)
        if link and link.disconnected_at is None:
            part_from(db, link, who=who(), now=clock.now())
            service = link.service
            flash(_("%(service)s is disconnected. What stands on your calendar stays there.", service=service))
    return go_to(url_for("calendar_sync.show", school=school))


@blueprint.post("/invite")
@staff(Level.VIEWER)
def invite(school: str) -> Answer:
    """While somebody is logged in as the teacher, who alone can link an account."""
    if not g.get("acting"):
        raise NotFound
    with database().transaction() as db:
        contact, now = db.get_one(Contact, g.contact.id), clock.now()

        def mail() -> dict[str, Any]:
            mail_link(db, contact, leads_to=CALENDAR_SYNC, who=who(), now=now)
            return {}

        once(db, "calendar_sync.invite", contact.id, deed=mail)
    flash(_("A set-up link is on its way to %(email)s.", email=contact.email))
    return redirect(url_for("calendar_sync.show", school=school), 303)


@blueprint.post("/feed")
@staff(Level.VIEWER)
@as_oneself
@withheld_from_links
def renew_feed(school: str) -> Answer:
    with database().transaction() as db:
        session[FEED] = make_feed(db, db.get_one(Contact, g.contact.id), TEACHER, who=who(), now=clock.now())
    return redirect(url_for("calendar_sync.show", school=school, _anchor="feed"), 303)


@blueprint.post("/feed/stop")
@staff(Level.VIEWER)
@as_oneself
@withheld_from_links
def end_feed(school: str) -> Answer:
    with database().transaction() as db:
        stop_feed(db, db.get_one(Contact, g.contact.id), TEACHER, who=who(), now=clock.now())
    return redirect(url_for("calendar_sync.show", school=school, _anchor="feed"), 303)


def sync_page(code: int = 200, *, forms: dict[str, Form[SyncInput]] | None = None, **said: Any) -> Answer:
    """`said` is what came of a sign-in that linked nothing: `problem`, and `other`, the account that was held back."""
    secret = session.get(FEED, "")
    with database().reading() as db:
        panels = [_panel(db, provider, (forms or {}).get(provider)) for provider in confab().providers.calendars]
        feed = feed_of(db, g.contact, TEACHER)
    known = confab().settings.base_url + url_for("feed.calendar", secret=secret) if is_secret_of(feed, secret) else ""
    values = {"panels": panels, "feed": feed, "feed_link": known, "now": clock.now()}
    return page("teacher/calendar_sync.html", code, nav="calendar-sync", **values | said)


def _panel(db: Session, provider: str, form: Form[SyncInput] | None = None) -> Panel:
    link = next((one for one in links_of(db, g.contact.id) if one.provider == provider), None)
    if link is None or link.disconnected_at is not None:
        return Panel(provider, None, Form(SyncInput), [], None)
    calendars = calendars_of(link)
    only = calendars[0][0] if len(calendars) == 1 else ""
    stored = {"calendar": link.calendar_id if link.saved_at else only, "is_import": link.is_import}
    state = sync_status(db, link, within=g.within, now=clock.now())
    asked = is_asked_about(link, g.contact)
    shown = Form(SyncInput, stored) if form is None else form
    return Panel(provider, link, shown, calendars, state, asked)


def _offered(provider: str) -> str:
    """Raises NotFound for one that this installation has no app for."""
    if provider not in confab().providers.calendars:
        raise NotFound
    return provider


def _to_page(provider: str) -> Response:
    return redirect(url_for("calendar_sync.show", school=g.school.slug, _anchor=provider), 303)
