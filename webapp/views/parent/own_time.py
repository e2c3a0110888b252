"""Show a family that is elsewhere its own time beside the school's: the browser says its zone, the family whether."""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from flask import g, redirect, request

from webapp import clock
from webapp.auth import family
from webapp.context import confab
from webapp.i18n import clock_time, comma, local_day, moment, zone_city, zone_name
from webapp.views.parent.frame import Answer, blueprint, to
from webapp.views.parent.landing import wanted_page

A_YEAR = 365 * 24 * 3600
ZONE, CHOICE = "zone", "clock"
"""Cookies: the first is set by static/ui.js, the second here."""

SCHOOL_ONLY = "school"
_NOWHERE = frozenset({"", "UTC", "GMT", "Factory"})


@blueprint.post("/<school>/<event>/clock")
@family
def choose_clock(school: str, event: str) -> Answer:
    """Back to the page where it was chosen; this browser remembers it."""
    page = wanted_page(school, event, request.form.get("next"))
    answer = redirect(page, 303) if page else to("mine", school, event)
    choice = SCHOOL_ONLY if request.form.get("show") == SCHOOL_ONLY else "both"
    secure = confab().settings.is_https
    answer.set_cookie(CHOICE, choice, max_age=A_YEAR, httponly=True, samesite="Lax", secure=secure)
    return answer


@blueprint.app_template_global()
def own_time(instant: datetime, zone: str) -> str:
    """`2:30 PM`, with the day where it is another one; empty where the clocks of both show the same."""
    own = _shown_zone()
    if not own or _offset(instant, own) == _offset(instant, zone):
        return ""
    return clock_time(instant, own) if local_day(instant, own) == local_day(instant, zone) else moment(instant, own)


@blueprint.app_template_global()
def lives_elsewhere(zone: str) -> bool:
    """Whether it is worth asking for the own time: once for a list of times, of which none can have any otherwise."""
    return _shown_zone() not in ("", zone)


@blueprint.app_template_global()
def own_clock(zone: str) -> dict[str, object] | None:
    """Where the family's clocks are others than the school's, if only in summer: their zone, with its city where it is
    called as the school's, and whether the family shows it."""
    own = _own_zone()
    if not own:
        return None
    name, is_alike = zone_name(own), zone_name(own) == zone_name(zone)
    if is_alike and _year_of(own, clock.now().year) == _year_of(zone, clock.now().year):
        return None
    words = f"{name}{comma()}{zone_city(own)}" if is_alike else name
    return {"name": words, "is_shown": request.cookies.get(CHOICE) != SCHOOL_ONLY}


def _shown_zone() -> str:
    """Empty where only the school's time shall be shown."""
    shown: str | None = g.get("shown_zone")
    if shown is None:
        shown = g.shown_zone = "" if request.cookies.get(CHOICE) == SCHOOL_ONLY else _own_zone()
    return shown


def _own_zone() -> str:
    """As the browser says it; empty where it says none, or one that nobody knows."""
    return _known(request.cookies.get(ZONE, ""))


@lru_cache(512)
def _known(name: str) -> str:
    """A zone of no place, as browsers name it that do not tell where they are, is none."""
    if name in _NOWHERE or name.startswith("Etc/"):
        return ""
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        return ""


@lru_cache(1024)
def _year_of(zone: str, year: int) -> tuple[object, ...]:
    """How far its clocks are from UTC in winter and in summer."""
    return tuple(_offset(datetime(year, month, 1, tzinfo=UTC), zone) for month in (1, 7))


def _offset(instant: datetime, zone: str) -> object:
    return instant.astimezone(ZoneInfo(zone)).utcoffset()
