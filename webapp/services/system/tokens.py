"""Keep the tokens of a row with a grant encrypted, and let one process at a time renew them."""

import random
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from sqlmodel import Session

from webapp import faults
from webapp.db import Database
from webapp.errors import N_, Busy, ProviderError
from webapp.models import CalendarLink, Connection
from webapp.providers.base import Tokens
from webapp.services.system.errand import DATABASE_TROUBLE
from webapp.services.system.health import is_noted, note_problem, note_success
from webapp.services.system.vault import Unreadable, vault_of

Grant = Connection | CalendarLink
"""A row with a grant."""
Row = TypeVar("Row", Connection, CalendarLink)

LEASE = timedelta(seconds=45)
"""Longer than a call (15 s) and the tries to save what it brought, each of which may wait for its turn (5 s)."""

_PATIENCE = 20.0
_PAUSES = (1.0, 2.0, 4.0)
"""Seconds between the tries to save: a database that is started anew is back by then."""


class StoredTokens(ABC, Generic[Row]):
    """A TokenStore (providers/base.py) over one row; whose grants it keeps, and what follows when one has died, is
    said by the area to which the row belongs. `known` is the row as it was read this moment, so that it need not be
    read, nor opened, again for the calls of a turn: if it was renewed since, the provider refuses the old token, and
    then it is."""

    table: type[Row]

    def __init__(
        self, database: Database, row_id: int, clock: Callable[[], datetime], *, known: Row | None = None
    ) -> None:
        self._database = database
        self._id = row_id
        self._clock = clock
        self._known: Row | None = known
        self._opened: Tokens | None = None

    @abstractmethod
    def declare_dead(self, session: Session, row: Row, *, now: datetime) -> None:
        """The provider ended the grant of this row, which is locked."""

    def current(self) -> Tokens:
        if self._opened and self._known:
            return self._opened
        with self._database.reading() as session:
            self._opened = open_tokens(session, self._known or self._row(session))
            return self._opened

    def renewed(self, renew: Callable[[Tokens], Tokens], *, rejected: str) -> Tokens:
        self._opened = self._renewed(renew, rejected)
        return self._opened

    def note_success(self, *, provider_time: datetime | None) -> None:
        now = self._clock()
        if self._known is None or not is_noted(self._known, now=now):
            note_success(self._database, self.table, self._id, provider_time=provider_time, now=now)
            if self._known is not None:  # the calls that follow with this row need not look again
                self._known.called_at, self._known.problem = now, None

    def note_problem(self, error: ProviderError) -> None:
        note_problem(self._database, self.table, self._id, error, now=self._clock())

    def _renewed(self, renew: Callable[[Tokens], Tokens], rejected: str) -> Tokens:
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

    def _claim(self, rejected: str) -> tuple[str | None, Tokens]:
        """A receipt, if it is ours to renew; without one, either the newer tokens or those that another renews."""
        now = self._clock()
        with self._database.transaction() as session:
            row = self._row(session, locked=True)
            tokens = open_tokens(session, row)
            assert row is not None
            is_taken = row.refresh_lease_until is not None and row.refresh_lease_until > now
            if tokens.access != rejected or is_taken:
                return None, tokens
            row.refresh_claim, row.refresh_lease_until = secrets.token_hex(12), now + LEASE
            row.refresh_tried_at = now
            return row.refresh_claim, tokens

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
            row = self._row(session)
            if row is None or not row.former_refresh_token or not row.is_live:
                return None
            try:
                former = vault_of(session).open(row.former_refresh_token, row=_bound_to(row, "former refresh"))
                is_ours = _opened(session, row).refresh == tried.refresh
            except Unreadable:
                return None
            return replace(tried, refresh=former) if is_ours else None

    def _saved(self, fresh: Tokens, receipt: str) -> Tokens:
        """The old pair is void by now, so the new one is not lost to a database that is busy, or away for a moment."""
        for pause in _PAUSES:
            try:
                return self._save(fresh, receipt)
            except DATABASE_TROUBLE as error:
                if not isinstance(error, Busy):  # which has waited
                    time.sleep(pause)
        return self._save(fresh, receipt)

    def _save(self, fresh: Tokens, receipt: str) -> Tokens:
        with self._database.transaction() as session:
            row = self._row(session, locked=True)
            if row is None or row.refresh_claim != receipt:
                return open_tokens(session, row)  # disconnected or overtaken meanwhile: theirs counts
            former = open_tokens(session, row).refresh
            close_tokens(session, row, fresh)
            row.former_refresh_token = vault_of(session).close(former, row=_bound_to(row, "former refresh"))
            row.refreshed_at = self._clock()
            _end_claim(row)
            return fresh

    def _after_refusal(self, error: ProviderError, tried: Tokens, receipt: str) -> Tokens:
        """The refusal may be of a token that somebody else has renewed meanwhile: read again before it is declared
        dead (FAILURES F13)."""
        now = self._clock()
        with self._database.transaction() as session:
            row = self._row(session, locked=True)
            stored = open_tokens(session, row)
            assert row is not None
            if stored.refresh != tried.refresh:
                return stored
            if row.refresh_claim == receipt:
                _end_claim(row)
            self.declare_dead(session, row, now=now)
        raise error

    def _release(self, receipt: str) -> None:
        with self._database.transaction() as session:
            row = self._row(session, locked=True)
            if row is not None and row.refresh_claim == receipt:
                _end_claim(row)

    def _row(self, session: Session, *, locked: bool = False) -> Row | None:
        return session.get(self.table, self._id, with_for_update=locked)


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


def open_tokens(session: Session, row: Grant | None) -> Tokens:
    """Raises ProviderError where there is no live grant, or where the key that closed it is not here."""
    if row is None:
        raise ProviderError(N_("The connection does not exist any more"), retry=False, code="not_connected")
    service = row.service
    if row.connected_at is None or row.disconnected_at is not None:
        raise ProviderError(N_("%(service)s is not connected"), retry=False, code="not_connected", service=service)
    if isinstance(row, Connection) and row.is_old_type:
        raise ProviderError(N_("This connection is of the old server-to-server type"), retry=False, code="old_type")
    if row.needs_reconnect_at is not None:
        message = N_("%(service)s needs to be connected again")
        raise ProviderError(message, retry=False, code="needs_reconnect", service=service)
    try:
        return _opened(session, row)
    except Unreadable as error:
        message = N_("The connection was stored with a key that this installation does not have. Check its token keys.")
        raise ProviderError(message, retry=True, code="unreadable_tokens") from error


def close_tokens(session: Session, row: Grant, tokens: Tokens) -> None:
    """Both at once. The row needs its number first: each token is bound to it, so that it opens nowhere else."""
    vault = vault_of(session)
    row.access_token = vault.close(tokens.access, row=_bound_to(row, "access"))
    row.refresh_token = vault.close(tokens.refresh, row=_bound_to(row, "refresh"))
    row.former_refresh_token = ""
    row.access_expires_at, row.access_seconds = tokens.expires_at, tokens.seconds
    row.refresh_ends_at = tokens.refresh_ends_at
    row.scopes = tokens.scopes or row.scopes
    row.api_url = tokens.api_url or row.api_url


def reclose(session: Session, row: Grant) -> None:
    """The same tokens under the newest key. Raises Unreadable where no key opens them."""
    vault, tokens, former = vault_of(session), _opened(session, row), row.former_refresh_token
    close_tokens(session, row, tokens)
    if former:
        bound = _bound_to(row, "former refresh")
        row.former_refresh_token = vault.close(vault.open(former, row=bound), row=bound)


def _opened(session: Session, row: Grant) -> Tokens:
    vault = vault_of(session)
    if row.access_expires_at is None:
        raise Unreadable
    return Tokens(
        access=vault.open(row.access_token, row=_bound_to(row, "access")),
        refresh=vault.open(row.refresh_token, row=_bound_to(row, "refresh")),
        expires_at=row.access_expires_at,
        seconds=row.access_seconds,
        scopes=row.scopes,
        api_url=row.api_url,
        refresh_ends_at=row.refresh_ends_at,
    )


def _bound_to(row: Grant, what: str) -> str:
    """What a vault binds a token to, such as "connection 3 access"."""
    return f"{row.__tablename__} {row.id} {what}"


def _end_claim(row: Grant) -> None:
    row.refresh_claim, row.refresh_lease_until = None, None
