"""Read a school's audit for its Administrators: who did what, and as whom, newest first."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from webapp.documents.sheet import Sheet
from webapp.i18n import gettext
from webapp.models import Audit, Contact, School
from webapp.models.people.contact import written_name
from webapp.services.event.wall_time import day_bounds
from webapp.services.system.audit_words import label_of

PAGE = 100
FIRST_YEAR, LAST_YEAR = 1990, 2200


@dataclass(frozen=True)
class Sought:
    """`person` is part of a name or address; `first` and `last` are days of the school, both included."""

    person: str = ""
    action: str = ""
    first: date | None = None
    last: date | None = None
    page: int = 1


@dataclass(frozen=True)
class Deed:
    """One row. `person` sat at the keyboard; `acting_as` is the teacher as whom they did it, or empty."""

    id: int
    at: datetime
    person: str
    acting_as: str
    action: str
    subject: str
    detail: str


@dataclass(frozen=True)
class AuditPage:
    """`actions` are those to choose from, each with its words."""

    deeds: tuple[Deed, ...]
    total: int
    page: int
    actions: tuple[tuple[str, str], ...]

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE))

    @property
    def first(self) -> int:
        return (self.page - 1) * PAGE + 1

    @property
    def last(self) -> int:
        return min(self.page * PAGE, self.total)


def audit_page(session: Session, school: School, sought: Sought) -> AuditPage:
    """Three queries, however long the audit is. A page beyond the last is the last."""
    where = _where(school, sought)
    total = session.execute(select(func.count()).select_from(Audit).where(*where)).scalar_one()
    page = min(max(sought.page, 1), max(1, -(-total // PAGE)))
    rows = session.execute(_query(school, where).limit(PAGE).offset((page - 1) * PAGE))
    return AuditPage(tuple(_deed(row) for row in rows), total, page, _actions(session, school))


def audit_sheet(session: Session, school: School, sought: Sought) -> Sheet:
    """All rows that are sought; times in UTC, in a form that sorts."""
    times, person, acting_as = gettext("Time (UTC)"), gettext("Person"), gettext("Acting as")
    heads = (times, person, acting_as, gettext("Action"), gettext("Subject"), gettext("Details"))
    deeds = (_deed(row) for row in session.execute(_query(school, _where(school, sought))))
    rows = tuple(
        (one.at.strftime("%Y-%m-%d %H:%M:%S"), one.person, one.acting_as, one.action, one.subject, one.detail)
        for one in deeds
    )
    return Sheet(gettext("Audit"), (school.name,), heads, rows)


def _where(school: School, sought: Sought) -> list[ColumnElement[bool]]:
    where = [col(Audit.school_id) == school.id]
    if sought.person:
        where.append(_of_person(school, sought.person))
    if sought.action:
        where.append(col(Audit.action) == sought.action)
    if sought.first and FIRST_YEAR <= sought.first.year <= LAST_YEAR:
        where.append(col(Audit.at) >= day_bounds(sought.first, school.zone)[0])
    if sought.last and FIRST_YEAR <= sought.last.year <= LAST_YEAR:
        where.append(col(Audit.at) < day_bounds(sought.last, school.zone)[1])
    return where


def _of_person(school: School, words: str) -> ColumnElement[bool]:
    """Done by somebody of this name, or as them."""
    name = func.lower(col(Contact.first) + " " + col(Contact.last))
    sought = words.strip().lower()
    is_named = or_(name.contains(sought, autoescape=True), col(Contact.email).contains(sought, autoescape=True))
    mine = (col(Contact.school_id) == school.id, is_named)
    logins = select(col(Contact.login_id)).where(*mine, col(Contact.login_id).is_not(None))
    return or_(col(Audit.login_id).in_(logins), col(Audit.acting_as_id).in_(select(col(Contact.id)).where(*mine)))


def _query(school: School, where: Sequence[ColumnElement[bool]]) -> Any:
    """Each row once, with the names that the school knows, though a login may have come to have two contacts in it."""
    person, acted = aliased(Contact), aliased(Contact)
    names: list[Any] = [
        column.label(f"{side}_{part}")
        for side, one in (("person", person), ("acted", acted))
        for part, column in (("first", col(one.first)), ("last", col(one.last)), ("email", col(one.email)))
    ]
    deed = [col(getattr(Audit, name)) for name in "id at login_id acting_as_id action subject detail".split()]
    known = select(func.min(col(Contact.id))).where(
        col(Contact.login_id) == col(Audit.login_id), col(Contact.school_id) == school.id
    )
    own = col(person.id) == known.correlate(Audit).scalar_subquery()
    other = (col(acted.id) == col(Audit.acting_as_id)) & (col(acted.school_id) == school.id)
    return (
        select(*deed, *names)
        .select_from(Audit)
        .outerjoin(person, own)
        .outerjoin(acted, other)
        .where(*where)
        .order_by(col(Audit.at).desc(), col(Audit.id).desc())
    )


def _actions(session: Session, school: School) -> tuple[tuple[str, str], ...]:
    known = session.execute(select(col(Audit.action)).where(col(Audit.school_id) == school.id).distinct()).scalars()
    return tuple(sorted(((action, label_of(action)) for action in known), key=lambda one: one[1].casefold()))


def _deed(row: Any) -> Deed:
    unknown = gettext("Somebody no longer known here")
    person = _name(row.person_first, row.person_last, row.person_email) or unknown
    acted = _name(row.acted_first, row.acted_last, row.acted_email) or unknown
    return Deed(
        id=row.id,
        at=row.at,
        person=person if row.login_id else gettext("Confab itself"),
        acting_as=acted if row.acting_as_id else "",
        action=label_of(row.action),
        subject=row.subject,
        detail=", ".join(f"{name}: {value}" for name, value in _said(row.detail)),
    )


def _name(first: str | None, last: str | None, email: str | None) -> str:
    return written_name(first or "", last or "") or email or ""


def _said(detail: str) -> list[tuple[str, object]]:
    """What there is to say: nothing of a value that is none."""
    known: dict[str, object] = json.loads(detail or "{}")
    return [(name, value) for name, value in known.items() if value is not None]
