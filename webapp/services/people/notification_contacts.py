"""Know whom a school wants told when something needs a hand."""

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.models import Contact, Level


def notification_contacts(session: Session, school_id: int) -> list[Contact]:
    """The school's Administrators who have an email."""
    query = (
        select(Contact)
        .where(
            col(Contact.school_id) == school_id,
            col(Contact.level) == Level.ADMINISTRATOR,
            col(Contact.email).is_not(None),
        )
        .order_by(col(Contact.id))
    )
    return list(session.execute(query).scalars())
