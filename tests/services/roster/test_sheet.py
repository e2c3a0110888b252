"""What a file holds is told by its headings; its name only decides between two that fit."""

import pytest

from webapp.errors import Invalid
from webapp.i18n import sentence
from webapp.services.roster.layout import UNREAD
from webapp.services.roster.read_files import read_table
from webapp.services.roster.sheet import Sheet, recognised

STUDENT = "StudentID,First,Last,SecurityValue"
USERS = "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,givenName,familyName,email"


def sheet(headings: str, name: str = "upload.csv") -> Sheet | None:
    return recognised(read_table(name, headings.encode() + b"\n1\n"))


def kind(headings: str, name: str = "upload.csv") -> str:
    found = sheet(headings, name)
    assert found is not None
    return found.layout.kind


def refusal(headings: str, name: str = "upload.csv") -> str:
    with pytest.raises(Invalid) as refused:
        sheet(headings, name)
    assert refused.value.field == "file"
    return sentence(refused.value)


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (STUDENT, "student"),
        ("TeacherID,First,Last,Email,Room", "teacher"),
        ("ClassID,TeacherID", "class"),
        ("StudentID,ClassID", "enrollment"),
        ("ParentID,First,Last,Email", "parent"),
        ("ParentID,StudentID", "parent_student"),
        (USERS, "or_users"),
        ("sourcedId,status,title,grades,courseSourcedId,classCode,classType,schoolSourcedId", "or_classes"),
        ("sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role,primary", "or_enrollments"),
        ("sourcedId,status,birthDate,sex", "or_demographics"),
        ("sourcedId,userSourcedId,roleType,role,orgSourcedId", "or_roles"),
        ("sourcedId,status,title,courseCode,grades,orgSourcedId,subjects", UNREAD),
        ("sourcedId,name,type,identifier", UNREAD),
        ("sourcedId,title,type,startDate,endDate", UNREAD),
        ("propertyName,value", UNREAD),
    ],
)
def test_the_headings_tell_the_kind_whatever_the_name(headings: str, expected: str) -> None:
    assert kind(headings, "Teacher.txt") == expected


def test_headings_may_be_in_any_case_order_and_spacing() -> None:
    assert kind("last name,SECURITY_VALUE,first-name,Student ID") == "student"


def test_the_name_decides_where_two_kinds_fit() -> None:
    headings = f"{STUDENT},ClassID"

    assert kind(headings, "Enrollment 2026.txt") == "enrollment"
    assert kind(headings) == "student"


def test_without_a_telling_name_two_kinds_that_fit_alike_are_refused() -> None:
    message = refusal("ParentID,StudentID,ClassID")

    assert message.startswith("upload.csv fits two layouts, Enrollment and Parent-Student.")
    assert kind("ParentID,StudentID,ClassID", "enrolment.txt") == "enrollment"


@pytest.mark.parametrize(
    ("headings", "name", "missing"),
    [
        ("First,Last,SecurityValue", "x.txt", "Student, but has no column StudentID."),
        ("StudentID,First,SecurityValue", "x.txt", "Student, but has no column Last."),
        ("TeacherID,First,Last,Room", "x.txt", "Teacher, but has no column Email."),
        ("First,Last,Email,Room", "x.txt", "Teacher, but has no column TeacherID."),
        ("ClassID,ClassName,GroupName", "x.txt", "Class, but has no column TeacherID."),
        ("StudentID", "Enrollment.txt", "Enrollment, but has no column ClassID."),
        (USERS.replace("familyName,", ""), "users.csv", "OneRoster users, but has no column familyName."),
    ],
)
def test_a_missing_column_is_named_with_those_that_are_there(headings: str, name: str, missing: str) -> None:
    """CSV-017"""
    message = refusal(headings, name)

    assert message.startswith(f"{name} was read by the layout {missing} Found: {headings.replace(',', ', ')}.")
    assert message.endswith("Add the column, or correct its heading.")


def test_a_heading_that_stands_twice_is_refused() -> None:
    """CSV-016"""
    message = refusal("TeacherID,First,Last,Email,e-mail,Room")

    assert message == "upload.csv has more than one column Email: Email, e-mail. Keep one of them."


def test_class_id_may_stand_several_times_in_an_enrollment_file() -> None:
    found = sheet("StudentID,ClassID,ClassID,Class ID 3")

    assert found is not None
    assert found.places["ClassID"] == [1, 2, 3]


def test_columns_that_nobody_knows_are_listed_and_may_repeat() -> None:
    """CSV-025: is_admin=1 in a file gives nobody anything."""
    found = sheet(f"{STUDENT},Notes,is_admin,,Notes")
    users = sheet(f"{USERS},metadata.shoe,shoe")

    assert found is not None
    assert found.unknown_columns == ["Notes", "is_admin", "Notes"]
    assert users is not None
    assert users.unknown_columns == ["shoe"]


def test_gradebook_files_of_a_bundle_are_not_taken_for_classes() -> None:
    assert kind("sourcedId,status,title,classSourcedId,schoolSourcedId", "lineItems.csv") == UNREAD


def test_a_file_without_any_known_heading_is_not_recognised() -> None:
    assert sheet("Dear office,here is the file,First") is None
