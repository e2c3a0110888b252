"""Ask before an ID passes to another name: one that was given anew would hand over children and sign-in."""

import unicodedata
from dataclasses import dataclass, field
from typing import Protocol

from webapp.errors import N_
from webapp.models.people.contact import written_name
from webapp.services.roster.report import ERROR, Question, Report, Source

ASKED = N_("%(value)s was %(before)s until now, and is %(after)s here. Say whether this is the same person.")
DOUBTFUL = N_("It is not clear who %(value)s is: see the row with that ID.")
ALL = "all"

_NAME = ("First", "givenName", "First Name", "First_name", "Contact_name")


class _Fact(Protocol):
    @property
    def at(self) -> Source: ...
    @property
    def ref(self) -> str: ...
    @property
    def first(self) -> str: ...
    @property
    def last(self) -> str: ...


class _Person(Protocol):
    first: str
    last: str


@dataclass
class Doubts:
    """`same` are the keys of the questions that the office answered with yes, or ALL."""

    same: frozenset[str] = frozenset()
    open: set[str] = field(default_factory=set)

    def is_other(self, kind: str, fact: _Fact, person: _Person, report: Report) -> bool:
        """Whether the row is left out, since nobody said that this is the same person."""
        if _is_plainly_same(_words(person.first, person.last), _words(fact.first, fact.last)):
            return False
        before, after = written_name(person.first, person.last), written_name(fact.first, fact.last)
        key = key_of(kind, fact.ref)
        is_same = key in self.same or ALL in self.same
        report.questions.append(Question(key, fact.ref, before, after, is_same))
        if not is_same:
            self.open.add(key)
            report.problem(fact.at, _NAME, ERROR, ASKED, value=fact.ref, before=before, after=after)
        return not is_same

    def is_open(self, kind: str, ref: str) -> bool:
        """What names this ID is left out too: whom it is about is not known."""
        return key_of(kind, ref) in self.open


def key_of(kind: str, ref: str) -> str:
    return f"{kind}:{ref}"


def _is_plainly_same(before: set[str], after: set[str]) -> bool:
    """Names may be swapped, written in another case or without accents, or gain and lose a part."""
    return before <= after or after <= before


def _words(first: str, last: str) -> set[str]:
    bare = unicodedata.normalize("NFKD", f"{first} {last}".casefold())
    plain = (letter for letter in bare if not unicodedata.combining(letter))
    return set("".join(letter if letter.isalnum() else " " for letter in plain).split())
