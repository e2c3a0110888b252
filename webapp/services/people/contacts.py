"""Add and change a school's contacts; one address, TeacherID or ParentID belongs to one contact of a school."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from webapp import i18n
from webapp.errors import N_, Invalid, NotAllowed, NotFound
from webapp.models import Contact, Level
from webapp.services.calendar.link import part_from_all
from webapp.services.event.renamed import renaming
from webapp.services.people.accounts import checked_email, login_of, tie
from webapp.services.people.feeds import stop_feeds
from webapp.services.people.folding import is_visible
from webapp.services.people.passwords import tell_old_address
from webapp.services.people.sign_in import end_months
from webapp.services.system import audit
from webapp.services.system.audit import Who


def without_control(text: str) -> str:
    if not text.isprintable():
        raise ValueError(N_("Type it without line breaks and control characters."))
    return text


def _a_name(text: str) -> str:
    return text if is_visible(text) else without_control(text)


def _lines(text: str) -> str:
    return "\n".join(without_control(line.strip()) for line in text.splitlines())


def _an_address(text: str) -> str:
    try:
        return checked_email(text) if text else ""
    except Invalid as error:
        raise ValueError(error.message) from error


def _a_language(text: str) -> str:
    if text and text not in i18n.LANGUAGES:
        raise ValueError(N_("Choose one of the list."))
    return text


Address = Annotated[str, AfterValidator(_an_address)]
Words = Annotated[str, Field(max_length=100), AfterValidator(_a_name)]
Language = Annotated[str, AfterValidator(_a_language)]
Phone = Annotated[str, Field(max_length=40), AfterValidator(without_control)]
Home = Annotated[str, Field(max_length=300), AfterValidator(_lines)]
Ref = Annotated[str, Field(max_length=255), AfterValidator(without_control)]


class ContactInput(BaseModel):
    """Contact Info. What is left empty is unknown; a name or an address has to be there."""

    model_config = ConfigDict(str_strip_whitespace=True)

    first: Words = ""
    last: Words = ""
    email: Address = ""
    teacher_ref: Ref = ""
    parent_ref: Ref = ""
    language: Language = ""
    phone: Phone = ""
    address: Home = ""

    def refuse_nobody(self) -> None:
        if not (self.first or self.last or self.email):
            raise Invalid(N_("Type a name or an email."), field="last")


class StaffInput(ContactInput):
    """Add Administrator: whoever signs in to work, at a level of PRODUCT 1.6."""

    level: int = Field(default=Level.VIEWER, ge=Level.VIEWER, le=Level.ADMINISTRATOR)
    invite: bool = False


class Taken(Invalid):
    """Somebody else of the school has this address or ID. Values: holder."""


_TAKEN = {
    "email": N_("Email address already exists, can't create duplicates. %(holder)s has it: use that contact."),
    "teacher_ref": N_("%(holder)s has this TeacherID already."),
    "parent_ref": N_("%(holder)s has this ParentID already."),
}


def contact_of(session: Session, school_id: int, contact_id: int, *, locked: bool = False) -> Contact:
    """Raises NotFound for another school's."""
    query = select(Contact).where(col(Contact.id) == contact_id, col(Contact.school_id) == school_id)
    if locked:
        query = query.with_for_update().execution_options(populate_existing=True)
    contact: Contact | None = session.execute(query).scalar_one_or_none()
    if contact is None:
        raise NotFound
    return contact


def add_contact(
    session: Session, school_id: int, typed: ContactInput, *, level: Level = Level.CUSTOMER, who: Who, now: datetime
) -> Contact:
    """Raises Taken, or Invalid for staff without an address: they could not sign in."""
    typed.refuse_nobody()
    if level > Level.CUSTOMER and not typed.email:
        raise Invalid(N_("Whoever signs in needs an email."), field="email")
    _refuse_taken(session, school_id, typed)
    contact = Contact(school_id=school_id, level=level, created_at=now)
    _fill(session, contact, typed, now=now)
    _record(session, contact, "contact.add", who=who, now=now, level=int(level))
    return contact


def add_staff(session: Session, editor: Contact, typed: StaffInput, *, who: Who, now: datetime) -> Contact:
    """Raises NotAllowed above the editor's own level, else as `add_contact`."""
    if typed.level > editor.level:
        raise NotAllowed
    return add_contact(session, editor.school_id, typed, level=Level(typed.level), who=who, now=now)


def save_contact(session: Session, contact: Contact, typed: ContactInput, *, who: Who, now: datetime) -> None:
    """Another address is another way in: whoever had the old one is let in no more, reads
    no calendar link, and gets nothing into an account that they linked; staff are told there. Raises Taken or
    Invalid."""
    typed.refuse_nobody()
    _refuse_taken(session, contact.school_id, typed, but=contact.id)
    has_moved = (typed.email or None) != contact.email
    if has_moved and contact.login_id is not None and contact.login_id == who.login_id:
        raise Invalid(N_("You are signed in with this address. Another Administrator can change it."), field="email")
    if has_moved and not typed.email and contact.level > Level.CUSTOMER:
        raise Invalid(N_("Whoever signs in needs an email. Lower the admin level first."), field="email")
    if has_moved and contact.email and contact.level > Level.CUSTOMER:
        tell_old_address(session, contact.school_id, contact.email, now=now)
    with renaming(session, contact.school_id, [contact.id], now=now):
        _fill(session, contact, typed, now=now)
    if has_moved and contact.id is not None:
        stop_feeds(session, [contact.id])
        part_from_all(session, [contact.id], who=who, now=now)
    _record(session, contact, "contact.change", who=who, now=now, email=has_moved)


def _fill(session: Session, contact: Contact, typed: ContactInput, *, now: datetime) -> None:
    email = typed.email or None
    if email != contact.email:
        contact.login_id = None
        if login := login_of(session, typed.email) if email else None:
            tie(contact, login)
            if contact.level > Level.CUSTOMER and login.id is not None:
                end_months(session, [login.id], now=now)
    try:
        with session.begin_nested():
            contact.first, contact.last, contact.email = typed.first, typed.last, email
            contact.teacher_ref, contact.parent_ref = typed.teacher_ref or None, typed.parent_ref or None
            contact.language, contact.phone, contact.address = typed.language, typed.phone, typed.address
            session.add(contact)
            session.flush()
    except IntegrityError:
        # Somebody was quicker: say who.
        _refuse_taken(session, contact.school_id, typed, but=contact.id)
        raise


def _refuse_taken(session: Session, school_id: int, typed: ContactInput, but: int | None = None) -> None:
    for field, message in _TAKEN.items():
        if value := getattr(typed, field):
            query = select(Contact).where(col(Contact.school_id) == school_id, col(getattr(Contact, field)) == value)
            holder = session.execute(query).scalar_one_or_none()
            if holder is not None and holder.id != but:
                raise Taken(message, field=field, holder=holder.name)


def _record(session: Session, contact: Contact, action: str, *, who: Who, now: datetime, **detail: int | bool) -> None:
    subject = f"contact {contact.id}"
    audit.record(session, action, who=who, school_id=contact.school_id, subject=subject, now=now, **detail)
