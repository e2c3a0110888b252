"""Hold what a stand-in knows in frozen records: a change replaces the record, so readers need no lock."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Self, TypeVar


@dataclass(frozen=True)
class Record:
    """Has an `id` and plain values only; whoever changes one stores a replacement."""

    @cached_property
    def text(self) -> str:
        """As JSON, made once, because the whole state is written after each change."""
        return json.dumps({one.name: getattr(self, one.name) for one in fields(self)}, separators=(",", ":"))

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> Self:
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in content.items()})


R = TypeVar("R", bound=Record)


def joined(records: Iterable[Record]) -> str:
    return ",".join(record.text for record in records)


def table_of(kind: type[R], rows: list[dict[str, Any]]) -> dict[str, R]:
    return {row["id"]: kind.read(row) for row in rows}
