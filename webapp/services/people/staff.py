"""List who works for a school, to mail them sign-in links or to change their admin levels together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field
from sqlalchemy import and_, func, select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid, NotAllowed
from webapp.models import Contact, Level, Login, Message, SignInLink
from webapp.models.message.message import SIGN_IN_LINK
from webapp.services.people.levels import refuse_without_administrator, set_level
from webapp.services.people.links import mail_link
from webapp.services.people.name_order import by_name
from webapp.services.system.audit import Who

PER_PAGE = 100
MOST = 2000
"""People in one deed."""


class StaffInput(BaseModel):
    """Those ticked, or with `who` everybody of the list, which may have one level only."""

    who: str = Field(default="ticked", pattern="^(ticked|all)$")
    people: list[Annotated[int, Field(ge=1, le=2147483647)]] = Field(default_factory=list, max_length=MOST)
    of: int | None = Field(default=None, ge=Level.VIEWER, le=Level.ADMINISTRATOR)


class LevelsInput(StaffInput):
    level: int = Field(ge=Level.CUSTOMER, le=Level.ADMINISTRATOR)
    confirmed: bool = False


class ResetInput(StaffInput):
    confirmed: bool = False


@dataclass(frozen=True)
class Colleague:
    contact: Contact
    has_password: bool
    mailed_at: datetime | None
    used_at: datetime | None


@dataclass(frozen=True)
class StaffPage:
    people: list[Colleague]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PER_PAGE))


@dataclass(frozen=True)
class Batch:
    """How far the mails of one deed are; `at` names it."""

    at: datetime
    total: int
    sent: int
    failed: int

    @property
    def number(self) -> int:
        return int((self.at - _EPOCH).total_seconds() * 1_000_000)

    @property
    def is_under_way(self) -> bool:
        return self.sent + self.failed < self.total


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def staff_page(session: Session, school_id: int, *, level: int | None, page: int) -> StaffPage:
    """By name, in two queries."""
    where = _staff(school_id, level)
    total = session.execute(select(func.count(col(Contact.id))).where(*where)).scalar_one()
    page = min(max(1, page), max(1, -(-total // PER_PAGE)))
    newest = select(func.max(col(SignInLink.id))).where(col(SignInLink.contact_id) == col(Contact.id))
    query = (
        select(Contact, col(Login.password_hash).is_not(None), col(SignInLink.created_at), col(SignInLink.used_at))
        .outerjoin(Login, col(Login.id) == col(Contact.login_id))
        .outerjoin(SignInLink, and_(col(SignInLink.id) == newest.correlate(Contact).scalar_subquery()))
        .where(*where)
        .order_by(*by_name(Contact))
    )
    rows = session.execute(query.offset((page - 1) * PER_PAGE).limit(PER_PAGE))
    return StaffPage([Colleague(*row) for row in rows], total, page)


def staff_besides(session: Session, school_id: int, taken: Any) -> list[Contact]:
    """Everybody who works for the school, by name, but for those whose ids the query `taken` selects."""
    others = select(Contact).where(*_staff(school_id, None), col(Contact.id).not_in(taken))
    return list(session.execute(others.order_by(*by_name(Contact))).scalars())


def chosen(session: Session, school_id: int, asked: StaffInput) -> list[Contact]:
    """Those meant who belong to the school's staff. Raises Invalid for nobody, or too many."""
    where = _staff(school_id, asked.of)
    if asked.who == "ticked":
        where = [*where, col(Contact.id).in_(asked.people)]
    people = list(session.execute(select(Contact).where(*where).order_by(col(Contact.id)).limit(MOST + 1)).scalars())
    if not people:
        raise Invalid(N_("Choose at least one."))
    if len(people) > MOST:
        raise Invalid(N_("Choose at most %(most)s at once."), most=MOST)
    return people


def mail_links(session: Session, people: Sequence[Contact], *, who: Who, now: datetime) -> int:
    """A link for each who has an address; how many. The mails leave one after the other. Raises Invalid for nobody."""
    able = [contact for contact in people if contact.email]
    if not able:
        raise Invalid(N_("None of them has an email."))
    for contact in able:
        mail_link(session, contact, who=who, now=now)
    return len(able)


def batch_of(session: Session, school_id: int, number: int) -> Batch | None:
    """The deed of this name, or None where there was none, or its mails were forgotten."""
    try:
        at = datetime.fromtimestamp(number / 1_000_000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    is_open = and_(col(Message.due_at).is_not(None), col(Message.sent_at).is_(None), col(Message.dropped_at).is_(None))
    query: Any = select(
        func.count(col(Message.id)),
        func.count(col(Message.sent_at)) + func.count(col(Message.dropped_at)),
        func.count(col(Message.id)).filter(is_open),
    ).where(col(Message.school_id) == school_id, col(Message.kind) == SIGN_IN_LINK, col(Message.created_at) == at)
    total, sent, waiting = session.execute(query).one()
    return Batch(at, total, sent, total - sent - waiting) if total else None


def change_levels(
    session: Session, editor: Contact, people: Sequence[Contact], level: Level, *, who: Who, now: datetime
) -> int:
    """How many have another level now. Nobody changes their own here. Raises NotAllowed, LastAdministrator, or
    Invalid for somebody who could not sign in; then nothing was changed."""
    others = [contact for contact in people if contact.id != editor.id and contact.level != level]
    if level > editor.level or any(contact.level > editor.level for contact in others):
        raise NotAllowed
    gone = [contact.id for contact in others if contact.id and contact.level == Level.ADMINISTRATOR > level]
    if gone:
        refuse_without_administrator(session, editor.school_id, but=gone)
    for contact in others:
        if level > Level.CUSTOMER and not contact.email:
            raise Invalid(N_("%(name)s has no email and could not sign in. Nothing was changed."), name=contact.name)
        set_level(session, editor, contact.id or 0, level, who=who, now=now)
    return len(others)


def _staff(school_id: int, level: int | None) -> list[Any]:
    is_level = col(Contact.level) == level if level is not None else col(Contact.level) >= Level.VIEWER
    return [col(Contact.school_id) == school_id, is_level]
