"""Say a conference in its teacher's own calendar: no child's name leaves the school, and how to meet is there."""

from dataclasses import dataclass

from webapp.i18n import gettext
from webapp.models import School
from webapp.services.booking.agenda import Entry
from webapp.services.booking.room import LINK, MAKING, Room
from webapp.services.meeting.order import topic_of
from webapp.services.people.manners import speaking_as


@dataclass(frozen=True)
class Said:
    summary: str
    description: str
    location: str


def said_of(school: School, appointment: Entry, *, base_url: str) -> Said:
    """Who comes stands on a page of ours, which asks who is there."""
    page = f"{base_url}/s/{school.slug}/reports/teachers-schedule?event={appointment.event_id}"
    with speaking_as(school, "en"):
        description = "\n".join([*_how_to_meet(appointment.room), gettext("Who comes: %(page)s", page=page)])
    room = appointment.room
    return Said(topic_of(appointment.event_name, appointment.teacher), description, room.url or room.text)


def _how_to_meet(room: Room) -> list[str]:
    if room.state == MAKING:
        return [gettext("The link is being made.")]
    if room.state != LINK:
        return [gettext("Room: %(room)s", room=room.text)] if room.text else []
    passcode = [gettext("Passcode: %(passcode)s", passcode=room.passcode)] if room.passcode else []
    return [gettext("Join: %(link)s", link=room.url or room.text), *passcode]
