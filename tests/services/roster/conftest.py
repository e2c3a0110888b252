"""Give the roster's tests a school and an importer into it."""

from datetime import datetime
from pathlib import Path

import pytest
from factories import make_school
from importer import Importer
from sqlmodel import Session

from webapp.models import School

DATA = Path(__file__).resolve().parents[2] / "data" / "roster"


@pytest.fixture
def school(session: Session) -> School:
    return make_school(session)


@pytest.fixture
def importer(session: Session, school: School, now: datetime) -> Importer:
    return Importer(session, school, now)


@pytest.fixture
def own_files() -> dict[str, bytes]:
    """The six tab-delimited files of a small school."""
    return {path.name: path.read_bytes() for path in sorted((DATA / "own").iterdir())}


@pytest.fixture
def families_bundle() -> dict[str, bytes]:
    """A OneRoster 1.1 bundle with parents on either side of the tie, and with rows that lead nowhere."""
    return {path.name: path.read_bytes() for path in sorted((DATA / "oneroster_families").iterdir())}
