"""Set the lasting switches of a stand-in from plain values, refusing what makes no sense with a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar


@dataclass(frozen=True)
class Switches:
    """Those that every stand-in has, in seconds."""

    latency: float = 0.0  # before any call is looked at
    clock_offset: float = 0.0


S = TypeVar("S", bound=Switches)
YEAR = 366 * 24 * 3600.0
RANGES = {"latency": (0.0, 60.0), "clock_offset": (-YEAR, YEAR)}


def switched(
    switches: S, values: Mapping[str, Any], ranges: Mapping[str, tuple[float, float]], choices: Mapping[str, Any]
) -> S:
    """Raises ValueError for an unknown name or a value out of range. What was a whole number stays one."""
    unknown = sorted(set(values) - {one.name for one in fields(switches)})
    if unknown:
        raise ValueError(f"unknown switch: {', '.join(unknown)}")
    checked = {name: _checked(switches, name, value, ranges, choices) for name, value in values.items()}
    return replace(switches, **checked)


def _checked(
    switches: S, name: str, value: Any, ranges: Mapping[str, tuple[float, float]], choices: Mapping[str, Any]
) -> Any:
    if name in choices:
        if value not in choices[name]:
            raise ValueError(f"{name} must be one of {', '.join(map(str, choices[name]))}")
        return value
    low, high = ranges[name]
    number = _number(name, value)
    if not low <= number <= high:
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}")
    return int(number) if isinstance(getattr(switches, name), int) else number


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number") from None
