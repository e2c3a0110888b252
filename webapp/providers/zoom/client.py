"""Hold a school's Zoom meetings through its one account-level grant."""

import math
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import requests

from webapp import faults
from webapp.config import Settings
from webapp.errors import ProviderError
from webapp.providers.base import (
    MadeMeeting,
    MeetingOrder,
    MeetingProvider,
    PasscodeRule,
    RemoteAccount,
    RemoteUser,
    SeenMeeting,
    Tokens,
    TokenStore,
)
from webapp.providers.bearer import BearerCalls
from webapp.providers.http import Answer, new_session
from webapp.providers.instants import iso_instant
from webapp.providers.refusals import UNEXPLAINED
from webapp.providers.zoom import orders
from webapp.providers.zoom.answers import bad_link, made_meeting, meeting_id, passcode_rule, remote_user
from webapp.providers.zoom.errors import GONE, INVALID, NOT_FOUND, ZoomDialect, passcode_suspected
from webapp.providers.zoom.oauth import zoom_grants

# 300 users are 200 kB; Zoom's 2000 would not fit into the largest body that we read.
_PAGE = 300
_MOST_PAGES = 200
_STATUSES = ("active", "inactive", "pending")


def zoom_meetings(settings: Settings) -> Callable[[TokenStore], MeetingProvider]:
    """How to speak to Zoom for the grant in a token store."""
    http, renew = new_session(), zoom_grants(settings).refresh
    api, hosts = settings.zoom_api_url.rstrip("/"), settings.zoom_link_hosts

    def speak(store: TokenStore) -> MeetingProvider:
        return ZoomMeetings(store, http=http, api_url=api, link_hosts=hosts, renew=renew)

    return speak


class ZoomMeetings:
    """A MeetingProvider (providers/base.py)."""

    def __init__(
        self,
        store: TokenStore,
        *,
        http: requests.Session,
        api_url: str,
        link_hosts: tuple[str, ...],
        renew: Callable[[Tokens], Tokens],
    ) -> None:
        self._calls = BearerCalls(store, http=http, dialect=ZoomDialect(), renew=renew)
        self._api_url = api_url
        self._link_hosts = link_hosts

    def account(self) -> RemoteAccount:
        me = self._call("GET", "/users/me").object()
        name = me.get("company") or f"{me.get('first_name') or ''} {me.get('last_name') or ''}".strip()
        return RemoteAccount(str(me.get("account_id") or ""), str(name), str(me.get("email") or ""))

    def users(self) -> Iterator[RemoteUser]:
        for status in _STATUSES:
            for listed in self._again("/users", "users", status=status):
                if user := remote_user(listed, status):
                    yield user

    def user(self, key_or_email: str) -> RemoteUser | None:
        try:
            found = self._call("GET", f"/users/{_part(key_or_email)}").object()
        except ProviderError as error:
            if error.code != NOT_FOUND:
                raise
            return None
        return remote_user(found, str(found.get("status") or _STATUSES[0]))

    def passcode_rule(self, host_key: str) -> PasscodeRule | None:
        path = f"/users/{_part(host_key)}/settings"
        try:
            return passcode_rule(self._call("GET", path, params={"option": "meeting_security"}).object())
        except ProviderError as error:
            if error.retry or error.code in {"invalid_grant", "not_connected", "needs_reconnect"}:
                raise
            return None

    def make(self, order: MeetingOrder, *, by: float = math.inf) -> MadeMeeting:
        body = orders.creation(order)
        try:
            answer = self._call("POST", f"/users/{_part(order.host_key)}/meetings", by=by, json=body)
        except ProviderError as error:
            if error.code == UNEXPLAINED and not error.retry and "password" in body:
                raise passcode_suspected(error) from error
            raise
        return self._usable(answer)

    def change(self, remote_id: str, order: MeetingOrder, *, by: float = math.inf) -> MadeMeeting:
        path = f"/meetings/{_part(remote_id)}"
        self._call("PATCH", path, by=by, json=orders.change(order))
        faults.point("zoom.update_done")
        return made_meeting(self._call("GET", path), self._link_hosts)

    def remove(self, remote_id: str) -> None:
        quietly = {"schedule_for_reminder": "false", "cancel_meeting_reminder": "false"}
        try:
            self._call("DELETE", f"/meetings/{_part(remote_id)}", params=quietly)
        except ProviderError as error:
            if error.code != GONE:
                raise
        faults.point("zoom.delete_done")

    def find(self, host_key: str, marker: str) -> list[MadeMeeting]:
        listed = self._upcoming(host_key)
        # Lists show no passcode, and lag behind: what is gone by now is left out.
        ours = sorted(
            (m for m in listed if orders.carries(marker, m.get("agenda"))), key=lambda m: str(m.get("created_at"))
        )
        return [made for m in ours if (made := self.read(str(m.get("id"))))]

    def coming(self, host_key: str) -> list[SeenMeeting]:
        return [_seen(one) for one in self._upcoming(host_key)]

    def read(self, remote_id: str) -> MadeMeeting | None:
        try:
            return made_meeting(self._call("GET", f"/meetings/{_part(remote_id)}"), self._link_hosts)
        except ProviderError as error:
            if error.code != GONE:
                raise
            return None

    def _upcoming(self, host_key: str) -> Iterator[dict[str, Any]]:
        return self._listed(f"/users/{_part(host_key)}/meetings", "meetings", type="upcoming")

    def _usable(self, answer: Answer) -> MadeMeeting:
        """What was just made; if its link leads elsewhere it is removed again, so that no try leaves one behind."""
        try:
            return made_meeting(self._with_link(answer), self._link_hosts)
        except ProviderError as error:
            if error.code != "bad_link":
                raise
            self._give_up(meeting_id(answer))
            raise

    def _with_link(self, answer: Answer) -> Answer:
        """Asked for by itself, a meeting that came without a link may have one. It is there, whatever comes of that."""
        if answer.object().get("join_url"):
            return answer
        try:
            return self._call("GET", f"/meetings/{meeting_id(answer)}")
        except ProviderError as error:
            raise answer.unreadable() from error

    def _give_up(self, remote_id: str) -> None:
        try:
            self.remove(remote_id)
        except ProviderError as error:
            raise bad_link(arrived=True) from error

    def _again(self, path: str, key: str, **wanted: str) -> Iterator[dict[str, Any]]:
        """As `_listed`, begun anew once where a page's token has expired: it lives for 15 minutes."""
        came = False
        try:
            for one in self._listed(path, key, **wanted):
                came = True
                yield one
        except ProviderError as error:
            if not came or error.code != INVALID:
                raise
            yield from self._listed(path, key, **wanted)

    def _listed(self, path: str, key: str, **wanted: str) -> Iterator[dict[str, Any]]:
        """All entries of all pages."""
        token = ""
        for _ in range(_MOST_PAGES):
            more = {"next_page_token": token} if token else {}
            answer = self._call("GET", path, params={**wanted, "page_size": _PAGE, **more})
            page = answer.object()
            entries = page.get(key)
            if not isinstance(entries, list):
                raise answer.unreadable()
            yield from (one for one in entries if isinstance(one, dict))
            token = str(page.get("next_page_token") or "")
            if not token:
                return
        raise answer.unreadable()

    def _call(self, method: str, path: str, *, by: float = math.inf, **content: Any) -> Answer:
        return self._calls.call(method, self._api_url + path, by=by, **content)


def _seen(listed: dict[str, Any]) -> SeenMeeting:
    marker, link = orders.marker_in(listed.get("agenda")), listed.get("join_url")
    starts_at = iso_instant(listed.get("start_time"))
    return SeenMeeting(str(listed.get("id")), marker, starts_at, link if isinstance(link, str) else "")


def _part(text: str) -> str:
    return quote(text, safe="")
