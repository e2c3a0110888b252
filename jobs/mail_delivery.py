"""Send the mails that are due, one person each."""

import logging
from datetime import timedelta

from flask import Flask

from jobs.batch import drain
from webapp import clock, faults
from webapp.context import confab, database
from webapp.errors import ProviderError
from webapp.models import Message
from webapp.services.message import deliver
from webapp.services.message.claim import claim_mails
from webapp.services.system.errand import Claim, renew

log = logging.getLogger(__name__)

AT_ONCE = 4
SOON = timedelta(seconds=10)
"""A mail whose printing took longer is sent under a new lease: together they may take longer than one."""


def deliver_mail(app: Flask) -> None:
    ran = drain(app, Message, _deliver, at_once=AT_ONCE, claim=claim_mails)
    if ran:
        log.info("mail delivery", extra={"messages": ran})


def _deliver(claim: Claim) -> None:
    began = clock.now()
    with database().transaction() as session:
        about = confab().settings
        draft = deliver.next_mail(session, claim, base_url=about.base_url, sender=about.mail_sender, now=clock.now())
    if draft is None:
        return
    mail = deliver.finished(draft, confab().press)
    faults.point("mail.rendered")
    if clock.now() - began > SOON and not _is_renewed(claim):
        return
    try:
        confab().providers.mailer.send(mail)
    except ProviderError as error:
        with database().transaction() as session:
            deliver.store_unsent(session, claim, error, now=clock.now())
        return
    faults.point("mail.accepted")
    with database().transaction() as session:
        deliver.store_sent(session, claim, now=clock.now())


def _is_renewed(claim: Claim) -> bool:
    with database().transaction() as session:
        return renew(session, Message, claim, now=clock.now())
