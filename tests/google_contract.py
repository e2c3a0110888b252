"""Hold requests and answers against Google's published description of its Calendar API."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from contracts import assert_fits, load_json
from requests.models import PreparedRequest

FILE = "google/calendar.v3.json"
PLACE = "https://www.googleapis.com/auth/"
REASONS = {
    400: {"required", "invalid", "invalidParameter", "parseError", "timeRangeEmpty", "tooManyCalendarsRequested"},
    401: {"authError"},
    403: {
        *("rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "forbidden"),
        *("requiredAccessLevel", "insufficientPermissions"),
    },
    404: {"notFound"},
    409: {"duplicate"},
    410: {"deleted"},
    429: {"rateLimitExceeded"},
    500: {"backendError"},
    503: {"backendError"},
}
"""Error bodies are not described; these were seen (PROVIDERS 2)."""


def method_named(name: str) -> dict[str, Any]:
    """Such as `events.insert`."""
    resource, _, method = name.partition(".")
    found: dict[str, Any] = load_json(FILE)["resources"][resource]["methods"][method]
    return found


def scopes_of(name: str) -> set[str]:
    """Without the address under which they stand."""
    return {one.removeprefix(PLACE) for one in method_named(name)["scopes"]}


def method_of(request: PreparedRequest) -> str:
    """The name of the method that this request calls. Raises LookupError."""
    path = unquote(urlsplit(str(request.url)).path.partition("/calendar/v3/")[2])
    for resource, spec in load_json(FILE)["resources"].items():
        for name, method in spec["methods"].items():
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(method["path"]))
            if method["httpMethod"] == request.method and re.fullmatch(pattern, path):
                return f"{resource}.{name}"
    raise LookupError(f"Google has no {request.method} {path}")


def assert_request_fits(request: PreparedRequest) -> None:
    """Its parameters are known and valid, and so is each key of its body."""
    name = method_of(request)
    known = {**load_json(FILE)["parameters"], **method_named(name).get("parameters", {})}
    for parameter, values in parse_qs(urlsplit(str(request.url)).query).items():
        assert parameter in known, f"{name} has no parameter {parameter}"
        _assert_parameter(f"{name} {parameter}", known[parameter], values)
    if request.body:
        body: Any = request.body
        text = body if isinstance(body, str | bytes) else b"".join(body)
        said = without_nulls(json.loads(text))
        assert_fits(f"request of {name}", _schema(method_named(name)["request"]["$ref"]), said)


def assert_answer_fits(name: str, status: int, body: Any) -> None:
    if status >= 400:
        return _assert_error(name, status, body)
    response = method_named(name).get("response")
    if response is None:
        assert (status, body) == (204, None), f"{name} answers without a body"
        return None
    return assert_fits(f"answer of {name}", _schema(response["$ref"]), body)


def without_nulls(said: Any) -> Any:
    """By null a field is taken away, whatever its type."""
    if not isinstance(said, dict):
        return said
    return {name: without_nulls(value) for name, value in said.items() if value is not None}


def _assert_parameter(what: str, spec: Mapping[str, Any], values: list[str]) -> None:
    assert spec.get("repeated") or len(values) == 1, f"{what} is there more than once"
    for value in values:
        assert value in spec.get("enum", [value]), f"{what}: {value}"
        assert spec["type"] != "integer" or int(spec.get("minimum", "0")) <= int(value), f"{what}: {value}"
        assert spec["type"] != "boolean" or value in {"true", "false"}, f"{what}: {value}"


def _assert_error(name: str, status: int, body: Any) -> None:
    error = body["error"]
    assert set(body) == {"error"}
    assert set(error) == {"errors", "code", "message"}, f"{name} {status}"
    assert error["code"] == status
    for one in error["errors"]:
        assert (
            {"domain", "reason", "message"} <= set(one) <= {"domain", "reason", "message", "locationType", "location"}
        )
        assert one["reason"] in REASONS[status], f"{name} {status}: {one['reason']}"


@cache
def _schema(name: str) -> dict[str, Any]:
    return _resolved(load_json(FILE)["schemas"][name])


def _resolved(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_resolved(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        return _schema(schema["$ref"])
    return {name: _resolved(value) for name, value in schema.items()}
