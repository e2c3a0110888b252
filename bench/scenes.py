"""Say what families do: look at the times, send the last form, or walk the whole road from teachers to done."""

import re
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from races.crowd import Crowd, Parent, Setting, Teacher, pick
from races.wire import Reply, Talk

from bench.gauge import Log
from webapp.models import Slot

SIZE = 16
SCHOOL = Setting(grades=8, teachers=SIZE, singles=SIZE, slots=SIZE)
"""128 teachers with 16 times each, all online by way of a provider, and 128 families of whom each may see the 16
teachers of their grade."""

_FIELD = re.compile(rb'<input type="hidden" name="(key|pick|seen)" value="([^"]+)">')
Asking = Generator[bytes, Reply, Reply]


class Unexpected(Exception):
    """An answer with another status than a booking that succeeds would get."""


@dataclass(frozen=True)
class Booking:
    parent: Parent
    teacher: Teacher
    slot: Slot

    @property
    def name(self) -> str:
        return pick(self.parent.children[0], self.teacher)

    @property
    def pick(self) -> str:
        return pick(self.parent.children[0], self.teacher, self.slot)


def bookings(crowd: Crowd) -> list[Booking]:
    """Every time of every teacher once, so that none collides: within a grade, at the n-th time family f sees teacher
    f+n. Neighbours in the list are of different families and teachers."""
    found = []
    for turn in range(SIZE):
        for n, parent in enumerate(crowd.parents):
            teacher = crowd.teachers[n // SIZE * SIZE + (n + turn) % SIZE]
            found.append(Booking(parent, teacher, teacher.slots[turn]))
    return found


class Scene:
    """The talks of one run; its clients share the bookings, until the time is up or all are made."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd, self.log = crowd, Log()
        self._until = 0.0
        self._left = iter(self._bookings())

    def walk(self, booking: Booking) -> Talk:
        raise NotImplementedError

    def clients(self, number: int, seconds: float, log: Log) -> list[Talk]:
        """Each goes on as soon as it has its answer."""
        self.log = log
        self._until = time.perf_counter() + seconds
        return [self._go_on() for _ in range(number)]

    def arrivals(self, number: int, seconds: float, log: Log) -> Iterator[tuple[float, Talk]]:
        """A client for each booking, evenly; its time counts from the moment when it was due."""
        self.log = log
        begun = time.perf_counter()
        for n in range(number):
            due = begun + seconds * n / number
            yield due, self._timed(next(self._left), due)

    def ask(self, label: str, request: str, status: int) -> Asking:
        begun = time.perf_counter()
        reply = yield request.encode()
        self.log.add(label, time.perf_counter() - begun, len(reply.body))
        if reply.status != status:
            raise Unexpected(f"{label}: {reply.status}")
        return reply

    def _bookings(self) -> list[Booking]:
        return bookings(self.crowd)

    def _go_on(self) -> Talk:
        while time.perf_counter() < self._until and (booking := next(self._left, None)):
            yield from self._timed(booking, time.perf_counter())

    def _timed(self, booking: Booking, begun: float) -> Talk:
        try:
            yield from self.walk(booking)
        except Unexpected as error:
            self.log.errors[str(error)] += 1
        else:
            self.log.add("all", time.perf_counter() - begun)


class Page(Scene):
    """The page of step 2, with three teachers of the family's grade and 16 times each."""

    def walk(self, booking: Booking) -> Talk:
        yield from self.ask("times", self.request(booking), 200)

    def request(self, booking: Booking) -> str:
        first = self.crowd.teachers.index(booking.teacher) // SIZE * SIZE
        three = [self.crowd.teachers[first + (booking.slot.id or 0) % 5 + n] for n in range(3)]
        picks = [("pick", pick(booking.parent.children[0], teacher)) for teacher in three]
        return self.crowd.get(booking.parent, f"/times?{urlencode(picks)}")

    def _bookings(self) -> list[Booking]:
        return bookings(self.crowd) * 8


class Post(Scene):
    """The last form alone, as the button of step 3 sends it: one appointment."""

    def __init__(self, crowd: Crowd) -> None:
        super().__init__(crowd)
        # Made ahead: signing keys would take time from the clock.
        self._ready = {b.pick: self.request(b) for b in self._bookings()}

    def walk(self, booking: Booking) -> Talk:
        yield from self.ask("book", self._ready[booking.pick], 303)

    def request(self, booking: Booking) -> str:
        return self.crowd.book(booking.parent, [(booking.parent.children[0], booking.teacher, booking.slot)])


class Steps(Scene):
    """The three pages and the last form: what has to be shown for a booking, without the redirects between."""

    def walk(self, booking: Booking) -> Talk:
        parent, get = booking.parent, self.crowd.get
        yield from self.ask("teachers", get(parent, "/teachers"), 200)
        yield from self.ask("times", get(parent, f"/times?pick={booking.name}"), 200)
        check = yield from self.ask("check", get(parent, f"/check?pick={booking.pick}"), 200)
        yield from self.ask("book", self.crowd.post(parent, "/book", _fields(check)), 303)


class Road(Scene):
    """All seven requests that a browser sends from the list of teachers to the page that says it is done."""

    def walk(self, booking: Booking) -> Talk:
        parent, get, post = booking.parent, self.crowd.get, self.crowd.post
        yield from self.ask("teachers", get(parent, "/teachers"), 200)
        chosen = yield from self.ask("choose", post(parent, "/teachers", [("pick", booking.name)]), 303)
        yield from self.ask("times", get(parent, chosen.header("location")), 200)
        typed = [("pick", booking.name), (f"t-{booking.name}", booking.slot.token)]
        timed = yield from self.ask("choose", post(parent, "/times", typed), 303)
        check = yield from self.ask("check", get(parent, timed.header("location")), 200)
        booked = yield from self.ask("book", post(parent, "/book", _fields(check)), 303)
        yield from self.ask("booked", get(parent, booked.header("location")), 200)


def _fields(page: Reply) -> list[tuple[str, str]]:
    return [(name.decode(), value.decode()) for name, value in _FIELD.findall(page.body)]
