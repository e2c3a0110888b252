"""Hold requests and answers against the vendors' published descriptions, which are test data and not ours to ship."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

_DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / "shared" / "contracts"
_OPEN = ("additionalProperties", {"type": "object"})
_METHODS = {"get", "post", "put", "patch", "delete"}
_formats = FormatChecker(formats=())


@dataclass(frozen=True)
class Operation:
    """One operation of one description; `id` is its operationId, `file` such as `zoom/meetings.openapi.json`."""

    file: str
    id: str
    method: str
    path: str


def contracts_folder() -> Path:
    """Skips the test where the descriptions are missing; on the build machine it fails instead."""
    folder = Path(os.environ.get("CONFAB_CONTRACTS", _DEFAULT_FOLDER))
    if not folder.is_dir():
        reason = "the published API descriptions are missing: set CONFAB_CONTRACTS to their folder"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return folder


def contracts_are_here() -> bool:
    return Path(os.environ.get("CONFAB_CONTRACTS", _DEFAULT_FOLDER)).is_dir()


def load_json(file: str) -> Any:
    return _read(contracts_folder(), file)


def load_operation(file: str, operation_id: str) -> Operation:
    """Raises LookupError if the description has no such operation."""
    for path, methods in load_json(file)["paths"].items():
        for method in _METHODS & set(methods):
            if methods[method].get("operationId") == operation_id:
                return Operation(file, operation_id, method.upper(), path)
    raise LookupError(f"{file} has no operation {operation_id}")


def assert_response_matches(
    operation: Operation, status: int, body: Any, *, option: str | None = None, strict: bool = True
) -> None:
    """`body` is the parsed JSON, or None where there is none; the query value `option` picks among alternatives.

    An error without a schema has Zoom's shape and one of Zoom's codes. Strict: no key that the schema does not have.
    """
    schema = _response_schema(operation, status)
    if schema is None and status >= 400:
        return _assert_known_error(operation, status, body)
    is_known = status >= 400 or str(status) in _spec(operation)["responses"]
    assert is_known, f"{operation.id} does not answer {status}"
    if schema is None:
        assert body in (None, "", b""), f"{operation.id} answers {status} without a body, not {body!r}"
        return None
    chosen = _pick(schema, option)
    _assert_valid(f"{operation.id} {status}", chosen, body)
    unknown = list(_unknown_keys(chosen, body, "")) if strict else []
    assert not unknown, f"{operation.id} {status} has keys that its description lacks: {', '.join(unknown)}"
    return None


def assert_request_matches(operation: Operation, body: Mapping[str, Any]) -> None:
    """Types, lengths and bounds are right, and no key is one that the description lacks."""
    _assert_valid(f"request of {operation.id}", _request_schema(operation), body)
    unknown = unknown_request_keys(operation, body)
    assert not unknown, f"{operation.id} does not know: {', '.join(unknown)}"


def unknown_request_keys(operation: Operation, body: Mapping[str, Any]) -> list[str]:
    """As `settings.use_pmi` or `rooms[].name`: a validator lets them pass, because no description forbids them."""
    return list(_unknown_keys(_request_schema(operation), body, ""))


def assert_fits(what: str, schema: dict[str, Any], body: Any) -> None:
    """Valid by a schema without references, and no key that it lacks."""
    _assert_valid(what, schema, body)
    unknown = list(_unknown_keys(schema, body, ""))
    assert not unknown, f"{what} has keys that its description lacks: {', '.join(unknown)}"


def misfits(schema: dict[str, Any], body: Any) -> list[str]:
    """Where a value breaks its schema; empty is right."""
    validator = Draft202012Validator(_lenient(schema), format_checker=_formats)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]


@cache
def _read(folder: Path, file: str) -> Any:
    return json.loads((folder / file).read_text(encoding="utf-8"))


def _spec(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = load_json(operation.file)["paths"][operation.path][operation.method.lower()]
    return found


def _response_schema(operation: Operation, status: int) -> dict[str, Any] | None:
    responses = _spec(operation)["responses"]
    # One for all errors is what Microsoft has.
    answer = responses.get(str(status), responses.get("default", {}) if status >= 400 else {})
    return _json_schema(operation, _resolved(answer, load_json(operation.file)).get("content", {}))


def _request_schema(operation: Operation) -> dict[str, Any]:
    schema = _json_schema(operation, _spec(operation)["requestBody"]["content"])
    assert schema is not None, f"{operation.id} takes no body"
    return schema


def _json_schema(operation: Operation, content: Mapping[str, Any]) -> dict[str, Any] | None:
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        if "schema" in content.get(kind, {}):
            document = load_json(operation.file)
            resolved: dict[str, Any] = _resolved(content[kind]["schema"], document)
            return resolved
    return None


def _resolved(schema: Any, document: Any) -> Any:
    """Without references, and nullable as JSON Schema says it."""
    if isinstance(schema, list):
        return [_resolved(one, document) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        target = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        return _resolved(target, document)
    resolved = {name: _resolved(value, document) for name, value in schema.items()}
    if schema.get("nullable") and isinstance(schema.get("type"), str):
        resolved["type"] = [schema["type"], "null"]
    return resolved


def _pick(schema: dict[str, Any], option: str | None) -> dict[str, Any]:
    """Zoom's alternatives have no required fields, so that an answer fits several: the query says which is meant."""
    alternatives = schema.get("oneOf")
    if not alternatives:
        return schema
    if option is None:
        return _pick(alternatives[0], None)
    for one in alternatives:
        for candidate in (one, *one.get("oneOf", ())):
            if option in candidate.get("properties", {}):
                return candidate
    raise LookupError(f"no alternative for the option {option}")


@_formats.checks("date-time", raises=ValueError)
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@_formats.checks("email")
def _is_email(value: object) -> bool:
    return not isinstance(value, str) or "@" in value


def _assert_valid(what: str, schema: dict[str, Any], body: Any) -> None:
    problems = misfits(schema, body)
    assert not problems, f"{what} breaks its description: {'; '.join(problems)}"


def _lenient(schema: Any) -> Any:
    """Alternatives inside are meant as any of them; so says OData of every type that more than it says may come."""
    if isinstance(schema, list):
        return [_lenient(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: value for name, value in schema.items() if (name, value) != _OPEN}
    return {("anyOf" if name == "oneOf" else name): _lenient(value) for name, value in kept.items()}


def _unknown_keys(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _unknown_keys(schema.get("items", {}), one, f"{path}[]")
    if not isinstance(value, Mapping):
        return
    properties = _properties(schema)
    # An object without any properties is free: the description does not say what is in it.
    for name in value if properties else ():
        place = f"{path}.{name}" if path else name
        if name not in properties:
            yield place
        else:
            yield from _unknown_keys(properties[name], value[name], place)


def _properties(schema: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(schema.get("properties", {}))
    for kind in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(kind, ()):
            found |= _properties(part)
    return found


def _assert_known_error(operation: Operation, status: int, body: Any) -> None:
    what = f"{operation.id} {status}"
    assert isinstance(body, dict), f"{what} is not an object: {body!r}"
    assert set(body) in ({"code", "message"}, {"code", "message", "errors"}), f"{what}: {sorted(body)}"
    for one in body.get("errors", ()):
        assert set(one) == {"field", "message"}, f"{what}: {one}"
    folder = operation.file.partition("/")[0]
    known = [error for error in _known_errors(folder) if (error["http"], error["code"]) == (status, body["code"])]
    assert known, f"{what}: nobody ever saw the code {body['code']} with this status"
    free_text = body["code"] == 300
    assert free_text or any(_says(error["message"], body["message"]) for error in known), f"{what}: {body['message']}"


def _known_errors(folder: str) -> list[dict[str, Any]]:
    codes = load_json(f"{folder}/error-codes.json")
    return [*codes["documented"], *codes["observed"]]


def _says(template: str, message: str) -> bool:
    """The template's `{userId}`, `$accountId` and lists of scopes stand for anything; its full stop is optional."""
    parts = re.split(r"\{\w+\}|\$\w+|(?<=scopes:\[)[^\]]+", template.strip().rstrip("."))
    return re.fullmatch(".*".join(re.escape(part) for part in parts), message.rstrip(".")) is not None


_EVENT_FILES = {"meeting": "meetings", "user": "users"}


def events(*files: str) -> dict[str, Any]:
    """Of each event in these files (such as "meetings") the schema and the published examples."""
    found = {}
    for file in files:
        document = load_json(f"zoom/{file}.webhooks.json")
        for name, spec in document["webhooks"].items():
            content = spec["post"]["requestBody"]["content"]["application/json"]
            examples = [one["value"] for one in content["examples"].values()]
            found[name] = _resolved(content["schema"], document), examples
    return found


def assert_event_matches(content: Mapping[str, Any]) -> None:
    file = _EVENT_FILES.get(content["event"].partition(".")[0], "marketplace")
    _assert_valid(content["event"], events(file)[content["event"]][0], content)
