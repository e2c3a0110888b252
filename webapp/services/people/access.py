"""Know as whom a person stands before a school, and which events were granted to them."""

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.models import Contact, Grant, Level, School
from webapp.services.people.sign_in import SignedIn, may_act_as


def own_contact(session: Session, school: School, login_id: int) -> Contact | None:
    query = select(Contact).where(col(Contact.school_id) == school.id, col(Contact.login_id) == login_id)
    return session.execute(query).scalars().first()


def acted_contact(session: Session, person: SignedIn, own: Contact | None) -> Contact | None:
    """The teacher as whom the person acts. The right to do so is looked at each time: it may have been taken away."""
    acted = session.get(Contact, person.acting_as_id) if person.acting_as_id else None
    if acted and own and own.level >= Level.EVENT_ADMINISTRATOR and may_act_as(own, acted):
        return acted
    return None


def is_granted(session: Session, contact: Contact, event_id: object) -> bool:
    query = select(col(Grant.id)).where(col(Grant.contact_id) == contact.id, col(Grant.event_id) == event_id)
    return session.execute(query).first() is not None
