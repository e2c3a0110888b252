"""Keep the language that a person chose, in which they read pages and mails."""

from sqlalchemy import update
from sqlmodel import Session, col

from webapp.models import Contact


def choose(session: Session, contact: Contact, chosen: str) -> None:
    session.execute(update(Contact).where(col(Contact.id) == contact.id).values(language=chosen))
