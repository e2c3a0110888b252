"""Keep the names that parents of a Simple PTA event typed in the signed session, so that no address holds a name."""

import secrets
from collections.abc import MutableMapping
from typing import Any

from webapp.services.booking.family import Child, named_child

MOST_NAMES = 4
_KEY = "children"


def keep_child(session: MutableMapping[str, Any], name: str) -> str:
    """The token under which the child stands in addresses. Raises Invalid at the field "child"."""
    child = named_child(name)
    kept: dict[str, str] = dict(session.get(_KEY, {}))
    for token, known in kept.items():
        if known == child.name:
            return token
    token = secrets.token_urlsafe(6)
    session[_KEY] = dict([*kept.items(), (token, child.name)][-MOST_NAMES:])
    return token


def named_children(session: MutableMapping[str, Any]) -> dict[str, Child]:
    return {token: named_child(name) for token, name in session.get(_KEY, {}).items()}
