"""Give the teachers of a class one schedule in an event, so that its families can book them together."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid
from webapp.models import Class, Event, Resource
from webapp.services.event.from_roster import Team
from webapp.services.event.resources import add_team
from webapp.services.roster.class_editor import class_teachers
from webapp.services.system.audit import Who


def take_class(session: Session, event: Event, row: Class, *, who: Who, now: datetime) -> Resource:
    """Raises Invalid where nobody teaches the class, or just these teachers have a schedule here."""
    # Of two who take it at once, the second sees what the first did.
    session.execute(select(col(Event.id)).where(col(Event.id) == event.id).with_for_update())
    members = class_teachers(session, row)
    if not members:
        raise Invalid(N_("Nobody teaches this class. Add a teacher first."))
    return add_team(session, event, Team(tuple(members), row.group_name), who=who, now=now)
