"""Keep entries in a teacher's Outlook calendar, and read when it is taken, through Microsoft Graph."""

import math
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import requests

from webapp.config import Settings
from webapp.errors import N_, ProviderError
from webapp.providers.base import (
    BusySpan,
    CalendarProvider,
    EntryOrder,
    MadeEntry,
    RemoteAccount,
    RemoteCalendar,
    Tokens,
    TokenStore,
)
from webapp.providers.bearer import BearerCalls
from webapp.providers.http import Answer, new_session
from webapp.providers.microsoft import orders
from webapp.providers.microsoft.answers import busy_spans, is_untouched, made_entry, remote_calendar, says_what
from webapp.providers.microsoft.errors import DENIED, DUPLICATE, GONE, GraphDialect, without_scope
from webapp.providers.microsoft.oauth import microsoft_grants, missing_scopes
from webapp.providers.spans import merged

_PAGE = 250
_MOST_PAGES = 200
_PREFER = {"Prefer": 'IdType="ImmutableId", outlook.timezone="UTC"'}
"""Sent with each call: an id that was given without it is another one, which ends when the entry is moved."""
_ENTRY = "id,start,end,createdDateTime"
_WHAT = f"{_ENTRY},lastModifiedDateTime,subject,location"
_BUSY = "iCalUId,start,end,isAllDay,isCancelled,showAs,responseStatus,originalStartTimeZone"
"""Nothing of what an event is about."""


def microsoft_calendars(settings: Settings) -> Callable[[TokenStore], CalendarProvider]:
    """How to speak to Microsoft Graph for the grant in a token store."""
    http, renew = new_session(), microsoft_grants(settings).refresh
    api = settings.microsoft_api_url.rstrip("/")

    def speak(store: TokenStore) -> CalendarProvider:
        return MicrosoftCalendars(store, http=http, api_url=api, renew=renew)

    return speak


class MicrosoftCalendars:
    """A CalendarProvider (providers/base.py)."""

    def __init__(
        self, store: TokenStore, *, http: requests.Session, api_url: str, renew: Callable[[Tokens], Tokens]
    ) -> None:
        self._store = store
        self._calls = BearerCalls(store, http=http, dialect=GraphDialect(), renew=renew)
        self._api_url = api_url

    def account(self) -> RemoteAccount:
        me = self._call("GET", "/me", query={"$select": "id,displayName,mail,userPrincipalName"}).object()
        email = me.get("mail") or me.get("userPrincipalName") or ""
        return RemoteAccount(str(me.get("id") or ""), str(me.get("displayName") or ""), str(email))

    def calendars(self) -> list[RemoteCalendar]:
        listed = self._listed("/me/calendars", {"$select": "id,name,canEdit,isDefaultCalendar"})
        found = [one for one in map(remote_calendar, listed) if one]
        return sorted(found, key=lambda one: (not one.is_primary, one.name.casefold()))

    def put(self, calendar: str, order: EntryOrder, *, by: float = math.inf) -> MadeEntry:
        try:
            answer = self._call("POST", f"{_calendar(calendar)}/events", by=by, json=orders.creation(order))
        except ProviderError as error:
            if error.code == DUPLICATE:
                return self._former(calendar, order, error, by)
            raise _without_calendar(error) from error
        return self._as_ordered(calendar, order, answer, by)

    def change(
        self,
        calendar: str,  # noqa: ARG002 - an id is the mailbox's
        remote_id: str,
        order: EntryOrder,
        *,
        keeps_time: bool = False,
        by: float = math.inf,
    ) -> MadeEntry:
        body = orders.change(order, keeps_time=keeps_time)
        return _made(self._call("PATCH", _event(remote_id), by=by, json=body), order.key)

    def read(self, calendar: str, remote_id: str) -> MadeEntry | None:  # noqa: ARG002
        wanted = {"$select": _ENTRY, "$expand": orders.EXPAND_OURS}
        try:
            return _made(self._call("GET", _event(remote_id), query=wanted))
        except ProviderError as error:
            if error.code != GONE:
                raise
            return None

    def remove(self, calendar: str, remote_id: str) -> None:  # noqa: ARG002
        """Nobody was invited, so that nobody is told."""
        try:
            self._call("DELETE", _event(remote_id))
        except ProviderError as error:
            if error.code != GONE:
                raise

    def find(self, calendar: str, key: str) -> list[MadeEntry]:
        return self._entries(calendar, orders.is_key(key))

    def ours(self, calendar: str, *, since: datetime) -> list[MadeEntry]:
        return [one for one in self._entries(calendar, orders.is_ours()) if one.ends_at > since]

    def busy(
        self,
        calendars: Collection[str],
        *,
        starts_at: datetime,
        ends_at: datetime,
        but: Collection[str] = (),
        zone: str = "UTC",
    ) -> list[BusySpan]:
        wanted = {
            "startDateTime": orders.zulu(starts_at),
            "endDateTime": orders.zulu(ends_at),
            "$select": _BUSY,
            "$expand": orders.EXPAND_OURS,
        }
        listed = {
            calendar: self._in_calendar(calendar, "calendarView", wanted) for calendar in dict.fromkeys(calendars)
        }
        return merged(busy_spans(listed, but, zone=zone), starts_at=starts_at, ends_at=ends_at)

    def _former(self, calendar: str, order: EntryOrder, error: ProviderError, by: float) -> MadeEntry:
        """What an earlier call with this key has made. Raises "used" where it was deleted."""
        told = str(error.values.get("existing") or "")
        try:
            found = [one.remote_id for one in self.find(calendar, order.key)] or ([told] if told else [])
            if found:
                answer = self._call("GET", _event(found[0]), query={"$select": _WHAT})
                return self._as_ordered(calendar, order, answer, by)
        except ProviderError as trouble:
            if trouble.code != GONE:
                trouble.arrived = True  # it is there, whatever came of looking at it
                raise
        raise _used(error) from error

    def _as_ordered(self, calendar: str, order: EntryOrder, answer: Answer, by: float) -> MadeEntry:
        """A repeated call may be answered with what the first one made. Where nobody has touched that since, and it
        says otherwise than the order does by now, it is brought up to date; what the teacher changed is theirs."""
        event, made = answer.object(), _made(answer, order.key)
        if says_what(event, order) or not is_untouched(event):
            return made
        try:
            return self.change(calendar, made.remote_id, order, by=by)
        except ProviderError as trouble:
            trouble.arrived = True
            raise

    def _entries(self, calendar: str, which: str) -> list[MadeEntry]:
        """Oldest first."""
        wanted = {"$filter": which, "$select": _ENTRY, "$expand": orders.EXPAND_OURS}
        listed = self._in_calendar(calendar, "events", wanted)
        listed.sort(key=lambda event: str(event.get("createdDateTime")))
        return [entry for entry in map(made_entry, listed) if entry]

    def _in_calendar(self, calendar: str, what: str, wanted: dict[str, str]) -> list[dict[str, Any]]:
        try:
            return list(self._listed(f"{_calendar(calendar)}/{what}", wanted))
        except ProviderError as error:
            raise _without_calendar(error) from error

    def _listed(self, path: str, wanted: dict[str, str]) -> Iterator[dict[str, Any]]:
        """All entries of all pages."""
        answer = self._call("GET", path, query={**wanted, "$top": str(_PAGE)})
        for _ in range(_MOST_PAGES):
            page = answer.object()
            entries, further = page.get("value"), page.get("@odata.nextLink")
            if not isinstance(entries, list):
                raise answer.unreadable()
            yield from (one for one in entries if isinstance(one, dict))
            if not further:
                return
            answer = self._call("GET", self._below(further, answer))
        raise answer.unreadable()

    def _below(self, link: object, answer: Answer) -> str:
        """The path of the next page: our token goes nowhere but to the service itself."""
        start = f"{self._api_url}/"
        if not isinstance(link, str) or not link.startswith(start):
            raise answer.unreadable()
        return link.removeprefix(self._api_url)

    def _call(
        self, method: str, path: str, *, by: float = math.inf, query: dict[str, str] | None = None, json: object = None
    ) -> Answer:
        """Blanks are said as %20: OData knows no other way."""
        asked = "?" + urlencode(query, quote_via=quote, safe="$") if query else ""
        try:
            return self._calls.call(method, self._api_url + path + asked, by=by, headers=_PREFER, json=json)
        except ProviderError as error:
            granted = self._store.current().scopes if error.code == DENIED else ""
            if granted and (missing := missing_scopes(granted)):
                raise without_scope(error, missing) from error
            raise


def _made(answer: Answer, key: str = "") -> MadeEntry:
    """What Graph says that the entry is; `key` where an answer does not show it."""
    made = made_entry(answer.object())
    if made is None:
        raise answer.unreadable()
    return made if made.key else MadeEntry(made.remote_id, made.starts_at, made.ends_at, key)


def _used(error: ProviderError) -> ProviderError:
    return ProviderError(
        N_("The entry was deleted in the Outlook calendar."), retry=False, code="used", detail=error.detail
    )


def _without_calendar(error: ProviderError) -> ProviderError:
    if error.code not in {GONE, DENIED}:
        return error
    return ProviderError(
        N_("The chosen Outlook calendar is gone, or Confab may not write to it."),
        retry=False,
        code="no_calendar",
        detail=error.detail,
    )


def _calendar(key: str) -> str:
    return f"/me/calendars/{quote(key, safe='')}"


def _event(remote_id: str) -> str:
    return f"/me/events/{quote(remote_id, safe='')}"
