"""Decide what an import makes of classes and of the teams that teach them, in the order of the file."""

from webapp.errors import N_
from webapp.services.roster.doubt import DOUBTFUL
from webapp.services.roster.facts import ClassFact, Roster, TeachingFact
from webapp.services.roster.held import HeldClass, HeldPerson, Lists
from webapp.services.roster.report import CREATED, ERROR, UNCHANGED, UPDATED, WARNING, Report

NO_TEACHER = N_("There is no teacher %(value)s.")
NO_CLASS = N_("There is no class %(value)s.")
DIFFERS = N_("%(value)s differs from an earlier row of class %(ref)s, which counts.")

_COLUMNS = {
    "name": ("ClassName", "title", "Section Name", "Name"),
    "group_name": ("GroupName", "grades", "Grade"),
    "appointments_allowed": ("PTAN",),
}


def place_classes(roster: Roster, lists: Lists, report: Report) -> None:
    _Classes(lists, report).place(roster)


class _Classes:
    """The classes of one import: what became of each, what was said of it, and who teaches it."""

    def __init__(self, lists: Lists, report: Report) -> None:
        self._lists = lists
        self._report = report
        self._actions: dict[str, str] = {}
        self._said: dict[tuple[str, str], str | int] = {}
        self._teams: dict[str, list[HeldPerson]] = {}
        self._unclear: set[str] = set()

    def place(self, roster: Roster) -> None:
        for fact in roster.classes:
            self._place_class(fact)
        # The main teacher leads; otherwise the file's order stands.
        for teaching in sorted(roster.teachings, key=lambda fact: not fact.is_primary):
            self._place_teaching(teaching)
        for ref, team in self._teams.items():
            if ref not in self._unclear:
                self._place_team(ref, team)
        for ref, action in self._actions.items():
            self._report.count(action, "classes", self._lists.classes[ref].label)

    def _place_class(self, fact: ClassFact) -> None:
        """Without its teacher the row is left out, so that no class waits for nobody."""
        if self._is_unclear(fact, fact.ref, fact.teacher_ref or ""):
            return
        teacher = self._lists.people.teachers.get(fact.teacher_ref or "")
        if fact.teacher_ref is not None and teacher is None:
            self._report.problem(fact.at, ("TeacherID",), ERROR, NO_TEACHER, value=fact.teacher_ref)
            return
        if fact.ref not in self._lists.classes:
            self._lists.classes[fact.ref] = HeldClass(None, fact.ref)
            self._actions[fact.ref] = CREATED
        self._describe(fact, self._lists.classes[fact.ref])
        if teacher is not None:
            self._teams.setdefault(fact.ref, []).append(teacher)

    def _describe(self, fact: ClassFact, klass: HeldClass) -> None:
        values: dict[str, str | int | None] = {
            "name": fact.name or None,
            "group_name": fact.group_name or None,
            "appointments_allowed": fact.appointments_allowed,
        }
        for column, value in values.items():
            if value is not None and self._said.setdefault((fact.ref, column), value) != value:
                self._report.problem(fact.at, _COLUMNS[column], WARNING, DIFFERS, value=value, ref=fact.ref)
                values[column] = None
        self._note(fact.ref, is_changed=klass.write(**values))

    def _place_teaching(self, fact: TeachingFact) -> None:
        if self._is_unclear(fact, fact.class_ref, fact.teacher_ref):
            return
        teacher = self._lists.people.teachers.get(fact.teacher_ref)
        if teacher is None:
            self._report.problem(
                fact.at, ("userSourcedId", "SIS ID", "Teacher_id"), ERROR, NO_TEACHER, value=fact.teacher_ref
            )
        if fact.class_ref not in self._lists.classes:
            self._report.problem(
                fact.at, ("classSourcedId", "Section SIS ID", "Section_id"), ERROR, NO_CLASS, value=fact.class_ref
            )
        elif teacher is not None:
            team = self._teams.setdefault(fact.class_ref, [])
            if teacher not in team:
                team.append(teacher)

    def _is_unclear(self, fact: ClassFact | TeachingFact, class_ref: str, teacher_ref: str) -> bool:
        """While it is not known who a teacher is, their class keeps its team."""
        if not self._lists.doubts.is_open("teachers", teacher_ref):
            return False
        self._unclear.add(class_ref)
        columns = ("TeacherID", "userSourcedId", "SIS ID", "Teacher_id")
        self._report.problem(fact.at, columns, ERROR, DOUBTFUL, value=teacher_ref)
        return True

    def _place_team(self, ref: str, team: list[HeldPerson]) -> None:
        """What the files say of a class's teachers is all of its team."""
        is_changed = self._lists.teams.get(ref) != team
        if is_changed:
            self._lists.new_teams[ref] = team
        self._note(ref, is_changed=is_changed)

    def _note(self, ref: str, *, is_changed: bool) -> None:
        if self._actions.get(ref) != CREATED and (is_changed or self._actions.get(ref) != UPDATED):
            self._actions[ref] = UPDATED if is_changed else UNCHANGED
