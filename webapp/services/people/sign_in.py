"""Keep sign-ins on the server: a new secret at each, and none that outlives its login's epoch."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, bindparam, select, update
from sqlmodel import Session, col

from webapp.errors import N_, NotAllowed, NotFound
from webapp.models import Contact, Level, Login, ResourceMember, SignIn
from webapp.portions import portions
from webapp.services.system import audit
from webapp.services.system.audit import Who

STAFF_STAYS, FAMILY_STAYS, ACTING_STAYS = timedelta(hours=12), timedelta(days=30), timedelta(minutes=30)
PROOF_LASTS = timedelta(minutes=10)

_PERSON: Any = (
    col(SignIn.id).label("sign_in_id"),
    col(SignIn.login_id).label("login_id"),
    col(Login.email).label("login_email"),
    col(SignIn.acting_as_id).label("acting_as_id"),
    col(SignIn.acting_until).label("acting_until"),
    col(SignIn.by_link).label("by_link"),
    col(SignIn.proved_at).label("proved_at"),
    col(SignIn.proved_for).label("proved_for"),
)
PERSON_COLUMNS = len(_PERSON)
"""So many columns of `with_sign_in` stand before those that were asked for beside them."""


@dataclass(frozen=True)
class SignedIn:
    """The person at the keyboard; `acting_as_id` is the contact that an administrator logged in as, until when."""

    sign_in_id: int
    login_id: int
    email: str
    acting_as_id: int | None
    acting_until: datetime | None = None
    by_link: bool = False
    proved_at: datetime | None = None
    proved_for: str = ""

    @property
    def who(self) -> Who:
        return Who(self.login_id, self.acting_as_id)

    def has_proved(self, deed: str, *, now: datetime) -> bool:
        """Whether they gave their password or a code a short time ago, at the sign-in or when asked for this deed."""
        is_recent = self.proved_at is not None and now - self.proved_at < PROOF_LASTS
        return is_recent and self.proved_for in {"", deed}


def start_sign_in(session: Session, login: Login, *, stays: timedelta, by_link: bool = False, now: datetime) -> str:
    """Returns the secret for the browser; the row keeps its hash. A link may have been forwarded: it proves nothing."""
    assert login.id is not None
    secret = secrets.token_urlsafe(24)
    session.add(
        SignIn(
            login_id=login.id,
            secret_hash=_hash(secret),
            epoch=login.epoch,
            created_at=now,
            seen_at=now,
            expires_at=now + stays,
            by_link=by_link,
            proved_at=None if by_link else now,
        )
    )
    audit.record(session, "sign_in.start", who=Who(login.id), school_id=None, by_link=by_link, now=now)
    return secret


def signed_in(session: Session, secret: str, *, now: datetime) -> SignedIn | None:
    """Who holds the secret, in one query. None once it ended, expired, or the login's epoch was raised."""
    row = session.execute(_SIGNED_IN, sought(secret, now=now)).first()
    return person_of(row, now=now) if row else None


def with_sign_in(*columns: Any) -> Select[Any]:
    """Columns beside those of the sign-in, which must stand and be of its login's present epoch; `sought` fills it."""
    return (
        select(*_PERSON, *columns)
        .select_from(SignIn)
        .join(Login, and_(col(Login.id) == col(SignIn.login_id), col(Login.epoch) == col(SignIn.epoch)))
        .where(
            col(SignIn.secret_hash) == bindparam("secret_hash"),
            col(SignIn.ended_at).is_(None),
            col(SignIn.expires_at) > bindparam("now"),
        )
    )


def sought(secret: str, *, now: datetime) -> dict[str, object]:
    return {"secret_hash": _hash(secret), "now": now}


def person_of(row: Any, *, now: datetime) -> SignedIn:
    """Of a row of `with_sign_in`."""
    is_acting = row.acting_until is not None and row.acting_until > now
    acting = (row.acting_as_id, row.acting_until) if is_acting else (None, None)
    proof = {"by_link": row.by_link, "proved_at": row.proved_at, "proved_for": row.proved_for}
    return SignedIn(row.sign_in_id, row.login_id, row.login_email, *acting, **proof)


def prove(session: Session, person: SignedIn, deed: str, *, now: datetime) -> None:
    """Remember that they gave their password or a code, asked for this deed."""
    values = {"proved_at": now, "proved_for": deed}
    session.execute(update(SignIn).where(col(SignIn.id) == person.sign_in_id).values(values))


def end_all(session: Session, person: SignedIn, *, now: datetime) -> None:
    """Every sign-in of this login ends, in every browser."""
    session.execute(update(Login).where(col(Login.id) == person.login_id).values(epoch=col(Login.epoch) + 1))
    audit.record(session, "sign_in.end_all", who=person.who, school_id=None, now=now)


def end_months(session: Session, login_ids: Collection[int], *, now: datetime) -> None:
    """A family's sign-in lasts for a month: too long for a login that opens a contact of the staff from now on
    (RELIABILITY T8). What lasts no longer than staff's goes on: it may be an Administrator's of another school."""
    for some in portions(sorted(set(login_ids))):
        theirs = (col(SignIn.login_id).in_(some), col(SignIn.ended_at).is_(None))
        months = update(SignIn).where(*theirs, col(SignIn.expires_at) > now + STAFF_STAYS)
        session.execute(months.values(ended_at=now))


def start_anew(session: Session, person: SignedIn, login: Login, *, now: datetime) -> str:
    """After a new password or address: every other sign-in ends, and this one goes on with a new secret."""
    login.epoch += 1
    secret = secrets.token_urlsafe(24)
    values = {"epoch": login.epoch, "secret_hash": _hash(secret), "by_link": False, "proved_at": now, "proved_for": ""}
    session.execute(update(SignIn).where(col(SignIn.id) == person.sign_in_id).values(values))
    session.flush()
    return secret


def end_sign_in(session: Session, who: SignedIn, *, now: datetime) -> None:
    session.execute(update(SignIn).where(col(SignIn.id) == who.sign_in_id).values(ended_at=now))
    audit.record(session, "sign_in.end", who=who.who, school_id=None, now=now)


def act_as(session: Session, person: SignedIn, administrator: Contact, teacher_id: int, *, now: datetime) -> str:
    """Log in as a teacher of the same school, for half an hour; both identities go to the audit (R32).

    Returns the sign-in's new secret. Raises NotFound for another school's contact, NotAllowed for another
    administrator or oneself.
    """
    teacher = session.get(Contact, teacher_id)
    if teacher is None or teacher.school_id != administrator.school_id:
        raise NotFound
    if not may_act_as(session, administrator, teacher):
        raise NotAllowed(N_("You can log in as teachers only, not as yourself or another administrator."))
    audit.record(
        session,
        "log_in_as.start",
        who=Who(person.login_id, teacher.id),
        school_id=teacher.school_id,
        subject=f"contact {teacher.id}",
        now=now,
    )
    return _act(session, person, teacher.id, now + ACTING_STAYS)


def may_act_as(session: Session, administrator: Contact, teacher: Contact) -> bool:
    is_lower = Level.VIEWER <= teacher.level < min(administrator.level, Level.EVENT_ADMINISTRATOR)
    return is_lower and teacher.school_id == administrator.school_id and _is_teacher(session, teacher)


def stop_acting(session: Session, person: SignedIn, school_id: int, *, now: datetime) -> str:
    """Returns the sign-in's new secret."""
    audit.record(
        session,
        "log_in_as.end",
        who=person.who,
        school_id=school_id,
        subject=f"contact {person.acting_as_id}",
        now=now,
    )
    return _act(session, person, None, None)


def _is_teacher(session: Session, contact: Contact) -> bool:
    """By a TeacherID, or by a resource, which whoever was added by hand has without one."""
    if contact.teacher_ref is not None:
        return True
    query = select(col(ResourceMember.contact_id)).where(col(ResourceMember.contact_id) == contact.id)
    return session.execute(query.limit(1)).first() is not None


def _act(session: Session, person: SignedIn, contact_id: int | None, until: datetime | None) -> str:
    """A secret that was good before is worthless after: rights change with it (RELIABILITY T8)."""
    secret = secrets.token_urlsafe(24)
    values = {"acting_as_id": contact_id, "acting_until": until, "secret_hash": _hash(secret)}
    session.execute(update(SignIn).where(col(SignIn.id) == person.sign_in_id).values(values))
    return secret


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


_SIGNED_IN = with_sign_in()
