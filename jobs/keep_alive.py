"""Renew the tokens of grants that nobody uses: a grant that sleeps all summer dies after 90 days."""

import logging

from flask import Flask

from webapp import clock
from webapp.context import confab, database
from webapp.errors import ProviderError
from webapp.models import Connection
from webapp.services.calendar.tokens import LinkTokens
from webapp.services.meeting.tokens import ConnectionTokens
from webapp.services.system.installation import hold_of
from webapp.services.system.keep_alive import Sleeping, sleeping_grants

log = logging.getLogger(__name__)


def keep_alive(app: Flask) -> None:
    """Of several processes the first renews; the others find the newer pair, or the row renewed."""
    with app.app_context():
        with database().reading() as session:
            sleeping = [] if hold_of(session) else sleeping_grants(session, now=clock.now())
        for one in sleeping:
            _renew(one)


def _renew(sleeping: Sleeping) -> None:
    kept = ConnectionTokens if sleeping.table is Connection else LinkTokens
    tokens, providers = kept(database(), sleeping.id, clock.now), confab().providers
    try:
        tokens.renewed(lambda pair: providers.handshake(sleeping.provider).refresh(pair), rejected=sleeping.access)
    except ProviderError as error:
        tokens.note_problem(error)
        about = {str(sleeping.table.__tablename__): sleeping.id, "reason": error.message}
        log.warning("a grant was not kept alive", extra=about)
