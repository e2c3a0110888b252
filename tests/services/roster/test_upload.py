"""What is uploaded becomes names and bytes: zips, folders and single files, within bounds."""

import io
import tracemalloc
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.errors import Invalid
from webapp.i18n import sentence
from webapp.services.roster import upload
from webapp.services.roster.upload import open_path, open_upload


def zipped(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def refusal(filename: str, content: bytes) -> str:
    with pytest.raises(Invalid) as refused:
        open_upload(filename, content)
    assert refused.value.field == "file"
    return sentence(refused.value)


def test_a_zip_gives_its_files_without_folders_and_without_what_a_mac_adds() -> None:
    content = zipped(
        {
            "export/": b"",
            "export/users.csv": b"1",
            "export/orgs.csv": b"2",
            "__MACOSX/export/._users.csv": b"3",
            "export/.DS_Store": b"4",
        }
    )

    files = open_upload("roster.zip", content)

    assert files == {"users.csv": b"1", "orgs.csv": b"2"}


def test_files_of_one_name_keep_their_folders() -> None:
    files = open_upload("roster.zip", zipped({"a/Student.txt": b"1", "b/Student.txt": b"2"}))

    assert files == {"a/Student.txt": b"1", "b/Student.txt": b"2"}


def test_a_zip_is_told_by_its_content() -> None:
    files = open_upload("roster.txt", zipped({"Student.txt": b"1"}))

    assert files == {"Student.txt": b"1"}


def test_a_path_in_the_name_of_an_upload_is_ignored() -> None:
    """CSV-050"""
    files = open_upload("../../etc/cron.d/x.csv", b"a,b")
    from_windows = open_upload("C:\\exports\\x.csv", b"a,b")

    assert files == from_windows == {"x.csv": b"a,b"}


def test_what_a_zip_unpacks_to_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "MOST_BYTES", 1_000_000)
    many = zipped({"a.csv": b"0" * 600_000, "b.csv": b"0" * 600_000})
    bomb = zipped({"a.csv": b"0" * 50_000_000})

    messages = {refusal("bomb.zip", many)}
    tracemalloc.start()
    messages.add(refusal("bomb.zip", bomb))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert messages == {"bomb.zip is larger than 64 MB when unpacked. Leave out what is not part of the roster."}
    assert len(bomb) < 100_000
    assert peak < 10_000_000


def test_the_size_that_a_zip_claims_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "MOST_BYTES", 1_000)
    honest = zipped({"a.csv": b"0" * 5_000})
    lying = honest.replace((5_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))

    assert lying != honest
    with pytest.raises(Invalid):
        open_upload("a.zip", lying)


def test_a_single_file_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "MOST_BYTES", 10)

    assert "larger than 64 MB" in refusal("a.csv", b"0" * 11)


def test_a_zip_of_very_many_files_is_refused() -> None:
    message = refusal("many.zip", zipped({f"{n}.csv": b"1" for n in range(201)}))

    assert "more than 200 files" in message


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04 and nothing more", zipped({"a.csv": b"1" * 99})[:-30], b"PK"],
    ids=["only a head", "cut off", "two letters"],
)
def test_a_damaged_zip_is_refused(content: bytes) -> None:
    assert refusal("a.zip", content).startswith("a.zip cannot be unpacked")


def test_a_zip_with_a_password_is_refused() -> None:
    content = bytearray(zipped({"a.csv": b"1" * 99}))
    for head, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(head) + flags] |= 1

    assert "locked with a password" in refusal("a.zip", bytes(content))


def test_an_empty_zip_is_refused() -> None:
    assert "holds no files" in refusal("a.zip", zipped({"__MACOSX/x": b"1"}))


def test_a_name_that_stands_twice_in_a_zip_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("Student.txt", b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("Student.txt", b"2")

    assert "holds Student.txt twice" in refusal("a.zip", stream.getvalue())


def test_a_workbook_stays_in_one_piece_alone_and_within_a_zip() -> None:
    """CSV-013: told by its content, also when it is called .csv."""
    book = zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"})

    assert open_upload("students.csv", book) == {"students.csv": book}
    assert open_upload("all.zip", zipped({"a/students.xlsx": book})) == {"students.xlsx": book}


def test_a_path_may_be_a_folder_a_zip_or_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "roster"
    (folder / "inner").mkdir(parents=True)
    (folder / "Student.txt").write_bytes(b"1")
    (folder / "inner" / "Teacher.txt").write_bytes(b"2")
    (folder / ".hidden").write_bytes(b"3")
    (tmp_path / "roster.zip").write_bytes(zipped({"Class.txt": b"4"}))

    assert open_path(folder) == {"Student.txt": b"1", "Teacher.txt": b"2"}
    assert open_path(tmp_path / "roster.zip") == {"Class.txt": b"4"}
    assert open_path(folder / "Student.txt") == {"Student.txt": b"1"}


def test_a_path_without_files_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing.zip"):
        with pytest.raises(Invalid) as refused:
            open_path(path)
        assert path.name in sentence(refused.value)


def test_a_folder_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "MOST_BYTES", 10)
    (tmp_path / "a.csv").write_bytes(b"0" * 6)
    (tmp_path / "b.csv").write_bytes(b"0" * 6)

    with pytest.raises(Invalid, match="64 MB"):
        open_path(tmp_path)


@given(tail=st.binary(max_size=300), cut=st.integers(0, 200), at=st.integers(0, 120), byte=st.integers(0, 255))
def test_no_bytes_do_worse_than_be_refused(tail: bytes, cut: int, at: int, byte: int) -> None:
    broken = bytearray(zipped({"Student.txt": b"StudentID,First\n1,Mia\n"}) + tail)
    broken[at] = byte
    for content in (bytes(broken[cut:]), b"PK" + tail, tail):
        try:
            files = open_upload("a.zip", content)
        except Invalid:
            continue
        assert all(isinstance(inner, bytes) for inner in files.values())
