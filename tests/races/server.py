"""Run the real server, as `confab serve` starts it, on a database of its own."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import requests
from flask import Flask

from webapp import create_app, schema
from webapp.config import Settings
from webapp.context import Confab
from webapp.db import Database

REPOSITORY = Path(__file__).parents[2]
PROGRAM = ("-m", "webapp.cli")


@dataclass(frozen=True)
class Running:
    """A server; `app` is the same installation in this process, for preparing people and keys."""

    app: Flask
    port: int
    pid: int

    @property
    def url(self) -> str:
        return self.settings.database_url

    @property
    def settings(self) -> Settings:
        return self._wired.settings

    @property
    def database(self) -> Database:
        return self._wired.database

    @property
    def _wired(self) -> Confab:
        wired: Confab = self.app.extensions["confab"]
        return wired


@contextmanager
def serving(url: str, *, workers: int = 2, threads: int = 4) -> Iterator[Running]:
    """The tables are brought to this version first. The jobs are off: these are races of requests."""
    with installation(url) as own, started(own, workers=workers, threads=threads) as process:
        yield replace(own, pid=process.pid)


@contextmanager
def started(
    own: Running,
    *,
    workers: int = 2,
    threads: int = 4,
    armed: Path | None = None,
    program: Sequence[str] = PROGRAM,
) -> Iterator[subprocess.Popen[bytes]]:
    """A server of an installation whose tables are there. It dies at the fault point that is named in `armed`."""
    command = [*program, "serve", "--workers", str(workers), "--threads", str(threads)]
    more = {"CONFAB_FAULT_FILE": str(armed)} if armed else {}
    with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        process = _start(own.settings, command, more, log)
        try:
            _wait_until_ready(process, own.settings.base_url, Path(log.name))
            yield process
        finally:
            _stop(process)


@contextmanager
def installation(url: str) -> Iterator[Running]:
    """Without a server: the application of this process alone."""
    settings = _settings(url)
    app = create_app(settings)
    running = Running(app, int(settings.base_url.rpartition(":")[2]), os.getpid())
    schema.upgrade(running.database)
    try:
        yield running
    finally:
        running.database.dispose()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _settings(url: str) -> Settings:
    return Settings(
        secret_key=secrets.token_hex(32),
        token_keys=(secrets.token_hex(32),),
        database_url=url,
        base_url=f"http://127.0.0.1:{free_port()}",
        run_jobs=False,
    )


def _start(settings: Settings, command: list[str], more: dict[str, str], log: IO[str]) -> subprocess.Popen[bytes]:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY),
        "CONFAB_SECRET_KEY": settings.secret_key,
        "CONFAB_TOKEN_KEYS": ",".join(settings.token_keys),
        "CONFAB_DATABASE_URL": settings.database_url,
        "CONFAB_BASE_URL": settings.base_url,
        "CONFAB_RUN_JOBS": "false",
        **more,
    }
    command = [sys.executable, *command, "--port", settings.base_url.rpartition(":")[2]]
    return subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)


def _wait_until_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(requests.ConnectionError):
            if requests.get(f"{address}/readyz", timeout=5).status_code == 200:
                return
        time.sleep(0.1)  # nothing can tell us that another process listens
    raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)
