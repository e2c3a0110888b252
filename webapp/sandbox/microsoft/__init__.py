"""Imitate Microsoft's sign-in and Graph's calendar: consent and tokens, the REST API, the teacher's own calendar."""

from flask import Blueprint, Flask

from ..site import create_site
from ..steering import create_steering
from .api import create_api
from .control import ROUTES
from .oauth import create_oauth
from .pages import create_pages
from .seeding import seed
from .state import MicrosoftState

__all__ = ["MicrosoftState", "create_microsoft", "seed"]


def create_microsoft(state: MicrosoftState, *, public_url: str = "") -> Flask:
    return create_site(__name__, state, public_url, (create_oauth, create_api, _create_control, create_pages))


def _create_control(state: MicrosoftState) -> Blueprint:
    return create_steering(state, ROUTES)
