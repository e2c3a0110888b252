"""Hold what goes to and fro between our client and Zoom against its published descriptions: whatever call it is."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from contracts import Operation, assert_request_matches, assert_response_matches, load_json, load_operation, misfits
from requests.models import PreparedRequest

FILES = [f"zoom/{name}.openapi.json" for name in ("meetings", "users", "accounts", "oauth")]
ROOT = "/v2"
_SAID = {"boolean": {"true": True, "false": False}.get, "integer": int, "number": float}
"""What the text in an address means where a description has another type."""


def operation_at(method: str, url: str) -> Operation:
    """What answers there; a path of its own goes before one with places to fill in. Raises LookupError."""
    found = sorted(_operations(method, urlsplit(url).path.removeprefix(ROOT)), key=lambda one: one.path.count("{"))
    if not found:
        raise LookupError(f"Zoom's descriptions have no {method} {url}")
    return found[0]


def assert_request_fits(request: PreparedRequest) -> None:
    """Address, parameters and body, and in which way it says who asks."""
    operation = operation_at(str(request.method), str(request.url))
    assert_parameters_fit(operation, str(request.url))
    way = "Basic " if operation.path.startswith("/oauth/") else "Bearer "
    assert request.headers["Authorization"].startswith(way), f"{operation.id} wants {way}"
    body = body_of(request)
    if "requestBody" in _spec(operation):
        assert_request_matches(operation, body or {})
    else:
        assert body is None, f"{operation.id} takes no body"


def assert_parameters_fit(operation: Operation, url: str) -> None:
    """Of a query: each is known, none that must be there is missing, and each value is one that it may have."""
    known = {one["name"]: one for one in _spec(operation).get("parameters", ()) if one["in"] == "query"}
    asked = asked_of(url)
    assert set(asked) <= set(known), f"{operation.id} does not know {set(asked) - set(known)}"
    missing = {name for name, one in known.items() if one.get("required")} - set(asked)
    assert not missing, f"{operation.id} lacks {missing}"
    for name, text in asked.items():
        schema = known[name]["schema"]
        value = _SAID.get(schema.get("type"), str)(text)
        assert not misfits(schema, value), f"{operation.id}: {name} may not be {text}"


def assert_answer_fits(response: requests.Response) -> None:
    """The client reads it afterwards, as it came."""
    body = response.raw.read(decode_content=True)
    response.raw = _Again(body)
    request = response.request
    operation = operation_at(str(request.method), str(request.url))
    said = json.loads(body) if body else None
    assert_response_matches(operation, response.status_code, said, option=asked_of(str(request.url)).get("option"))


def asked_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def body_of(request: PreparedRequest) -> dict[str, Any] | None:
    """JSON or a form, of which the body may be one that is read piece by piece."""
    if request.body is None:
        return None
    text = request.body if isinstance(request.body, str | bytes) else b"".join(request.body)
    text = text.decode() if isinstance(text, bytes) else text
    if "json" not in request.headers["Content-Type"]:
        return dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True))
    parsed = json.loads(text)
    assert isinstance(parsed, dict)
    return parsed


class _Again(io.BytesIO):
    """A body that was read, for the client to read."""

    def read1(self, size: int | None = -1, *, decode_content: bool = False) -> bytes:
        assert decode_content
        return super().read1(size)


def _operations(method: str, path: str) -> Iterator[Operation]:
    for file in FILES:
        for template, methods in load_json(file)["paths"].items():
            if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path) and method.lower() in methods:
                yield load_operation(file, methods[method.lower()]["operationId"])


def _spec(operation: Operation) -> Mapping[str, Any]:
    found: Mapping[str, Any] = load_json(operation.file)["paths"][operation.path][operation.method.lower()]
    return found
