"""Look every minute whom to remind."""

import logging

from flask import Flask

from webapp import clock
from webapp.context import database
from webapp.services.message.reminders import due_reminders, events_ahead, wish_reminders
from webapp.services.system.installation import hold_of

log = logging.getLogger(__name__)


def remind(app: Flask) -> None:
    """Looking takes no writer's turn; what is wished is a mail's errand like any other."""
    with app.app_context():
        with database().reading() as session:
            events = [] if hold_of(session) else events_ahead(session, now=clock.now())
        for event in events:
            with database().reading() as session:
                due = due_reminders(session, event, now=clock.now())
            if due:
                with database().transaction() as session:
                    wished = wish_reminders(session, due, now=clock.now())
                log.info("reminders", extra={"event": event, "messages": wished})
