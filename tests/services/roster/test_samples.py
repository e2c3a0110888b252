"""Each published sample of a roster imports with exactly these counts, and again without a change."""

import pytest
from contracts import contracts_folder
from importer import Importer
from sqlmodel import Session, select

from webapp.models import Class, Student
from webapp.services.roster.report import KINDS
from webapp.services.roster.upload import open_path

pytestmark = pytest.mark.contract

NO_ADDRESS = "There is no e-mail address."
COUNTS = {
    "sds-v1-25users": (22, 2, 2, 44, 0, 0),
    "sds-v2": (22, 5, 4, 22, 0, 0),
    "v1p1-generated-elementary-small": (72, 6, 42, 504, 0, 0),
    "v1p1-tao-extensions": (2, 0, 3, 3, 0, 0),
    "v1p2-minimal": (1, 0, 1, 1, 0, 0),
}
WITHOUT_ADDRESS = {"sds-v1-25users": 2, "sds-v2": 5}


@pytest.mark.parametrize("sample", COUNTS)
def test_each_sample_imports_whole_and_once(importer: Importer, sample: str) -> None:
    files = open_path(contracts_folder() / "oneroster" / "samples" / sample)
    expected = dict.fromkeys(KINDS, 0) | dict(zip(KINDS, COUNTS[sample], strict=False))

    report = importer.apply(files)
    again = importer.apply(files)

    assert report.created == expected
    assert [problem.message for problem in report.problems] == [NO_ADDRESS] * WITHOUT_ADDRESS.get(sample, 0)
    assert report.left_out == 0
    assert (again.unchanged, sum(again.created.values()), sum(again.updated.values())) == (expected, 0, 0)


def test_no_sample_is_without_its_counts() -> None:
    folders = {path.name for path in (contracts_folder() / "oneroster" / "samples").iterdir() if path.is_dir()}

    assert folders == set(COUNTS)


def test_microsofts_students_come_with_birthday_and_grade(session: Session, importer: Importer) -> None:
    importer.apply(open_path(contracts_folder() / "oneroster" / "samples" / "sds-v1-25users"))

    ora = session.exec(select(Student).where(Student.student_ref == "13001")).one()
    assert (ora.name, ora.security_value, ora.grade) == ("Ora Klein", "4/2/2000", "9")
    assert session.exec(select(Class.name).where(Class.class_ref == "11002")).one() == "Math - Algebra 2"
