"""Sit at the office's desk before the Importer: a school, its Administrator, and files to choose."""

import io
import re
import zipfile
from dataclasses import dataclass
from typing import Any

from app import Browser, fake_providers, make_app
from factories import make_contact, make_school
from fakes import FakeMailer, FakeMeetings
from flask import Flask
from sqlmodel import Session, select
from zoom_office import words

from webapp import clock
from webapp.config import Settings
from webapp.db import Database
from webapp.models import Contact, Level, School

STUDENTS = "StudentID|First|Last|SecurityValue\nS1|Mia|Alvarez|2016-05-04\nS2|Leo|Alvarez|2018-01-02\n"
TEACHERS = "TeacherID|First|Last|Email|Room\nT1|Folake|Adeyemi|f.adeyemi@linden.example|112\n"
WITHOUT_ADDRESS = TEACHERS + "T2|Hugh|Barlow||Gym\n"


@dataclass
class Desk:
    """The Importer before Dora, the school's Administrator."""

    app: Flask
    database: Database
    school: School
    dora: Browser

    @property
    def page(self) -> str:
        return f"/s/{self.school.slug}/importer"

    def send(self, *files: tuple[str, str | bytes], browser: Browser | None = None, kind: str = "") -> Any:
        """Choose files and press the button. A text stands for a tab-delimited file, with `|` for the tabs."""
        sent = [(io.BytesIO(_bytes(content)), name) for name, content in files]
        return (browser or self.dora).post(self.page, {"file": sent, "kind": kind}, content_type="multipart/form-data")

    def dry_run(self, *files: tuple[str, str | bytes], kind: str = "") -> str:
        """The address of what the import would do."""
        answer = self.send(*files, kind=kind)
        assert answer.status_code == 303, words(answer.text)
        return str(answer.headers["Location"])

    def apply(self, address: str, **form: Any) -> Any:
        return self.dora.post(f"{address}/apply", {"key": self.dora.key(address)} | form)

    def rows(self, table: type[Any]) -> list[Any]:
        with self.database.reading() as session:
            return list(session.exec(select(table)))

    def administrator(self, name: str, *, elsewhere: bool = False, level: Level = Level.ADMINISTRATOR) -> Browser:
        with self.database.transaction() as session:
            school = make_school(session) if elsewhere else self.school
            return _signed_in(self.app, session, make_contact(session, school, name, level=level))


def open_desk(database: Database, settings: Settings) -> Desk:
    app = make_app(settings, fake_providers(FakeMeetings(), FakeMailer()))
    with database.transaction() as session:
        school = make_school(session)
        dora = make_contact(session, school, "Dora", "Office", level=Level.ADMINISTRATOR)
        return Desk(app, database, school, _signed_in(app, session, dora))


def _signed_in(app: Flask, session: Session, contact: Contact) -> Browser:
    return Browser(app).sign_in(session, contact, now=clock.now())


def _bytes(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.replace("|", "\t").encode()


def zipped(**files: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"export/{name}.txt", _bytes(content))
    return packed.getvalue()


def row_of(html: str, kind: str) -> list[str]:
    """New, changed and unchanged of a kind in the summary."""
    found = re.search(rf'<tr><th scope="row">{kind}</th>(.*?)</tr>', html)
    assert found, words(html)
    return re.findall(r">(\d+)<", found[1])
