"""One thing that was looked at, how it is, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

OK, WARN, BAD = "ok", "warn", "bad"


@dataclass(frozen=True)
class Finding:
    name: str
    state: str
    found: str
    todo: str = ""


def ok(name: str, found: str) -> Finding:
    return Finding(name, OK, found)


def warn(name: str, found: str, todo: str) -> Finding:
    return Finding(name, WARN, found, todo)


def bad(name: str, found: str, todo: str) -> Finding:
    return Finding(name, BAD, found, todo)


def without(secrets: Iterable[str], finding: Finding) -> Finding:
    """As it may be shown: servers quote in their answers what they were told."""
    found, todo = finding.found, finding.todo
    for secret in secrets:
        found, todo = found.replace(secret, "•••"), todo.replace(secret, "•••")
    return replace(finding, found=found, todo=todo)
