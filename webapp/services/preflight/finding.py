"""Hold what preflight found: which object, what is wrong with it, and where that is put right."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

RED, AMBER, GREEN = "red", "amber", "green"
"""Red: links will fail. Amber: somebody should look. Green: nothing was found."""

SETUP, UI_SETUP, APPOINTMENTS, IMPORTER = "setup", "ui_setup", "appointments", "importer"
NOTIFICATIONS = "notifications"
CREATE_SLOTS, UPDATE_SLOTS = "create_slots", "update_slots"
"""The pages on which a remedy is done."""


@dataclass(frozen=True)
class Subject:
    """What a finding is about. `key` is for the audit, which holds no names: such as "resource 12"."""

    key: str
    name: str
    resource_id: int | None = None


@dataclass(frozen=True)
class Finding:
    """`heading` and `remedy` are message ids, filled from `values`; `place` is where the remedy is done, if here."""

    code: str
    state: str
    heading: str
    remedy: str
    place: str = ""
    subjects: tuple[Subject, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def item(self) -> str:
        """For the audit."""
        return f"{self.code} ({', '.join(one.key for one in self.subjects)})" if self.subjects else self.code


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `fine` is said where nothing was found; `as_of` is the age of facts from outside,
    None for what is read from the event itself."""

    title: str
    fine: str
    findings: tuple[Finding, ...]
    as_of: datetime | None = None

    @property
    def state(self) -> str:
        states = {finding.state for finding in self.findings}
        return RED if RED in states else AMBER if AMBER in states else GREEN
