"""Keep the first of several rows with one ID or address: which of them is right is not ours to say."""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from webapp.errors import N_
from webapp.services.roster.facts import ClassFact, Roster, TeacherFact
from webapp.services.roster.report import ERROR, Problem, Source

REPEATED = N_("%(value)s is already in row %(first)s. This row is left out.")
REPEATED_ELSEWHERE = N_("%(value)s is already in row %(first)s of %(file)s. This row is left out.")

_IDS = ("sourcedId", "SIS ID", "Student_id", "Teacher_id", "Section_id", "Contact_name")


class _Fact(Protocol):
    @property
    def at(self) -> Source: ...


Fact = TypeVar("Fact", bound=_Fact)
Key = tuple[str | None, ...]


def leave_out_repeats(roster: Roster) -> None:
    """Rows of a class with different teachers are no repeats: they are its team."""
    roster.students = _firsts(roster.students, lambda fact: (fact.ref,), roster, "StudentID", *_IDS)
    roster.teachers = _firsts(roster.teachers, lambda fact: (fact.ref,), roster, "TeacherID", *_IDS)
    roster.teachers = _firsts(roster.teachers, _address, roster, "Email", "email", "Secondary Email", "Teacher_email")
    roster.parents = _firsts(roster.parents, lambda fact: (fact.ref,), roster, "ParentID", *_IDS)
    roster.classes = _firsts(roster.classes, _member, roster, "ClassID", *_IDS)


def _address(fact: TeacherFact) -> Key:
    return fact.email, None if fact.email else fact.ref


def _member(fact: ClassFact) -> Key:
    return fact.ref, fact.teacher_ref


def _firsts(facts: Iterable[Fact], key: Callable[[Fact], Key], roster: Roster, *columns: str) -> list[Fact]:
    """The first part of the key is what the message shows."""
    firsts: dict[Key, Fact] = {}
    for fact in facts:
        first = firsts.setdefault(key(fact), fact)
        if first is not fact:
            roster.refused.append(fact)
            roster.problems.append(_repeated(fact.at, first.at, str(key(fact)[0]), columns))
    return list(firsts.values())


def _repeated(at: Source, first: Source, value: str, columns: tuple[str, ...]) -> Problem:
    values = {"value": value, "first": first.row, "file": first.file}
    says = REPEATED if at.file == first.file else REPEATED_ELSEWHERE
    return Problem(at.file, at.row, at.heading(*columns), ERROR, says, values)
