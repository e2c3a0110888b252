"""Read the settings from the environment once, checked, with a plain word for each that is wrong."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class BadSettings(Exception):
    """One or more settings cannot be used; the text lists each by its environment name."""


class Settings(BaseModel):
    """What an installation can set. The environment name of `mail_server` is CONFAB_MAIL_SERVER."""

    # The complaints of pydantic would otherwise show what was typed, secrets included, in a traceback.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    secret_key: str = Field(min_length=32, repr=False)
    secret_key_fallbacks: tuple[str, ...] = Field(default=(), repr=False)
    token_keys: tuple[str, ...] = Field(min_length=1, repr=False)
    database_url: str = "sqlite:///confab.db"
    base_url: Annotated[str, AfterValidator(lambda url: url.rstrip("/"))] = "http://127.0.0.1:8000"
    run_jobs: bool = True
    demo: bool = False
    debug: bool = False

    mail_server: str = ""
    mail_port: int = Field(default=587, ge=1, le=65535)
    mail_username: str = ""
    mail_password: str = Field(default="", repr=False)
    mail_encryption: str = Field(default="starttls", pattern="^(starttls|tls|none)$")
    mail_sender: str = "Confab <confab@localhost>"

    zoom_client_id: str = ""
    zoom_client_secret: str = Field(default="", repr=False)
    zoom_webhook_secrets: tuple[str, ...] = Field(default=(), repr=False)  # newest first; empty = no webhooks
    zoom_oauth_url: str = "https://zoom.us"
    zoom_api_url: str = "https://api.zoom.us/v2"
    zoom_link_hosts: tuple[str, ...] = ("zoom.us",)
    zoom_plan: str = Field(default="pro", pattern="^(free|pro|business)$")
    zoom_host_day: int = Field(default=100, ge=0)
    quarantine_seconds: float = Field(default=140, ge=0)
    merge_seconds: float = Field(default=30, ge=0)

    google_client_id: str = ""  # empty = Google calendars are not offered
    google_client_secret: str = Field(default="", repr=False)
    google_consent_url: str = "https://accounts.google.com/o/oauth2/v2/auth"
    google_oauth_url: str = "https://oauth2.googleapis.com"
    google_api_url: str = "https://www.googleapis.com/calendar/v3"
    google_person_url: str = "https://openidconnect.googleapis.com/v1/userinfo"
    microsoft_client_id: str = ""  # empty = Outlook calendars are not offered
    microsoft_client_secret: str = Field(default="", repr=False)
    microsoft_oauth_url: str = "https://login.microsoftonline.com/common/oauth2/v2.0"
    microsoft_api_url: str = "https://graph.microsoft.com/v1.0"

    print_processes: int = Field(default=1, ge=0)
    support_address: str = ""
    new_accounts: bool = False  # Administrators may add further schools
    trusted_proxies: int = Field(default=0, ge=0)

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Raises BadSettings, naming each variable that is missing or wrong."""
        typed = {n: environ[_variable(n)] for n in cls.model_fields if _variable(n) in environ}
        lists = {n: _items(v) for n, v in typed.items() if cls.model_fields[n].annotation == tuple[str, ...]}
        try:
            return cls.model_validate({**typed, **lists})
        except ValidationError as error:
            raise BadSettings("\n".join(_complaint(e) for e in error.errors())) from error

    def refuse_unsafe(self) -> None:
        """Raise BadSettings where a public server would be open to strangers (RELIABILITY 5.6)."""
        host = urlsplit(self.base_url).hostname or ""
        is_public_http = not self.is_https and host not in LOOPBACK
        checks = {
            "CONFAB_DEBUG must not be on in production.": self.debug,
            "CONFAB_DEMO must not be on in production.": self.demo,
            "CONFAB_BASE_URL must begin with https:// (plain http only works on this machine).": is_public_http,
            "CONFAB_SECRET_KEY looks like a default. Make one: ./confab new-key": _is_weak(self.secret_key),
            "CONFAB_SECRET_KEY_FALLBACKS holds a weak key: leave it out.": any(
                map(_is_weak, self.secret_key_fallbacks)
            ),
            "CONFAB_TOKEN_KEYS holds a weak key. Make one: ./confab new-key": any(map(_is_weak, self.token_keys)),
            "CONFAB_SECRET_KEY and CONFAB_TOKEN_KEYS must differ.": self.secret_key in self.token_keys,
        }
        if wrong := [text for text, is_wrong in checks.items() if is_wrong]:
            raise BadSettings("\n".join(wrong))


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def _variable(name: str) -> str:
    return f"CONFAB_{name.upper()}"


def _items(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _is_weak(secret: str) -> bool:
    return len(secret) < 32 or len(set(secret)) < 10 or "change" in secret.lower() or "secret" in secret.lower()


def _complaint(error: object) -> str:
    assert isinstance(error, dict)
    return f"{_variable(str(error['loc'][0]))}: {error['msg']}"
