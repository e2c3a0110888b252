"""Make up what families try, and read which appointments came of it."""

import random
from collections.abc import Collection
from dataclasses import dataclass

from races.audit import ask
from races.crowd import Crowd, Parent

from webapp.models import Slot

BOOK, CANCEL, MOVE = "book", "cancel", "move"
_ROWS = """
SELECT id, token, act, slot_id, contact_id, student_id, cancelled_at IS NULL AS is_standing FROM appointment
WHERE school_id = :school AND {which}
"""


@dataclass(frozen=True)
class Stored:
    """An appointment as its row says."""

    id: int
    token: str
    act: str
    slot_id: int
    contact_id: int
    student_id: int
    is_standing: bool

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
    """The parents of a crowd, each time another one. `pairs` is how many in a hundred book two times at once."""

    crowd: Crowd
    luck: random.Random
    pairs: int = 20

    def appointments(self, which: str = "0 = 0") -> dict[int, Stored]:
        """By id; `which` is SQL about the columns of an appointment."""
        rows = ask(self.crowd.running.url, _ROWS.format(which=which), school=self.crowd.school_id)
        return {row.id: Stored(*row) for row in rows}

    def booking(self) -> Attempt:
        parent = self.luck.choice(self.crowd.parents)
        teachers = self.luck.sample(self.crowd.teachers, self.luck.choices([1, 2], [100 - self.pairs, self.pairs])[0])
        wanted = [(self.luck.choice(parent.children), teacher, self.luck.choice(teacher.slots)) for teacher in teachers]
        makes = frozenset((parent.contact.id or 0, child.id or 0, slot.id or 0) for child, _, slot in wanted)
        key = self.crowd.key()
        return Attempt(BOOK, self.crowd.book(parent, wanted, key=key), makes=makes, key=key)

    def change(self, deed: str, about: Stored) -> Attempt:
        parent = self._parent(about)
        if deed == CANCEL:
            return Attempt(CANCEL, self.crowd.cancel(parent, about.token), about=about.id)
        to = self.luck.choice(self._others(about))
        return Attempt(MOVE, self.crowd.move(parent, about.token, to), about=about.id, to=to.id or 0)

    def _parent(self, about: Stored) -> Parent:
        return next(parent for parent in self.crowd.parents if parent.contact.id == about.contact_id)

    def _others(self, about: Stored) -> Collection[Slot]:
        slots = next(t.slots for t in self.crowd.teachers if about.slot_id in {slot.id for slot in t.slots})
        return [slot for slot in slots if slot.id != about.slot_id]
