"""The columns of Confab's own tab-delimited files."""

from webapp.services.roster.layout import Column, Layout, may, needs

_FIRST = needs("First", "First Name", "FirstName", "Given Name")
_LAST = needs("Last", "Last Name", "Surname", "Family Name")
_EMAIL = ("Email Address", "E-mail", "Mail")

STUDENT = Layout(
    "student",
    "Student",
    r"student|pupil",
    (
        needs("StudentID"),
        _FIRST,
        _LAST,
        needs("SecurityValue", "Birthdate", "Birth Date", "Date of Birth", "DOB"),
        may("Grade", "Grade Level"),
        may("Action"),
    ),
)
TEACHER = Layout(
    "teacher",
    "Teacher",
    r"teacher|staff|faculty",
    (
        needs("TeacherID"),
        _FIRST,
        _LAST,
        needs("Email", *_EMAIL),
        may("Room"),
        may("VirtualRoom", "Virtual Room Link", "VirtualRoomURL"),
        may("AccessLevel"),
        may("Password"),
    ),
)
CLASS = Layout(
    "class",
    "Class",
    r"class|section",
    (
        needs("ClassID"),
        needs("TeacherID"),
        may("ClassName"),
        may("GroupName", "Group"),
        may("PTAN", "Appointments Allowed"),
    ),
)
ENROLLMENT = Layout(
    "enrollment",
    "Enrollment",
    r"enrol",
    (needs("StudentID"), Column("ClassID", is_required=True, may_repeat=True)),
)
PARENT = Layout(
    "parent",
    "Parent",
    r"parents?$|guardians?$|famil",
    (needs("ParentID"), _FIRST, _LAST, needs("Email", *_EMAIL)),
)
PARENT_STUDENT = Layout(
    "parent_student",
    "Parent-Student",
    r"parentstudent|studentparent|relation|guardian",
    (needs("ParentID"), needs("StudentID")),
)

_TIMES = (
    needs("Resource", "Teacher"),
    needs("Date"),
    needs("StartTime", "Start"),
    needs("EndTime", "End"),
    needs("Duration"),
    may("Max"),
)
SLOTS = Layout("slots", "Slots", r"slots", (needs("EventID", "Event"), *_TIMES))
EVENTS = Layout(
    "events",
    "Events",
    r"events",
    (
        needs("EventName"),
        *_TIMES,
        *map(may, ("EventDate", "Location", "Category", "Description")),
        may("TimeZone", "Zone"),
    ),
)

OWN = (STUDENT, TEACHER, CLASS, ENROLLMENT, PARENT, PARENT_STUDENT, SLOTS, EVENTS)
