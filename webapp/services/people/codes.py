"""Prove that a person reads a mailbox: six digits by mail, good for ten minutes and one use."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlmodel import Session, col

from webapp import i18n
from webapp.db import wake
from webapp.errors import N_, Invalid
from webapp.models import Message, School, SignInCode
from webapp.models.message.message import SIGN_IN_CODE
from webapp.services.system.rate import count_try, mailbox
from webapp.services.system.vault import vault_of

MINUTES = 10
MOST_TRIES = 5


class WrongCode(Invalid):
    message = N_("This code is not right, or no longer valid. Look at your newest email, or send a new code.")
    field = "code"


def send_code(session: Session, school: School, email: str, address: str, *, now: datetime) -> None:
    """Mail a new code, which voids older ones; known and unknown addresses are treated alike. Raises TooManyTries."""
    count_try(session, f"code {mailbox(email)}", limit=6, per=timedelta(minutes=15), now=now)
    count_try(session, f"code from {address}", limit=300, per=timedelta(minutes=15), now=now)
    assert school.id is not None
    session.execute(_open_codes(school, email).values(expires_at=now))
    code = f"{secrets.randbelow(10**6):06}"
    row = SignInCode(
        school_id=school.id,
        email=email,
        code_hash=_hash(email, code),
        created_at=now,
        expires_at=now + timedelta(minutes=MINUTES),
    )
    session.add(row)
    session.flush()
    session.add(_message(session, school.id, row, code, now=now))
    wake(session, "mail")


def redeem_code(session: Session, school: School, email: str, typed: str, *, now: datetime) -> bool:
    """Use the code up. False if it is wrong; the try counts, so commit even then."""
    query = select(SignInCode).where(
        col(SignInCode.school_id) == school.id,
        col(SignInCode.email) == email,
        col(SignInCode.used_at).is_(None),
        col(SignInCode.expires_at) > now,
    )
    newest_first = query.order_by(col(SignInCode.id).desc())
    row = session.execute(newest_first.with_for_update()).scalars().first()
    if row is None or row.tries >= MOST_TRIES:
        return False
    row.tries += 1
    if not hmac.compare_digest(row.code_hash, _hash(email, "".join(typed.split()))):
        return False
    row.used_at = now
    return True


def _open_codes(school: School, email: str):  # type: ignore[no-untyped-def]  # an UPDATE still without its values
    return update(SignInCode).where(
        col(SignInCode.school_id) == school.id, col(SignInCode.email) == email, col(SignInCode.used_at).is_(None)
    )


def _message(session: Session, school_id: int, row: SignInCode, code: str, *, now: datetime) -> Message:
    key = f"code:{row.id}"
    return Message(
        school_id=school_id,
        kind=SIGN_IN_CODE,
        recipient=row.email,
        dedupe_key=key,
        language=i18n.language(),
        secret=vault_of(session).close(code, row=f"message {key}"),
        message_id=f"code.{secrets.token_hex(8)}",
        created_at=now,
        due_at=now,
    )


def _hash(email: str, code: str) -> str:
    return hashlib.sha256(f"{email}\0{code}".encode()).hexdigest()
