"""Look whether teachers have to be mailed of appointments that came, moved or went."""

import logging

from flask import Flask

from webapp import clock
from webapp.context import database
from webapp.services.message.resource_mails import due_changes, events_that_tell, wish_resource_mails
from webapp.services.system.installation import hold_of

log = logging.getLogger(__name__)


def tell_resources(app: Flask) -> None:
    """Looking takes no writer's turn."""
    with app.app_context():
        with database().reading() as session:
            events = [] if hold_of(session) else events_that_tell(session, now=clock.now())
        for event in events:
            with database().reading() as session:
                changes = due_changes(session, event, now=clock.now())
            if changes:
                with database().transaction() as session:
                    wished = wish_resource_mails(session, event, changes, now=clock.now())
                log.info("resource mails", extra={"event": event, "messages": wished})
