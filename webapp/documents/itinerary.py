"""Hold what a document says about a person's appointments: frozen values, filled through the agenda, never rows."""

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Line:
    """One appointment, in words of the recipient's language. `url` is a checked https link or None.

    The last three are for teachers; of what is withdrawn families alone are told."""

    time: str
    minutes: int
    teacher: str
    child: str
    class_name: str
    is_virtual: bool
    place: str
    url: str | None
    passcode: str
    is_waiting: bool
    where: Markup | None = None  # the office's own words for the place, safe HTML
    is_withdrawn: bool = False
    parent: str = ""
    service: str = ""
    has_problem: bool = False


@dataclass(frozen=True)
class Day:
    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Itinerary:
    """Somebody's appointments of one event, by day. `zone` is the school's, in words; `mails_links` says whether
    a link that is on its way will be mailed."""

    school: str
    event: str
    recipient: str
    zone: str
    page: str
    days: tuple[Day, ...]
    mails_links: bool = True

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(line for day in self.days for line in day.lines)
