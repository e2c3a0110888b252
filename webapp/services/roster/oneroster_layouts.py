"""The columns of a OneRoster bundle, 1.0 to 1.2, and of Microsoft SDS v2, which borrows its files."""

from webapp.services.roster.layout import UNREAD, Layout, may, needs, unused

_ROW = "dateLastModified "
ONEROSTER_USERS = Layout(
    "or_users",
    "OneRoster users",
    r"users",
    (
        needs("sourcedId"),
        needs("givenName"),
        needs("familyName"),
        may("role"),
        may("status"),
        may("email"),
        may("agentSourcedIds", "agents"),
        may("grades", "grade"),
    ),
    unused(
        _ROW + "enabledUser orgSourcedIds username userIds userId middleName identifier sms phone password "
        "userMasterIdentifier resourceSourcedIds preferredGivenName preferredMiddleName preferredFamilyName "
        "primaryOrgSourcedId pronouns activeDirectoryMatchId"
    ),
)
ONEROSTER_CLASSES = Layout(
    "or_classes",
    "OneRoster classes",
    r"classes",
    (
        needs("sourcedId"),
        needs("title"),
        needs("schoolSourcedId", "orgSourcedId"),
        may("status"),
        may("grades", "grade"),
    ),
    unused(
        _ROW
        + "courseSourcedId classCode classType location termSourcedIds termSourcedId subjects subjectCodes periods "
        "sessionSourcedIds"
    ),
)
ONEROSTER_ENROLLMENTS = Layout(
    "or_enrollments",
    "OneRoster enrollments",
    r"enrollments",
    (needs("classSourcedId"), needs("userSourcedId"), needs("role"), may("status"), may("primary")),
    unused(_ROW + "sourcedId schoolSourcedId courseSourcedId beginDate endDate"),
)
ONEROSTER_DEMOGRAPHICS = Layout(
    "or_demographics",
    "OneRoster demographics",
    r"demographics",
    (needs("sourcedId", "userSourcedId"), needs("birthDate"), may("status")),
    unused(
        _ROW + "sex americanIndianOrAlaskaNative asian blackOrAfricanAmerican nativeHawaiianOrOtherPacificIslander "
        "white demographicRaceTwoOrMoreRaces hispanicOrLatinoEthnicity countryOfBirthCode stateOfBirthAbbreviation "
        "cityOfBirth publicSchoolResidenceStatus"
    ),
)
ONEROSTER_ROLES = Layout(
    "or_roles",
    "OneRoster roles",
    r"roles",
    (needs("userSourcedId"), needs("roleType"), needs("role"), may("status")),
    unused(_ROW + "sourcedId beginDate endDate orgSourcedId userProfileSourcedId"),
)

UNREAD_NAMES = frozenset(
    "categories classresources courseresources lineitemlearningobjectiveids lineitems lineitemscorescales resources "
    "resultlearningobjectiveids results resultscorescales scorescales userresources".split()
)
"""OneRoster's gradebook files, whose headings look much like those of classes."""

_MANIFEST = Layout(UNREAD, "OneRoster manifest", r"manifest", (needs("propertyName"), needs("value")))
_ORGS = Layout(UNREAD, "OneRoster orgs", r"orgs", (needs("sourcedId"), needs("name"), needs("type")))
_COURSES = Layout(
    UNREAD,
    "OneRoster courses",
    r"courses",
    (
        needs("sourcedId"),
        needs("title"),
        needs("courseCode", "code"),
        may("orgSourcedId"),
        may("status"),
        may("grades", "grade"),
    ),
)
_SESSIONS = Layout(
    UNREAD,
    "OneRoster academicSessions",
    r"academicsessions",
    (needs("sourcedId"), needs("title"), needs("type"), needs("startDate")),
)
_PROFILES = Layout(UNREAD, "OneRoster userProfiles", r"userprofiles", (needs("userSourcedId"), needs("profileType")))

ONEROSTER = (
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
