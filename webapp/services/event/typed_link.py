"""Let only harmless https links into the Virtual Room and Room cells, and say what is wrong with the others."""

import re
import string
import unicodedata
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import quote, unquote

from webapp.errors import N_, Invalid

LONGEST_LINK, LONGEST_ROOM, LONGEST_PASTE = 2048, 60, 20_000

ROOM_NOT_LINK = N_("That looks like a room, not a link; use the Room column.")
FOUND_ONE = N_("One link was found in what you pasted: %(link)s. Save this link alone?")
TOO_LONG = N_("A link may have at most 2,048 characters.")
INVISIBLE = N_("A link has no spaces, line breaks or invisible characters.")
CHARACTER = N_("A link cannot hold the character %(character)s")
HTTPS_ONLY = N_("Only links that start with https:// can be used here.")
NOT_WHOLE = N_("Paste the whole link, starting with https://")
USER_INFO = N_("Remove the part before @. With it, the link leads somewhere else than it seems.")
PORT = N_("Remove the colon and the number after the link's host name.")
NUMBER_HOST = N_("Use the meeting service's name, such as zoom.us, not a number address.")
BAD_HOST = N_("The part after https:// is not a host name such as zoom.us. Check for odd letters.")
START_LINK = N_(
    "This is the host's own start link: whoever opens it becomes host. Paste the join link for guests instead."
)

_ZOOM = ("zoom.us", "zoomgov.com")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_WEB = re.compile(r"(https?)://([^/?#]*)(.*)", re.IGNORECASE)
_OPENABLE = re.compile(r".*://|(https?|javascript|data|vbscript|file|blob|about|mailto|ftp)\s*:", re.IGNORECASE)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_ZAK = re.compile(r"[?&#;]zak=", re.IGNORECASE)


@dataclass(frozen=True)
class TypedLink:
    """`url` is empty or an https link in plain ASCII; `was_upgraded` says that http was typed."""

    url: str
    was_upgraded: bool


@dataclass(frozen=True)
class TypedRoom:
    """A room's name, or a link as in TypedLink."""

    text: str
    was_upgraded: bool


def checked_link(text: str) -> TypedLink:
    """RELIABILITY's typed-link validator. Raises Invalid on the field "url", with `link` among its values where
    one link was found within a pasted invitation.
    """
    typed = text.strip()
    if not typed:
        return TypedLink("", was_upgraded=False)
    _offer_link_inside(typed)
    return _whole_link(typed)


def is_safe_link(url: str) -> bool:
    """Whether a stored text may be shown as a link: the same rules, at the time of rendering."""
    try:
        link = _whole_link(url)
    except Invalid:
        return False
    return url.isascii() and not link.was_upgraded


def checked_room(text: str) -> TypedRoom:
    """A short text such as "Lab 2", or an https link. Raises Invalid on the field "room"."""
    typed = text.strip()
    if _OPENABLE.match(typed):
        return _linked_room(typed)
    if len(typed) > LONGEST_ROOM:
        raise Invalid(N_("A room may have at most 60 characters."), field="room")
    if not typed.isprintable():
        raise Invalid(N_("A room has no line breaks or invisible characters."), field="room")
    return TypedRoom(typed, was_upgraded=False)


def _linked_room(typed: str) -> TypedRoom:
    try:
        link = checked_link(typed)
    except Invalid as error:
        raise Invalid(error.message, field="room", **error.values) from error
    return TypedRoom(link.url, link.was_upgraded)


def _offer_link_inside(typed: str) -> None:
    if len(typed) > LONGEST_PASTE or not re.search(r"\s", typed):
        return
    found = {link.rstrip(".,;)") for link in re.findall(r"https://[^\s<>\"]+", typed, re.IGNORECASE)}
    if len(found) == 1 and is_safe_link(link := found.pop()):
        _refuse(FOUND_ONE, link=link)


def _whole_link(typed: str) -> TypedLink:
    if len(typed) > LONGEST_LINK:
        _refuse(TOO_LONG)
    _refuse_room(typed)
    _refuse_characters(typed)
    scheme, authority, rest = _parts(typed)
    host = _host(authority)
    _refuse_start_link(host, rest)
    url = f"https://{host}{quote(rest, safe=string.punctuation)}"
    if len(url) > LONGEST_LINK:
        _refuse(TOO_LONG)
    return TypedLink(url, was_upgraded=scheme.lower() == "http")


def _refuse_room(typed: str) -> None:
    is_like_address = " " not in typed and ("/" in typed or "." in typed)
    if typed.isprintable() and not is_like_address and not _SCHEME.match(typed):
        _refuse(ROOM_NOT_LINK)


def _refuse_characters(typed: str) -> None:
    # `isprintable` is false for controls, separators, direction marks, and halves of surrogate pairs.
    if not typed.isprintable() or " " in typed:
        _refuse(INVISIBLE)
    for character in "\\\"'`<>":
        if character in typed:
            _refuse(CHARACTER, character=character)


def _parts(typed: str) -> tuple[str, str, str]:
    """Scheme, authority and the rest, cut where both Python and browsers cut."""
    match = _WEB.fullmatch(typed)
    if match is None:
        _refuse(HTTPS_ONLY if _SCHEME.match(typed) else NOT_WHOLE)
    return match[1], match[2], match[3]


def _host(authority: str) -> str:
    """The host as it goes over the wire: lower case, IDNA."""
    if "@" in authority:
        _refuse(USER_INFO)
    if authority.startswith("["):
        _refuse(NUMBER_HOST)
    name, _, port = authority.partition(":")
    if port not in ("", "443"):
        _refuse(PORT)
    host = _ascii_host(name)
    if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        _refuse(NUMBER_HOST)
    if not _HOST.fullmatch(host):
        _refuse(BAD_HOST)
    return host


def _ascii_host(name: str) -> str:
    """Refuses what Python's IDNA and a browser's might read differently: what does not come back as it was typed."""
    shown = unicodedata.normalize("NFC", name).lower()
    if not shown or len(shown) > 253:
        _refuse(BAD_HOST)
    try:
        host = shown.encode("idna").decode("ascii")
        back = host.encode("ascii").decode("idna")
    except UnicodeError as error:
        raise Invalid(BAD_HOST, field="url") from error
    if not shown.isascii() and back != shown:
        _refuse(BAD_HOST)
    return host


def _refuse_start_link(host: str, rest: str) -> None:
    plain = unquote(rest)
    is_zoom = any(host == zoom or host.endswith(f".{zoom}") for zoom in _ZOOM)
    if _ZAK.search(plain) or (is_zoom and plain.lower().startswith("/s/")):
        _refuse(START_LINK)


def _refuse(message: str, **values: object) -> NoReturn:
    raise Invalid(message, field="url", **values)
