"""Load the demo school through the services that an office uses: importer, event, slots."""

import secrets
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.db import Database
from webapp.demo import people
from webapp.models import Contact, Event, EventSettings, Level, Login, Resource, School
from webapp.services.event.create_slots import SlotsInput, create_slots
from webapp.services.event.events import EventInput, add_event
from webapp.services.event.settings import save_vendor_ui_setup
from webapp.services.people.accounts import password_hash
from webapp.services.people.admins import create_admin
from webapp.services.people.schools import add_school
from webapp.services.roster.import_roster import apply_import, plan_import
from webapp.services.system.audit import SYSTEM

SLUG, NAME, ZONE = "linden", "Linden Park School", "America/Chicago"
ADMIN = ("Dana", "Whitlock", "office@lindenpark.example")


def load(database: Database, *, empty: bool, now: datetime) -> dict[str, Any]:
    """The sign-ins and the event's short name, for the demo's facts. One transaction: a killed start leaves nothing."""
    with database.transaction() as session:
        school = add_school(session, slug=SLUG, name=NAME, zone=ZONE, now=now)
        facts: dict[str, Any] = {"school": SLUG, "event": None, "teacher": None, "parent": None}
        facts["admin"] = _administrator(session, now=now)
        if not empty:
            _import(session, school, now=now)
            facts["event"] = _event(session, school, now=now).slug
            facts["teacher"] = _with_password(session, people.teacher_email("Folake", "Adeyemi"), Level.VIEWER)
            facts["parent"] = _with_password(session, people.parent_email(1, "Rosa", "Alvarez"), Level.CUSTOMER)
        return facts


def _administrator(session: Session, *, now: datetime) -> dict[str, str]:
    first, last, email = ADMIN
    password = _password()
    create_admin(
        session,
        slug=SLUG,
        school_name=NAME,
        zone=ZONE,
        email=email,
        first=first,
        last=last,
        password=password,
        now=now,
    )
    return {"email": email, "password": password}


def _import(session: Session, school: School, *, now: datetime) -> None:
    plan = plan_import(session, school, people.roster_files(), now=now)
    assert not plan.report.problems, plan.report.problems
    apply_import(session, school, plan, who=SYSTEM, now=now)


def _event(session: Session, school: School, *, now: datetime) -> Event:
    typed = EventInput(
        name="Fall Conferences",
        type="pta",
        zone=ZONE,
        location="Main building, and online",
        description="Fifteen minutes with each teacher.",
        slug="fall",
    )
    event = add_event(session, school, typed, who=SYSTEM, now=now)
    save_vendor_ui_setup(session, event, shows_appointment_type=True, who=SYSTEM, now=now)
    days = _days(now)
    settings = session.get_one(EventSettings, event.id)
    settings.opens_at = now - timedelta(days=1)
    settings.closes_at = datetime.combine(days[0], time(), ZoneInfo(ZONE)) - timedelta(hours=4)
    for grade, kind in zip(people.GRADES, ("PV", "V", "P"), strict=True):
        _slots(session, event, grade, kind, days, now=now)
    return event


def _slots(session: Session, event: Event, grade: str, kind: str, days: list[date], *, now: datetime) -> None:
    group = select(col(Resource.id)).where(col(Resource.event_id) == event.id, col(Resource.group_name) == grade)
    typed = SlotsInput.model_validate(
        {
            "dates": days,
            "resources": list(session.execute(group).scalars()),
            "from_time": "16:00",
            "to_time": "19:00",
            "duration": 15,
            "travel_break": 0,
            "kind": kind,
        }
    )
    create_slots(session, event, typed, who=SYSTEM, now=now)


def _days(now: datetime) -> list[date]:
    """A Thursday and Friday, at least six days ahead."""
    ahead = now.astimezone(ZoneInfo(ZONE)).date() + timedelta(days=6)
    thursday = ahead + timedelta(days=(3 - ahead.weekday()) % 7)
    return [thursday, thursday + timedelta(days=1)]


def _with_password(session: Session, email: str, level: Level) -> dict[str, str]:
    password = _password()
    query = select(Login).join(Contact, col(Contact.login_id) == col(Login.id)).where(col(Login.email) == email)
    login = session.execute(query).scalar_one()
    login.password_hash = password_hash(password, level=level)
    return {"email": email, "password": password}


def _password() -> str:
    return f"demo-{secrets.token_hex(12)}"
