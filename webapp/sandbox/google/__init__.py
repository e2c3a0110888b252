"""Imitate Google: consent and tokens, the Calendar API, a page where teachers keep their calendars, and faults."""

from flask import Flask

from ..site import create_site
from .api import create_api
from .control import create_control
from .oauth import create_oauth
from .pages import create_pages
from .seeding import seed
from .state import GoogleState

__all__ = ["GoogleState", "create_google", "seed"]


def create_google(state: GoogleState, *, public_url: str = "") -> Flask:
    return create_site(__name__, state, public_url, (create_oauth, create_api, create_control, create_pages))
