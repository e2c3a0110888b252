"""Open the installation that the environment describes, or end the command with a plain word."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click
from sqlalchemy.exc import SQLAlchemyError

from webapp.config import BadSettings, Settings
from webapp.db import Database
from webapp.errors import DomainError
from webapp.i18n import sentence
from webapp.services.system.vault import Vault

BAD_USE = 2


class Refused(Exception):
    """What was asked for is not done; the text says why and what helps."""


@contextmanager
def plain_words() -> Iterator[None]:
    """What goes wrong in the block ends the command with a sentence on stderr, never with a traceback."""
    try:
        yield
    except Refused as error:
        end(str(error))
    except BadSettings as error:
        end(f"Settings:\n{error}")
    except DomainError as error:
        end(sentence(error))
    except SQLAlchemyError as error:
        end(f"The database cannot be used: {getattr(error, 'orig', error)}")
    except sqlite3.Error as error:
        end(f"The database cannot be used: {error}")
    except BrokenPipeError:  # whoever read our words has gone
        raise
    except OSError as error:
        end(f"{error.filename}: {error.strerror}" if error.filename else str(error))


def settings_of(data_dir: Path | None) -> Settings:
    """Of a demo's directory, else of the environment. Raises BadSettings or Refused."""
    if data_dir is None:
        return Settings.from_env()
    from webapp.demo.files import DemoFiles

    try:
        return DemoFiles(data_dir).settings()
    except FileNotFoundError as error:
        raise Refused(
            f"There is no demo in {data_dir}. Start one there: ./confab demo --data-dir {data_dir}"
        ) from error


def database_of(settings: Settings) -> Database:
    """Closed when the command ends."""
    database = Database(settings.database_url, vault=Vault(settings.token_keys))
    click.get_current_context().call_on_close(database.dispose)
    return database


def current_database(settings: Settings) -> Database:
    """Raises Refused where the tables are missing, or of another version."""
    from webapp import schema

    database = database_of(settings)
    if not schema.is_current(database):
        raise Refused("The database has an old schema. Run: ./confab db upgrade")
    return database


def end(words: str, code: int = BAD_USE) -> NoReturn:
    click.echo(words, err=True)
    sys.exit(code)
