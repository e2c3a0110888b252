"""Keep a connection's tokens encrypted, and let one process at a time renew them."""

import random
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from webapp import faults
from webapp.db import Database
from webapp.errors import N_, Busy, ProviderError
from webapp.models import Connection
from webapp.providers.base import Tokens
from webapp.services.booking.consequences import follow
from webapp.services.meeting.affected import appointments_waiting_on
from webapp.services.meeting.health import note_problem, note_success
from webapp.services.message.outage import tell_of_outage
from webapp.services.system.audit import SYSTEM, record
from webapp.services.system.vault import Unreadable, vault_of

LEASE = timedelta(seconds=45)
"""Longer than a call (15 s) and three patient tries to save what it brought."""

_PATIENCE = 20.0
_SAVES = 3


class StoredTokens:
    """A TokenStore (providers/base.py) over one Connection row."""

    def __init__(self, database: Database, connection_id: int, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._id = connection_id
        self._clock = clock

    def current(self) -> Tokens:
        with self._database.reading() as session:
            return open_tokens(session, session.get(Connection, self._id))

    def renewed(self, renew: Callable[[Tokens], Tokens], *, rejected: str) -> Tokens:
        give_up = time.monotonic() + _PATIENCE
        while True:
            receipt, tokens = self._claim(rejected)
            if receipt:
                return self._renew(renew, tokens, receipt)
            if tokens.access != rejected:
                return tokens
            if time.monotonic() > give_up:
                raise ProviderError(
                    N_("The connection is being renewed. It goes on by itself."), retry=True, code="busy"
                )
            time.sleep(random.uniform(0.05, 0.2))  # noqa: S311 - jitter, not a secret

    def note_success(self, *, provider_time: datetime | None) -> None:
        note_success(self._database, self._id, provider_time=provider_time, now=self._clock())

    def note_problem(self, error: ProviderError) -> None:
        note_problem(self._database, self._id, error, now=self._clock())

    def _claim(self, rejected: str) -> tuple[str | None, Tokens]:
        """A receipt, if it is ours to renew; without one, either the newer tokens or those that another renews."""
        now = self._clock()
        with self._database.transaction() as session:
            connection = session.get(Connection, self._id, with_for_update=True)
            tokens = open_tokens(session, connection)
            assert connection is not None
            is_taken = connection.refresh_lease_until is not None and connection.refresh_lease_until > now
            if tokens.access != rejected or is_taken:
                return None, tokens
            connection.refresh_claim, connection.refresh_lease_until = secrets.token_hex(12), now + LEASE
            connection.refresh_tried_at = now
            return connection.refresh_claim, tokens

    def _renew(self, renew: Callable[[Tokens], Tokens], tokens: Tokens, receipt: str) -> Tokens:
        try:
            fresh = self._asked(renew, tokens)
        except ProviderError as error:
            if error.code != "invalid_grant":
                self._release(receipt)
                raise
            return self._after_refusal(error, tokens, receipt)
        except BaseException:
            self._release(receipt)
            raise
        faults.point("token.refresh_read")
        return self._saved(fresh, receipt)

    def _asked(self, renew: Callable[[Tokens], Tokens], tokens: Tokens) -> Tokens:
        """A pair that never got into use leaves its predecessor good at some providers: it is tried before the end."""
        try:
            return renew(tokens)
        except ProviderError as error:
            former = self._former(tokens) if error.code == "invalid_grant" else None
            if former is None:
                raise
            return renew(former)

    def _former(self, tried: Tokens) -> Tokens | None:
        with self._database.reading() as session:
            connection = session.get(Connection, self._id)
            if connection is None or not connection.former_refresh_token or not connection.is_live:
                return None
            try:
                former = vault_of(session).open(connection.former_refresh_token, row=_former_row(connection))
                is_ours = _opened(session, connection).refresh == tried.refresh
            except Unreadable:
                return None
            return replace(tried, refresh=former) if is_ours else None

    def _saved(self, fresh: Tokens, receipt: str) -> Tokens:
        """The old pair is void by now, so the new one is not lost to a busy database."""
        for attempt in range(1, _SAVES + 1):
            try:
                return self._save(fresh, receipt)
            except Busy:
                if attempt == _SAVES:
                    raise
        raise AssertionError

    def _save(self, fresh: Tokens, receipt: str) -> Tokens:
        with self._database.transaction() as session:
            connection = session.get(Connection, self._id, with_for_update=True)
            if connection is None or connection.refresh_claim != receipt:
                return open_tokens(session, connection)  # disconnected or overtaken meanwhile: theirs counts
            former = open_tokens(session, connection).refresh
            close_tokens(session, connection, fresh)
            connection.former_refresh_token = vault_of(session).close(former, row=_former_row(connection))
            connection.refreshed_at = self._clock()
            _end_claim(connection)
            return fresh

    def _after_refusal(self, error: ProviderError, tried: Tokens, receipt: str) -> Tokens:
        """The refusal may be of a token that somebody else has renewed meanwhile: read again before it is declared
        dead (FAILURES F13)."""
        now = self._clock()
        with self._database.transaction() as session:
            connection = session.get(Connection, self._id, with_for_update=True)
            stored = open_tokens(session, connection)
            assert connection is not None
            if stored.refresh != tried.refresh:
                return stored
            if connection.refresh_claim == receipt:
                _end_claim(connection)
            declare_dead(session, connection, now=now)
        raise error

    def _release(self, receipt: str) -> None:
        with self._database.transaction() as session:
            connection = session.get(Connection, self._id, with_for_update=True)
            if connection is not None and connection.refresh_claim == receipt:
                _end_claim(connection)


class FreshGrant:
    """A TokenStore for tokens that are minutes old and not stored yet."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def current(self) -> Tokens:
        return self._tokens

    def renewed(self, renew: Callable[[Tokens], Tokens], *, rejected: str) -> Tokens:  # noqa: ARG002 - the protocol's
        raise ProviderError(
            N_("The service does not accept the connection that was just made."), retry=False, code="invalid_grant"
        )

    def note_success(self, *, provider_time: datetime | None) -> None:
        """There is no row yet."""

    def note_problem(self, error: ProviderError) -> None:
        """The person who waits is told."""


def open_tokens(session: Session, connection: Connection | None) -> Tokens:
    """Raises ProviderError where there is no live grant, or where the key that closed it is not here."""
    if connection is None or connection.connected_at is None or connection.disconnected_at is not None:
        raise ProviderError(N_("Zoom is not connected"), retry=False, code="not_connected")
    if connection.is_old_type:
        raise ProviderError(N_("This connection is of the old server-to-server type"), retry=False, code="old_type")
    if connection.needs_reconnect_at is not None:
        raise ProviderError(N_("Zoom needs to be connected again"), retry=False, code="needs_reconnect")
    try:
        return _opened(session, connection)
    except Unreadable as error:
        message = N_("The connection was stored with a key that this installation does not have. Check its token keys.")
        raise ProviderError(message, retry=True, code="unreadable_tokens") from error


def close_tokens(session: Session, connection: Connection, tokens: Tokens) -> None:
    """Both at once. The row needs its number first: each token is bound to it, so that it opens nowhere else."""
    vault = vault_of(session)
    connection.access_token = vault.close(tokens.access, row=_access_row(connection))
    connection.refresh_token = vault.close(tokens.refresh, row=_refresh_row(connection))
    connection.former_refresh_token = ""
    connection.access_expires_at, connection.access_seconds = tokens.expires_at, tokens.seconds
    connection.scopes = tokens.scopes or connection.scopes
    connection.api_url = tokens.api_url or connection.api_url


def reclose(session: Session, connection: Connection) -> None:
    """The same tokens under the newest key. Raises Unreadable where no key opens them."""
    vault, tokens, former = vault_of(session), _opened(session, connection), connection.former_refresh_token
    close_tokens(session, connection, tokens)
    if former:
        row = _former_row(connection)
        connection.former_refresh_token = vault.close(vault.open(former, row=row), row=row)


def declare_dead(session: Session, connection: Connection, *, now: datetime) -> None:
    """The work that waits for it is blocked with that reason, and goes on once an administrator connects again."""
    connection.needs_reconnect_at = now
    subject = f"connection {connection.id}"
    record(session, "connection.needs_reconnect", who=SYSTEM, school_id=connection.school_id, subject=subject, now=now)
    follow(session, appointments_waiting_on(session, connection.school_id, connection.provider, now=now), now=now)
    tell_of_outage(session, connection, now=now)


def _opened(session: Session, connection: Connection) -> Tokens:
    vault = vault_of(session)
    if connection.access_expires_at is None:
        raise Unreadable
    return Tokens(
        access=vault.open(connection.access_token, row=_access_row(connection)),
        refresh=vault.open(connection.refresh_token, row=_refresh_row(connection)),
        expires_at=connection.access_expires_at,
        seconds=connection.access_seconds,
        scopes=connection.scopes,
        api_url=connection.api_url,
    )


def _access_row(connection: Connection) -> str:
    return f"connection {connection.id} access"


def _refresh_row(connection: Connection) -> str:
    return f"connection {connection.id} refresh"


def _former_row(connection: Connection) -> str:
    return f"connection {connection.id} former refresh"


def _end_claim(connection: Connection) -> None:
    connection.refresh_claim, connection.refresh_lease_until = None, None
