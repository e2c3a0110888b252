"""No thread of a process that serves keeps the others waiting for long."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

_ASK = """
import gc, json, sys
import wsgi
print(json.dumps([sys.getswitchinterval(), gc.get_freeze_count(), gc.get_threshold()]))
"""


def test_a_process_that_serves_gives_turns_away_soon_and_looks_for_garbage_seldom(tmp_path: Path) -> None:
    """F12: a process that stands still for a fifth of a second sends, or notices, six calls at once."""
    about = {"CONFAB_RUN_JOBS": "0", "CONFAB_DATABASE_URL": f"sqlite:///{tmp_path}/x.db"}
    about |= {f"CONFAB_{name}": secrets.token_hex(32) for name in ("SECRET_KEY", "TOKEN_KEYS")}
    command = [sys.executable, "-c", _ASK]
    asked = subprocess.run(
        command, env=os.environ | about, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True
    )

    turn, frozen, thresholds = json.loads(asked.stdout.splitlines()[-1])

    assert turn == 0.001
    assert frozen > 50_000
    assert thresholds[0] >= 10_000
