"""Set up the interpreter of a process in which some threads answer people or keep a provider's pace while others work
through what takes its time."""

import gc
import sys

TURN = 0.001
"""Seconds for which one thread keeps the others waiting. Each statement of a database, and each byte sent, gives the
turn away: at Python's 5 ms a thread of twenty statements waits 100 ms for one that lays out a mail."""


def settle_in() -> None:
    """To be called once everything is loaded."""
    sys.setswitchinterval(TURN)
    # What is here by now stays. To look through it for garbage holds up all threads, for a fifth of a second.
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
