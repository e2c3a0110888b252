"""Fault points cost nothing where nobody asks for them, and end the whole process group where a test does."""

import inspect
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from webapp import faults

HOME = Path(__file__).parents[1]
POINTS = {
    "F01": "booking.validated",
    "F02": "booking.inserted",
    "F03": "booking.committed",
    "F04": "cancel.before_commit",
    "F05": "cancel.committed",
    "F06": "move.before_commit",
    "F07": "import.mid_rows",
    "F08": "import.before_commit",
    "F09": "job.claimed",
    "F10": "job.attempt_stamped",
    "F11": "call.request_sent",
    "F12": "call.response_read",
    "F13": "zoom.in_commit",
    "F14": "zoom.committed",
    "F15": "zoom.delete_done",
    "F16": "zoom.update_done",
    "F17": "cal.insert_done",
    "F18": "cal.update_done",
    "F19": "cal.delete_done",
    "F20": "token.refresh_sent",
    "F21": "token.refresh_read",
    "F22": "mail.rendered",
    "F23": "mail.data_sent",
    "F24": "mail.accepted",
    "F25": "webhook.stored",
    "F26": "sweep.listed",
}
"""RELIABILITY 2.8."""

BESIDES = {"cal.in_commit", "busy.in_commit"}
"""F13 of calendars."""

_PASSES = """
import subprocess, sys
from webapp import faults
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep({seconds})"])
faults.point("elsewhere")
print(child.pid, flush=True)
faults.point("here")
print("still alive", flush=True)
"""


def test_where_nobody_asks_a_point_does_nothing() -> None:
    assert inspect.getsource(faults.point).strip().count("\n") == 1
    faults.point("booking.inserted")


def test_each_point_of_the_crash_suite_is_passed_and_no_other() -> None:
    code = "\n".join(file.read_text() for where in ("webapp", "jobs") for file in (HOME / where).rglob("*.py"))
    assert set(re.findall(r'(?:faults\.point\(|point=)"([^"]+)"', code)) == set(POINTS.values()) | BESIDES


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_the_armed_point_kills_its_process_group_once(tmp_path: Path) -> None:
    armed = tmp_path / "armed"
    armed.write_text("here")

    first, second = (_run(armed) for _ in range(2))

    assert first.returncode == -signal.SIGKILL
    assert "still alive" not in first.stdout
    assert not armed.exists()
    assert second.returncode == 0
    assert "still alive" in second.stdout


def _run(armed: Path) -> subprocess.CompletedProcess[str]:
    """Standard output ends only when the child of the group is dead too."""
    seconds = 60 if armed.exists() else 0
    return subprocess.run(
        [sys.executable, "-c", _PASSES.format(seconds=seconds)],
        env={"PYTHONPATH": str(HOME), "CONFAB_FAULT_FILE": str(armed)},
        capture_output=True,
        text=True,
        timeout=30,
        start_new_session=True,
        check=False,
    )
