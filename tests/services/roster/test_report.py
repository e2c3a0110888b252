"""The report: counts, examples within bounds, and every problem with its place."""

import json

from importer import Importer

from webapp.services.roster.report import CREATED, DELETED, KINDS, SHOWN, UNCHANGED, Report

FILE = "Student ID|First|Last|SecurityValue|Shoe\nS1|Mia|Alvarez|x|36\n|Leo|Alvarez|x|31\n||||\n"


def test_the_json_has_counts_and_problems_and_nothing_else(importer: Importer) -> None:
    answer = importer.apply({"Student.txt": FILE}).as_json()

    assert list(answer) == ["created", "updated", "unchanged", "problems"]
    assert list(answer["created"]) == list(answer["updated"]) == list(answer["unchanged"]) == list(KINDS)
    assert answer["created"]["students"] == 1
    assert answer["problems"] == [
        {"file": "Student.txt", "row": 3, "column": "Student ID", "message": "Student ID is missing."}
    ]
    assert json.loads(json.dumps(answer)) == answer


def test_what_a_file_was_taken_for_and_what_was_ignored_is_told(importer: Importer) -> None:
    report = importer.apply({"Student.txt": FILE})

    assert [(file.name, file.kind, file.encoding, file.delimiter, file.rows) for file in report.files] == [
        ("Student.txt", "Student", "utf-8", "\t", 2)
    ]
    assert report.unknown_columns == {"Student.txt": ["Shoe"]}
    assert [note.message for note in report.notes] == ["Empty rows, skipped: 1."]
    assert [(change.action, change.kind, change.label) for change in report.changes] == [
        ("created", "students", "Mia Alvarez (S1)")
    ]


def test_examples_of_changes_are_bounded_for_each_kind_and_action() -> None:
    report = Report()

    for n in range(SHOWN + 20):
        report.count(CREATED, "students", f"student {n}")
        report.count(UNCHANGED, "classes")
    report.count(DELETED, "students", "the last one")

    assert (report.created["students"], report.unchanged["classes"]) == (SHOWN + 20, SHOWN + 20)
    assert report.updated["students"] == 1
    assert len(report.changes) == SHOWN + 1
    assert report.changes[-1].label == "the last one"


def test_a_stored_report_comes_back_as_it_was(importer: Importer) -> None:
    report = importer.apply({"Student.txt": FILE})

    assert Report.loads(report.dumps()) == report
    assert Report.loads("{}") == Report()
