"""The press prints in a process of its own, and goes on after a document that killed it."""

import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from webapp.documents import press as module
from webapp.documents.paper import Unprintable
from webapp.documents.press import Press


def test_a_document_that_cannot_be_printed_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """OUT-008: killed within its time, with a reason, and the next one is printed."""
    press = Press(processes=1)
    try:
        assert press.print("<p>first</p>").startswith(b"%PDF")
        with pytest.raises(Unprintable) as refused:
            press.print("x" * 2_100_000)
        assert refused.value.values == {"reason": "RenderLimitError"}

        monkeypatch.setattr(module, "LONGEST", -4.9)
        monkeypatch.setattr(module, "pdf_of_html", time.sleep)
        began = time.monotonic()
        with pytest.raises(Unprintable) as slow:
            press.print(600)  # type: ignore[arg-type]  # seconds that it sleeps
        assert slow.value.values == {"reason": "TimeoutError"}
        assert time.monotonic() - began < 60

        monkeypatch.undo()
        assert press.print("<p>next</p>").startswith(b"%PDF")
    finally:
        press.close()


_SPY = """
import os, sys
_log = os.open({log!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def _note(event, about):
    if event == "open" or event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "urllib.")):
        os.write(_log, (event + " " + repr(about[:2]) + "\\n").encode())
sys.addaudithook(_note)
"""
_HOSTILE = """
<link rel="stylesheet" href="{web}/a.css"><link rel="attachment" href="file://{file}">
<style>@import url("{web}/b.css"); @font-face {{ font-family: x; src: url("{file}") }}
@page {{ background-image: url("{web}/c.pdf") }} p {{ background-image: url("file://{file}") }}</style>
<p>before</p><img src="{web}/d.png"><img src="file://{file}"><img src="{file}"><img src="../../../../../../..{file}">
<object data="{web}/e"></object><iframe src="file://{file}"></iframe>
<embed src="{web}/f"><video poster="{web}/g"></video>
<svg><image href="{web}/h.svg"/></svg><pdf:font src="{file}" name="y"/><pdf:insertpdf src="{file}"/>
<table background="{web}/i.png"><tr><td style="background: url({web}/j)">x</td></tr></table><p>after</p>
"""


def test_hostile_html_opens_no_connection_and_reads_no_file_in_the_process_that_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T23, OUT-008, BOOK-025, BOOK-026: seen by the interpreter's own audit, and by a server that nobody calls."""
    log, secret = tmp_path / "audit", tmp_path / "secret.txt"
    secret.write_text("canary-7f3a")
    (tmp_path / "sitecustomize.py").write_text(_SPY.format(log=str(log)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    press = Press(processes=1)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        web = f"http://127.0.0.1:{listening.getsockname()[1]}"
        lines = _HOSTILE.strip().splitlines()
        try:
            press.print("<p>warm</p>")
            before = len(log.read_text())
            printed = b"".join(_tried(press, text.format(web=web, file=secret)) for text in [*lines, _HOSTILE])
        finally:
            press.close()
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.accept()

    seen = log.read_text()
    assert "open" in seen[:before]
    assert not [event for event in seen[before:].splitlines() if str(secret) in event or not event.startswith("open")]
    assert printed.count(b"%PDF") >= len(lines) // 2
    assert b"canary" not in printed


def _tried(press: Press, html: str) -> bytes:
    try:
        return press.print(html)
    except Unprintable:
        return b""


def test_who_waited_for_a_process_that_another_document_ended_is_printed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OUT-008: the press has one process; the first document kills it while the second waits."""
    press = Press(processes=1)
    try:
        with ThreadPoolExecutor(2) as two:
            monkeypatch.setattr(module, "pdf_of_html", _ends_its_process)
            killer = two.submit(press.print, "<p>killer</p>")
            time.sleep(0.2)
            monkeypatch.undo()
            waiting = two.submit(press.print, "<p>waiting</p>")
            with pytest.raises(Unprintable):
                killer.result(60)
            assert waiting.result(60).startswith(b"%PDF")
    finally:
        press.close()


def _ends_its_process(_html: str) -> bytes:
    time.sleep(0.5)
    os._exit(1)


def test_a_process_that_has_printed_its_share_makes_way_for_another_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "AFTER", 3)
    press = Press(processes=1)
    try:
        with ThreadPoolExecutor(4) as readers:
            printed = list(readers.map(press.print, [f"<p>{n}</p>" for n in range(10)]))
        assert all(content.startswith(b"%PDF") for content in printed)
    finally:
        press.close()
