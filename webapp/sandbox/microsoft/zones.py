"""Know the zones that Outlook offers by Windows' names, and those of the tz database."""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

WINDOWS = {
    "UTC": "UTC",
    "Hawaiian Standard Time": "Pacific/Honolulu",
    "Pacific Standard Time": "America/Los_Angeles",
    "Mountain Standard Time": "America/Denver",
    "Central Standard Time": "America/Chicago",
    "Eastern Standard Time": "America/New_York",
    "Atlantic Standard Time": "America/Halifax",
    "Newfoundland Standard Time": "America/St_Johns",
    "E. South America Standard Time": "America/Sao_Paulo",
    "GMT Standard Time": "Europe/London",
    "W. Europe Standard Time": "Europe/Berlin",
    "Romance Standard Time": "Europe/Paris",
    "FLE Standard Time": "Europe/Kiev",
    "India Standard Time": "Asia/Kolkata",
    "Nepal Standard Time": "Asia/Kathmandu",
    "China Standard Time": "Asia/Shanghai",
    "Tokyo Standard Time": "Asia/Tokyo",
    "AUS Eastern Standard Time": "Australia/Sydney",
    "Lord Howe Standard Time": "Australia/Lord_Howe",
    "New Zealand Standard Time": "Pacific/Auckland",
}
_OWN_UTC = "tzone://Microsoft/Utc"


def zone_named(name: str) -> tzinfo:
    """Raises ValueError for a name that nobody knows."""
    if name in {_OWN_UTC, "Z"}:
        return UTC
    try:
        return ZoneInfo(WINDOWS.get(name, name))
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone.") from error
