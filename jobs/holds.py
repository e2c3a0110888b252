"""Give back what families held and no longer look at; whoever wants such a time does not wait for this."""

import logging

from flask import Flask

from webapp import clock
from webapp.context import database
from webapp.services.booking.holds import any_expired, let_go_expired

log = logging.getLogger(__name__)


def release_holds(app: Flask) -> None:
    """Looking takes no writer's turn."""
    with app.app_context():
        now = clock.now()
        with database().reading() as session:
            is_any = any_expired(session, now=now)
        if is_any:
            with database().transaction() as session:
                log.info("holds", extra={"released": let_go_expired(session, now=now)})
