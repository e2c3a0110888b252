"""Know for each method the scopes that open it, and what a scope is called at the consent page."""

from collections.abc import Iterable
from dataclasses import dataclass

PLACE = "https://www.googleapis.com/auth/"
OWNED = "calendar.events.owned"


@dataclass(frozen=True)
class Method:
    """`id` is the one of Google's description, without `calendar.`; any one of the scopes will do."""

    id: str
    scopes: frozenset[str]

    def is_open_to(self, held: Iterable[str]) -> bool:
        return not self.scopes.isdisjoint(held)


_WRITE = "calendar calendar.app.created calendar.events calendar.events.owned"
_READ = (
    f"{_WRITE} calendar.events.freebusy calendar.events.owned.readonly calendar.events.public.readonly"
    " calendar.events.readonly calendar.readonly"
)
_LIST = "calendar calendar.calendarlist calendar.calendarlist.readonly calendar.readonly"
_BUSY = "calendar calendar.events.freebusy calendar.freebusy calendar.readonly"

METHODS = {
    name: Method(name, frozenset(scopes.split()))
    for name, scopes in {
        "calendarList.list": _LIST,
        "events.insert": _WRITE,
        "events.get": _READ,
        "events.list": _READ,
        "events.patch": _WRITE,
        "events.update": _WRITE,
        "events.delete": _WRITE,
        "freebusy.query": _BUSY,
    }.items()
}
WORDS = {
    "calendar.events.owned": "See, create, change, and delete events on Google calendars you own",
    "calendar.calendarlist.readonly": "See the list of Google calendars you’re subscribed to",
    "calendar.freebusy": "View your availability in your calendars",
}
_SIGN_IN = {"openid": "openid", "email": f"{PLACE}userinfo.email", "profile": f"{PLACE}userinfo.profile"}


def asked_scopes(text: str) -> tuple[str, ...]:
    """As they are written in a token's answer: what belongs to signing in has another name there."""
    return tuple(dict.fromkeys(_SIGN_IN.get(one, one) for one in text.split()))


def is_for_sign_in(scope: str) -> bool:
    """Those that nobody can untick."""
    return scope in _SIGN_IN.values()


def short(scope: str) -> str:
    return scope.removeprefix(PLACE)


def writes_only_owned(held: Iterable[str]) -> bool:
    """Whether only an owner's calendars are open: no wider scope was granted."""
    return {"calendar", "calendar.events"}.isdisjoint(held)
