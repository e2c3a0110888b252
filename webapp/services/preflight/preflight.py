"""Put the checks together."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from webapp.models import Event, EventSettings
from webapp.services.preflight.connection import connection
from webapp.services.preflight.facts import Facts, MissingScopes, read_facts
from webapp.services.preflight.finding import AMBER, RED, Check, Finding
from webapp.services.preflight.hosts import contacts, hosts
from webapp.services.preflight.mails import mails
from webapp.services.preflight.passcodes import passcodes
from webapp.services.preflight.running import running
from webapp.services.preflight.slots import slots
from webapp.services.preflight.typed_links import typed_links

_CHECKS = (slots, contacts, typed_links, mails, connection, hosts, passcodes, running)


@dataclass(frozen=True)
class Preflight:
    """What was looked at, in the order of the page."""

    facts: Facts
    checks: tuple[Check, ...]

    @property
    def red(self) -> list[Finding]:
        return self._found(RED)

    @property
    def amber(self) -> list[Finding]:
        return self._found(AMBER)

    def _found(self, state: str) -> list[Finding]:
        return [finding for check in self.checks for finding in check.findings if finding.state == state]


def preflight(
    session: Session, event: Event, settings: EventSettings, *, missing_scopes: MissingScopes, now: datetime
) -> Preflight:
    """From stored facts alone, in a fixed number of queries."""
    facts = read_facts(session, event, settings, missing_scopes=missing_scopes, now=now)
    return Preflight(facts, tuple(done for check in _CHECKS if (done := check(facts))))
