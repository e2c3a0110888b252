"""What is restored is whole, of this version's schema, and speaks to nobody until an operator says so."""

import hashlib
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from installation import Installation, bare, sqlite_rows
from outside import Outside
from sqlalchemy import inspect, text
from sqlmodel import select

from webapp import schema
from webapp.models import Audit, Meeting
from webapp.operations.sealed import make_private, place
from webapp.operations.verdict import count_rows
from webapp.services.system.installation import epoch_of, hold_of
from webapp.services.system.readiness import newest_migration


@pytest.fixture
def backup(installation: Installation, tmp_path: Path, now: datetime) -> Path:
    installation.arrange(now)
    answer = installation.run("backup", "--to", tmp_path / "kept.db")
    assert answer.exit_code == 0, answer.stderr
    return tmp_path / "kept.db"


@pytest.fixture
def elsewhere(installation: Installation, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that is new."""
    if installation.is_sqlite:
        yield f"sqlite:///{tmp_path / 'restored.db'}"
        return
    with request.getfixturevalue("_postgres_server").fresh_database() as url:
        bare(url)
        yield url


def into(url: str) -> str:
    return url.removeprefix("sqlite:///")


def test_every_row_comes_back_and_it_is_on_hold_in_a_new_epoch(
    installation: Installation, backup: Path, elsewhere: str, now: datetime
) -> None:
    """D6"""
    answer = installation.run("restore", backup, "--into", into(elsewhere))

    assert answer.exit_code == 0, answer.stderr
    assert "All invariants hold." in answer.stdout
    assert "./confab resume" in answer.stdout
    with installation.database() as original, installation.database(elsewhere) as restored:
        was, is_now = count_rows(original), count_rows(restored)
        assert schema.is_current(restored)
        assert is_now == was | {"audit": was["audit"] + 2}
    with installation.rows() as session, installation.rows(elsewhere) as again:
        held = hold_of(again)
        assert hold_of(session) is None
        assert held is not None
        assert (held.since, held.because) == (now, "Restored from kept.db on 2026-11-23 15:00 UTC.")
        assert epoch_of(again) > epoch_of(session)
        assert [row.action for row in again.exec(select(Audit).order_by(Audit.id))][-1] == "installation.restored"


def test_it_sends_no_mail_and_makes_no_call_until_it_is_resumed(
    installation: Installation, backup: Path, elsewhere: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D6, ADMIN-032"""
    installation.run("restore", backup, "--into", into(elsewhere))
    with installation.database(elsewhere) as restored:
        outside = Outside(restored, now, monkeypatch)
        with restored.reading() as session:
            outside.knows(session.exec(select(Meeting)).one().host_key)
        outside.tick(timedelta(minutes=3))
        quiet = (list(outside.meetings.calls), list(outside.mailer.sent))

        resumed = installation.run("resume", CONFAB_DATABASE_URL=elsewhere)
        outside.tick()

    assert quiet == ([], [])
    assert resumed.stdout.startswith("Resumed. Due now: 1 online meeting")
    assert len(outside.meetings.standing()) == 1
    assert len(outside.mailer.sent) == 1


def test_a_meeting_that_was_made_since_the_backup_is_adopted_and_not_made_twice(
    installation: Installation, backup: Path, elsewhere: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ADMIN-032, RELIABILITY I11"""
    with installation.database() as database:
        before = Outside(database, now, monkeypatch)
        with database.reading() as session:
            before.knows(session.exec(select(Meeting)).one().host_key)
        before.tick()
    [made] = before.meetings.standing()
    installation.run("restore", backup, "--into", into(elsewhere))

    with installation.database(elsewhere) as restored:
        after = Outside(restored, now, monkeypatch)
        after.meetings.directory, after.meetings.meetings = before.meetings.directory, before.meetings.meetings
        installation.run("resume", CONFAB_DATABASE_URL=elsewhere)
        after.tick(timedelta(minutes=3))
        with restored.reading() as session:
            adopted = session.exec(select(Meeting)).one()

    assert after.meetings.standing() == [made]
    assert (adopted.remote_id, adopted.join_url) == (made.id, made.shown().join_url)


def test_a_file_that_somebody_only_copied_into_place_is_on_hold_in_a_new_epoch_too(
    on_sqlite: Installation, tmp_path: Path, now: datetime
) -> None:
    """D6"""
    on_sqlite.run("backup", "--to", tmp_path / "kept.db")

    shutil.copy(tmp_path / "kept.db", tmp_path / "moved.db")

    with on_sqlite.rows(f"sqlite:///{tmp_path / 'moved.db'}") as session:
        held, epoch = hold_of(session), epoch_of(session)
    assert held is not None
    assert held.because == "This is a copy that was made on 2026-11-23 15:00 UTC."
    with on_sqlite.rows() as session:
        assert hold_of(session) is None
        assert epoch_of(session) < epoch


def test_a_guard_that_was_gone_already_is_told(installation: Installation, elsewhere: str, tmp_path: Path) -> None:
    """D16: a backup has what the database had."""
    with installation.rows() as session:
        session.execute(text("DROP INDEX uq_appointment_seat"))
    installation.run("backup", "--to", tmp_path / "kept.db")

    answer = installation.run("restore", tmp_path / "kept.db", "--into", into(elsewhere))

    assert answer.exit_code == 1
    assert "The schema lacks, or has otherwise: uq_appointment_seat of appointment." in answer.stdout


def test_a_file_cut_short_or_changed_is_refused_and_leaves_nothing(
    installation: Installation, backup: Path, elsewhere: str
) -> None:
    """OPS: an altered backup"""
    whole = backup.read_bytes()
    altered = bytearray(whole)
    altered[len(whole) // 2] ^= 1

    answers = []
    for content in (whole[: len(whole) // 2], bytes(altered), whole + b"\0"):
        backup.write_bytes(content)
        answers.append(installation.run("restore", backup, "--into", into(elsewhere)))

    assert [one.exit_code for one in answers] == [2, 2, 2]
    assert all("it was cut short or changed" in one.stderr for one in answers)
    assert is_empty(installation, elsewhere)


def test_damage_under_a_right_checksum_is_refused_too(installation: Installation, backup: Path, elsewhere: str) -> None:
    damaged = bytearray(backup.read_bytes())
    middle = len(damaged) // 2
    damaged[middle - 3000 : middle + 3000] = b"\xff" * 6000
    backup.write_bytes(damaged)
    sign(backup)

    answer = installation.run("restore", backup, "--into", into(elsewhere))

    assert answer.exit_code == 2
    assert "Traceback" not in answer.stderr
    assert is_empty(installation, elsewhere)


def test_without_its_checksum_it_is_refused_with_the_way_out(
    installation: Installation, backup: Path, elsewhere: str
) -> None:
    backup.with_name("kept.db.sha256").unlink()

    refused = installation.run("restore", backup, "--into", into(elsewhere))
    sign(backup)
    accepted = installation.run("restore", backup, "--into", into(elsewhere))

    assert refused.exit_code == 2
    assert f"sha256sum {backup} > {backup}.sha256" in refused.stderr
    assert accepted.exit_code == 0


def test_a_database_in_use_is_never_overwritten(installation: Installation, backup: Path) -> None:
    with installation.database() as database:
        before = count_rows(database)

        answer = installation.run("restore", backup, "--into", into(installation.url))

        assert answer.exit_code == 2
        assert "already" in answer.stderr
        assert count_rows(database) == before


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "is not a backup of Confab"), (b"PK\3\4 a zip", "is not a backup"), (None, "There is no")],
)
def test_what_is_no_backup_is_refused(
    on_sqlite: Installation, tmp_path: Path, content: bytes | None, told: str
) -> None:
    if content is not None:
        (tmp_path / "odd").write_bytes(content)

    answer = on_sqlite.run("restore", tmp_path / "odd", "--into", tmp_path / "new.db")

    assert answer.exit_code == 2
    assert told in answer.stderr
    assert not (tmp_path / "new.db").exists()


def test_a_backup_goes_into_its_own_kind_of_database(installation: Installation, backup: Path, tmp_path: Path) -> None:
    other = "postgresql://127.0.0.1:1/nowhere" if installation.is_sqlite else str(tmp_path / "other.db")

    answer = installation.run("restore", backup, "--into", other)

    assert answer.exit_code == 2
    assert "another kind of database" in answer.stderr


def test_an_older_backup_is_brought_to_this_version_before_it_is_used(
    on_sqlite: Installation, tmp_path: Path, now: datetime
) -> None:
    on_sqlite.arrange(now)
    with (
        on_sqlite.database(on_sqlite.url) as current,
        current.engine.execution_options(write=True).connect() as connection,
        schema._without_cascades(connection),
        connection.begin(),
    ):
        command.downgrade(schema._config(connection), "0001")
    old = stored(on_sqlite, tmp_path / "old")

    answer = on_sqlite.run("restore", old, "--into", tmp_path / "new.db")

    assert answer.exit_code == 0, answer.output
    with on_sqlite.database(f"sqlite:///{tmp_path / 'new.db'}") as restored:
        assert schema.is_current(restored)
        with restored.reading() as session:
            assert hold_of(session) is not None


def test_a_backup_of_a_newer_version_is_refused_and_leaves_nothing(on_sqlite: Installation, tmp_path: Path) -> None:
    """OPS-011"""
    with on_sqlite.rows() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    newer = stored(on_sqlite, tmp_path / "newer")

    answer = on_sqlite.run("restore", newer, "--into", tmp_path / "new.db")

    assert answer.exit_code == 2
    said = " ".join(answer.stderr.split())
    assert (
        f"a newer version of Confab: its tables are those of 0999, and this version's of {newest_migration()}." in said
    )
    assert not list(tmp_path.glob("new.db*"))


def test_broken_rows_are_restored_and_told(
    installation: Installation, tmp_path: Path, elsewhere: str, now: datetime
) -> None:
    installation.arrange(now)
    installation.break_something()
    installation.run("backup", "--to", tmp_path / "broken.db")

    answer = installation.run("restore", tmp_path / "broken.db", "--into", into(elsewhere))

    assert answer.exit_code == 1
    assert "Broken: an appointment whose student's minutes are not held: " in answer.stdout
    with installation.rows(elsewhere) as session:
        assert hold_of(session) is not None


def test_the_restored_file_is_its_owners_alone(on_sqlite: Installation, tmp_path: Path) -> None:
    on_sqlite.run("backup", "--to", tmp_path / "kept.db")

    on_sqlite.run("restore", tmp_path / "kept.db", "--into", tmp_path / "new.db")

    assert (tmp_path / "new.db").stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.glob("new.db*")] == ["new.db"]
    assert sqlite_rows(tmp_path / "new.db", "PRAGMA integrity_check") == [("ok",)]


def sign(backup: Path) -> None:
    digest = hashlib.sha256(backup.read_bytes()).hexdigest()
    backup.with_name(f"{backup.name}.sha256").write_text(f"{digest}  {backup}\n")


def stored(installation: Installation, target: Path) -> Path:
    """The database as it is, sealed as a backup."""
    made = target.with_name("made")
    make_private(made)
    with installation.database() as database, database.reading() as session:
        session.connection().exec_driver_sql("COMMIT")
        session.connection().exec_driver_sql(f"VACUUM INTO '{made}'")
        session.connection().exec_driver_sql("BEGIN")
    place(made, target)
    return target


def is_empty(installation: Installation, url: str) -> bool:
    if installation.is_sqlite:
        return not list(Path(into(url)).parent.glob("restored.db*"))
    with installation.database(url) as database:
        return inspect(database.engine).get_table_names() == []
