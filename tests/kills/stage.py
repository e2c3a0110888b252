"""Set an evening on which families and the office are busy, and hold its database to what they were told."""

import random
from collections.abc import Iterator, Sequence
from itertools import cycle, islice

from kills.log import Change, Effect, Entry, Rows, complaint
from kills.office import IMPORT, Office
from races.audit import ask, wrongs
from races.crowd import Setting
from races.families import BOOK, CANCEL, MOVE, Attempt, Families, Stored
from races.server import Running

from webapp import clock
from webapp.services.system.invariants import broken

BUSY = Setting(teachers=14, teams=1, couples=20, children=2, slots=24, kinds=("V", "P", "PV", "V"))
CLIENTS = 16
EACH = 6
"""Requests that a client has ready."""
_UNTOLD = """
SELECT a.id FROM appointment a LEFT JOIN audit u ON u.school_id = :school AND u.action = 'appointment.cancel'
    AND u.subject = 'appointment ' || a.id
WHERE a.school_id = :school AND a.held_until IS NULL GROUP BY a.id, a.cancelled_at
HAVING count(u.id) <> CASE WHEN a.cancelled_at IS NULL THEN 0 ELSE 1 END
"""


class Stage:
    """A crowd of families and their office. `held` are its appointments and holds when last looked at, `first` the
    forms of step 2 that browsers send before what was planned last."""

    def __init__(self, own: Running, luck: random.Random) -> None:
        self._own, self._luck = own, luck
        self._families = Families(BUSY.crowd(own), luck, pairs=35)
        self._office = Office(self._families.crowd)
        self.held: Rows = {}
        self.first: list[Attempt] = []

    @property
    def standing(self) -> list[Stored]:
        return [row for row in self.held.values() if row.is_standing and not row.is_held]

    def bookings(self) -> list[list[Attempt]]:
        """What each client sends, one after the other."""
        return self._plans([BOOK] * (CLIENTS // 2))

    def everything(self, deed: str, *, alone: bool) -> list[list[Attempt]]:
        """All book, cancel and move at once. Where the deed is `alone`, one client does it and the others the rest."""
        usual = [BOOK, CANCEL, MOVE]
        others = [one for one in usual if one != deed] if alone else usual
        return self._plans([deed, *islice(cycle(others), CLIENTS - 1)])

    def look(self) -> Change:
        return Change(self.held, self._families.appointments())

    def effect(self, entry: Entry, change: Change) -> Effect:
        if entry.attempt.deed == IMPORT:
            return self._office.effect(entry.attempt.about)
        return change.effect(entry)

    def complaints(self, log: Sequence[Entry], change: Change) -> list[str]:
        """Where the database breaks a promise of RELIABILITY 2.1, or does not keep what the log's clients were told."""
        told = [complaint(entry, self.effect(entry, change)) for entry in log]
        return [*filter(None, told), *change.strange(log), *self._office.complaints(), *self._unsound()]

    def begin(self, log: Sequence[Entry]) -> None:
        """The first forms are answered: times are held, and nothing else is changed."""
        assert {entry.answer.status for entry in log if entry.answer} <= {303, 409, 422}
        booked = {number: row for number, row in self.held.items() if not row.is_held}
        self.held = self.look().after
        assert {number: self.held[number] for number in booked} == booked
        assert list(self._unsound()) == []

    def close(self, log: Sequence[Entry]) -> None:
        """All is known now: what is there is what was told, and what comes next is held against it."""
        change = self.look()
        assert not [entry for entry in log if entry.is_unknown]
        assert self.complaints(log, change) == []
        self.held = change.after

    def _unsound(self) -> Iterator[str]:
        url, school = self._own.url, self._families.crowd.school_id
        yield from (f"{n} {what}" for what, n in wrongs(url).items())
        with self._own.database.reading() as session:
            yield from (f"{found.name}: {found.rows}" for found in broken(session, now=clock.now()))
        for row in ask(url, _UNTOLD, school=school):
            yield f"appointment {row.id}: cancelled or not, the audit says otherwise"

    def _plans(self, deeds: Sequence[str]) -> list[list[Attempt]]:
        """No two requests are about the same appointment, or would make the same."""
        changing = sum(deed in (CANCEL, MOVE) for deed in deeds)
        standing = self._luck.sample(self.standing, len(self.standing))
        shares = (standing[n::changing] for n in range(changing))
        made: set[tuple[int, int, int]] = set()
        self.first = []
        return [self._plan(deed, shares, made) for deed in deeds]

    def _plan(self, deed: str, shares: Iterator[list[Stored]], made: set[tuple[int, int, int]]) -> list[Attempt]:
        if deed == IMPORT:
            return [self._office.attempt() for _ in range(3)]
        if deed == BOOK:
            holds, bookings = zip(*(self._visit(made) for _ in range(EACH)), strict=True)
            self.first.append(holds[0])
            return list(bookings)
        return [self._families.change(deed, about) for about in next(shares)[:EACH]]

    def _visit(self, made: set[tuple[int, int, int]]) -> tuple[Attempt, Attempt]:
        while made & (visit := self._families.visit(BOOK))[1].makes:
            pass
        made |= visit[1].makes
        return visit
