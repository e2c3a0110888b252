"""Keep entries on a teacher's Google calendars, and see when they are taken, through the teacher's own grant."""

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests

from webapp.config import Settings
from webapp.errors import ProviderError
from webapp.portions import portions
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
from webapp.providers.google import entries, errors
from webapp.providers.google.oauth import google_grants
from webapp.providers.http import Answer, new_session
from webapp.providers.instants import iso_instant
from webapp.providers.spans import merged

_CALENDARS, _EVENTS = 250, 250
"""Entries of a page: Google would give more events, but those of other apps may be large, and a body ends at 1 MB."""

_MOST_PAGES = 200
_AT_ONCE = 50
"""Calendars in one question for free times."""

_QUIETLY = {"sendUpdates": "none"}
_UNUSABLE = {errors.NOT_FOUND, errors.FORBIDDEN, errors.GONE}
_ABSENT = {errors.NOT_FOUND, errors.GONE}


@dataclass(frozen=True)
class _Listed:
    """An item of a list, with the page and the answer that it stood in."""

    answer: Answer
    page: dict[str, Any]
    item: dict[str, Any]


def google_calendars(settings: Settings) -> Callable[[TokenStore], CalendarProvider]:
    """How to speak to Google for the grant in a token store."""
    http, renew = new_session(), google_grants(settings).refresh

    def speak(store: TokenStore) -> CalendarProvider:
        api, person = settings.google_api_url.rstrip("/"), settings.google_person_url
        return GoogleCalendars(store, http=http, api_url=api, person_url=person, renew=renew)

    return speak


class GoogleCalendars:
    """A CalendarProvider (providers/base.py)."""

    def __init__(
        self,
        store: TokenStore,
        *,
        http: requests.Session,
        api_url: str,
        person_url: str,
        renew: Callable[[Tokens], Tokens],
    ) -> None:
        self._calls = BearerCalls(store, http=http, dialect=errors.GoogleDialect(), renew=renew)
        self._api_url = api_url
        self._person_url = person_url

    def account(self) -> RemoteAccount:
        answer = self._calls.call("GET", self._person_url)
        person = answer.object()
        if not person.get("sub"):
            raise answer.unreadable()
        email = str(person.get("email") or "")
        return RemoteAccount(str(person["sub"]), str(person.get("name") or email), email)

    def calendars(self) -> list[RemoteCalendar]:
        """Only those that are the account's own: the scope that we ask for writes to no others."""
        fields = "items(id,summary,summaryOverride,primary)"
        listed = self._listed("/users/me/calendarList", fields, maxResults=_CALENDARS, minAccessRole="owner")
        found = [calendar for one in listed if (calendar := _calendar(one.item))]
        return sorted(found, key=lambda one: (not one.is_primary, one.name.casefold(), one.key))

    def put(self, calendar: str, order: EntryOrder, *, by: float = math.inf) -> MadeEntry:
        params = {**_QUIETLY, "fields": entries.SHOWN}
        try:
            answer = self._call("POST", _events(calendar), by=by, params=params, json=entries.creation(order))
        except ProviderError as error:
            if error.code == errors.DUPLICATE:
                return self._there(calendar, order.key, error)
            raise _of_calendar(error) from error
        return entries.made_entry(answer, answer.object())

    def change(
        self, calendar: str, remote_id: str, order: EntryOrder, *, keeps_time: bool = False, by: float = math.inf
    ) -> MadeEntry:
        params, body = {**_QUIETLY, "fields": entries.SHOWN}, entries.change(order, keeps_time=keeps_time)
        try:
            answer = self._call("PATCH", _event(calendar, remote_id), by=by, params=params, json=body)
        except ProviderError as error:
            raise self._why_unchanged(calendar, remote_id, error) from error
        event = answer.object()
        if entries.is_deleted(event):
            raise errors.gone(answer.unreadable())
        return entries.made_entry(answer, event)

    def read(self, calendar: str, remote_id: str) -> MadeEntry | None:
        try:
            answer = self._call("GET", _event(calendar, remote_id), params={"fields": entries.SHOWN})
        except ProviderError as error:
            if error.code not in _ABSENT:
                raise
            return None
        event = answer.object()
        return None if entries.is_deleted(event) else entries.made_entry(answer, event)

    def remove(self, calendar: str, remote_id: str) -> None:
        try:
            self._call("DELETE", _event(calendar, remote_id), params=_QUIETLY)
        except ProviderError as error:
            if error.code not in _ABSENT:
                raise

    def find(self, calendar: str, key: str) -> list[MadeEntry]:
        return self._marked(calendar, f"{entries.KEY}={key}")

    def ours(self, calendar: str, *, since: datetime) -> list[MadeEntry]:
        return self._marked(calendar, f"{entries.MARK}={entries.OURS}", timeMin=entries.stamp(since))

    def busy(
        self,
        calendars: Collection[str],
        *,
        starts_at: datetime,
        ends_at: datetime,
        but: Collection[str] = (),
        zone: str = "UTC",  # noqa: ARG002 - Google tells that of each calendar
    ) -> list[BusySpan]:
        """Of the account's own calendars the events are listed, to leave ours out; of others Google tells the spans."""
        own = {calendar.key for calendar in self.calendars()}
        window = {"timeMin": entries.stamp(starts_at), "timeMax": entries.stamp(ends_at)}
        spans = self._free_busy([key for key in dict.fromkeys(calendars) if key not in own], window)
        for key in own & set(calendars):
            spans += self._taken(key, window, but)
        return merged(spans, starts_at=starts_at, ends_at=ends_at)

    def _there(self, calendar: str, key: str, error: ProviderError) -> MadeEntry:
        """The entry whose key is taken: it may be from a call of ours that brought no answer."""
        try:
            found = self.read(calendar, key)
        except ProviderError as trouble:
            trouble.arrived = True  # it is there, whatever came of reading it
            raise
        if found is None:
            raise errors.used(error) from error
        return found

    def _why_unchanged(self, calendar: str, remote_id: str, error: ProviderError) -> ProviderError:
        """Of an entry that was deleted Google says now one thing, now another: it is looked at."""
        if error.code in _ABSENT or (error.code == errors.FORBIDDEN and self.read(calendar, remote_id) is None):
            return errors.gone(error)
        return _of_calendar(error)

    def _marked(self, calendar: str, mark: str, **wanted: str) -> list[MadeEntry]:
        fields = f"items({entries.SHOWN})"
        listed = self._events(calendar, fields, privateExtendedProperty=mark, **wanted)
        return [entries.made_entry(one.answer, one.item) for one in sorted(listed, key=_age)]

    def _taken(self, calendar: str, window: dict[str, str], but: Collection[str]) -> list[BusySpan]:
        fields = f"timeZone,items({entries.SHOWN_BUSY})"
        listed = self._events(calendar, fields, singleEvents="true", maxAttendees=1, **window)
        others = (one for one in listed if str(one.item.get("iCalUID")) not in but)
        spans = (entries.busy_span(one.answer, one.item, calendar, one.page.get("timeZone")) for one in others)
        return [span for span in spans if span]

    def _events(self, calendar: str, fields: str, **wanted: str | int) -> list[_Listed]:
        try:
            return list(self._listed(_events(calendar), fields, maxResults=_EVENTS, **wanted))
        except ProviderError as error:
            raise _of_calendar(error) from error

    def _free_busy(self, calendars: list[str], window: dict[str, str]) -> list[BusySpan]:
        spans: list[BusySpan] = []
        for some in portions(calendars, _AT_ONCE):
            items = [{"id": key} for key in some]
            answer = self._call("POST", "/freeBusy", json={**window, "items": items})
            for item in items:
                spans += _told_spans(answer, item["id"])
        return spans

    def _listed(self, path: str, fields: str, **wanted: str | int) -> Iterator[_Listed]:
        """Each entry of all pages."""
        token = ""
        for _ in range(_MOST_PAGES):
            more = {"pageToken": token} if token else {}
            answer = self._call("GET", path, params={**wanted, **more, "fields": f"nextPageToken,{fields}"})
            page = answer.object()
            yield from (_Listed(answer, page, one) for one in _objects(answer, page.get("items", [])))
            token = str(page.get("nextPageToken") or "")
            if not token:
                return
        raise answer.unreadable()

    def _call(self, method: str, path: str, *, by: float = math.inf, **content: Any) -> Answer:
        params = {"prettyPrint": "false", **content.pop("params", {})}
        return self._calls.call(method, self._api_url + path, by=by, params=params, **content)


def _calendar(listed: dict[str, Any]) -> RemoteCalendar | None:
    key = listed.get("id")
    if not isinstance(key, str) or not key:
        return None
    name = str(listed.get("summaryOverride") or listed.get("summary") or key)
    return RemoteCalendar(key, name, listed.get("primary") is True)


def _told_spans(answer: Answer, calendar: str) -> list[BusySpan]:
    told = answer.object().get("calendars")
    one = told.get(calendar) if isinstance(told, dict) else None
    if not isinstance(one, dict):
        raise answer.unreadable()
    reasons = {str(error.get("reason")) for error in _objects(answer, one.get("errors", []))}
    if reasons & {"notFound", "forbidden"}:
        raise errors.no_calendar(answer.unreadable())
    if reasons:
        raise answer.unreadable()
    return [_told_span(answer, span, calendar) for span in _objects(answer, one.get("busy", []))]


def _told_span(answer: Answer, span: dict[str, Any], calendar: str) -> BusySpan:
    start, end = iso_instant(span.get("start")), iso_instant(span.get("end"))
    if start is None or end is None:
        raise answer.unreadable()
    return BusySpan(start, end, calendar)


def _objects(answer: Answer, listed: object) -> list[dict[str, Any]]:
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise answer.unreadable()
    return listed


def _of_calendar(error: ProviderError) -> ProviderError:
    return errors.no_calendar(error) if error.code in _UNUSABLE else error


def _age(listed: _Listed) -> str:
    return str(listed.item.get("created") or "")


def _events(calendar: str) -> str:
    return f"/calendars/{_part(calendar)}/events"


def _event(calendar: str, remote_id: str) -> str:
    return f"{_events(calendar)}/{_part(remote_id)}"


def _part(text: str) -> str:
    return quote(text, safe="")
