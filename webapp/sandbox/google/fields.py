"""Leave out of an answer what the `fields` of its request do not name."""

import re
from collections.abc import Iterator
from typing import Any

from .answers import invalid

_WORD = re.compile(r"[A-Za-z*]+|[(),/]")
_Tree = dict[str, Any]


def chosen(body: Any, selector: str) -> Any:
    """`items(id,start),nextPageToken` and `a/b` as in Google's partial responses; empty is everything."""
    if not selector or body is None:
        return body
    words = _WORD.findall(selector)
    if "".join(words) != selector:
        raise _bad(selector)
    parts = iter([*words, ")"])
    tree = _read(parts, selector)
    if next(parts, None) is not None:
        raise _bad(selector)
    return _cut(body, tree)


def _read(parts: Iterator[str], selector: str) -> _Tree:
    """Up to the closing bracket."""
    tree: _Tree = {}
    place: _Tree = tree
    for part in parts:
        if part == ")":
            return tree
        if part == ",":
            place = tree
        elif part == "(":
            place.update(_read(parts, selector))
        elif part != "/":
            place = place.setdefault(part, {})
    raise _bad(selector)


def _cut(body: Any, tree: _Tree) -> Any:
    if not tree:
        return body
    if isinstance(body, list):
        return [_cut(one, tree) for one in body]
    if not isinstance(body, dict):
        return body
    parts = {name: tree.get(name, tree.get("*")) for name in body}
    return {name: _cut(body[name], part) for name, part in parts.items() if part is not None}


def _bad(selector: str) -> Exception:
    return invalid("fields", f"Invalid field selection {selector}", "invalidParameter")
