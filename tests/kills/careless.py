"""Serve as Confab does, but commit only when the answer has been sent: the kills must see it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from flask import Response, after_this_request, has_request_context
from sqlmodel import Session

from webapp.cli import confab
from webapp.db import Database

_transaction = Database.transaction


@contextmanager
def _committed_late(database: Database) -> Iterator[Session]:
    with ExitStack() as opened:
        yield opened.enter_context(_transaction(database))
        if has_request_context():
            _keep_open(opened.pop_all())


def _keep_open(opened: ExitStack) -> None:
    @after_this_request
    def close_last(response: Response) -> Response:
        response.call_on_close(opened.close)
        return response


Database.transaction = _committed_late

if __name__ == "__main__":
    confab()
