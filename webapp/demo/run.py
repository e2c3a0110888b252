"""Run the demo in one process: pages, jobs, stand-ins; all of it ends together."""

import json
import signal
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from apscheduler.schedulers.background import BackgroundScheduler
from werkzeug.serving import BaseWSGIServer, make_server

from webapp import clock, create_app, schema
from webapp.config import Settings
from webapp.demo import school
from webapp.demo.calendars import seed_calendars
from webapp.demo.files import DemoFiles
from webapp.demo.zoom import seed_zoom, send_webhooks
from webapp.sandbox.run import RunningSandbox, start_sandbox

USUAL_PORT = 8000


class Demo:
    """Everything a school evening needs, from entering the block to leaving it. A second start finds its data."""

    def __init__(self, data_dir: Path, *, port: int | None, empty: bool) -> None:
        self._files = DemoFiles(data_dir)
        self._facts = self._files.prepare()
        self._port = port
        self._empty = empty
        self._end = threading.Event()
        self._sandbox: RunningSandbox | None = None
        self._server: BaseWSGIServer | None = None
        self._jobs: BackgroundScheduler | None = None

    def __enter__(self) -> Self:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._end.set())
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait_for_the_end(self) -> None:
        """Until Ctrl-C or SIGTERM."""
        self._end.wait()

    def stop(self) -> None:
        """Idempotent. Jobs first: they speak to the stand-ins."""
        if self._jobs:
            self._jobs.shutdown(wait=False)
        if self._server:
            self._server.shutdown()
            self._server.server_close()
        if self._sandbox:
            self._sandbox.stop()
        self._jobs = self._server = self._sandbox = None

    def as_json(self) -> str:
        """One line, for programs."""
        return json.dumps(self._addresses() | {name: self._facts[name] for name in ("admin", "teacher", "parent")})

    def as_text(self) -> str:
        addresses = self._addresses()
        pages = {
            "Confab": addresses["url"],
            "Parents book at": addresses["event_url"],
            "Zoom stand-in": addresses["sandbox_url"],
            "Google stand-in": addresses["google_url"],
            "Outlook stand-in": addresses["microsoft_url"],
            "Mailbox": addresses["mailbox_url"],
        }
        people = {name.capitalize(): self._facts[name] for name in ("admin", "teacher", "parent")}
        lines = [f"{name:17} {address}" for name, address in pages.items() if address]
        lines += [f"{name:17} {p['email']}   {p['password']}" for name, p in people.items() if p]
        return "\n".join(["", *lines, "", "Ctrl-C ends it. The data stays in " + addresses["data_dir"] + ".", ""])

    def _start(self) -> None:
        if self._empty and self._facts.get("event"):
            raise SystemExit(f"{self._files.directory} holds a demo with data. Choose another place with --data-dir.")
        # The pages' socket first: a taken port is said before anything else is started.
        with _listen(self._port) as listening:
            self._serve(listening)

    def _serve(self, listening: socket.socket) -> None:
        is_new = "admin" not in self._facts
        if is_new:
            self._files.start_over()
        self._sandbox = start_sandbox(self._files.sandbox)
        is_empty = self._empty if is_new else self._facts["event"] is None
        settings = self._settings(listening.getsockname()[1], empty=is_empty)
        app = create_app(settings)
        database = app.extensions["confab"].database
        schema.upgrade(database)
        if is_new:
            self._facts |= school.load(database, empty=self._empty, now=clock.now())
            self._files.store(self._facts)
        seed_zoom(self._sandbox, settings, empty=is_empty)
        self._url = settings.base_url
        from jobs import scheduler

        self._jobs = scheduler.start(app)
        host, port = listening.getsockname()
        self._server = make_server(host, port, app, threaded=True, fd=listening.fileno())
        threading.Thread(target=self._server.serve_forever, name="pages", daemon=True).start()
        send_webhooks(self._sandbox, settings)

    def _settings(self, port: int, *, empty: bool) -> Settings:
        sandbox, base_url = self._sandbox, f"http://127.0.0.1:{port}"
        assert sandbox is not None
        return self._files.settings(
            base_url=base_url,
            mail_server="127.0.0.1",
            mail_port=sandbox.smtp_port,
            mail_encryption="none",
            mail_sender=f"{school.NAME} <conferences@lindenpark.example>",
            zoom_oauth_url=sandbox.zoom_url,
            zoom_api_url=f"{sandbox.zoom_url}/v2",
            zoom_link_hosts=(sandbox.zoom_url.partition("//")[2],),
            **seed_calendars(sandbox, base_url, empty=empty),
        )

    def _addresses(self) -> dict[str, Any]:
        assert self._sandbox is not None
        event = self._facts["event"]
        return {
            "url": self._url,
            "sandbox_url": self._sandbox.zoom_url,
            "google_url": self._sandbox.google_url,
            "microsoft_url": self._sandbox.microsoft_url,
            "mailbox_url": self._sandbox.mailbox_url,
            "event_url": f"{self._url}/{self._facts['school']}/{event}/" if event else None,
            "school": self._facts["school"],
            "data_dir": str(self._files.directory.resolve()),
        }


def _listen(port: int | None) -> socket.socket:
    """On the port asked for; without one, on the usual port or a free one."""
    wanted = [port] if port is not None else [USUAL_PORT, 0]
    for number in wanted:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", number))
            listening.listen(128)
        except OSError as error:
            listening.close()
            problem = error.strerror
        else:
            return listening
    raise SystemExit(f"Port {wanted[0]} cannot be used: {problem}. Choose another one with --port.")
