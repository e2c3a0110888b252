"""Understand the query options that a client may send: no more than this stand-in answers truly."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from .answers import GraphError, invalid
from .records import Event

_FILTER = re.compile(
    r"singleValueExtendedProperties/Any\((?P<x>\w+): ?(?P=x)/id eq '(?P<id>[^']+)' and "
    r"(?P=x)/value (?:eq '(?P<value>[^']*)'|ne null)\)",
    re.IGNORECASE,
)
_EXPAND = re.compile(r"singleValueExtendedProperties\(\$filter=id eq '(?P<id>[^']+)'\)", re.IGNORECASE)
_DEFAULT_PAGE = 10
_OPTIONS = {"$top", "$skip", "$select", "$expand", "$filter", "startdatetime", "enddatetime"}
_KEPT = {"@odata.etag", "id"}
T = TypeVar("T")


@dataclass(frozen=True)
class Wanted:
    """What a list is asked for."""

    top: int
    skip: int
    select: frozenset[str]
    expand: str
    is_wanted: Callable[[Event], bool]

    def cut(self, body: dict[str, Any]) -> dict[str, Any]:
        """The properties that were selected."""
        if not self.select:
            return body
        return {name: value for name, value in body.items() if name in self.select | _KEPT | {_PROPERTIES}}


_PROPERTIES = "singleValueExtendedProperties"


def read_query(query: Mapping[str, str], largest: int) -> Wanted:
    """Raises GraphError for an option that is unknown or cannot be read."""
    unknown = sorted(name for name in query if name.lower() not in _OPTIONS)
    if unknown:
        raise invalid(f"The query option '{unknown[0]}' is not answered here.", "RequestBroker--ParseUri")
    return Wanted(
        top=_number(query, "$top", _DEFAULT_PAGE, lowest=1, largest=largest),
        skip=_number(query, "$skip", 0, lowest=0, largest=10**9),
        select=frozenset(part.strip() for part in query.get("$select", "").split(",") if part.strip()),
        expand=_expanded(query.get("$expand", "")),
        is_wanted=_filter(query.get("$filter", "")),
    )


def _number(query: Mapping[str, str], name: str, default: int, *, lowest: int, largest: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal() or not lowest <= int(text):
        raise invalid(f"Invalid value '{text}' for {name} query option found.", "ErrorInvalidUrlQueryFilter")
    return min(int(text), largest)


def _expanded(text: str) -> str:
    """The id of the property that is asked for."""
    if not text:
        return ""
    found = _EXPAND.fullmatch(text)
    if not found:
        raise invalid("Parsing OData Select and Expand failed.", "RequestBroker--ParseUri")
    return found["id"]


def _filter(text: str) -> Callable[[Event], bool]:
    if not text:
        return lambda _: True
    found = _FILTER.fullmatch(text)
    if not found:
        raise invalid(f"Invalid filter clause: {text}", "ErrorInvalidUrlQueryFilter")
    name, value = found["id"], found["value"]
    return lambda event: name in event.properties and value in {None, event.properties[name]}


def page_of(
    rows: Sequence[T], wanted: Wanted, query: Mapping[str, str], address: str
) -> tuple[list[T], dict[str, str]]:
    """The page asked for, and the link to the next one where there is one."""
    page = list(rows[wanted.skip : wanted.skip + wanted.top])
    after = wanted.skip + wanted.top
    if after >= len(rows):
        return page, {}
    return page, {"@odata.nextLink": f"{address}?{urlencode({**query, '$skip': after})}"}


def window_of(query: Mapping[str, str]) -> tuple[float, float]:
    """Raises GraphError unless both ends are there; without an offset they are UTC."""
    lower = {name.lower(): value for name, value in query.items()}
    try:
        start, end = (_instant(lower[name]) for name in ("startdatetime", "enddatetime"))
    except KeyError:
        message = "This request requires a time window specified by the parameters StartDateTime and EndDateTime."
        raise invalid(message, "ErrorInvalidParameter") from None
    except ValueError:
        raise invalid("The value is not a valid DateTimeOffset.", "ErrorInvalidParameter") from None
    if end < start:
        raise GraphError(400, "ErrorCalendarViewRangeTooBig", "The end is before the start.")
    return start, end


def _instant(text: str) -> float:
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else datetime.fromisoformat(f"{text}+00:00")).timestamp()
