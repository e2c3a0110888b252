"""Offer the commands of the people who run Confab."""

import json
import logging
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import click
from sqlalchemy.exc import SQLAlchemyError

from webapp import clock
from webapp.config import BadSettings, Settings
from webapp.db import Database
from webapp.errors import DomainError, NotFound
from webapp.i18n import sentence
from webapp.logs import set_up_logs
from webapp.operations.commands import COMMANDS
from webapp.operations.environment import plain_words
from webapp.operations.listening import refuse_taken

HOME = Path(__file__).parents[1]
GRANIANS_LOG = {"loggers": {"_granian": {"propagate": True}, "granian.access": {"propagate": True}}, "handlers": {}}
"""The server's own lines go where ours go: as JSON to stderr."""
SECONDS_TO_FINISH = 10
"""For what a worker has begun when it is told to end; then it is killed, and the rows know what is left."""
_DEEDS = ("created", "updated", "unchanged")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def confab() -> None:
    """Confab: parent-teacher conferences with an online meeting for every virtual appointment."""


@confab.command()
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="Port of the pages; 8000, or a free one.")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the data stays; data/demo, or data/demo-empty with --empty.",
)
@click.option("--empty", is_flag=True, help="One administrator and no other data.")
@click.option("--json", "as_json", is_flag=True, help="Print exactly one line of JSON; logs go to stderr.")
def demo(port: int | None, data_dir: Path | None, *, empty: bool, as_json: bool) -> None:
    """Start a school to play with: pages, jobs, a stand-in of Zoom and a mailbox."""
    from webapp.demo.run import Demo

    set_up_logs(logging.INFO if as_json else logging.WARNING)
    directory = data_dir or HOME / "data" / ("demo-empty" if empty else "demo")
    with Demo(directory, port=port, empty=empty) as running:
        click.echo(running.as_json() if as_json else running.as_text())
        running.wait_for_the_end()


@confab.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=min(os.cpu_count() or 1, 4), show_default=True)
@click.option("--threads", type=click.IntRange(1, 32), default=4, show_default=True, help="Per worker.")
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Serve the pages and run the jobs, with settings from the environment (docs/deploying.md)."""
    from granian import Granian
    from granian.constants import Interfaces

    settings = _settings()
    _or_exit(settings.refuse_unsafe)
    _current_database(settings).dispose()
    with plain_words():
        refuse_taken(host, port)
    set_up_logs()
    Granian(
        "wsgi:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        websockets=False,
        workers_kill_timeout=SECONDS_TO_FINISH,
        log_dictconfig=GRANIANS_LOG,
    ).serve(target_loader=_load)


def _load(target: str) -> Any:
    """The application, in a new worker. As its fork, a worker has the server's own handler of SIGTERM, which would
    swallow the signal until it serves: told to end meanwhile, the server would wait for it for ever."""
    from granian._internal import load_target

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return load_target(target, wd=HOME)


@confab.group()
def db() -> None:
    """Look after the database."""


@db.command()
def upgrade() -> None:
    """Make the tables, or bring them to this version."""
    from webapp import schema

    _or_exit(schema.upgrade, _database(_settings()))
    click.echo("The database is up to date.")


@confab.command("create-admin")
@click.option("--school", "slug", required=True, help="Short name in the address; made if it does not exist.")
@click.option("--name", default="", help="The school's name, for a new school.")
@click.option("--zone", default="America/New_York", show_default=True, help="Time zone, for a new school.")
@click.option("--email", required=True)
@click.option("--first", default="")
@click.option("--last", default="")
@click.password_option(help="At least 15 characters; asked for when left out.")
def create_admin(slug: str, name: str, zone: str, email: str, first: str, last: str, password: str) -> None:
    """Make an Administrator, and the school if there is none of that short name."""
    from webapp.services.people.admins import create_admin as create

    database = _current_database(_settings())
    about = {"slug": slug, "school_name": name, "zone": zone, "email": email, "first": first, "last": last}
    try:
        with database.transaction() as session:
            is_taken = create(session, **about, password=password, now=clock.now())
    except DomainError as error:
        _exit(sentence(error))
    click.echo(f"{email} can sign in as Administrator of {slug}.")
    if not is_taken:
        click.echo("The password that this address already has stays as it is.")


@confab.command("import-roster")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--data-dir", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Of a demo.")
@click.option("--school", "slug", required=True, help="The school's short name in the address.")
@click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
@click.option("--same", multiple=True, help="An ID whose changed name is the same person's, as students:S1; or all.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def import_roster(
    path: Path, data_dir: Path | None, slug: str, same: tuple[str, ...], *, dry_run: bool, as_json: bool
) -> None:
    """Import a roster: a zip, a folder or one file. Exit code 2 when it is refused whole."""
    from webapp.services.people.schools import school_of
    from webapp.services.roster.import_roster import apply_import, plan_import
    from webapp.services.roster.upload import open_path
    from webapp.services.system.audit import SYSTEM

    database = _current_database(_demo_settings(data_dir) if data_dir else _settings())
    try:
        files = open_path(path)
        with database.reading() as session:
            school, now = school_of(session, slug), clock.now()
            plan = plan_import(session, school, files, same=frozenset(same), now=now)
        report = plan.report
        if not dry_run:
            plan.hash_passwords()
            with database.transaction() as session:
                report = apply_import(session, school, plan, who=SYSTEM, now=now)
    except NotFound:
        _exit(f"There is no school with the short name {slug}.")
    except DomainError as error:
        _exit(sentence(error))
    click.echo(json.dumps(report.as_json()) if as_json else _as_text(report))


@confab.command("new-key")
def new_key() -> None:
    """Print a random key, for CONFAB_SECRET_KEY or CONFAB_TOKEN_KEYS."""
    click.echo(secrets.token_hex(32))


@confab.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []})
@click.pass_context
def test(context: click.Context) -> None:
    """Run the tests, on all cores; --long adds the storm of races, the kills and long runs of the state
    machine. Other arguments go to pytest."""
    # One process is enough to look at a single test: ./confab test -n 0 tests/test_db.py
    arguments = ["-n", "auto", "--dist", "worksteal", *(a for a in context.args if a != "--long")]
    environment = {**os.environ, **({"CONFAB_LONG": "1"} if "--long" in context.args else {})}
    sys.exit(subprocess.call([sys.executable, "-m", "pytest", *arguments], cwd=HOME, env=environment))  # noqa: S603


for command in COMMANDS:
    confab.add_command(command)


def _settings() -> Settings:
    return _or_exit(Settings.from_env)  # type: ignore[no-any-return]


def _database(settings: Settings) -> Database:
    from webapp.services.system.vault import Vault

    database: Database = _or_exit(Database, settings.database_url, vault=Vault(settings.token_keys))
    click.get_current_context().call_on_close(database.dispose)
    return database


def _current_database(settings: Settings) -> Database:
    """Exits where the tables are missing, or of another version."""
    from webapp import schema

    database = _database(settings)
    if not _or_exit(schema.is_current, database):
        _exit("The database has an old schema. Run: ./confab db upgrade")
    return database


def _demo_settings(data_dir: Path) -> Settings:
    from webapp.demo.files import DemoFiles

    try:
        return DemoFiles(data_dir).settings()
    except FileNotFoundError:
        _exit(f"There is no demo in {data_dir}. Start one there: ./confab demo --data-dir {data_dir}")


def _as_text(report: Any) -> str:
    facts = report.as_json()
    counts = {deed: [f"{n} {kind}" for kind, n in facts[deed].items() if n] for deed in _DEEDS}
    lines = [f"{deed}: {', '.join(counts[deed]) or 'nothing'}" for deed in _DEEDS]
    problems = [f"{p['file']}, row {p['row']}, {p['column']}: {p['message']}" for p in facts["problems"]]
    rooms = [f"rooms and links in coming events: {report.rooms}"] if report.rooms else []
    return "\n".join(lines + rooms + problems)


def _or_exit(function: Any, *arguments: Any, **named: Any) -> Any:
    try:
        return function(*arguments, **named)
    except BadSettings as error:
        _exit(f"Settings:\n{error}")
    except DomainError as error:
        _exit(sentence(error))
    except SQLAlchemyError as error:
        _exit(f"The database of CONFAB_DATABASE_URL cannot be used: {getattr(error, 'orig', error)}")


def _exit(words: str) -> NoReturn:
    click.echo(words, err=True)
    sys.exit(2)


if __name__ == "__main__":
    confab(prog_name="confab")
