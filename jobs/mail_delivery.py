"""Send the mails that are due, one person each."""

import logging

from flask import Flask

from jobs.batch import drain
from webapp import clock
from webapp.context import confab, database
from webapp.errors import ProviderError
from webapp.models import Message
from webapp.services.message import deliver
from webapp.services.system.errand import Claim

log = logging.getLogger(__name__)

AT_ONCE = 4


def deliver_mail(app: Flask) -> None:
    ran = drain(app, Message, _deliver, at_once=AT_ONCE)
    if ran:
        log.info("mail delivery", extra={"messages": ran})


def _deliver(claim: Claim) -> None:
    with database().transaction() as session:
        about = confab().settings
        draft = deliver.next_mail(session, claim, base_url=about.base_url, sender=about.mail_sender, now=clock.now())
    if draft is None:
        return
    try:
        confab().providers.mailer.send(deliver.finished(draft, confab().press))
    except ProviderError as error:
        with database().transaction() as session:
            deliver.store_unsent(session, claim, error, now=clock.now())
        return
    with database().transaction() as session:
        deliver.store_sent(session, claim, now=clock.now())
