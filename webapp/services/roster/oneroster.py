"""Read a OneRoster CSV bundle, 1.0 to 1.2, as real systems write it, into the same facts as our own files."""

from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from webapp.errors import N_, Invalid
from webapp.services.roster.facts import (
    ClassFact,
    EnrolmentFact,
    Fact,
    GuardianFact,
    ParentFact,
    Roster,
    StudentFact,
    TeacherFact,
    TeachingFact,
)
from webapp.services.roster.layout import Layout
from webapp.services.roster.oneroster_layouts import (
    ONEROSTER_CLASSES,
    ONEROSTER_DEMOGRAPHICS,
    ONEROSTER_ENROLLMENTS,
    ONEROSTER_ROLES,
    ONEROSTER_USERS,
)
from webapp.services.roster.report import NOTE, WARNING, Problem, Source
from webapp.services.roster.row import Row, is_active, sound_facts
from webapp.services.roster.sheet import Sheet
from webapp.services.roster.vendor_layouts import SDS_RELATIONSHIPS

NO_ROLES = N_("%(file)s has no column role, and there is no roles.csv beside it. Export both, or OneRoster 1.1.")
OTHER_ROLES = N_("Nothing is imported for the role %(role)s. Rows with it: %(n)s.")

LONGEST_LIST = 10_000

STUDENT, TEACHER, PARENT = "student", "teacher", "parent"


_KINDS = {
    "student": STUDENT,
    **dict.fromkeys(("teacher", "faculty", "professor", "lecturer"), TEACHER),
    **dict.fromkeys(("parent", "guardian", "relative"), PARENT),
}
"""OneRoster's roles, and Microsoft's words for those who teach."""


@dataclass
class _Bundle:
    """What must be gathered from several rows and files of the bundle."""

    roles: dict[str, list[str]]
    birthdays: dict[str, str]
    kinds: dict[str, set[str]] = field(default_factory=dict)
    """Of every active user; empty for roles that Confab has no place for."""
    agents: list[tuple[Source, str, str]] = field(default_factory=list)
    """A user and one of their agentSourcedIds: the parent of a student, or the student of a parent."""
    others: Counter[tuple[str, str]] = field(default_factory=Counter)


def read_oneroster(sheets: list[Sheet], roster: Roster) -> None:
    """Raises Invalid where the users' roles are nowhere to be found."""
    bundle = _Bundle(_roles(sheets, roster), _birthdays(sheets, roster))
    for sheet in _of(sheets, ONEROSTER_USERS):
        if not sheet.has("role") and not _of(sheets, ONEROSTER_ROLES):
            raise Invalid(NO_ROLES, field="file", file=sheet.table.name)
        roster.add(sound_facts(sheet, roster, partial(_people, bundle=bundle)))
    for sheet in _of(sheets, ONEROSTER_CLASSES):
        roster.add(sound_facts(sheet, roster, _class))
    for sheet in _of(sheets, ONEROSTER_ENROLLMENTS):
        roster.add(sound_facts(sheet, roster, partial(_places, bundle=bundle)))
    for sheet in _of(sheets, SDS_RELATIONSHIPS):
        roster.add(sound_facts(sheet, roster, partial(_relationship, bundle=bundle)))
    for at, user, agent in bundle.agents:
        roster.add(_guardian(bundle, at, user, agent))
    roster.notes += [_other(file, role, n) for (file, role), n in bundle.others.items()]


def _of(sheets: list[Sheet], layout: Layout) -> list[Sheet]:
    return [sheet for sheet in sheets if sheet.layout.kind == layout.kind]


def _roles(sheets: list[Sheet], roster: Roster) -> dict[str, list[str]]:
    """OneRoster 1.2 keeps a user's roles in a file of their own; the primary ones come first."""
    roles: dict[str, list[str]] = {}
    for sheet in _of(sheets, ONEROSTER_ROLES):
        rows = sound_facts(sheet, roster, _role)
        for user, role, _ in sorted(rows, key=lambda row: not row[2]):
            roles.setdefault(user, []).append(role)
    return roles


def _role(row: Row) -> list[tuple[str, str, bool]]:
    if not is_active(row, "status"):
        return []
    is_primary = row.text("roleType").lower() == "primary" or row.text("isPrimary").lower() == "true"
    return [(row.ref("userSourcedId"), row.text("role").lower(), is_primary)]


def _birthdays(sheets: list[Sheet], roster: Roster) -> dict[str, str]:
    return {
        user: birthday
        for sheet in _of(sheets, ONEROSTER_DEMOGRAPHICS)
        for user, birthday in sound_facts(sheet, roster, _birthday)
    }


def _birthday(row: Row) -> list[tuple[str, str]]:
    return [(row.ref("sourcedId"), row.text("birthDate"))] if is_active(row, "status") else []


def _people(row: Row, bundle: _Bundle) -> list[Fact]:
    """A user may be teacher and parent at once."""
    user = row.ref("sourcedId")
    if not is_active(row, "status"):
        return []
    roles = [role] if (role := row.text("role").lower()) else bundle.roles.get(user, [])
    kinds = bundle.kinds.setdefault(user, set())
    for role in roles:
        if role in _KINDS:
            kinds.add(_KINDS[role])
        else:
            bundle.others[row.at.file, role] += 1
    facts = _facts(row, user, kinds, bundle.birthdays.get(user, ""))
    if row.is_sound and kinds:
        bundle.agents += [(row.at, user, agent) for agent in _list(row, "agentSourcedIds")]
    return facts


def _facts(row: Row, user: str, kinds: set[str], birthday: str) -> list[Fact]:
    if not kinds:
        return []
    first, last = row.name("givenName", "familyName")
    facts: list[Fact] = []
    if STUDENT in kinds:
        facts.append(StudentFact(row.at, user, first, last, birthday, row.text("grades", longest=60)))
    email = row.email("email") if kinds - {STUDENT} else None
    if TEACHER in kinds:
        facts.append(TeacherFact(row.at, user, first, last, email))
    if PARENT in kinds:
        facts.append(ParentFact(row.at, user, first, last, email))
    return facts


def _class(row: Row) -> list[Fact]:
    if not is_active(row, "status"):
        return []
    return [ClassFact(row.at, row.ref("sourcedId"), row.text("title", longest=200), row.text("grades"))]


def _places(row: Row, bundle: _Bundle) -> list[Fact]:
    """Who teaches and who sits in a class."""
    if not is_active(row, "status"):
        return []
    class_ref, user, role = row.ref("classSourcedId"), row.ref("userSourcedId"), row.text("role").lower()
    if _KINDS.get(role) == TEACHER:
        return [TeachingFact(row.at, class_ref, user, is_primary=row.text("primary").lower() == "true")]
    if role == STUDENT:
        return [EnrolmentFact(row.at, class_ref, user)]
    bundle.others[row.at.file, role] += 1
    return []


def _guardian(bundle: _Bundle, at: Source, user: str, agent: str) -> list[Fact]:
    """Exporters write the tie at the student, at the parent, or at both; an agent may stand in an earlier bundle."""
    mine, theirs = bundle.kinds[user], bundle.kinds.get(agent)
    if STUDENT in mine and (theirs is None or theirs & {PARENT, TEACHER}):
        is_teacher = theirs is not None and PARENT not in theirs
        return [GuardianFact(at, agent, user, is_teacher, severity=WARNING)]
    if STUDENT not in mine and (theirs is None or STUDENT in theirs):
        return [GuardianFact(at, user, agent, PARENT not in mine, severity=WARNING)]
    return []


def _relationship(row: Row, bundle: _Bundle) -> list[Fact]:
    """Microsoft's file names the student and then the contact, who may be a doctor."""
    student, parent, role = row.ref("userSourcedId"), row.ref("relationshipUserSourcedId"), row.text("relationshipRole")
    if role and _KINDS.get(role.lower()) != PARENT:
        bundle.others[row.at.file, role.lower()] += 1
        return []
    kinds = bundle.kinds.get(parent, {PARENT})
    return [GuardianFact(row.at, parent, student, is_teacher=PARENT not in kinds and TEACHER in kinds)]


def _list(row: Row, column: str) -> list[str]:
    """IDs of a cell that separates them by commas."""
    return [part.strip() for part in row.text(column, longest=LONGEST_LIST).split(",") if part.strip()]


def _other(file: str, role: str, n: int) -> Problem:
    return Problem(file, 0, "role", NOTE, OTHER_ROLES, {"n": n, "role": role or "–"})
