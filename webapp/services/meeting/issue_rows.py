"""Tell why a virtual appointment needs somebody, and gather the appointments of one cause in a row with its steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.i18n import full_date, gettext, local_day, moment, ngettext
from webapp.models.meeting.host import MAPPED
from webapp.services.booking.wish_meetings import NEEDS_RECONNECT, NO_CONTACT, NOT_CONNECTED, NOT_MAPPED
from webapp.services.meeting.account_users import Choice
from webapp.services.meeting.awaited import Awaited
from webapp.services.meeting.issues import (
    CHANGE,
    NO_LINK,
    OF_CONNECTION,
    OF_HOST,
    OF_LIMIT,
    OTHER,
    SLOW,
    Advice,
    advice,
    missing_user,
    not_exported_too,
    without_link_too,
)
from webapp.services.system.wishes import OPERATORS

MOST_NAMED = 20
"""Appointments that a diagnosis names."""

LINKS_TAKE_AT_MOST = timedelta(minutes=40)
"""After it an appointment leaves Online Meeting Sync and stands in Online Meeting Issues (R27)."""


@dataclass(frozen=True)
class Concerned:
    """One appointment of an issue."""

    id: int
    teacher: str
    when: str
    child: str
    parent: str


@dataclass(frozen=True)
class Place:
    """A teacher or resource of an event."""

    event_id: int
    event: str
    resource_id: int
    teacher: str


@dataclass(frozen=True)
class HostFacts:
    """Both sides of a mapping, side by side (R70)."""

    email: str
    remote_email: str
    remote_id: str


@dataclass(frozen=True)
class IssueRow:
    """One cause with each appointment concerned: at one of the `places`, or, where the connection is the cause, at all
    of them together."""

    places: tuple[Place, ...]
    code: str
    appointments: tuple[Concerned, ...]
    advice: Advice
    host: HostFacts | None
    messages: tuple[str, ...]
    tries: int
    lead_id: int | None = None
    suggested: tuple[Choice, ...] = ()
    zone_changed: str = ""

    @property
    def event_id(self) -> int:
        return self.places[0].event_id

    @property
    def event(self) -> str:
        return ", ".join(dict.fromkeys(place.event for place in self.places))

    @property
    def resource_ids(self) -> list[int]:
        return [place.resource_id for place in self.places]

    @property
    def teachers(self) -> list[str]:
        return list(dict.fromkeys(place.teacher for place in self.places))

    @property
    def teacher(self) -> str:
        """The name, or how many they are."""
        names = self.teachers
        return names[0] if len(names) == 1 else ngettext("%(n)s teacher", "%(n)s teachers", len(names))

    @property
    def diagnosis(self) -> str:
        """For the school's own helpers or Zoom's support: facts by their names, no family, link, passcode or token."""
        facts = {
            "reason": self.code,
            "event": f"{self.event_id} ({self.event})",
            "resource": " ".join(str(number) for number in self.resource_ids[:MOST_NAMED]) + f" ({self.teacher})",
            "appointments": " ".join(str(one.id) for one in self.appointments[:MOST_NAMED]),
            "tries": str(self.tries),
        }
        if self.host:
            host = self.host
            facts |= {"email": host.email, "zoom_email": host.remote_email, "zoom_user_id": host.remote_id}
        lines = [f"{name}: {value or '-'}" for name, value in facts.items()]
        return "\n".join([*lines, *(f"zoom: {said}" for said in self.messages)])

    @property
    def name(self) -> str:
        """Stable while the cause stands; letters, digits and hyphens."""
        place = self.places[0]
        at = "all" if self.is_of_connection else f"{place.event_id}-{place.resource_id}"
        return f"{at}-{self.code.replace('_', '-')}"

    @property
    def is_without_contact(self) -> bool:
        return self.code == NO_CONTACT

    @property
    def is_without_link(self) -> bool:
        return self.code == NO_LINK

    @property
    def is_of_connection(self) -> bool:
        return self.code in OF_CONNECTION

    @property
    def can_retry(self) -> bool:
        return self.code not in {NO_CONTACT, NO_LINK, NOT_CONNECTED, NEEDS_RECONNECT}


def cause_of(row: Awaited, *, now: datetime) -> str | None:
    """Why the appointment needs somebody; None while its link is on the way."""
    if row.lead_id is None:
        return NO_CONTACT
    if row.provider is None:
        return NO_LINK
    if row.join_url is not None and row.unreachable:
        return row.unreachable  # and with it, who of the teachers is whom there
    if row.problem_code in OPERATORS:
        return row.problem_code  # at once: that it is tried again every hour helps nobody who waits
    if row.join_url is not None:
        return CHANGE if row.host_state == MAPPED else row.host_state or NOT_MAPPED
    if row.is_given_up:
        return row.problem_code or OTHER
    if now - row.since < LINKS_TAKE_AT_MOST:
        return None
    return row.problem_code if row.problem_code in OF_LIMIT else SLOW


def issue_row(
    code: str, rows: Sequence[Awaited], *, users: Mapping[str, Choice] | None = None, now: datetime
) -> IssueRow:
    """`users` are those who may be suggested, by id."""
    first = rows[0]
    places = {row.resource_id: Place(row.event_id, row.event, row.resource_id, row.teacher) for row in rows}
    return IssueRow(
        places=tuple(places.values()),
        code=code,
        appointments=tuple(Concerned(r.id, r.teacher, moment(r.starts_at, r.zone), r.child, r.parent) for r in rows),
        advice=_advice(code, rows, now=now),
        host=HostFacts(first.lead_email, first.remote_email, first.remote_id) if code in OF_HOST else None,
        messages=_messages(code, rows),
        tries=max(row.tries for row in rows),
        lead_id=first.lead_id,
        suggested=_suggested(first, users or {}) if code in OF_HOST else (),
        zone_changed=next((_day(row) for row in rows if row.has_failed_in_new_zone), ""),
    )


def _day(row: Awaited) -> str:
    return full_date(local_day(row.zone_changed_at, row.zone)) if row.zone_changed_at else ""


def _suggested(row: Awaited, users: Mapping[str, Choice]) -> tuple[Choice, ...]:
    return tuple(users[key] for key in row.suggested if key in users and users[key].is_free)


def _advice(code: str, rows: Sequence[Awaited], *, now: datetime) -> Advice:
    longest = min(rows, key=lambda row: row.since)
    rule = str(longest.values.get("rule", ""))
    given = advice(
        code,
        {
            "words": longest.words or gettext("Zoom could not do what was asked."),
            "rule": rule if rule.strip("?") else gettext("not told by Zoom"),
            "minutes": longest.minutes(now),
            "tries": longest.tries,
            "next_try": _next_try(longest),
        },
    )
    if code == SLOW and not longest.is_exported:
        return not_exported_too(given)
    is_bare = code == NO_CONTACT and longest.provider is None and not longest.has_typed_link
    return without_link_too(given) if is_bare else given


def _messages(code: str, rows: Sequence[Awaited]) -> tuple[str, ...]:
    """What Zoom said, each once; for a missing user the sentence that offices know."""
    first = rows[0]
    said = [row.problem_detail for row in rows if row.problem_detail]
    if code in OF_HOST and not said:
        said = [missing_user(name=first.lead, email=first.lead_email, remote_id=first.remote_id)]
    return tuple(dict.fromkeys(said))


def _next_try(row: Awaited) -> str:
    if row.is_running:
        return gettext("going on now")
    return moment(row.next_try, row.zone) if row.next_try else gettext("none planned")
