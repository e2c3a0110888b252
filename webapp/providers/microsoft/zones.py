"""Know a time zone by the name that Exchange gives it: Windows', the one of the tz database, or one of its own."""

from zoneinfo import ZoneInfo

from babel.core import get_global

_WINDOWS: dict[str, str] = {name.casefold(): zone for name, zone in get_global("windows_zone_mapping").items()}
_UTC = frozenset({"utc", "coordinated universal time", "tzone://microsoft/utc", "z", ""})


def zone_named(name: object) -> ZoneInfo | None:
    """None where nobody knows it, such as `tzone://Microsoft/Custom`."""
    text = str(name or "").strip()
    if is_utc(text):
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(_WINDOWS.get(text.casefold(), text))
    except (KeyError, ValueError, OSError):  # OSError: a folder of the database is not a zone
        return None


def is_utc(name: object) -> bool:
    return str(name or "").strip().casefold() in _UTC
