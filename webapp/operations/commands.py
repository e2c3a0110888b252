"""Offer the operators' commands, which webapp/cli.py adds to its own."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from webapp import clock
from webapp.operations.environment import current_database, plain_words, settings_of

if TYPE_CHECKING:
    from webapp.services.system.invariants import Broken

_SHOWN = 20
_of_demo = click.option(
    "--data-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Of a demo.",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command()
@_of_demo
@_as_json
@plain_words()
def check(data_dir: Path | None, *, as_json: bool) -> None:
    """Look for rows that break a promise. Exit code 1 where there are: two appointments on one seat, for example."""
    from webapp.services.system.installation import note_check
    from webapp.services.system.invariants import broken

    database, now = current_database(settings_of(data_dir)), clock.now()
    with database.reading() as session:
        found = broken(session, now=now)
    if not found:
        with database.transaction() as session:
            note_check(session, now=now)
    if as_json:
        click.echo(json.dumps({"holds": not found, "broken": [{"name": one.name, "rows": one.rows} for one in found]}))
    else:
        click.echo("\n".join(_broken(found)) or "All invariants hold.")
    sys.exit(1 if found else 0)


@click.command()
@click.option("--send-test", metavar="ADDRESS", default="", help="Send one test mail there.")
@_as_json
@plain_words()
def doctor(send_test: str, *, as_json: bool) -> None:
    """Look at everything that Confab needs here, and say what to do. Exit code 1 when something is bad."""
    from webapp.operations.doctor import examined
    from webapp.operations.finding import BAD

    shown = []
    for finding in examined(send_test=send_test):
        shown.append(finding)
        if not as_json:
            click.echo(f"{finding.state:5} {finding.name:18} {finding.found}")
            if finding.todo:
                click.echo(f"{'':24} → {finding.todo}")
    is_well = all(finding.state != BAD for finding in shown)
    if as_json:
        click.echo(json.dumps({"is_well": is_well, "findings": [vars(finding) for finding in shown]}))
    sys.exit(0 if is_well else 1)


@click.command()
@click.option("--because", default="", help="Shown to the office on every page.")
@_of_demo
@plain_words()
def hold(data_dir: Path | None, because: str) -> None:
    """Let nothing out: no mail, not even a sign-in code, and no call to Zoom, Google or Microsoft."""
    from webapp.services.system.audit import SYSTEM
    from webapp.services.system.installation import hold as put_on_hold

    with current_database(settings_of(data_dir)).transaction() as session:
        put_on_hold(session, because=because, who=SYSTEM, now=clock.now())
    click.echo("On hold: no mail leaves, and nobody outside is called. What is under way just now may still arrive.")
    click.echo("It ends with: ./confab resume")


@click.command()
@_of_demo
@plain_words()
def resume(data_dir: Path | None) -> None:
    """End the hold: what waited goes out now."""
    from webapp.services.system.audit import SYSTEM
    from webapp.services.system.installation import resume as end_hold
    from webapp.services.system.overdue import overdue

    now = clock.now()
    with current_database(settings_of(data_dir)).transaction() as session:
        waiting = [one.words for one in overdue(session, now=now)]
        was_held = end_hold(session, who=SYSTEM, now=now)
    if not was_held:
        click.echo("It was not on hold.")
        return
    click.echo(f"Resumed. Due now: {', '.join(waiting) or 'nothing'}.")


@click.command()
@_of_demo
@plain_words()
def rekey(data_dir: Path | None) -> None:
    """Store anew under the newest of CONFAB_TOKEN_KEYS whatever is encrypted: tokens, and what waits to be mailed or
    done. Then the older keys can be taken out, but for the codes that families have on paper: each works by the key
    under which it was printed."""
    from webapp.services.system.rekey import rekey as stored_anew

    with current_database(settings_of(data_dir)).transaction() as session:
        number = stored_anew(session)
    click.echo(f"{number} secret{'' if number == 1 else 's'} stored anew under the newest key.")


@click.command()
@click.option("--to", type=click.Path(path_type=Path), help="File or folder; without it, a file named after the time.")
@_of_demo
@plain_words()
def backup(to: Path | None, data_dir: Path | None) -> None:
    """Write a backup, restore it for trial, and compare. Exit code 1 unless everything about it is right."""
    from webapp.operations.backup import back_up, unverified
    from webapp.operations.sealed import target_of

    database, now = current_database(settings_of(data_dir)), clock.now()
    target = target_of(to, database.engine.dialect.name, now=now)
    verdict = back_up(database, target, now=now)
    for table, number in sorted(verdict.counts.items()):
        click.echo(f"{number:>9} {table}")
    for words in (*verdict.faults, *_broken(verdict.broken)):
        click.echo(words, err=True)
    if verdict.faults:
        click.echo(f"The backup is not verified. It was kept as {unverified(target)}.", err=True)
    elif verdict.broken:
        click.echo(f"{target} is a true copy, of a database that breaks promises. See: ./confab check", err=True)
    else:
        click.echo(f"Verified: {target} was restored for trial and is whole.")
    sys.exit(0 if verdict.is_good else 1)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--into", required=True, help="A new SQLite file, or the URL of an empty database.")
@plain_words()
def restore(file: Path, into: str) -> None:
    """Restore a backup into a new database, which starts on hold."""
    from sqlalchemy import make_url

    from webapp.operations.backup import restore as restored_from
    from webapp.schema import REMEDY

    restored = restored_from(file, into, now=clock.now())
    counts = restored.verdict.counts
    click.echo(
        f"Restored {sum(counts.values())} rows of {len(counts)} tables. It is on hold, in epoch {restored.epoch}."
    )
    click.echo("\n".join(_broken(restored.verdict.broken)) or "All invariants hold.")
    if restored.lacks:
        click.echo(f"The schema lacks, or has otherwise: {', '.join(restored.lacks)}. {REMEDY}")
    click.echo(f"""
Next:
  1. CONFAB_DATABASE_URL={make_url(restored.url).render_as_string(hide_password=True)}
     with the CONFAB_TOKEN_KEYS that the backup was made under.
  2. ./confab doctor, until nothing is bad; then ./confab serve, with --port 8001 beside a server that runs.
  3. Look at Online Meetings and at the appointments: what was booked, moved or cancelled after the backup was made is
     not here, and its mails and meetings may exist outside.
  4. Only if no other installation runs on this data: ./confab resume""")
    sys.exit(0 if restored.is_good else 1)


def _broken(found: Iterable["Broken"]) -> list[str]:
    return [f"Broken: {one.name}: {_rows(one)}" for one in found]


def _rows(one: "Broken") -> str:
    """Numbers only: two that clash are joined by a plus."""
    shown = ", ".join("+".join(map(str, row)) for row in one.rows[:_SHOWN])
    return shown if len(one.rows) <= _SHOWN else f"{shown} and {len(one.rows) - _SHOWN} more"


COMMANDS = (check, doctor, hold, resume, rekey, backup, restore)
