"""The press prints in a process of its own, and goes on after a document that killed it."""

import time

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
