"""Make up what families try, and read which appointments came of it."""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from races.audit import ask
from races.crowd import Crowd, Parent, Wanted

from webapp.models import Slot

BOOK, CANCEL, MOVE = "book", "cancel", "move"
HOLD, SETTLE, LEAVE = "hold", "book what was held", "leave"
"""What browsers send: the form of step 2 holds its times, the one of step 3 books them, who goes away says so."""
_ROWS = """
SELECT id, token, act, slot_id, contact_id, student_id, cancelled_at IS NULL AS is_standing,
    held_until IS NOT NULL AS is_held FROM appointment
WHERE school_id = :school AND {which}
"""


@dataclass(frozen=True)
class Stored:
    """An appointment as its row says; a hold is `is_held`, also once it was given up."""

    id: int
    token: str
    act: str
    slot_id: int
    contact_id: int
    student_id: int
    is_standing: bool
    is_held: bool

    @property
    def what(self) -> tuple[int, int, int]:
        return self.contact_id, self.student_id, self.slot_id


@dataclass(frozen=True)
class Attempt:
    """One request: the appointments (contact, student, slot) that it is to make, or the one it is to cancel or move,
    and where to."""

    deed: str
    request: str
    makes: frozenset[tuple[int, int, int]] = frozenset()
    about: int = 0
    to: int = 0
    key: str = ""


@dataclass
class Families:
    """The parents of a crowd, each time another one. `pairs` is how many in a hundred book two times at once; who is
    `silent` (id of a contact) does nothing."""

    crowd: Crowd
    luck: random.Random
    pairs: int = 20
    silent: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._parents = {parent.contact.id or 0: parent for parent in self.crowd.parents}
        self._children = {child.id or 0: child for parent in self.crowd.parents for child in parent.children}
        self._places = {slot.id or 0: (teacher, slot) for teacher in self.crowd.teachers for slot in teacher.slots}

    def appointments(self, which: str = "0 = 0") -> dict[int, Stored]:
        """By id; `which` is SQL about the columns of an appointment."""
        rows = ask(self.crowd.running.url, _ROWS.format(which=which), school=self.crowd.school_id)
        return {row.id: Stored(*row) for row in rows}

    def booking(self) -> Attempt:
        return self._book(BOOK, *self._wanted())

    def visit(self, deed: str = SETTLE) -> tuple[Attempt, Attempt]:
        """The form of step 2, and the one of step 3 that comes after it, whatever it shall be called."""
        parent, wanted = self._wanted()
        held = Attempt(HOLD, self.crowd.hold(parent, wanted), makes=_made(parent, wanted))
        return held, self._book(deed, parent, wanted)

    def settle(self, held: Sequence[Stored]) -> Attempt:
        """Book what one act holds."""
        wanted = [(self._children[row.student_id], *self._places[row.slot_id]) for row in held]
        return self._book(SETTLE, self._parents[held[0].contact_id], wanted)

    def leave(self, held: Sequence[Stored]) -> Attempt:
        [act] = {row.act for row in held}
        return Attempt(LEAVE, self.crowd.post(self._parents[held[0].contact_id], f"/hold/{act}/leave", []))

    def change(self, deed: str, about: Stored) -> Attempt:
        parent = self._parents[about.contact_id]
        if deed == CANCEL:
            return Attempt(CANCEL, self.crowd.cancel(parent, about.token), about=about.id)
        to = self.luck.choice(self._others(about))
        return Attempt(MOVE, self.crowd.move(parent, about.token, to), about=about.id, to=to.id or 0)

    def pair(self, what: tuple[int, int, int]) -> tuple[int, int, str]:
        """Of what an appointment is: who meets which teacher (token) about whom, at whatever time."""
        contact, student, slot = what
        return contact, student, self._places[slot][0].resource.token

    def _wanted(self) -> tuple[Parent, Wanted]:
        parent = self.luck.choice([one for number, one in self._parents.items() if number not in self.silent])
        teachers = self.luck.sample(self.crowd.teachers, self.luck.choices([1, 2], [100 - self.pairs, self.pairs])[0])
        return parent, [(self.luck.choice(parent.children), each, self.luck.choice(each.slots)) for each in teachers]

    def _book(self, deed: str, parent: Parent, wanted: Wanted) -> Attempt:
        key = self.crowd.key()
        return Attempt(deed, self.crowd.book(parent, wanted, key=key), makes=_made(parent, wanted), key=key)

    def _others(self, about: Stored) -> Collection[Slot]:
        teacher, _ = self._places[about.slot_id]
        return [slot for slot in teacher.slots if slot.id != about.slot_id]


def _made(parent: Parent, wanted: Wanted) -> frozenset[tuple[int, int, int]]:
    return frozenset((parent.contact.id or 0, child.id or 0, slot.id or 0) for child, _, slot in wanted)
