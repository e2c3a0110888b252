"""The columns of Microsoft School Data Sync (v1, and what v2 adds to OneRoster's) and of Clever.

Column names as in the vendors' format guides. Files are told by their columns, and by their name where these are alike.
"""

from webapp.services.roster.layout import UNREAD, Column, Layout, may, needs, unused

SDS_STUDENTS = Layout(
    "sds_students",
    "Microsoft SDS students",
    r"^students?$",
    (
        needs("SIS ID"),
        needs("School SIS ID"),
        needs("First Name"),
        needs("Last Name"),
        may("Birthdate", "Birth Date"),
        may("Grade"),
        may("Status"),
        may("Student Number"),
        may("Graduation Year"),
    ),
    unused("Username Password StateID SecondaryEmail MiddleName Email Phone"),
)
SDS_TEACHERS = Layout(
    "sds_teachers",
    "Microsoft SDS teachers",
    r"^teachers?$",
    (
        needs("SIS ID"),
        needs("School SIS ID"),
        needs("First Name"),
        needs("Last Name"),
        may("Secondary Email", "Email"),
        may("Status"),
        may("Teacher Number"),
        may("Title"),
        may("Qualification"),
    ),
    unused("Username Password StateID MiddleName Phone"),
)
SDS_SECTIONS = Layout(
    "sds_sections",
    "Microsoft SDS sections",
    r"section",
    (needs("SIS ID"), needs("School SIS ID"), needs("Section Name"), may("Status")),
    unused(
        "SectionNumber TermSISID TermName TermStartDate TermEndDate CourseSISID CourseName CourseNumber "
        "CourseDescription CourseSubject Periods"
    ),
)
SDS_ENROLLMENTS = Layout(
    "sds_enrollments",
    "Microsoft SDS student enrollments",
    r"studentenrol",
    (needs("Section SIS ID"), needs("SIS ID")),
)
SDS_ROSTERS = Layout(
    "sds_rosters",
    "Microsoft SDS teacher rosters",
    r"teacherroster",
    (needs("Section SIS ID"), needs("SIS ID")),
)
SDS_ROLES = Layout(
    "or_roles",
    "Microsoft SDS roles",
    r"roles",
    (needs("userSourcedId"), needs("orgSourcedId"), needs("role"), may("isPrimary")),
    unused("sessionSourcedId grade roleStartDate roleEndDate"),
)
SDS_RELATIONSHIPS = Layout(
    "sds_relationships",
    "Microsoft SDS relationships",
    r"relationship",
    (needs("userSourcedId"), needs("relationshipUserSourcedId"), may("relationshipRole")),
)
_SDS_SCHOOLS = Layout(UNREAD, "Microsoft SDS schools", r"school", (needs("SIS ID"), needs("Name")))

_SCHOOL = needs("School_id")
CLEVER_STUDENTS = Layout(
    "clever_students",
    "Clever students",
    r"students",
    (
        _SCHOOL,
        needs("Student_id"),
        needs("First_name"),
        needs("Last_name"),
        may("DOB", "Birthdate", "Birth Date"),
        may("Grade"),
        may("Contact_name"),
        may("Contact_email"),
        may("Contact_sis_id"),
        may("Contact_type"),
        may("Contact_relationship"),
    ),
    unused(
        "Student_number State_id Middle_name Gender Graduation_year Race Hispanic_Latino Home_language Ell_status "
        "Frl_status IEP_status Student_street Student_city Student_state Student_zip Student_email Email_address "
        "Contact_phone Contact_phone_type Username Password"
    ),
)
CLEVER_TEACHERS = Layout(
    "clever_teachers",
    "Clever teachers",
    r"teachers",
    (_SCHOOL, needs("Teacher_id"), needs("First_name"), needs("Last_name"), may("Teacher_email", "Email")),
    unused("Teacher_number State_teacher_id Middle_name Title Username Password"),
)
CLEVER_SECTIONS = Layout(
    "clever_sections",
    "Clever sections",
    r"sections",
    (
        _SCHOOL,
        needs("Section_id"),
        needs("Teacher_id"),
        *(Column(f"Teacher_{n}_id") for n in range(2, 11)),
        may("Name", "Section_name"),
        may("Course_name"),
        may("Grade"),
    ),
    unused("Section_number Course_number Course_description Period Subject Term_name Term_start Term_end"),
)
CLEVER_ENROLLMENTS = Layout(
    "clever_enrollments", "Clever enrollments", r"enrol", (_SCHOOL, needs("Section_id"), needs("Student_id"))
)
_CLEVER_SCHOOLS = Layout(UNREAD, "Clever schools", r"schools", (_SCHOOL, needs("School_name"), may("School_number")))
_CLEVER_STAFF = Layout(UNREAD, "Clever staff", r"staff", (_SCHOOL, needs("Staff_id"), may("Staff_email")))

VENDORS = (
    SDS_STUDENTS,
    SDS_TEACHERS,
    SDS_SECTIONS,
    SDS_ENROLLMENTS,
    SDS_ROSTERS,
    SDS_ROLES,
    SDS_RELATIONSHIPS,
    _SDS_SCHOOLS,
    CLEVER_STUDENTS,
    CLEVER_TEACHERS,
    CLEVER_SECTIONS,
    CLEVER_ENROLLMENTS,
    _CLEVER_SCHOOLS,
    _CLEVER_STAFF,
)
