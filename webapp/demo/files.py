"""Keep what a demo needs to find its data again: keys, passwords and addresses, in its own directory."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webapp.config import Settings, sqlite_url

ZOOM_CLIENT = "confab-demo"
DATABASE = "demo.db"
_SECRETS = ("secret_key", "token_key", "zoom_secret", "webhook_secret")


@dataclass(frozen=True)
class DemoFiles:
    """The demo's directory. Only its owner may read it: it holds keys."""

    directory: Path

    @property
    def sandbox(self) -> Path:
        return self.directory / "sandbox"

    def prepare(self) -> dict[str, Any]:
        """The stored facts, made at the first start."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.sandbox.mkdir(exist_ok=True)
        facts = self.facts() if self._facts.exists() else {}
        if missing := [name for name in _SECRETS if name not in facts]:
            self.store(facts | {name: secrets.token_hex(32) for name in missing})
        return self.facts()

    def start_over(self) -> None:
        """Delete what a start that was killed may have left: without its facts nobody could sign in to it."""
        for file in self.directory.glob(f"{DATABASE}*"):
            file.unlink()

    def facts(self) -> dict[str, Any]:
        stored: dict[str, Any] = json.loads(self._facts.read_text())
        return stored

    def store(self, facts: dict[str, Any]) -> None:
        whole = self._facts.with_suffix(".new")
        whole.touch(mode=0o600)
        whole.write_text(json.dumps(facts, indent=2))
        whole.replace(self._facts)

    def settings(self, **values: Any) -> Settings:
        """Settings on this directory's database, with keys of its own. Raises FileNotFoundError before `prepare`."""
        facts = self.facts()
        fixed: dict[str, Any] = {
            "secret_key": facts["secret_key"],
            "token_keys": (facts["token_key"],),
            "database_url": sqlite_url(self.directory.resolve() / DATABASE),
            "demo": True,
            "new_accounts": True,
            "quarantine_seconds": 2.0,
            "merge_seconds": 2.0,
            "zoom_client_id": ZOOM_CLIENT,
            "zoom_client_secret": facts["zoom_secret"],
            "zoom_webhook_secrets": (facts["webhook_secret"],),
        }
        return Settings(**{**fixed, **values})

    @property
    def _facts(self) -> Path:
        return self.directory / "demo.json"
