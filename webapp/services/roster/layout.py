"""Know the layouts that rosters come in: which columns each has, under which names, and which it cannot do without."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    name: str
    also: tuple[str, ...] = ()
    is_required: bool = False
    may_repeat: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        return (plain(self.name), *(plain(name) for name in self.also))


@dataclass(frozen=True)
class Layout:
    """`kind` is the reader's key, `title` the name that people know the file by; `hint` matches likely file names."""

    kind: str
    title: str
    hint: str
    columns: tuple[Column, ...]
    unused: frozenset[str] = frozenset()
    """Keys of columns that the layout knows and Confab has no use for."""

    def column(self, heading: str) -> Column | None:
        key = plain(heading)
        return next((column for column in self.columns if _matches(column, key)), None)

    def knows(self, heading: str) -> bool:
        key = plain(heading)
        return not key or key in self.unused or key.startswith("metadata") or self.column(heading) is not None

    def is_hinted(self, filename: str) -> bool:
        return re.search(self.hint, stem(filename)) is not None

    def missing(self, headings: Iterable[str]) -> list[str]:
        """Names of the required columns that none of the headings stands for."""
        found = self.found(headings)
        return [column.name for column in self.columns if column.is_required and column.name not in found]

    def found(self, headings: Iterable[str]) -> set[str]:
        return {column.name for heading in headings if (column := self.column(heading))}


def plain(heading: str) -> str:
    """A heading without case, spaces, underscores and other signs."""
    return "".join(letter for letter in heading.casefold() if letter.isalnum())


def stem(filename: str) -> str:
    """`export/Class_Resources.csv` → `classresources`"""
    return plain(filename.rpartition("/")[2].partition(".")[0])


def _matches(column: Column, key: str) -> bool:
    # A column that may repeat is often numbered by the spreadsheet: ClassID, ClassID 2, ClassID 3.
    return key in column.keys or (column.may_repeat and key.rstrip("0123456789") in column.keys)


def _needs(name: str, *also: str) -> Column:
    return Column(name, also, is_required=True)


def _may(name: str, *also: str) -> Column:
    return Column(name, also)


def _unused(text: str) -> frozenset[str]:
    return frozenset(plain(name) for name in text.split())


_FIRST = _needs("First", "First Name", "FirstName", "Given Name")
_LAST = _needs("Last", "Last Name", "Surname", "Family Name")
_EMAIL = ("Email Address", "E-mail", "Mail")

STUDENT = Layout(
    "student",
    "Student",
    r"student|pupil",
    (
        _needs("StudentID"),
        _FIRST,
        _LAST,
        _needs("SecurityValue", "Birthdate", "Birth Date", "Date of Birth", "DOB"),
        _may("Grade", "Grade Level"),
        _may("Action"),
    ),
)
TEACHER = Layout(
    "teacher",
    "Teacher",
    r"teacher|staff|faculty",
    (
        _needs("TeacherID"),
        _FIRST,
        _LAST,
        _needs("Email", *_EMAIL),
        _may("Room"),
        _may("VirtualRoom", "Virtual Room Link", "VirtualRoomURL"),
        _may("AccessLevel"),
        _may("Password"),
    ),
)
CLASS = Layout(
    "class",
    "Class",
    r"class|section",
    (
        _needs("ClassID"),
        _needs("TeacherID"),
        _may("ClassName"),
        _may("GroupName", "Group"),
        _may("PTAN", "Appointments Allowed"),
    ),
)
ENROLLMENT = Layout(
    "enrollment",
    "Enrollment",
    r"enrol",
    (_needs("StudentID"), Column("ClassID", is_required=True, may_repeat=True)),
)
PARENT = Layout(
    "parent",
    "Parent",
    r"parents?$|guardians?$|famil",
    (_needs("ParentID"), _FIRST, _LAST, _needs("Email", *_EMAIL)),
)
PARENT_STUDENT = Layout(
    "parent_student",
    "Parent-Student",
    r"parentstudent|studentparent|relation|guardian",
    (_needs("ParentID"), _needs("StudentID")),
)

_ROW = "dateLastModified "
ONEROSTER_USERS = Layout(
    "or_users",
    "OneRoster users",
    r"users",
    (
        _needs("sourcedId"),
        _needs("givenName"),
        _needs("familyName"),
        _may("role"),
        _may("status"),
        _may("email"),
        _may("agentSourcedIds", "agents"),
        _may("grades", "grade"),
    ),
    _unused(
        _ROW + "enabledUser orgSourcedIds username userIds userId middleName identifier sms phone password "
        "userMasterIdentifier resourceSourcedIds preferredGivenName preferredMiddleName preferredFamilyName "
        "primaryOrgSourcedId pronouns"
    ),
)
ONEROSTER_CLASSES = Layout(
    "or_classes",
    "OneRoster classes",
    r"classes",
    (_needs("sourcedId"), _needs("title"), _needs("schoolSourcedId"), _may("status"), _may("grades", "grade")),
    _unused(
        _ROW + "courseSourcedId classCode classType location termSourcedIds termSourcedId subjects subjectCodes periods"
    ),
)
ONEROSTER_ENROLLMENTS = Layout(
    "or_enrollments",
    "OneRoster enrollments",
    r"enrollments",
    (_needs("classSourcedId"), _needs("userSourcedId"), _needs("role"), _may("status"), _may("primary")),
    _unused(_ROW + "sourcedId schoolSourcedId courseSourcedId beginDate endDate"),
)
ONEROSTER_DEMOGRAPHICS = Layout(
    "or_demographics",
    "OneRoster demographics",
    r"demographics",
    (_needs("sourcedId", "userSourcedId"), _needs("birthDate"), _may("status")),
    _unused(
        _ROW + "sex americanIndianOrAlaskaNative asian blackOrAfricanAmerican nativeHawaiianOrOtherPacificIslander "
        "white demographicRaceTwoOrMoreRaces hispanicOrLatinoEthnicity countryOfBirthCode stateOfBirthAbbreviation "
        "cityOfBirth publicSchoolResidenceStatus"
    ),
)
ONEROSTER_ROLES = Layout(
    "or_roles",
    "OneRoster roles",
    r"roles",
    (_needs("userSourcedId"), _needs("roleType"), _needs("role"), _may("status")),
    _unused(_ROW + "sourcedId beginDate endDate orgSourcedId userProfileSourcedId"),
)

UNREAD = "unread"
"""The kind of files that belong to a bundle and say nothing that Confab needs."""

UNREAD_NAMES = frozenset(
    "categories classresources courseresources lineitemlearningobjectiveids lineitems lineitemscorescales resources "
    "resultlearningobjectiveids results resultscorescales scorescales userresources".split()
)
"""OneRoster's gradebook files, whose headings look much like those of classes."""

_MANIFEST = Layout(UNREAD, "OneRoster manifest", r"manifest", (_needs("propertyName"), _needs("value")))
_ORGS = Layout(UNREAD, "OneRoster orgs", r"orgs", (_needs("sourcedId"), _needs("name"), _needs("type")))
_COURSES = Layout(
    UNREAD,
    "OneRoster courses",
    r"courses",
    (_needs("sourcedId"), _needs("title"), _needs("courseCode"), _may("orgSourcedId"), _may("status"), _may("grades")),
)
_SESSIONS = Layout(
    UNREAD,
    "OneRoster academicSessions",
    r"academicsessions",
    (_needs("sourcedId"), _needs("title"), _needs("type"), _needs("startDate")),
)
_PROFILES = Layout(UNREAD, "OneRoster userProfiles", r"userprofiles", (_needs("userSourcedId"), _needs("profileType")))

LAYOUTS = (
    STUDENT,
    TEACHER,
    CLASS,
    ENROLLMENT,
    PARENT,
    PARENT_STUDENT,
    ONEROSTER_USERS,
    ONEROSTER_CLASSES,
    ONEROSTER_ENROLLMENTS,
    ONEROSTER_DEMOGRAPHICS,
    ONEROSTER_ROLES,
    _MANIFEST,
    _ORGS,
    _COURSES,
    _SESSIONS,
    _PROFILES,
)
