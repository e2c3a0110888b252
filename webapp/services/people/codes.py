"""Prove that a person reads a mailbox: six digits by mail, good for ten minutes, one use and the browser that asked."""

import hashlib
import hmac
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlmodel import Session, col

from webapp import i18n
from webapp.db import wake
from webapp.errors import N_, Invalid, TooManyTries
from webapp.models import Message, School, SignInCode
from webapp.models.message.message import SIGN_IN_CODE
from webapp.services.system.rate import count_try, mailbox, tries, tries_so_far
from webapp.services.system.vault import vault_of

log = logging.getLogger(__name__)

MINUTES = 10
MOST_TRIES = 5
MOST_WRONG_FROM_ADDRESS, MOST_WRONG_EVERYWHERE = 60, 1_000
"""Wrong codes in a quarter of an hour, of all people from one network address, and in five minutes from all."""

_QUARTER, _FIVE_MINUTES = timedelta(minutes=15), timedelta(minutes=5)
_WRONG_ANYWHERE = "wrong code anywhere"


@dataclass(frozen=True)
class Asker:
    """The network address that asks, and a secret that the session of its browser keeps."""

    address: str
    browser: str


class WrongCode(Invalid):
    message = N_("This code is not right, or no longer valid. Look at your newest email, or send a new code.")
    field = "code"


def send_code(session: Session, school: School, email: str, asker: Asker, *, now: datetime) -> None:
    """Mail a new code, which voids the older ones of this browser; known and unknown addresses are treated alike.

    Strangers may ask for anybody's code: from where they are they spend their own six, and only from many places
    together what bounds the flood in the mailbox. Raises TooManyTries.
    """
    count_try(session, f"code {mailbox(email)} from {asker.address}", limit=6, per=_QUARTER, now=now)
    count_try(session, f"code from {asker.address}", limit=300, per=_QUARTER, now=now)
    count_try(session, f"code {mailbox(email)}", limit=30, per=_QUARTER, now=now)
    assert school.id is not None
    session.execute(update(SignInCode).where(*_open_codes(school, email, asker)).values(expires_at=now))
    code = f"{secrets.randbelow(10**6):06}"
    row = SignInCode(
        school_id=school.id,
        email=email,
        code_hash=_hash(email, code),
        browser_hash=_hash(asker.browser),
        created_at=now,
        expires_at=now + timedelta(minutes=MINUTES),
    )
    session.add(row)
    session.flush()
    session.add(_message(session, school.id, row, code, now=now))
    wake(session, "mail")


def redeem_code(session: Session, school: School, email: str, typed: str, asker: Asker, *, now: datetime) -> bool:
    """Use the code up. False if it is wrong; the try counts, so commit even then. Raises TooManyTries where too many
    wrong ones came from this network address."""
    wrong_here = f"wrong code from {asker.address}"
    if tries_so_far(session, wrong_here, per=_QUARTER, now=now) >= MOST_WRONG_FROM_ADDRESS:
        raise TooManyTries(minutes=15)
    if _is_used_up(session, school, email, typed, asker, now=now):
        return True
    tries(session, wrong_here, per=_QUARTER, now=now)
    if tries(session, _WRONG_ANYWHERE, per=_FIVE_MINUTES, now=now) == MOST_WRONG_EVERYWHERE:
        log.warning("codes are being guessed everywhere: for five minutes each can be typed once")
    return False


def _is_used_up(session: Session, school: School, email: str, typed: str, asker: Asker, *, now: datetime) -> bool:
    """Of the newest that stands, if it is the right one."""
    standing = (*_open_codes(school, email, asker), col(SignInCode.expires_at) > now)
    newest_first = select(SignInCode).where(*standing).order_by(col(SignInCode.id).desc())
    row = session.execute(newest_first.with_for_update()).scalars().first()
    if row is None or row.tries >= _most_tries(session, now=now):
        return False
    row.tries += 1
    if not hmac.compare_digest(row.code_hash, _hash(email, "".join(typed.split()))):
        return False
    row.used_at = now
    return True


def _most_tries(session: Session, *, now: datetime) -> int:
    """Codes are the families' door: while somebody guesses everywhere it stays open, for one try a code."""
    is_calm = tries_so_far(session, _WRONG_ANYWHERE, per=_FIVE_MINUTES, now=now) < MOST_WRONG_EVERYWHERE
    return MOST_TRIES if is_calm else 1


def _open_codes(school: School, email: str, asker: Asker) -> tuple[ColumnElement[bool], ...]:
    return (
        col(SignInCode.school_id) == school.id,
        col(SignInCode.email) == email,
        col(SignInCode.browser_hash) == _hash(asker.browser),
        col(SignInCode.used_at).is_(None),
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


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
