"""Say how exchanges with the stand-in of Google are recorded, and which of what they say differs each time."""

import re

from fakes import HeldTokens
from google_stage import GoogleStage
from tapes import SITE, Vendor

from webapp.config import Settings
from webapp.providers.base import Tokens
from webapp.providers.google import google_calendars, google_grants

_PAGE_TOKEN = re.compile(r'((?:nextPageToken\\":\s*\\"|[?&]pageToken=))([\w-]+)')
_UID = re.compile(r"\b\w+@google\.com\b")


class GoogleClient:
    """Our side of the wire as the application wires it, with the tokens that it holds."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self.tokens = tokens
        self.store = HeldTokens(tokens)
        self.grants = google_grants(settings)
        self.provider = google_calendars(settings)(self.store)


def without_random(text: str) -> str:
    """Tokens of pages, and the UIDs that Google gives, which look like addresses."""
    without_tokens = _PAGE_TOKEN.sub(lambda found: found[1] + "x" * len(found[2]), text)
    return _UID.sub(lambda found: "x" * len(found[0]), without_tokens)


GOOGLE = Vendor(
    name="Google",
    package="google",
    folder="google",
    url="google_url",
    stage=GoogleStage,
    client=GoogleClient,
    settings={
        "google_client_id": "our-client",
        "google_client_secret": "our-secret",
        "google_consent_url": f"{SITE}/o/oauth2/v2/auth",
        "google_oauth_url": SITE,
        "google_api_url": f"{SITE}/calendar/v3",
        "google_person_url": f"{SITE}/v1/userinfo",
    },
    tidy=without_random,
)
