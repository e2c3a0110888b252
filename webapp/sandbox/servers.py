"""Serve a Flask app from a thread: the port is known before it serves, and nothing is left open after it stops."""

import logging
import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from urllib.parse import unquote

from flask import Flask
from werkzeug.test import run_wsgi_app

# Under this name an app finds in its environ what it calls to have the connection closed without an answer.
HANG_UP = "sandbox.hang_up"
DRIP = "sandbox.drip"
"""Likewise: calling it sends the answer a byte a second."""
ARRIVED = "sandbox.arrived"
"""And the monotonic time at which the request came."""
_LARGEST_BODY = 16_000_000
_LONGEST_QUEUE = 256
_log = logging.getLogger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """On the port if it is free, else on any free one."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        _bind(listening, host, port)
        listening.listen(_LONGEST_QUEUE)
    except OSError:
        listening.close()
        raise
    return listening


def _bind(listening: socket.socket, host: str, port: int) -> None:
    try:
        listening.bind((host, port))
    except OSError:
        if port == 0:
            raise
        listening.bind((host, 0))


class WebServer:
    """Takes a socket that listens already, and closes it in the end."""

    def __init__(self, app: Flask, listening: socket.socket) -> None:
        self._server = _Server(app, listening)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.hang_up()


class _Server(ThreadingMixIn, TCPServer):
    """A thread per connection. It knows the open ones, since a browser keeps them long after its last request."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, app: Flask, listening: socket.socket) -> None:
        super().__init__(listening.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket, self.app = listening, app
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  # the base class says so
        """A client that went away is no error of ours; the rest goes to the log, not to the terminal."""
        _log.debug("connection from %s ended", client_address, exc_info=True)

    def hang_up(self, seconds: float = 2.0) -> None:
        """End what is open and wait until its threads have let go."""
        with self._changed:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._open, seconds)


class _Handler(BaseHTTPRequestHandler):
    """Reads each request whole and sends each answer in one piece, so that connections can be used again."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 75
    server: _Server

    def answer(self) -> None:
        arrived = time.monotonic()
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length.isdecimal() or int(length) > _LARGEST_BODY:
            self.close_connection = True
            self.send_error(411)
            return
        given_up, drips = threading.Event(), threading.Event()
        environ = {**self._environ(self.rfile.read(int(length))), ARRIVED: arrived}
        environ |= {HANG_UP: given_up.set, DRIP: drips.set}
        content, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
        if given_up.is_set():
            self.close_connection = True
        else:
            self._send(status, headers, b"".join(content), drips=drips.is_set())

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815  # http.server's names

    def _send(self, status: str, headers: Iterable[tuple[str, str]], content: bytes, *, drips: bool) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            if name.lower() not in {"content-length", "connection"}:
                self.send_header(name, value)
        has_body = int(code) not in {204, 304}
        if has_body:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if has_body and self.command != "HEAD":
            self._drip(content) if drips else self.wfile.write(content)

    def _drip(self, content: bytes) -> None:
        """No read of the caller's waits longer than a second: only a deadline for the whole answer ends it."""
        for number in content:
            self.wfile.write(bytes([number]))
            self.wfile.flush()
            time.sleep(1)

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        host, port = self.server.socket.getsockname()[:2]
        headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()}
        return {
            **headers,
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "iso-8859-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": _LogStream(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's name
        _log.debug(format, *args)


class _LogStream:
    """What an app writes to its error stream."""

    def write(self, text: str) -> None:
        if text.strip():
            _log.error(text.rstrip())

    def flush(self) -> None:
        """Nothing is held back."""
