"""Look for a waited-for link at a humane pace: every 2 seconds for 20, every 15 for 5 minutes, then no more."""

QUICK, SLOW = 10, 20


def pace(n: int) -> str | None:
    """The trigger of the request after `n` earlier ones, or None once we have said that we will email it."""
    if n < QUICK:
        return "every 2s"
    return "every 15s" if n < QUICK + SLOW else None
