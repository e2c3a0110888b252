"""Speak HTTP/1.1 over many open connections in one thread, cheaply enough to leave the processor to the server."""

import re
import selectors
import socket
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

PATIENCE = 60.0
"""Seconds without any answer on any connection after which the server is taken for dead."""

_END_OF_HEAD = b"\r\n\r\n"
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


def converse(port: int, talks: Sequence[Talk], *, ready: Callable[[], object] = lambda: None) -> None:
    """Let every client talk over a keep-alive connection of its own. All are open before `ready` is called and the
    first request is sent. Raises Broken."""
    with selectors.DefaultSelector() as selector:
        lines = [_Line(port, talk) for talk in talks]
        try:
            ready()
            talking = [line for line in lines if line.begin()]
            for line in talking:
                selector.register(line.socket, selectors.EVENT_READ, line)
            _listen(selector, len(talking))
        finally:
            for line in lines:
                line.socket.close()


def _listen(selector: selectors.BaseSelector, talking: int) -> None:
    while talking:
        events = selector.select(PATIENCE)
        if not events:
            raise Broken(f"{talking} clients got no answer within {PATIENCE} seconds")
        for key, _ in events:
            if not key.data.hear():
                selector.unregister(key.fileobj)
                talking -= 1


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
        head, mark, rest = self._heard.partition(_END_OF_HEAD)
        if not mark:
            return True
        length = _LENGTH.search(head)
        if length is None:
            raise Broken(f"an answer without a length: {head[:200]!r}")
        if len(rest) < int(length[1]):
            return True
        self._heard = b""
        try:
            return self._say(self._talk.send(Reply(int(head[9:12]), head, rest)))
        except StopIteration:
            return False

    def _say(self, request: bytes | None) -> bool:
        if request is not None:
            self.socket.sendall(request)
        return request is not None
