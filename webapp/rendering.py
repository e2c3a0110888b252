"""Render pages with the same safety: strict headers, nothing cached, the reader's language."""

import hashlib
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, render_template, request
from flask_login import current_user
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from webapp import i18n
from webapp.context import confab, database
from webapp.errors import N_
from webapp.i18n import gettext
from webapp.models import Level
from webapp.services.booking.listed import red_count
from webapp.services.message.undelivered import undelivered_count
from webapp.services.people.accounts import Membership, memberships
from webapp.services.people.manners import speak_as
from webapp.services.system.installation import Hold, hold_of

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
_HEADERS = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()"),
    ("X-Robots-Tag", "noindex"),
)
_KEPT = frozenset({"static", "school_settings.picture"})
"""Their addresses change with their content."""
_FOR_PROGRAMS = frozenset({"feed.calendar"})
"""Calendar programs keep what they got, and ask whether it has changed."""
_A_YEAR = 31_536_000
_LEVELS = (
    N_("Customer"),
    N_("Appointment Viewer"),
    N_("Appointment Maker"),
    N_("Resource Administrator"),
    N_("Event Administrator"),
    N_("Administrator"),
)


class Answer(Response):
    """With the strict headers, but those of which its view has its own."""

    def get_wsgi_response(self, environ: Any) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        """At the last moment, when they are a plain list: to set them before takes as long as a query."""
        body, status, headers = super().get_wsgi_response(environ)
        own = {name for name, _value in headers}
        return body, status, [*headers, *(header for header in _HEADERS if header[0] not in own)]


def init_rendering(app: Flask) -> None:
    app.response_class = Answer
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(i18n.gettext, i18n.plural, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        clock_time=i18n.clock_time,
        moment=i18n.moment,
        long_moment=i18n.long_moment,
        comma=i18n.comma,
        stop=i18n.stop,
        long_day=i18n.long_day,
        short_day=i18n.short_day,
        local_day=i18n.local_day,
        full_date=i18n.full_date,
        zone_name=i18n.zone_name,
        sentence=i18n.sentence,
        asset=asset,
        language=i18n.language,
        direction=i18n.direction,
        languages=tuple(i18n.LANGUAGES.items()),
    )
    app.jinja_env.globals["_"] = words
    # A filter costs a third of a call, which counts where a page shows dozens of times.
    app.jinja_env.filters["clock_time"] = i18n.clock_time
    parts: Any = app.jinja_env.get_template("shell/_icons.html").module
    app.jinja_env.globals.update(icon=cache(parts.icon), mark=cache(parts.mark), nav_item=parts.nav_item)
    fixed: Any = app.jinja_env.get_template("shell/_fixed.html").module
    app.jinja_env.globals.update(head=cache(fixed.head), toast=cache(fixed.toast))
    buttons: Any = app.jinja_env.get_template("parent/_language_buttons.html").module
    app.jinja_env.globals["language_buttons"] = cache(buttons.language_buttons)
    app.jinja_env.globals.update(level_name=level_name, levels=levels, hold_now=hold_now, red_now=red_now)
    app.jinja_env.globals.update(undelivered_now=undelivered_now)
    app.jinja_env.globals.update(vendors=vendors, may_add_account=may_add_account)
    app.context_processor(_everywhere)
    app.after_request(_secure)
    app.teardown_request(lambda _error: speak_as(None))


@pass_eval_context
def words(context: EvalContext, message: str, **values: object) -> str:
    """As Jinja's own `_` (newstyle), which is half of the work of a page that has no values to fill in."""
    if not context.autoescape:
        return gettext(message) % values
    if not values:
        return _marked_up(message, i18n.language())
    return Markup(gettext(message)) % values  # noqa: S704 - our own words; the values are escaped


@lru_cache(2048)
def _marked_up(message: str, _language: str) -> Markup:
    return Markup(gettext(message) % {})  # noqa: S704 - our own words, from the template or the catalogue


@cache
def asset(name: str) -> str:
    """The address of a static file, which changes with its content, so that browsers may keep it for ever."""
    content = (Path(__file__).parent / "static" / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:10]}"


def page(template: str, status: int = 200, /, **values: Any) -> tuple[str, int]:
    """A page or partial with its status, as the school writes; 409 and 422 have the same root as 200."""
    speak_as(g.get("school"))
    return render_template(template, **values), status


def is_htmx() -> bool:
    """Whether a partial is asked for, by a swap in a page."""
    return bool(getattr(request, "htmx", False))


def level_name(level: int) -> str:
    """The admin level in words (PRODUCT 1.6)."""
    return gettext(_LEVELS[level])


def levels(lowest: int, highest: int) -> list[tuple[int, str]]:
    """The admin levels of a choice, with their words."""
    return [(level, level_name(level)) for level in range(lowest, highest + 1)]


def hold_now() -> Hold | None:
    """For the shell of the staff's pages, which all say so while nothing leaves."""
    with database().reading() as session:
        return hold_of(session)


def red_now() -> int:
    """For the navigation of the staff: how many of the appointments that they see have a problem."""
    with database().reading() as session:
        return red_count(session, g.contact, g.within)


def undelivered_now() -> int:
    """For the navigation of those who may mend it: how many mails were given up."""
    with database().reading() as session:
        return undelivered_count(session, g.contact)


def vendors() -> list[Membership]:
    """The schools that the person works for, where they are several: the Vendor pull-down (PRODUCT 1.2)."""
    with database().reading() as session:
        known = memberships(session, current_user.person.login_id)
    mine = [one for one in known if one.contact.level >= Level.VIEWER]
    return mine if len(mine) > 1 else []


def may_add_account() -> bool:
    """Whether the Vendor pull-down offers Add New Account."""
    return confab().settings.new_accounts and g.contact.level >= Level.ADMINISTRATOR


def _everywhere() -> dict[str, object]:
    return {
        "school": getattr(g, "school", None),
        "contact": getattr(g, "contact", None),
        "acting": getattr(g, "acting", False),
        "visitor": current_user,
        "support_address": getattr(g.get("school"), "support_address", "") or confab().settings.support_address,
    }


def _secure(response: Response) -> Response:
    if confab().settings.is_https:
        response.headers["Strict-Transport-Security"] = f"max-age={_A_YEAR}; includeSubDomains"
    if request.endpoint in _KEPT and response.status_code == 200:
        response.headers["Cache-Control"] = f"public, max-age={_A_YEAR}, immutable"
    elif request.endpoint in _FOR_PROGRAMS and response.status_code in {200, 304}:
        response.headers["Cache-Control"] = "private, max-age=300"
    else:
        response.headers["Cache-Control"] = "no-store, private"
        response.headers["Vary"] = "HX-Request, Accept-Language, Cookie"
    if response.status_code == 503:
        response.headers["Retry-After"] = "3"
    return response
