"""Show an office what a text will look like: with the appointments of a family of its event, or with a sample."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup
from sqlalchemy import select
from sqlmodel import Session, col

from webapp.documents import letter, macros, rich_text
from webapp.i18n import gettext as _
from webapp.models import Appointment, Contact, Event, Message, ResourceMember, School
from webapp.models.base import new_token
from webapp.models.message.message import TEST
from webapp.models.message.message_text import CALENDAR, PRINTABLE, RESOURCE
from webapp.providers.base import Mail
from webapp.services.booking.agenda import Entry, agenda, standing
from webapp.services.booking.room import LINK, ROOM, Room
from webapp.services.message.default_texts import OfficeText
from webapp.services.message.facts import Facts, for_teacher
from webapp.services.message.texts import WITH_SCHEDULE, TextInput, texts_of
from webapp.services.message.written import written
from webapp.services.people.manners import speaking_as

_SAMPLE_LINK = "https://zoom.us/j/91422837710?pwd=a1B2c3D4"


SAMPLE = 0
"""In place of an appointment's id."""

MOST_CHOICES = 30


@dataclass(frozen=True)
class Preview:
    """`html` is safe."""

    to: str
    subject: str
    html: Markup


def typed_text(typed: TextInput, kind: str) -> OfficeText:
    """As it would be saved. Raises Invalid for a macro that is not known."""
    for field in ("subject", "body", "location"):
        macros.check(field, getattr(typed, field))
    leads = tuple(int(hours) for hours in typed.lead_hours.split(",") if hours)
    source = rich_text.clean(typed.body).source
    return OfficeText(
        kind, 1, typed.is_on, typed.uses_schedule, typed.subject, source, typed.location, lead_hours=leads
    )


def choices(session: Session, event: Event) -> list[Entry]:
    """The appointments that a preview can be for, those booked last first."""
    ids = _standing(event).order_by(col(Appointment.id).desc()).limit(MOST_CHOICES)
    newest = session.execute(ids).scalars().all()
    return sorted(agenda(session, col(Appointment.id).in_(newest)), key=lambda entry: -entry.id)


def preview(
    session: Session, event: Event, text: OfficeText, *, of: int | None = None, base_url: str, now: datetime
) -> Preview:
    """For the family of the appointment `of` (id), or SAMPLE; without it, or when it is gone, for who booked last."""
    facts = sample_facts(session, event, text.kind, of=of, base_url=base_url, now=now)
    facts = replace(facts, texts={**facts.texts, text.kind: text})
    to = (facts.teacher or facts.contact).email or ""
    if text.kind in {CALENDAR, PRINTABLE}:
        return Preview(to, _line(facts, text.subject), _parts(facts, text))
    if text.uses_schedule and text.kind in WITH_SCHEDULE:
        made = written(facts, text.kind, text)
        table = letter.table(facts.itinerary()).html
        return Preview(to, made.letter.subject, Markup(table))  # noqa: S704 - of our own template
    html = macros.as_html(rich_text.as_html(text.body), _shared(facts), facts.said())
    return Preview(to, _line(facts, text.subject), rich_text.without_dead_links(html, _("link not available")))


def wish_test(session: Session, event: Event, kind: str, contact: Contact, *, now: datetime) -> None:
    """A mail of the saved text, to whoever asks for it."""
    name = f"{TEST}.{new_token()}"
    session.add(
        Message(
            school_id=event.school_id,
            contact_id=contact.id,
            event_id=event.id,
            kind=TEST,
            recipient=contact.email or "",
            dedupe_key=name,
            act=kind,
            message_id=name,
            created_at=now,
            due_at=now,
        )
    )
    session.flush()


def test_mail(session: Session, message: Message, *, base_url: str, now: datetime) -> tuple[Mail, str]:
    """The mail and the HTML of its schedule, empty where none goes with it: as the school writes, and in its name."""
    event, school = session.get_one(Event, message.event_id), session.get_one(School, message.school_id)
    with speaking_as(school, "en"):
        facts = sample_facts(session, event, message.act, base_url=base_url, now=now)
        made = written(facts, message.act, facts.texts[message.act])
        subject = _("Test: %(subject)s", subject=made.letter.subject)
    mail = Mail(message.recipient, subject, made.letter.text, made.letter.html, message.message_id)
    return replace(mail, sender_name=school.sender_name, reply_to=school.reply_to), made.schedule


def sample_facts(
    session: Session, event: Event, kind: str, *, of: int | None = None, base_url: str, now: datetime
) -> Facts:
    """Of a family's appointments, or made-up ones; for a mail to a teacher, of the chosen or first of them."""
    facts = _of_a_family(session, event, of, base_url=base_url, now=now)
    if kind != RESOURCE:
        return facts
    entry = next((one for one in facts.entries if one.id == of), facts.entries[0])
    members = select(Contact).join(ResourceMember, col(ResourceMember.contact_id) == col(Contact.id))
    first = members.where(col(ResourceMember.resource_id) == entry.resource_id).order_by(col(ResourceMember.position))
    teacher = session.execute(first.limit(1)).scalar_one_or_none() or _folake(event, now)
    return for_teacher(replace(facts, entries=[entry]), teacher, base_url=base_url)


def _standing(event: Event, *columns: Any) -> Any:
    """Ids, or these columns, of what stands in the event."""
    return select(*(columns or (col(Appointment.id),))).where(col(Appointment.event_id) == event.id, standing())


def _of_a_family(session: Session, event: Event, of: int | None, *, base_url: str, now: datetime) -> Facts:
    school = session.get_one(School, event.school_id)
    makers = _standing(event, col(Appointment.contact_id))
    chosen_first = makers.order_by(col(Appointment.id) != (of or 0), col(Appointment.id).desc()).limit(1)
    number = session.execute(chosen_first).scalar() if of != SAMPLE else None
    theirs = (col(Appointment.event_id) == event.id, col(Appointment.contact_id) == number)
    entries = agenda(session, *theirs, standing()) if number else []
    contact = session.get_one(Contact, number) if number else _rosa(event, now)
    page = f"{base_url}/{school.slug}/{event.slug}/mine"
    return Facts(school, event, contact, entries or _sample(event, now), texts_of(session, event.id or 0), page)


def _shared(facts: Facts) -> Mapping[str, macros.Value]:
    table = letter.table(facts.itinerary())
    return facts.shared(text=table.text, html=Markup(table.html))  # noqa: S704 - of our own template


def _line(facts: Facts, template: str) -> str:
    return macros.as_line(template, facts.shared(), facts.values())


def _parts(facts: Facts, text: OfficeText) -> Markup:
    """A calendar entry's title, description and location; the Printable Schedule's introduction and places."""
    body = macros.as_html(rich_text.as_html(text.body), _shared(facts), facts.values()[:1])
    place = macros.as_html(Markup("<p>{}</p>").format(text.location), _shared(facts), facts.values()[:1])
    return body + place


def _folake(event: Event, now: datetime) -> Contact:
    address = "folake.adeyemi@school.example"
    return Contact(school_id=event.school_id, first="Folake", last="Adeyemi", email=address, created_at=now)


def _rosa(event: Event, now: datetime) -> Contact:
    return Contact(
        school_id=event.school_id, first="Rosa", last="Alvarez", email="rosa.alvarez@mail.example", created_at=now
    )


def _sample(event: Event, now: datetime) -> list[Entry]:
    begins = (now + timedelta(days=7)).replace(hour=22, minute=0, second=0, microsecond=0)
    first = Entry(
        id=0,
        token="sample",  # noqa: S106 - of no appointment
        act="",
        event_id=0,
        resource_id=0,
        resource_token="",
        slot_id=0,
        contact_id=0,
        told="",
        calendar_sequence=0,
        calendar_said="",
        problem=None,
        held_until=None,
        cancelled_at=None,
        confirmed_at=None,
        event_name=event.name,
        zone=event.zone,
        teacher="Folake Adeyemi",
        starts_at=begins,
        ends_at=begins + timedelta(minutes=15),
        parent="Rosa Alvarez",
        email="rosa.alvarez@mail.example",
        child="Mia Alvarez",
        class_name="",
        service="",
        is_virtual=True,
        has_provider=True,
        room=Room(LINK, _SAMPLE_LINK, _SAMPLE_LINK, "a1B2c3"),
        booked_at=now,
    )
    later = timedelta(minutes=30)
    second = replace(
        first,
        teacher="Jonas Eriksen",
        child="Leo Alvarez",
        starts_at=begins + later,
        ends_at=first.ends_at + later,
        is_virtual=False,
        room=Room(ROOM, "12"),
    )
    return [first, second]
