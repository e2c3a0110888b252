"""Tell of an import what it creates, changes and leaves out, and why: the same words before and after Apply."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from webapp.errors import N_
from webapp.i18n import gettext

NOT_READ = N_("This file has none of the headings that the Importer knows, and was not read.")

KINDS = ("students", "teachers", "classes", "enrollments", "parents", "guardians", "events", "slots")

ERROR, WARNING, NOTE = "error", "warning", "note"
"""An error leaves its row out; with a warning the row is still applied; a note is about a whole file."""

CREATED, UPDATED, UNCHANGED, DELETED = "created", "updated", "unchanged", "deleted"

SHOWN = 30
"""Examples kept in `changes` of each kind and action."""


@dataclass(frozen=True)
class Source:
    """The row that says it; `headings` gives each column the name that it has in this file."""

    file: str
    row: int
    headings: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def heading(self, *columns: str) -> str:
        """How the file spells the first of these columns that it has."""
        return next((self.headings[column] for column in columns if column in self.headings), columns[0])


@dataclass(frozen=True)
class Problem:
    """`says` is a message id, `values` fill it; `row` counts as a spreadsheet does, the headings being row 1."""

    file: str
    row: int
    column: str
    severity: str
    says: str
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """In the language of who reads it now."""
        return gettext(self.says, **self.values)


@dataclass(frozen=True)
class Change:
    """One line of the dry run's table; a deleted student counts among the updated."""

    action: str
    kind: str
    label: str


@dataclass(frozen=True)
class Question:
    """Is the person of this ID the same as before? `key` names it among all kinds."""

    key: str
    ref: str
    before: str
    after: str
    is_same: bool


@dataclass(frozen=True)
class ReadFile:
    """What a file was taken for, so that the office sees a wrong guess before Apply."""

    name: str
    kind: str
    encoding: str
    delimiter: str
    rows: int


def _nothing() -> dict[str, int]:
    return dict.fromkeys(KINDS, 0)


@dataclass
class Report:
    created: dict[str, int] = field(default_factory=_nothing)
    updated: dict[str, int] = field(default_factory=_nothing)
    unchanged: dict[str, int] = field(default_factory=_nothing)
    rooms: int = 0
    """Rooms and links in coming events that follow those of the Teacher file."""
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    files: list[ReadFile] = field(default_factory=list)
    unknown_columns: dict[str, list[str]] = field(default_factory=dict)
    """Headings that were ignored, by file."""
    changes: list[Change] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    told: dict[str, int] = field(default_factory=dict)
    dates: str = ""
    """Whether the month or the day comes first in the files' dates, once somebody said it."""
    asks_dates: bool = False
    absent: dict[str, int] = field(default_factory=dict)
    """How many of a kind the school has of whom the files do not speak; the first of them are among the names."""
    absent_names: list[str] = field(default_factory=list)
    forgotten: int = 0
    """Rows that were left out, of a report that keeps only its numbers."""

    @property
    def rows_read(self) -> int:
        return sum(file.rows for file in self.files)

    @property
    def left_out(self) -> int:
        """The number of rows that Apply leaves out."""
        known = {(problem.file, problem.row) for problem in self.problems if problem.severity == ERROR}
        return len(known) or self.forgotten

    @property
    def has_unread(self) -> bool:
        """A file among them had none of the headings that the Importer knows."""
        return any(note.says == NOT_READ for note in self.notes)

    def count(self, action: str, kind: str, label: str = "") -> None:
        tally = self.updated if action == DELETED else getattr(self, action)
        tally[kind] += 1
        if action != UNCHANGED:
            self._tell(action, kind, label)

    def count_room(self, label: str) -> None:
        """A cell of an event's page, which is no row of a file."""
        self.rooms += 1
        self._tell(UPDATED, "rooms", label)

    def problem(self, at: Source, columns: tuple[str, ...], severity: str, says: str, /, **values: object) -> None:
        """`columns` are the names that layouts have for it; the row's file says which one it uses."""
        self.problems.append(Problem(at.file, at.row, at.heading(*columns), severity, says, values))

    def as_json(self) -> dict[str, Any]:
        """The answer of `confab import-roster --json`, sentences in the language of who reads it now."""
        return {
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "problems": [
                {"file": problem.file, "row": problem.row, "column": problem.column, "message": problem.message}
                for problem in self.problems
            ],
        }

    def dumps(self) -> str:
        """JSON for ImportRun.report; it holds names, as the uploaded file does."""
        return json.dumps(asdict(self))

    def numbers(self) -> "Report":
        """What may be kept once the names of the files are not."""
        return Report(
            created=self.created,
            updated=self.updated,
            unchanged=self.unchanged,
            rooms=self.rooms,
            files=self.files,
            absent=self.absent,
            forgotten=self.left_out,
        )

    @classmethod
    def loads(cls, text: str) -> "Report":
        """The report of `dumps`; an empty one from `{}`."""
        stored = json.loads(text)
        shapes = {"problems": Problem, "notes": Problem, "files": ReadFile, "changes": Change, "questions": Question}
        lists = {name: [shape(**row) for row in stored.get(name, [])] for name, shape in shapes.items()}
        tallies = {name: _nothing() | stored.get(name, {}) for name in ("created", "updated", "unchanged")}
        return cls(**(stored | lists | tallies))

    def _tell(self, action: str, kind: str, label: str) -> None:
        told = self.told.get(f"{action} {kind}", 0)
        if told < SHOWN:
            self.told[f"{action} {kind}"] = told + 1
            self.changes.append(Change(action, kind, label))
