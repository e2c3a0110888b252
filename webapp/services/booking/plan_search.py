"""Search the best of all plans, in plain numbers: visits are bits of a mask, in the order in which they start."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, prod
from typing import NamedTuple

ALL_SEEN = 13**4
"""Up to so many plans every one is looked at that might be better: four wishes of twelve times, each met or not."""

MOST_LOOKS = 8_000
"""Beyond that so many looks at a wish are taken from the best of some good plans: a few hundredths of a second."""

MOST_BEGINNINGS = 400
"""Visits that are tried out as the beginning of a plan, counted once for each wish."""


class Visit(NamedTuple):
    """A time of one wish, on a day, in minutes."""

    wish: int
    day: int
    start: int
    stop: int


class Worth(NamedTuple):
    """The smaller, the better."""

    unmet: int
    days: int
    at_school: int
    starts: int


Hulls = dict[int, tuple[int, int]]
"""Of each day the first and the last minute at school."""


@dataclass(frozen=True)
class Board:
    """`visits` in the order in which they start; `rivals` for each the mask of those that nobody can have beside it.
    `around` is had already. Of each of the `caps` so many of a mask can be had, of all together `most`."""

    visits: Sequence[Visit]
    wishes: Sequence[int]
    rivals: Sequence[int]
    around: Sequence[Visit]
    caps: Sequence[tuple[int, int]]
    most: int

    @cached_property
    def of_wish(self) -> dict[int, int]:
        found = dict.fromkeys(self.wishes, 0)
        for n, visit in enumerate(self.visits):
            found[visit.wish] |= 1 << n
        return found

    @cached_property
    def of_day(self) -> dict[int, int]:
        found: dict[int, int] = {}
        for n, visit in enumerate(self.visits):
            found[visit.day] = found.get(visit.day, 0) | 1 << n
        return found

    @cached_property
    def starts(self) -> list[int]:
        return [visit.start for visit in self.visits]

    def before(self, minute: int) -> int:
        """The visits that start before it."""
        return (1 << bisect_left(self.starts, minute)) - 1

    @cached_property
    def hulls(self) -> Hulls:
        found: Hulls = {}
        for visit in self.around:
            found = widened(found, visit)
        return found

    @cached_property
    def shortest(self) -> dict[int, int]:
        """Of each wish the minutes that it takes at least."""
        found: dict[int, int] = {}
        for wish, _, start, stop in self.visits:
            lasts = stop - start
            found[wish] = min(lasts, found.get(wish, lasts))
        return {wish: found.get(wish, 0) for wish in self.wishes}

    @cached_property
    def briefest(self) -> int:
        return min((visit.stop - visit.start for visit in self.visits), default=0)

    @cached_property
    def pause(self) -> int:
        """The minutes that lie between two visits at least: time to walk, until another begins."""
        pauses = []
        for n, visit in enumerate(self.visits):
            others = ~(self.rivals[n] | self.of_wish[visit.wish] | self.before(visit.stop))
            if later := self.beginning.free & others:
                pauses.append(self.starts[_first(later)] - visit.stop)
                if not pauses[-1]:
                    break
        return min(pauses, default=0)

    def earliest(self, masks: Iterable[int], most: int) -> int:
        """The sum of the starts of so many visits, each of another mask, at least: nobody is at two at once."""
        total, free = 0, 0
        for start in sorted(self.starts[_first(mask)] for mask in masks if mask)[:most]:
            total, free = total + max(start, free), max(start, free) + self.briefest + self.pause
        return total

    @cached_property
    def ideal(self) -> tuple[int, int, int]:
        """All are met on one day, one after the other: but for the hour nothing is better."""
        meant = sum(self.shortest.values()) + (len(self.wishes) - 1) * self.pause
        return 0, max(1, len(self.hulls)), meant + length(self.hulls)

    @cached_property
    def beginning(self) -> "Stand":
        """Nothing is chosen, and what the limits rule out is gone."""
        free = (1 << len(self.visits)) - 1
        for left, mask in self.caps:
            free &= free if left > 0 else ~mask
        return Stand(free if self.most > 0 else 0, tuple(left for left, _ in self.caps), self.most)


class Stand(NamedTuple):
    """What can still be had: visits as a mask, and how many of each cap and of all."""

    free: int
    left: tuple[int, ...]
    most: int

    def after(self, n: int, board: Board) -> "Stand":
        """With the n-th visit chosen."""
        free, left = self.free & ~board.rivals[n] & ~board.of_wish[board.visits[n].wish], self.left
        for k, (_, mask) in enumerate(board.caps):
            if mask >> n & 1:
                left = (*left[:k], left[k] - 1, *left[k + 1 :])
                if not left[k]:
                    free &= ~mask
        return Stand(free if self.most > 1 else 0, left, self.most - 1)


def search(board: Board) -> list[int]:
    """The visits (by place) of the best plan."""
    best = _first_fit(board)
    found = worth(board, best)
    for plan in _from_each_start(board):
        if (other := worth(board, plan)) < found:
            best, found = plan, other
        if found[:3] == board.ideal:
            break
    return _Descent(board, best, found).best


def worth(board: Board, plan: Sequence[int]) -> Worth:
    hulls = board.hulls
    for n in plan:
        hulls = widened(hulls, board.visits[n])
    starts = sum(board.visits[n].start for n in plan)
    return Worth(len(board.wishes) - len(plan), len(hulls), length(hulls), starts)


def widened(hulls: Hulls, visit: Visit) -> Hulls:
    first, last = hulls.get(visit.day, (visit.start, visit.stop))
    return hulls | {visit.day: (min(first, visit.start), max(last, visit.stop))}


def length(hulls: Hulls) -> int:
    """Of all days together, in minutes."""
    return sum(last - first for first, last in hulls.values())


def _first_fit(board: Board) -> list[int]:
    """Each wish in turn has its first time that fits."""
    stand, plan = board.beginning, []
    for wish in board.wishes:
        if mine := stand.free & board.of_wish[wish]:
            plan.append(_first(mine))
            stand = stand.after(plan[-1], board)
    return plan


def _from_each_start(board: Board) -> Iterator[list[int]]:
    """Plans that begin at a time and take whoever is free next; what is left over goes to the rest of the days."""
    starts = dict.fromkeys((visit.day, visit.start) for visit in board.visits)
    every = -(-len(starts) * len(board.wishes) // MOST_BEGINNINGS) or 1
    for day, start in [*starts][::every]:
        yield _packed(board, board.of_day[day] & ~board.before(start))


def _packed(board: Board, window: int) -> list[int]:
    stand, plan = board.beginning, []
    while stand.free:
        n = _next(board, stand.free, window & stand.free or _fullest_day(board, stand.free))
        plan.append(n)
        stand = stand.after(n, board)
    return plan


def _next(board: Board, free: int, window: int) -> int:
    """Of those that start first the one whose wish has the fewest other times."""
    alike = window & board.before(board.starts[_first(window)] + 1)
    return min(_bits(alike), key=lambda n: (free & board.of_wish[board.visits[n].wish]).bit_count())


def _fullest_day(board: Board, free: int) -> int:
    """The times of the day on which the most wishes have some."""
    days = [mask & free for mask in board.of_day.values()]
    return max(days, key=lambda mask: sum(bool(mask & own) for own in board.of_wish.values()))


def _first(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


def _bits(mask: int) -> Iterator[int]:
    while mask:
        yield _first(mask)
        mask &= mask - 1


class _Descent:
    """Look at one plan after the other, but at none that cannot be better than the best so far."""

    def __init__(self, board: Board, best: list[int], found: Worth) -> None:
        self.board, self.best, self.worth = board, best, found
        plans = prod(own.bit_count() + 1 for own in board.of_wish.values())
        self._looks = inf if plans <= ALL_SEEN else MOST_LOOKS
        in_order = sorted(board.wishes, key=lambda wish: board.of_wish[wish].bit_count())
        self._descend(in_order, board.beginning, _Part((), board.hulls, 0, 0))

    def _descend(self, wishes: Sequence[int], stand: Stand, part: "_Part") -> None:
        board = self.board
        self._looks -= 1 + len(wishes)
        open_ = [wish for wish in wishes if stand.free & board.of_wish[wish]]
        most = min(len(open_), stand.most)
        unmet = len(board.wishes) - len(part.plan) - most
        if self._looks < 0 or unmet > self.worth.unmet:
            return
        if not open_:
            self._end(part)
            return
        near = stand.free & self._within(unmet, part)
        mine = {wish: near & board.of_wish[wish] for wish in open_}
        bound = self._bound(unmet, most, mine, part)
        if bound >= self.worth:
            return
        first, *others = open_
        rest = part.starts + board.earliest([mine[wish] for wish in others], most - 1)
        for n in _bits(mine[first]):
            if (*bound[:3], board.starts[n] + rest) >= self.worth:
                break
            self._descend(others, stand.after(n, board), part.with_(n, board.visits[n]))
        self._descend(others, stand, part)

    def _end(self, part: "_Part") -> None:
        found = worth(self.board, part.plan)
        if found < self.worth:
            self.best, self.worth = list(part.plan), found

    def _within(self, unmet: int, part: "_Part") -> int:
        """The visits with which a plan that meets no more than the best does not take longer."""
        board, so_far = self.board, length(part.hulls)
        if unmet < self.worth.unmet or len(part.hulls) < self.worth.days:
            return -1
        near = 0
        for day, (first, last) in part.hulls.items():
            reach = self.worth.at_school - so_far + last - first
            near |= board.of_day.get(day, 0) & board.before(first + reach) & ~board.before(last - reach)
        return near

    def _bound(self, unmet: int, most: int, mine: Mapping[int, int], part: "_Part") -> Worth:
        """No plan that goes on from here, with visits of `mine`, is better."""
        board, days, at_school = self.board, len(part.hulls), length(part.hulls)
        if unmet < self.worth.unmet:
            return Worth(unmet, days, at_school, part.starts)
        if sum(map(bool, mine.values())) < most:
            return self.worth
        if most == len(mine):
            here = sum(board.of_day.get(day, 0) for day in part.hulls)
            is_elsewhere = not all(own & here for own in mine.values())
            if days == 1 and not is_elsewhere:
                at_school += max(self._longer(wish, own & here, part) for wish, own in mine.items())
            days += is_elsewhere
            pauses = (len(part.plan) + len(mine) - days) * board.pause
            at_school = max(at_school, part.minutes + sum(board.shortest[wish] for wish in mine) + pauses)
        return Worth(unmet, days, at_school, part.starts + board.earliest(mine.values(), most))

    def _longer(self, wish: int, own: int, part: "_Part") -> int:
        """By how many minutes at least the one day gets longer, wherever on it the wish is met."""
        [(first, last)] = part.hulls.values()
        before = own & self.board.before(first)
        after = own ^ before
        left = first - self.board.starts[before.bit_length() - 1] if before else inf
        right = max(0, self.board.starts[_first(after)] + self.board.shortest[wish] - last) if after else inf
        return int(min(left, right))


class _Part(NamedTuple):
    """A plan as far as it goes."""

    plan: tuple[int, ...]
    hulls: Hulls
    minutes: int
    starts: int

    def with_(self, n: int, visit: Visit) -> "_Part":
        minutes = self.minutes + visit.stop - visit.start
        return _Part((*self.plan, n), widened(self.hulls, visit), minutes, self.starts + visit.start)
