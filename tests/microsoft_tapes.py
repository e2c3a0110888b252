"""Say how exchanges with the stand-in of Microsoft are recorded, and which of what they say differs each time."""

import re
from dataclasses import replace
from string import ascii_lowercase

from fakes import HeldTokens
from microsoft_stage import MicrosoftStage
from tapes import SITE, Vendor

from webapp.config import Settings
from webapp.providers.base import Tokens
from webapp.providers.microsoft import microsoft_calendars, microsoft_grants
from webapp.providers.microsoft.oauth import ASKED
from webapp.providers.microsoft.orders import OURS

PUBLIC = OURS.partition("{")[2].partition("}")[0]
_EXCHANGE_ID = re.compile(r"AA(?:Mk|kA)[A-Z][\w-]{60,}")
_RANDOM = re.compile(rf"(?!{PUBLIC})\b(?:[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}|[0-9A-F]{{64}})\b")


class MicrosoftClient:
    """Our side of the wire as the application wires it, with the tokens that it holds."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self.tokens = replace(tokens, scopes=ASKED)
        self.store = HeldTokens(self.tokens)
        self.grants = microsoft_grants(settings)
        self.provider = microsoft_calendars(settings)(self.store)


def without_ids(text: str) -> str:
    """The ids of mailboxes, calendars and events are letters of the same number, which tell them apart."""
    known: dict[str, str] = {}

    def letters(found: re.Match[str]) -> str:
        number = len(known)
        name = f"{ascii_lowercase[number // 26]}{ascii_lowercase[number % 26]}"
        return known.setdefault(found[0], f"id_{name}_".ljust(len(found[0]), "x"))

    return _RANDOM.sub(lambda found: re.sub(r"\w", "x", found[0]), _EXCHANGE_ID.sub(letters, text))


MICROSOFT = Vendor(
    name="Microsoft",
    package="microsoft",
    folder="microsoft",
    url="microsoft_url",
    stage=MicrosoftStage,
    client=MicrosoftClient,
    settings={
        "microsoft_client_id": "our-client",
        "microsoft_client_secret": "our-secret",
        "microsoft_oauth_url": f"{SITE}/common/oauth2/v2.0",
        "microsoft_api_url": f"{SITE}/v1.0",
    },
    tidy=without_ids,
)
