"""Hold every abuse case to the six rules of RELIABILITY 3, whatever its own text says."""

import html
import io
import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text

from webapp.db import Database
from webapp.logs import JsonLines
from webapp.models import metadata

MAY_GROW = {"audit", "rate"}
SECONDS = 2.0
"""Of the processor: whoever shares the machine with other work is not slow by a fault of the code."""


def tried(
    database: Database,
    ask: Callable[[], Any],
    *,
    status: Collection[int],
    told: str = "",
    field: str = "",
    typed: Collection[str] = (),
    secrets: Collection[str] = (),
    keeps: Collection[str] = (),
) -> Any:
    """The answer, once the six rules hold for it.

    `told` stands on the page and `field` names the input that it is about; `typed` is still there; nothing of `secrets`
    is in the log or the address; only tables in `keeps` may have changed, for an upload that waits for an answer."""
    before = rows(database)
    with logged() as log:
        began = time.thread_time()
        answer = ask()
        took = time.thread_time() - began

    assert answer.status_code in status, answer.status_code
    page = html.unescape(answer.text)
    assert told in page
    assert not field or f'aria-describedby="{field}"' in page
    assert all(value in page for value in typed)
    changed = {name for name, stored in rows(database).items() if stored != before[name]}
    assert changed <= MAY_GROW | set(keeps)
    assert not [value for value in secrets if value in log() + answer.headers.get("Location", "")]
    assert took < SECONDS
    return answer


def rows(database: Database) -> dict[str, list[Any]]:
    with database.reading() as session:
        return {
            table.name: [tuple(row) for row in session.execute(text(f'SELECT * FROM "{table.name}"'))]
            for table in metadata.sorted_tables
        }


@contextmanager
def logged() -> Iterator[Callable[[], str]]:
    """All that the log would hold."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root, former = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield stream.getvalue
    finally:
        root.removeHandler(handler)
        root.setLevel(former)
