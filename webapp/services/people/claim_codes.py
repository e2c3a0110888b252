"""Let two households claim a child by the code on the school's paper; a renewed code makes the paper worthless.

A code is a random beginning, which its row keeps, and letters that a key of the installation derives from it. So it can
be printed again, and neither the database nor a backup tells it. A former key's codes are good while that key is kept.
"""

import hmac
import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from webapp.errors import N_, Invalid
from webapp.models import ClaimCode, Contact, Student
from webapp.models.base import table_of
from webapp.services.people.families import is_tied, link
from webapp.services.people.students import student_of
from webapp.services.system.audit import Who
from webapp.services.system.vault import Vault, vault_of

LETTERS = "346789ABCDEFGHJKMNPQRTUVWXY"
"""None that is read as another: neither 0 and O, 1, I and L, 2 and Z, nor 5 and S."""

BEGINNING, LENGTH = 4, 10
MOST_USES = 2
"""Two households each claim the child with one paper; whoever comes third asks the office."""


class NoSuchCode(Invalid):
    """The same for a wrong code, a renewed one and one that two households have used."""

    message = N_("This code is not right, or does not work any more. Check it, or ask the school office.")
    field = "code"


def claim_by_code(session: Session, contact: Contact, typed: str, *, who: Who, now: datetime) -> Student:
    """Whoever is tied already uses nothing up. Raises NoSuchCode."""
    code = _read(typed)
    query = select(ClaimCode).where(
        col(ClaimCode.school_id) == contact.school_id, col(ClaimCode.beginning) == code[:BEGINNING]
    )
    row = session.execute(query.with_for_update()).scalar_one_or_none()
    known = _codes(vault_of(session), row.student_id if row else 0, code[:BEGINNING])
    is_right = any(hmac.compare_digest(code, one) for one in known)
    if row is None or not is_right:
        raise NoSuchCode
    student = student_of(session, contact.school_id, row.student_id)
    if not is_tied(session, contact, student):
        if row.uses >= MOST_USES:
            raise NoSuchCode
        row.uses += 1
        link(session, contact, student, claimed=True, who=who, now=now)
    return student


def codes_of(session: Session, school_id: int, students: Collection[int], *, now: datetime) -> dict[int, str]:
    """By id of the student, as they are printed; made for whoever has none."""
    vault, beginnings = vault_of(session), _beginnings(session, school_id, students, now=now)
    return {number: _shown(_codes(vault, number, beginnings[number])[0]) for number in students}


def _beginnings(session: Session, school_id: int, students: Collection[int], *, now: datetime) -> dict[int, str]:
    """Of those who print at once, or happen upon one beginning, one is first; the others look, and try again."""
    query = select(col(ClaimCode.student_id), col(ClaimCode.beginning)).where(col(ClaimCode.school_id) == school_id)
    while True:
        known: dict[int, str] = dict(iter(session.execute(query)))
        missing = [number for number in students if number not in known]
        if not missing:
            return known
        shared = {"school_id": school_id, "uses": 0, "made_at": now}
        rows = [shared | {"student_id": number, "beginning": _random()} for number in missing]
        session.execute(_insert_where_free(session), rows)


def _insert_where_free(session: Session) -> Any:
    dialect: Any = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(table_of(ClaimCode)).on_conflict_do_nothing()


def _random() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(BEGINNING))


def _codes(vault: Vault, student_id: int, beginning: str) -> list[str]:
    """The student's whole code under each key, the newest first."""
    return [beginning + _letters(digest) for digest in vault.digests(f"claim code {student_id} {beginning}")]


def _letters(digest: bytes) -> str:
    number, letters = int.from_bytes(digest[:16], "big"), ""
    for _ in range(LENGTH - BEGINNING):
        number, place = divmod(number, len(LETTERS))
        letters += LETTERS[place]
    return letters


def _shown(code: str) -> str:
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def _read(typed: str) -> str:
    """As people type it: any case, with or without hyphens and spaces. Raises NoSuchCode."""
    code = "".join(letter for letter in typed.upper() if letter.isalnum())
    if len(code) != LENGTH or not set(code) <= set(LETTERS):
        raise NoSuchCode
    return code
