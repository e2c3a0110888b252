"""Hold what goes to and fro between our client and Microsoft Graph against its published description and types."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree

from contracts import (
    Operation,
    assert_request_matches,
    assert_response_matches,
    contracts_folder,
    load_json,
    load_operation,
)

FILE = "microsoft/graph-calendar.openapi.json"
TYPES = "microsoft/graph-v1.0-calendar.csdl.xml"
ROOT = "/v1.0"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_SPELT = {"innerError": "innererror"}
"""As the service spells it, and its description."""
LEFT_OUT = {"$expand", "singleValueExtendedProperties"}
"""Of navigation properties the descriptions that we hold were freed: how this one is asked for stands in Microsoft's
`singlevaluelegacyextendedproperty-get`."""


def operation_at(method: str, url: str) -> Operation:
    """The operation of Graph's description that answers there. Raises LookupError."""
    path = unquote(urlsplit(url).path).removeprefix(ROOT)
    for template, methods in load_json(FILE)["paths"].items():
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", template.replace("(", r"\(").replace(")", r"\)"))
        if re.fullmatch(pattern, path) and method.lower() in methods:
            return load_operation(FILE, methods[method.lower()]["operationId"])
    raise LookupError(f"Graph's description has no {method} {path}")


def assert_request_fits(method: str, url: str, body: Mapping[str, Any] | None) -> None:
    operation = operation_at(method, url)
    asked = set(parse_qs(urlsplit(url).query))
    unknown = asked - set(_parameters(operation)) - LEFT_OUT
    assert not unknown, f"{operation.id} does not know the parameters {unknown}"
    if body is not None:
        assert_request_matches(operation, body)
        assert_types_know(_kind(operation), body)


def assert_answer_fits(method: str, url: str, status: int, body: Any) -> None:
    """The description says 204 of a changed event; the documentation and the service say 200 and the event."""
    operation = operation_at(method, url)
    said = without_annotations(body)
    if method == "PATCH" and status == 200:
        operation, status = operation_at("GET", url), 200
    assert_response_matches(operation, status, said)
    if status < 300 and said is not None:
        for one in said.get("value", [said]):
            assert_types_know(_kind(operation), one)


def without_annotations(body: Any) -> Any:
    """Without what OData says about an answer, and without what is not there: the description has no nulls."""
    if isinstance(body, list):
        return [without_annotations(one) for one in body]
    if not isinstance(body, dict):
        return body
    kept = {name: value for name, value in body.items() if ("@" not in name or name == "@odata.nextLink")}
    return {_SPELT.get(name, name): without_annotations(value) for name, value in kept.items() if value is not None}


def assert_types_know(kind: str, value: Mapping[str, Any]) -> None:
    """The newer of the two: it says no more than which properties there are."""
    unknown = list(_strangers(kind, value, kind))
    assert not unknown, f"Graph's types lack {', '.join(unknown)}"


def _strangers(kind: str, value: Mapping[str, Any], path: str) -> Iterator[str]:
    known = _types().get(kind)
    if known is None:
        return  # of `user` the file that we hold has nothing
    for name, part in value.items():
        place = f"{path}.{name}"
        if name in LEFT_OUT or "@" in name:
            continue
        if name not in known:
            yield place
        for one in part if isinstance(part, list) else [part]:
            if isinstance(one, dict):
                yield from _strangers(known.get(name, ""), one, place)


@cache
def _types() -> dict[str, dict[str, str]]:
    """Of each type its properties with the types of these, inherited ones too."""
    root = ElementTree.fromstring((Path(contracts_folder()) / TYPES).read_text())
    found = {one.attrib["Name"]: one for tag in ("EntityType", "ComplexType") for one in root.iter(EDM + tag)}
    return {name: _properties(found, name) for name in found}


def _properties(found: Mapping[str, ElementTree.Element], name: str) -> dict[str, str]:
    element = found[name]
    base = element.attrib.get("BaseType", "").removeprefix("graph.")
    own = {one.attrib["Name"]: _short(one.attrib["Type"]) for one in element.iter(EDM + "Property")}
    return (_properties(found, base) if base in found else {}) | own


def _short(kind: str) -> str:
    return kind.removeprefix("Collection(").removesuffix(")").rpartition(".")[2]


def _kind(operation: Operation) -> str:
    if "event" in operation.path or "calendarView" in operation.path:
        return "event"
    return "calendar" if "calendar" in operation.path else "user"


def _parameters(operation: Operation) -> Iterator[str]:
    document = load_json(FILE)
    for one in document["paths"][operation.path][operation.method.lower()].get("parameters", ()):
        found = document["components"]["parameters"][one["$ref"].rpartition("/")[2]] if "$ref" in one else one
        if found["in"] == "query":
            yield found["name"]


def body_of(text: Any) -> Any:
    """What a request says, of which the body may be one that is read piece by piece."""
    said = text if isinstance(text, str | bytes) or text is None else b"".join(text)
    return json.loads(said) if said else None
