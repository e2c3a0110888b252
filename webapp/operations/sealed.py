"""Name a backup, keep it to its owner, and refuse one that is not as it was written."""

import hashlib
import os
from datetime import datetime
from pathlib import Path

from webapp.operations.environment import Refused

ONLY_OWNER = 0o600
_BEGINNINGS = {b"SQLite format 3\0": "sqlite", b"PGDMP": "postgresql"}
_SUFFIXES = {"sqlite": ".db", "postgresql": ".dump"}


def target_of(to: Path | None, kind: str, *, now: datetime) -> Path:
    """A file that is not there yet: the one named, or one named after the time, here or in the folder named."""
    name = f"confab-{now:%Y%m%dT%H%M%SZ}{_SUFFIXES[kind]}"
    if to and not to.suffix and not to.is_dir():
        raise Refused(
            f"There is no folder {to}. Make it first; a file is named with its ending, such as {to}/monday.db."
        )
    target = (to / name if to.is_dir() else to) if to else Path(name)
    if target.exists():
        raise Refused(f"{target} is there already. Name another file with --to.")
    if not target.parent.is_dir():
        raise Refused(f"There is no folder {target.parent}.")
    return target


def make_private(path: Path) -> None:
    """An empty file that nobody else may read, before the first byte is written to it."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, ONLY_OWNER))


def place(finished: Path, target: Path) -> None:
    """Put a finished backup where it belongs, on the disk for good, with its checksum beside it."""
    _keep(finished)
    checksum = checksum_file(target)
    checksum.unlink(missing_ok=True)
    make_private(checksum)
    checksum.write_text(f"{_digest(finished)}  {target.name}\n")
    _keep(checksum)
    finished.replace(target)
    _keep(target.parent)


def kind_of(file: Path) -> str:
    """Which database it is a backup of. Raises Refused for a file that is none, or not as it was written."""
    if not file.is_file():
        raise Refused(f"There is no file {file}.")
    with file.open("rb") as opened:
        begins = opened.read(16)
    kind = next((kind for beginning, kind in _BEGINNINGS.items() if begins.startswith(beginning)), None)
    if kind is None:
        raise Refused(f"{file} is not a backup of Confab.")
    _refuse_altered(file)
    return kind


def checksum_file(backup: Path) -> Path:
    return backup.with_name(f"{backup.name}.sha256")


def _refuse_altered(file: Path) -> None:
    checksum = checksum_file(file)
    if not checksum.exists():
        raise Refused(
            f"{checksum.name} is missing beside the backup, so nobody can say whether the file is whole. "
            f"If you know that it is: sha256sum {file} > {checksum}"
        )
    if checksum.read_text().partition(" ")[0] != _digest(file):
        raise Refused(f"{file} is not as it was written: it was cut short or changed. Take another backup.")


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _keep(path: Path) -> None:
    """SQLite does not wait for the disk when it writes a copy."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
