"""Speak HTTP/1.1 over many open connections in one thread, cheaply enough to leave the processor to the server."""

import re
import selectors
import socket
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

PATIENCE = 60.0
"""Seconds without any answer on any connection after which the server is taken for dead."""

_END_OF_HEAD = b"\r\n\r\n"
_WITHOUT_BODY = 204
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Broken(Exception):
    """The server closed a connection, sent what is no answer, or said nothing for too long."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """Empty where it was not sent."""
        found = re.search(rb"\r\n" + name.encode() + rb": *([^\r]*)", self.head, re.IGNORECASE)
        return found[1].decode() if found else ""


Talk = Generator[bytes, Reply, None]
"""What one client says: it yields a request, gets the reply, and so on until it returns."""


def converse(
    port: int, talks: Sequence[Talk], *, ready: Callable[[], object] = lambda: None, may_die: bool = False
) -> None:
    """Let every client talk over a keep-alive connection of its own. All are open before `ready` is called and the
    first request is sent. Raises Broken; where the server `may_die`, a client whose connection ends falls silent."""
    with _Listener(port, may_die=may_die) as listener:
        lines = [listener.connect(talk) for talk in talks]
        ready()
        for line in lines:
            listener.begin(line)
        while listener.talking:
            listener.hear(PATIENCE)


def arrive(port: int, talks: Iterable[tuple[float, Talk]]) -> None:
    """Let each client come with a new connection when it is due (by time.perf_counter, in rising order), however many
    others are still being served. Raises Broken."""
    with _Listener(port) as listener:
        for due, talk in talks:
            while (left := due - time.perf_counter()) > 0:
                listener.hear(left, may_be_silent=True)
            listener.begin(listener.connect(talk))
        while listener.talking:
            listener.hear(PATIENCE)


class _Line:
    """One connection. It blocks, but is read only when there is something to read."""

    def __init__(self, port: int, talk: Talk) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._talk = talk
        self._heard = b""

    def begin(self) -> bool:
        """False where there is nothing to say."""
        return self._say(next(self._talk, None))

    def hear(self) -> bool:
        """Take in what came. False once all is said."""
        came = self.socket.recv(1 << 18)
        if not came:
            raise Broken("the server closed the connection")
        self._heard += came
        head, mark, body = self._heard.partition(_END_OF_HEAD)
        if not mark:
            return True
        status = int(head[9:12])
        length = _LENGTH.search(head)
        if length is None and status != _WITHOUT_BODY:
            raise Broken(f"an answer without a length: {head[:200]!r}")
        if length and len(body) < int(length[1]):
            return True
        self._heard = b""
        try:
            return self._say(self._talk.send(Reply(status, head, body)))
        except StopIteration:
            return False

    def _say(self, request: bytes | None) -> bool:
        if request is not None:
            self.socket.sendall(request)
        return request is not None


class _Listener:
    """All connections of a run; leaving it closes them."""

    def __init__(self, port: int, *, may_die: bool = False) -> None:
        self.talking = 0
        self._port = port
        self._bearable = (Broken, ConnectionError) if may_die else ()
        self._selector = selectors.DefaultSelector()
        self._lines: set[_Line] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: type[BaseException] | None, _value: object, _trace: TracebackType | None) -> None:
        for line in self._lines:
            line.socket.close()
        self._selector.close()

    def connect(self, talk: Talk) -> _Line:
        line = _Line(self._port, talk)
        self._lines.add(line)
        return line

    def begin(self, line: _Line) -> None:
        with suppress(*self._bearable):
            if line.begin():
                self._selector.register(line.socket, selectors.EVENT_READ, line)
                self.talking += 1

    def hear(self, patience: float, *, may_be_silent: bool = False) -> None:
        events = self._selector.select(patience)
        if not events and not may_be_silent:
            raise Broken(f"{self.talking} clients got no answer within {patience} seconds")
        for key, _ in events:
            goes_on = False
            with suppress(*self._bearable):
                goes_on = key.data.hear()
            if not goes_on:
                self._end(key.data)

    def _end(self, line: _Line) -> None:
        self._selector.unregister(line.socket)
        self._lines.discard(line)
        line.socket.close()
        self.talking -= 1
