"""Renew the tokens of connections that nobody uses: a grant that sleeps all summer dies after 90 days."""

import logging

from flask import Flask

from webapp import clock
from webapp.context import confab, database
from webapp.errors import ProviderError
from webapp.services.meeting.keep_alive import Sleeping, sleeping_connections
from webapp.services.meeting.tokens import StoredTokens
from webapp.services.system.installation import hold_of

log = logging.getLogger(__name__)


def keep_alive(app: Flask) -> None:
    """Of several processes the first renews; the others find the newer pair, or the row renewed."""
    with app.app_context():
        with database().reading() as session:
            sleeping = [] if hold_of(session) else sleeping_connections(session, now=clock.now())
        for one in sleeping:
            _renew(one)


def _renew(sleeping: Sleeping) -> None:
    tokens = StoredTokens(database(), sleeping.id, clock.now)
    try:
        tokens.renewed(confab().providers.grants[sleeping.provider].refresh, rejected=sleeping.access)
    except ProviderError as error:
        tokens.note_problem(error)
        log.warning("a connection was not kept alive", extra={"connection": sleeping.id, "reason": error.message})
