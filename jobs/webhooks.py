"""Look at the meetings that webhooks named."""

import logging

from flask import Flask

from jobs.batch import drain
from jobs.link_sync import speak
from webapp import clock
from webapp.context import database
from webapp.errors import ProviderError
from webapp.models import WebhookReceipt
from webapp.services.meeting import receipts
from webapp.services.system.errand import Claim

log = logging.getLogger(__name__)

AT_ONCE = 2


def read_webhooks(app: Flask) -> None:
    drain(app, WebhookReceipt, _look, at_once=AT_ONCE)


def _look(claim: Claim) -> None:
    """No transaction is open while the provider is asked."""
    with database().transaction() as session:
        look = receipts.begin(session, claim, now=clock.now())
    if look is None:
        return
    try:
        found = speak(look.provider, look.connection_id).read(look.remote_id)
    except ProviderError as error:
        with database().transaction() as session:
            receipts.put_off(session, claim, error, now=clock.now())
        return
    with database().transaction() as session:
        mends = receipts.store_look(session, look, found, now=clock.now())
    if mends:
        log.warning("webhook", extra={"errand": claim.id})
