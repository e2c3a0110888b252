"""Write down who did what, and as whom, in the transaction of the deed."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from webapp.models import Audit


@dataclass(frozen=True)
class Who:
    """The person at the keyboard, and the contact they act as where that is another."""

    login_id: int | None = None
    acting_as_id: int | None = None


SYSTEM = Who()


def record(
    session: Session,
    action: str,
    *,
    who: Who,
    school_id: int | None,
    subject: str = "",
    now: datetime,
    **detail: str | int | bool | None,
) -> None:
    """`subject` and `detail` hold numbers and settings, never names or addresses."""
    session.add(
        Audit(
            school_id=school_id,
            at=now,
            login_id=who.login_id,
            acting_as_id=who.acting_as_id,
            action=action,
            subject=subject,
            detail=json.dumps(detail),
        )
    )
