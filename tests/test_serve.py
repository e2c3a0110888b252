"""`confab serve` refuses what would be open to strangers, and what it accepts it serves until it is told to end."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner
from races.server import serving

from webapp.cli import confab
from webapp.operations.listening import refuse_taken

REPOSITORY = Path(__file__).parents[1]
NOWHERE = ["serve", "--host", "192.0.2.1"]
"""An address that no machine has: whatever is not refused fails at once, instead of serving for ever."""
WEAK = "change-me-change-me-change-me-change-me"


@pytest.fixture
def environment(tmp_path: Path, _sqlite_template: Path) -> dict[str, str]:
    """Of an installation that may serve."""
    shutil.copy(_sqlite_template, tmp_path / "confab.db")
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY),
        "CONFAB_SECRET_KEY": secrets.token_hex(32),
        "CONFAB_TOKEN_KEYS": secrets.token_hex(32),
        "CONFAB_DATABASE_URL": f"sqlite:///{tmp_path / 'confab.db'}",
        "CONFAB_BASE_URL": "https://conferences.school.example",
    }


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "webapp.cli", "serve", *arguments]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"CONFAB_SECRET_KEY": ""}, "CONFAB_SECRET_KEY"),
        ({"CONFAB_SECRET_KEY": "dev"}, "CONFAB_SECRET_KEY"),
        ({"CONFAB_SECRET_KEY": WEAK}, "CONFAB_SECRET_KEY looks like a default."),
        ({"CONFAB_SECRET_KEY": "please-change-this-0123456789-abcdefg"}, "CONFAB_SECRET_KEY looks like a default."),
        ({"CONFAB_SECRET_KEY": "super-secret-key-0123456789-abcdefghijk"}, "CONFAB_SECRET_KEY looks like a default."),
        ({"CONFAB_TOKEN_KEYS": "short"}, "CONFAB_TOKEN_KEYS holds a weak key."),
        ({"CONFAB_TOKEN_KEYS": f"{secrets.token_hex(32)},{WEAK}"}, "CONFAB_TOKEN_KEYS holds a weak key."),
        ({"CONFAB_DEBUG": "1"}, "CONFAB_DEBUG must not be on"),
        ({"CONFAB_DEMO": "true"}, "CONFAB_DEMO must not be on"),
        ({"CONFAB_BASE_URL": "http://conferences.school.example"}, "CONFAB_BASE_URL must begin with https://"),
    ],
)
def test_an_unsafe_setting_is_refused_by_its_name(
    environment: dict[str, str], wrong: dict[str, str], told: str
) -> None:
    """ADMIN-029, ADMIN-030"""
    ended = CliRunner().invoke(confab, NOWHERE, env=environment | wrong, catch_exceptions=False)

    assert ended.exit_code == 2
    assert told in ended.stderr
    assert all(value not in ended.stderr for value in wrong.values() if len(value) > 8 and value.isalnum())


def test_one_key_for_two_purposes_is_refused(environment: dict[str, str]) -> None:
    environment["CONFAB_TOKEN_KEYS"] = environment["CONFAB_SECRET_KEY"]

    ended = CliRunner().invoke(confab, NOWHERE, env=environment, catch_exceptions=False)

    assert ended.exit_code == 2
    assert "CONFAB_SECRET_KEY and CONFAB_TOKEN_KEYS must differ." in ended.stderr
    assert environment["CONFAB_SECRET_KEY"] not in ended.stderr


def test_an_old_schema_is_refused_by_the_real_command(environment: dict[str, str], tmp_path: Path) -> None:
    environment["CONFAB_DATABASE_URL"] = f"sqlite:///{tmp_path / 'empty.db'}"

    ended = subprocess.run(command(), env=environment, capture_output=True, text=True, timeout=30)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "The database has an old schema. Run: ./confab db upgrade\n"


def test_beside_a_server_that_would_share_its_port_it_does_not_start(environment: dict[str, str]) -> None:
    """A copy on trial would be given some of the families who come to book."""
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as other:
        port = other.getsockname()[1]

        ended = subprocess.run(
            command("--port", str(port)), env=environment, capture_output=True, text=True, timeout=30
        )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"Port {port} on 127.0.0.1 cannot be had: ")
    assert "--port" in ended.stderr


def test_what_is_no_address_of_this_machine_is_told(environment: dict[str, str]) -> None:
    answers = [
        CliRunner().invoke(confab, ["serve", "--host", host], env=environment, catch_exceptions=False)
        for host in ("192.0.2.1", "conferences.school.example")
    ]

    assert [one.exit_code for one in answers] == [2, 2]
    assert "Port 8000 on 192.0.2.1 cannot be had: " in answers[0].stderr
    assert "Port 8000 on conferences.school.example cannot be had: " in answers[1].stderr


def test_a_port_whose_last_visitors_have_just_left_can_be_had() -> None:
    with socket.create_server(("127.0.0.1", 0)) as former:
        port = former.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as visitor:
            former.accept()[0].close()  # whoever closes first keeps the place for a minute
            assert visitor.recv(1) == b""

    refuse_taken("127.0.0.1", port)


def test_it_serves_from_anywhere_until_sigterm_and_leaves_nothing_behind(
    environment: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    arguments = command("--port", str(port), "--workers", "2")
    log = tmp_path / "log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            arguments, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=output, start_new_session=True
        ) as process,
    ):
        try:
            _wait_until_ready(process, port, log)
            page = requests.get(
                f"http://127.0.0.1:{port}/sign-in", headers={"Host": "conferences.school.example"}, timeout=5
            )
            stranger = requests.get(f"http://127.0.0.1:{port}/sign-in", headers={"Host": "evil.example"}, timeout=5)
            process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=20)[0]
            is_alone = not _is_anyone_left(process)
        finally:
            _kill_all_of(process)

    assert page.status_code == 200
    assert page.cookies or "__Host-confab=" in page.headers["Set-Cookie"]
    assert "max-age=" in page.headers["Strict-Transport-Security"]
    assert stranger.status_code == 400
    assert process.returncode == 0
    assert said == b""
    assert all(json.loads(line)["level"] == "info" for line in log.read_text().splitlines())
    assert is_alone
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_told_to_end_while_its_workers_start_it_ends(environment: dict[str, str], tmp_path: Path) -> None:
    """A service manager that stops what it has just started waits for nobody."""
    log = tmp_path / "log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            command("--port", str(free_port()), "--workers", "2"),
            env=environment,
            stderr=output,
            start_new_session=True,
        ) as process,
    ):
        try:
            while "Spawning worker-2" not in log.read_text():
                assert process.poll() is None, log.read_text()
                time.sleep(0.01)  # its log is all that tells
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)
            is_alone = not _is_anyone_left(process)
        finally:
            _kill_all_of(process)

    assert is_alone


def _is_anyone_left(process: subprocess.Popen[bytes]) -> bool:
    """Of its process group, of which it was the first."""
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _kill_all_of(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).text == "ready\n":
                return
        except requests.ConnectionError:
            time.sleep(0.1)  # nothing can tell us that another process listens
    pytest.fail(f"serve was not ready, exit code {process.poll()}: {log.read_text()}")


def test_the_unit_of_the_docs_tries_again_for_as_long_as_the_database_is_away() -> None:
    """OPS-003: five failures in a row would leave it ended for good."""
    unit = (Path(__file__).parents[1] / "docs/deploying.md").read_text().partition("[Unit]")[2].partition("```")[0]

    assert {"StartLimitIntervalSec=0", "Wants=network-online.target"} <= set(unit.partition("[Service]")[0].split())
    assert {"Restart=always", "RestartSec=3"} <= set(unit.partition("[Service]")[2].split())


LONG = "x" * 4096
ODD = {
    "Accept-Encoding: gzip;q=nan, *;q=-1, \xff": 200,
    "Accept-Language: " + ",".join(f"x{n};q={n}" for n in range(500)): 200,
    "Authorization: Basic %%%": 200,
    "Cookie: confab=x; confab=y; confab=": 200,
    "Cookie: " + "; ".join(f"c{n}=x" for n in range(5000)): 200,
    "\r\n".join(f"Cookie: c{n}={LONG}" for n in range(100)): 431,
    "HX-Request: true\r\nHX-Current-URL: \xff\xfe\r\nHX-Target: <x>": 200,
    'If-Modified-Since: yesterday\r\nIf-None-Match: "': 200,
    "Range: bytes=5-1,-,0-99999999999": 200,
    "X-Forwarded-For: \xff, <x>\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: gopher": 200,
    "\r\n".join(f"X-{n}: 1" for n in range(300)): 431,
    "X-\xe9: 1": 400,
    "X-Control: \x01": 400,
}


def test_odd_headers_are_no_trouble_of_ours(tmp_path: Path) -> None:
    """BOOK-055"""
    with serving(f"sqlite:///{tmp_path / 'odd.db'}", workers=1) as running:
        statuses = {headers: _status(running.port, headers) for headers in ODD}

    assert statuses == ODD


def _status(port: int, headers: str) -> int:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n\r\n".encode("latin-1"))
        return int(connection.recv(12).split()[1])
