"""Reach what `create_app` wired, from within a request, a job or a command."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from flask import Flask, current_app, g, has_request_context
from sqlmodel import Session

from webapp.config import Settings
from webapp.db import Database
from webapp.documents.press import Press
from webapp.providers.base import Providers


@dataclass(frozen=True)
class Confab:
    """One installation: its settings, its database, how it speaks to the outside, and what prints its documents."""

    settings: Settings
    database: Database
    providers: Providers
    press: Press = field(default_factory=lambda: Press(0))


def confab() -> Confab:
    wired: Confab = current_app.extensions["confab"]
    return wired


def database() -> Database:
    return confab().database


def note_commit() -> None:
    """From here on nobody may say of this request that nothing was changed."""
    if has_request_context():
        g.has_committed = True


def init_looking(app: Flask) -> None:
    app.teardown_request(_end_look)


def look_once() -> None:
    """From here on all that this request reads is of one state of the database, in one transaction, until it is
    answered or `stop_looking` is called. Whoever writes stops looking before: they would not see what they wrote, and
    hold two connections."""
    if "look" not in g:
        look = ExitStack()
        g.looking = look.enter_context(database().reading())
        g.look = look


@contextmanager
def reading() -> Iterator[Session]:
    """Within the one look of this request, where there is one, or in a transaction of its own."""
    if "look" in g:
        yield g.looking
        return
    with database().reading() as session:
        yield session


def stop_looking() -> None:
    if look := g.pop("look", None):
        look.close()


def _end_look(_error: BaseException | None) -> None:
    stop_looking()
