"""Open what was uploaded or named on the command line: a zip, a folder or one file become names and bytes."""

import io
import lzma
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from webapp.errors import N_, Invalid

MOST_BYTES = 64 * 1024 * 1024
MOST_FILES = 200

_BROKEN = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""What Python's zipfile raises for damaged, encrypted and exotic archives."""

_NOT_MEANT = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})

TOO_BIG = N_("%(file)s is larger than 64 MB when unpacked. Leave out what is not part of the roster.")
TOO_MANY = N_("%(file)s holds more than 200 files. Leave out what is not part of the roster.")
NO_FILES = N_("%(file)s holds no files. Choose the roster's files, or a zip of them.")
BROKEN_ZIP = N_("%(file)s cannot be unpacked: it is damaged or locked with a password. Make a new zip without one.")
TWICE = N_("%(file)s holds %(name)s twice. Keep one of them.")
WORKBOOK = N_(
    "%(file)s is a workbook of an old kind. In the spreadsheet choose Save As, Excel Workbook (.xlsx) or CSV UTF-8."
)


def open_upload(filename: str, content: bytes) -> dict[str, bytes]:
    """The files by name; what counts is the content, the name only labels messages. Raises Invalid."""
    name = _label(filename.replace("\\", "/")) or "file"
    if content.startswith(b"PK") and not is_workbook(content):
        return _unpacked(name, content)
    if len(content) > MOST_BYTES:
        raise Invalid(TOO_BIG, field="file", file=name)
    return {name: content}


def is_workbook(content: bytes) -> bool:
    """An .xlsx is a zip of its own kind, and stays in one piece."""
    if not content.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return any(name.startswith("xl/") for name in archive.namelist())
    except _BROKEN:
        return False


def open_path(path: Path) -> dict[str, bytes]:
    """As `open_upload`, for a zip, file or folder on this machine."""
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise Invalid(N_("There is no file or folder %(file)s."), field="file", file=path.name)
    if path.stat().st_size > MOST_BYTES:
        raise Invalid(TOO_BIG, field="file", file=path.name)
    return open_upload(path.name, path.read_bytes())


def _folder(path: Path) -> dict[str, bytes]:
    found = {
        inner: file for file in sorted(path.rglob("*")) if file.is_file() and _is_meant(inner := _inside(path, file))
    }
    if len(found) > MOST_FILES:
        raise Invalid(TOO_MANY, field="file", file=path.name)
    if sum(file.stat().st_size for file in found.values()) > MOST_BYTES:
        raise Invalid(TOO_BIG, field="file", file=path.name)
    return _shortly(path.name, {inner: file.read_bytes() for inner, file in found.items()})


def _inside(path: Path, file: Path) -> str:
    return file.relative_to(path).as_posix()


def _unpacked(name: str, content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _shortly(name, _contents(name, archive))
    except _BROKEN as error:
        raise Invalid(BROKEN_ZIP, field="file", file=name) from error


def _contents(name: str, archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    wanted = [entry for entry in entries if _is_meant(entry.filename)]
    if len(wanted) > MOST_FILES:
        raise Invalid(TOO_MANY, field="file", file=name)
    files: dict[str, bytes] = {}
    room = MOST_BYTES
    for entry in wanted:
        if entry.filename in files:
            raise Invalid(TWICE, field="file", file=name, name=entry.filename)
        files[entry.filename] = _bounded(name, archive, entry, room)
        room -= len(files[entry.filename])
    return files


def _bounded(name: str, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, room: int) -> bytes:
    # The size that the archive states is the uploader's word; what comes out of it is counted.
    with archive.open(entry) as stream:
        content = stream.read(room + 1)
    if len(content) > room:
        raise Invalid(TOO_BIG, field="file", file=name)
    return content


def _is_meant(inner: str) -> bool:
    parts = PurePosixPath(inner).parts
    return bool(parts) and not any(part.startswith(".") or part in _NOT_MEANT for part in parts)


def _shortly(name: str, files: dict[str, bytes]) -> dict[str, bytes]:
    """Without their folders, where the plain names are distinct: people know their files by these."""
    if not files:
        raise Invalid(NO_FILES, field="file", file=name)
    short = {_label(inner): content for inner, content in files.items()}
    return short if len(short) == len(files) else files


def _label(path: str) -> str:
    """The last part, without what no message and no database could hold."""
    return PurePosixPath("".join(letter for letter in path if letter.isprintable())).name
