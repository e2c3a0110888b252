"""Let in whoever proved that an address is theirs: families stay long, whoever works for a school does not."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from webapp import i18n
from webapp.models import Level, School
from webapp.services.people.accounts import contact_for, login_for, memberships
from webapp.services.people.names import needs_name
from webapp.services.people.sign_in import FAMILY_STAYS, STAFF_STAYS, start_sign_in
from webapp.services.people.sign_up import refuse_unknown


@dataclass(frozen=True)
class LetIn:
    """The new sign-in's secret, and whether the family has yet to say who it is."""

    secret: str
    is_new: bool


def let_family_in(session: Session, school: School, email: str, *, now: datetime) -> LetIn:
    """The login, and the contact in this school, are made where they are missing. Raises NotWelcome."""
    refuse_unknown(session, school, email)
    login = login_for(session, email, now=now)
    contact = contact_for(session, school, login, language=i18n.language(), now=now)
    assert login.id is not None
    levels = [known.contact.level for known in memberships(session, login.id)]
    stays = FAMILY_STAYS if max(levels) == Level.CUSTOMER else STAFF_STAYS
    return LetIn(start_sign_in(session, login, stays=stays, now=now), needs_name(contact))
