"""Know the texts that stand in an event until its office writes its own, in the language of whoever reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from webapp.documents import macros
from webapp.errors import N_
from webapp.i18n import gettext as _
from webapp.models.message.message import CHANGED, CONFIRMATION, LINKS_READY
from webapp.models.message.message_text import CALENDAR, CANCELLATION, PRINTABLE, REMINDER, RESOURCE

_WHERE = frozenset({macros.ROOM, macros.TABLE})
_SAY_NO_PLACE = frozenset({CANCELLATION, RESOURCE, CALENDAR})


@dataclass(frozen=True)
class OfficeText:
    """A text as it counts now. `version` is 0 where nothing was saved yet."""

    kind: str
    version: int
    is_on: bool
    uses_schedule: bool
    subject: str
    body: str
    location: str = ""
    file_name: str = ""
    lead_hours: tuple[int, ...] = ()
    saved_at: datetime | None = None
    saved_by: str = ""

    @property
    def hides_links(self) -> bool:
        """Whether families would not see their links in it (R50)."""
        if self.kind == PRINTABLE:
            return macros.ROOM not in macros.names_in(self.location)
        if self.kind in _SAY_NO_PLACE:
            return False
        return self.is_on and not self.uses_schedule and not macros.names_in(self.body) & _WHERE


def default_text(kind: str) -> OfficeText:
    """New events mail the Printable Schedule; the written text stands ready (R52). Teachers are mailed where the office
    wants it."""
    body = "\n\n".join(_(part) for part in _BODIES[kind])
    text = OfficeText(kind, 0, is_on=True, uses_schedule=True, subject=_(_SUBJECTS[kind]), body=body)
    if kind == REMINDER:
        return replace(text, lead_hours=(24,))
    if kind == RESOURCE:
        return replace(text, is_on=False)
    return replace(text, location="$(Room)") if kind in {CALENDAR, PRINTABLE} else text


def as_read(text: OfficeText) -> OfficeText:
    """What an office saved with the words that stood there is said in the language of whoever reads it."""
    subject, body = _SUBJECTS[text.kind], "\n\n".join(_BODIES[text.kind])
    if text.subject == subject:
        text = replace(text, subject=_(subject))
    return replace(text, body=default_text(text.kind).body) if text.body == body else text


_GREETING = N_("Hello $(FirstName),")
_LINES = N_("$(Date), $(Time)\n$(Teacher), about $(Student)\nWhere: $(Room)")
_FAREWELL = N_("Change or cancel: $(E_LINK)\n\n$(V_NAME)")
_SUBJECTS = {
    CONFIRMATION: N_("Your appointments, $(E_NAME)"),
    CHANGED: N_("Changed: your appointments, $(E_NAME)"),
    LINKS_READY: N_("Your links, $(E_NAME)"),
    REMINDER: N_("Reminder: your appointments on $(Date), $(E_NAME)"),
    CANCELLATION: N_("Cancelled: $(Teacher), $(Date), $(E_NAME)"),
    RESOURCE: N_("$(Status): $(Student), $(Date), $(Time)"),
    CALENDAR: N_("Conference with $(Teacher)"),
    PRINTABLE: N_("Printable Schedule"),
}
_BODIES: Mapping[str, tuple[str, ...]] = {
    CONFIRMATION: (_GREETING, N_("your appointments for $(E_NAME) are booked."), _LINES, _FAREWELL),
    CHANGED: (_GREETING, N_("these appointments have changed. This replaces what we sent before."), _LINES, _FAREWELL),
    LINKS_READY: (_GREETING, N_("the links of your appointments are ready."), _LINES, _FAREWELL),
    REMINDER: (_GREETING, N_("this is a reminder of your appointments for $(E_NAME)."), _LINES, _FAREWELL),
    CANCELLATION: (
        _GREETING,
        N_("this appointment is cancelled."),
        N_("$(Date), $(Time)\n$(Teacher), about $(Student)"),
        "$(V_NAME)",
    ),
    RESOURCE: (
        N_("$(Status): $(Student), with $(FirstName) $(LastName)\n$(Date), $(Time)\nWhere: $(Room)"),
        N_("Your schedule: $(E_LINK)\n\n$(V_NAME)"),
    ),
    CALENDAR: (N_("$(E_NAME)\n$(Student), $(Class)\nWhere: $(Room)"),),
    PRINTABLE: ("$(E_DESCRIPTION)",),
}
