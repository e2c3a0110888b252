"""Give the provider tests a server that says whatever a test wants, and the stand-in of Zoom over real HTTP."""

import re
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from google_stage import GoogleStage
from microsoft_stage import MicrosoftStage
from stages import ZoomStage

from webapp.sandbox.run import RunningSandbox, start_sandbox


class RawServer:
    """Hands each connection, once a request's bytes were read, to the test's function, and keeps those bytes."""

    def __init__(self, answer: Callable[[socket.socket], None]) -> None:
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.received: list[bytes] = []
        self.stopping = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self.stopping.set()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self._meet(connection)

    def _meet(self, connection: socket.socket) -> None:
        try:
            self.received.append(_request(connection))
            self._answer(connection)
        except OSError:
            return  # the client hung up, as the test wanted


def _request(connection: socket.socket) -> bytes:
    """Header and body; what is not HTTP is taken as far as it came."""
    received = more = connection.recv(65536)
    while more and b"HTTP/1.1" in received and not _is_whole(received):
        more = connection.recv(65536)
        received += more
    return received


def _is_whole(received: bytes) -> bool:
    header, end, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", header)
    return bool(end) and len(body) >= (int(length[1]) if length else 0)


@pytest.fixture
def raw_server() -> Iterator[Callable[[Callable[[socket.socket], None]], RawServer]]:
    opened: list[RawServer] = []

    def start(answer: Callable[[socket.socket], None]) -> RawServer:
        opened.append(RawServer(answer))
        return opened[-1]

    yield start
    for server in opened:
        server.close()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox() as running:
        yield running


@pytest.fixture
def zoom(sandbox: RunningSandbox) -> Iterator[ZoomStage]:
    """The stand-in, emptied and seeded anew, with an app and a grant."""
    stage = ZoomStage(sandbox.zoom_url)
    yield stage
    assert stage.unfit == []


@pytest.fixture
def google(sandbox: RunningSandbox) -> GoogleStage:
    """The stand-in of Google, emptied, with an app and a teacher's grant."""
    return GoogleStage(sandbox.google_url)


@pytest.fixture
def microsoft(sandbox: RunningSandbox) -> MicrosoftStage:
    """The stand-in of Microsoft, emptied and seeded anew, with an app and a teacher's grant."""
    return MicrosoftStage(sandbox.microsoft_url)
