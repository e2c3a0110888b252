"""Connect a school to a meeting provider by one account-level grant, and part from it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, DomainError, ProviderError
from webapp.models import Connection, Contact, School
from webapp.models.meeting.connection import BY_CONSENT
from webapp.providers.base import Grants, MeetingProvider, RemoteAccount, Tokens, TokenStore
from webapp.services.booking.consequences import follow
from webapp.services.meeting.affected import appointments_waiting_on
from webapp.services.system.audit import Who, record
from webapp.services.system.handshake import exchange
from webapp.services.system.tokens import FreshGrant, close_tokens, open_tokens


class OtherAccount(DomainError):
    """Held until a person confirms (OAUTH-021): the teachers are mapped to the users of the former account."""

    message = N_(
        "This permission is of another Zoom account than before: %(new)s instead of %(former)s. Nothing was changed. "
        "Connect the former account, or confirm the change below."
    )

    def __init__(self, former: Connection, found: RemoteAccount) -> None:
        self.account_id = found.account_id
        super().__init__(
            new=found.email or found.name or found.account_id,
            former=former.account_email or former.account_name or former.account_id,
        )


@dataclass(frozen=True)
class Granted:
    """What came of the consent, before it is stored."""

    tokens: Tokens
    account: RemoteAccount


def finish(grants: Grants, speak: Callable[[TokenStore], MeetingProvider], *, code: str, verifier: str) -> Granted:
    """Two or three calls, as for `exchange`."""
    tokens = exchange(grants, code=code, verifier=verifier, service="Zoom")
    return Granted(tokens, speak(FreshGrant(tokens)).account())


def refuse_other_account(session: Session, school_id: int, provider: str, found: RemoteAccount, agreed: str) -> None:
    """`agreed` is the account that the person was told of and chose, if any. Raises OtherAccount."""
    former = connection_of(session, school_id, provider)
    is_other = former is not None and former.account_id not in {"", found.account_id}
    if former is not None and is_other and not (agreed and agreed == found.account_id):
        raise OtherAccount(former, found)


def remember_grant(
    session: Session,
    school: School,
    provider: str,
    tokens: Tokens,
    account: RemoteAccount,
    *,
    contact: Contact,
    who: Who,
    now: datetime,
) -> Connection:
    """Store the grant, of which a school has one per provider. Mappings of a former connection stay."""
    assert school.id is not None
    connection = connection_of(session, school.id, provider) or Connection(school_id=school.id, provider=provider)
    connection.account_id, connection.account_name = account.account_id[:100], account.name[:200]
    connection.account_email = account.email[:254]
    connection.connected_by_id, connection.connected_at = contact.id, now
    connection.disconnected_at = connection.needs_reconnect_at = connection.problem = connection.problem_at = None
    connection.grant_type = BY_CONSENT
    connection.refresh_claim = connection.refresh_lease_until = None
    session.add(connection)
    session.flush()
    close_tokens(session, connection, tokens)
    subject = f"connection {connection.id}"
    record(session, f"{provider}.connected", who=who, school_id=school.id, subject=subject, now=now)
    _follow(session, connection, now=now)
    return connection


def disconnect(session: Session, connection: Connection, *, who: Who, now: datetime) -> Tokens | None:
    """Drop the tokens at once. Returns those with which the provider can be asked to end the grant, if any."""
    try:
        held = open_tokens(session, connection)
    except ProviderError:
        held = None
    drop_tokens(connection)
    connection.disconnected_at = now
    subject = f"connection {connection.id}"
    action = f"{connection.provider}.disconnected"
    record(session, action, who=who, school_id=connection.school_id, subject=subject, now=now)
    _follow(session, connection, now=now)
    return held


def drop_tokens(connection: Connection) -> None:
    connection.access_token = connection.refresh_token = connection.former_refresh_token = ""
    connection.access_expires_at = connection.refresh_claim = connection.refresh_lease_until = None


def connection_of(session: Session, school_id: int, provider: str) -> Connection | None:
    query = select(Connection).where(col(Connection.school_id) == school_id, col(Connection.provider) == provider)
    return session.execute(query).scalar_one_or_none()


def _follow(session: Session, connection: Connection, *, now: datetime) -> None:
    session.flush()
    waiting = appointments_waiting_on(session, connection.school_id, connection.provider, now=now)
    follow(session, waiting, now=now, retry=connection.is_live)
