"""Show the application to a real Chromium, and let axe look at what it shows."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright

from webapp.sandbox.servers import WebServer, listen

SCREENS = [(390, "light"), (390, "dark"), (1440, "light"), (1440, "dark")]

_AXE = Path(__file__).parent / "vendor" / "axe-core@4.14.1" / "axe.min.js"
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
_FLAGS += ["--disable-component-update", "--disable-sync"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Skips the test where there is none, or fails it where CI is set."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        reason = "this test needs Chromium: install the package chromium"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The app on a free port of this machine; gives its address."""
    listening = listen("127.0.0.1", 0)
    server = WebServer(app, listening)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.start()
    yield address
    server.stop()


@contextmanager
def opened(browser: Browser, width: int, scheme: Any, *, ignored: Sequence[str] = ()) -> Iterator[Page]:
    """A page of its own; what its console or its scripts complain of fails the test, but for what is `ignored`."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    page.close()
    assert [text for text in problems if not any(one in text for one in ignored)] == []


def assert_fine(page: Page) -> None:
    """Nothing for axe to find, and nothing wider than the screen."""
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run()).violations.map(v => [v.id, v.nodes.map(n => n.html)])")
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
