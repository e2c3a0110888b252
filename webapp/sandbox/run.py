"""Start all stand-ins together, on the ports that they had the last time where those are free."""

import contextlib
import json
from pathlib import Path
from types import TracebackType
from typing import Self

from .google import GoogleState, create_google
from .mailbox import Mailbox, SmtpServer, create_mailbox_app
from .microsoft import MicrosoftState, create_microsoft
from .servers import WebServer, listen
from .storage import read_json, replace_bytes
from .zoom import ZoomState, create_zoom

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # listened to only if the caller says so


class RunningSandbox:
    """The stand-ins at work until `stop`; `zoom`, `google`, `microsoft`, `mailbox` are their states, for tests."""

    def __init__(self, data_dir: Path | None, host: str, ports: dict[str, int]) -> None:
        self.zoom = ZoomState(data_dir / "zoom.json" if data_dir else None)
        self.google = GoogleState(data_dir / "google.json" if data_dir else None)
        self.microsoft = MicrosoftState(data_dir / "microsoft.json" if data_dir else None)
        self.mailbox = Mailbox(data_dir / "mail" if data_dir else None)
        with contextlib.ExitStack() as opened:
            sockets = {name: opened.enter_context(listen(host, port)) for name, port in ports.items()}
            self.ports: dict[str, int] = {name: one.getsockname()[1] for name, one in sockets.items()}
            self.zoom_url = _address(host, self.ports["zoom"])
            self.google_url = _address(host, self.ports["google"])
            self.microsoft_url = _address(host, self.ports["microsoft"])
            self.mailbox_url = _address(host, self.ports["mailbox"])
            self._web = [
                WebServer(create_zoom(self.zoom, public_url=self.zoom_url), sockets["zoom"]),
                WebServer(create_google(self.google, public_url=self.google_url), sockets["google"]),
                WebServer(create_microsoft(self.microsoft, public_url=self.microsoft_url), sockets["microsoft"]),
                WebServer(create_mailbox_app(self.mailbox), sockets["mailbox"]),
            ]
            self._smtp = SmtpServer(self.mailbox, sockets["smtp"])
            opened.pop_all()
        self._is_running = False

    @property
    def smtp_port(self) -> int:
        return self.ports["smtp"]

    def start(self) -> None:
        self._smtp.start()
        for server in self._web:
            server.start()
        self._is_running = True

    def stop(self) -> None:
        """Idempotent; whoever waits for a slow answer or a message gets one now."""
        if not self._is_running:
            return
        self._is_running = False
        for world in (self.zoom, self.google, self.microsoft):
            world.stopping.set()
        self.mailbox.close()
        for server in self._web:
            server.stop()
        self._smtp.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_sandbox(
    data_dir: Path | None = None,
    *,
    host: str = "127.0.0.1",
    zoom_port: int = 0,
    google_port: int = 0,
    microsoft_port: int = 0,
    mailbox_port: int = 0,
    smtp_port: int = 0,
) -> RunningSandbox:
    """Without a directory everything is forgotten at the end. Port 0 is the last one used here, else a free one."""
    wanted = {
        "zoom": zoom_port,
        "google": google_port,
        "microsoft": microsoft_port,
        "mailbox": mailbox_port,
        "smtp": smtp_port,
    }
    former = _former_ports(data_dir)
    sandbox = RunningSandbox(data_dir, host, {name: port or former.get(name, 0) for name, port in wanted.items()})
    sandbox.start()
    if data_dir:
        replace_bytes(data_dir / "ports.json", json.dumps(sandbox.ports).encode())
    return sandbox


def _former_ports(data_dir: Path | None) -> dict[str, int]:
    return (read_json(data_dir / "ports.json") if data_dir else None) or {}


def _address(host: str, port: int) -> str:
    name = _ANYWHERE.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
