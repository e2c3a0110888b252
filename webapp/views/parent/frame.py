"""The families' blueprint, and what each of its pages needs first: the event of the address, and whose page it is."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response

from webapp import clock
from webapp.errors import NotFound
from webapp.rendering import page
from webapp.services.booking.agenda import Entry
from webapp.services.booking.choices import Pick
from webapp.services.booking.own import may_still_change
from webapp.services.event.open_events import Round
from webapp.views.parent.named import named_children

blueprint = Blueprint("parent", __name__)

Answer = Response | tuple[str, int]

_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")


@blueprint.url_value_preprocessor
def _refuse_odd_words(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Short names and tokens are plain words: a database need not be asked for anything else."""
    if not all(_WORD.fullmatch(word) for word in (values or {}).values()):
        raise NotFound


@blueprint.app_template_global()
def address(endpoint: str, **values: Any) -> str:
    """Of a page of the event that the request is about."""
    at = request.view_args or {}
    return _address(endpoint, at["school"], at["event"], **values)


@blueprint.app_template_global()
def school_address(endpoint: str) -> str:
    """Of a page of the school that the request is about."""
    return _page(request.root_path, endpoint, (request.view_args or {})["school"])


def _address(endpoint: str, school: str, event: str, *, pick: Iterable[object] = (), **values: Any) -> str:
    """Making one takes as long as a query: what most of them are made of is made once."""
    if values:
        return url_for(f"parent.{endpoint}", school=school, event=event, pick=[*pick], **values)
    page = _page(request.root_path, endpoint, school, event)
    return f"{page}?{urlencode([('pick', one) for one in pick])}" if pick else page


@lru_cache(1024)
def _page(_root: str, endpoint: str, school: str, event: str | None = None) -> str:
    return url_for(f"parent.{endpoint}", school=school, event=event)


def event_page(template: str, found: Round, status: int = 200, **values: Any) -> tuple[str, int]:
    """A page or partial within the event's frame."""
    now = clock.now()

    def may_change(entry: Entry) -> bool:
        return entry.cancelled_at is None and may_still_change(entry, found.settings, now=now)

    known = {"event": found.event, "round": found, "now": now, "may_change": may_change}
    return page(f"parent/{template}", status, **known, **values)


def to(endpoint: str, school: str, event: str, **values: Any) -> Response:
    return redirect(_address(endpoint, school, event, **values), 303)


def to_step(endpoint: str, school: str, event: str, picks: list[Pick] | list[str], **values: Any) -> Response:
    return to(endpoint, school, event, pick=picks, **values)


def are_named(found: Round, picks: list[Pick]) -> bool:
    """A name typed for a Simple PTA event goes with the session; after a new sign-in it is asked for again."""
    return not found.event.is_simple or {pick.child for pick in picks} <= named_children(session).keys()
