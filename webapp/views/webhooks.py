"""Take what a provider tells by itself: the signature first, then one short transaction; nothing is asked meanwhile."""

import logging

from flask import Blueprint, request
from werkzeug.exceptions import MethodNotAllowed, NotFound, RequestEntityTooLarge

from webapp import clock, faults
from webapp.auth import public
from webapp.context import confab, database
from webapp.csrf import checks_its_own_origin
from webapp.providers.base import BadWebhook, Notice, NotSigned
from webapp.services.meeting.notices import take_notice

log = logging.getLogger(__name__)
blueprint = Blueprint("webhooks", __name__)

LARGEST = 64 * 1024
"""Bytes; the largest example that Zoom publishes has 4,000."""


@blueprint.route("/zoom/webhook", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
@public
@checks_its_own_origin
def zoom() -> tuple[dict[str, str], int]:
    """What is not signed is refused before anything of it is read, also a validation: to answer that would be to sign
    for a stranger (RELIABILITY D13). Without a secret there is no such page."""
    if request.method != "POST":
        raise MethodNotAllowed(["POST"])
    webhooks = confab().providers.webhooks.get("zoom")
    if webhooks is None:
        raise NotFound
    try:
        headers = {name.lower(): value for name, value in request.headers.items()}
        told = webhooks.read(headers, _body(), now=clock.now())
    except RequestEntityTooLarge:
        return {}, 413
    except NotSigned:
        return {}, 401
    except BadWebhook:
        log.warning("webhook refused", extra={"reason": "unreadable"})
        return {}, 400
    if isinstance(told, Notice):
        _store("zoom", told)
        return {}, 200
    return told, 200


def _body() -> bytes:
    """Raises RequestEntityTooLarge."""
    request.max_content_length = LARGEST
    return request.get_data(cache=False)


def _store(provider: str, notice: Notice) -> None:
    if not notice.about:
        log.info("webhook ignored", extra={"reason": "not about us"})
    with database().transaction() as session:
        take_notice(session, provider, notice, now=clock.now())
    faults.point("webhook.stored")
