"""Say why an appointment is red: its slot went, its class allows fewer by now, its
teacher is busy elsewhere, or the office broke a rule."""

import re
from collections.abc import Sequence

from webapp.errors import N_, DomainError
from webapp.models.booking.appointment import BROKEN_RULE, CALENDAR_BUSY, MOVED, OVER_LIMIT, SLOT_REMOVED
from webapp.services.booking.errors import RuleBroken

_WORDS = {
    SLOT_REMOVED: N_("its slot was deleted: move, cancel or confirm it"),
    OVER_LIMIT: N_("the class allows fewer appointments by now: cancel or confirm it"),
    CALENDAR_BUSY: N_("the teacher is busy in their calendar at this time: move, cancel or confirm it"),
    BROKEN_RULE: N_("breaks a booking rule"),
    f"{BROKEN_RULE}:one_per_teacher": N_("breaks a rule: no more appointments of this child with this teacher"),
    f"{BROKEN_RULE}:no_appointments": N_("breaks a rule: the class takes no appointments"),
    f"{BROKEN_RULE}:not_taught": N_("breaks a rule: this teacher does not teach the child"),
    f"{BROKEN_RULE}:per_event": N_("breaks “Maximum Appointments per Event”"),
    f"{BROKEN_RULE}:per_child": N_("breaks “Maximum Appointments per Child”"),
    f"{BROKEN_RULE}:per_class": N_("breaks “One appointment per class”"),
    f"{BROKEN_RULE}:per_day": N_("breaks “Maximum Appointments per Resource per Day”"),
    f"{BROKEN_RULE}:gap": N_("breaks “Duration between appointments”"),
}
_OTHER = N_("has a problem")


def problem_of(broken: Sequence[DomainError]) -> str | None:
    """The first of the rules, as `Appointment.problem` keeps it; None where none is broken."""
    for error in broken:
        return f"{BROKEN_RULE}:{error.rule}" if isinstance(error, RuleBroken) else BROKEN_RULE
    return None


def kept_in_sight(problem: str | None) -> str | None:
    """The same of what the family had before: nothing is taken from their sight."""
    return problem and problem.replace(BROKEN_RULE, MOVED, 1)


def problem_words(problem: str) -> str:
    """The message id that says it to the office."""
    problem = re.sub(f"^{MOVED}", BROKEN_RULE, problem)
    return _WORDS.get(problem) or _WORDS.get(problem.partition(":")[0], _OTHER)
