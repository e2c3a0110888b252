"""Starting and stopping all stand-ins together."""

import smtplib
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from sandbox_school import SPEC, School

from webapp.sandbox.run import start_sandbox
from webapp.sandbox.servers import listen
from webapp.sandbox.zoom import seed

ALONE = "127.0.0.77" if sys.platform == "linux" else "127.0.0.1"
"""An address on which the tests of the other core do not take a port that was just given back."""


def test_a_restart_keeps_ports_and_therefore_links(tmp_path: Path) -> None:
    with start_sandbox(tmp_path, host=ALONE) as first:
        seed(first.zoom, **SPEC)
        made = School(state=first.zoom).connect()
        first.zoom.public_url = first.zoom_url
        link = made.made()["join_url"]
        ports = first.ports

    with start_sandbox(tmp_path, host=ALONE) as second:
        page = requests.get(link, timeout=5)

    assert second.ports == ports
    assert page.status_code == 200


def test_a_port_that_is_taken_gives_way_to_a_free_one(tmp_path: Path) -> None:
    with start_sandbox(tmp_path) as first:
        ports = first.ports

    with listen("127.0.0.1", ports["zoom"]), start_sandbox(tmp_path) as second:
        answer = requests.get(second.zoom_url, timeout=5)

    assert second.ports["zoom"] != ports["zoom"]
    assert second.ports["mailbox"] == ports["mailbox"]
    assert answer.status_code == 200


def test_a_named_port_is_used(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as probe:
        port = probe.getsockname()[1]

    with start_sandbox(zoom_port=port) as sandbox:
        answer = requests.get(f"http://127.0.0.1:{port}/", timeout=5)

    assert sandbox.zoom_url == f"http://127.0.0.1:{port}"
    assert answer.status_code == 200


def test_after_stopping_nothing_listens_and_nobody_waits() -> None:
    sandbox = start_sandbox(host=ALONE)
    idle = socket.create_connection((ALONE, sandbox.ports["zoom"]))
    talking = smtplib.SMTP(ALONE, sandbox.smtp_port, timeout=5)
    before = threading.active_count()

    sandbox.stop()
    sandbox.stop()

    for port in sandbox.ports.values():
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((ALONE, port))
    with suppress(ConnectionResetError):  # whoever was not let in yet is turned away
        assert idle.recv(1) == b""
    assert threading.active_count() < before
    idle.close()
    talking.close()


def test_a_connection_serves_many_requests() -> None:
    with start_sandbox() as sandbox, requests.Session() as session:
        answers = [session.post(f"{sandbox.zoom_url}/oauth/token", data="x" * 5000, timeout=5) for _ in range(20)]
        connections = [
            pool.num_connections for pool in session.get_adapter("http://").poolmanager.pools._container.values()
        ]

    assert {answer.status_code for answer in answers} == {401}
    assert connections == [1]


def test_a_body_of_unknown_length_is_refused() -> None:
    with start_sandbox() as sandbox:
        answer = requests.post(f"{sandbox.zoom_url}/oauth/token", data=iter([b"a", b"b"]), timeout=5)

    assert answer.status_code == 411
