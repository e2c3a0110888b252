"""Explain each page of the office in a few lines, behind the "?" of that page (R101)."""

from typing import NamedTuple

from flask import Blueprint, request

from webapp.auth import staff
from webapp.errors import N_
from webapp.models import Level
from webapp.rendering import page

blueprint = Blueprint("help", __name__, url_prefix="/s/<school>/help")


class Topic(NamedTuple):
    name: str
    title: str
    places: tuple[str, ...]
    """What the addresses of its pages hold."""


TOPICS = (
    Topic("vendor-ui-setup", N_("Vendor UI Setup"), ("/settings/vendor-ui-setup",)),
    Topic("notification-setup", N_("Notification Setup"), ("/settings/notification-setup", "/settings/notifications")),
    Topic("cui-messages", N_("CUI Messages"), ("/settings/cui-messages",)),
    Topic("ui-setup", N_("UI Setup"), ("/settings/",)),
    Topic("zoom", N_("Zoom Admin Managed App"), ("/zoom/",)),
    Topic("online-meetings", N_("Online Meetings"), ("/online-meetings",)),
    Topic("calendar-sync", N_("Calendar Sync"), ("/calendar-sync",)),
    Topic("importer", N_("Importer"), ("/importer",)),
    Topic("global-setup", N_("Global Setup"), ("/setup/",)),
    Topic("contacts", N_("Contacts"), ("/contacts", "/students", "/profile")),
    Topic("reports", N_("Reports"), ("/reports",)),
    Topic("appointments", N_("Appointments tab and slots"), ("/e/",)),
    Topic("set-up", N_("Set up an event, start to finish"), ("/events",)),
)
"""The first whose place is in the address counts. More special ones stand before."""

_NAMES = ", ".join(f'"{topic.name}"' for topic in TOPICS)
_BY_NAME = {topic.name: topic for topic in TOPICS}


@blueprint.app_template_global()
def help_topic() -> Topic | None:
    """Of the page that is asked for; the help itself has none."""
    path = request.path.partition("/s/")[2].partition("/")[2]
    if request.blueprint == "help":
        return None
    return next((topic for topic in TOPICS if any(place in f"/{path}" for place in topic.places)), None)


@blueprint.get("")
@staff(Level.VIEWER)
def index(school: str) -> tuple[str, int]:
    return page("admin/help/index.html", topics=TOPICS, nav="help")


@blueprint.get(f"/<any({_NAMES}):topic>")
@staff(Level.VIEWER)
def show(school: str, topic: str) -> tuple[str, int]:
    return page(f"admin/help/{topic}.html", topic=_BY_NAME[topic], nav="help")
