"""Know an evening as plain numbers: what each step may do, and what has to be there after it. No rows, no queries."""

from dataclasses import dataclass, field
from datetime import datetime

ALLOWED = 2
"""Appointments that a child may have with one teacher."""
TIMES = 4
"""Slots of each resource; two that are neighbours overlap."""

STATES = {
    "here": "mapped",
    "made anew": "mapped",
    "invited": "pending",
    "deactivated": "inactive",
    "without a licence": "cannot_host",
    "vanished": "not_found",
}
"""What a teacher may be at the provider, and as what the mapping stores it."""


@dataclass(frozen=True)
class Booked:
    slot: int
    family: int
    is_virtual: bool


@dataclass
class Ledger:
    """Two teachers and a team of both, by number; slots are counted through, resource by resource.

    Families 0 and 2 are the two households of one child: each books for itself, and the child is in one place."""

    kinds: list[str]
    is_visible: list[bool] = field(init=False)
    booked: dict[int, Booked] = field(default_factory=dict)
    held: dict[int, tuple[list[int], datetime]] = field(default_factory=dict)
    """By family the slots, and until when."""
    limits: dict[str, int] = field(default_factory=dict)
    now: datetime = datetime.min
    has_provider: bool = True
    is_connected: bool = True
    directory: list[str] = field(default_factory=lambda: ["here", "here"])
    mapped: list[str] = field(default_factory=lambda: ["here", "here"])
    team_lead: int = 0
    members = ({0}, {1}, {0, 1})

    def __post_init__(self) -> None:
        self.is_visible = [True] * len(self.kinds)

    def asked(self, slot: int, wants_virtual: bool) -> bool | None:
        """What a family says where the slot leaves it open."""
        return wants_virtual if self.kinds[slot] == "PV" else None

    def may_take(self, slots: list[int], family: int) -> bool:
        """A whole plan; what the family holds itself is in nobody's way."""
        sound, taken = len(set(slots)) == len(slots), dict(self.booked)
        for n, slot in enumerate(sorted(slots, key=lambda slot: slot % TIMES)):
            sound = sound and self.may_book(slot, family)
            self.booked[-1 - n] = Booked(slot, family, False)
        self.booked = taken
        return sound

    def live(self) -> dict[int, list[int]]:
        return {family: slots for family, (slots, until) in self.held.items() if until > self.now}

    def may_book(self, slot: int, family: int) -> bool:
        of_child = [b for b in self._with(slot, family) if child(b.family) == child(family)]
        is_allowed = len(of_child) < ALLOWED and self._is_within_limits(slot, family)
        return self.is_visible[slot] and is_allowed and self._is_free(slot, family)

    def may_move(self, number: int, slot: int) -> bool:
        was = self.booked[number]
        return slot != was.slot and self.is_visible[slot] and self._is_free(slot, was.family, besides=number)

    def place(self, number: int, slot: int, family: int, wants_virtual: bool) -> None:
        kind = self.kinds[slot]
        self.booked[number] = Booked(slot, family, wants_virtual if kind == "PV" else kind == "V")

    def switch(self, slot: int, kind: str) -> None:
        """Those who stand on it take its type; one that is left open keeps what each was booked as."""
        self.kinds[slot] = kind
        for number in self.on(slot) if kind != "PV" else ():
            self.booked[number] = Booked(slot, self.booked[number].family, kind == "V")

    def on(self, slot: int) -> list[int]:
        return [number for number, booked in self.booked.items() if booked.slot == slot]

    def may_turn_on(self) -> bool:
        """An event that has the provider keeps it; another gets it only while the school is connected."""
        return self.has_provider or self.is_connected

    def with_meeting(self) -> set[int]:
        """Once all trouble is over."""
        return {number for number, booked in self.booked.items() if booked.is_virtual and self.has_provider}

    def host_of(self, number: int) -> int:
        """The first of those whom the appointment is with."""
        resource = self.booked[number].slot // TIMES
        return resource if resource < 2 else self.team_lead

    def pick(self, which: int) -> int:
        return sorted(self.booked)[which % len(self.booked)]

    def _is_within_limits(self, slot: int, family: int) -> bool:
        """The rules of UI Setup, counted anew: what a household made is its own, a teacher's day is everybody's."""
        mine = sum(b.family == family for b in self.booked.values())
        found = {"max_per_event": mine, "max_per_child": mine, "max_per_day": len(self._with(slot, family))}
        return all(found[rule] < most for rule, most in self.limits.items())

    def _with(self, slot: int, family: int) -> list[Booked]:
        """What stands with the teacher or team of the slot, and what other families hold there."""
        return [b for b in [*self.booked.values(), *self._held_by_others(family)] if b.slot // TIMES == slot // TIMES]

    def _held_by_others(self, family: int) -> list[Booked]:
        return [Booked(slot, who, False) for who, slots in self.live().items() if who != family for slot in slots]

    def _is_free(self, slot: int, family: int, *, besides: int = 0) -> bool:
        """Seat, family, child and every teacher of the resource."""
        booked = [other for number, other in self.booked.items() if number != besides]
        for other in [*booked, *self._held_by_others(family)]:
            is_meanwhile = abs(other.slot % TIMES - slot % TIMES) < 2
            shares_teacher = self.members[other.slot // TIMES] & self.members[slot // TIMES]
            if is_meanwhile and (child(other.family) == child(family) or shares_teacher):
                return False
        return True


def child(family: int) -> int:
    return family % 2
